//! Domain forwarding jobs: `/domains/forwarding` (contract §3).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use peeker_app::App;
use peeker_app::forwarding::{self as use_case, MAX_DOMAINS};
use peeker_domain::WebUrl;
use peeker_domain::view::{ForwardingJob, Single};

use crate::access::{Access, Read, Write};
use crate::domains::names;
use crate::error::ApiError;
use crate::extract::presence::required;
use crate::extract::values::web_url;
use crate::extract::{Body, NoQuery, PathId, object};

object! {
    /// Domains and their new target.
    pub ForwardDomains -> (Vec<String>, WebUrl) {
        /// 1 to 25 names or `dom_` ids, none twice; one that is not yours is a failed row of the job.
        #[example = ["acme-mail.com"]]
        domains: required(names(MAX_DOMAINS)),
        /// Where their web addresses redirect to.
        #[example = "https://www.example.com"]
        forwarding_url: required(web_url()),
    }
    => |_| Ok((domains?, forwarding_url?))
}

/// Forward domains
///
/// Starts a job that redirects the web addresses of domains to one target. Domains that redirect there already count as
/// completed; a target that cannot be reached is a failed row, not a refusal.
#[utoipa::path(
    post, path = "/domains/forwarding", operation_id = "forwardDomains", tag = "Domains",
    request_body(content = ForwardDomains, examples(("one_target" = (summary = "Two domains, one target", value = json!({
        "domains": ["acme-mail.com", "acme-team.com"], "forwarding_url": "https://www.example.com"
    }))))),
    responses(
        (status = 202, description = "The job is accepted.", body = Single<ForwardingJob>),
        (status = 400, description = "`invalid_request`."),
    )
)]
pub async fn create(
    State(app): State<App>,
    access: Access<Write>,
    _: NoQuery,
    Body((domains, url)): Body<ForwardDomains>,
) -> Result<(StatusCode, Json<Single<ForwardingJob>>), ApiError> {
    let data = use_case::create(&app, &access.actor, domains, url).await?;
    Ok((StatusCode::ACCEPTED, Json(Single { data })))
}

/// Get a forwarding job
///
/// With every domain that redirects to the target now, and why others do not.
#[utoipa::path(
    get, path = "/domains/forwarding/{id}", operation_id = "getDomainForwarding", tag = "Domains",
    params(("id" = String, Path, description = "The job's `fwj_` id.")),
    responses(
        (status = 200, description = "The job.", body = Single<ForwardingJob>),
        (status = 404, description = "`not_found`."),
    )
)]
pub async fn get(
    State(app): State<App>,
    access: Access<Read>,
    PathId(id): PathId,
    _: NoQuery,
) -> Result<Json<Single<ForwardingJob>>, ApiError> {
    let data = use_case::get(&app, &access.actor, &id).await?;
    Ok(Json(Single { data }))
}
