//! No request may hold a connection for longer than half a minute.

use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use peeker_domain::Error;

use crate::error::ApiError;

/// How long a request may take, its body included.
const LIMIT: Duration = Duration::from_secs(30);

/// Answers 503 when the time is up.
pub(super) async fn run(request: Request, next: Next) -> Response {
    let outcome = tokio::time::timeout(LIMIT, next.run(request)).await;
    outcome.unwrap_or_else(|_| {
        let message =
            "The request took too long and was given up; repeating the same request is safe";
        ApiError::from(Error::unavailable(message)).into_response()
    })
}
