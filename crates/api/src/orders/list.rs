//! `GET /orders`.

use axum::Json;
use axum::extract::State;
use peeker_app::App;
use peeker_app::orders::OrderFilter;
use peeker_domain::OrderStatus;
use peeker_domain::id::{BundleId, UserId};
use peeker_domain::view::{OrderReceipt, Page};

use crate::access::{Access, Read};
use crate::error::ApiError;
use crate::extract::parameter::{email_text, filter, id, one_of};
use crate::extract::{List, query};

query! {
    /// The filters of `GET /orders`.
    pub ListOrders -> OrderFilter {
        /// Only orders of the customer with this `usr_` id.
        user_id: filter(id::<UserId>()),
        /// Only orders of the customer with this address.
        #[example = "client@example.com"]
        user_email: filter(email_text()),
        /// Only orders placed with the bundle with this `bun_` id.
        bundle_id: filter(id::<BundleId>()),
        /// Only orders with this status.
        status: filter(one_of(OrderStatus::ALL)),
    }
}

/// List orders
///
/// Receipts, newest first; `GET /orders/{id}` has the detail.
#[utoipa::path(
    get, path = "/orders", operation_id = "listOrders", tag = "Orders", params(ListOrders),
    responses(
        (status = 200, description = "A page of orders.", body = Page<OrderReceipt>),
        (status = 400, description = "`invalid_request`."),
    )
)]
pub async fn list(
    State(app): State<App>,
    access: Access<Read>,
    List {
        filter,
        page,
        frame,
    }: List<ListOrders>,
) -> Result<Json<Page<OrderReceipt>>, ApiError> {
    let slice = peeker_app::orders::list(&app, &access.actor, filter, page).await?;
    Ok(frame.reply(slice)?)
}
