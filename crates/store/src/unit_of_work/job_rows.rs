//! How jobs that were asked for become rows.

use peeker_domain::{ClockOffset, JobState, NewJob};
use sea_orm::sea_query::{Expr, OnConflict};

use crate::entity::jobs;

/// A job as it is put into the table. `clock` is that of its account; the table knows the system's time alone.
pub(super) fn job_row(job: NewJob, clock: ClockOffset) -> jobs::Model {
    let run_at = clock.system_time(job.run_at);
    jobs::Model {
        account_id: job.account,
        kind: job.kind,
        subject: job.subject,
        order_id: job.order,
        run_at,
        attempts: 0,
        lease_token: None,
        rerun_requested: false,
        state: JobState::Ready,
        last_error: None,
        created_at: run_at,
        in_line: job.in_line,
    }
}

/// A job that is not running is brought forward; one that is, is marked to run again.
pub(super) fn bring_forward() -> OnConflict {
    OnConflict::columns([
        jobs::Column::AccountId,
        jobs::Column::Kind,
        jobs::Column::Subject,
    ])
    .value(
        jobs::Column::RunAt,
        Expr::cust("CASE WHEN jobs.lease_token IS NULL THEN excluded.run_at ELSE jobs.run_at END"),
    )
    .value(
        jobs::Column::InLine,
        Expr::cust("CASE WHEN jobs.lease_token IS NULL THEN excluded.in_line ELSE jobs.in_line END"),
    )
    .value(
        jobs::Column::RerunRequested,
        Expr::cust("jobs.lease_token IS NOT NULL"),
    )
    // What is wanted of a domain is wanted for the order that it is on now.
    .value(jobs::Column::OrderId, Expr::cust("excluded.order_id"))
    // The run that somebody wants after the present one is due at once, so this time must never lie ahead.
    .value(
        jobs::Column::CreatedAt,
        Expr::cust("CASE WHEN excluded.created_at < jobs.created_at THEN excluded.created_at ELSE jobs.created_at END"),
    )
    .value(jobs::Column::State, JobState::Ready)
    .to_owned()
}
