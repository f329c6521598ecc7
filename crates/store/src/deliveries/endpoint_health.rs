//! Whether a partner's endpoint takes its events, and pausing the deliveries while it does not.
//!
//! What must stay true: a pause and the deliveries it moves are one transaction, under the lock of the account's row,
//! as is a resumption. Recording an event takes the same lock, so none is claimable during a pause and none is left
//! waiting after it.

use std::collections::BTreeMap;

use peeker_domain::delivery::Pause;
use peeker_domain::id::AccountId;
use peeker_domain::view::PauseReason;
use peeker_domain::{DeliveryState, FailureClass, JobKind, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Statement,
};

use super::{Attempt, IS_WAITING, Recorded};
use crate::entity::{accounts, deliveries, delivery_attempts, endpoint_health, jobs as job_rows};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::insert::{insert_all, write_back};
use crate::jobs::{self, ClaimedJob};
use crate::unit_of_work::UnitOfWork;
use peeker_domain::NewJob;

/// How often a pause that met another transaction is tried.
const TRIES: u32 = 4;

/// What is known of an endpoint. All times are on the account's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Health {
    /// The pause, if it is paused.
    pub pause: Option<Pause>,
    /// When it last took an event.
    pub last_success_at: Option<Timestamp>,
    /// The first failure since then.
    pub failing_since: Option<Timestamp>,
    /// The last failure since then.
    pub last_failure_at: Option<Timestamp>,
}

/// What is known of the account's endpoint.
pub async fn find(db: &EnvironmentDb, account: &AccountId) -> Result<Health> {
    let reader = &db.pools.reader;
    let paused = accounts::Entity::find_by_id(account.clone());
    let paused = paused
        .one(reader)
        .await?
        .as_ref()
        .and_then(accounts::Model::pause);
    let row = endpoint_health::Entity::find_by_id(account.clone());
    let row = row.one(reader).await?;
    let row = row.unwrap_or_else(|| unknown(account));
    Ok(Health {
        pause: paused,
        last_success_at: row.last_success_at,
        failing_since: row.failing_since,
        last_failure_at: row.last_failure_at,
    })
}

/// Why the last attempt failed; `None` while the endpoint works, and since it was resumed.
pub async fn last_failure(db: &EnvironmentDb, account: &AccountId) -> Result<Option<FailureClass>> {
    if find(db, account).await?.failing_since.is_none() {
        return Ok(None);
    }
    let attempt = delivery_attempts::Entity::find()
        .filter(delivery_attempts::Column::AccountId.eq(account))
        .order_by_desc(delivery_attempts::Column::Id)
        .one(&db.pools.reader)
        .await?;
    Ok(attempt.and_then(|attempt| attempt.failure))
}

/// How many deliveries wait for the account's endpoint.
pub async fn count_waiting(db: &EnvironmentDb, account: &AccountId) -> Result<u64> {
    Ok(deliveries::Entity::find()
        .filter(deliveries::Column::AccountId.eq(account))
        .filter(Expr::cust(IS_WAITING))
        .count(&db.pools.reader)
        .await?)
}

/// When the account's paused endpoint is tried next, by the system's clock.
pub async fn next_probe_at(db: &EnvironmentDb, account: &AccountId) -> Result<Option<Timestamp>> {
    let key = (account.clone(), JobKind::Probe, jobs::ENDPOINT.to_owned());
    let job = job_rows::Entity::find_by_id(key)
        .one(&db.pools.reader)
        .await?;
    Ok(job.map(|job| job.run_at))
}

/// The accounts whose endpoint is paused, for metrics and `peeker doctor`.
pub async fn paused_unscoped(db: &EnvironmentDb) -> Result<Vec<AccountId>> {
    Ok(accounts::Entity::find()
        .select_only()
        .column(accounts::Column::AccountId)
        .filter(accounts::Column::DeliveriesPausedAt.is_not_null())
        .order_by_asc(accounts::Column::AccountId)
        .into_tuple()
        .all(&db.pools.reader)
        .await?)
}

fn unknown(account: &AccountId) -> endpoint_health::Model {
    endpoint_health::Model {
        account_id: account.clone(),
        last_success_at: None,
        failing_since: None,
        last_failure_at: None,
    }
}

/// Notes what came of attempts. Shown with seconds, so a success writes no row more often than that.
pub(crate) async fn note(work: &UnitOfWork<'_>, items: &[&Recorded]) -> Result<()> {
    let mut attempts: BTreeMap<&AccountId, Vec<(&Attempt, bool)>> = BTreeMap::new();
    for item in items {
        if let Some(attempt) = &item.attempt {
            let of_account = attempts.entry(&item.delivery.account).or_default();
            of_account.push((attempt, item.state == DeliveryState::Delivered));
        }
    }
    if attempts.is_empty() {
        return Ok(());
    }
    let rows = endpoint_health::Entity::find()
        .filter(endpoint_health::Column::AccountId.is_in(attempts.keys().copied()))
        // In one order, so that two writers cannot wait for each other.
        .order_by_asc(endpoint_health::Column::AccountId)
        .lock_exclusive()
        .all(work.tx())
        .await?;
    let mut rows: BTreeMap<AccountId, _> = rows
        .into_iter()
        .map(|row| (row.account_id.clone(), row))
        .collect();
    let mut changed = Vec::new();
    for (account, attempts) in attempts {
        let known = rows.remove(account);
        let mut row = known.clone().unwrap_or_else(|| unknown(account));
        for (attempt, succeeded) in attempts {
            fold(&mut row, attempt.ended_at, succeeded);
        }
        if known.is_none_or(|known| differs(&known, &row)) {
            changed.push(row);
        }
    }
    write_back::<endpoint_health::Entity, _>(work.tx(), changed).await
}

fn fold(row: &mut endpoint_health::Model, at: Timestamp, succeeded: bool) {
    let at = Some(at);
    if succeeded {
        row.last_success_at = row.last_success_at.max(at);
        (row.failing_since, row.last_failure_at) = (None, None);
    } else {
        row.failing_since = row.failing_since.or(at);
        row.last_failure_at = row.last_failure_at.max(at);
    }
}

fn differs(known: &endpoint_health::Model, row: &endpoint_health::Model) -> bool {
    let second = |at: Option<Timestamp>| at.map(Timestamp::as_seconds);
    (row.failing_since, row.last_failure_at) != (known.failing_since, known.last_failure_at)
        || second(row.last_success_at) != second(known.last_success_at)
}

/// Records a failed attempt and pauses the endpoint: this delivery and all that are open wait, and the probe is
/// enqueued for `probe_at` of the account's clock. Gives back whether it was not paused before.
pub async fn pause(
    db: &EnvironmentDb,
    failed: &Recorded,
    pause: Pause,
    probe_at: Timestamp,
) -> Result<bool> {
    let mut tries = 1;
    loop {
        match try_pause(db, failed, pause, probe_at).await {
            Err(error) if error.is_transient() && tries < TRIES => tries += 1,
            outcome => return outcome,
        }
    }
}

async fn try_pause(
    db: &EnvironmentDb,
    failed: &Recorded,
    pause: Pause,
    probe_at: Timestamp,
) -> Result<bool> {
    let account = &failed.delivery.account;
    let mut work = UnitOfWork::begin(db, [account]).await?;
    let before = work.paused(account);
    // What is being sent keeps its lease, so that a success can still be recorded.
    deliveries::Entity::update_many()
        .col_expr(
            deliveries::Column::State,
            Expr::value(DeliveryState::Waiting),
        )
        .filter(deliveries::Column::AccountId.eq(account))
        .filter(deliveries::Column::State.eq(DeliveryState::Pending))
        .exec(work.tx())
        .await?;
    record(&work, failed).await?;
    let since = before.map_or(pause.at, |before| before.at);
    work.set_paused(account, Some(Pause { at: since, ..pause }))?;
    if before.is_none() {
        let probe = NewJob::timer(account, JobKind::Probe, jobs::ENDPOINT, probe_at);
        work.enqueue(probe);
    }
    work.commit().await?;
    Ok(before.is_none())
}

/// Writes an attempt, and its outcome under the lease it was made with.
async fn record(work: &UnitOfWork<'_>, recorded: &Recorded) -> Result<()> {
    let delivery = &recorded.delivery;
    let key = (delivery.account.clone(), delivery.sequence);
    let row = deliveries::Entity::find_by_id(key)
        .lock_exclusive()
        .one(work.tx())
        .await?;
    // Gone when the sandbox was emptied meanwhile.
    if let Some(mut row) = row {
        let attempt = recorded.apply(&mut row);
        write_back::<deliveries::Entity, _>(work.tx(), vec![row]).await?;
        insert_all::<delivery_attempts::Entity, _>(work.tx(), attempt.into_iter().collect(), None)
            .await?;
    }
    note(work, &[recorded]).await
}

/// Resumes a paused endpoint and forgets its failures: what waits is due from `from` on, in sequence, with all of its
/// retries before it. Gives back how many deliveries that are; `None` when it was not paused.
pub async fn resume(
    db: &EnvironmentDb,
    account: &AccountId,
    from: Timestamp,
) -> Result<Option<u64>> {
    let known = accounts::Entity::find_by_id(account.clone());
    if known.one(&db.pools.reader).await?.is_none() {
        return Ok(None);
    }
    let mut work = UnitOfWork::begin(db, [account]).await?;
    let was_paused = work.paused(account).is_some();
    endpoint_health::Entity::update_many()
        .col_expr(
            endpoint_health::Column::FailingSince,
            Expr::value(None::<Timestamp>),
        )
        .col_expr(
            endpoint_health::Column::LastFailureAt,
            Expr::value(None::<Timestamp>),
        )
        .filter(endpoint_health::Column::AccountId.eq(account))
        .exec(work.tx())
        .await?;
    let key = (account.clone(), JobKind::Probe, jobs::ENDPOINT.to_owned());
    job_rows::Entity::delete_by_id(key).exec(work.tx()).await?;
    let moved = release(&mut work, account, from).await?;
    work.commit().await?;
    Ok(was_paused.then_some(moved))
}

/// [`DeliveryState::Waiting`] becomes [`DeliveryState::Pending`], one millisecond apart, so that a long backlog goes out in sequence and beside the events of others, not before them.
const RELEASE: &str = "UPDATE deliveries
SET state = 'pending', attempts_before = attempts, retry_until = NULL, lease_token = NULL, in_line = TRUE,
    next_attempt_at = $1 + backlog.place
FROM (
    SELECT sequence, ROW_NUMBER() OVER (ORDER BY sequence) - 1 AS place
    FROM deliveries WHERE account_id = $2 AND state = 'waiting'
) AS backlog
WHERE deliveries.account_id = $2 AND deliveries.sequence = backlog.sequence";

async fn release(work: &mut UnitOfWork<'_>, account: &AccountId, from: Timestamp) -> Result<u64> {
    work.set_paused(account, None)?;
    let values = [from.into(), account.into()];
    let statement =
        Statement::from_sql_and_values(work.tx().get_database_backend(), RELEASE, values);
    Ok(work.tx().execute_raw(statement).await?.rows_affected())
}

/// Ends a probe that was received: its delivery is done, the endpoint is resumed. Gives back how many deliveries go
/// out now. Errors: `LeaseLost`, and then nothing has changed.
pub async fn probe_succeeded(
    db: &EnvironmentDb,
    job: &ClaimedJob,
    received: &Recorded,
    from: Timestamp,
) -> Result<u64> {
    let mut work = UnitOfWork::begin(db, [&job.account]).await?;
    jobs::finish(&work, job).await?;
    record(&work, received).await?;
    let moved = release(&mut work, &job.account, from).await?;
    work.commit().await?;
    Ok(moved)
}

/// Ends a probe that failed: its attempt is on record and the next probe is at `next` of the account's clock. The endpoint is `reason` now.
/// Errors: `LeaseLost`, and then nothing has changed.
pub async fn probe_failed(
    db: &EnvironmentDb,
    job: &ClaimedJob,
    failed: &Recorded,
    reason: PauseReason,
    next: Timestamp,
) -> Result<()> {
    let mut work = UnitOfWork::begin(db, [&job.account]).await?;
    jobs::run_again(&work, job, next).await?;
    record(&work, failed).await?;
    if let Some(pause) = work.paused(&job.account) {
        work.set_paused(&job.account, Some(Pause { reason, ..pause }))?;
    }
    work.commit().await
}

/// Ends the probe of an endpoint that is not paused any more, or that nothing waits for.
/// Errors: `LeaseLost`, and then nothing has changed.
pub async fn probe_needless(db: &EnvironmentDb, job: &ClaimedJob, from: Timestamp) -> Result<()> {
    let mut work = UnitOfWork::begin(db, [&job.account]).await?;
    jobs::finish(&work, job).await?;
    release(&mut work, &job.account, from).await?;
    work.commit().await
}
