//! Swaps: replacing a domain of an active order, and renaming the inboxes of one (contract §5). The rules stand in
//! `peeker_domain::order`.

mod accept;
mod rename;
mod replacement;
mod withdraw;

pub use accept::accept;
pub use rename::{accept as accept_rename, record as record_renames, start as start_renames};
pub(crate) use replacement::imported;
pub use replacement::retire;
pub use withdraw::{Cancelled, cancel, expire};

use peeker_domain::id::{AccountId, DomainId, OrderId, SwapId, UserId};
use peeker_domain::order::Swap;
use peeker_domain::{SwapStatus, view};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};

use crate::entity::swaps::{Column, Entity, Model};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::paging::{PageRequest, Slice, page};

/// Which swaps to list.
#[derive(Debug, Clone, Default)]
pub struct SwapFilter {
    /// Only of this customer.
    pub user_id: Option<UserId>,
    /// Only of this order.
    pub order_id: Option<OrderId>,
    /// Only those that take this domain off or bring it in.
    pub domain_id: Option<DomainId>,
    pub status: Option<SwapStatus>,
}

fn to_view(row: Model) -> Result<view::Swap> {
    Ok(Swap::try_from(row)?.view())
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
    Slice::new(page, rows, |row| row.id.as_str()).try_map(to_view)
}

pub async fn find(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &SwapId,
) -> Result<Option<view::Swap>> {
    let row = Entity::find_by_id((account.clone(), id.clone()))
        .one(&db.pools.reader)
        .await?;
    row.map(to_view).transpose()
}
