//! The JSON body of a request.

use std::fmt;

use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use peeker_domain::{Code, Error};
use serde_json::Value;

use super::fields::{Fields, read_object};
use super::json;
use super::problems::Refused;
use crate::error::ApiError;

/// A type that documents a request body, or an object in one, and knows how to read it.
pub trait RequestBody {
    /// What the use-case takes.
    type Input: Send;

    /// Reads the body; what is wrong with it is noted in `fields`.
    fn read(fields: &mut Fields<'_>) -> Result<Self::Input, Refused>;
}

/// The input that a body of type `T` was read into.
///
/// Errors: 415 for a content type other than JSON, 413 above the size limit, else what is wrong with the body.
#[derive(Debug)]
pub struct Body<T: RequestBody>(pub T::Input);

impl<S: Sync, T: RequestBody> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let input = read_body::<T>(request).await?;
        let missing = || Error::new(Code::InvalidRequest, "The request needs a JSON body");
        Ok(Self(input.ok_or_else(missing)?))
    }
}

/// The input that a body of type `T` was read into; `None` when there is no body, or `null` in its place.
#[derive(Debug)]
pub struct OptionalBody<T: RequestBody>(pub Option<T::Input>);

impl<S: Sync, T: RequestBody> FromRequest<S> for OptionalBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        read_body::<T>(request).await.map(Self)
    }
}

/// Refuses every body but an empty one, `{}` and `null`.
#[derive(Debug)]
pub struct NoBody;

impl RequestBody for NoBody {
    type Input = ();

    fn read(_: &mut Fields<'_>) -> Result<(), Refused> {
        Ok(())
    }
}

impl<S: Sync> FromRequest<S> for NoBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        read_body::<Self>(request).await.map(|_| Self)
    }
}

/// Reads a body, if there is one. `null` is none: clients whose language has no other word for nothing send it.
async fn read_body<T: RequestBody>(request: Request) -> Result<Option<T::Input>, ApiError> {
    let (parts, body) = request.into_parts();
    let bytes = collect(body).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if !is_json(&parts.headers) {
        let message = "The content type must be application/json";
        return Err(ApiError::protocol(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            message,
        ));
    }
    if is_encoded(&parts.headers) {
        let message = "The body must not be compressed; leave out Content-Encoding";
        return Err(ApiError::protocol(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            message,
        ));
    }
    match parse(&bytes)? {
        Value::Null => Ok(None),
        body => Ok(Some(read_object(&body, T::read)?)),
    }
}

/// Reads a whole body into memory; how large it may be is set by the size limit of the middleware.
pub(crate) async fn collect(body: axum::body::Body) -> Result<Vec<u8>, ApiError> {
    match body.collect().await {
        Ok(collected) => Ok(collected.to_bytes().into()),
        Err(error) if is_too_large(&error) => Err(too_large()),
        Err(_) => Err(Error::new(
            Code::InvalidRequest,
            "The body ended before it was complete",
        )
        .into()),
    }
}

/// What a body ends with that is above the size limit of the middleware.
#[derive(Debug)]
pub(crate) struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body is too large")
    }
}

impl std::error::Error for TooLarge {}

/// The refusal of a body above the limit.
pub(crate) fn too_large() -> ApiError {
    ApiError::protocol(
        StatusCode::PAYLOAD_TOO_LARGE,
        "The body must not be larger than 1 MiB",
    )
}

fn is_too_large(error: &axum::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.is::<TooLarge>() {
            return true;
        }
        cause = error.source();
    }
    false
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

fn is_encoded(headers: &HeaderMap) -> bool {
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    encodings.any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

fn parse(bytes: &[u8]) -> peeker_domain::Result<Value> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Error::new(Code::InvalidRequest, "The body must be UTF-8"))?;
    json::parse(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_json_with_parameters_and_in_any_case() {
        for (content_type, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("text/json", false),
            ("application/jsonp", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, content_type.parse().unwrap())]);
            assert_eq!(is_json(&headers), expected, "{content_type}");
        }
    }

    #[test]
    fn a_deep_or_broken_body_is_refused_and_not_echoed() {
        let deep = "[".repeat(100_000);
        for body in [
            deep.as_bytes(),
            b"{\"a\":",
            b"{\"a\": hunter2}",
            b"\xff",
            b"{} {}",
        ] {
            let error = parse(body).unwrap_err();
            assert_eq!((error.code, &error.field), (Code::InvalidRequest, &None));
            assert!(!error.message.contains("hunter2"));
        }
    }
}
