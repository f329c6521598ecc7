//! The workers: they claim due jobs and deliveries of both environments and run them, many at a time.
//!
//! Being told of new work only shortens the wait: a worker that hears nothing looks for itself every second, so work
//! that was enqueued by a process which died before it could tell is found all the same.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, join, join_all, join3};
use peeker_domain::{Environment, Result, Timestamp};
use peeker_store::deliveries::{self, ClaimedDelivery};
use peeker_store::jobs::{self, ClaimedJob};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::failure::internal;
use crate::places::Places;
use crate::webhooks::health;
use crate::{App, deliver, retention, work};

/// Longer than a job may run. A job whose worker died is claimed again when this is over.
pub(crate) const LEASE_SECONDS: i64 = 120;
/// A job is cut off here and goes on from its last recorded step; it must end before its lease does.
const JOB_TIMEOUT: Duration = Duration::from_secs(100);
/// Most pieces of work claimed in one statement.
const CLAIM: usize = 64;
/// Deliveries that may be claimed for each that is being sent.
const CLAIMED_PER_PLACE: usize = 4;
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
    join(
        join_all(environments),
        retention::keep(&app, shutdown.clone()),
    )
    .await;
}

/// Claims and runs everything that is due now, of one environment, until nothing is. Gives back how many pieces that
/// were. For tests, which move a frozen clock between two calls.
pub async fn run_until_idle(app: &App, environment: Environment) -> Result<usize> {
    let (jobs, deliveries) = (
        JobQueue::new(app, environment),
        DeliveryQueue::new(app, environment),
    );
    let most = CLAIM.min(jobs.concurrency());
    let mut done = 0;
    loop {
        let claimed_jobs = jobs.claim(most).await?;
        let claimed_deliveries = deliveries.claim(CLAIM).await?;
        let claimed = claimed_jobs.len() + claimed_deliveries.len();
        if claimed == 0 {
            return Ok(done);
        }
        let running_jobs = join_all(claimed_jobs.into_iter().map(|job| jobs.run(job)));
        let running_deliveries = join_all(
            claimed_deliveries
                .into_iter()
                .map(|delivery| deliveries.run(delivery)),
        );
        join(running_jobs, running_deliveries).await;
        done += claimed;
    }
}

/// Ends the leases of a process that was killed, so that its work goes on at once and not when they lapse.
/// Only for the one process that may work on the databases.
pub async fn end_all_leases(app: &App) -> Result<()> {
    for environment in Environment::ALL {
        let db = &app.environment(*environment).db;
        jobs::end_all_leases_unscoped(db, app.now())
            .await
            .map_err(internal("end the leases of jobs"))?;
        deliveries::end_all_leases_unscoped(db, app.now())
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
    /// Claims up to `limit` due pieces.
    fn claim(&self, limit: usize) -> impl Future<Output = Result<Vec<Self::Item>>> + Send;
    /// Runs one piece; what comes of it is recorded by then.
    fn run(&self, item: Self::Item) -> impl Future<Output = ()> + Send;
    /// Returns when there may be new work.
    fn woken(&self) -> impl Future<Output = ()> + Send;
    /// When the next piece is due.
    fn next_due(&self) -> impl Future<Output = Result<Option<Timestamp>>> + Send;
    /// The time.
    fn now(&self) -> Timestamp;
}

async fn work_through<Q: Queue>(queue: Q, shutdown: CancellationToken) {
    let places = Arc::new(Semaphore::new(queue.concurrency()));
    let tasks = TaskTracker::new();
    while !shutdown.is_cancelled() {
        let claimed = match claim_into(&queue, &places, &tasks).await {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::error!(error = error.chain(), "Could not claim {}", Q::NAME);
                0
            }
        };
        if claimed == 0 {
            tokio::select! {
                () = wait_for_work(&queue) => {}
                () = shutdown.cancelled() => {}
            }
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

/// Fills the free places with claimed work.
async fn claim_into<Q: Queue>(
    queue: &Q,
    places: &Arc<Semaphore>,
    tasks: &TaskTracker,
) -> Result<usize> {
    // Wait for one place, then take whatever else is free: a claim for a single piece costs as much as one for many.
    let Ok(first) = Arc::clone(places).acquire_owned().await else {
        return Ok(0);
    };
    let mut free: Vec<OwnedSemaphorePermit> = vec![first];
    while free.len() < CLAIM {
        let Ok(permit) = Arc::clone(places).try_acquire_owned() else {
            break;
        };
        free.push(permit);
    }
    let items = queue.claim(free.len()).await?;
    let claimed = items.len();
    for (item, place) in items.into_iter().zip(free) {
        let queue = queue.clone();
        tasks.spawn(async move {
            queue.run(item).await;
            drop(place);
        });
    }
    Ok(claimed)
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

/// A token for one lease.
pub(crate) fn token() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// Runs one claimed job; what comes of it is recorded by then, or its lease ends by itself. Boxed, since a job may run
/// others (the walk of a sandbox's clock does).
pub(crate) fn run_job(
    app: &App,
    environment: Environment,
    job: ClaimedJob,
) -> BoxFuture<'static, ()> {
    let app = app.clone();
    let (kind, subject) = (job.kind.clone(), job.subject.clone());
    // Inside a task of its own, so that a panic ends one job and not the worker.
    let running = tokio::spawn(async move {
        tokio::time::timeout(JOB_TIMEOUT, work::run(&app, environment, job)).await
    });
    async move {
        match running.await {
            Ok(Ok(())) => metrics::counter!("jobs_run_total", "kind" => kind).increment(1),
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

#[derive(Clone)]
struct JobQueue {
    app: App,
    environment: Environment,
}

impl JobQueue {
    fn new(app: &App, environment: Environment) -> Self {
        Self {
            app: app.clone(),
            environment,
        }
    }
}

impl Queue for JobQueue {
    type Item = ClaimedJob;
    const NAME: &'static str = "jobs";

    fn concurrency(&self) -> usize {
        self.app.settings().job_concurrency
    }

    async fn claim(&self, limit: usize) -> Result<Vec<ClaimedJob>> {
        let db = &self.app.environment(self.environment).db;
        let now = self.app.now();
        if !jobs::any_due_unscoped(db, now)
            .await
            .map_err(internal("look for due jobs"))?
        {
            return Ok(Vec::new());
        }
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let claimed =
            jobs::claim_unscoped(db, now, now.plus_seconds(LEASE_SECONDS), &token(), limit).await;
        claimed.map_err(internal("claim jobs"))
    }

    async fn run(&self, job: ClaimedJob) {
        run_job(&self.app, self.environment, job).await;
    }

    async fn woken(&self) {
        self.app
            .environment(self.environment)
            .db
            .job_waiting()
            .await;
    }

    async fn next_due(&self) -> Result<Option<Timestamp>> {
        let db = &self.app.environment(self.environment).db;
        jobs::next_due_unscoped(db)
            .await
            .map_err(internal("look for the next job"))
    }

    fn now(&self) -> Timestamp {
        self.app.now()
    }
}

#[derive(Clone)]
struct DeliveryQueue {
    app: App,
    environment: Environment,
    places: Arc<Places>,
}

impl DeliveryQueue {
    fn new(app: &App, environment: Environment) -> Self {
        Self {
            app: app.clone(),
            environment,
            places: Places::new(app.settings().delivery_concurrency),
        }
    }
}

impl Queue for DeliveryQueue {
    type Item = ClaimedDelivery;
    const NAME: &'static str = "deliveries";

    fn concurrency(&self) -> usize {
        // More than are sent at once, so that those who wait for a slow receiver do not keep others from being claimed.
        self.app.settings().delivery_concurrency * CLAIMED_PER_PLACE
    }

    async fn claim(&self, limit: usize) -> Result<Vec<ClaimedDelivery>> {
        let db = &self.app.environment(self.environment).db;
        if !deliveries::any_due_unscoped(db, self.app.now())
            .await
            .map_err(internal("look for due deliveries"))?
        {
            return Ok(Vec::new());
        }
        deliver::claim(
            &self.app,
            self.environment,
            u32::try_from(limit).unwrap_or(u32::MAX),
        )
        .await
    }

    async fn run(&self, delivery: ClaimedDelivery) {
        deliver::deliver(&self.app, self.environment, &self.places, delivery).await;
    }

    async fn woken(&self) {
        self.app
            .environment(self.environment)
            .db
            .delivery_waiting()
            .await;
    }

    async fn next_due(&self) -> Result<Option<Timestamp>> {
        let db = &self.app.environment(self.environment).db;
        deliveries::next_due_unscoped(db)
            .await
            .map_err(internal("look for the next delivery"))
    }

    fn now(&self) -> Timestamp {
        self.app.now()
    }
}
