//! Domain imports: `/domains/import` (contract §3).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use peeker_app::App;
use peeker_app::imports::{self as use_case, MAX_ASYNC, MAX_SYNC};
use peeker_domain::DomainName;
use peeker_domain::excerpt::{QUOTED, excerpt};
use peeker_domain::rate::Tokens;
use peeker_domain::view::{ImportJob, ImportedDomain, Single};

use crate::access::{Access, Metered, Read, Write};
use crate::domains::names;
use crate::error::ApiError;
use crate::extract::presence::required;
use crate::extract::values::{string_schema, text};
use crate::extract::{Body, NoQuery, PathId, Query, object, parameter, query};

/// Most names in one look-up: as many as an import takes.
const MAX_LOOKED_UP: usize = MAX_ASYNC;

object! {
    /// Domains to be imported before the answer.
    pub ImportDomains -> Vec<String> {
        /// 1 to 25 names, none twice; one that cannot be imported is a failed row of the answer.
        #[example = ["team-acme.com"]]
        domains: required(names(MAX_SYNC)),
    }
    => |_| domains
}

object! {
    /// Domains to be imported in the background.
    pub ImportDomainsLater -> Vec<String> {
        /// 1 to 500 names, none twice; one that cannot be imported is a failed row of the job.
        #[example = ["team-acme.com", "acme-crew.com"]]
        domains: required(names(MAX_ASYNC)),
    }
    => |_| domains
}

/// Import a few domains
///
/// Makes a DNS zone for each domain before it answers. The customer then sets the nameservers in
/// `nameserver_groups` at the registrar; until they are seen, the domain reads `action_required`. Importing a domain of
/// your own again is fine.
///
/// While the DNS provider takes no more zones, the answer is 429 `rate_limited` with `details.reason`
/// `cloudflare_account_capacity`, and nothing was stored: wait `details.retry_after_seconds`, or use
/// `POST /domains/import/jobs`, which waits by itself.
#[utoipa::path(
    post, path = "/domains/import", operation_id = "importDomains", tag = "Domains",
    request_body(content = ImportDomains, examples(("names" = (summary = "Two names", value = json!({
        "domains": ["team-acme.com", "acme-crew.com"]
    }))))),
    responses(
        (status = 200, description = "The import; some domains may have failed.", body = Single<ImportJob>),
        (status = 400, description = "`invalid_request`."),
    )
)]
pub async fn create(
    State(app): State<App>,
    access: Access<Write>,
    _: NoQuery,
    Body(names): Body<ImportDomains>,
) -> Result<Json<Single<ImportJob>>, ApiError> {
    let data = use_case::create(&app, &access.actor, names).await?;
    Ok(Json(Single { data }))
}

/// Import many domains
///
/// Starts a job for up to 500 domains. Sending the same set of domains again within 24 hours gives the same job.
///
/// The rate limit counts every started 25 domains as a request. A job that does not fit into what is left of the minute
/// is refused with 429 and changes nothing.
#[utoipa::path(
    post, path = "/domains/import/jobs", operation_id = "importDomainsLater", tag = "Domains",
    request_body(content = ImportDomainsLater, examples(("names" = (summary = "Two names", value = json!({
        "domains": ["team-acme.com", "acme-crew.com"]
    }))))),
    responses(
        (status = 202, description = "The job is accepted, or was before.", body = Single<ImportJob>),
        (status = 400, description = "`invalid_request`."),
    )
)]
pub async fn create_job(
    State(app): State<App>,
    access: Access<Write>,
    Metered(meter): Metered,
    _: NoQuery,
    Body(names): Body<ImportDomainsLater>,
) -> Result<(StatusCode, Json<Single<ImportJob>>), ApiError> {
    meter.weigh(Tokens::of_import(names.len())).await?;
    let data = use_case::create_job(&app, &access.actor, names).await?;
    Ok((StatusCode::ACCEPTED, Json(Single { data })))
}

/// Get an import
///
/// With the nameservers that the customer has to set.
#[utoipa::path(
    get, path = "/domains/import/{id}", operation_id = "getDomainImport", tag = "Domains",
    params(("id" = String, Path, description = "The import's `imp_` id.")),
    responses(
        (status = 200, description = "The import.", body = Single<ImportJob>),
        (status = 404, description = "`not_found`."),
    )
)]
pub async fn get(
    State(app): State<App>,
    access: Access<Read>,
    PathId(id): PathId,
    _: NoQuery,
) -> Result<Json<Single<ImportJob>>, ApiError> {
    let data = use_case::get(&app, &access.actor, &id).await?;
    Ok(Json(Single { data }))
}

/// Get an import job
///
/// The same as `GET /domains/import/{id}`; both serve every import.
#[utoipa::path(
    get, path = "/domains/import/jobs/{id}", operation_id = "getDomainImportJob", tag = "Domains",
    params(("id" = String, Path, description = "The import's `imp_` id.")),
    responses(
        (status = 200, description = "The import.", body = Single<ImportJob>),
        (status = 404, description = "`not_found`."),
    )
)]
pub async fn get_job(
    State(app): State<App>,
    access: Access<Read>,
    PathId(id): PathId,
    _: NoQuery,
) -> Result<Json<Single<ImportJob>>, ApiError> {
    let data = use_case::get(&app, &access.actor, &id).await?;
    Ok(Json(Single { data }))
}

query! {
    /// The names of a look-up.
    pub LookUpImports -> Vec<DomainName> {
        /// Names, separated by commas.
        #[example = "team-acme.com,acme-crew.com"]
        domains: parameter::required(text(parse_names, |_| string_schema())),
    }
    => domains
}

fn parse_names(text: &str) -> Result<Vec<DomainName>, String> {
    let names: Vec<DomainName> = text
        .split(',')
        .map(|name| {
            DomainName::parse(name)
                .map_err(|error| format!("holds {:?}, which {error}", excerpt(name.trim(), QUOTED)))
        })
        .collect::<Result<_, _>>()?;
    if names.len() > MAX_LOOKED_UP {
        return Err(format!("must not hold more than {MAX_LOOKED_UP} names"));
    }
    Ok(names)
}

/// Find the imports of some domains
///
/// One row per name that was ever imported, with the nameservers to set; other names are left out.
#[utoipa::path(
    get, path = "/domains/import", operation_id = "findDomainImports", tag = "Domains", params(LookUpImports),
    responses(
        (status = 200, description = "The last import of each name.", body = Single<Vec<ImportedDomain>>),
        (status = 400, description = "`invalid_request`."),
    )
)]
pub async fn find(
    State(app): State<App>,
    access: Access<Read>,
    Query(names): Query<LookUpImports>,
) -> Result<Json<Single<Vec<ImportedDomain>>>, ApiError> {
    let data = use_case::list_domains(&app, &access.actor, &names).await?;
    Ok(Json(Single { data }))
}
