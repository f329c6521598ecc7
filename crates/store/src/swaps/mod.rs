//! Swaps: replacing a domain of an active order, and renaming the inboxes of one (contract §5).
//!
//! A domain swap adds a place to the order, which provisioning sets up like any other; the order does not show it
//! until it is live. Then the old place leaves, at once or after 14 days, and with it the swap is completed. A
//! renaming is a row per inbox, worked on by the domain's own job, so that nothing else touches the domain meanwhile.

mod begin;
mod outcome;
mod place;
mod rename;

pub use begin::{Begun, NewSwap, Replacement, Source, begin};
pub use outcome::retire;
pub(crate) use outcome::{complete, fail, imported, open_of_domains};
pub use rename::{
    NewRename, OpenRename, RenameOutcome, begin as begin_rename, record as record_renames,
    start as start_renames,
};
pub(crate) use rename::{
    addresses as rename_addresses, block as block_renames, end_with_domain,
    resume as resume_renames,
};

use peeker_domain::id::{AccountId, DomainId, OrderId, SwapId, UserId};
use peeker_domain::{EventType, SwapStatus, Timestamp, view};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};

use crate::entity::swaps::{Column, Entity, Model};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::paging::{PageRequest, Slice, page};
use crate::work::Work;

/// Why a swap does not go on: it repeats one in flight.
pub(crate) const DUPLICATE: &str = "duplicate";
/// Why a swap waits: its replacement is registered elsewhere and not imported yet.
pub(crate) const NOT_IMPORTED: &str = "domain_not_imported";
/// Why a swap ends: the order that it is part of has ended, or goes on without the domain.
pub(crate) const ORDER_ENDED: &str = "order_ended";

/// Why a renaming that waited for a picture ends: one with other personas takes its place.
pub(crate) const SUPERSEDED: &str = "superseded";

/// Which swaps to list.
#[derive(Debug, Clone, Default)]
pub struct SwapFilter {
    /// Only of this customer.
    pub user_id: Option<UserId>,
    /// Only of this order.
    pub order_id: Option<OrderId>,
    /// Only those that take this domain off or bring it in.
    pub domain_id: Option<DomainId>,
    /// Only this status.
    pub status: Option<SwapStatus>,
}

pub(crate) fn to_view(row: &Model) -> Result<view::Swap> {
    Ok(view::Swap {
        id: row.id.clone(),
        kind: row.kind.parse()?,
        domain_id: row.domain_id.clone(),
        replacement_domain: row.replacement_domain.clone(),
        status: row.status.parse()?,
        reason: row.reason.clone(),
        created_at: Timestamp::from_millis(row.created_at),
    })
}

/// A page of swaps.
pub async fn list(
    db: &EnvironmentDb,
    account: &AccountId,
    filter: &SwapFilter,
    page: &PageRequest,
) -> Result<Slice<view::Swap>> {
    let mut query = Entity::find().filter(Column::AccountId.eq(account.as_str()));
    if let Some(user_id) = &filter.user_id {
        query = query.filter(Column::UserId.eq(user_id.as_str()));
    }
    if let Some(order_id) = &filter.order_id {
        query = query.filter(Column::OrderId.eq(order_id.as_str()));
    }
    if let Some(id) = &filter.domain_id {
        let either = Condition::any()
            .add(Column::DomainId.eq(id.as_str()))
            .add(Column::ReplacementDomainId.eq(id.as_str()));
        query = query.filter(either);
    }
    if let Some(status) = filter.status {
        query = query.filter(Column::Status.eq(status.as_str()));
    }
    let rows = page!(query, Column::Id, page).all(&db.pools.reader).await?;
    Slice::new(page, rows, |row| &row.id).try_map(|row| to_view(&row))
}

/// One swap.
pub async fn find(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &SwapId,
) -> Result<Option<view::Swap>> {
    let row = Entity::find_by_id((account.to_string(), id.to_string()))
        .one(&db.pools.reader)
        .await?;
    row.as_ref().map(to_view).transpose()
}

/// Gives a swap another status, with the event that tells of it. The row is the caller's to write.
pub(crate) fn turn(
    work: &mut Work<'_>,
    swap: &mut Model,
    to: SwapStatus,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    swap.status = swap
        .status
        .parse::<SwapStatus>()?
        .transition(to)?
        .to_string();
    swap.reason = reason.map(str::to_owned);
    let kind = match to {
        SwapStatus::Created => EventType::SwapCreated,
        SwapStatus::InProgress => EventType::SwapInProgress,
        SwapStatus::Completed => EventType::SwapCompleted,
        SwapStatus::Failed => EventType::SwapFailed,
        SwapStatus::ActionRequired => EventType::SwapActionRequired,
    };
    let account = AccountId::from_stored(swap.account_id.clone());
    work.emit(&account, kind, Some(&swap.order_id), &to_view(swap)?, now)
}
