//! How many requests an endpoint gets at once, so that a slow receiver delays nobody but itself.
//!
//! Each endpoint has a few permits of its own. Their number grows by one while it answers quickly and is halved while it
//! does not, down to one. A delivery without a permit waits its turn in memory if that is short, else it goes back to the table
//! until about the time when a permit should be free, so that a backlog is neither held here nor claimed over and over.
//! Slow endpoints share a part of the process's permits, whatever their number, and can take none of the others.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use peeker_domain::id::AccountId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, timeout};

/// Permits of an endpoint that nothing is known of.
const FIRST_PERMITS: usize = 4;
/// Permits of an endpoint that answers quickly; the client keeps as many connections open.
const MOST_PERMITS: usize = 16;
/// An attempt that takes longer makes the endpoint a slow one.
const SLOW: Duration = Duration::from_secs(2);
/// An endpoint from which nothing was heard for so long, with a request under way, may hang.
const SILENT: Duration = Duration::from_secs(1);
/// Permits of an endpoint that may hang: one for what hangs, one to find out.
const SILENT_PERMITS: usize = 2;
/// Longest wait for one's turn in memory. Together with [`POOL_WAIT`] and a send it ends before the lease does.
const QUEUE_WAIT: Duration = Duration::from_secs(5);
/// Deliveries of one endpoint that wait in memory at most.
const QUEUE: usize = 128;
/// Deliveries of one endpoint that can do something in memory; more would only go back to the table.
pub(crate) const MOST_HELD: usize = MOST_PERMITS + QUEUE;
/// Longest wait for one of the process's permits.
const POOL_WAIT: Duration = Duration::from_secs(15);
/// Bounds of the time for which a delivery goes back to the table.
const LATER: (Duration, Duration) = (Duration::from_millis(100), Duration::from_mins(5));
/// What an attempt is taken to last until some have been seen.
const FIRST_GUESS: Duration = Duration::from_millis(100);
/// One part in so many of the process's permits is for slow endpoints.
const SLOW_SHARE: usize = 4;

/// The permits of one process, of one environment.
pub(crate) struct ConcurrencyLimiter {
    endpoints: Mutex<HashMap<AccountId, Endpoint>>,
    /// How many endpoints were made, to tell them apart.
    made: AtomicU64,
    quick: Arc<Semaphore>,
    slow: Arc<Semaphore>,
}

/// What a permit holder makes of its endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feedback {
    /// It took the event.
    Good,
    /// It answered, but did not take the event.
    Neutral,
    /// It gave no answer, or asked for fewer requests.
    Bad,
}

struct Endpoint {
    id: u64,
    url: String,
    permits: usize,
    taken: usize,
    /// What an attempt lasts of late.
    mean: Duration,
    /// When a send last began while none was under way, or ended.
    heard_at: Instant,
    waiting: VecDeque<oneshot::Sender<Permit>>,
    /// When the next delivery that goes back to the table should come again.
    next_turn: Instant,
}

impl Endpoint {
    fn new(id: u64, url: &str, now: Instant) -> Self {
        Self {
            id,
            url: url.to_owned(),
            permits: FIRST_PERMITS,
            taken: 0,
            mean: FIRST_GUESS,
            heard_at: now,
            waiting: VecDeque::new(),
            next_turn: now,
        }
    }

    fn has_room(&self, now: Instant) -> bool {
        let is_silent = self.taken > 0 && now - self.heard_at > SILENT;
        let permits = if is_silent {
            self.permits.min(SILENT_PERMITS)
        } else {
            self.permits
        };
        self.taken < permits
    }

    fn take(&mut self, now: Instant) {
        if self.taken == 0 {
            self.heard_at = now;
        }
        self.taken += 1;
    }

    /// The time between two turns.
    fn pace(&self) -> Duration {
        self.mean / u32::try_from(self.permits).unwrap_or(u32::MAX)
    }

    /// Whether its queue is short enough to wait in.
    fn is_worth_waiting(&self) -> bool {
        let ahead = u32::try_from(self.waiting.len() + 1).unwrap_or(u32::MAX);
        self.waiting.len() < QUEUE && self.pace().saturating_mul(ahead) <= QUEUE_WAIT
    }

    /// How long to go back to the table for: each one a turn later than the one before.
    fn later(&mut self, now: Instant) -> Duration {
        let (shortest, longest) = LATER;
        let wait = (self.next_turn.max(now) + self.pace() - now).clamp(shortest, longest);
        self.next_turn = now + wait;
        wait
    }

    fn observe(&mut self, feedback: Feedback, took: Duration) {
        self.mean = (self.mean * 7 + took * 3) / 10;
        if feedback == Feedback::Bad || took >= SLOW {
            self.permits = (self.permits / 2).max(1);
        } else if feedback == Feedback::Good {
            self.permits = (self.permits + 1).min(MOST_PERMITS);
        }
    }
}

impl ConcurrencyLimiter {
    /// `total` permits, some of which are for slow endpoints only.
    pub fn new(total: usize) -> Arc<Self> {
        let slow = (total / SLOW_SHARE).max(1);
        Arc::new(Self {
            endpoints: Mutex::default(),
            made: AtomicU64::default(),
            quick: Arc::new(Semaphore::new((total - slow).max(1))),
            slow: Arc::new(Semaphore::new(slow)),
        })
    }

    fn endpoints(&self) -> MutexGuard<'_, HashMap<AccountId, Endpoint>> {
        self.endpoints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A permit for a send to the account's endpoint at `url`, or how long to try again after.
    pub async fn acquire(
        self: &Arc<Self>,
        account: &AccountId,
        url: &str,
    ) -> Result<Permit, Duration> {
        let mut permit = match self.request(account, url)? {
            Turn::Now(permit) => permit,
            Turn::Later(mut turn) => match timeout(QUEUE_WAIT, &mut turn).await {
                Ok(Ok(permit)) => permit,
                // It may have been given in the moment between.
                _ => turn.try_recv().map_err(|_| self.later(account, url))?,
            },
        };
        let pool = if self.is_slow(account) {
            &self.slow
        } else {
            &self.quick
        };
        let in_pool = timeout(POOL_WAIT, Arc::clone(pool).acquire_owned()).await;
        let Ok(Ok(in_pool)) = in_pool else {
            return Err(LATER.0.max(SILENT));
        };
        permit.in_pool = Some(in_pool);
        permit.since = Instant::now();
        Ok(permit)
    }

    fn request(self: &Arc<Self>, account: &AccountId, url: &str) -> Result<Turn, Duration> {
        let now = Instant::now();
        let mut endpoints = self.endpoints();
        let endpoint = self.endpoint(&mut endpoints, account, url, now);
        if endpoint.waiting.is_empty() && endpoint.has_room(now) {
            endpoint.take(now);
            return Ok(Turn::Now(Permit::new(self, account, endpoint.id)));
        }
        if !endpoint.is_worth_waiting() {
            return Err(endpoint.later(now));
        }
        let (give, turn) = oneshot::channel();
        endpoint.waiting.push_back(give);
        Ok(Turn::Later(turn))
    }

    fn later(&self, account: &AccountId, url: &str) -> Duration {
        let now = Instant::now();
        let mut endpoints = self.endpoints();
        self.endpoint(&mut endpoints, account, url, now).later(now)
    }

    /// What is known of the account's endpoint: nothing, when its address is another one by now. Then the new address does
    /// not wait for what the old one still holds, and whoever waited for a permit there asks again.
    fn endpoint<'a>(
        &self,
        endpoints: &'a mut HashMap<AccountId, Endpoint>,
        account: &AccountId,
        url: &str,
        now: Instant,
    ) -> &'a mut Endpoint {
        let new = || Endpoint::new(self.made.fetch_add(1, Ordering::Relaxed), url, now);
        let endpoint = endpoints.entry(account.clone()).or_insert_with(new);
        if endpoint.url != url {
            *endpoint = new();
        }
        endpoint
    }

    fn is_slow(&self, account: &AccountId) -> bool {
        let endpoints = self.endpoints();
        let endpoint = endpoints.get(account);
        endpoint.is_some_and(|endpoint| endpoint.mean >= SLOW)
    }

    /// Sends whoever waits for a permit back to the table: nothing more goes to the endpoint.
    pub fn send_back(&self, account: &AccountId) {
        if let Some(endpoint) = self.endpoints().get_mut(account) {
            endpoint.waiting.clear();
        }
    }

    /// Gives a permit back, and to whoever waits for it.
    fn release(
        self: &Arc<Self>,
        account: &AccountId,
        id: u64,
        observed: Option<(Feedback, Duration)>,
    ) {
        let now = Instant::now();
        let mut endpoints = self.endpoints();
        let Some(endpoint) = endpoints.get_mut(account).filter(|found| found.id == id) else {
            return;
        };
        endpoint.taken -= 1;
        endpoint.heard_at = now;
        if let Some((feedback, took)) = observed {
            endpoint.observe(feedback, took);
        }
        while endpoint.has_room(now)
            && let Some(next) = endpoint.waiting.pop_front()
        {
            match next.send(Permit::new(self, account, id)) {
                Ok(()) => endpoint.take(now),
                // Whoever waited is gone. The permit was not taken, so it must not be given back either.
                Err(mut unused) => unused.is_taken = false,
            }
        }
        let is_idle = endpoint.taken == 0 && endpoint.waiting.is_empty();
        if is_idle && endpoint.permits >= FIRST_PERMITS && endpoint.mean < SLOW {
            endpoints.remove(account);
        }
    }
}

enum Turn {
    Now(Permit),
    Later(oneshot::Receiver<Permit>),
}

/// The right to send to one endpoint. Given back when it is dropped, whatever became of the send.
pub(crate) struct Permit {
    limiter: Arc<ConcurrencyLimiter>,
    account: AccountId,
    endpoint: u64,
    since: Instant,
    in_pool: Option<OwnedSemaphorePermit>,
    feedback: Option<Feedback>,
    is_taken: bool,
}

impl Permit {
    fn new(limiter: &Arc<ConcurrencyLimiter>, account: &AccountId, endpoint: u64) -> Self {
        Self {
            limiter: Arc::clone(limiter),
            account: account.clone(),
            endpoint,
            since: Instant::now(),
            in_pool: None,
            feedback: None,
            is_taken: true,
        }
    }

    /// Gives the permit back and says how the send went.
    pub fn release(mut self, feedback: Feedback) {
        self.feedback = Some(feedback);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.is_taken {
            let took = self.since.elapsed();
            let observed = self.feedback.map(|feedback| (feedback, took));
            self.limiter.release(&self.account, self.endpoint, observed);
        }
    }
}

#[cfg(test)]
#[path = "concurrency_limiter_tests.rs"]
mod tests;
