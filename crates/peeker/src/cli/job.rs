//! `peeker job`: work that failed on our side, and another try of it.

use clap::{Args, Subcommand};
use peeker_app::stuck_jobs::{self, Found, Outcome, Retried};
use peeker_domain::JobKind;
use serde_json::{Value, json};

use super::word;
use crate::failure::Result;
use crate::global_options::Global;
use crate::installation::Installation;
use crate::output::Output;

const LIST_EXAMPLES: &str = "\
Examples:
  peeker job list
  peeker job list --json

A job that fails on our side 60 times in a row, in a little over a day, is given up, and what it is for does not go on by \
itself. Mend the cause, then: peeker job retry.";
const RETRY_EXAMPLES: &str = "\
Examples:
  peeker job retry dom_…
  peeker job retry ord_… --kind renew
  peeker job retry --dead --json
  {\"jobs\":[{\"environment\":\"live\",\"kind\":\"provision\",\"subject\":\"dom_…\",…,\"result\":\"retried\"}]}

A job is named by what it is about. It is due at once, with all of its tries before it, and the history of its order says so. \
One that is being done now, or that has not failed and waits for its time, is left alone.";

/// What can be done with jobs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the jobs that were given up, with why
    List(List),
    /// Try jobs again that failed, now
    Retry(Retry),
}

/// Flags of `job list`: none of its own.
#[derive(Debug, Args)]
#[command(after_help = LIST_EXAMPLES)]
pub struct List {}

/// Arguments of `job retry`.
#[derive(Debug, Args)]
#[command(after_help = RETRY_EXAMPLES)]
pub struct Retry {
    /// What the job is about, such as dom_… or ord_…
    #[arg(
        value_name = "JOB",
        required_unless_present = "dead",
        conflicts_with = "dead"
    )]
    subject: Option<String>,

    /// Only the job of this kind
    #[arg(long, requires = "subject", hide_possible_values = true, value_parser = word!(JobKind))]
    kind: Option<JobKind>,

    /// All jobs that were given up
    #[arg(long)]
    dead: bool,
}

/// Runs a command about jobs.
pub async fn run(global: &Global, command: Command, output: Output) -> Result<()> {
    let app = Installation::find(global)?.open(output).await?;
    match command {
        Command::List(List {}) => {
            let dead = stuck_jobs::dead_unscoped(&app).await?;
            let rows: Vec<Value> = dead.iter().map(row).collect();
            output.answer(&json!({ "jobs": rows }), |output| list_text(&dead, output))
        }
        Command::Retry(Retry { subject, kind, .. }) => {
            let outcomes = match subject {
                Some(subject) => stuck_jobs::retry(&app, &subject, kind).await?,
                None => stuck_jobs::retry_dead(&app).await?,
            };
            let rows: Vec<Value> = outcomes.iter().map(outcome_row).collect();
            output.answer(&json!({ "jobs": rows }), |_| retry_text(&outcomes))
        }
    }
}

fn row(found: &Found) -> Value {
    let Found { environment, job } = found;
    json!({
        "environment": environment,
        "partner": job.account,
        "kind": job.kind,
        "subject": job.subject,
        "order": job.order,
        "state": job.state,
        "error": job.error,
    })
}

fn outcome_row(outcome: &Outcome) -> Value {
    let mut row = row(&outcome.found);
    row["result"] = json!(match outcome.retried {
        Retried::Now => "retried",
        Retried::Running => "running",
        Retried::Waits => "waits",
        Retried::Gone => "gone",
    });
    row
}

fn list_text(dead: &[Found], output: Output) -> String {
    if dead.is_empty() {
        return "No job was given up.".to_owned();
    }
    let row = |found: &Found| {
        let Found { environment, job } = found;
        vec![
            environment.to_string(),
            job.account.to_string(),
            job.kind.to_string(),
            job.subject.clone(),
            job.error.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = dead.iter().map(row).collect();
    let heading = ["ENV", "PARTNER", "KIND", "JOB", "LAST ERROR"];
    output.table("", &heading, &rows)
}

fn retry_text(outcomes: &[Outcome]) -> String {
    if outcomes.is_empty() {
        return "No job was given up, so there is none to try again.".to_owned();
    }
    let line = |Outcome { found, retried }: &Outcome| {
        let Found { environment, job } = found;
        let what = match retried {
            Retried::Now => "is tried again now",
            Retried::Running => "is being done at this moment",
            Retried::Waits => "has not failed; it waits for its time",
            Retried::Gone => "is done",
        };
        format!("{} of {} ({environment}) {what}", job.kind, job.subject)
    };
    outcomes.iter().map(line).collect::<Vec<_>>().join("\n")
}
