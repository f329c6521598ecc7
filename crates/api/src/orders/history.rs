//! `GET /orders/{id}/history`.

use axum::Json;
use axum::extract::State;
use peeker_app::App;
use peeker_domain::view::{HistoryEntry, Page};

use crate::access::{Access, Read};
use crate::error::ApiError;
use crate::extract::{List, PathId};

/// List what happened to an order
///
/// Newest first: the events about the order as a whole, and what no event tells of, such as renewals.
#[utoipa::path(
    get, path = "/orders/{id}/history", operation_id = "listOrderHistory", tag = "Orders",
    params(("id" = String, Path, description = "The order's `ord_` id.")),
    responses(
        (status = 200, description = "A page of entries.", body = Page<HistoryEntry>),
        (status = 400, description = "`invalid_request`."),
        (status = 404, description = "`not_found`."),
    )
)]
pub async fn history(
    State(app): State<App>,
    access: Access<Read>,
    PathId(id): PathId,
    List { page, frame, .. }: List<()>,
) -> Result<Json<Page<HistoryEntry>>, ApiError> {
    let slice = peeker_app::orders::history(&app, &access.actor, &id, page).await?;
    Ok(frame.reply(slice)?)
}
