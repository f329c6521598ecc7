//! The event log of an account: gap-free by sequence, never changed.

use peeker_domain::id::AccountId;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::events;
use crate::environment::EnvironmentDb;
use crate::error::Result;

/// A recorded event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `evt_…`
    pub id: String,
    /// What happened, such as `order.completed`.
    pub kind: String,
    /// Its place in the account's log, from 1.
    pub sequence: i64,
    /// The exact body that is signed and sent.
    pub body: String,
}

/// Events of an account after a sequence number, in order.
pub async fn list_after(
    db: &EnvironmentDb,
    account: &AccountId,
    sequence: i64,
    limit: u64,
) -> Result<Vec<Event>> {
    let rows = events::Entity::find()
        .filter(events::Column::AccountId.eq(account.as_str()))
        .filter(events::Column::Sequence.gt(sequence))
        .order_by_asc(events::Column::Sequence)
        .limit(limit)
        .all(&db.pools.reader)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Event {
            id: row.id,
            kind: row.kind,
            sequence: row.sequence,
            body: row.body,
        })
        .collect())
}
