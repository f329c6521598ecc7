//! Money over time (docs/billing.md): charging what is due of an order, renewing at the registrar what was paid, and
//! looking after registrations that come to their end.

use peeker_domain::id::{DomainId, OrderId};
use peeker_domain::order::RegistrarAnswer;
use peeker_domain::provider_error::{FollowUp, ProviderWork, follow_up};
use peeker_domain::{Environment, Result};
use peeker_providers::{Call, ProviderError, Registration};
use peeker_store::jobs::{self, ClaimedJob};
use peeker_store::orders::billing;
use peeker_store::registrations::{self as rows, PaidYear};
use peeker_store::users;

use crate::App;
use crate::failure::internal;
use crate::failure::unless_lost;
use crate::provider_errors::pause_ms;

/// Charges what is due of an order.
pub(crate) async fn run(app: &App, environment: Environment, job: &ClaimedJob) -> Result<()> {
    let db = &app.environment(environment).db;
    let order = OrderId::from_stored(job.subject.clone());
    let customer = users::email_of_order(db, &job.account, &order).await;
    let customer = customer.map_err(internal("find a customer"))?;
    let empty = customer.is_some_and(|email| app.simulates_empty_wallet(environment, &email));
    unless_lost(billing::run(db, job, empty, app.at(job.clock)).await)
}

/// Renews a domain at the registrar that was paid for. What is paid is tried until the registrar says yes or, for good,
/// no: a try that may have worked must not be given back.
pub(crate) async fn registration(
    app: &App,
    environment: Environment,
    job: &ClaimedJob,
) -> Result<()> {
    let db = &app.environment(environment).db;
    let domain = DomainId::from_stored(job.subject.clone());
    let year = rows::paid_year(db, &job.account, &domain)
        .await
        .map_err(internal("read a registration"))?;
    let answer = match year {
        None => RegistrarAnswer::Nothing,
        Some(year) => match at_registrar(app, environment, job, &year).await? {
            Ok(registration) => RegistrarAnswer::Renewed(registration.expires_at),
            Err(error) => {
                tracing::warn!(
                    domain.id = job.subject, attempt = job.attempts, class = ?error.class,
                    "The registrar did not renew {}: {error}", year.name
                );
                match follow_up(error.class, job.attempts, ProviderWork::Renewal) {
                    FollowUp::Retry { at_least_ms } => {
                        let ms = pause_ms(at_least_ms, job.attempts);
                        return wait(app, environment, job, ms, &error).await;
                    }
                    FollowUp::Wait { ms } => return wait(app, environment, job, ms, &error).await,
                    FollowUp::GiveUp(_) | FollowUp::FailOrder => RegistrarAnswer::Refused,
                }
            }
        },
    };
    unless_lost(rows::record(db, job, &answer, app.at(job.clock)).await)
}

async fn at_registrar(
    app: &App,
    environment: Environment,
    job: &ClaimedJob,
    year: &PaidYear,
) -> Result<Result<Registration, ProviderError>> {
    let registrar = &app.providers(environment).registrar;
    let key = format!("{}/{}", job.subject, year.current_end.as_millis());
    let call = Call {
        account: &job.account,
        idempotency_key: &key,
        now: app.at(job.clock),
    };
    let renewed = registrar.renew(call, &year.name, year.current_end, year.price);
    Ok(renewed.await.map(|bought| bought.registration))
}

/// Keeps the count of attempts, so that the waits grow.
async fn wait(
    app: &App,
    environment: Environment,
    job: &ClaimedJob,
    ms: i64,
    error: &ProviderError,
) -> Result<()> {
    let run_at = app.now().plus_millis(ms);
    let db = &app.environment(environment).db;
    unless_lost(jobs::release(db, job, run_at, &error.message, false).await)
}

/// Looks after a registration that comes to its end.
pub(crate) async fn expiry(app: &App, environment: Environment, job: &ClaimedJob) -> Result<()> {
    let db = &app.environment(environment).db;
    unless_lost(rows::look_after(db, job, app.at(job.clock)).await)
}
