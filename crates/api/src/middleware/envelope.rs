//! Puts the framework's own refusals (405, a missing file of the docs page, …) into the error envelope.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use peeker_domain::Error;

use crate::error::{ApiError, InEnvelope};

/// Rewrites an error answer that did not come from an [`ApiError`]; keeps its status. The `Allow` header of a 405 needs
/// no care: the framework adds it after this.
pub(super) async fn run(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || response.extensions().get::<InEnvelope>().is_some() {
        return response;
    }
    let mut explained = explain(status).into_response();
    for (name, value) in response.headers() {
        // What is not about the body was added on the way, such as what is left of the key's minute.
        if *name != CONTENT_LENGTH && !explained.headers().contains_key(name) {
            explained.headers_mut().insert(name, value.clone());
        }
    }
    explained
}

fn explain(status: StatusCode) -> ApiError {
    match status {
        StatusCode::NOT_FOUND => ApiError::protocol(status, "There is nothing at this address"),
        StatusCode::METHOD_NOT_ALLOWED => ApiError::protocol(
            status,
            "This address does not take this method; the Allow header names those it takes",
        ),
        _ if status.is_client_error() => {
            ApiError::protocol(status, "The request could not be read")
        }
        _ => Error::internal(format!("the framework answered {status}")).into(),
    }
}
