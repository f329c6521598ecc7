//! `GET /orders/{id}/inboxes`.

use axum::Json;
use axum::extract::State;
use peeker_app::App;
use peeker_domain::view::{Inbox, Page};

use crate::access::{Access, Read};
use crate::error::ApiError;
use crate::extract::{List, PathId};

/// List the inboxes of an order
///
/// An inbox appears when the work on its domain reaches it; `inbox_count` of the order tells how many there will be.
#[utoipa::path(
    get, path = "/orders/{id}/inboxes", operation_id = "listOrderInboxes", tag = "Orders",
    params(("id" = String, Path, description = "The order's `ord_` id.")),
    responses(
        (status = 200, description = "A page of inboxes.", body = Page<Inbox>),
        (status = 400, description = "`invalid_request`."),
        (status = 404, description = "`not_found`."),
    )
)]
pub async fn inboxes(
    State(app): State<App>,
    access: Access<Read>,
    PathId(id): PathId,
    List { page, frame, .. }: List<()>,
) -> Result<Json<Page<Inbox>>, ApiError> {
    let slice = peeker_app::orders::inboxes(&app, &access.actor, &id, page).await?;
    Ok(frame.reply(slice)?)
}
