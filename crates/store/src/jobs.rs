//! The job table: durable work, claimed by lease (docs/adr/0003).
//!
//! A claim moves `run_at` to the end of the lease, so a job whose worker died simply becomes due again. Whoever
//! finishes a job proves with the lease token that it is still his. Failures move `run_at` into the future; the
//! backoff is a row, so it survives a restart.

use std::collections::BTreeSet;

use peeker_domain::id::{AccountId, DomainId, OrderId};
use peeker_domain::retry::MAX_ATTEMPTS;
use peeker_domain::status::UnknownWord;
use peeker_domain::{ClockOffset, JobKind, JobState, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter,
    QuerySelect, Statement,
};

use crate::clock;
use crate::entity::jobs;
use crate::environment::EnvironmentDb;
use crate::error::{Result, StoreError};
use crate::insert::write_back;
use crate::line::{Claim, Exception, Line, LineUp, Share};
use crate::unit_of_work::UnitOfWork;

/// Most ids in one query.
const CHUNK: usize = 10_000;

/// The subject of jobs about an account's one webhook endpoint.
pub const ENDPOINT: &str = "endpoint";

/// The condition of the indexes of jobs to be done, [`JobState::Ready`], spelled out: a planner that sees a variable there
/// cannot choose them.
pub(crate) const IS_READY: &str = "state = 'ready'";

#[derive(Debug, Clone)]
pub struct ClaimedJob {
    pub account: AccountId,
    pub kind: JobKind,
    /// What to do it to.
    pub subject: String,
    /// The order it is done for, if there is one.
    pub order: Option<OrderId>,
    /// How often it was claimed since it last got on, this time included.
    pub attempts: u32,
    /// Proof that the job is still ours.
    pub lease: String,
    /// The account's clock when the job was claimed.
    pub clock: ClockOffset,
}

/// The claimed job of one domain of an order.
#[derive(Debug, Clone)]
pub struct DomainJob {
    pub account: AccountId,
    pub domain: DomainId,
    pub order: OrderId,
    /// How often it was claimed since it last got on, this time included.
    pub attempts: u32,
    /// Proof that the job is still ours.
    pub lease: String,
    /// The account's clock when the job was claimed.
    pub clock: ClockOffset,
}

impl DomainJob {
    /// Takes a claimed job that is about a domain of an order; `None` for any other.
    pub fn of(job: &ClaimedJob) -> Option<Self> {
        (job.kind == JobKind::Provision).then_some(())?;
        Some(Self {
            account: job.account.clone(),
            domain: DomainId::from_stored(job.subject.clone()),
            order: job.order.clone()?,
            attempts: job.attempts,
            lease: job.lease.clone(),
            clock: job.clock,
        })
    }
}

#[derive(FromQueryResult)]
struct ClaimedRow {
    account_id: AccountId,
    /// Read as text: one that this binary does not know must not keep it from the others.
    kind: String,
    subject: String,
    order_id: Option<OrderId>,
    attempts: i32,
}

/// Who takes turns with their jobs.
const LINE: Line = Line {
    table: "jobs",
    keys: &["kind", "subject"],
    due: "run_at",
    open: IS_READY,
    exception: None,
};

/// In a sandbox: while an account's clock is advanced, its jobs are left to the advance, which claims one after the other. Not
/// so the advance itself, and the probe of a webhook endpoint: that is a webhook like those that others send meanwhile.
const WALKING: Exception = Exception {
    accounts: "accounts.clock_target IS NOT NULL",
    // `JobKind::Clock` and `JobKind::Probe`.
    rows: "jobs.kind IN ('clock', 'probe')",
};

fn line(movable_clocks: bool) -> Line {
    let exception = movable_clocks.then_some(WALKING);
    Line { exception, ..LINE }
}

/// Who has jobs that are due, in turns: the one that follows `after` is the first. A read, so an idle worker takes no
/// write lock.
pub async fn line_up_unscoped(
    db: &EnvironmentDb,
    now: Timestamp,
    after: Option<&AccountId>,
) -> Result<LineUp> {
    line(db.rules.movable_clocks)
        .up(&db.pools, now, after)
        .await
}

/// Claims each account's share of the jobs that are due, until `lease_until`; `token` must be new each time. What `line` says
/// has fallen due is put in line first. Jobs of kinds that this binary does not know are set aside.
pub async fn claim_unscoped(
    db: &EnvironmentDb,
    now: Timestamp,
    lease_until: Timestamp,
    token: &str,
    line_up: &LineUp,
    shares: &[Share],
) -> Result<Vec<ClaimedJob>> {
    let line = line(db.rules.movable_clocks);
    let claim = claim(lease_until, token);
    let fell_due = line_up.fell_due;
    let rows: Vec<ClaimedRow> = line.claim(&db.pools, now, fell_due, shares, claim).await?;
    let clocks = clock::of(db, rows.iter().map(|row| &row.account_id)).await?;
    let mut claimed = Vec::with_capacity(rows.len());
    for row in rows {
        let attempts = u32::try_from(row.attempts).unwrap_or(u32::MAX);
        let kind = match row.kind.parse() {
            Ok(kind) => kind,
            Err(unknown) => {
                set_aside(db, &row, token, attempts, &unknown).await;
                continue;
            }
        };
        claimed.push(ClaimedJob {
            clock: clocks.get(&row.account_id).copied().unwrap_or_default(),
            account: row.account_id,
            kind,
            subject: row.subject,
            order: row.order_id,
            attempts,
            lease: token.to_owned(),
        });
    }
    Ok(claimed)
}

/// Leaves a job alone that only a newer server knows, until its lease ends: that server may be there by then. As any other
/// job it is tried so often, and then it is dead and an operator's. Whatever goes wrong here, the lease ends by itself.
async fn set_aside(
    db: &EnvironmentDb,
    row: &ClaimedRow,
    token: &str,
    attempts: u32,
    unknown: &UnknownWord,
) {
    let dead = attempts >= MAX_ATTEMPTS;
    tracing::error!(
        job.kind = row.kind,
        job.subject = row.subject,
        attempt = attempts,
        dead,
        "A job is of a kind that this server does not know"
    );
    let mut update = jobs::Entity::update_many()
        .col_expr(jobs::Column::LastError, Expr::value(unknown.to_string()));
    if dead {
        update = update
            .col_expr(jobs::Column::State, Expr::value(JobState::Dead))
            .col_expr(jobs::Column::LeaseToken, Expr::value(None::<String>));
    }
    let noted = update
        .filter(jobs::Column::AccountId.eq(&row.account_id))
        .filter(jobs::Column::Kind.eq(&row.kind))
        .filter(jobs::Column::Subject.eq(&row.subject))
        .filter(jobs::Column::LeaseToken.eq(token))
        .exec(&db.pools.writer)
        .await;
    if let Err(error) = noted {
        tracing::warn!(%error, job.subject = row.subject, "could not set a job aside");
    }
}

fn claim(lease_until: Timestamp, token: &str) -> Claim<'static> {
    Claim {
        set: "run_at = $2, lease_token = $3, attempts = jobs.attempts + 1, rerun_requested = FALSE",
        values: vec![lease_until.into(), token.into()],
        returning: "jobs.account_id AS account_id, jobs.kind AS kind, jobs.subject AS subject, \
            jobs.order_id AS order_id, jobs.attempts AS attempts",
    }
}

/// The statements that workers claim with, for a look at their plans: who is in line, what joins it, what is claimed.
pub fn claim_queries(db: &EnvironmentDb, now: Timestamp, shares: &[Share]) -> [Statement; 3] {
    let line = line(db.rules.movable_clocks);
    let backend = db.pools.reader.get_database_backend();
    [
        line.up_query(backend, now, ""),
        line.join_query(backend, now),
        line.claim_query(backend, now, shares, claim(now, "token")),
    ]
}

/// About when the next job is due, leased ones included; long ago, when some account has one in line. `None` when there is
/// no work left.
pub async fn next_due_unscoped(db: &EnvironmentDb) -> Result<Option<Timestamp>> {
    line(db.rules.movable_clocks).next_due(&db.pools).await
}

/// Jobs in a state, for metrics and `peeker doctor`.
pub async fn count_unscoped(db: &EnvironmentDb, state: JobState) -> Result<u64> {
    Ok(jobs::Entity::find()
        .filter(jobs::Column::State.eq(state))
        .count(&db.pools.reader)
        .await?)
}

/// Kind and subject of the jobs in a state, for tests and tools.
pub async fn list_unscoped(db: &EnvironmentDb, state: JobState) -> Result<Vec<(JobKind, String)>> {
    Ok(jobs::Entity::find()
        .select_only()
        .columns([jobs::Column::Kind, jobs::Column::Subject])
        .filter(jobs::Column::State.eq(state))
        .into_tuple()
        .all(&db.pools.reader)
        .await?)
}

/// Lets go of a job after a failure outside its own logic (unreadable data, a lost database): it runs again at
/// `run_at` of the system's clock, or is dead when `dead` and nobody asked for it meanwhile.
/// Errors: [`StoreError::LeaseLost`]; nothing has changed then.
pub async fn release(
    db: &EnvironmentDb,
    job: &ClaimedJob,
    run_at: Timestamp,
    error: &str,
    dead: bool,
) -> Result<()> {
    let state = if dead {
        let wanted = Expr::col(jobs::Column::RerunRequested);
        let unless_wanted = Expr::case(wanted, JobState::Ready).finally(JobState::Dead);
        unless_wanted.into()
    } else {
        Expr::value(JobState::Ready)
    };
    let released = jobs::Entity::update_many()
        .col_expr(jobs::Column::RunAt, Expr::value(run_at))
        .col_expr(jobs::Column::LeaseToken, Expr::value(None::<String>))
        .col_expr(jobs::Column::LastError, Expr::value(error))
        .col_expr(jobs::Column::State, state)
        .filter(jobs::Column::AccountId.eq(&job.account))
        .filter(jobs::Column::Kind.eq(job.kind))
        .filter(jobs::Column::Subject.eq(&job.subject))
        .filter(jobs::Column::LeaseToken.eq(&job.lease))
        .exec(&db.pools.writer)
        .await?;
    if released.rows_affected == 0 {
        return Err(StoreError::LeaseLost);
    }
    Ok(())
}

/// Ends every lease, so that the work of a process that was killed goes on at once.
pub async fn end_all_leases_unscoped(db: &EnvironmentDb, now: Timestamp) -> Result<()> {
    use sea_orm::ActiveValue::Set;
    jobs::Entity::update_many()
        .set(jobs::ActiveModel {
            run_at: Set(now),
            lease_token: Set(None),
            ..Default::default()
        })
        .filter(jobs::Column::LeaseToken.is_not_null())
        .exec(&db.pools.writer)
        .await?;
    Ok(())
}

/// The row of a job that is still ours. Errors: [`StoreError::LeaseLost`].
pub(crate) async fn held(work: &UnitOfWork<'_>, job: &ClaimedJob) -> Result<jobs::Model> {
    held_by(work, &job.account, job.kind, &job.subject, &job.lease).await
}

/// The row of a job that is held under this lease. Errors: [`StoreError::LeaseLost`].
pub(crate) async fn held_by(
    work: &UnitOfWork<'_>,
    account: &AccountId,
    kind: JobKind,
    subject: &str,
    lease: &str,
) -> Result<jobs::Model> {
    let key = (account.clone(), kind, subject.to_owned());
    let row = jobs::Entity::find_by_id(key)
        .lock_exclusive()
        .one(work.tx())
        .await?;
    row.filter(|row| row.lease_token.as_deref() == Some(lease))
        .ok_or(StoreError::LeaseLost)
}

/// Those of these domains whose set-up has begun. The rows of the others' jobs are locked, so that none begins meanwhile.
pub(crate) async fn has_begun(
    work: &UnitOfWork<'_>,
    account: &AccountId,
    domains: &[DomainId],
) -> Result<BTreeSet<DomainId>> {
    let mut begun = BTreeSet::new();
    for chunk in domains.chunks(CHUNK) {
        let rows = jobs::Entity::find()
            .filter(jobs::Column::AccountId.eq(account))
            .filter(jobs::Column::Kind.eq(JobKind::Provision))
            .filter(jobs::Column::Subject.is_in(chunk.iter().map(DomainId::as_str)))
            .lock_exclusive()
            .all(work.tx())
            .await?;
        let begun_by_now = |row: &jobs::Model| row.attempts > 0 || row.lease_token.is_some();
        let rows = rows.into_iter().filter(begun_by_now);
        begun.extend(rows.map(|row| DomainId::from_stored(row.subject)));
    }
    Ok(begun)
}

/// Ends a job with the changes of a unit of work. Errors: [`StoreError::LeaseLost`], so that a worker that was too
/// slow changes nothing.
pub async fn finish(work: &UnitOfWork<'_>, job: &ClaimedJob) -> Result<()> {
    let row = held(work, job).await?;
    if row.rerun_requested {
        return write(
            work,
            jobs::Model {
                run_at: row.created_at,
                lease_token: None,
                ..row
            },
        )
        .await;
    }
    jobs::Entity::delete_by_id((row.account_id, row.kind, row.subject))
        .exec(work.tx())
        .await?;
    Ok(())
}

/// Lets a job run again at `run_at` of its account's clock, with the changes of a unit of work. Progress starts its count of attempts anew.
/// Errors: [`StoreError::LeaseLost`].
pub async fn run_again(work: &UnitOfWork<'_>, job: &ClaimedJob, run_at: Timestamp) -> Result<()> {
    let row = held(work, job).await?;
    let run_at = if row.rerun_requested {
        row.created_at
    } else {
        let clock = work.clock(&job.account);
        clock.system_time(run_at)
    };
    write(
        work,
        jobs::Model {
            run_at,
            lease_token: None,
            attempts: 0,
            ..row
        },
    )
    .await
}

/// Lets a job run again at `run_at` of the system's clock, with the changes of a unit of work. The count of attempts is kept,
/// so that the waits grow and come to an end. Errors: [`StoreError::LeaseLost`].
pub(crate) async fn postpone(
    work: &UnitOfWork<'_>,
    job: &ClaimedJob,
    run_at: Timestamp,
    why: &str,
) -> Result<()> {
    let row = held(work, job).await?;
    write(
        work,
        jobs::Model {
            run_at,
            lease_token: None,
            last_error: Some(why.to_owned()),
            ..row
        },
    )
    .await
}

/// Puts a job back in its place in line, with the changes of a unit of work: a long one that gives way to other accounts.
/// Its count of attempts starts anew if it `got_on`. Errors: [`StoreError::LeaseLost`].
pub async fn give_way(work: &UnitOfWork<'_>, job: &ClaimedJob, got_on: bool) -> Result<()> {
    let row = held(work, job).await?;
    let attempts = if got_on { 0 } else { row.attempts };
    write(
        work,
        jobs::Model {
            run_at: row.created_at,
            lease_token: None,
            attempts,
            ..row
        },
    )
    .await
}

async fn write(work: &UnitOfWork<'_>, row: jobs::Model) -> Result<()> {
    write_back::<jobs::Entity, _>(work.tx(), vec![row]).await
}
