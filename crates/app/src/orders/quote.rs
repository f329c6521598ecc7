//! `POST /orders/quote`: the same checks as placing the order, but all of them, and nothing written.

use peeker_domain::money::CURRENCY;
use peeker_domain::order::OrderRequest;
use peeker_domain::plan::{Capacity, place_all};
use peeker_domain::price::{line_items, total};
use peeker_domain::view::{self, PlannedProvider, Problem, Source};
use peeker_domain::wallet::InsufficientFunds;
use peeker_domain::{Cents, Code, Error, MailProvider, Result};
use peeker_store::wallet;

use super::check::{Offer, Order, insufficient_funds};
use crate::failure::internal;
use crate::{Actor, App};

/// What an order would do and cost, with every problem at once.
///
/// A request whose bundle or customer cannot be resolved has no plan to show, so it is refused as `POST /orders`
/// refuses it. Errors: those, and 503 without live providers.
pub async fn quote(app: &App, actor: &Actor, request: OrderRequest) -> Result<view::Quote> {
    let order = Order {
        app,
        actor,
        request: &request,
        now: actor.now(app).await?,
    };
    let capacity = order.capacity().await?;
    let email = order.customer().await?;
    app.providers(actor.environment)?;
    let mut problems = Vec::new();
    let mut note = |outcome: Result<()>| match outcome {
        Err(error) if error.code != Code::InternalError => {
            problems.push(problem(error));
            Ok(())
        }
        other => other,
    };
    note(capacity.check_count(request.domains.len()))?;
    note(order.sequencer().await)?;
    let known = order.known().await?;
    note(order.overlap(&known))?;
    note(order.imported().await)?;
    let mut offers = order.inventory_offers(&known);
    order.registrar_offers(&mut offers).await?;
    let (placements, misfits) = place_all(&capacity, &order.candidates(&offers));
    for misfit in misfits {
        note(Err(misfit))?;
    }
    note(order.submittable(&offers))?;
    let costs = costs(app, &capacity, &offers);
    let balance = balance(order, &email, costs.total_cents).await?;
    let after = balance - costs.total_cents;
    if after < Cents::ZERO {
        note(Err(insufficient_funds(InsufficientFunds {
            required: costs.total_cents,
            balance,
        })))?;
    }
    let domains =
        request
            .domains
            .iter()
            .zip(&offers)
            .zip(&placements)
            .map(|((domain, offer), placement)| view::QuotedDomain {
                domain: domain.name.to_string(),
                source: offer.source,
                provider: placement.as_ref().map(|placement| placement.provider),
                price_cents: offer.prices.map(|(first_year, _)| first_year),
            });
    Ok(view::Quote {
        plan: view::QuotePlan {
            google: planned(&capacity, MailProvider::Google),
            microsoft: planned(&capacity, MailProvider::Microsoft),
        },
        domains: domains.collect(),
        costs,
        wallet: view::QuotedWallet {
            balance_cents: balance,
            after_cents: after,
        },
        problems,
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

fn planned(capacity: &Capacity, provider: MailProvider) -> PlannedProvider {
    capacity
        .provider(provider)
        .map_or_else(PlannedProvider::default, |plan| PlannedProvider {
            domains: plan.domains,
            licenses: plan.licenses,
            inboxes: plan.inboxes(),
        })
}

fn costs(app: &App, capacity: &Capacity, offers: &[Offer]) -> view::OrderCosts {
    let licenses = |provider| capacity.provider(provider).map_or(0, |plan| plan.licenses);
    let bought = offers
        .iter()
        .filter(|offer| offer.source == Source::Registered);
    let registrations: Vec<Cents> = bought
        .filter_map(|offer| offer.prices)
        .map(|(first_year, _)| first_year)
        .collect();
    let (google, microsoft) = (
        licenses(MailProvider::Google),
        licenses(MailProvider::Microsoft),
    );
    let line_items = line_items(google, microsoft, &app.settings().prices, &registrations);
    view::OrderCosts {
        total_cents: total(&line_items),
        currency: CURRENCY,
        line_items,
    }
}

/// What the wallet holds for this order. One that is filled up when an order is placed is shown as it would be then.
async fn balance(
    order: Order<'_>,
    email: &peeker_domain::EmailAddress,
    required: Cents,
) -> Result<Cents> {
    if let Some(balance) = order.simulated_balance(email) {
        return Ok(balance);
    }
    let db = &order.app.environment(order.actor.environment).db;
    wallet::spendable(db, &order.actor.account, required)
        .await
        .map_err(internal("read the wallet"))
}
