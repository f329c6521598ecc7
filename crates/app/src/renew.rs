//! Money over time (docs/billing.md): charging what is due of an order, renewing at the registrar what was paid, and
//! looking after registrations that come to their end.

use peeker_domain::{Environment, Result};
use peeker_providers::{Call, ErrorClass, ProviderError};
use peeker_store::jobs::{self, ClaimedJob};
use peeker_store::orders::renew;
use peeker_store::registrations::{self as rows, Outcome, PaidYear};

use crate::failure::internal;
use crate::orders::penniless;
use crate::provision::within;
use crate::work::unless_lost;
use crate::{App, backoff};

/// Charges what is due of an order. A customer with the magic address finds nothing in the sandbox wallet, so that an
/// integration can see what follows.
pub(crate) async fn run(app: &App, environment: Environment, job: &ClaimedJob) -> Result<()> {
    let db = &app.environment(environment).db;
    let penniless = penniless(environment);
    unless_lost(renew::run(db, job, penniless, app.at(job.clock)).await)
}

/// Renews a domain at the registrar that was paid for. What is paid is tried until the registrar says yes or, for good,
/// no: a try that may have worked must not be given back.
pub(crate) async fn registration(
    app: &App,
    environment: Environment,
    job: &ClaimedJob,
) -> Result<()> {
    let db = &app.environment(environment).db;
    let year = rows::paid_year(db, &job.account, &job.subject)
        .await
        .map_err(internal("read a registration"))?;
    let outcome = match year {
        Some(year) => match at_registrar(app, environment, job, &year).await? {
            Ok(outcome) => outcome,
            Err(error) => return wait(app, environment, job, &error).await,
        },
        None => Outcome::Nothing,
    };
    unless_lost(rows::record(db, job, &outcome, app.at(job.clock)).await)
}

/// The inner error is one that the registrar may think better of.
async fn at_registrar(
    app: &App,
    environment: Environment,
    job: &ClaimedJob,
    year: &PaidYear,
) -> Result<Result<Outcome, ProviderError>> {
    let registrar = &app.providers(environment)?.registrar;
    let key = format!("{}/{}", job.subject, year.current_end.as_millis());
    let call = Call {
        account: &job.account,
        idempotency_key: &key,
        now: app.at(job.clock),
    };
    let renewed = within(registrar.renew(call, &year.name, year.current_end, year.price)).await;
    Ok(match renewed {
        Ok(registration) => Ok(Outcome::Renewed(registration.expires_at)),
        Err(error) if matches!(error.class, ErrorClass::Permanent { .. }) => {
            tracing::warn!(
                domain.id = job.subject,
                "The registrar refused another year of {}: {error}",
                year.name
            );
            Ok(Outcome::Refused)
        }
        Err(error) => Err(error),
    })
}

/// Keeps the count of attempts, so that the waits grow.
async fn wait(
    app: &App,
    environment: Environment,
    job: &ClaimedJob,
    error: &ProviderError,
) -> Result<()> {
    tracing::warn!(
        domain.id = job.subject, attempt = job.attempts, class = ?error.class,
        "The registrar did not renew a domain: {error}"
    );
    let wait_ms = match error.class {
        ErrorClass::Retry { after_ms } | ErrorClass::Quota { after_ms } => after_ms,
        ErrorClass::NeedsHuman => Some(backoff::CAP_MS),
        ErrorClass::Conflict | ErrorClass::Permanent { .. } => None,
    };
    let wait_ms = wait_ms.unwrap_or_else(|| backoff::after(job.attempts));
    let run_at = app.now().plus_millis(wait_ms);
    let db = &app.environment(environment).db;
    unless_lost(jobs::release(db, job, run_at, &error.message, false).await)
}

/// Looks after a registration that comes to its end.
pub(crate) async fn expiry(app: &App, environment: Environment, job: &ClaimedJob) -> Result<()> {
    let db = &app.environment(environment).db;
    unless_lost(rows::look_after(db, job, app.at(job.clock)).await)
}
