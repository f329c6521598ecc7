//! `POST /events/{id}/replay`, `POST /events/replay`, `GET /events/replay/{id}`.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use peeker_app::App;
use peeker_app::events::{self as use_case, ReplayWindow};
use peeker_domain::EventType;
use peeker_domain::view::{Event, EventReplay, Single};

use crate::access::{Access, Metered, Read, Write};
use crate::error::ApiError;
use crate::extract::presence::{optional, optional_or, required};
use crate::extract::rule::list_of;
use crate::extract::values::{boolean, event_type, timestamp};
use crate::extract::{Body, NoBody, NoQuery, PathId, object};

/// Send an event again
///
/// Sends the same event, with the same id and the same bytes, now, whatever became of it before. Attempts go on being
/// counted; the schedule of retries starts anew.
#[utoipa::path(
    post, path = "/events/{id}/replay", operation_id = "replayEvent", tag = "Events",
    params(("id" = String, Path, description = "The event's `evt_` id.")),
    responses(
        (status = 200, description = "The event, in line to be sent.", body = Single<Event>),
        (status = 404, description = "`not_found`."),
    )
)]
pub async fn replay(
    State(app): State<App>,
    access: Access<Write>,
    PathId(id): PathId,
    _: NoQuery,
    _: NoBody,
) -> Result<Json<Single<Event>>, ApiError> {
    let data = use_case::replay(&app, &access.actor, &id).await?;
    Ok(Json(Single { data }))
}

object! {
    /// A window of time whose events are to be sent again.
    pub ReplayEvents -> ReplayWindow {
        /// The window starts with this.
        since: required(timestamp()),
        /// The window ends before this.
        until: required(timestamp()),
        /// Only these types; left out, all.
        types: optional(list_of(1..=EventType::ALL.len(), event_type())),
        /// Only events that never arrived, because they were given up or had no address to go to. Left out, all.
        only_failed: optional_or(boolean(), false),
    }
    => |_| Ok(ReplayWindow {
        since: since?,
        until: until?,
        types: types?.map(BTreeSet::from_iter),
        only_failed: only_failed?,
    })
}

/// Send the events of a window of time again
///
/// Starts a job that puts every matching event in line, a few hundred a second. Only events that are there when the job
/// is accepted count. The same window with the same choice, asked for again while its job runs, is the same job.
///
/// The rate limit counts every started 10,000 matching events as a request.
#[utoipa::path(
    post, path = "/events/replay", operation_id = "replayEvents", tag = "Events",
    request_body(content = ReplayEvents, examples(("outage" = (summary = "What an outage missed", value = json!({
        "since": "2026-05-08T12:00:00Z", "until": "2026-05-08T13:00:00Z", "only_failed": true
    }))))),
    responses(
        (status = 202, description = "The job.", body = Single<EventReplay>),
        (status = 400, description = "`invalid_request`."),
    )
)]
pub async fn replay_window(
    State(app): State<App>,
    access: Access<Write>,
    Metered(meter): Metered,
    _: NoQuery,
    Body(window): Body<ReplayEvents>,
) -> Result<(StatusCode, Json<Single<EventReplay>>), ApiError> {
    let data = use_case::replay_window(&app, &access.actor, &meter, window).await?;
    Ok((StatusCode::ACCEPTED, Json(Single { data })))
}

/// Get a replay job
///
/// `replayed_count` grows until the status is `completed`. With `only_failed` it may end below `matched_count`, when
/// some of the events have arrived in the meantime.
#[utoipa::path(
    get, path = "/events/replay/{id}", operation_id = "getEventReplay", tag = "Events",
    params(("id" = String, Path, description = "The job's `rpl_` id.")),
    responses(
        (status = 200, description = "The job.", body = Single<EventReplay>),
        (status = 404, description = "`not_found`."),
    )
)]
pub async fn get(
    State(app): State<App>,
    access: Access<Read>,
    PathId(id): PathId,
    _: NoQuery,
) -> Result<Json<Single<EventReplay>>, ApiError> {
    let data = use_case::get_replay(&app, &access.actor, &id).await?;
    Ok(Json(Single { data }))
}
