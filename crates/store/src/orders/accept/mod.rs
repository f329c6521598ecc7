//! Accepting orders: customer, order, domains, wallet debit, event and provisioning work in one transaction, many
//! orders at a time (invariant 1).
//!
//! The guarantees are rows, not checks: one order per fingerprint (`order_fingerprints`), one active order per
//! domain (`domains.order_id` is taken only while it is NULL), a wallet that never goes below zero.

mod claims;
mod rows;

use claims::{claim_fingerprints, ensure_users, take_domains};
use rows::{order_row, place_rows_of};

use peeker_domain::id::{AccountId, BundleId, DomainId, OrderId, UserId};
use peeker_domain::order::{ClientId, Persona};
use peeker_domain::price::{PriceBook, line_items, total};
use peeker_domain::view::{OrderReceipt, Source};
use peeker_domain::{
    Cents, DomainName, EmailAddress, EventType, LedgerReason, MailProvider, Timestamp,
};

use super::{detail, receipt};
use crate::entity::{order_domains, orders};
use crate::error::{Result, StoreError};
use crate::insert::insert_all;
use crate::jobs::NewJob;
use crate::lane::Batch;
use crate::work::Work;

/// The order write lane.
#[derive(Debug)]
pub enum Accept {}

/// A planned and priced order, ready to be written.
#[derive(Debug, Clone)]
pub struct NewOrder {
    /// Whose.
    pub account: AccountId,
    /// Its id, should it become an order of its own.
    pub id: OrderId,
    /// The customer's address; the customer is made when there is none with it.
    pub email: EmailAddress,
    /// The customer's id, should one be made.
    pub new_user_id: UserId,
    /// The bundle it was sized by.
    pub bundle_id: Option<BundleId>,
    /// Its domains, in submitted order.
    pub domains: Vec<NewOrderDomain>,
    /// Its personas.
    pub personas: Vec<Persona>,
    /// Where its inboxes go.
    pub client_id: Option<ClientId>,
    /// The sequencer log-in's address.
    pub login_email: EmailAddress,
    /// The sequencer log-in's password, sealed.
    pub sealed_password: String,
    /// Google licenses.
    pub google_licenses: u32,
    /// Microsoft licenses.
    pub microsoft_licenses: u32,
    /// Unit prices.
    pub prices: PriceBook,
    /// What makes a repeated order the same.
    pub fingerprint: String,
    /// Until when it does.
    pub fingerprint_expires_at: Timestamp,
    /// When the next month is due.
    pub renews_at: Timestamp,
    /// Now.
    pub created_at: Timestamp,
}

/// One domain of a new order.
#[derive(Debug, Clone)]
pub struct NewOrderDomain {
    /// Its id, should the name be new to the account.
    pub new_id: DomainId,
    /// The name.
    pub name: DomainName,
    /// Bought or owned.
    pub source: Source,
    /// Whether it can host nothing but Google.
    pub google_only: bool,
    /// What it will host.
    pub provider: MailProvider,
    /// Inboxes on it.
    pub inboxes: u32,
    /// First year; 0 when owned.
    pub price: Cents,
    /// Further years; 0 when owned.
    pub renewal_price: Cents,
    /// Where it redirects to.
    pub forwarding_url: Option<String>,
}

impl NewOrder {
    /// What is taken from the wallet: first month and first year.
    pub fn total(&self) -> Cents {
        let bought = self
            .domains
            .iter()
            .filter(|domain| domain.source == Source::Registered);
        let registrations: Vec<Cents> = bought.map(|domain| domain.price).collect();
        total(&line_items(
            self.google_licenses,
            self.microsoft_licenses,
            &self.prices,
            &registrations,
        ))
    }
}

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
        // order, customer, fingerprint, event, delivery, history, renewal, two ledger entries; domain, place and job for
        // each domain
        9 + 3 * item.domains.len()
    }

    async fn write(work: &mut Work<'_>, items: &[&NewOrder]) -> Result<Vec<Accepted>> {
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
async fn write_new(work: &mut Work<'_>, items: &[&NewOrder]) -> Result<Vec<OrderReceipt>> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let users = ensure_users(work.tx(), items).await?;
    let mut taken = take_domains(work.tx(), items, &users).await?;
    let mut receipts = Vec::with_capacity(items.len());
    let mut order_rows = Vec::with_capacity(items.len());
    let mut place_rows = Vec::new();
    for item in items {
        let user_id = &users[&(&item.account, item.email.as_str())];
        let order = order_row(item, user_id)?;
        let places = place_rows_of(item, &mut taken)?;
        work.debit(
            &item.account,
            item.total(),
            LedgerReason::Order,
            &item.id,
            item.created_at,
        )?;
        let shown = detail(&order, item.email.to_string(), &places)?;
        work.emit(
            &item.account,
            EventType::OrderInProgress,
            Some(&item.id),
            &shown,
            item.created_at,
        )?;
        work.enqueue(NewJob::renew(&item.account, &item.id, item.renews_at));
        for place in &places {
            work.enqueue(NewJob::provision(
                &item.account,
                &item.id,
                &place.domain_id,
                item.created_at,
            ));
        }
        receipts.push(receipt(&order, item.email.to_string())?);
        order_rows.push(order);
        place_rows.extend(places);
    }
    insert_all::<orders::Entity, _>(work.tx(), order_rows, None).await?;
    insert_all::<order_domains::Entity, _>(work.tx(), place_rows, None).await?;
    Ok(receipts)
}
