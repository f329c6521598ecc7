//! `peeker openapi`: the description of the API, for generators and for the file in the repository.

use std::io::{ErrorKind, Write};

use clap::Args;

use crate::failure::{Failure, Result};

const EXAMPLES: &str = "\
Example:
  peeker openapi > openapi.json

A running server serves the same document at /openapi.json, and a page to read it at /docs.";

/// Flags of `openapi`: none of its own.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {}

/// Prints the document. Needs no database and no configuration.
pub fn run() -> Result<()> {
    let refused =
        |error: String| Failure::new("output", format!("Cannot write the document: {error}"));
    let text = peeker_api::openapi()
        .to_pretty_json()
        .map_err(|error| refused(error.to_string()))?;
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(refused(error.to_string())),
        _ => Ok(()),
    }
}
