//! The `Idempotency-Key` header, on every POST (contract §1).
//!
//! Only what had an effect is kept: a refused request runs again when it is repeated, and where nothing can change nothing is
//! claimed. What must stay true: a claimed key is always settled. So the request runs in a task of its own, which a client
//! that hangs up cannot cancel, and a panic gives the key back.

use std::panic::AssertUnwindSafe;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use peeker_app::idempotency::{self, Claim, ClaimedKey, StoredResponse};
use peeker_app::{Actor, App};
use peeker_domain::Error;
use sha2::{Digest, Sha256};
use tracing::Instrument;

use super::panic;
use crate::access::{self, Permission, Write};
use crate::error::{ApiError, InEnvelope};
use crate::extract::collect;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// Longest key, in characters.
const MAX_KEY_LENGTH: usize = 255;

/// For calls that change nothing: refuses a malformed key, and pays no more heed to it.
pub(super) async fn check(request: Request, next: Next) -> Response {
    if is_keyed(&request)
        && let Err(error) = key(request.headers())
    {
        return error.into_response();
    }
    next.run(request).await
}

/// Runs a request that carries no key as it is, and any other at most once per key.
pub(super) async fn run(State(app): State<App>, request: Request, next: Next) -> Response {
    if !is_keyed(&request) {
        return next.run(request).await;
    }
    let task = async move {
        once(&app, request, next)
            .await
            .unwrap_or_else(IntoResponse::into_response)
    };
    match tokio::spawn(task.in_current_span()).await {
        Ok(response) => response,
        Err(error) => ApiError::from(Error::internal(error)).into_response(),
    }
}

fn is_keyed(request: &Request) -> bool {
    request.method() == Method::POST && request.headers().contains_key(KEY)
}

async fn once(app: &App, request: Request, next: Next) -> Result<Response, ApiError> {
    let key = key(request.headers())?;
    let (parts, body) = request.into_parts();
    let actor = access::actor(&parts)?;
    if !Write::granted_to(actor.preset) {
        // Nothing that this key may call changes anything.
        return Ok(next.run(Request::from_parts(parts, body)).await);
    }
    let body = collect(body).await?;
    // The path has lost its prefix on the way here, so the alias counts as the same request.
    let fingerprint = fingerprint(parts.method.as_str(), parts.uri.path(), &body);
    match idempotency::claim(app, &actor, &key, &fingerprint).await? {
        Claim::Replay(stored) => Ok(replay(stored)),
        Claim::Run(key) => {
            let mut request = Request::from_parts(parts, Body::from(body));
            request.extensions_mut().insert(key.clone());
            settle(
                app,
                &actor,
                &key,
                AssertUnwindSafe(next.run(request)).catch_unwind().await,
            )
            .await
        }
    }
}

/// Keeps the answer to a request that was done, or gives the key back, so that a repeat may fare better.
async fn settle(
    app: &App,
    actor: &Actor,
    key: &ClaimedKey,
    outcome: std::thread::Result<Response>,
) -> Result<Response, ApiError> {
    let response = match outcome {
        Ok(response) => response,
        Err(payload) => panic::error(payload.as_ref()).into_response(),
    };
    if !response.status().is_success() {
        if let Err(error) = idempotency::abandon(app, actor, key).await {
            // The claim lapses by itself; until then a repeat is told to wait.
            tracing::error!(
                error = error.chain(),
                "an idempotency key could not be given back"
            );
        }
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = collect(body).await?;
    let stored = StoredResponse {
        status: parts.status.as_u16(),
        body: body.clone(),
    };
    if let Err(error) = idempotency::finish(app, actor, key, stored).await {
        // The request itself is done and its answer true; only a repeat with this key will not find it.
        tracing::error!(
            error = error.chain(),
            "the answer of an idempotency key could not be kept"
        );
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn replay(stored: StoredResponse) -> Response {
    let status = StatusCode::from_u16(stored.status).unwrap_or(StatusCode::OK);
    let mut response = (status, stored.body).into_response();
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
        .headers_mut()
        .insert(REPLAYED, HeaderValue::from_static("true"));
    response.extensions_mut().insert(InEnvelope);
    response
}

fn key(headers: &HeaderMap) -> Result<String, ApiError> {
    let mut given = headers.get_all(KEY).iter();
    let only = given
        .next()
        .filter(|_| given.next().is_none())
        .and_then(|value| value.to_str().ok());
    let well_formed = |key: &&str| {
        (1..=MAX_KEY_LENGTH).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let message = "Idempotency-Key must be given once and hold 1 to 255 visible ASCII characters";
    Ok(only
        .filter(well_formed)
        .map(str::to_owned)
        .ok_or_else(|| Error::invalid("Idempotency-Key", message))?)
}

fn fingerprint(method: &str, path: &str, body: &[u8]) -> String {
    let mut digest = Sha256::new();
    for part in [method.as_bytes(), path.as_bytes(), body] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    hex::encode(digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        values
            .iter()
            .map(|value| (KEY, HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[test]
    fn a_key_is_one_short_visible_text() {
        let longest = "k".repeat(255);
        assert_eq!(key(&headers(&[&longest])).unwrap(), longest);
        let too_long = "k".repeat(256);
        for bad in [&["" as &str][..], &["a b"], &[&too_long], &["a", "a"]] {
            assert!(key(&headers(bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn each_part_of_a_request_counts() {
        let first = fingerprint("POST", "/orders", b"{}");
        assert_eq!(first, fingerprint("POST", "/orders", b"{}"));
        for other in [
            fingerprint("POST", "/orders/quote", b"{}"),
            fingerprint("POST", "/orders", b"{ }"),
            fingerprint("POST", "/order", b"s{}"),
        ] {
            assert_ne!(first, other);
        }
    }
}
