//! `GET /orders`.

use axum::Json;
use axum::extract::State;
use peeker_app::App;
use peeker_app::orders::OrderFilter;
use peeker_domain::OrderStatus;
use peeker_domain::view::{OrderReceipt, Page};

use crate::access::{Access, Read};
use crate::error::ApiError;
use crate::extract::values::{email_text, id_text, word};
use crate::extract::{List, ListQuery, Parameters};

/// The filters of `GET /orders`.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListOrders {
    /// Only orders of the customer with this `usr_` id.
    pub user_id: Option<String>,
    /// Only orders of the customer with this address.
    #[param(example = "client@example.com")]
    pub user_email: Option<String>,
    /// Only orders placed with the bundle with this `bun_` id.
    pub bundle_id: Option<String>,
    /// Only orders with this status.
    pub status: Option<OrderStatus>,
}

impl ListQuery for OrderFilter {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            user_id: parameters.filter("user_id", id_text),
            user_email: parameters.filter("user_email", email_text),
            bundle_id: parameters.filter("bundle_id", id_text),
            status: parameters.filter("status", word(OrderStatus::ALL)),
        }
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
    }: List<OrderFilter>,
) -> Result<Json<Page<OrderReceipt>>, ApiError> {
    let slice = peeker_app::orders::list(&app, &access.actor, filter, page).await?;
    Ok(frame.reply(slice)?)
}
