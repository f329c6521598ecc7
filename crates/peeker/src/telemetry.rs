//! Logs: to stderr, as text where a person looks and as JSON where a machine reads.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::failure::{Failure, Result};

/// What a server logs.
pub const SERVER: &str = "info,sqlx=warn,hyper=warn";
/// What commands log that answer for themselves.
pub const QUIET: &str = "warn";

/// Starts logging with this filter, unless `PEEKER_LOG` has another. `PEEKER_LOG_FORMAT` is `text` or `json`.
/// Errors: a value of these variables that cannot be.
pub fn start(default_filter: &str) -> Result<()> {
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
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
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
    Ok(())
}
