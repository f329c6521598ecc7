//! The event log of an account: gap-free by sequence, never changed; read back, followed, replayed and pruned here.
//!
//! What readers rely on: an event's number is given while the account's row is locked, so numbers become visible in
//! their order. Whoever has seen number 7 will never be surprised by a 6 that comes later.

mod list;
mod prune;
mod replay;

pub use list::{EventFilter, attempts_query, find, list, list_attempts, list_query};
pub use prune::{
    Fingerprints, accounts_unscoped, prune_attempts, prune_events, prune_fingerprints_unscoped,
    prune_idempotency_keys, prune_idempotency_keys_unscoped, prune_replays,
};
pub use replay::{
    Matching, NewEventReplay, begin, count, find_replay, matching_query, replay, run,
};

use peeker_domain::EventType;
use peeker_domain::id::{AccountId, EventId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Statement,
};

use crate::entity::{accounts, events};
use crate::environment::EnvironmentDb;
use crate::error::Result;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `evt_…`
    pub id: EventId,
    pub kind: EventType,
    /// Its place in the account's log, from 1.
    pub sequence: i64,
    /// The exact body that is signed and sent.
    pub body: String,
}

impl From<events::Model> for Event {
    fn from(row: events::Model) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            sequence: row.sequence,
            body: row.body,
        }
    }
}

/// Events of an account after a sequence number, in order.
pub async fn list_after(
    db: &EnvironmentDb,
    account: &AccountId,
    sequence: i64,
    limit: u64,
) -> Result<Vec<Event>> {
    let turn = db.log_reader(account).await;
    let rows = events::Entity::find()
        .filter(events::Column::AccountId.eq(account))
        .filter(events::Column::Sequence.gt(sequence))
        .order_by_asc(events::Column::Sequence)
        .limit(limit)
        .all(&db.pools.reader)
        .await?;
    drop(turn);
    Ok(rows.into_iter().map(Event::from).collect())
}

/// The stored event with this id, as it was sent.
pub async fn find_body(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &EventId,
) -> Result<Option<Event>> {
    let row = events::Entity::find()
        .filter(events::Column::AccountId.eq(account))
        .filter(events::Column::Id.eq(id))
        .one(&db.pools.reader)
        .await?;
    Ok(row.map(Event::from))
}

/// The last numbers given in an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heads {
    pub sequence: i64,
    pub replay: i64,
}

/// The last numbers given in an account: one small row, so that a listener with nothing to hear costs little.
pub async fn heads(db: &EnvironmentDb, account: &AccountId) -> Result<Heads> {
    let row = accounts::Entity::find_by_id(account.clone())
        .one(&db.pools.reader)
        .await?;
    Ok(row.map_or(
        Heads {
            sequence: 0,
            replay: 0,
        },
        |row| Heads {
            sequence: row.event_sequence,
            replay: row.replay_sequence,
        },
    ))
}

#[derive(FromQueryResult)]
struct ReplayedRow {
    number: i64,
    id: EventId,
    kind: EventType,
    sequence: i64,
    body: String,
}

/// Replays of an account after a replay number, in order, each with its number. Those of events that are gone are
/// left out.
pub async fn list_replays_after(
    db: &EnvironmentDb,
    account: &AccountId,
    number: i64,
    limit: u64,
) -> Result<Vec<(i64, Event)>> {
    let reader = &db.pools.reader;
    let sql = "SELECT r.number AS number, e.id AS id, e.type AS kind, e.sequence AS sequence, e.body AS body \
        FROM replays r CROSS JOIN events e \
        WHERE r.account_id = $1 AND e.account_id = $1 AND e.sequence = r.event_sequence AND r.number > $2 \
        ORDER BY r.number LIMIT $3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [account.into(), number.into(), limit.into()];
    let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
    let turn = db.log_reader(account).await;
    let rows = ReplayedRow::find_by_statement(statement)
        .all(reader)
        .await?;
    drop(turn);
    Ok(rows
        .into_iter()
        .map(|row| {
            let event = Event {
                id: row.id,
                kind: row.kind,
                sequence: row.sequence,
                body: row.body,
            };
            (row.number, event)
        })
        .collect())
}
