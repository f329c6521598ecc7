//! Logs: to stderr, as text where a person looks and as JSON where a machine reads.

mod lines;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::failure::{Failure, Result};
pub use lines::Flush;

/// What a server logs.
pub const SERVER: &str = "info,sqlx=warn,hyper=warn";
/// What commands log that answer for themselves.
pub const QUIET: &str = "warn";
/// What `demo` logs. Vendors that are late are part of the show, which tells of them in its own words.
pub const DEMO: &str = "warn,peeker_app::provision=error";

/// Starts logging with this filter, unless `PEEKER_LOG` has another. `PEEKER_LOG_FORMAT` is `text` or `json`. To be held
/// until the end of the process. Errors: a value of these variables that cannot be.
pub fn start(default_filter: &str) -> Result<Flush> {
    let filter = std::env::var("PEEKER_LOG").unwrap_or_else(|_| default_filter.to_owned());
    let filter = EnvFilter::try_new(&filter).map_err(|error| {
        Failure::configuration(format!(
            "PEEKER_LOG: {error}. Use a level such as info, or info,peeker_api=debug"
        ))
    })?;
    let format = std::env::var("PEEKER_LOG_FORMAT").unwrap_or_default();
    let json = match format.as_str() {
        "json" => true,
        "text" => false,
        "" => !std::io::stderr().is_terminal(),
        other => {
            let message = format!("PEEKER_LOG_FORMAT must be text or json, not {other:?}");
            return Err(Failure::configuration(message));
        }
    };
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let tell = |lines| tracing::warn!(lines, "log lines were lost");
    let (lines, flush) = lines::start(std::io::stderr(), tell)
        .map_err(|error| Failure::new("log", format!("Cannot start the log's thread: {error}")))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // It would be printed to stderr, and a print that fails is a panic.
        .log_internal_errors(false)
        .with_writer(lines);
    if json {
        builder
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .init();
    } else {
        builder
            .with_ansi(!no_colour && std::io::stderr().is_terminal())
            .init();
    }
    Ok(flush)
}

/// Tells of panics in the log rather than on stderr, where a reader that reads nothing would hold up whoever panics. With
/// `RUST_BACKTRACE` the way to it is told too.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        let backtrace = Backtrace::capture();
        let backtrace =
            (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
        tracing::error!(
            message = panic.payload_as_str().unwrap_or("a thread panicked"),
            location,
            backtrace,
            thread = std::thread::current().name(),
        );
    }));
}
