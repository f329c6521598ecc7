//! The job table: durable work, claimed by lease (docs/adr/0003).
//!
//! A claim moves `run_at` to the end of the lease, so a job whose worker died simply becomes due again. Whoever
//! finishes a job proves with the lease token that it is still his. Failures move `run_at` into the future; the
//! backoff is a row, so it survives a restart.

use peeker_domain::id::{AccountId, OrderId};
use peeker_domain::{ClockOffset, Timestamp};
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
use crate::work::Work;

/// Sets up, or takes back, one domain of an order. Subject: the domain.
pub const PROVISION: &str = "provision";
/// Makes the zones of an import. Subject: the import.
pub const IMPORT: &str = "import";
/// Looks whether an import's domains are delegated in time. Subject: the import.
pub const IMPORT_DEADLINE: &str = "import_deadline";
/// Looks whether a domain is delegated. Subject: the domain.
pub const DELEGATION: &str = "delegation";
/// Looks whether a persona's picture can be loaded now. Subject: the pending action.
pub const PICTURE: &str = "picture";
/// Sets the redirects of a forwarding job. Subject: the forwarding job.
pub const FORWARD: &str = "forward";
/// Ends what was cancelled of an order. Subject: the order.
pub const CANCEL: &str = "cancel";
/// Tries a paused endpoint with the oldest event that waits for it. Subject: [`ENDPOINT`].
pub const PROBE: &str = "probe";
/// The subject of jobs about an account's one webhook endpoint.
pub const ENDPOINT: &str = "endpoint";
/// Puts the events of a window of time in line again. Subject: the event replay.
pub const REPLAY: &str = "replay";

/// Charges the months and registrations of an order that are due. Subject: the order.
pub const RENEW: &str = "renew";
/// Renews a domain at the registrar that was paid for. Subject: the domain.
pub const REGISTRATION: &str = "registration";
/// Looks after a bought domain whose registration comes to its end. Subject: the domain.
pub const EXPIRY: &str = "expiry";
/// Retires the old domain of a premium swap. Subject: the swap.
pub const RETIRE: &str = "retire";
/// Moves the sandbox clock to where it was advanced to. Subject: the account.
pub const CLOCK: &str = "clock";

/// The condition of the indexes of jobs to be done, spelled out: a planner that sees a variable there cannot choose them.
pub(crate) const IS_READY: &str = "state = 'ready'";

/// A job to be put into the table.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Whose.
    pub account: AccountId,
    /// What to do.
    pub kind: &'static str,
    /// What to do it to; one job per kind and subject.
    pub subject: String,
    /// The order it is done for, if there is one.
    pub order: Option<OrderId>,
    /// When, at the earliest, on the account's clock.
    pub run_at: Timestamp,
    /// Whether that is now, so that it takes its place in line at once.
    pub in_line: bool,
}

impl NewJob {
    /// Work on one domain of an order.
    pub fn provision(account: &AccountId, order: &OrderId, domain: &str, now: Timestamp) -> Self {
        Self {
            account: account.clone(),
            kind: PROVISION,
            subject: domain.to_owned(),
            order: Some(order.clone()),
            run_at: now,
            in_line: true,
        }
    }

    /// The next renewal of an order.
    pub fn renew(account: &AccountId, order: &OrderId, renews_at: Timestamp) -> Self {
        Self {
            account: account.clone(),
            kind: RENEW,
            subject: order.to_string(),
            order: Some(order.clone()),
            run_at: renews_at,
            in_line: false,
        }
    }

    /// Another year of a domain, paid for with an order.
    pub(crate) fn registration(
        account: &AccountId,
        order: &OrderId,
        domain: &str,
        now: Timestamp,
    ) -> Self {
        Self {
            account: account.clone(),
            kind: REGISTRATION,
            subject: domain.to_owned(),
            order: Some(order.clone()),
            run_at: now,
            in_line: true,
        }
    }

    /// Work that belongs to no order, to be done now.
    pub fn new(
        account: &AccountId,
        kind: &'static str,
        subject: impl Into<String>,
        now: Timestamp,
    ) -> Self {
        Self {
            account: account.clone(),
            kind,
            subject: subject.into(),
            order: None,
            run_at: now,
            in_line: true,
        }
    }

    /// Work that belongs to no order, to be done when its time has come.
    pub fn timer(
        account: &AccountId,
        kind: &'static str,
        subject: impl Into<String>,
        run_at: Timestamp,
    ) -> Self {
        Self {
            in_line: false,
            ..Self::new(account, kind, subject, run_at)
        }
    }

    /// `clock` is that of the job's account; the table knows the system's time alone.
    pub(crate) fn into_row(self, clock: ClockOffset) -> jobs::Model {
        let run_at = clock.system_time(self.run_at).as_millis();
        jobs::Model {
            account_id: self.account.into(),
            kind: self.kind.to_owned(),
            subject: self.subject,
            order_id: self.order.map(String::from),
            run_at,
            attempts: 0,
            lease_token: None,
            wanted_again: false,
            state: "ready".to_owned(),
            last_error: None,
            created_at: run_at,
            in_line: self.in_line,
        }
    }
}

/// A claimed job.
#[derive(Debug, Clone)]
pub struct ClaimedJob {
    /// Whose.
    pub account: AccountId,
    /// What to do.
    pub kind: String,
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

#[derive(FromQueryResult)]
struct ClaimedRow {
    account_id: String,
    kind: String,
    subject: String,
    order_id: Option<String>,
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

/// In a sandbox: while an account's clock walks, its jobs are left to the walk, which lets go of one after the other. Not
/// so the walk itself, and the probe of a webhook endpoint: that is a webhook like those that others send meanwhile.
const WALKING: Exception = Exception {
    accounts: "accounts.clock_target IS NOT NULL",
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
/// has fallen due is put in line first.
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
    let clocks = clock::of(db, rows.iter().map(|row| row.account_id.as_str())).await?;
    Ok(rows
        .into_iter()
        .map(|row| ClaimedJob {
            clock: clocks.get(&row.account_id).copied().unwrap_or_default(),
            account: AccountId::from_stored(row.account_id),
            kind: row.kind,
            subject: row.subject,
            order: row.order_id.map(OrderId::from_stored),
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            lease: token.to_owned(),
        })
        .collect())
}

fn claim(lease_until: Timestamp, token: &str) -> Claim<'static> {
    Claim {
        set: "run_at = $2, lease_token = $3, attempts = jobs.attempts + 1, wanted_again = FALSE",
        values: vec![lease_until.as_millis().into(), token.into()],
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

/// Jobs in a state (`ready` or `dead`), for metrics and `peeker doctor`.
pub async fn count_unscoped(db: &EnvironmentDb, state: &str) -> Result<u64> {
    Ok(jobs::Entity::find()
        .filter(jobs::Column::State.eq(state))
        .count(&db.pools.reader)
        .await?)
}

/// Kind and subject of the jobs in a state, for tests and tools.
pub async fn list_unscoped(db: &EnvironmentDb, state: &str) -> Result<Vec<(String, String)>> {
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
        "CASE WHEN wanted_again THEN 'ready' ELSE 'dead' END"
    } else {
        "'ready'"
    };
    let released = jobs::Entity::update_many()
        .col_expr(jobs::Column::RunAt, Expr::value(run_at.as_millis()))
        .col_expr(jobs::Column::LeaseToken, Expr::value(None::<String>))
        .col_expr(jobs::Column::LastError, Expr::value(error))
        .col_expr(jobs::Column::State, Expr::cust(state))
        .filter(jobs::Column::AccountId.eq(job.account.as_str()))
        .filter(jobs::Column::Kind.eq(&job.kind))
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
            run_at: Set(now.as_millis()),
            lease_token: Set(None),
            ..Default::default()
        })
        .filter(jobs::Column::LeaseToken.is_not_null())
        .exec(&db.pools.writer)
        .await?;
    Ok(())
}

/// The row of a job that is still ours. Errors: [`StoreError::LeaseLost`].
pub(crate) async fn held(work: &Work<'_>, job: &ClaimedJob) -> Result<jobs::Model> {
    held_by(work, &job.account, &job.kind, &job.subject, &job.lease).await
}

/// The row of a job that is held under this lease. Errors: [`StoreError::LeaseLost`].
pub(crate) async fn held_by(
    work: &Work<'_>,
    account: &AccountId,
    kind: &str,
    subject: &str,
    lease: &str,
) -> Result<jobs::Model> {
    let key = (account.to_string(), kind.to_owned(), subject.to_owned());
    let row = jobs::Entity::find_by_id(key)
        .lock_exclusive()
        .one(work.tx())
        .await?;
    row.filter(|row| row.lease_token.as_deref() == Some(lease))
        .ok_or(StoreError::LeaseLost)
}

/// Ends a job with the changes of a unit of work. Errors: [`StoreError::LeaseLost`], so that a worker that was too
/// slow changes nothing.
pub async fn finish(work: &Work<'_>, job: &ClaimedJob) -> Result<()> {
    let row = held(work, job).await?;
    if row.wanted_again {
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
pub async fn run_again(work: &Work<'_>, job: &ClaimedJob, run_at: Timestamp) -> Result<()> {
    let row = held(work, job).await?;
    let run_at = if row.wanted_again {
        row.created_at
    } else {
        let clock = work.clock(job.account.as_str());
        clock.system_time(run_at).as_millis()
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

/// Puts a job back in its place in line, with the changes of a unit of work: a long one that gives way to other accounts.
/// Its count of attempts starts anew if it `got_on`. Errors: [`StoreError::LeaseLost`].
pub async fn give_way(work: &Work<'_>, job: &ClaimedJob, got_on: bool) -> Result<()> {
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

async fn write(work: &Work<'_>, row: jobs::Model) -> Result<()> {
    write_back::<jobs::Entity, _>(work.tx(), vec![row]).await
}
