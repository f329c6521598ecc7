//! `POST /orders/quote`: the decision about the order, shown and not written.

use peeker_domain::order::{OrderAnswers, OrderDecision, OrderRequest, decide, usable};
use peeker_domain::plan::Capacity;
use peeker_domain::view::{self, PlannedProvider, Problem};
use peeker_domain::{Error, MailProvider, Result};

use super::inquiry::Order;
use crate::{Actor, App};

/// What an order would do and cost, with every problem at once.
///
/// A request whose bundle or customer cannot be resolved has no plan to show, so it is refused as `POST /orders`
/// refuses it. Errors: those, and 503 without live providers.
pub async fn quote(app: &App, actor: &Actor, request: OrderRequest) -> Result<view::Quote> {
    let order = Order::new(app, actor, &request);
    let (found, _) = order.find_out(None).await?;
    usable(&found.facts)?;
    order.require_providers(&found).await?;
    let (route, names) =
        tokio::try_join!(order.route(found.facts.now), order.offers(&found.facts))?;
    let answers = OrderAnswers {
        route: Some(route),
        names: Some(names),
    };
    let decision = decide(found.case(&order), &answers);
    Ok(shown(&found.basis.capacity, decision))
}

fn shown(capacity: &Capacity, decision: OrderDecision<'_>) -> view::Quote {
    let domains = decision.domains.iter().map(|planned| view::QuotedDomain {
        domain: planned.requested.name.to_string(),
        source: planned.source,
        provider: planned.allocation.map(|allocation| allocation.provider),
        price_cents: planned.prices.map(|(first_year, _)| first_year),
    });
    view::Quote {
        plan: view::QuotePlan {
            google: planned(capacity, MailProvider::Google),
            microsoft: planned(capacity, MailProvider::Microsoft),
        },
        domains: domains.collect(),
        wallet: view::QuotedWallet {
            balance_cents: decision.balance,
            after_cents: decision.balance - decision.costs.total_cents,
        },
        costs: decision.costs.clone(),
        problems: decision.into_problems().into_iter().map(problem).collect(),
    }
}

fn planned(capacity: &Capacity, provider: MailProvider) -> PlannedProvider {
    capacity
        .provider(provider)
        .map_or_else(PlannedProvider::default, |plan| PlannedProvider {
            domains: plan.domains,
            licenses: plan.licenses,
            inboxes: plan.inboxes(),
        })
}

fn problem(error: Error) -> Problem {
    let Error {
        code,
        message,
        field,
        details,
        ..
    } = error;
    Problem {
        code,
        message,
        field,
        details,
    }
}
