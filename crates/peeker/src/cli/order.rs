//! `peeker order`: what an operator does with an order that its partner cannot.

use clap::{Args, Subcommand};
use peeker_app::cancel::{self, Ended};
use peeker_domain::id::OrderId;
use serde_json::json;

use crate::failure::Result;
use crate::global_options::Global;
use crate::installation::Installation;
use crate::output::Output;

const CANCEL_EXAMPLES: &str = "\
Examples:
  peeker order cancel ord_… --now
  peeker order cancel ord_… --now --json
  {\"partner\":\"org_…\",\"environment\":\"live\",\"order\":{\"id\":\"ord_…\",\"status\":\"cancel_scheduled\",…}}

The partner can cancel an order with POST /orders/{id}/cancel; what is live then ends with the month that is paid. With --now it ends \
at once: inboxes are removed, domains go to the partner's inventory, and nothing is refunded but what was never delivered. It reads \
cancelled when the last inbox is removed.";

/// What can be done with orders.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// End an order at once
    Cancel(Cancel),
}

/// Arguments of `order cancel`.
#[derive(Debug, Args)]
#[command(after_help = CANCEL_EXAMPLES)]
pub struct Cancel {
    /// The order, ord_…
    #[arg(value_name = "ORDER")]
    id: OrderId,

    /// Says that what is live is to end now, though it is paid for
    #[arg(long, required = true)]
    now: bool,
}

/// Runs a command about orders.
pub async fn run(global: &Global, command: Command, output: Output) -> Result<()> {
    let Command::Cancel(Cancel { id, now: _ }) = command;
    let app = Installation::find(global)?.open(output).await?;
    let Ended {
        account,
        environment,
        order,
    } = cancel::by_operator(&app, &id).await?;
    let answer = json!({ "partner": account, "environment": environment, "order": order });
    output.answer(&answer, |_| {
        let status = order.status;
        format!(
            "{id} ({environment}) of {account} is {status}. What was made for it is being removed."
        )
    })
}
