//! Domains: `/domains` (contract §3).

use std::borrow::Cow;
use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use peeker_app::App;
use peeker_app::domains::{self as use_case, DomainFilter};
use peeker_domain::name::MAX_LENGTH;
use peeker_domain::view::{self, Category, Page, Single};
use peeker_domain::{DomainName, DomainStatus, MailProvider, excerpt};
use utoipa::ToSchema;

use crate::access::{Access, Quote, Read};
use crate::error::ApiError;
use crate::extract::values::{email_text, id_text, string, word};
use crate::extract::{
    Body, Fields, List, ListQuery, NoQuery, Parameters, PathId, Refused, RequestBody,
};

/// Most names in one availability check (contract §3).
const MAX_CHECKED: usize = 50;

/// Names to be checked.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckAvailability {
    /// 1 to 50 names, none twice.
    #[schema(min_items = 1, max_items = 50, example = json!(["acme-mail.com", "acme-team.com"]))]
    pub domains: Vec<String>,
}

impl RequestBody for CheckAvailability {
    type Input = Vec<String>;

    fn read(fields: &mut Fields<'_>) -> Result<Vec<String>, Refused> {
        read_names(fields, MAX_CHECKED)
    }
}

/// Reads `domains`: 1 to `max` names, none twice. They stay as submitted: an invalid one is a row of the answer, not
/// a refusal. Only what is longer than any name is cut, and a NUL is shown as U+FFFD, since PostgreSQL keeps no text that
/// holds one.
pub(crate) fn read_names(fields: &mut Fields<'_>, max: usize) -> Result<Vec<String>, Refused> {
    let mut seen = HashMap::new();
    fields.array("domains", 1..=max, |index, item| {
        let name = item.value(|value| string(value).map(as_submitted))?;
        let first = *seen.entry(spelled_once(&name)).or_insert(index);
        if first == index {
            Ok(name)
        } else {
            Err(item.refuse(&format!("is the same name as domains[{first}]")))
        }
    })
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

/// The filters of `GET /domains`.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListDomains {
    /// Only domains in inventory, or only those on an order.
    pub category: Option<Category>,
    /// Only domains of the customer with this `usr_` id.
    pub user_id: Option<String>,
    /// Only domains of the customer with this address.
    #[param(example = "client@example.com")]
    pub user_email: Option<String>,
    /// Only domains that a new order could put this provider on.
    pub usable_for: Option<MailProvider>,
    /// Only domains with this status.
    pub status: Option<DomainStatus>,
}

impl ListQuery for DomainFilter {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            category: parameters.filter("category", word(Category::ALL)),
            user_id: parameters.filter("user_id", id_text),
            user_email: parameters.filter("user_email", email_text),
            usable_for: parameters.filter("usable_for", word(MailProvider::ALL)),
            status: parameters.filter("status", word(DomainStatus::ALL)),
        }
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
    }: List<DomainFilter>,
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
/// `stale` is being looked up anew: ask again a moment later. Counts as one request. Keys with the preset `limited` may
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
