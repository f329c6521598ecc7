//! What only the operator can do, because a vendor has no API for it: the list, and ticking off.

use peeker_domain::id::TaskId;
use peeker_domain::vendor::{OperatorTask, TaskState};
use peeker_domain::{Error, Result};
use peeker_providers::registry::check_answer;
use peeker_store::operator_tasks as rows;
pub use peeker_store::operator_tasks::Task;
use peeker_store::stuck_jobs::hurry_unscoped;

use crate::App;
use crate::failure::internal;

/// Most tasks in one list.
pub const MOST_LISTED: u64 = 500;

/// The tasks that wait, oldest first, and how many there are in all.
pub async fn open(app: &App) -> Result<(Vec<Task>, u64)> {
    let db = &app.0.store.live.db;
    let tasks = rows::open_unscoped(db, MOST_LISTED).await;
    let tasks = tasks.map_err(internal("list operator tasks"))?;
    let count = rows::count_open_unscoped(db).await;
    Ok((tasks, count.map_err(internal("count operator tasks"))?))
}

/// Ticks a task off, with what it asks for, and has the domain's work go on. Doing it again with the same
/// answer is the same. Errors: `not_found`; `invalid_request` on `answer`.
pub async fn done(app: &App, id: &TaskId, answer: Option<&str>) -> Result<Task> {
    let db = &app.0.store.live.db;
    let find = rows::find_unscoped(db, id).await;
    let task = find.map_err(internal("find an operator task"))?;
    let task = task.ok_or_else(|| Error::not_found("task"))?;
    let answer = answer.map(str::trim).filter(|answer| !answer.is_empty());
    if task.state == TaskState::Done {
        return if task.answer.as_deref() == answer {
            Ok(task)
        } else {
            let message = "This task was done before, with another answer; that one is in use";
            Err(Error::invalid("answer", message))
        };
    }
    check(task.kind, answer)?;
    let now = app.now();
    rows::done(db, &task, answer, now)
        .await
        .map_err(internal("tick an operator task off"))?;
    hurry_unscoped(db, Some((&task.account_id, &task.domain)), now)
        .await
        .map_err(internal("have a domain's work go on"))?;
    Ok(Task {
        state: TaskState::Done,
        answer: answer.map(ToOwned::to_owned),
        done_at: Some(now),
        ..task
    })
}

/// Whether the answer is what the task asks for.
fn check(kind: OperatorTask, answer: Option<&str>) -> Result<()> {
    match (kind.wants_answer(), answer) {
        (true, None) => Err(Error::invalid(
            "answer",
            format!("{kind} needs an answer: {}", kind.answer_help()),
        )),
        (true, Some(answer)) => {
            check_answer(kind, answer).map_err(|problem| Error::invalid("answer", problem))
        }
        (false, Some(_)) => Err(Error::invalid("answer", format!("{kind} takes no answer"))),
        (false, None) => Ok(()),
    }
}
