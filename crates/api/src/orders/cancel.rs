//! `POST /orders/{id}/cancel`.

use axum::Json;
use axum::extract::State;
use peeker_app::App;
use peeker_app::cancel::{self as use_case, Scope};
use peeker_domain::order::MAX_DOMAINS;
use peeker_domain::view::{OrderDetail, Single};

use crate::access::{Access, Write};
use crate::domains::names;
use crate::error::ApiError;
use crate::extract::presence::optional;
use crate::extract::values::word;
use crate::extract::{NoQuery, OptionalBody, PathId, object};

object! {
    /// What is to be cancelled; nothing means the whole order.
    pub CancelOrder -> Scope {
        /// `order`: the whole order. Not together with `domains`.
        scope: optional(word(&["order"])),
        /// Names or `dom_` ids of the domains that are to leave.
        #[example = ["acme-mail.com"]]
        domains: optional(names(MAX_DOMAINS)),
    }
    => |fields| {
        if scope?.is_some() && fields.has("domains") {
            return Err(fields.refuse("domains", "must not come together with scope"));
        }
        Ok(domains?.map_or(Scope::Order, Scope::Domains))
    }
}

/// Cancel an order
///
/// Schedules the end of the whole order, or of some of its domains, for the end of the paid month. Then inboxes are
/// removed, licenses end, and the domains go back to inventory. Asking again gives the same answer.
#[utoipa::path(
    post, path = "/orders/{id}/cancel", operation_id = "cancelOrder", tag = "Orders",
    params(("id" = String, Path, description = "The order's `ord_` id.")),
    request_body(content = Option<CancelOrder>, examples(
        ("whole" = (summary = "The whole order", value = json!({"scope": "order"}))),
        ("some" = (summary = "Some domains", value = json!({"domains": ["acme-mail.com"]}))),
    )),
    responses(
        (status = 200, description = "The cancellation is scheduled, or was before.", body = Single<OrderDetail>),
        (status = 400, description = "`invalid_request`: also when the order has failed or is cancelled."),
        (status = 404, description = "`not_found`."),
    )
)]
pub async fn cancel(
    State(app): State<App>,
    access: Access<Write>,
    PathId(id): PathId,
    _: NoQuery,
    OptionalBody(scope): OptionalBody<CancelOrder>,
) -> Result<Json<Single<OrderDetail>>, ApiError> {
    let data = use_case::cancel(&app, &access.actor, &id, scope.unwrap_or(Scope::Order)).await?;
    Ok(Json(Single { data }))
}
