//! Forgetting what is older than it has to be kept, a few rows at a time.
//!
//! Logs are cut from their old end only, and the cut stops at the first row that has to stay. So the numbers that are
//! left have no gap, and the oldest rows are found by the table's key, without an index on time.

use peeker_domain::id::{AccountId, AttemptId, EventReplayId};
use peeker_domain::{DeliveryState, Timestamp};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Statement,
};

use crate::entity::{accounts, deliveries, delivery_attempts, event_replays, events, replays};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::unit_of_work::UnitOfWork;

/// Accounts that have rows, a page at a time, in order of their ids.
pub async fn accounts_unscoped(
    db: &EnvironmentDb,
    after: Option<&AccountId>,
    limit: u64,
) -> Result<Vec<AccountId>> {
    let mut query = accounts::Entity::find();
    if let Some(after) = after {
        query = query.filter(accounts::Column::AccountId.gt(after.as_str()));
    }
    let rows = query
        .order_by_asc(accounts::Column::AccountId)
        .limit(limit)
        .all(&db.pools.reader)
        .await?;
    Ok(rows.into_iter().map(|row| row.account_id).collect())
}

#[derive(FromQueryResult)]
struct Oldest {
    sequence: i64,
    created_at: Timestamp,
    state: DeliveryState,
}

/// Removes up to `limit` of the account's oldest events made before `before`, with their deliveries and attempts. Stops
/// at the first whose delivery is still to be made. Gives back how many went.
pub async fn prune_events(
    db: &EnvironmentDb,
    account: &AccountId,
    before: Timestamp,
    limit: u64,
) -> Result<u64> {
    // A look at a single row first: on most accounts, most of the time, there is nothing to do.
    if removable(&db.pools.reader, account, before, 1)
        .await?
        .is_none()
    {
        return Ok(0);
    }
    // The account is locked, or a replay could put in line what goes away.
    let work = UnitOfWork::begin(db, [account]).await?;
    let tx = work.tx();
    let Some(last) = removable(tx, account, before, limit).await? else {
        return Ok(0);
    };
    delivery_attempts::Entity::delete_many()
        .filter(delivery_attempts::Column::AccountId.eq(account))
        .filter(delivery_attempts::Column::EventSequence.lte(last))
        .exec(tx)
        .await?;
    deliveries::Entity::delete_many()
        .filter(deliveries::Column::AccountId.eq(account))
        .filter(deliveries::Column::Sequence.lte(last))
        .exec(tx)
        .await?;
    let removed = events::Entity::delete_many()
        .filter(events::Column::AccountId.eq(account))
        .filter(events::Column::Sequence.lte(last))
        .exec(tx)
        .await?;
    work.commit().await?;
    Ok(removed.rows_affected)
}

/// The last of the oldest `limit` events up to which all may go.
async fn removable(
    connection: &impl ConnectionTrait,
    account: &AccountId,
    before: Timestamp,
    limit: u64,
) -> Result<Option<i64>> {
    let sql = "SELECT e.sequence AS sequence, e.created_at AS created_at, d.state AS state \
        FROM events e CROSS JOIN deliveries d \
        WHERE e.account_id = $1 AND d.account_id = $1 AND d.sequence = e.sequence ORDER BY e.sequence LIMIT $2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [account.into(), limit.into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    let rows = Oldest::find_by_statement(statement).all(connection).await?;
    let may_go = |row: &Oldest| row.created_at < before && row.state.is_over();
    Ok(rows
        .into_iter()
        .take_while(may_go)
        .last()
        .map(|row| row.sequence))
}

/// Removes rows of `$table` from its old end: up to `$limit` whose `$time` is before `$before`, by the order of `$key`.
macro_rules! prune_oldest {
    ($db:expr, $account:expr, $table:ident, $key:ident: $Key:ty, $time:ident, $before:expr, $limit:expr) => {{
        use $table::{Column, Entity};
        let mut last = None;
        // A single row first, as above.
        for limit in [1, $limit] {
            let oldest: Vec<($Key, Timestamp)> = Entity::find()
                .select_only()
                .columns([Column::$key, Column::$time])
                .filter(Column::AccountId.eq($account))
                .order_by_asc(Column::$key)
                .limit(limit)
                .into_tuple()
                .all(&$db.pools.reader)
                .await?;
            last = oldest
                .into_iter()
                .take_while(|(_, time)| *time < $before)
                .last();
            if last.is_none() {
                return Ok(0);
            }
        }
        let Some((last, _)) = last else { return Ok(0) };
        let removed = Entity::delete_many()
            .filter(Column::AccountId.eq($account))
            .filter(Column::$key.lte(last))
            .exec(&$db.pools.writer)
            .await?;
        Ok(removed.rows_affected)
    }};
}

/// Removes up to `limit` of the account's oldest attempts made before `before`. Gives back how many went.
pub async fn prune_attempts(
    db: &EnvironmentDb,
    account: &AccountId,
    before: Timestamp,
    limit: u64,
) -> Result<u64> {
    prune_oldest!(db, account, delivery_attempts, Id: AttemptId, StartedAt, before, limit)
}

/// Removes up to `limit` of the account's oldest rows of what was replayed before `before`, and of the jobs for it.
pub async fn prune_replays(
    db: &EnvironmentDb,
    account: &AccountId,
    before: Timestamp,
    limit: u64,
) -> Result<u64> {
    let log = prune_replay_log(db, account, before, limit).await?;
    Ok(log + prune_replay_jobs(db, account, before, limit).await?)
}

async fn prune_replay_log(
    db: &EnvironmentDb,
    account: &AccountId,
    before: Timestamp,
    limit: u64,
) -> Result<u64> {
    prune_oldest!(db, account, replays, Number: i64, CreatedAt, before, limit)
}

async fn prune_replay_jobs(
    db: &EnvironmentDb,
    account: &AccountId,
    before: Timestamp,
    limit: u64,
) -> Result<u64> {
    prune_oldest!(db, account, event_replays, Id: EventReplayId, CreatedAt, before, limit)
}

/// Removes up to `limit` kept answers of `Idempotency-Key` that lapsed before `now`, of all accounts.
pub async fn prune_idempotency_keys_unscoped(
    db: &EnvironmentDb,
    now: Timestamp,
    limit: u64,
) -> Result<u64> {
    lapsed(db, "idempotency_keys", "key", None, now, limit).await
}

/// The same of one account, at `now` of its clock, which may be ahead of the server's.
pub async fn prune_idempotency_keys(
    db: &EnvironmentDb,
    account: &AccountId,
    now: Timestamp,
    limit: u64,
) -> Result<u64> {
    lapsed(db, "idempotency_keys", "key", Some(account), now, limit).await
}

/// What is remembered to recognise a repeated request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fingerprints {
    Orders,
    Imports,
}

/// Removes up to `limit` fingerprints that lapsed before `now`, of all accounts.
pub async fn prune_fingerprints_unscoped(
    db: &EnvironmentDb,
    of: Fingerprints,
    now: Timestamp,
    limit: u64,
) -> Result<u64> {
    let table = match of {
        Fingerprints::Orders => "order_fingerprints",
        Fingerprints::Imports => "import_fingerprints",
    };
    lapsed(db, table, "fingerprint", None, now, limit).await
}

/// Deletes up to `limit` rows, of one account or of all, whose `expires_at` is over. A row that was claimed anew in
/// between has a later one, which the outer condition sees.
async fn lapsed(
    db: &EnvironmentDb,
    table: &str,
    key: &str,
    account: Option<&AccountId>,
    now: Timestamp,
    limit: u64,
) -> Result<u64> {
    let writer = &db.pools.writer;
    let own = account.map_or("", |_| "account_id = $3 AND ");
    let sql = format!(
        "DELETE FROM {table} WHERE {own}expires_at <= $1 AND (account_id, {key}) IN \
         (SELECT account_id, {key} FROM {table} WHERE {own}expires_at <= $1 ORDER BY expires_at LIMIT $2)"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut values = vec![now.into(), limit.into()];
    values.extend(account.map(Into::into));
    let statement = Statement::from_sql_and_values(writer.get_database_backend(), sql, values);
    Ok(writer.execute_raw(statement).await?.rows_affected())
}
