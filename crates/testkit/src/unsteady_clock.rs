//! A clock that jumps, as that of a machine does whose time is set by hand, or by a server that is wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use peeker_app::App;
use peeker_domain::{Clock, Timestamp};

use crate::TestApp;

/// A clock that is wrong by one of several amounts, and by another after so many readings.
pub struct UnsteadyClock {
    right: Arc<dyn Clock>,
    wrong_by_seconds: Vec<i64>,
    readings_between_jumps: usize,
    readings: AtomicUsize,
    is_steady: AtomicBool,
}

impl UnsteadyClock {
    /// Is right from now on.
    pub fn steady(&self) {
        self.is_steady.store(true, Ordering::SeqCst);
    }
}

impl Clock for UnsteadyClock {
    fn now(&self) -> Timestamp {
        let now = self.right.now();
        if self.is_steady.load(Ordering::SeqCst) {
            return now;
        }
        let jumps = self.readings.fetch_add(1, Ordering::SeqCst) / self.readings_between_jumps;
        now.plus_seconds(self.wrong_by_seconds[jumps % self.wrong_by_seconds.len()])
    }
}

impl TestApp {
    /// A clock that is wrong by these amounts in turns, each for so many readings.
    pub fn unsteady_clock(
        &self,
        wrong_by_seconds: &[i64],
        readings_between_jumps: usize,
    ) -> Arc<UnsteadyClock> {
        Arc::new(UnsteadyClock {
            right: self.options().clock,
            wrong_by_seconds: wrong_by_seconds.to_vec(),
            readings_between_jumps,
            readings: AtomicUsize::new(0),
            is_steady: AtomicBool::new(false),
        })
    }

    /// A second server on the same database, with this clock.
    pub async fn unsteady_server(&self, clock: &Arc<UnsteadyClock>) -> App {
        let mut options = self.options();
        options.clock = Arc::clone(clock) as Arc<dyn Clock>;
        App::start(options).await.unwrap()
    }
}
