//! `POST /orders/{id}/cancel`.

use axum::Json;
use axum::extract::State;
use peeker_app::App;
use peeker_app::cancel::{self as use_case, Scope};
use peeker_domain::order::MAX_DOMAINS;
use peeker_domain::view::{OrderDetail, Single};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use crate::access::{Access, Write};
use crate::domains::read_names;
use crate::error::ApiError;
use crate::extract::values::string;
use crate::extract::{Fields, NoQuery, OptionalBody, PathId, Refused, RequestBody};
use crate::openapi::word_schema;

/// What is to be cancelled; nothing means the whole order.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelOrder {
    /// `order`: the whole order. Not together with `domains`.
    #[schema(schema_with = scope_schema)]
    pub scope: Option<String>,
    /// Names or `dom_` ids of the domains that are to leave.
    #[schema(min_items = 1, nullable = false, example = json!(["acme-mail.com"]))]
    pub domains: Option<Vec<String>>,
}

fn scope_schema() -> Object {
    word_schema(
        &["order"],
        "`order`: the whole order. Not together with `domains`.",
    )
}

impl RequestBody for CancelOrder {
    type Input = Scope;

    fn read(fields: &mut Fields<'_>) -> Result<Scope, Refused> {
        let scope = fields.optional("scope", |value| match string(value)? {
            "order" => Ok(()),
            _ => Err("must be order".to_owned()),
        });
        if !fields.has("domains") {
            return scope.map(|_| Scope::Order);
        }
        let domains = read_names(fields, MAX_DOMAINS);
        if scope?.is_some() {
            return Err(fields.refuse("domains", "must not come together with scope"));
        }
        domains.map(Scope::Domains)
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
    let data = use_case::schedule(&app, &access.actor, &id, scope.unwrap_or(Scope::Order)).await?;
    Ok(Json(Single { data }))
}
