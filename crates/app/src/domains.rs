//! Domains (contract §3).

use std::collections::HashMap;

use peeker_domain::id::DomainId;
use peeker_domain::money::CURRENCY;
use peeker_domain::order::KnownDomain;
use peeker_domain::view::UnavailableReason;
use peeker_domain::{DomainName, Error, Result, view};
use peeker_providers::Verdict;
use peeker_store::domains as rows;
pub use peeker_store::domains::DomainFilter;

use crate::availability::{self, Known, Old};
use crate::failure::internal;
use crate::paging::{PageRequest, Slice};
use crate::{Actor, App};

/// A page of domains.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: DomainFilter,
    page: PageRequest,
) -> Result<Slice<view::Domain>> {
    let db = &app.environment(actor.environment).db;
    rows::list(db, &actor.account, &filter, &page)
        .await
        .map_err(internal("list domains"))
}

/// One domain. Errors: `not_found`.
pub async fn get(app: &App, actor: &Actor, id: &str) -> Result<view::Domain> {
    let db = &app.environment(actor.environment).db;
    let not_found = || Error::not_found("domain");
    let id: DomainId = id.parse().map_err(|_| not_found())?;
    rows::find(db, &actor.account, &id)
        .await
        .map_err(internal("find a domain"))?
        .ok_or_else(not_found)
}

/// Whether names (1 to 50, as submitted) can be bought, in the order given. Errors: 503 without live providers.
pub async fn availability(
    app: &App,
    actor: &Actor,
    names: Vec<String>,
) -> Result<view::AvailabilityList> {
    app.providers(actor.environment)?;
    let parsed: Vec<Option<DomainName>> = names
        .iter()
        .map(|name| DomainName::parse(name).ok())
        .collect();
    let valid: Vec<DomainName> = parsed.iter().flatten().cloned().collect();
    let db = &app.environment(actor.environment).db;
    let now = actor.now(app).await?;
    let ours = rows::known(db, &actor.account, &valid.iter().collect::<Vec<_>>(), now)
        .await
        .map_err(internal("find domains"))?;
    let known = availability::look_up(
        app,
        &actor.account,
        actor.environment,
        &valid,
        Old::SayStale,
        now,
    )
    .await?;
    let mut known = known.into_iter();
    let domains = names
        .into_iter()
        .zip(parsed)
        .map(|(submitted, name)| match (name, known.len()) {
            (Some(name), 1..) => answer(&ours, &name, known.next()),
            _ => unavailable(submitted, UnavailableReason::Invalid),
        })
        .collect();
    Ok(view::AvailabilityList { domains })
}

fn answer(
    ours: &HashMap<String, KnownDomain>,
    name: &DomainName,
    known: Option<Known>,
) -> view::Availability {
    // A name that the account has, or is just buying, is not for sale to it once more.
    if ours
        .get(name.as_str())
        .is_some_and(|domain| domain.owned || domain.on_order)
    {
        return unavailable(name.to_string(), UnavailableReason::Taken);
    }
    match known {
        Some(Known::Fresh(Verdict::Available {
            price,
            renewal_price,
            usable_for,
        })) => view::Availability {
            domain: name.to_string(),
            available: true,
            price_cents: Some(price),
            renewal_price_cents: Some(renewal_price),
            currency: Some(CURRENCY.to_owned()),
            usable_for: Some(usable_for),
            premium: false,
            reason: None,
        },
        Some(Known::Fresh(Verdict::Taken)) => {
            unavailable(name.to_string(), UnavailableReason::Taken)
        }
        Some(Known::Fresh(Verdict::Premium)) => {
            unavailable(name.to_string(), UnavailableReason::Premium)
        }
        Some(Known::Stale) => unavailable(name.to_string(), UnavailableReason::Stale),
        // The contract has no word of its own for a registrar that does not know the name.
        Some(Known::Fresh(Verdict::Unknown | Verdict::Errored)) | None => {
            unavailable(name.to_string(), UnavailableReason::Errored)
        }
    }
}

fn unavailable(domain: String, reason: UnavailableReason) -> view::Availability {
    view::Availability {
        domain,
        available: false,
        price_cents: None,
        renewal_price_cents: None,
        currency: None,
        usable_for: None,
        premium: reason == UnavailableReason::Premium,
        reason: Some(reason),
    }
}
