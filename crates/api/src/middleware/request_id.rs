//! Gives every request its `req_` id: in a header of the answer and in a span around all that is logged meanwhile.

use axum::extract::{OriginalUri, Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use peeker_app::App;
use peeker_domain::excerpt;
use peeker_domain::id::RequestId;
use tracing::Instrument;

/// The header that the id is sent in (contract §1).
pub(crate) const HEADER: HeaderName = HeaderName::from_static("peeker-request-id");

/// Most of a path that is on each log line of its request, in characters: more than any address of the API has.
const LOGGED_PATH: usize = 200;
/// The same of a method, which may be any word.
const LOGGED_METHOD: usize = 20;

/// Runs the request inside its span. `account` and `key` are filled in once the key is known.
pub(super) async fn run(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = RequestId::new(app.now());
    let uri = request
        .extensions()
        .get::<OriginalUri>()
        .map_or(request.uri(), |original| &original.0);
    let span = tracing::info_span!(
        "request",
        request_id = %id,
        method = %excerpt(request.method().as_str(), LOGGED_METHOD),
        path = %excerpt(uri.path(), LOGGED_PATH),
        account = tracing::field::Empty,
        key = tracing::field::Empty,
    );
    let mut response = next.run(request).instrument(span).await;
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}
