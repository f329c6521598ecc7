//! `GET /events`, `GET /events/{id}`, `GET /events/{id}/deliveries`.

use axum::Json;
use axum::extract::State;
use peeker_app::App;
use peeker_app::events::{self as use_case, EventFilter};
use peeker_domain::EventType;
use peeker_domain::id::OrderId;
use peeker_domain::view::{self, Page, Single};

use crate::access::{Access, Read};
use crate::error::ApiError;
use crate::extract::parameter::{boolean_text, filter, id, natural_text, one_of};
use crate::extract::{List, NoQuery, PathId, query};

query! {
    /// The filters of `GET /events`.
    pub ListEvents -> EventFilter {
        /// Only events of this type.
        kind as "type": filter(one_of(EventType::ALL)),
        /// Only events about the order with this `ord_` id.
        order as "order_id": filter(id::<OrderId>()),
        /// Only events that your receiver took with a 2xx, or only those that it did not (yet).
        delivered: filter(boolean_text()),
        /// Only events with a higher sequence number. The list then starts with the oldest of them, for catching up.
        after_sequence: filter(natural_text()),
    }
}

/// List events
///
/// Every event as its webhook tells it, with what became of the delivery. Newest first; with `after_sequence` oldest
/// first, so that a consumer who catches up reads forward from the last event it knows.
#[utoipa::path(
    get, path = "/events", operation_id = "listEvents", tag = "Events", params(ListEvents),
    responses(
        (status = 200, description = "A page of events.", body = Page<view::Event>),
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
    }: List<ListEvents>,
) -> Result<Json<Page<view::Event>>, ApiError> {
    let slice = use_case::list(&app, &access.actor, filter, page).await?;
    Ok(frame.reply(slice)?)
}

/// Get an event
///
/// Events are kept for 90 days unless the operator has chosen otherwise.
#[utoipa::path(
    get, path = "/events/{id}", operation_id = "getEvent", tag = "Events",
    params(("id" = String, Path, description = "The event's `evt_` id.")),
    responses(
        (status = 200, description = "The event.", body = Single<view::Event>),
        (status = 404, description = "`not_found`."),
    )
)]
pub async fn get(
    State(app): State<App>,
    access: Access<Read>,
    PathId(id): PathId,
    _: NoQuery,
) -> Result<Json<Single<view::Event>>, ApiError> {
    let data = use_case::get(&app, &access.actor, &id).await?;
    Ok(Json(Single { data }))
}

/// List the delivery attempts of an event
///
/// Newest first. The records of attempts are kept for 30 days unless the operator has chosen otherwise.
#[utoipa::path(
    get, path = "/events/{id}/deliveries", operation_id = "listEventDeliveries", tag = "Events",
    params(("id" = String, Path, description = "The event's `evt_` id.")),
    responses(
        (status = 200, description = "A page of attempts.", body = Page<view::DeliveryAttempt>),
        (status = 404, description = "`not_found`."),
    )
)]
pub async fn deliveries(
    State(app): State<App>,
    access: Access<Read>,
    PathId(id): PathId,
    List { page, frame, .. }: List<()>,
) -> Result<Json<Page<view::DeliveryAttempt>>, ApiError> {
    let slice = use_case::list_attempts(&app, &access.actor, &id, page).await?;
    Ok(frame.reply(slice)?)
}
