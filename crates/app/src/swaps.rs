//! Swaps (contract §5): replacing a domain of an active order, renaming the inboxes of one.

use peeker_domain::id::{DomainId, SwapId};
use peeker_domain::order::Persona;
use peeker_domain::{
    Code, DomainName, Environment, Error, MailProvider, Result, SwapType, Tier, Timestamp, view,
};
use peeker_providers::Verdict;
use peeker_store::jobs::ClaimedJob;
pub use peeker_store::swaps::SwapFilter;
use peeker_store::swaps::{self as rows, Begun, NewRename, NewSwap, Replacement, Source};
use peeker_store::{StoreError, partners, users};
use serde_json::json;

use crate::availability::{self, Known, Old};
use crate::failure::internal;
use crate::failure::unless_lost;
use crate::orders::insufficient_funds;
use crate::paging::{PageRequest, Slice};
use crate::{Actor, App};

/// A wish to replace a domain.
#[derive(Debug, Clone)]
pub struct SwapRequest {
    /// Standard or premium.
    pub kind: SwapType,
    /// The domain that is to go: a `dom_` id.
    pub domain_id: String,
    /// The name that is to come.
    pub replacement: DomainName,
}

/// Begins a domain swap; a duplicate of one in flight is answered with a failed one. Errors: `not_found` and
/// `invalid_request` on `domain_id` or `type`, and those of an order on `replacement_domain`; nothing has changed then.
pub async fn create(app: &App, actor: &Actor, request: SwapRequest) -> Result<view::Swap> {
    let domain = domain_id(&request.domain_id)?;
    let now = actor.now(app).await?;
    let source = source(app, actor, &request.replacement, now).await?;
    let db = &app.environment(actor.environment).db;
    let customer = users::email_of_domain(db, &actor.account, &domain).await;
    let simulate_empty_wallet = customer
        .map_err(internal("find a customer"))?
        .is_some_and(|email| app.simulates_empty_wallet(actor.environment, &email));
    let new = NewSwap {
        account: actor.account.clone(),
        kind: request.kind,
        domain,
        replacement: Replacement {
            name: request.replacement.clone(),
            source,
        },
        premium_percent: tier(app, actor).await?.premium_swap_percent(),
        simulate_empty_wallet,
        now,
    };
    match rows::begin(db, &new).await {
        Ok(Begun::Created(swap)) => {
            let name = std::iter::once(&request.replacement);
            availability::forget(app, &actor.account, actor.environment, name).await;
            Ok(swap)
        }
        Ok(refused) => Err(refusal(refused, &request.replacement)),
        Err(StoreError::DomainsTaken(_)) => Err(taken(&request.replacement)),
        Err(error) => Err(internal("store a swap")(error)),
    }
}

fn domain_id(text: &str) -> Result<DomainId> {
    text.parse().map_err(|_| no_domain())
}

fn no_domain() -> Error {
    Error::not_found("domain").with_field("domain_id")
}

async fn tier(app: &App, actor: &Actor) -> Result<Tier> {
    let partner = partners::find(&app.0.store.control, &actor.account).await;
    let partner = partner.map_err(internal("read a partner"))?;
    partner
        .map(|partner| partner.tier)
        .ok_or_else(|| Error::internal("a key without its partner"))
}

/// What the registrar says of the replacement. Only counts when the account does not own it.
async fn source(app: &App, actor: &Actor, name: &DomainName, now: Timestamp) -> Result<Source> {
    let names = std::slice::from_ref(name);
    let (account, environment) = (&actor.account, actor.environment);
    let answers =
        availability::look_up(app, account, environment, names, Old::AskAgain, now).await?;
    Ok(match answers.into_iter().next() {
        Some(Known::Fresh(Verdict::Available {
            price,
            renewal_price,
            usable_for,
        })) => Source::Registrar {
            price,
            renewal_price,
            google_only: !usable_for.contains(&MailProvider::Microsoft),
        },
        Some(Known::Fresh(Verdict::Taken)) => Source::Elsewhere,
        Some(Known::Fresh(Verdict::Premium)) => Source::Nowhere(PREMIUM),
        Some(Known::Fresh(Verdict::Unknown)) => Source::Nowhere("unknown"),
        Some(Known::Fresh(Verdict::Errored) | Known::Stale) | None => {
            Source::Nowhere("provider_error")
        }
    })
}

/// Why a name cannot be had: a premium one has an error code of its own.
const PREMIUM: &str = "premium";

fn refusal(refused: Begun, replacement: &DomainName) -> Error {
    match refused {
        Begun::Created(_) => Error::internal("a swap that was created is no refusal"),
        Begun::NoDomain => no_domain(),
        Begun::NotConnected => refuse(
            "domain_id",
            "domain_not_connected",
            "The domain is on no active order, or about to leave it",
        ),
        Begun::NotMicrosoft => refuse(
            "type",
            "premium_microsoft_only",
            "Only Microsoft domains can be premium-swapped; use a standard swap",
        ),
        Begun::Cooldown { available_at } => refuse(
            "domain_id",
            "premium_cooldown",
            "The domain was premium-swapped in the last 30 days; wait or use a standard swap",
        )
        .with_detail("available_at", available_at.to_string()),
        Begun::OverQuota {
            limit,
            used,
            requested,
        } => refuse(
            "type",
            "premium_quota_exceeded",
            "The account's premium swaps of the last 30 days leave no room for this one; use a standard swap",
        )
        .with_detail("limit", limit)
        .with_detail("used", used)
        .with_detail("requested", requested),
        Begun::Taken => taken(replacement),
        Begun::Unusable {
            provider,
            usable_for,
        } => Error::new(
            Code::DomainNotUsableForProvider,
            format!("{replacement} cannot host {provider}; use another replacement"),
        )
        .with_field("replacement_domain")
        .with_detail("domain", replacement.as_str())
        .with_detail("provider", provider.as_str())
        .with_detail("usable_for", json!(usable_for)),
        Begun::NotToBeHad(PREMIUM) => Error::new(
            Code::PremiumDomainNotSupported,
            format!("{replacement} is a premium name, which swaps do not buy; use another"),
        )
        .with_field("replacement_domain"),
        Begun::NotToBeHad(reason) => {
            let row = json!({ "domain": replacement.as_str(), "reason": reason });
            Error::new(
                Code::DomainsNotSubmittable,
                format!("{replacement} cannot be registered; use another replacement"),
            )
            .with_field("replacement_domain")
            .with_detail("required_replacements", 1)
            .with_detail("domains_not_submittable", vec![row])
        }
        Begun::InsufficientFunds { required, balance } => insufficient_funds(required, balance),
    }
}

fn refuse(field: &str, reason: &str, message: &str) -> Error {
    Error::invalid(field, message).with_detail("reason", reason)
}

fn taken(name: &DomainName) -> Error {
    let message = format!("{name} is on an active order; use another replacement");
    Error::new(Code::DomainAlreadyInActiveOrder, message)
        .with_field("replacement_domain")
        .with_detail("domains", vec![name.as_str()])
}

/// Begins renaming the inboxes of a domain: one swap per inbox. Errors: `not_found` on `domain_id`; `invalid_request` on
/// it when the domain is on no active order or still being set up.
pub async fn rename(
    app: &App,
    actor: &Actor,
    domain: &str,
    personas: Vec<Persona>,
) -> Result<view::SwapList> {
    app.providers(actor.environment)?;
    let new = NewRename {
        account: actor.account.clone(),
        domain: domain_id(domain)?,
        personas,
        now: actor.now(app).await?,
    };
    let db = &app.environment(actor.environment).db;
    let begun = rows::begin_rename(db, &new).await;
    let swaps = begun
        .map_err(internal("store a renaming"))?
        .ok_or_else(no_domain)?;
    if swaps.is_empty() {
        return Err(refuse(
            "domain_id",
            "domain_not_connected",
            "The domain is on no active order, about to leave it, or still being set up",
        ));
    }
    Ok(view::SwapList { swaps })
}

/// A page of swaps.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: SwapFilter,
    page: PageRequest,
) -> Result<Slice<view::Swap>> {
    let db = &app.environment(actor.environment).db;
    rows::list(db, &actor.account, &filter, &page)
        .await
        .map_err(internal("list swaps"))
}

/// One swap. Errors: `not_found`.
pub async fn get(app: &App, actor: &Actor, id: &str) -> Result<view::Swap> {
    let not_found = || Error::not_found("swap");
    let id: SwapId = id.parse().map_err(|_| not_found())?;
    let db = &app.environment(actor.environment).db;
    rows::find(db, &actor.account, &id)
        .await
        .map_err(internal("find a swap"))?
        .ok_or_else(not_found)
}

/// The worker's part: the old domain of a premium swap has been warm for its 14 days.
pub(crate) async fn retire(app: &App, environment: Environment, job: &ClaimedJob) -> Result<()> {
    unless_lost(rows::retire(&app.environment(environment).db, job, app.at(job.clock)).await)
}
