//! The workers: they claim due jobs and deliveries of both environments and run them, many at a time.
//!
//! Being told of new work only shortens the wait: a worker that hears nothing looks for itself every second, so work
//! that was enqueued by a process which died before it could tell is found all the same.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{join, join_all, join3};
use peeker_domain::id::AccountId;
use peeker_domain::{Environment, Result, Timestamp};
use peeker_store::deliveries::{self as rows, ClaimedDelivery};
use peeker_store::jobs::{self, ClaimedJob};
use peeker_store::{EnvironmentDb, MOST_CLAIMED};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::deliveries::{ConcurrencyLimiter, MOST_HELD};
use crate::failure::internal;
use crate::job_dispatch::run_job;
use crate::lease::{JOB_LEASE_SECONDS, token};
use crate::under_way::UnderWay;
use crate::webhooks::health;
use crate::{App, deliveries, live, retention};

/// Deliveries that may be claimed for each that is being sent.
const CLAIMED_PER_PERMIT: usize = 4;
/// How often an idle worker looks for work that nobody told it of.
const POLL: Duration = Duration::from_secs(1);
/// Shortest wait before an idle worker looks again: what is due may be locked by another worker for a moment.
const BREATH: Duration = Duration::from_millis(10);
/// How long work under way is waited for when the process is to stop.
const DRAIN: Duration = Duration::from_secs(20);

/// Runs the workers of both environments until `shutdown`, then waits for what is under way.
pub async fn run(app: App, shutdown: CancellationToken) {
    let environments = Environment::ALL.iter().map(|environment| {
        let jobs = work_through(JobQueue::new(&app, *environment), shutdown.clone());
        let deliveries = work_through(DeliveryQueue::new(&app, *environment), shutdown.clone());
        let counting = health::count_paused(&app, *environment, shutdown.clone());
        join3(jobs, deliveries, counting)
    });
    join3(
        join_all(environments),
        retention::keep(&app, shutdown.clone()),
        Box::pin(live::keep(&app, shutdown.clone())),
    )
    .await;
}

/// Claims and runs everything that is due now, of one environment, until nothing is. Gives back how many pieces that
/// were. For tests, which move a frozen clock between two calls.
pub async fn run_until_idle(app: &App, environment: Environment) -> Result<usize> {
    let mut rounds = Rounds::new(app, environment);
    let mut done = 0;
    loop {
        match rounds.run().await? {
            Some(pieces) => done += pieces,
            None => return Ok(done),
        }
    }
}

/// Work in rounds: claim what there is a permit for, run all of it, again. For tests, which count them.
pub struct Rounds {
    jobs: JobQueue,
    deliveries: DeliveryQueue,
}

impl Rounds {
    /// The rounds of one environment.
    pub fn new(app: &App, environment: Environment) -> Self {
        Self {
            jobs: JobQueue::new(app, environment),
            deliveries: DeliveryQueue::new(app, environment),
        }
    }

    /// One round. Gives back how many pieces of work it had; `None` when nothing was due.
    pub async fn run(&mut self) -> Result<Option<usize>> {
        let jobs = self.jobs.claim(self.jobs.concurrency()).await?;
        let deliveries = self.deliveries.claim(self.deliveries.concurrency()).await?;
        let is_over = !(jobs.got_on() || deliveries.got_on());
        let pieces = jobs.items.len() + deliveries.items.len();
        join(
            run_all(&self.jobs, jobs.items),
            run_all(&self.deliveries, deliveries.items),
        )
        .await;
        Ok((!is_over).then_some(pieces))
    }
}

async fn run_all<Q: Queue>(queue: &Q, items: Vec<Q::Item>) {
    join_all(items.into_iter().map(|item| queue.run(item))).await;
}

/// Ends the leases of a process that was killed, so that its work goes on at once and not when they lapse.
/// Only for the one process that may work on the databases.
pub async fn end_all_leases(app: &App) -> Result<()> {
    for environment in Environment::ALL {
        let db = &app.environment(*environment).db;
        jobs::end_all_leases_unscoped(db, app.now())
            .await
            .map_err(internal("end the leases of jobs"))?;
        rows::end_all_leases_unscoped(db, app.now())
            .await
            .map_err(internal("end the leases of deliveries"))?;
    }
    Ok(())
}

/// A table of work.
trait Queue: Clone + Send + Sync + 'static {
    type Item: Send + 'static;
    /// What it is, for the log.
    const NAME: &'static str;
    /// Pieces that may be under way at once.
    fn concurrency(&self) -> usize;
    /// Who has how much of them under way.
    fn under_way(&self) -> &Arc<UnderWay>;
    /// Whose a piece is.
    fn account(item: &Self::Item) -> &AccountId;
    /// Claims due pieces, in turns over accounts, while so many permits are free.
    fn claim(&self, free: usize) -> impl Future<Output = Result<Claimed<Self::Item>>> + Send;
    /// Runs one piece; what comes of it is recorded by then.
    fn run(&self, item: Self::Item) -> impl Future<Output = ()> + Send;
    /// Returns when there may be new work.
    fn woken(&self) -> impl Future<Output = ()> + Send;
    /// When the next piece is due.
    fn next_due(&self) -> impl Future<Output = Result<Option<Timestamp>>> + Send;
    fn now(&self) -> Timestamp;
}

/// What came of a claim.
struct Claimed<I> {
    items: Vec<I>,
    /// Whether work was put in line, which the next claim finds there.
    joined: bool,
    /// Whether work is due that has to wait until its account gives a permit back.
    held_back: bool,
}

impl<I> Claimed<I> {
    fn got_on(&self) -> bool {
        self.joined || !self.items.is_empty()
    }
}

async fn work_through<Q: Queue>(queue: Q, shutdown: CancellationToken) {
    let permits = Arc::new(Semaphore::new(queue.concurrency()));
    let tasks = TaskTracker::new();
    while !shutdown.is_cancelled() {
        let next = match claim_into(&queue, &permits, &tasks).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(error = error.chain(), "Could not claim {}", Q::NAME);
                Next::Wait
            }
        };
        tokio::select! {
            () = wait(&queue, next) => {}
            () = shutdown.cancelled() => {}
        }
    }
    tasks.close();
    if tokio::time::timeout(DRAIN, tasks.wait()).await.is_err() {
        tracing::warn!(
            "Some {} did not end in time; they go on after the next start",
            Q::NAME
        );
    }
}

/// When to claim next.
#[derive(Debug, Clone, Copy)]
enum Next {
    /// At once: there may be more.
    Now,
    /// When there is work.
    Wait,
    /// When a permit was given back: there is work, of accounts that have all the permits they may have.
    WaitForPermit,
}

/// Fills the free permits with claimed work.
async fn claim_into<Q: Queue>(
    queue: &Q,
    permits: &Arc<Semaphore>,
    tasks: &TaskTracker,
) -> Result<Next> {
    // Wait for one permit, then take whatever else is free: a claim for a single piece costs as much as one for many.
    let Ok(first) = Arc::clone(permits).acquire_owned().await else {
        return Ok(Next::Wait);
    };
    let mut free: Vec<OwnedSemaphorePermit> = vec![first];
    while free.len() < MOST_CLAIMED {
        let Ok(permit) = Arc::clone(permits).try_acquire_owned() else {
            break;
        };
        free.push(permit);
    }
    let claimed = queue
        .claim(free.len() + permits.available_permits())
        .await?;
    let next = if claimed.got_on() {
        Next::Now
    } else if claimed.held_back {
        Next::WaitForPermit
    } else {
        Next::Wait
    };
    for (item, permit) in claimed.items.into_iter().zip(free) {
        let seat = queue.under_way().enter(Q::account(&item));
        let queue = queue.clone();
        tasks.spawn(async move {
            queue.run(item).await;
            drop((permit, seat));
        });
    }
    Ok(next)
}

/// Waits until it is time to claim again.
async fn wait<Q: Queue>(queue: &Q, next: Next) {
    match next {
        Next::Now => {}
        Next::Wait => wait_for_work(queue).await,
        Next::WaitForPermit => {
            tokio::select! {
                () = queue.under_way().freed() => {}
                () = queue.woken() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }
}

/// Waits until somebody tells of work, the next piece is due, or it is time to look.
async fn wait_for_work<Q: Queue>(queue: &Q) {
    let until_due = match queue.next_due().await {
        Ok(Some(due)) => Duration::from_millis(
            u64::try_from(due.as_millis() - queue.now().as_millis()).unwrap_or(0),
        ),
        _ => POLL,
    };
    tokio::select! {
        () = queue.woken() => {}
        () = tokio::time::sleep(until_due.clamp(BREATH, POLL)) => {}
    }
}

#[derive(Clone)]
struct JobQueue {
    app: App,
    environment: Environment,
    under_way: Arc<UnderWay>,
}

impl JobQueue {
    fn new(app: &App, environment: Environment) -> Self {
        let permits = app.settings().job_concurrency;
        Self {
            app: app.clone(),
            environment,
            under_way: UnderWay::new(permits, permits),
        }
    }

    fn db(&self) -> &EnvironmentDb {
        &self.app.environment(self.environment).db
    }
}

impl Queue for JobQueue {
    type Item = ClaimedJob;
    const NAME: &'static str = "jobs";

    fn concurrency(&self) -> usize {
        self.app.settings().job_concurrency
    }

    fn under_way(&self) -> &Arc<UnderWay> {
        &self.under_way
    }

    fn account(job: &ClaimedJob) -> &AccountId {
        &job.account
    }

    async fn claim(&self, free: usize) -> Result<Claimed<ClaimedJob>> {
        let (db, now) = (self.db(), self.now());
        let line = jobs::line_up_unscoped(db, now, self.under_way.last_served().as_ref()).await;
        let line = line.map_err(internal("look for due jobs"))?;
        let shares = self.under_way.share_out(&line, free);
        let lease_until = now.plus_seconds(JOB_LEASE_SECONDS);
        let items = jobs::claim_unscoped(db, now, lease_until, &token(), &line, &shares).await;
        Ok(Claimed {
            items: items.map_err(internal("claim jobs"))?,
            joined: line.fell_due,
            held_back: shares.is_empty() && !line.accounts.is_empty(),
        })
    }

    async fn run(&self, job: ClaimedJob) {
        run_job(&self.app, self.environment, job).await;
    }

    async fn woken(&self) {
        self.db().job_waiting().await;
    }

    async fn next_due(&self) -> Result<Option<Timestamp>> {
        let next = jobs::next_due_unscoped(self.db()).await;
        next.map_err(internal("look for the next job"))
    }

    fn now(&self) -> Timestamp {
        self.app.now()
    }
}

#[derive(Clone)]
struct DeliveryQueue {
    app: App,
    environment: Environment,
    limiter: Arc<ConcurrencyLimiter>,
    under_way: Arc<UnderWay>,
}

impl DeliveryQueue {
    fn new(app: &App, environment: Environment) -> Self {
        let sent_at_once = app.settings().delivery_concurrency;
        Self {
            app: app.clone(),
            environment,
            limiter: ConcurrencyLimiter::new(sent_at_once),
            under_way: UnderWay::new(sent_at_once * CLAIMED_PER_PERMIT, MOST_HELD),
        }
    }

    fn db(&self) -> &EnvironmentDb {
        &self.app.environment(self.environment).db
    }
}

impl Queue for DeliveryQueue {
    type Item = ClaimedDelivery;
    const NAME: &'static str = "deliveries";

    fn concurrency(&self) -> usize {
        // More than are sent at once, so that those who wait for a slow receiver do not keep others from being claimed.
        self.app.settings().delivery_concurrency * CLAIMED_PER_PERMIT
    }

    fn under_way(&self) -> &Arc<UnderWay> {
        &self.under_way
    }

    fn account(delivery: &ClaimedDelivery) -> &AccountId {
        &delivery.account
    }

    async fn claim(&self, free: usize) -> Result<Claimed<ClaimedDelivery>> {
        let last = self.under_way.last_served();
        let line = rows::line_up_unscoped(self.db(), self.now(), last.as_ref()).await;
        let line = line.map_err(internal("look for due deliveries"))?;
        let shares = self.under_way.share_out(&line, free);
        Ok(Claimed {
            items: deliveries::claim(&self.app, self.environment, &line, &shares).await?,
            joined: line.fell_due,
            held_back: shares.is_empty() && !line.accounts.is_empty(),
        })
    }

    async fn run(&self, delivery: ClaimedDelivery) {
        deliveries::deliver(&self.app, self.environment, &self.limiter, delivery).await;
    }

    async fn woken(&self) {
        self.db().delivery_waiting().await;
    }

    async fn next_due(&self) -> Result<Option<Timestamp>> {
        let next = rows::next_due_unscoped(self.db()).await;
        next.map_err(internal("look for the next delivery"))
    }

    fn now(&self) -> Timestamp {
        self.app.now()
    }
}
