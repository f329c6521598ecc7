//! What only a sandbox can do: `/sandbox` (contract §7). A live key finds nothing here.

use axum::Json;
use axum::extract::State;
use peeker_app::{App, actions, sandbox as use_case};
use peeker_domain::view::{PendingAction, Single};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Access, Write};
use crate::error::ApiError;
use crate::extract::{NoBody, NoQuery, PathId};

/// Resolve a pending action
///
/// Does what the action asks for: sets the nameservers, publishes the picture, has the domain taken. The order then
/// goes on by itself. Only with a test key.
#[utoipa::path(
    post, path = "/sandbox/actions/{id}/resolve", operation_id = "resolveSandboxAction", tag = "Sandbox",
    params(("id" = String, Path, description = "The action's `act_` id.")),
    responses(
        (status = 200, description = "The action.", body = Single<PendingAction>),
        (status = 404, description = "`not_found`."),
    )
)]
pub async fn resolve_action(
    State(app): State<App>,
    access: Access<Write>,
    PathId(id): PathId,
    _: NoQuery,
    _: NoBody,
) -> Result<Json<Single<PendingAction>>, ApiError> {
    let data = actions::resolve_in_sandbox(&app, &access.actor, &id).await?;
    Ok(Json(Single { data }))
}

/// The answer to an emptied sandbox.
#[derive(Debug, Serialize, ToSchema)]
pub struct SandboxReset {
    /// `empty`
    #[schema(example = "empty")]
    pub status: &'static str,
}

/// Empty the sandbox
///
/// Removes every customer, bundle, domain, order and event of the account's sandbox. Only with a test key.
#[utoipa::path(
    post, path = "/sandbox/reset", operation_id = "resetSandbox", tag = "Sandbox",
    responses(
        (status = 200, description = "The sandbox is empty.", body = Single<SandboxReset>),
        (status = 404, description = "`not_found`."),
    )
)]
pub async fn reset(
    State(app): State<App>,
    access: Access<Write>,
    _: NoQuery,
    _: NoBody,
) -> Result<Json<Single<SandboxReset>>, ApiError> {
    use_case::reset(&app, &access.actor).await?;
    Ok(Json(Single {
        data: SandboxReset { status: "empty" },
    }))
}
