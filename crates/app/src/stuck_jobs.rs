//! Work that failed on our side until it was given up, and another try of it by the operator.

use peeker_domain::{Environment, Error, JobKind, Result};
use peeker_store::stuck_jobs as rows;
pub use peeker_store::stuck_jobs::{Retried, StuckJob};

use crate::App;
use crate::failure::internal;

/// A job of an environment.
#[derive(Debug)]
pub struct Found {
    pub environment: Environment,
    pub job: StuckJob,
}

/// A job that was to be tried again, and what became of that.
#[derive(Debug)]
pub struct Outcome {
    pub found: Found,
    pub retried: Retried,
}

/// All jobs that were given up.
pub async fn dead_unscoped(app: &App) -> Result<Vec<Found>> {
    let mut dead = Vec::new();
    for &environment in Environment::ALL {
        let jobs = rows::dead_unscoped(&app.environment(environment).db).await;
        let jobs = jobs.map_err(internal("list jobs that were given up"))?;
        dead.extend(jobs.into_iter().map(|job| Found { environment, job }));
    }
    Ok(dead)
}

/// Tries all jobs again that were given up.
pub async fn retry_dead(app: &App) -> Result<Vec<Outcome>> {
    retry_all(app, dead_unscoped(app).await?).await
}

/// Tries the jobs about a subject again that have failed, of one kind or of all. Errors: `not_found` when there is none.
pub async fn retry(app: &App, subject: &str, kind: Option<JobKind>) -> Result<Vec<Outcome>> {
    let mut about = Vec::new();
    for &environment in Environment::ALL {
        let jobs = rows::about_unscoped(&app.environment(environment).db, subject).await;
        let jobs = jobs.map_err(internal("find jobs"))?.into_iter();
        let wanted = jobs.filter(|job| kind.is_none_or(|kind| kind == job.kind));
        about.extend(wanted.map(|job| Found { environment, job }));
    }
    if about.is_empty() {
        return Err(Error::not_found("job"));
    }
    retry_all(app, about).await
}

async fn retry_all(app: &App, jobs: Vec<Found>) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for found in jobs {
        let db = &app.environment(found.environment).db;
        let retried = rows::retry(db, &found.job, app.now()).await;
        let retried = retried.map_err(internal("try a job again"))?;
        outcomes.push(Outcome { found, retried });
    }
    Ok(outcomes)
}
