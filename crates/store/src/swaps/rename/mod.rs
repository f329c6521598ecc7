//! Renaming the inboxes of a domain: one swap per inbox, all worked on by the domain's own job (contract §5).

mod begin;
mod progress;

pub use begin::{NewRename, begin};
pub use progress::{OpenRename, RenameOutcome, record, start};
pub(crate) use progress::{addresses, block, end_with_domain, resume};

use peeker_domain::id::{AccountId, DomainId};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::entity::swaps::{Column, Entity, Model};
use crate::error::Result;

/// Swaps of the kind [`peeker_domain::SwapType::UserNames`] that are not over; spelled out, so that the planner can choose the
/// index of open swaps.
const OPEN_RENAMES: &str =
    "type = 'user_names' AND status IN ('created', 'in_progress', 'action_required')";

/// The open renamings of a domain, oldest first.
async fn open_of(
    db: &impl ConnectionTrait,
    account: &AccountId,
    domain: &DomainId,
) -> Result<Vec<Model>> {
    Ok(Entity::find()
        .filter(Column::AccountId.eq(account))
        .filter(Column::DomainId.eq(domain))
        .filter(Expr::cust(OPEN_RENAMES))
        .order_by_asc(Column::Id)
        .all(db)
        .await?)
}
