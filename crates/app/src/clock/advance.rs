//! The sandbox clock (contract §7): reading it, sending it on its way, and the job that takes it there.
//!
//! The advance is a job of the account. It claims the account's timers one after the other, runs each, waits until
//! what follows is done, and moves the clock to the next (`peeker_store::clock_advance`).

use std::time::Duration;

use futures::future::BoxFuture;
use peeker_domain::view::SandboxClock;
use peeker_domain::{Environment, Error, Result};
use peeker_store::clock::{self as rows, AccountClock};
use peeker_store::clock_advance::{AdvanceOptions, Step, step};
use peeker_store::jobs::{self, ClaimedJob};
use peeker_store::{StoreError, UnitOfWork};
use tokio::time::{Instant, sleep};

use crate::failure::{internal, unless_lost};
use crate::lease::{JOB_LEASE_SECONDS, token};
use crate::{Actor, App};

/// Farthest that a clock goes at once: ten years.
pub const MAX_SECONDS: u32 = 10 * 365 * 24 * 60 * 60;
/// Farthest that a clock may be ahead of real time: a hundred years. Times stay such that anybody can read them.
const MAX_AHEAD_SECONDS: i64 = 100 * 365 * 24 * 60 * 60;
/// How often a request that waits for the clock looks at it.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How long an advance goes on before its job is claimed anew. Leaves a job that it runs the time that any job has.
const STINT: Duration = Duration::from_secs(10);
/// An advance that has to wait looks again after this, and a little later each time, up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
/// How often an advance looks whether webhooks are through, before it goes on without them: some four seconds. Then it does not
/// wait for any until its stint is over.
const PATIENCE: u32 = 100;

/// The clock of the account's sandbox. Errors: `not_found` for a live key.
pub async fn get(app: &App, actor: &Actor) -> Result<SandboxClock> {
    actor.require_sandbox("sandbox")?;
    let db = &app.environment(actor.environment).db;
    let found = rows::find(db, &actor.account).await;
    Ok(view(app, found.map_err(internal("read a sandbox clock"))?))
}

/// Sends the clock `seconds` on, and waits a while for it to arrive.
/// Errors: `not_found` for a live key; `invalid_request` when it would be too far ahead.
pub async fn advance(app: &App, actor: &Actor, seconds: u32) -> Result<SandboxClock> {
    actor.require_sandbox("sandbox")?;
    let db = &app.environment(actor.environment).db;
    let latest = app.now().plus_seconds(MAX_AHEAD_SECONDS);
    let sent = rows::advance(db, &actor.account, seconds.into(), app.now(), latest).await;
    let mut clock = sent
        .map_err(internal("advance a sandbox clock"))?
        .ok_or_else(|| {
            let message = "seconds would take the clock more than 100 years ahead; POST /sandbox/reset sets it back";
            Error::invalid("seconds", message)
        })?;
    let until = Instant::now() + app.settings().clock_wait;
    while clock.target.is_some() && Instant::now() < until {
        sleep(LOOK_AGAIN).await;
        let found = rows::find(db, &actor.account).await;
        clock = found.map_err(internal("read a sandbox clock"))?;
    }
    Ok(view(app, clock))
}

fn view(app: &App, clock: AccountClock) -> SandboxClock {
    SandboxClock {
        now: app.at(clock.offset),
        offset_seconds: clock.offset.0.div_euclid(1000),
        advancing_to: clock.target,
    }
}

/// How this job runs those that it claims.
type RunJob = fn(&App, Environment, ClaimedJob) -> BoxFuture<'static, ()>;

/// The worker's part: advances until the clock has arrived, or has to wait.
pub(crate) async fn run(
    app: &App,
    environment: Environment,
    job: &ClaimedJob,
    run_job: RunJob,
) -> Result<()> {
    let db = &app.environment(environment).db;
    let began = Instant::now();
    let await_receiver = job.attempts < PATIENCE;
    let mut got_on = false;
    while began.elapsed() < STINT {
        let system = app.now();
        let options = AdvanceOptions {
            system,
            lease_until: system.plus_seconds(JOB_LEASE_SECONDS),
            token: &token(),
            await_receiver,
        };
        match step(db, job, &options).await {
            Ok(Step::Run(due)) => run_job(app, environment, due).await,
            // A webhook or a probe may have come due, and who sends them would find it with the next poll only.
            Ok(Step::Moved) => db.wake(true, true),
            Ok(Step::Arrived) | Err(StoreError::LeaseLost) => return Ok(()),
            Ok(Step::Busy) => return pause(app, environment, job, got_on).await,
            Err(error) => return Err(Error::internal(error)),
        }
        got_on = true;
    }
    come_back(app, environment, job, true).await
}

async fn pause(app: &App, environment: Environment, job: &ClaimedJob, got_on: bool) -> Result<()> {
    sleep((PAUSE * job.attempts).min(LONGEST_PAUSE)).await;
    // The count of attempts is the count of pauses in a row. Once patience is at its end it stays so for this job's
    // stint, or a receiver that hangs would be waited for at every step.
    come_back(app, environment, job, got_on && job.attempts < PATIENCE).await
}

/// Has the advance go on at once, with its patience renewed or not.
async fn come_back(
    app: &App,
    environment: Environment,
    job: &ClaimedJob,
    patient: bool,
) -> Result<()> {
    let db = &app.environment(environment).db;
    let again = if patient {
        run_again(app, environment, job).await
    } else {
        let why = "waits for work that is under way";
        jobs::release(db, job, app.now(), why, false).await
    };
    db.wake(true, false);
    unless_lost(again)
}

async fn run_again(
    app: &App,
    environment: Environment,
    job: &ClaimedJob,
) -> Result<(), StoreError> {
    let work = UnitOfWork::begin(&app.environment(environment).db, [&job.account]).await?;
    jobs::run_again(&work, job, app.at(job.clock)).await?;
    work.commit().await
}
