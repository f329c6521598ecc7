//! Accepting orders: customer, order, domains, wallet debit, event and provisioning work in one transaction, many
//! orders at a time (invariant 1).
//!
//! The guarantees are rows, not checks: one order per fingerprint (`order_fingerprints`), one active order per
//! domain (`domains.order_id` is taken only while it is NULL), a wallet that never goes below zero.

mod claims;

use claims::{claim_fingerprints, ensure_users, take_domains};

use peeker_domain::id::{AccountId, OrderId};
use peeker_domain::order::NewOrder;
use peeker_domain::view::OrderReceipt;

use crate::aggregate::rows::all;
use crate::entity::{order_domains, orders};
use crate::error::{Result, StoreError};
use crate::insert::insert_all;
use crate::lane::Batch;
use crate::unit_of_work::UnitOfWork;

/// The order write lane.
#[derive(Debug)]
pub enum Accept {}

/// What became of an order that was handed in.
#[derive(Debug, Clone)]
pub enum Accepted {
    /// It is a new order.
    New(Box<OrderReceipt>),
    /// It is a repetition of this one; nothing was written.
    Original(OrderId),
}

impl Batch for Accept {
    type Item = NewOrder;
    type Output = Accepted;

    fn account(item: &NewOrder) -> &AccountId {
        &item.account
    }

    fn weight(item: &NewOrder) -> usize {
        // order, customer, fingerprint, event, delivery, history, renewal, two ledger entries; domain, its part and its job for
        // each domain
        9 + 3 * item.domains.len()
    }

    async fn write(work: &mut UnitOfWork<'_>, items: &[&NewOrder]) -> Result<Vec<Accepted>> {
        let originals = claim_fingerprints(work.tx(), items).await?;
        let original =
            |item: &NewOrder| originals[&(&item.account, item.fingerprint.as_str())].clone();
        let new: Vec<&NewOrder> = items
            .iter()
            .copied()
            .filter(|item| original(item) == item.id)
            .collect();
        let mut receipts = write_new(work, &new).await?.into_iter();
        let outcome = |item: &&NewOrder| {
            let id = original(item);
            if id == item.id {
                receipts
                    .next()
                    .map(|receipt| Accepted::New(Box::new(receipt)))
                    .ok_or(StoreError::Stale)
            } else {
                Ok(Accepted::Original(id))
            }
        };
        items.iter().map(outcome).collect()
    }
}

/// Writes the orders and everything that hangs on them; one receipt per order, in order.
async fn write_new(work: &mut UnitOfWork<'_>, items: &[&NewOrder]) -> Result<Vec<OrderReceipt>> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let users = ensure_users(work.tx(), items).await?;
    let mut taken = take_domains(work.tx(), items, &users).await?;
    let mut receipts = Vec::with_capacity(items.len());
    let mut order_rows: Vec<orders::Model> = Vec::with_capacity(items.len());
    let mut part_rows: Vec<order_domains::Model> = Vec::new();
    for item in items {
        let user = &users[&(&item.account, item.email.as_str())];
        let ids = item.domains.iter().map(|domain| {
            let key = (item.account.clone(), domain.name.to_string());
            taken.remove(&key).ok_or(StoreError::Stale)
        });
        let accepted = item.accept(user, ids.collect::<Result<_>>()?);
        for effect in accepted.effects {
            work.carry_out(&item.account, effect, item.created_at)?;
        }
        receipts.push(accepted.receipt);
        order_rows.push(accepted.order.try_into()?);
        part_rows.extend(all::<_, order_domains::Model>(accepted.parts)?);
    }
    insert_all::<orders::Entity, _>(work.tx(), order_rows, None).await?;
    insert_all::<order_domains::Entity, _>(work.tx(), part_rows, None).await?;
    Ok(receipts)
}
