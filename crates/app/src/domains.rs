//! Domains (contract §3).

use peeker_domain::id::DomainId;
use peeker_domain::money::CURRENCY;
use peeker_domain::vendor::Slot;
use peeker_domain::view::UnavailableReason;
use peeker_domain::{DomainName, Error, Result, view};
use peeker_providers::Verdict;
use peeker_store::domains as rows;
pub use peeker_store::domains::DomainFilter;
use peeker_store::orders::facts::own_names;

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

/// Whether names (1 to 50, as submitted) can be ordered, in the order given. The account's own books answer for its own, and
/// the registrar is asked about the others. Errors: 503 without live providers.
pub async fn availability(
    app: &App,
    actor: &Actor,
    names: Vec<String>,
) -> Result<view::AvailabilityList> {
    app.require(actor.environment, &[Slot::Registrar]).await?;
    let parsed: Vec<Option<DomainName>> = names
        .iter()
        .map(|name| DomainName::parse(name).ok())
        .collect();
    let valid: Vec<&DomainName> = parsed.iter().flatten().collect();
    let db = &app.environment(actor.environment).db;
    let now = actor.now(app).await?;
    let ours = own_names(db, &actor.account, &valid, now)
        .await
        .map_err(internal("find domains"))?;
    let foreign: Vec<DomainName> = valid
        .into_iter()
        .filter(|name| ours.availability(name).is_none())
        .cloned()
        .collect();
    let (account, environment) = (&actor.account, actor.environment);
    let known =
        availability::look_up(app, account, environment, &foreign, Old::SayStale, now).await?;
    let mut known = known.into_iter();
    let rows = names.into_iter().zip(parsed).map(|(submitted, name)| {
        let Some(name) = name else {
            return view::Availability::refused(submitted, UnavailableReason::Invalid);
        };
        let own = ours.availability(&name);
        own.unwrap_or_else(|| of_registrar(&name, known.next()))
    });
    Ok(view::AvailabilityList {
        domains: rows.collect(),
    })
}

fn of_registrar(name: &DomainName, known: Option<Known>) -> view::Availability {
    let reason = match known {
        Some(Known::Fresh(Verdict::Available {
            price,
            renewal_price,
            usable_for,
        })) => {
            return view::Availability {
                domain: name.to_string(),
                available: true,
                owned: None,
                price_cents: Some(price),
                renewal_price_cents: Some(renewal_price),
                currency: Some(CURRENCY.to_owned()),
                usable_for: Some(usable_for),
                premium: false,
                reason: None,
                order_id: None,
            };
        }
        Some(Known::Fresh(Verdict::Taken)) => UnavailableReason::Taken,
        Some(Known::Fresh(Verdict::Premium)) => UnavailableReason::Premium,
        Some(Known::Stale) => UnavailableReason::Stale,
        // The contract has no word of its own for a registrar that does not know the name.
        Some(Known::Fresh(Verdict::Unknown | Verdict::Errored)) | None => {
            UnavailableReason::Errored
        }
    };
    view::Availability::refused(name.to_string(), reason)
}
