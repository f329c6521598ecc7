//! Running the server: accepting connections, working through jobs, and stopping without losing what is under way.

mod admission;
mod connection;
mod exchange;
mod limits;
mod listener;
mod signals;
mod watched;

use std::pin::pin;

use peeker_app::{App, runner};
use tokio_util::sync::CancellationToken;

use crate::failure::{Failure, Result};
pub use limits::{Limits, Patience};
pub use listener::{Bound, Site};
pub use signals::stop_on_signal;

/// Runs the parts that were asked for until `stop`: first requests are drained, then workers, so that what a request
/// has just put in line is still begun. Errors: the workers ended by themselves, which is a bug.
pub async fn run(
    app: App,
    api: Option<Bound>,
    worker: bool,
    stop: CancellationToken,
) -> Result<()> {
    let stop_workers = CancellationToken::new();
    let _on_return = stop_workers.clone().drop_guard();
    let serving = async {
        match api {
            Some(bound) => {
                let site = Site {
                    router: peeker_api::router(app.clone()),
                    full: peeker_api::full(&app),
                };
                let serving = bound.serve(site, stop.clone());
                // Event streams have no end of their own, and would hold up the draining of requests.
                let ending = async {
                    stop.cancelled().await;
                    app.end_streams();
                };
                tokio::join!(serving, ending);
            }
            None => stop.cancelled().await,
        }
    };
    if !worker {
        serving.await;
        return Ok(());
    }
    let mut working = tokio::spawn(runner::run(app.clone(), stop_workers.clone()));
    let mut serving = pin!(serving);
    tokio::select! {
        () = &mut serving => {}
        ended = &mut working => {
            let why = ended.err().map_or_else(String::new, |error| format!(": {error}"));
            return Err(Failure::new("internal_error", format!("The workers stopped by themselves{why}")));
        }
    }
    stop_workers.cancel();
    working.await.map_err(|error| {
        Failure::new(
            "internal_error",
            format!("The workers did not stop in order: {error}"),
        )
    })
}
