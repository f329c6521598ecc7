//! The job table: durable work, claimed by lease (docs/adr/0003).
//!
//! A claim moves `run_at` to the end of the lease, so a job whose worker died simply becomes due again. Whoever
//! finishes a job proves with the lease token that it is still his. Failures move `run_at` into the future; the
//! backoff is a row, so it survives a restart.

use peeker_domain::id::{AccountId, OrderId};
use peeker_domain::{ClockOffset, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, QuerySelect};
use sea_orm::{EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter, Statement};

use crate::clock;
use crate::entity::jobs;
use crate::environment::EnvironmentDb;
use crate::error::{Result, StoreError};
use crate::insert::write_back;
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

/// The condition of the index of due jobs, spelled out: a planner that sees a variable there cannot choose the index.
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
        }
    }

    /// Work that belongs to no order.
    pub fn new(
        account: &AccountId,
        kind: &'static str,
        subject: impl Into<String>,
        run_at: Timestamp,
    ) -> Self {
        Self {
            account: account.clone(),
            kind,
            subject: subject.into(),
            order: None,
            run_at,
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

/// On PostgreSQL the sub-select must be materialised, or the planner may run it again and claim more than asked for.
const CLAIM: &str = "WITH due AS MATERIALIZED (
    SELECT account_id, kind, subject FROM jobs
    WHERE state = 'ready' AND run_at <= $1 {standing} ORDER BY run_at LIMIT $2 {lock}
)
UPDATE jobs SET run_at = $3, lease_token = $4, attempts = jobs.attempts + 1, wanted_again = FALSE
FROM due
WHERE jobs.account_id = due.account_id AND jobs.kind = due.kind AND jobs.subject = due.subject
RETURNING jobs.account_id AS account_id, jobs.kind AS kind, jobs.subject AS subject, jobs.order_id AS order_id,
    jobs.attempts AS attempts";

/// In a sandbox: while an account's clock walks, its jobs are left to the walk, which lets go of one after the other. Not
/// so the walk itself, and the probe of a webhook endpoint: that is a webhook like those that others send meanwhile.
const STANDING: &str = "AND (kind IN ('clock', 'probe') OR NOT EXISTS (
        SELECT 1 FROM accounts WHERE accounts.account_id = jobs.account_id AND accounts.clock_target IS NOT NULL
    ))";

/// Claims up to `limit` due jobs of all accounts until `lease_until`; `token` must be new each time.
pub async fn claim_unscoped(
    db: &EnvironmentDb,
    now: Timestamp,
    lease_until: Timestamp,
    token: &str,
    limit: u32,
) -> Result<Vec<ClaimedJob>> {
    let lock = if db.pools.is_sqlite() {
        ""
    } else {
        "FOR UPDATE SKIP LOCKED"
    };
    let standing = if db.rules.movable_clocks {
        STANDING
    } else {
        ""
    };
    let values = [
        now.as_millis().into(),
        i64::from(limit).into(),
        lease_until.as_millis().into(),
        token.into(),
    ];
    let writer = &db.pools.writer;
    let sql = CLAIM
        .replace("{standing}", standing)
        .replace("{lock}", lock);
    let statement = Statement::from_sql_and_values(writer.get_database_backend(), sql, values);
    let rows = ClaimedRow::find_by_statement(statement).all(writer).await?;
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

/// Whether a job is due: lets an idle worker look with a read before it takes the write lock.
pub async fn any_due_unscoped(db: &EnvironmentDb, now: Timestamp) -> Result<bool> {
    let due = jobs::Entity::find()
        .filter(Expr::cust(IS_READY))
        .filter(jobs::Column::RunAt.lte(now.as_millis()))
        .limit(1)
        .one(&db.pools.reader)
        .await?;
    Ok(due.is_some())
}

/// When the next job is due, leased ones included; `None` when there is no work left.
pub async fn next_due_unscoped(db: &EnvironmentDb) -> Result<Option<Timestamp>> {
    use sea_orm::QueryOrder;
    let next = jobs::Entity::find()
        .filter(Expr::cust(IS_READY))
        .order_by_asc(jobs::Column::RunAt)
        .one(&db.pools.reader)
        .await?;
    Ok(next.map(|job| Timestamp::from_millis(job.run_at)))
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

async fn write(work: &Work<'_>, row: jobs::Model) -> Result<()> {
    write_back::<jobs::Entity, _>(work.tx(), vec![row]).await
}
