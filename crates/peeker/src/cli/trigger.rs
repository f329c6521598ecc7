//! `peeker trigger`: flags; what makes an event happen is in `trigger/`.

use clap::Args;
use peeker_domain::EventType;
use serde_json::{Value, json};

use crate::cli::word;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::partner_api::{Connection, PartnerApi};
use crate::trigger;

const EXAMPLES: &str = "\
Examples:
  export PEEKER_API_KEY=pk_test_…
  peeker trigger order.completed
  peeker trigger domain_import.failed --json
  peeker trigger --list

The event is no sample: it comes of real calls in your sandbox, with names that the simulated providers know, and goes \
to your webhook address and to `peeker listen`.";

/// Flags of `trigger`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The event type, such as order.completed
    #[arg(value_name = "EVENT_TYPE", required_unless_present = "list", hide_possible_values = true, value_parser = word!(EventType))]
    kind: Option<EventType>,

    /// Show all event types and how each is made to happen
    #[arg(long)]
    list: bool,

    #[command(flatten)]
    connection: Connection,
}

/// Makes an event happen, or lists what can.
pub async fn run(arguments: Arguments, output: Output) -> Result<()> {
    let Arguments {
        kind,
        list,
        connection,
    } = arguments;
    if list {
        return show_list(output);
    }
    let kind =
        kind.ok_or_else(|| Failure::new("usage", "Which event type? See: peeker trigger --list"))?;
    let api = PartnerApi::new(connection)?;
    let event = trigger::run(&api, kind, output).await?;
    output.answer(&json!({ "event": event }), |output| text(&event, output))
}

fn text(event: &Value, output: Output) -> String {
    let word = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
    let title = output.green(&format!("{} happened", word("type")));
    format!("{title}  #{}  {}", event["sequence"], word("id"))
}

fn show_list(output: Output) -> Result<()> {
    let all: Vec<Value> = EventType::ALL
        .iter()
        .map(|kind| json!({ "type": kind, "how": trigger::how(*kind) }))
        .collect();
    output.answer(&json!({ "types": all }), |output| {
        let rows = EventType::ALL
            .iter()
            .map(|kind| vec![kind.to_string(), trigger::how(*kind).to_owned()]);
        output.table(
            "",
            &["event type", "how it comes about"],
            &rows.collect::<Vec<_>>(),
        )
    })
}
