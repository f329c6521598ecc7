//! `peeker user`: what an operator does for a partner's customers.

use clap::{Args, Subcommand};
use peeker_app::users::{self, Restored};
use peeker_domain::id::UserId;
use serde_json::json;

use crate::failure::Result;
use crate::global_options::Global;
use crate::installation::Installation;
use crate::output::Output;

const RESTORE_EXAMPLES: &str = "\
Examples:
  peeker user restore usr_…
  peeker user restore usr_… --json
  {\"partner\":\"org_…\",\"environment\":\"live\",\"user\":{\"id\":\"usr_…\",\"status\":\"active\",…}}

A deleted customer keeps its id, its address and its orders, and can be ordered for again once it is restored. Restoring one \
that was not deleted changes nothing.";

/// What can be done with customers.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a deleted customer active again
    Restore(Restore),
}

/// Arguments of `user restore`.
#[derive(Debug, Args)]
#[command(after_help = RESTORE_EXAMPLES)]
pub struct Restore {
    /// The customer, usr_…
    #[arg(value_name = "USER")]
    id: UserId,
}

/// Runs a command about customers.
pub async fn run(global: &Global, command: Command, output: Output) -> Result<()> {
    let Command::Restore(Restore { id }) = command;
    let app = Installation::find(global)?.open(output).await?;
    let Restored {
        account,
        environment,
        user,
    } = users::restore(&app, &id).await?;
    let answer = json!({ "partner": account, "environment": environment, "user": user });
    output.answer(&answer, |_| {
        format!(
            "{id} ({}, {environment}) of {account} is active.",
            user.email
        )
    })
}
