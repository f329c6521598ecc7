//! `GET /webhooks/endpoint`: where events go, and whether they arrive.

use axum::Json;
use axum::extract::State;
use peeker_app::{App, webhooks};
use peeker_domain::view::{Single, WebhookEndpoint};

use crate::access::{Access, Read};
use crate::error::ApiError;
use crate::extract::NoQuery;

/// See whether your webhooks arrive
///
/// Tells where the events of the key's environment are sent and how that goes. An endpoint that has only failed for five
/// days, or that answered 410, is paused: events are kept, and sent in sequence once it works again.
#[utoipa::path(
    get, path = "/webhooks/endpoint", operation_id = "getWebhookEndpoint", tag = "Webhooks",
    responses((status = 200, description = "The endpoint; never its secrets.", body = Single<WebhookEndpoint>))
)]
pub async fn get_endpoint(
    State(app): State<App>,
    access: Access<Read>,
    _: NoQuery,
) -> Result<Json<Single<WebhookEndpoint>>, ApiError> {
    let data = webhooks::health::get(&app, &access.actor).await?;
    Ok(Json(Single { data }))
}
