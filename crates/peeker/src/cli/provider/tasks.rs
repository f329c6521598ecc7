//! `peeker provider tasks` and `peeker provider done`: what only the operator can do.

use clap::Args;
use peeker_app::App;
use peeker_app::operator_tasks::{self, Task};
use peeker_domain::id::TaskId;
use serde_json::{Value, json};

use crate::failure::Result;
use crate::output::Output;

const TASKS_EXAMPLES: &str = "\
Examples:
  peeker provider tasks
  peeker provider tasks --json
  {\"tasks\":[{\"id\":\"tsk_…\",\"kind\":\"google_dkim\",\"domain\":\"…\",\"instructions\":\"…\",…}],\"open\":1}

The domain's set-up waits for each of these, and goes on by itself when it is ticked off with peeker provider done.";
const DONE_EXAMPLES: &str = "\
Examples:
  peeker provider done tsk_… --answer \"v=DKIM1; k=rsa; p=MIIB…\"
  peeker provider done tsk_… --answer \"selector1-… selector2-…\"
  peeker provider done tsk_…

What is to be entered stands in the task. It is published in the domain's zone, and looked for there before the set-up goes on.";

/// Flags of `provider tasks`: none of its own.
#[derive(Debug, Args)]
#[command(after_help = TASKS_EXAMPLES)]
pub struct Tasks {}

/// Arguments of `provider done`.
#[derive(Debug, Args)]
#[command(after_help = DONE_EXAMPLES)]
pub struct Done {
    /// The task, tsk_…
    #[arg(value_name = "TASK")]
    id: TaskId,

    /// What the task asks for
    #[arg(long, value_name = "TEXT")]
    answer: Option<String>,
}

fn row(task: &Task) -> Value {
    json!({
        "id": task.id,
        "kind": task.kind,
        "partner": task.account_id,
        "domain": task.domain,
        "provider_account": task.provider_account_id,
        "instructions": task.instructions,
        "state": task.state,
        "created_at": task.created_at,
        "done_at": task.done_at,
    })
}

pub async fn list(app: &App, Tasks {}: &Tasks, output: Output) -> Result<()> {
    let (tasks, open) = operator_tasks::open(app).await?;
    let rows: Vec<Value> = tasks.iter().map(row).collect();
    output.answer(&json!({ "tasks": rows, "open": open }), |output| {
        list_text(&tasks, open, output)
    })
}

fn list_text(tasks: &[Task], open: u64, output: Output) -> String {
    if tasks.is_empty() {
        return "Nothing waits for you.".to_owned();
    }
    let mut blocks: Vec<String> = tasks.iter().map(|task| block(task, output)).collect();
    let left = usize::try_from(open)
        .unwrap_or(0)
        .saturating_sub(tasks.len());
    if left > 0 {
        blocks.push(format!("and {left} more"));
    }
    blocks.join("\n")
}

fn block(task: &Task, output: Output) -> String {
    let heading = output.bold(&format!("{} {}", task.kind, task.domain));
    let since = output.dim(&format!("since {}", task.created_at));
    let answer = if task.kind.wants_answer() {
        " --answer …"
    } else {
        ""
    };
    format!(
        "{heading}  {since}\n  {}\n  then: peeker provider done {}{answer}",
        task.instructions, task.id
    )
}

pub async fn done(app: &App, arguments: Done, output: Output) -> Result<()> {
    let task = operator_tasks::done(app, &arguments.id, arguments.answer.as_deref()).await?;
    output.answer(&row(&task), |_| {
        format!(
            "Done: {} of {}. Its set-up goes on.",
            task.kind, task.domain
        )
    })
}
