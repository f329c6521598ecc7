//! Jobs that do not get on, as an operator sees them, and giving them another try.

use peeker_domain::id::{AccountId, OrderId};
use peeker_domain::{HistoryKind, JobKind, JobState, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use crate::entity::domains;
use crate::entity::jobs::{Column, Entity, Model};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::insert::write_back;
use crate::unit_of_work::UnitOfWork;

/// A job, with why it failed last.
#[derive(Debug, Clone)]
pub struct StuckJob {
    pub account: AccountId,
    pub kind: JobKind,
    /// What it is about.
    pub subject: String,
    /// The order it is done for, if there is one.
    pub order: Option<OrderId>,
    pub state: JobState,
    pub error: Option<String>,
}

impl From<Model> for StuckJob {
    fn from(row: Model) -> Self {
        Self {
            account: row.account_id,
            kind: row.kind,
            subject: row.subject,
            order: row.order_id,
            state: row.state,
            error: row.last_error,
        }
    }
}

/// The jobs that were given up, by account.
pub async fn dead_unscoped(db: &EnvironmentDb) -> Result<Vec<StuckJob>> {
    let rows = Entity::find()
        .filter(Column::State.eq(JobState::Dead))
        .order_by_asc(Column::AccountId)
        .order_by_asc(Column::Kind)
        .order_by_asc(Column::Subject)
        .all(&db.pools.reader)
        .await?;
    Ok(rows.into_iter().map(StuckJob::from).collect())
}

/// All jobs about a subject, whoever's it is.
pub async fn about_unscoped(db: &EnvironmentDb, subject: &str) -> Result<Vec<StuckJob>> {
    let rows = Entity::find()
        .filter(Column::Subject.eq(subject))
        .order_by_asc(Column::Kind)
        .all(&db.pools.reader)
        .await?;
    Ok(rows.into_iter().map(StuckJob::from).collect())
}

/// What became of the wish to try a job again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retried {
    /// It is due now, with all of its tries before it.
    Now,
    /// It is being done at this moment.
    Running,
    /// It has not failed: it waits for its time, and is not to be done before.
    Waits,
    /// It is done.
    Gone,
}

/// Puts a job that failed in line again, with a row of its order's history. `now` is the system's time.
pub async fn retry(db: &EnvironmentDb, job: &StuckJob, now: Timestamp) -> Result<Retried> {
    let mut work = UnitOfWork::begin(db, [&job.account]).await?;
    let key = (job.account.clone(), job.kind, job.subject.clone());
    let row = Entity::find_by_id(key)
        .lock_exclusive()
        .one(work.tx())
        .await?;
    let Some(row) = row else {
        return Ok(Retried::Gone);
    };
    if row.lease_token.is_some() {
        return Ok(Retried::Running);
    }
    if row.state != JobState::Dead && row.attempts == 0 {
        return Ok(Retried::Waits);
    }
    if let Some(order) = &row.order_id {
        let at = work.clock(&job.account).account_time(now);
        let message = format!(
            "The operator had the job {} of {} tried again",
            row.kind, row.subject
        );
        work.record_history(
            &job.account,
            order,
            HistoryKind::JobRetried,
            message,
            None,
            at,
        );
    }
    let again = Model {
        state: JobState::Ready,
        run_at: now,
        attempts: 0,
        in_line: true,
        ..row
    };
    write_back::<Entity, _>(work.tx(), vec![again]).await?;
    work.commit().await?;
    Ok(Retried::Now)
}

/// Has jobs tried now that wait for another try: those of a domain, or all of an environment. What they waited for has been
/// mended. Gives back how many.
pub async fn hurry_unscoped(
    db: &EnvironmentDb,
    domain: Option<(&AccountId, &str)>,
    now: Timestamp,
) -> Result<u64> {
    let mut hurried = Entity::update_many()
        .col_expr(Column::RunAt, Expr::value(now))
        .filter(Column::State.eq(JobState::Ready))
        .filter(Column::LeaseToken.is_null())
        .filter(Column::LastError.is_not_null())
        .filter(Column::RunAt.gt(now))
        // Another year is asked for only when an earlier try cannot be under way any more.
        .filter(Column::Kind.ne(JobKind::Registration));
    if let Some((account, name)) = domain {
        let of_name = domains::Entity::find()
            .select_only()
            .column(domains::Column::Id)
            .filter(domains::Column::AccountId.eq(account))
            .filter(domains::Column::Name.eq(name))
            .into_query();
        hurried = hurried
            .filter(Column::AccountId.eq(account))
            .filter(Column::Kind.eq(JobKind::Provision))
            .filter(Column::Subject.in_subquery(of_name));
    }
    let hurried = hurried.exec(&db.pools.writer).await?.rows_affected;
    db.wake(hurried > 0, false);
    Ok(hurried)
}
