//! No body above 1 MiB (contract §1): refused at once when the length is announced, else when it is read.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::Limited;

use crate::extract;

/// Largest body, in bytes.
const MAX_BYTES: usize = 1024 * 1024;

/// Holds the body to the limit.
pub(super) async fn run(request: Request, next: Next) -> Response {
    let announced = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MAX_BYTES as u64) {
        return extract::too_large().into_response();
    }
    next.run(request.map(|body| Body::new(Limited::new(body, MAX_BYTES))))
        .await
}
