//! `POST /orders`.

use axum::Json;
use axum::extract::State;
use peeker_app::App;
use peeker_domain::view::{OrderReceipt, Single};

use super::request::{CreateOrder, example_bundle_order, example_custom_order};
use crate::access::{Access, Write};
use crate::error::ApiError;
use crate::extract::{Body, NoQuery};

/// Place an order
///
/// Takes a customer, domains, personas and a sequencer log-in, sized by a bundle or by license counts of your own, and
/// sets everything up: follow it by webhooks or with `GET /orders/{id}`. Sending the same order again within 24 hours
/// gives the original order; nothing is bought or charged twice.
#[utoipa::path(
    post, path = "/orders", operation_id = "createOrder", tag = "Orders",
    request_body(content = CreateOrder, examples(
        ("bundle_order" = (summary = "Sized by a bundle", value = json!(example_bundle_order()))),
        ("custom_order" = (summary = "Sized by license counts", value = json!(example_custom_order()))),
    )),
    responses(
        (status = 200, description = "The order is accepted, or was before.", body = Single<OrderReceipt>),
        (status = 400, description = "`invalid_request`, `provider_not_supported`, `smartlead_connection_required`, \
            `smartlead_client_not_found`, `order_shape_conflict`, `domain_count_mismatch`, `domain_not_imported`, \
            `domains_not_submittable`, `domain_not_usable_for_provider` or `domain_already_in_active_order`."),
        (status = 402, description = "`insufficient_funds`."),
        (status = 404, description = "`not_found`: `field` tells whether `user` or `bundle_id`."),
    )
)]
pub async fn create(
    State(app): State<App>,
    access: Access<Write>,
    _: NoQuery,
    Body(request): Body<CreateOrder>,
) -> Result<Json<Single<OrderReceipt>>, ApiError> {
    let data = peeker_app::orders::create(&app, &access.actor, request).await?;
    Ok(Json(Single { data }))
}
