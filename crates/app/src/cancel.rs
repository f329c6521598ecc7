//! Cancelling orders (contract §4).

use peeker_domain::id::{AccountId, OrderId};
pub use peeker_domain::order::Scope;
use peeker_domain::order::{CancelRefusal, Misnamed};
use peeker_domain::{Code, DomainName, Environment, Error, Result, Violation, view};
use peeker_store::jobs::ClaimedJob;
use peeker_store::orders::{self, cancel as rows};

use crate::failure::{internal, unless_lost};
use crate::{Actor, App};

/// Cancels an order or some of its domains: what is live ends with the paid month, the rest at once; again is the same.
/// Errors: `not_found`; `invalid_request` when the order has ended or a domain is not on it.
pub async fn cancel(app: &App, actor: &Actor, id: &str, scope: Scope) -> Result<view::OrderDetail> {
    let not_found = || Error::not_found("order");
    let id: OrderId = id.parse().map_err(|_| not_found())?;
    let db = &app.environment(actor.environment).db;
    let scope = normalised(scope);
    let now = actor.now(app).await?;
    let outcome = rows::cancel(db, &actor.account, &id, &scope, now).await;
    let outcome = outcome.map_err(internal("cancel an order"))?;
    outcome.ok_or_else(not_found)?.map_err(refused)
}

/// An order that the operator has ended, and whose it is.
#[derive(Debug)]
pub struct Ended {
    pub account: AccountId,
    pub environment: Environment,
    pub order: view::OrderDetail,
}

/// Ends an order now, in whichever environment it is, with a row of its history: inboxes are removed, domains go to the
/// inventory, and what was never delivered is refunded. Errors: `not_found`; `invalid_request` when it has ended.
pub async fn by_operator(app: &App, id: &OrderId) -> Result<Ended> {
    for &environment in Environment::ALL {
        let db = &app.environment(environment).db;
        let found = orders::account_unscoped(db, id).await;
        let Some(account) = found.map_err(internal("find an order"))? else {
            continue;
        };
        let now = app.account_now(environment, &account).await?;
        let outcome = rows::cancel_now(db, &account, id, now).await;
        let outcome = outcome.map_err(internal("cancel an order"))?;
        let order = outcome
            .ok_or_else(|| Error::not_found("order"))?
            .map_err(|status| refused(CancelRefusal::Ended(status)))?;
        tracing::info!(partner.id = %account, %environment, order.id = %id, "The operator ended {id}");
        return Ok(Ended {
            account,
            environment,
            order,
        });
    }
    Err(Error::not_found("order"))
}

fn refused(refusal: CancelRefusal) -> Error {
    match refusal {
        CancelRefusal::Ended(status) => Error::new(
            Code::InvalidRequest,
            format!("The order is {status} already and cannot be cancelled"),
        ),
        CancelRefusal::Misnamed(entries) => misnamed(&entries),
    }
}

/// Tells of every entry that cannot be followed.
fn misnamed(entries: &[Misnamed]) -> Error {
    let violation = |entry: &Misnamed| {
        let field = format!("domains[{}]", entry.index);
        let message = entry.same_as.map_or_else(
            || format!("{field} is not a domain of this order"),
            |first| format!("{field} is the same domain as domains[{first}]"),
        );
        Violation::new(field, message)
    };
    let violations = entries.iter().map(violation).collect();
    Error::from_violations(violations, 0)
        .unwrap_or_else(|| Error::internal("a cancellation was refused without a reason"))
}

/// Names as they are stored; what is no name stays as it is and is found to be on no order.
fn normalised(scope: Scope) -> Scope {
    let name = |text: String| DomainName::parse(&text).map_or(text, |name| name.to_string());
    match scope {
        Scope::Order => Scope::Order,
        Scope::Domains(domains) => Scope::Domains(domains.into_iter().map(name).collect()),
    }
}

/// The worker's part: the time has come.
pub(crate) async fn run(app: &App, environment: Environment, job: &ClaimedJob) -> Result<()> {
    unless_lost(rows::carry_out(&app.environment(environment).db, job, app.at(job.clock)).await)
}
