//! `GET /events/stream`: Server-Sent Events.
//!
//! The time limit of the middleware ends with the head of the answer, so a stream may last; what ends it is in
//! `peeker-app`. It costs one token of the rate limit, however long it is.

use std::collections::BTreeSet;
use std::convert::Infallible;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use futures::stream::unfold;
use peeker_app::App;
use peeker_app::events::{Cursor, EventStream, Frame, StreamRequest};
use peeker_domain::{Error, EventType};

use crate::access::{Access, Read};
use crate::error::ApiError;
use crate::extract::parameter::{boolean_text, natural_text, one_of, optional, optional_or};
use crate::extract::rule::TextRule;
use crate::extract::values::{string_schema, text};
use crate::extract::{Query, query};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Asks reverse proxies not to collect the answer before they pass it on.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

query! {
    /// The parameters of `GET /events/stream`.
    pub FollowEvents -> StreamRequest {
        /// Start after the event with this sequence number. Left out, with what happens from now on.
        after_sequence: optional(natural_text()),
        /// Only these types, separated by commas.
        #[example = "order.completed,order.failed"]
        types: optional(text(parse_types, |_| string_schema())),
        /// Also events that are sent again on request.
        replays: optional_or(boolean_text(), false),
        /// `false` ends the stream when everything that is there has been sent.
        follow: optional_or(boolean_text(), true),
    }
    => StreamRequest {
        after: after_sequence.map(|sequence| Cursor { sequence, replay: None }),
        named_in: "after_sequence",
        types,
        replays,
        follow,
    }
}

fn parse_types(text: &str) -> Result<BTreeSet<EventType>, String> {
    let one = one_of(EventType::ALL);
    text.split(',').map(|kind| one.parse(kind.trim())).collect()
}

/// Follow events
///
/// Server-Sent Events: `id` is the sequence number, `event` the type, `data` the exact body of the webhook. To go on after
/// a broken connection send the last `id` in the header `Last-Event-ID`, as browsers do by themselves; it comes before
/// `after_sequence`. Nothing is left out and nothing comes twice.
///
/// With `replays=true` the `id` has a second number, as in `42.7`, that counts replays. A comment every 15 seconds shows
/// that the stream is alive. It ends when its key is revoked and when the server stops. A key may have 10 streams open on a server;
/// each costs one request.
#[utoipa::path(
    get, path = "/events/stream", operation_id = "streamEvents", tag = "Events",
    params(
        FollowEvents,
        ("Last-Event-ID" = Option<String>, Header, description = "The last `id` that arrived."),
    ),
    responses(
        (status = 200, description = "The events, as they happen.", content_type = "text/event-stream", body = String,
            example = json!(": open\nid: 6\n\nid: 7\nevent: order.completed\ndata: {\"id\":\"evt_01KJZ4V1B6E8N2Q4R6S8T0V2W4\",…}\n\n")),
        (status = 400, description = "`invalid_request`."),
        (status = 429, description = "`rate_limited`: too many requests, or with `reason: \"too_many_streams\"` too many streams."),
    )
)]
pub async fn stream(
    State(app): State<App>,
    access: Access<Read>,
    Query(mut request): Query<FollowEvents>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if let Some(cursor) = last_event_id(&headers)? {
        (request.after, request.named_in) = (Some(cursor), "Last-Event-ID");
    }
    let stream = EventStream::open(&app, &access.actor, request).await?;
    let frames = unfold(stream, |mut stream| async {
        let frame = stream.next().await?;
        Some((Ok::<_, Infallible>(write(&frame)), stream))
    });
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (BUFFERING, HeaderValue::from_static("no")),
    ];
    Ok((headers, Body::from_stream(frames)).into_response())
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<Cursor>, Error> {
    let Some(given) = headers.get(LAST_EVENT_ID) else {
        return Ok(None);
    };
    let text = given.to_str().unwrap_or_default().trim();
    let cursor = text.parse();
    cursor
        .map(Some)
        .map_err(|error: peeker_app::events::InvalidCursor| {
            Error::invalid("Last-Event-ID", format!("Last-Event-ID {error}"))
        })
}

/// A block without `data` is no event to a client, but its `id` is remembered: that is how a client that has heard
/// nothing yet can go on where it began.
fn write(frame: &Frame) -> String {
    match frame {
        Frame::Opened(cursor) => format!(": open\nid: {cursor}\n\n"),
        Frame::Heartbeat(cursor) => format!(": heartbeat\nid: {cursor}\n\n"),
        // The body is one line: a line end inside a JSON text is always escaped.
        Frame::Event(cursor, event) => {
            format!(
                "id: {cursor}\nevent: {}\ndata: {}\n\n",
                event.kind, event.body
            )
        }
    }
}
