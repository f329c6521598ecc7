//! `peeker action`: what orders wait for, done by the operator.

use clap::{Args, Subcommand};
use peeker_app::actions::{self, Resolved};
use peeker_domain::id::ActionId;
use serde_json::json;

use crate::failure::Result;
use crate::global_options::Global;
use crate::installation::Installation;
use crate::output::Output;

const RESOLVE_EXAMPLES: &str = "\
Examples:
  peeker action resolve act_…
  peeker action resolve act_… --json
  {\"resolved\":true,\"partner\":\"org_…\",\"environment\":\"live\",\"action\":{\"id\":\"act_…\",\"status\":\"resolved\",…}}

Actions end by themselves when what they ask for is done. This is for one that does not: what it blocks goes on as though it \
were done, and the history of the order says who did it. Where it is not done after all, another action is opened.";

/// What can be done with pending actions.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Let an order go on that waits for somebody
    Resolve(Resolve),
}

/// Arguments of `action resolve`.
#[derive(Debug, Args)]
#[command(after_help = RESOLVE_EXAMPLES)]
pub struct Resolve {
    /// The action, act_…
    #[arg(value_name = "ACTION")]
    id: ActionId,
}

/// Runs a command about pending actions.
pub async fn run(global: &Global, command: Command, output: Output) -> Result<()> {
    let Command::Resolve(Resolve { id }) = command;
    let app = Installation::find(global)?.open(output).await?;
    let Resolved {
        account,
        environment,
        action,
        was_open,
    } = actions::resolve_by_operator(&app, &id).await?;
    let answer = json!({
        "resolved": was_open,
        "partner": account,
        "environment": environment,
        "action": action,
    });
    output.answer(&answer, |_| {
        let (order, domain) = (&action.order_id, &action.domain);
        if was_open {
            format!("Resolved {id}. {domain} of {order} ({environment}) goes on.")
        } else {
            format!("Nothing changed: {id} about {domain} of {order} was resolved before.")
        }
    })
}
