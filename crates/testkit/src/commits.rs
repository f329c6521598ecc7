//! Counting the commits of a process, and stopping it at one of them: the moment to kill it.

use std::future::{pending, ready};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use peeker_store::{Interruption, Moment};
use tokio::sync::Notify;

type Watch = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

#[derive(Default)]
struct Inner {
    begun: AtomicUsize,
    stop: Mutex<Option<(usize, Moment)>>,
    stopped: Notify,
    watch: Option<Watch>,
}

/// The commits of a process, numbered from 1.
#[derive(Clone, Default)]
pub struct Commits(Arc<Inner>);

impl Commits {
    /// Lets the process stand still at a moment of its commit number `number`.
    pub fn stopping_at(number: usize, moment: Moment) -> Self {
        let stop = Mutex::new(Some((number, moment)));
        Self(Arc::new(Inner {
            stop,
            ..Inner::default()
        }))
    }

    /// Commits that wait for `watch` each time, before they happen.
    pub fn watched_by(
        watch: impl Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            watch: Some(Box::new(watch)),
            ..Inner::default()
        }))
    }

    /// How many there were so far.
    pub fn count(&self) -> usize {
        self.0.begun.load(Ordering::SeqCst)
    }

    /// Returns when the process stands still.
    pub async fn stopped(&self) {
        self.0.stopped.notified().await;
    }

    pub(crate) fn interruption(&self) -> Interruption {
        let inner = Arc::clone(&self.0);
        Arc::new(move |moment| {
            if moment == Moment::BeforeCommit {
                inner.begun.fetch_add(1, Ordering::SeqCst);
            }
            let number = inner.begun.load(Ordering::SeqCst);
            let mut stop = inner.stop.lock().unwrap_or_else(PoisonError::into_inner);
            if *stop != Some((number, moment)) {
                return match (&inner.watch, moment) {
                    (Some(watch), Moment::BeforeCommit) => watch(),
                    _ => Box::pin(ready(())),
                };
            }
            *stop = None;
            inner.stopped.notify_one();
            Box::pin(pending())
        })
    }
}
