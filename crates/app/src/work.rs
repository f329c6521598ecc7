//! Running one claimed job, whatever its kind, and what becomes of it when our own side fails.

use peeker_domain::retry::MAX_ATTEMPTS;
use peeker_domain::{Environment, Error, JobKind, Result};
use peeker_store::StoreError;
use peeker_store::jobs::{self, ClaimedJob};

use crate::App;
use crate::webhooks::probe;
use crate::{
    actions, advance, backoff, cancel, events, forwarding, imports, provision, renew, swaps,
};

/// Runs a claimed job to its end or its next pause. Every outcome is recorded, guarded by the job's lease.
pub(crate) async fn run(app: &App, environment: Environment, job: ClaimedJob) {
    let outcome = match job.kind {
        JobKind::Provision => provision::run(app, environment, &job).await,
        JobKind::Import => imports::run(app, environment, &job).await,
        JobKind::ImportDeadline => imports::deadline(app, environment, &job).await,
        JobKind::Delegation => imports::watch(app, environment, &job).await,
        JobKind::Picture => actions::watch_picture(app, environment, &job).await,
        JobKind::Forward => forwarding::run(app, environment, &job).await,
        JobKind::Retire => swaps::retire(app, environment, &job).await,
        JobKind::Cancel => cancel::run(app, environment, &job).await,
        JobKind::Replay => events::run_replay(app, environment, &job).await,
        JobKind::Renew => renew::run(app, environment, &job).await,
        JobKind::Registration => renew::registration(app, environment, &job).await,
        JobKind::Expiry => renew::expiry(app, environment, &job).await,
        JobKind::Clock => advance::run(app, environment, &job).await,
        JobKind::Probe => probe::run(app, environment, &job).await,
    };
    if let Err(error) = outcome {
        release(app, environment, &job, &error).await;
    }
}

async fn release(app: &App, environment: Environment, job: &ClaimedJob, error: &Error) {
    // A walk is never given up: without it the account's clock, and with it all of its work, would stand for ever.
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

/// A failed write of a job. A lost lease is no failure: somebody else has the job now.
pub(crate) fn unless_lost(outcome: peeker_store::Result<()>) -> Result<()> {
    match outcome {
        Ok(()) | Err(StoreError::LeaseLost) => Ok(()),
        Err(error) => Err(Error::internal(error)),
    }
}
