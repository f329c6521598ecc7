//! Advancing a sandbox's clock (contract §7): how it comes to where it is to go.
//!
//! It does not jump. It goes to the account's next timer, claims it, waits for what follows, and goes on to the
//! next. So 400 days at once bring what 400 steps of a day do, in the same order (docs/adr/0017).
//!
//! What must stay true: the clock stands still while any work of the account is under way, and while it is advanced nobody
//! but the advance claims the account's jobs. Timers are rows on the system's clock, so moving the account's clock
//! forward is moving them earlier. A lease is a promise on the system's clock and is never moved.

use peeker_domain::id::AccountId;
use peeker_domain::{ClockOffset, JobKind, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};

use crate::deliveries::IS_PENDING;
use crate::entity::{deliveries, idempotency_keys, jobs};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::insert::write_back;
use crate::jobs::{ClaimedJob, IS_READY, finish, held};
use crate::unit_of_work::UnitOfWork;

/// What the advance does next.
#[derive(Debug)]
pub enum Step {
    /// Run this job, which is claimed, and come back.
    Run(ClaimedJob),
    /// Work of the account is under way: come back in a moment.
    Busy,
    /// Come back: the clock moved.
    Moved,
    /// Nothing: the clock is where it was to be, and its job ended.
    Arrived,
}

/// How a step is to be made.
#[derive(Debug)]
pub struct AdvanceOptions<'a> {
    pub system: Timestamp,
    /// Until when a job that is let go is claimed.
    pub lease_until: Timestamp,
    /// The token of that lease; must be new each time.
    pub token: &'a str,
    /// Whether webhooks and probes that are due or under way are waited for.
    pub await_receiver: bool,
}

/// Makes one step of the advance that `job` is. Errors: [`crate::StoreError::LeaseLost`].
pub async fn step(
    db: &EnvironmentDb,
    job: &ClaimedJob,
    options: &AdvanceOptions<'_>,
) -> Result<Step> {
    let (account, system) = (&job.account, options.system);
    let mut work = UnitOfWork::begin(db, [account]).await?;
    held(&work, job).await?;
    let Some(target) = work.account(account)?.clock_target else {
        return arrive(work, job).await;
    };
    if is_under_way(&work, account, system).await? {
        return Ok(Step::Busy);
    }
    let next = next_job(&work, account).await?;
    let next = match next {
        Some(due) if due.run_at <= system => return claim_next(work, due, options).await,
        later => later,
    };
    let request = next_request(&work, account, options).await?;
    if request.is_some_and(|at| at <= system) {
        return Ok(Step::Busy);
    }
    let now = work.clock(account).account_time(system);
    let left = target.millis_since(now);
    if left <= 0 {
        work.account(account)?.clock_target = None;
        return arrive(work, job).await;
    }
    let timers = next.iter().map(|row| row.run_at).chain(request);
    let by = timers
        .map(|at| at.millis_since(system))
        .chain([left])
        .min()
        .unwrap_or(left);
    move_clock(&mut work, account, system, by).await?;
    match next {
        Some(due) if due.run_at.plus_millis(-by) <= system => {
            let due = jobs::Model {
                run_at: due.run_at.plus_millis(-by),
                created_at: due.created_at.plus_millis(-by),
                ..due
            };
            claim_next(work, due, options).await
        }
        _ => {
            work.commit().await?;
            Ok(Step::Moved)
        }
    }
}

async fn arrive(work: UnitOfWork<'_>, job: &ClaimedJob) -> Result<Step> {
    finish(&work, job).await?;
    work.commit().await?;
    Ok(Step::Arrived)
}

/// The account's jobs, without the advance itself.
fn jobs_of(account: &AccountId) -> Condition {
    Condition::all()
        .add(jobs::Column::AccountId.eq(account))
        .add(jobs::Column::Kind.ne(JobKind::Clock))
        .add(Expr::cust(IS_READY))
}

/// Those that the advance claims. One of a kind that only a newer server knows must not keep the clock from moving.
fn own_jobs_of(account: &AccountId) -> Condition {
    let own = |kind: &JobKind| !matches!(kind, JobKind::Clock | JobKind::Probe);
    let kinds = JobKind::ALL.iter().copied().filter(own);
    jobs_of(account).add(jobs::Column::Kind.is_in(kinds))
}

fn probes_of(account: &AccountId) -> Condition {
    jobs_of(account).add(jobs::Column::Kind.eq(JobKind::Probe))
}

fn deliveries_of(account: &AccountId) -> Condition {
    Condition::all()
        .add(deliveries::Column::AccountId.eq(account))
        .add(Expr::cust(IS_PENDING))
}

/// Whether somebody works on a job of the account: one that was claimed before the advance began, or by an advance that was
/// cut off.
async fn is_under_way(
    work: &UnitOfWork<'_>,
    account: &AccountId,
    system: Timestamp,
) -> Result<bool> {
    let leased = jobs::Entity::find()
        .filter(own_jobs_of(account))
        .filter(jobs::Column::LeaseToken.is_not_null())
        .filter(jobs::Column::RunAt.gt(system))
        .one(work.tx())
        .await?;
    Ok(leased.is_some())
}

/// The job that is due next. Those that are due at the same time have an order too, so that every advance takes them in
/// the same one.
async fn next_job(work: &UnitOfWork<'_>, account: &AccountId) -> Result<Option<jobs::Model>> {
    Ok(jobs::Entity::find()
        .filter(own_jobs_of(account))
        .order_by_asc(jobs::Column::RunAt)
        .order_by_asc(jobs::Column::Kind)
        .order_by_asc(jobs::Column::Subject)
        .one(work.tx())
        .await?)
}

/// When the account's next webhook or probe is due: long ago, when one is under way that is waited for.
async fn next_request(
    work: &UnitOfWork<'_>,
    account: &AccountId,
    options: &AdvanceOptions<'_>,
) -> Result<Option<Timestamp>> {
    let (mut open, mut probes) = (deliveries_of(account), probes_of(account));
    if !options.await_receiver {
        let system = options.system;
        open = open
            .add(deliveries::Column::LeaseToken.is_null())
            .add(deliveries::Column::NextAttemptAt.gt(system));
        probes = probes
            .add(jobs::Column::LeaseToken.is_null())
            .add(jobs::Column::RunAt.gt(system));
    }
    let delivery = deliveries::Entity::find()
        .filter(open)
        // Those under way first.
        .order_by_asc(deliveries::Column::LeaseToken.is_null())
        .order_by_asc(deliveries::Column::NextAttemptAt)
        .one(work.tx())
        .await?;
    let delivery = delivery.map(|row| (row.lease_token, row.next_attempt_at));
    let probe = jobs::Entity::find().filter(probes).one(work.tx()).await?;
    let probe = probe.map(|row| (row.lease_token, row.run_at));
    let long_ago = Timestamp::from_millis(i64::MIN);
    let due = |(lease, at): (Option<String>, _)| if lease.is_some() { long_ago } else { at };
    Ok(delivery.into_iter().chain(probe).map(due).min())
}

/// Claims a due job for the advance.
async fn claim_next(
    work: UnitOfWork<'_>,
    due: jobs::Model,
    options: &AdvanceOptions<'_>,
) -> Result<Step> {
    let clock = work.clock(&due.account_id);
    let claimed = jobs::Model {
        run_at: options.lease_until,
        lease_token: Some(options.token.to_owned()),
        attempts: due.attempts.saturating_add(1),
        rerun_requested: false,
        in_line: false,
        ..due
    };
    write_back::<jobs::Entity, _>(work.tx(), vec![claimed.clone()]).await?;
    work.commit().await?;
    Ok(Step::Run(claimed_job(claimed, options.token, clock)))
}

fn claimed_job(row: jobs::Model, token: &str, clock: ClockOffset) -> ClaimedJob {
    ClaimedJob {
        account: row.account_id,
        kind: row.kind,
        subject: row.subject,
        order: row.order_id,
        attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
        lease: token.to_owned(),
        clock,
    }
}

/// Moves the clock forward, and the account's timers as much earlier. What is due already stays due.
async fn move_clock(
    work: &mut UnitOfWork<'_>,
    account: &AccountId,
    system: Timestamp,
    by: i64,
) -> Result<()> {
    work.account(account)?.clock_offset_ms.0 += by;
    jobs::Entity::update_many()
        .col_expr(jobs::Column::RunAt, Expr::col(jobs::Column::RunAt).sub(by))
        .col_expr(
            jobs::Column::CreatedAt,
            Expr::col(jobs::Column::CreatedAt).sub(by),
        )
        .filter(jobs_of(account))
        .filter(jobs::Column::LeaseToken.is_null())
        .exec(work.tx())
        .await?;
    deliveries::Entity::update_many()
        .col_expr(
            deliveries::Column::NextAttemptAt,
            Expr::col(deliveries::Column::NextAttemptAt).sub(by),
        )
        .filter(deliveries_of(account))
        .filter(deliveries::Column::NextAttemptAt.gt(system))
        .filter(deliveries::Column::LeaseToken.is_null())
        .exec(work.tx())
        .await?;
    // A request that runs keeps its claim on its key: it is as young as it was.
    idempotency_keys::Entity::update_many()
        .col_expr(
            idempotency_keys::Column::ExpiresAt,
            Expr::col(idempotency_keys::Column::ExpiresAt).add(by),
        )
        .filter(idempotency_keys::Column::AccountId.eq(account))
        .filter(idempotency_keys::Column::Status.is_null())
        .exec(work.tx())
        .await?;
    Ok(())
}
