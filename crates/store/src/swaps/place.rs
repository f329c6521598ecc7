//! The domain that a swap brings in: its row, its place on the order, its work.

use peeker_domain::id::{AccountId, DomainId, OrderId};
use peeker_domain::order::{Persona, personas_of_place};
use peeker_domain::view::Source;
use peeker_domain::{
    Cents, DomainCategory, DomainStatus, OrderDomainState, ProvisionStep, Timestamp,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::domains::candidate;
use crate::entity::{domains, order_domains, orders, swaps};
use crate::error::{Result, StoreError};
use crate::insert::{insert_all, write_back};
use crate::jobs::NewJob;
use crate::number::unsigned;
use crate::work::Work;

/// What comes in beside the old domain.
pub(super) struct Incoming {
    /// The name.
    pub name: String,
    /// The row that the account has of it, on no order.
    pub known: Option<domains::Model>,
    /// Bought or owned.
    pub source: Source,
    /// Whether it can host nothing but Google.
    pub google_only: bool,
    /// First year; 0 when owned.
    pub price: Cents,
    /// Further years; 0 when owned.
    pub renewal_price: Cents,
}

/// The active order of a domain and its place there; `None` when the order has ended or goes on without the domain.
pub(super) async fn current(
    work: &Work<'_>,
    account: &AccountId,
    order: &OrderId,
    domain: &DomainId,
) -> Result<Option<(orders::Model, order_domains::Model)>> {
    let place = order_domains::Entity::find()
        .filter(order_domains::Column::AccountId.eq(account))
        .filter(order_domains::Column::DomainId.eq(domain))
        .filter(order_domains::Column::OrderId.eq(order))
        .filter(order_domains::Column::State.is_not_in(OrderDomainState::OVER))
        .one(work.tx())
        .await?;
    let key = (account.clone(), order.clone());
    let order = orders::Entity::find_by_id(key).one(work.tx()).await?;
    let (Some(order), Some(place)) = (order, place) else {
        return Ok(None);
    };
    let is_active = order.status.is_active();
    Ok(is_active.then_some((order, place)))
}

/// Takes the domain for the swap's order, with the layout of the domain that it replaces, and starts its set-up.
pub(super) async fn add(
    work: &mut Work<'_>,
    order: &orders::Model,
    old: &order_domains::Model,
    swap: &mut swaps::Model,
    incoming: Incoming,
    now: Timestamp,
) -> Result<()> {
    let id = take(work, order, old, &incoming, now).await?;
    let last: Option<i32> = order_domains::Entity::find()
        .select_only()
        .column(order_domains::Column::Position)
        .filter(order_domains::Column::AccountId.eq(&order.account_id))
        .filter(order_domains::Column::OrderId.eq(&order.id))
        .order_by_desc(order_domains::Column::Position)
        .into_tuple()
        .one(work.tx())
        .await?;
    let place = order_domains::Model {
        position: last.map_or(0, |last| last + 1),
        domain_id: id.clone(),
        name: incoming.name,
        source: incoming.source,
        price_cents: incoming.price,
        renewal_price_cents: incoming.renewal_price,
        step: ProvisionStep::FIRST,
        state: OrderDomainState::Pending,
        // Cancelled meanwhile, the old domain takes the new one along; else the new one stays.
        leaves_at: old.leaves_at,
        personas: Some(personas(order, old)?),
        swap_in_id: Some(swap.id.clone()),
        swap_out_id: None,
        ..old.clone()
    };
    insert_all::<order_domains::Entity, _>(work.tx(), vec![place], None).await?;
    work.enqueue(NewJob::provision(&order.account_id, &order.id, &id, now));
    swap.replacement_domain_id = Some(id);
    Ok(())
}

/// The personas of the old domain's inboxes as JSON: the new one has the same, in the same order.
fn personas(order: &orders::Model, old: &order_domains::Model) -> Result<String> {
    if let Some(personas) = &old.personas {
        return Ok(personas.clone());
    }
    let all: Vec<Persona> = serde_json::from_str(&order.personas)?;
    let (position, inboxes) = (unsigned(old.position)?, unsigned(old.inboxes)?);
    Ok(serde_json::to_string(&personas_of_place(
        all, position, inboxes,
    ))?)
}

/// Puts the domain on the order. Errors: [`StoreError::DomainsTaken`].
async fn take(
    work: &Work<'_>,
    order: &orders::Model,
    old: &order_domains::Model,
    incoming: &Incoming,
    now: Timestamp,
) -> Result<DomainId> {
    let mut row = match &incoming.known {
        Some(row) if row.order_id.is_some() => {
            return Err(StoreError::DomainsTaken(vec![incoming.name.clone()]));
        }
        Some(row) => row.clone(),
        None => candidate(&order.account_id, DomainId::new(now), &incoming.name, now),
    };
    row.status = row.status.transition(DomainStatus::InProgress)?;
    row.category = DomainCategory::Connected;
    row.google_only = incoming.google_only;
    row.order_id = Some(order.id.clone());
    row.user_id = Some(order.user_id.clone());
    row.provider = Some(old.provider);
    row.forwarding_url.clone_from(&old.forwarding_url);
    let id = row.id.clone();
    write_back::<domains::Entity, _>(work.tx(), vec![row]).await?;
    Ok(id)
}
