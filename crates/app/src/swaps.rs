//! Swaps (contract §5): replacing a domain of an active order, renaming the inboxes of one.

use peeker_domain::id::{DomainId, OrderId, SwapId};
use peeker_domain::order::{
    self, Persona, Personas, RenameRequest, SwapOffer, SwapRefusal, insufficient_funds,
};
use peeker_domain::vendor::Slot;
use peeker_domain::{
    Code, DomainName, Environment, Error, MailProvider, Result, SwapStatus, SwapType, Tier,
    Timestamp, view,
};
use peeker_providers::Verdict;
use peeker_store::jobs::ClaimedJob;
use peeker_store::swaps as rows;
use peeker_store::swaps::Cancelled;
pub use peeker_store::swaps::SwapFilter;
use peeker_store::{partners, users};
use serde_json::json;

use crate::availability::{self, Known, Old};
use crate::failure::internal;
use crate::failure::unless_lost;
use crate::paging::{PageRequest, Slice};
use crate::{Actor, App};

/// A wish to replace a domain.
#[derive(Debug, Clone)]
pub struct SwapRequest {
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
    app.require(actor.environment, &[Slot::Dns, Slot::Registrar])
        .await?;
    let now = actor.now(app).await?;
    let offer = offer(app, actor, &request.replacement, now).await?;
    let db = &app.environment(actor.environment).db;
    let customer = users::email_of_domain(db, &actor.account, &domain).await;
    let empty_wallet = customer
        .map_err(internal("find a customer"))?
        .is_some_and(|email| app.simulates_empty_wallet(actor.environment, &email));
    let wanted = order::SwapRequest {
        account: actor.account.clone(),
        id: SwapId::new(now),
        kind: request.kind,
        domain,
        replacement: request.replacement.clone(),
        new_domain_id: DomainId::new(now),
        offer,
        premium_percent: tier(app, actor).await?.premium_swap_percent(),
        now,
    };
    let accepted = rows::accept(db, &wanted, empty_wallet).await;
    let accepted = accepted.map_err(internal("store a swap"))?;
    let swap = accepted.map_err(|refused| refusal(refused, &request.replacement))?;
    let name = std::iter::once(&request.replacement);
    availability::forget(app, &actor.account, actor.environment, name).await;
    Ok(swap)
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
async fn offer(app: &App, actor: &Actor, name: &DomainName, now: Timestamp) -> Result<SwapOffer> {
    let names = std::slice::from_ref(name);
    let (account, environment) = (&actor.account, actor.environment);
    let answers =
        availability::look_up(app, account, environment, names, Old::AskAgain, now).await?;
    Ok(match answers.into_iter().next() {
        Some(Known::Fresh(Verdict::Available {
            price,
            renewal_price,
            usable_for,
        })) => SwapOffer::Registrar {
            price,
            renewal_price,
            google_only: !usable_for.contains(&MailProvider::Microsoft),
        },
        Some(Known::Fresh(Verdict::Taken)) => SwapOffer::Elsewhere,
        Some(Known::Fresh(Verdict::Premium)) => SwapOffer::Premium,
        Some(Known::Fresh(Verdict::Unknown)) => SwapOffer::Nowhere("unknown"),
        Some(Known::Fresh(Verdict::Errored) | Known::Stale) | None => {
            SwapOffer::Nowhere("provider_error")
        }
    })
}

fn refusal(refused: SwapRefusal, replacement: &DomainName) -> Error {
    match refused {
        SwapRefusal::NoDomain => no_domain(),
        SwapRefusal::NotConnected => refuse(
            "domain_id",
            "domain_not_connected",
            "The domain is on no active order, or about to leave it",
        ),
        SwapRefusal::NotMicrosoft => refuse(
            "type",
            "premium_microsoft_only",
            "Only Microsoft domains can be premium-swapped; use a standard swap",
        ),
        SwapRefusal::Cooldown { available_at } => refuse(
            "domain_id",
            "premium_cooldown",
            "The domain was premium-swapped in the last 30 days; wait or use a standard swap",
        )
        .with_detail("available_at", available_at.to_string()),
        SwapRefusal::OverQuota {
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
        SwapRefusal::Taken(order) => taken(replacement, &order),
        SwapRefusal::Unusable {
            provider,
            usable_for,
        } => unusable(replacement, provider, &usable_for),
        SwapRefusal::PremiumName => Error::new(
            Code::PremiumDomainNotSupported,
            format!("{replacement} is a premium name, which swaps do not buy; use another"),
        )
        .with_field("replacement_domain"),
        SwapRefusal::NotToBeHad(reason) => not_to_be_had(replacement, reason),
        SwapRefusal::InsufficientFunds(missing) => insufficient_funds(missing),
    }
}

fn unusable(
    replacement: &DomainName,
    provider: MailProvider,
    usable_for: &[MailProvider],
) -> Error {
    Error::new(
        Code::DomainNotUsableForProvider,
        format!("{replacement} cannot host {provider}; use another replacement"),
    )
    .with_field("replacement_domain")
    .with_detail("domain", replacement.as_str())
    .with_detail("provider", provider.as_str())
    .with_detail("usable_for", json!(usable_for))
}

fn not_to_be_had(replacement: &DomainName, reason: &str) -> Error {
    let row = json!({ "domain": replacement.as_str(), "reason": reason });
    Error::new(
        Code::DomainsNotSubmittable,
        format!("{replacement} cannot be registered; use another replacement"),
    )
    .with_field("replacement_domain")
    .with_detail("required_replacements", 1)
    .with_detail("domains_not_submittable", vec![row])
}

fn refuse(field: &str, reason: &str, message: &str) -> Error {
    Error::invalid(field, message).with_detail("reason", reason)
}

fn taken(name: &DomainName, order: &OrderId) -> Error {
    let message = format!("{name} is on an active order; use another replacement");
    Error::new(Code::DomainAlreadyInActiveOrder, message)
        .with_field("replacement_domain")
        .with_detail("domains", vec![name.as_str()])
        .with_detail("orders", vec![json!({ "domain": name, "order_id": order })])
}

/// Begins renaming the inboxes of a domain: one swap per inbox. Errors: `not_found` on `domain_id`; `invalid_request` on
/// it when the domain is on no active order or still being set up.
pub async fn rename(
    app: &App,
    actor: &Actor,
    domain: &str,
    personas: Vec<Persona>,
) -> Result<view::SwapList> {
    let wanted = RenameRequest {
        account: actor.account.clone(),
        domain: domain_id(domain)?,
        personas: Personas(personas),
        now: actor.now(app).await?,
    };
    let db = &app.environment(actor.environment).db;
    let begun = rows::accept_rename(db, &wanted).await;
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

/// Cancels a swap whose replacement is neither bought nor set up, and refunds what it paid; again is the same.
/// Errors: `not_found`; `invalid_request` when it is over or too far.
pub async fn cancel(app: &App, actor: &Actor, id: &str) -> Result<view::Swap> {
    let not_found = || Error::not_found("swap");
    let id: SwapId = id.parse().map_err(|_| not_found())?;
    let db = &app.environment(actor.environment).db;
    let now = actor.now(app).await?;
    let outcome = rows::cancel(db, &actor.account, &id, now).await;
    match outcome.map_err(internal("cancel a swap"))? {
        Some(Cancelled::Ended(swap)) => Ok(swap),
        Some(Cancelled::TooLate(status)) => Err(too_late(status)),
        None => Err(not_found()),
    }
}

fn too_late(status: SwapStatus) -> Error {
    let message = if status.is_open() {
        "The replacement is bought or being set up, so the swap cannot be cancelled any more"
            .to_owned()
    } else {
        format!("The swap is {status} already and cannot be cancelled")
    };
    Error::new(Code::InvalidRequest, message)
}

/// The worker's part: a swap has waited for 14 days.
pub(crate) async fn expire(app: &App, environment: Environment, job: &ClaimedJob) -> Result<()> {
    unless_lost(rows::expire(&app.environment(environment).db, job, app.at(job.clock)).await)
}

/// The worker's part: the old domain of a premium swap has been warm for its 14 days.
pub(crate) async fn retire(app: &App, environment: Environment, job: &ClaimedJob) -> Result<()> {
    unless_lost(rows::retire(&app.environment(environment).db, job, app.at(job.clock)).await)
}
