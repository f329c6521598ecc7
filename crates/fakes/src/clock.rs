//! The world's time.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

/// The world's time: the machine's, plus what the admin has moved it by.
pub(crate) struct Clock {
    began: Instant,
    began_at_ms: u64,
    moved_ms: u64,
}

impl Clock {
    pub fn start() -> Self {
        Self {
            began: Instant::now(),
            began_at_ms: machine_ms(),
            moved_ms: 0,
        }
    }

    /// Milliseconds since 1970, as the world sees it.
    pub fn now_ms(&self) -> u64 {
        let elapsed = u64::try_from(self.began.elapsed().as_millis()).unwrap_or_default();
        self.began_at_ms + elapsed + self.moved_ms
    }

    pub fn now(&self) -> Timestamp {
        let ms = i64::try_from(self.now_ms()).unwrap_or_default();
        Timestamp::from_millisecond(ms).unwrap_or_default()
    }

    pub fn advance_seconds(&mut self, seconds: u64) {
        self.moved_ms += seconds * 1000;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the vendors stand outside of the platform and have time of their own"
)]
fn machine_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}

/// Seconds since 1970 as the machine has it, wherever the world's clock was moved to: for times that clients sign or wait for.
pub(crate) fn machine_seconds() -> u64 {
    machine_ms() / 1000
}
