//! Domains: `/domains` (contract §3).

use std::borrow::Cow;

use axum::Json;
use axum::extract::State;
use peeker_app::App;
use peeker_app::domains::{self as use_case, DomainFilter};
use peeker_domain::id::{OrderId, UserId};
use peeker_domain::name::MAX_LENGTH;
use peeker_domain::view::{self, Category, Page, Single};
use peeker_domain::{DomainName, DomainStatus, MailProvider, excerpt};

use crate::access::{Access, Quote, Read};
use crate::error::ApiError;
use crate::extract::parameter::{email_text, filter, id, one_of};
use crate::extract::presence::required;
use crate::extract::rule::{Rule, list_of};
use crate::extract::values::{any_text, domain_name};
use crate::extract::{Body, List, NoQuery, PathId, object, query};

/// Most names in one availability check (contract §3).
const MAX_CHECKED: usize = 50;

object! {
    /// Names to be checked.
    pub CheckAvailability -> Vec<String> {
        /// 1 to 50 names, none twice.
        #[example = ["acme-mail.com", "acme-team.com"]]
        domains: required(names(MAX_CHECKED)),
    }
    => |_| domains
}

/// 1 to `max` names, none twice. They stay as submitted: an invalid one is a row of the answer, not a refusal. Only what is
/// longer than any name is cut, and a NUL is shown as U+FFFD, since PostgreSQL keeps no text that holds one.
pub(crate) fn names(max: usize) -> impl Rule<Value = Vec<String>> {
    list_of(1..=max, any_text(as_submitted)).each_once("name", |name| spelled_once(name))
}

/// A name as it stands, unless it is longer than any can be.
fn as_submitted(name: &str) -> String {
    // The root's dot at the end is not part of the length.
    let name = match excerpt(name, MAX_LENGTH + 1) {
        Cow::Owned(_) => excerpt(name.trim(), MAX_LENGTH + 1),
        whole @ Cow::Borrowed(_) => whole,
    };
    name.replace('\0', "\u{fffd}")
}

/// One spelling for all spellings of a name, valid or not.
fn spelled_once(name: &str) -> String {
    DomainName::parse(name).map_or_else(|_| name.trim().to_lowercase(), |name| name.to_string())
}

query! {
    /// The filters of `GET /domains`.
    pub ListDomains -> DomainFilter {
        /// Only domains in inventory, or only those on an order.
        category: filter(one_of(Category::ALL)),
        /// Only the domain with this name.
        #[example = "acme-mail.com"]
        domain: filter(domain_name()),
        /// Only domains on the order with this `ord_` id.
        order_id: filter(id::<OrderId>()),
        /// Only domains of the customer with this `usr_` id.
        user_id: filter(id::<UserId>()),
        /// Only domains of the customer with this address.
        #[example = "client@example.com"]
        user_email: filter(email_text()),
        /// Only domains that a new order could put this provider on.
        usable_for: filter(one_of(MailProvider::ALL)),
        /// Only domains with this status.
        status: filter(one_of(DomainStatus::ALL)),
    }
}

/// List domains
///
/// Every domain of the account, newest first: in inventory or on an order.
#[utoipa::path(
    get, path = "/domains", operation_id = "listDomains", tag = "Domains", params(ListDomains),
    responses(
        (status = 200, description = "A page of domains.", body = Page<view::Domain>),
        (status = 400, description = "`invalid_request`."),
    )
)]
pub async fn list(
    State(app): State<App>,
    access: Access<Read>,
    List {
        filter,
        page,
        frame,
    }: List<ListDomains>,
) -> Result<Json<Page<view::Domain>>, ApiError> {
    let slice = use_case::list(&app, &access.actor, filter, page).await?;
    Ok(frame.reply(slice)?)
}

/// Get a domain
///
/// A domain keeps its `dom_` id for as long as the account exists.
#[utoipa::path(
    get, path = "/domains/{id}", operation_id = "getDomain", tag = "Domains",
    params(("id" = String, Path, description = "The domain's `dom_` id.")),
    responses(
        (status = 200, description = "The domain.", body = Single<view::Domain>),
        (status = 404, description = "`not_found`."),
    )
)]
pub async fn get(
    State(app): State<App>,
    access: Access<Read>,
    PathId(id): PathId,
    _: NoQuery,
) -> Result<Json<Single<view::Domain>>, ApiError> {
    let data = use_case::get(&app, &access.actor, &id).await?;
    Ok(Json(Single { data }))
}

/// Check which domains can be ordered
///
/// Answers in request order, one row per name; a name that cannot be ordered says why in `reason`. A row with the reason
/// `stale` is being looked up anew: ask again a moment later. A domain of yours reads `owned`: one in inventory is ordered for
/// nothing, and one on an active order says which. Counts as one request. Keys with the preset `limited` may
/// call this.
#[utoipa::path(
    post, path = "/domains/availability", operation_id = "checkDomainAvailability", tag = "Domains",
    request_body(content = CheckAvailability, examples(("names" = (summary = "Two names", value = json!({
        "domains": ["acme-mail.com", "acme-team.com"]
    }))))),
    responses(
        (status = 200, description = "One row per name.", body = Single<view::AvailabilityList>),
        (status = 400, description = "`invalid_request`."),
    )
)]
pub async fn availability(
    State(app): State<App>,
    access: Access<Quote>,
    _: NoQuery,
    Body(names): Body<CheckAvailability>,
) -> Result<Json<Single<view::AvailabilityList>>, ApiError> {
    let data = use_case::availability(&app, &access.actor, names).await?;
    Ok(Json(Single { data }))
}
