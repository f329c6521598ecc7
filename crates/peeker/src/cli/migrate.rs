//! `peeker migrate`: bring the databases to this version's schema.

use clap::Args;
use serde_json::json;

use crate::failure::{Failure, Result, chain};
use crate::global_options::Global;
use crate::installation::Installation;
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  peeker migrate --data-dir /var/lib/peeker
  PEEKER_DATABASE_URL=postgres://peeker@db/peeker peeker migrate

A server does the same when it starts; this is for doing it before. Running it again changes nothing. Servers of the \
version before go on working.";

/// Flags of `migrate`: none of its own.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {}

/// Runs the migrations that are missing.
pub async fn run(global: &Global, output: Output) -> Result<()> {
    let installation = Installation::find(global)?;
    installation.prepare(output).await?;
    installation.close_files_to_others(output);
    let location = installation.location();
    let where_to = installation.describe();
    if !output.json {
        output.note(&format!("Migrating {where_to} …"));
    }
    let done = peeker_store::migrate(&location).await.map_err(|error| {
        Failure::new(
            "database",
            format!("Could not migrate {where_to}: {}", chain(&error)),
        )
    })?;
    let databases: Vec<_> = done
        .iter()
        .map(|(name, applied)| json!({ "name": name, "applied": applied }))
        .collect();
    output.answer(&json!({ "databases": databases }), |output| {
        let row = |(name, applied): &(&str, Vec<&str>)| {
            let what = if applied.is_empty() {
                "up to date".to_owned()
            } else {
                format!("applied {}", applied.join(", "))
            };
            vec![(*name).to_owned(), what]
        };
        let rows: Vec<_> = done.iter().map(row).collect();
        output.table("", &["DATABASE", "MIGRATIONS"], &rows)
    })
}
