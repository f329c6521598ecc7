//! `peeker listen`: flags of the listener; listening itself is in `listen/`.

use clap::Args;
use peeker_domain::{EventType, WebUrl};

use crate::cli::word;
use crate::failure::Result;
use crate::listen::{self, Plan};
use crate::output::Output;
use crate::partner_api::{Connection, PartnerApi};
use crate::serve::stop_on_signal;

const EXAMPLES: &str = "\
Examples:
  export PEEKER_API_KEY=pk_test_…
  peeker listen --forward-to http://localhost:3000/hook
  peeker listen --forward-to http://localhost:3000/hook --key-file key.txt
  peeker listen --forward-to http://localhost:3000/hook --types order.completed,order.failed
  peeker listen --forward-to http://localhost:3000/hook --after-sequence 0    From the first event on

Your receiver gets what the server would send it: the same body, signed in both header families. It checks with the \
secret that is shown at the start, which is made from the key and stays the same. No public address is needed, and no \
webhook address has to be set. Events that are replayed come as well.";

/// Flags of `listen`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Your receiver
    #[arg(long, value_name = "URL", value_parser = |text: &str| WebUrl::parse(text).map_err(|error| error.to_string()))]
    forward_to: WebUrl,

    #[command(flatten)]
    connection: Connection,

    /// Only these event types, separated by commas
    #[arg(long, value_name = "TYPES", value_delimiter = ',', hide_possible_values = true, value_parser = word!(EventType))]
    types: Vec<EventType>,

    /// Start after the event with this number [default: with what happens from now on]
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true, value_parser = parse_sequence)]
    after_sequence: Option<u64>,
}

fn parse_sequence(text: &str) -> Result<u64, String> {
    let number = text.parse().ok();
    let number = number.filter(|number| *number <= i64::MAX.unsigned_abs());
    number.ok_or_else(|| "must be a whole number of 0 or more".to_owned())
}

/// Listens until a signal.
pub async fn run(arguments: Arguments, output: Output) -> Result<()> {
    let Arguments {
        forward_to,
        connection,
        types,
        after_sequence,
    } = arguments;
    let plan = Plan {
        api: PartnerApi::new(connection)?,
        target: forward_to.url().clone(),
        types,
        after_sequence,
    };
    let stop = stop_on_signal(|| {})?;
    stop.run_until_cancelled(listen::run(plan, output))
        .await
        .unwrap_or(Ok(()))
}
