//! Running one claimed job, whatever its kind, and what becomes of it when our own side fails. The `match` in `dispatch` is
//! the table of what runs for which kind.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use peeker_domain::retry::MAX_ATTEMPTS;
use peeker_domain::{Environment, Error, JobKind};
use peeker_store::StoreError;
use peeker_store::jobs::{self, ClaimedJob};

use crate::App;
use crate::deliveries::probe;
use crate::{
    actions, backoff, billing, cancel, clock, events, forwarding, imports, provision, swaps,
};

/// A job is cut off here and goes on from its last recorded step; it must end before its lease does.
const JOB_TIMEOUT: Duration = Duration::from_secs(100);

/// Runs one claimed job; what comes of it is recorded by then, or its lease ends by itself. Boxed, since a job may run
/// others: a clock that is advanced does.
pub(crate) fn run_job(
    app: &App,
    environment: Environment,
    job: ClaimedJob,
) -> BoxFuture<'static, ()> {
    let app = app.clone();
    let (kind, subject) = (job.kind, job.subject.clone());
    // Inside a task of its own, so that a panic ends one job and not the worker.
    let running = tokio::spawn(async move {
        tokio::time::timeout(JOB_TIMEOUT, dispatch(&app, environment, job)).await
    });
    async move {
        match running.await {
            Ok(Ok(())) => {
                metrics::counter!("jobs_run_total", "kind" => kind.as_str()).increment(1);
            }
            Ok(Err(_)) => {
                tracing::warn!(
                    job.subject = subject,
                    "A job took too long; it goes on when its lease ends"
                );
            }
            Err(error) => {
                tracing::error!(%error, job.subject = subject, "A job panicked; it is tried again when its lease ends");
            }
        }
    }
    .boxed()
}

/// Runs a claimed job to its end or its next pause. Every outcome is recorded, guarded by the job's lease.
async fn dispatch(app: &App, environment: Environment, job: ClaimedJob) {
    let outcome = match job.kind {
        JobKind::Provision => provision::run(app, environment, &job).await,
        JobKind::Import => imports::run(app, environment, &job).await,
        JobKind::ImportDeadline => imports::deadline(app, environment, &job).await,
        JobKind::Delegation => imports::watch(app, environment, &job).await,
        JobKind::Picture => actions::watch_picture(app, environment, &job).await,
        JobKind::Forward => forwarding::run(app, environment, &job).await,
        JobKind::Retire => swaps::retire(app, environment, &job).await,
        JobKind::SwapDeadline => swaps::expire(app, environment, &job).await,
        JobKind::Cancel => cancel::run(app, environment, &job).await,
        JobKind::Replay => events::run_replay(app, environment, &job).await,
        JobKind::Renew => billing::run(app, environment, &job).await,
        JobKind::Registration => billing::registration(app, environment, &job).await,
        JobKind::Expiry => billing::expiry(app, environment, &job).await,
        JobKind::Clock => clock::advance::run(app, environment, &job, run_job).await,
        JobKind::Probe => probe::run(app, environment, &job).await,
    };
    if let Err(error) = outcome {
        release(app, environment, &job, &error).await;
    }
}

async fn release(app: &App, environment: Environment, job: &ClaimedJob, error: &Error) {
    // An advance is never given up: without it the account's clock, and with it all of its work, would stand for ever.
    let dead = job.attempts >= MAX_ATTEMPTS && job.kind != JobKind::Clock;
    let run_at = app.now().plus_millis(backoff::after(job.attempts));
    let text = error.chain();
    let db = &app.environment(environment).db;
    let released = jobs::release(db, job, run_at, &text, dead).await;
    if matches!(released, Err(StoreError::LeaseLost)) {
        // What the work was about may have been removed under it, by a reset. Nothing is wrong then.
        tracing::info!(
            job.kind = job.kind.as_str(),
            job.subject = job.subject,
            error = text,
            "A job of kind {} was taken away while it ran",
            job.kind
        );
        return;
    }
    tracing::error!(
        job.kind = job.kind.as_str(),
        job.subject = job.subject,
        attempt = job.attempts,
        dead,
        error = text,
        "A job of kind {} failed on our side",
        job.kind
    );
    if let Err(error) = released {
        // The lease ends by itself and the job is claimed again.
        tracing::error!(%error, job.subject = job.subject, "could not release a job");
    }
}
