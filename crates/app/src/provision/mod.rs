//! Provisioning: from an accepted order to live inboxes, one durable job per domain (contract §4). The same job takes the
//! domain back and renames its inboxes, so that no two of these ever meet.
//!
//! A job goes through the steps in order. Every step looks at the provider first or repeats safely, with a key that
//! the workflow derives from order and domain, so a job that was cut off anywhere starts again at the last recorded
//! step and ends in the same state. Three points are recorded as they are passed: the purchase, the names of the inboxes
//! before they are made, and the end. How far a try got between them is recorded when it fails, with the failure: the
//! next one begins there, and what was done is not asked of a provider again (docs/adr/0007).

mod deprovision;
mod rename;
mod steps;

use std::sync::{Mutex, PoisonError};

use peeker_domain::id::ActionId;
use peeker_domain::order::{Blocker, Change, Next};
use peeker_domain::provider_error::{FollowUp, ProviderWork, follow_up};
use peeker_domain::{
    ActionReason, Environment, Error, OrderDomainState, OrderFailureReason, OrderStatus,
    ProvisionStep, Timestamp,
};
use peeker_providers::{Port, ProviderError};
use peeker_store::jobs::ClaimedJob;
use peeker_store::jobs::DomainJob;
use peeker_store::orders::progress::{self, Assignment, Step};
use peeker_store::{EnvironmentDb, StoreError};

use crate::App;
use crate::provider_errors::pause_ms;

/// One run of a domain's job.
struct ProvisionRun<'a> {
    app: &'a App,
    environment: Environment,
    job: &'a DomainJob,
    assignment: Assignment,
    /// How far this run got; only the run itself writes it, one step after the other.
    reached: Mutex<ProvisionStep>,
}

/// Why a run could not go on.
enum Failure {
    Provider(ProviderError),
    /// Our own side failed.
    Internal(Error),
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        Self::Provider(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Internal(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Internal(Error::internal(error))
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
    let store = app.environment(environment);
    let assignment = store.assignments.ask(job.clone()).await;
    let Some(assignment) = assignment.map_err(Error::internal)? else {
        return end(&store.db, &job).await;
    };
    let run = ProvisionRun {
        app,
        environment,
        job: &job,
        reached: Mutex::new(assignment.part.step),
        assignment,
    };
    let next = match run.task() {
        // A job that was enqueued twice has nothing to do.
        None => return end(&store.db, &job).await,
        Some(ProviderWork::Deprovision) => Next::Deprovision,
        Some(ProviderWork::Renaming) => return run.rename().await,
        Some(work) => run.unless_refused(run.set_up().await, work).await?,
    };
    if next == Next::Deprovision {
        let ended = run.deprovision().await;
        run.unless_refused(ended, ProviderWork::Deprovision).await?;
    }
    Ok(())
}

fn who_refused(port: Option<Port>) -> OrderFailureReason {
    match port {
        Some(Port::Registrar) => OrderFailureReason::RegistrarRefused,
        Some(Port::Dns) => OrderFailureReason::DnsRefused,
        Some(Port::Mail) => OrderFailureReason::MailRefused,
        Some(Port::Sequencer) => OrderFailureReason::SequencerRefused,
        Some(Port::Probes) | None => OrderFailureReason::ProviderRefused,
    }
}

async fn end(db: &EnvironmentDb, job: &DomainJob) -> Result<(), Error> {
    progress::end_job(db, job).await.map_err(Error::internal)
}

impl ProvisionRun<'_> {
    /// What is to be done with the domain now; nothing while it waits for somebody.
    fn task(&self) -> Option<ProviderWork> {
        let Assignment { order, part, .. } = &self.assignment;
        let is_to_go = part.deprovision_pending || part.is_leaving(self.now());
        if order.status == OrderStatus::Failed || is_to_go {
            return Some(ProviderWork::Deprovision);
        }
        match part.state {
            OrderDomainState::Active => Some(ProviderWork::Renaming),
            OrderDomainState::Pending if part.is_replacement() => Some(ProviderWork::Replacement),
            OrderDomainState::Pending => Some(ProviderWork::SetUp),
            _ => None,
        }
    }

    fn reached(&self) -> ProvisionStep {
        *self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reach(&self, step: ProvisionStep) {
        *self.reached.lock().unwrap_or_else(PoisonError::into_inner) = step;
    }

    /// The time on the account's clock.
    fn now(&self) -> Timestamp {
        self.app.at(self.job.clock)
    }

    /// Records a change. What to do next is for the store to say: the order may have failed meanwhile.
    async fn record(&self, change: Change) -> Result<Next, Error> {
        let step = Step {
            job: self.job.clone(),
            change,
            now: self.now(),
        };
        let lane = &self.app.environment(self.environment).progress;
        lane.submit(step).await.map_err(Error::internal)
    }

    /// What comes next, also when a provider refused: then what follows from that is recorded.
    async fn unless_refused(
        &self,
        outcome: Result<Next, Failure>,
        work: ProviderWork,
    ) -> Result<Next, Error> {
        match outcome {
            Ok(next) => Ok(next),
            Err(Failure::Internal(error)) => Err(error),
            Err(Failure::Provider(error)) => self.record(self.refused(&error, work)).await,
        }
    }

    /// What follows a provider's refusal for the domain, its swap or its order.
    fn refused(&self, error: &ProviderError, work: ProviderWork) -> Change {
        match self.follow_up(error, work) {
            FollowUp::Retry { at_least_ms } => self.retry(at_least_ms, error),
            FollowUp::Wait { ms } => self.wait(ms, error),
            FollowUp::FailOrder => Change::OrderFailed {
                reason: who_refused(error.port),
                message: error.message.clone(),
            },
            FollowUp::GiveUp(_) if self.assignment.part.is_replacement() => Change::SwapFailed,
            FollowUp::GiveUp(_) => self.needs_replacement(error),
        }
    }

    fn follow_up(&self, error: &ProviderError, work: ProviderWork) -> FollowUp {
        tracing::warn!(
            order.id = %self.job.order, domain.id = %self.job.domain, attempt = self.job.attempts, class = ?error.class,
            work = ?work, "A provider refused {}: {error}", self.assignment.part.name
        );
        follow_up(error.class, self.job.attempts, work)
    }

    fn needs_replacement(&self, error: &ProviderError) -> Change {
        let name = &self.assignment.part.name;
        let why = error.message.trim_end_matches('.');
        Change::Blocked(vec![Blocker {
            id: ActionId::new(self.now()),
            reason: ActionReason::ReplaceDomain,
            message: format!("{name} cannot be set up: {why}. Replace it with a swap"),
            persona: None,
        }])
    }

    fn retry(&self, at_least_ms: i64, error: &ProviderError) -> Change {
        let pause_ms = pause_ms(at_least_ms, self.job.attempts);
        Change::Retry {
            run_at: self.now().plus_millis(pause_ms),
            error: error.message.clone(),
            is_failure: true,
            reached: self.reached(),
        }
    }

    /// An account of ours takes nothing for now: back when it does.
    fn wait(&self, ms: i64, error: &ProviderError) -> Change {
        Change::Retry {
            run_at: self.now().plus_millis(ms),
            error: error.message.clone(),
            is_failure: false,
            reached: self.reached(),
        }
    }
}
