//! `GET /orders/{id}`.

use axum::Json;
use axum::extract::State;
use peeker_app::App;
use peeker_domain::view::{OrderDetail, Single};

use crate::access::{Access, Read};
use crate::error::ApiError;
use crate::extract::{NoQuery, PathId};

/// Get an order
///
/// The order with its price lines, domains, personas and how far the work is.
#[utoipa::path(
    get, path = "/orders/{id}", operation_id = "getOrder", tag = "Orders",
    params(("id" = String, Path, description = "The order's `ord_` id.")),
    responses(
        (status = 200, description = "The order.", body = Single<OrderDetail>),
        (status = 404, description = "`not_found`."),
    )
)]
pub async fn get(
    State(app): State<App>,
    access: Access<Read>,
    PathId(id): PathId,
    _: NoQuery,
) -> Result<Json<Single<OrderDetail>>, ApiError> {
    let data = peeker_app::orders::get(&app, &access.actor, &id).await?;
    Ok(Json(Single { data }))
}
