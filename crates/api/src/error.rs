//! The one way an error leaves the API: a status by code and the envelope of contract §1.
//!
//! What must stay true: the cause of an internal error goes to the log, once, here, and never to the partner.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use peeker_domain::view::any_object_schema;
use peeker_domain::{Code, Error};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

/// What a partner reads when the fault is ours, whatever the cause.
const INTERNAL_MESSAGE: &str = "Something went wrong on our side; retrying is safe";

/// An error on its way to the partner: the domain's error and the status it is sent with.
///
/// Boxed, because every handler returns it and the good case should not carry its size.
#[derive(Debug)]
pub struct ApiError(Box<(StatusCode, Error)>);

impl ApiError {
    /// A refusal by the protocol rather than by a rule: the code is `invalid_request` (or `not_found` with 404), the
    /// status is the protocol's own (contract §1: 404, 405, 413, 415).
    pub fn protocol(status: StatusCode, message: impl Into<String>) -> Self {
        let code = if status == StatusCode::NOT_FOUND {
            Code::NotFound
        } else {
            Code::InvalidRequest
        };
        Self(Box::new((status, Error::new(code, message))))
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let status = if error.unavailable {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            status(error.code)
        };
        Self(Box::new((status, error)))
    }
}

/// The status of a code, as the contract's table gives it.
fn status(code: Code) -> StatusCode {
    match code {
        Code::Unauthorized => StatusCode::UNAUTHORIZED,
        Code::Forbidden => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::InsufficientFunds => StatusCode::PAYMENT_REQUIRED,
        Code::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
        Code::InvalidRequest
        | Code::ProviderNotSupported
        | Code::SmartleadConnectionRequired
        | Code::SmartleadClientNotFound
        | Code::OrderShapeConflict
        | Code::DomainCountMismatch
        | Code::DomainNotImported
        | Code::DomainsNotSubmittable
        | Code::PremiumDomainNotSupported
        | Code::DomainNotUsableForProvider
        | Code::DomainAlreadyInActiveOrder => StatusCode::BAD_REQUEST,
    }
}

/// What every 4xx and 5xx answer holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorEnvelope {
    /// What went wrong.
    pub error: ErrorBody,
}

/// A code to branch on, a sentence to read, and what is known beside it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// What went wrong, in a closed list.
    pub code: Code,
    /// The same for people; may be reworded at any time.
    #[schema(example = "personas[0].last_name is required")]
    pub message: String,
    /// The request field or parameter at fault, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "personas[0].last_name")]
    pub field: Option<String>,
    /// More, in the shape that belongs to the code; `violations` lists the wrong fields when there are several.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(schema_with = details_schema, required = false)]
    pub details: Map<String, Value>,
}

fn details_schema() -> Object {
    let what = "More, in the shape that belongs to the code; `violations` lists the wrong fields when there are several.";
    any_object_schema(what)
}

impl ErrorBody {
    /// What of an error a partner may see: of an internal one, nothing but that it happened.
    pub(crate) fn of(error: Error) -> Self {
        if error.code == Code::InternalError && !error.unavailable {
            return Self {
                code: error.code,
                message: INTERNAL_MESSAGE.to_owned(),
                field: None,
                details: Map::new(),
            };
        }
        let error = error.within_limits();
        Self {
            code: error.code,
            message: error.message,
            field: error.field,
            details: error.details,
        }
    }
}

/// Marks a response that is already in the envelope, so that the net for the framework's refusals leaves it alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InEnvelope;

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, error) = *self.0;
        if error.code == Code::InternalError {
            if error.unavailable {
                tracing::warn!(error = error.chain(), "a needed part is not available");
            } else {
                tracing::error!(
                    error = error.chain(),
                    "the request failed for an internal reason"
                );
            }
        }
        let retry_after = error
            .details
            .get("retry_after_seconds")
            .and_then(Value::as_u64);
        let mut response = (
            status,
            Json(ErrorEnvelope {
                error: ErrorBody::of(error),
            }),
        )
            .into_response();
        if status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let (StatusCode::TOO_MANY_REQUESTS, Some(seconds)) = (status, retry_after) {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(InEnvelope);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn shown(error: impl Into<ApiError>) -> (StatusCode, String) {
        let response = error.into().into_response();
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn empty_parts_are_left_out() {
        let (status, body) = shown(Error::not_found("order")).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        insta::assert_snapshot!(body, @r#"{"error":{"code":"not_found","message":"No such order in this account and environment"}}"#);
        let (_, body) = shown(Error::invalid("name", "name is required").with_detail("n", 1)).await;
        insta::assert_snapshot!(body, @r#"{"error":{"code":"invalid_request","message":"name is required","field":"name","details":{"n":1}}}"#);
    }

    #[tokio::test]
    async fn an_internal_error_shows_nothing_of_its_cause() {
        let leaky = Error::new(Code::InternalError, "table `orders` is locked")
            .with_source("disk 7")
            .with_detail("a", 1);
        let (status, body) = shown(leaky).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        insta::assert_snapshot!(body, @r#"{"error":{"code":"internal_error","message":"Something went wrong on our side; retrying is safe"}}"#);
    }

    #[tokio::test]
    async fn an_unavailable_part_is_named_with_503() {
        let (status, body) = shown(Error::unavailable("No live registrar is configured")).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(body.contains("No live registrar is configured"), "{body}");
    }

    #[test]
    fn refusals_say_what_to_do_in_a_header() {
        let limited = Error::new(Code::RateLimited, "Too many requests")
            .with_detail("retry_after_seconds", 7);
        assert_eq!(
            ApiError::from(limited).into_response().headers()[RETRY_AFTER],
            "7"
        );
        let nobody = ApiError::from(Error::new(Code::Unauthorized, "No key"));
        assert_eq!(nobody.into_response().headers()[WWW_AUTHENTICATE], "Bearer");
    }

    #[tokio::test]
    async fn protocol_refusals_keep_their_status() {
        let (status, body) = shown(ApiError::protocol(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Send JSON",
        ))
        .await;
        assert_eq!(status.as_u16(), 415);
        assert!(body.contains("invalid_request"), "{body}");
    }
}
