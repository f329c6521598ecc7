//! Whether the databases can be read and written, for load balancers.

use std::time::Instant;

use peeker_domain::{Error, Result};
use tokio::sync::Mutex;

use crate::App;

/// What the last look found. Behind a lock that is held while somebody looks, so that many who ask at once share one
/// look, and anybody may ask as often as he likes.
#[derive(Default)]
pub(crate) struct Readiness(Mutex<Option<Seen>>);

struct Seen {
    at: Instant,
    ready: bool,
}

/// Whether all databases can be read and written; a commit to each of them proves it. What was found stands for
/// [`Settings::readiness_interval`](crate::Settings). Errors: `internal_error`, 503.
pub async fn check(app: &App) -> Result<()> {
    let down = || Error::unavailable("The database cannot be read or written");
    let mut last = app.0.readiness.0.lock().await;
    if let Some(seen) = &*last
        && seen.at.elapsed() < app.settings().readiness_interval
    {
        return if seen.ready { Ok(()) } else { Err(down()) };
    }
    let found = app.store().probe().await;
    *last = Some(Seen {
        at: Instant::now(),
        ready: found.is_ok(),
    });
    found.map_err(|error| down().with_source(error))
}
