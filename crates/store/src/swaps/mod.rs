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
use peeker_domain::{EventType, SwapReason, SwapStatus, Timestamp, view};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};

use crate::entity::swaps::{Column, Entity, Model};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::paging::{PageRequest, Slice, page};
use crate::work::Work;

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

pub(crate) fn to_view(row: &Model) -> view::Swap {
    view::Swap {
        id: row.id.to_string(),
        kind: row.kind,
        domain_id: row.domain_id.to_string(),
        replacement_domain: row.replacement_domain.clone(),
        status: row.status,
        reason: row.reason.map(|reason| reason.to_string()),
        created_at: row.created_at,
    }
}

/// A page of swaps.
pub async fn list(
    db: &EnvironmentDb,
    account: &AccountId,
    filter: &SwapFilter,
    page: &PageRequest,
) -> Result<Slice<view::Swap>> {
    let mut query = Entity::find().filter(Column::AccountId.eq(account));
    if let Some(user_id) = &filter.user_id {
        query = query.filter(Column::UserId.eq(user_id));
    }
    if let Some(order_id) = &filter.order_id {
        query = query.filter(Column::OrderId.eq(order_id));
    }
    if let Some(id) = &filter.domain_id {
        let either = Condition::any()
            .add(Column::DomainId.eq(id))
            .add(Column::ReplacementDomainId.eq(id));
        query = query.filter(either);
    }
    if let Some(status) = filter.status {
        query = query.filter(Column::Status.eq(status));
    }
    let rows = page!(query, Column::Id, page).all(&db.pools.reader).await?;
    Ok(Slice::new(page, rows, |row| row.id.as_str()).map(|row| to_view(&row)))
}

/// One swap.
pub async fn find(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &SwapId,
) -> Result<Option<view::Swap>> {
    let row = Entity::find_by_id((account.clone(), id.clone()))
        .one(&db.pools.reader)
        .await?;
    Ok(row.as_ref().map(to_view))
}

/// Gives a swap another status, with the event that tells of it. The row is the caller's to write.
pub(crate) fn turn(
    work: &mut Work<'_>,
    swap: &mut Model,
    to: SwapStatus,
    reason: Option<SwapReason>,
    now: Timestamp,
) -> Result<()> {
    swap.status = swap.status.transition(to)?;
    swap.reason = reason;
    let kind = match to {
        SwapStatus::Created => EventType::SwapCreated,
        SwapStatus::InProgress => EventType::SwapInProgress,
        SwapStatus::Completed => EventType::SwapCompleted,
        SwapStatus::Failed => EventType::SwapFailed,
        SwapStatus::ActionRequired => EventType::SwapActionRequired,
    };
    let (account, order) = (&swap.account_id, &swap.order_id);
    work.emit(account, kind, Some(order), &to_view(swap), now)
}
