//! `POST /orders/quote`.

use axum::Json;
use axum::extract::State;
use peeker_app::App;
use peeker_domain::view::{self, Single};

use super::request::{CreateOrder, example_bundle_order, example_custom_order};
use crate::access::{Access, Quote};
use crate::error::ApiError;
use crate::extract::{Body, NoQuery};

/// See what an order would do and cost
///
/// Takes the body of `POST /orders` and changes nothing. `problems` lists everything that would make the order be
/// refused, with the code that it would be refused with. Keys with the preset `limited` may call this.
#[utoipa::path(
    post, path = "/orders/quote", operation_id = "quoteOrder", tag = "Orders",
    request_body(content = CreateOrder, examples(
        ("bundle_order" = (summary = "Sized by a bundle", value = json!(example_bundle_order()))),
        ("custom_order" = (summary = "Sized by license counts", value = json!(example_custom_order()))),
    )),
    responses(
        (status = 200, description = "The plan, the price and the problems.", body = Single<view::Quote>),
        (status = 400, description = "`invalid_request`, `provider_not_supported` or `order_shape_conflict`."),
        (status = 404, description = "`not_found`: `field` tells whether `user` or `bundle_id`."),
    )
)]
pub async fn quote(
    State(app): State<App>,
    access: Access<Quote>,
    _: NoQuery,
    Body(request): Body<CreateOrder>,
) -> Result<Json<Single<view::Quote>>, ApiError> {
    let data = peeker_app::orders::quote(&app, &access.actor, request).await?;
    Ok(Json(Single { data }))
}
