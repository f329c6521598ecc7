//! Provisioning: from an accepted order to live inboxes, one durable job per domain (contract §4). The same job takes the
//! domain back and renames its inboxes, so that no two of these ever meet.
//!
//! A job goes through the steps in order. Every step looks at the provider first or repeats safely, with a key that
//! the workflow derives from order and domain, so a job that was cut off anywhere starts again at the last recorded
//! step and ends in the same state. Three points are recorded: the purchase, the names of the inboxes before they are
//! made, and the end; the cheap steps between them are simply done again (docs/adr/0007).

mod rename;
mod steps;
mod take_back;

pub(crate) use steps::within;

use std::time::Duration;

use peeker_domain::{ActionReason, Environment, Error, OrderStatus, Timestamp};
use peeker_providers::{ErrorClass, ProviderError, Scope};
use peeker_store::StoreError;
use peeker_store::jobs::ClaimedJob;
use peeker_store::orders::progress::{self, Assignment, Blocker, Change, DomainJob, Next, Step};

use crate::{App, backoff};

/// How long one provider call may take before it counts as failed. It may have worked all the same.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);
/// Claims without progress after which a domain is given up: with the back-off's cap, a little over a day.
const MAX_ATTEMPTS: u32 = 60;

/// A job at work.
struct Work<'a> {
    app: &'a App,
    environment: Environment,
    job: &'a DomainJob,
    assignment: Assignment,
}

/// How a run of a job ends before its end.
enum Interrupted {
    /// What is to be recorded was recorded, or the job is somebody else's.
    Stopped,
    /// The order failed meanwhile.
    TakeBack,
    /// A provider refused.
    Provider(ProviderError),
    /// Our own side failed.
    Broken(Error),
}

impl From<ProviderError> for Interrupted {
    fn from(error: ProviderError) -> Self {
        Self::Provider(error)
    }
}

impl From<Error> for Interrupted {
    fn from(error: Error) -> Self {
        Self::Broken(error)
    }
}

impl From<StoreError> for Interrupted {
    fn from(error: StoreError) -> Self {
        Self::Broken(Error::internal(error))
    }
}

/// Runs a claimed job to its end or its next pause. Every provider's refusal is recorded; an error is our own.
pub(crate) async fn run(
    app: &App,
    environment: Environment,
    claimed: &ClaimedJob,
) -> Result<(), Error> {
    let job = DomainJob::of(claimed)
        .ok_or_else(|| Error::internal("a provisioning job without an order"))?;
    advance(app, environment, &job).await
}

async fn advance(app: &App, environment: Environment, job: &DomainJob) -> Result<(), Error> {
    let store = app.environment(environment);
    let db = &store.db;
    let Some(assignment) = store
        .assignments
        .ask(job.clone())
        .await
        .map_err(Error::internal)?
    else {
        return progress::end_job(db, job).await.map_err(Error::internal);
    };
    let failed = assignment.order.status == OrderStatus::Failed.as_str();
    let leaving = assignment.is_leaving(app.at(job.clock));
    if !failed && !leaving && !assignment.is_pending() && !assignment.is_live() {
        // Waits for a replacement: a job that was enqueued twice has nothing to do.
        return progress::end_job(db, job).await.map_err(Error::internal);
    }
    let work = Work {
        app,
        environment,
        job,
        assignment,
    };
    let outcome = if failed || leaving {
        Err(Interrupted::TakeBack)
    } else if work.assignment.is_live() {
        work.rename().await
    } else {
        work.set_up().await
    };
    match outcome {
        Ok(()) | Err(Interrupted::Stopped) => Ok(()),
        Err(Interrupted::Broken(error)) => Err(error),
        Err(Interrupted::TakeBack) => work.take_back_or_wait().await,
        Err(Interrupted::Provider(error)) if work.assignment.is_live() && !leaving => {
            work.rename_refused(error).await
        }
        Err(Interrupted::Provider(error)) => match work.record(work.refused(&error)).await {
            Err(Interrupted::TakeBack) => work.take_back_or_wait().await,
            Err(Interrupted::Broken(error)) => Err(error),
            _ => Ok(()),
        },
    }
}

impl Work<'_> {
    /// The time on the account's clock.
    fn now(&self) -> Timestamp {
        self.app.at(self.job.clock)
    }

    /// Records a change. Errors: the order failed meanwhile, or the job ended or is not ours any more.
    async fn record(&self, change: Change) -> Result<(), Interrupted> {
        let step = Step {
            job: self.job.clone(),
            change,
            now: self.now(),
        };
        match self
            .app
            .environment(self.environment)
            .progress
            .submit(step)
            .await?
        {
            Next::Continue => Ok(()),
            Next::TakeBack => Err(Interrupted::TakeBack),
            Next::Stop => Err(Interrupted::Stopped),
        }
    }

    /// What a provider's refusal means for the domain or the order (contract §4).
    fn refused(&self, error: &ProviderError) -> Change {
        let name = &self.assignment.place.name;
        tracing::warn!(
            order.id = %self.job.order, domain.id = %self.job.domain, attempt = self.job.attempts, class = ?error.class,
            "A provider refused {name}: {error}"
        );
        let after = match error.class {
            // A domain that a swap brings in is given up alone: the order and the old domain stay as they are (contract §5).
            ErrorClass::Permanent { .. } if self.assignment.comes_in() => {
                return Change::SwapFailed;
            }
            ErrorClass::Permanent {
                scope: Scope::Order,
            } => {
                return Change::OrderFailed {
                    message: error.message.clone(),
                };
            }
            ErrorClass::Permanent {
                scope: Scope::Domain,
            } => return self.needs_replacement(),
            _ if self.job.attempts >= MAX_ATTEMPTS && self.assignment.comes_in() => {
                return Change::SwapFailed;
            }
            _ if self.job.attempts >= MAX_ATTEMPTS => return self.needs_replacement(),
            ErrorClass::Retry { after_ms } | ErrorClass::Quota { after_ms } => after_ms,
            ErrorClass::Conflict => None,
            ErrorClass::NeedsHuman => Some(backoff::CAP_MS),
        };
        self.wait(after, error)
    }

    fn needs_replacement(&self) -> Change {
        let name = &self.assignment.place.name;
        Change::Blocked(vec![Blocker {
            reason: ActionReason::ReplaceDomain,
            message: format!("{name} cannot be set up; replace it with a swap"),
            persona: None,
        }])
    }

    fn wait(&self, after_ms: Option<i64>, error: &ProviderError) -> Change {
        let delay = after_ms.unwrap_or_else(|| backoff::after(self.job.attempts));
        Change::Retry {
            run_at: self.now().plus_millis(delay),
            error: error.message.clone(),
        }
    }

    /// Takes the domain back. What was made has to go, so a refusal is never final here: it is tried until it works.
    async fn take_back_or_wait(&self) -> Result<(), Error> {
        let outcome = match self.take_back().await {
            Err(Interrupted::Provider(error)) => {
                tracing::warn!(domain.id = %self.job.domain, "Taking {} back has to wait: {error}", self.assignment.place.name);
                self.record(self.wait(None, &error)).await
            }
            other => other,
        };
        match outcome {
            Err(Interrupted::Broken(error)) => Err(error),
            _ => Ok(()),
        }
    }
}
