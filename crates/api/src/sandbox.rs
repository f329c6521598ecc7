//! What only a sandbox can do: `/sandbox` (contract §7). A live key finds nothing here.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use peeker_app::clock::advance::{self, MAX_SECONDS};
use peeker_app::idempotency::{ClaimedKey, StoredResponse};
use peeker_app::{App, actions, sandbox as use_case};
use peeker_domain::Error;
use peeker_domain::view::{PendingAction, SandboxClock, Single, words_schema};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Access, Read, Write};
use crate::error::ApiError;
use crate::extract::presence::required;
use crate::extract::values::integer;
use crate::extract::{Body, NoBody, NoQuery, PathId, object};

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
    #[schema(schema_with = empty_schema)]
    pub status: &'static str,
}

fn empty_schema() -> utoipa::openapi::schema::Object {
    words_schema("Always the same.", &["empty"])
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
    key: Option<Extension<ClaimedKey>>,
    _: NoQuery,
    _: NoBody,
) -> Result<Json<Single<SandboxReset>>, ApiError> {
    let answer = Single {
        data: SandboxReset { status: "empty" },
    };
    let response = StoredResponse {
        status: StatusCode::OK.as_u16(),
        body: serde_json::to_vec(&answer).map_err(Error::internal)?,
    };
    let keyed = key.map(|Extension(key)| (key, response));
    use_case::reset(&app, &access.actor, keyed).await?;
    Ok(Json(answer))
}

/// Read the sandbox clock
///
/// Only with a test key.
#[utoipa::path(
    get, path = "/sandbox/clock", operation_id = "getSandboxClock", tag = "Sandbox",
    responses(
        (status = 200, description = "The clock.", body = Single<SandboxClock>),
        (status = 404, description = "`not_found`."),
    )
)]
pub async fn clock(
    State(app): State<App>,
    access: Access<Read>,
    _: NoQuery,
) -> Result<Json<Single<SandboxClock>>, ApiError> {
    let data = advance::get(&app, &access.actor).await?;
    Ok(Json(Single { data }))
}

object! {
    /// How far to move the clock.
    pub AdvanceClock -> u32 {
        /// 1 to 315,360,000 (ten years).
        #[example = 86_400]
        seconds: required(integer(1..=MAX_SECONDS)),
    }
    => |_| seconds
}

/// Advance the sandbox clock
///
/// Moves the clock of the account's sandbox forward. Everything that waits for its time happens on the way, in its order.
/// The answer waits some seconds for that; `advancing_to` is not `null` when there is more to do, which then goes on by
/// itself. Advancing again adds to it. Only with a test key.
#[utoipa::path(
    post, path = "/sandbox/clock/advance", operation_id = "advanceSandboxClock", tag = "Sandbox",
    request_body(content = AdvanceClock, examples(("a_month" = (summary = "31 days", value = json!({ "seconds": 2_678_400 }))))),
    responses(
        (status = 200, description = "The clock.", body = Single<SandboxClock>),
        (status = 400, description = "`invalid_request`."),
        (status = 404, description = "`not_found`."),
    )
)]
pub async fn advance_clock(
    State(app): State<App>,
    access: Access<Write>,
    _: NoQuery,
    Body(seconds): Body<AdvanceClock>,
) -> Result<Json<Single<SandboxClock>>, ApiError> {
    let data = advance::advance(&app, &access.actor, seconds).await?;
    Ok(Json(Single { data }))
}
