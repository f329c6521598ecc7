//! Finds the key behind a request and counts the request against it (contract §1).

use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use peeker_app::{Actor, App, Meter, Quota};
use peeker_domain::{Code, Error, Result};
use tracing::Span;

use crate::error::ApiError;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Lets the request on with its [`Actor`] and its [`Meter`] beside it. Every answer to a valid key tells what is left of its
/// minute.
pub(super) async fn run(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let (actor, meter) = match admit(&app, request.headers()).await {
        Ok(admitted) => admitted,
        Err(error) => return ApiError::from(error).into_response(),
    };
    let response = if !meter.quota().granted {
        ApiError::from(too_many(meter.quota())).into_response()
    } else if let Err(error) = actor.require_unsuspended() {
        ApiError::from(error).into_response()
    } else {
        request.extensions_mut().insert(actor);
        request.extensions_mut().insert(meter.clone());
        next.run(request).await
    };
    tell(meter.quota(), response)
}

/// Counts what was answered before the key was looked at: an unknown address, a body whose announced length is too much. A
/// request without a good key keeps its answer.
pub(super) async fn count_unrouted(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Response {
    let key = request
        .headers()
        .contains_key(AUTHORIZATION)
        .then(|| request.headers().clone());
    let response = next.run(request).await;
    let status = response.status();
    let is_unrouted = matches!(
        status,
        StatusCode::NOT_FOUND | StatusCode::PAYLOAD_TOO_LARGE
    ) && !response.headers().contains_key(LIMIT);
    let Some(headers) = key.filter(|_| is_unrouted) else {
        return response;
    };
    let Ok((_, meter)) = admit(&app, &headers).await else {
        return response;
    };
    let quota = meter.quota();
    if quota.granted {
        tell(quota, response)
    } else {
        tell(quota, ApiError::from(too_many(quota)).into_response())
    }
}

/// Says in the headers of an answer what is left of the key's minute.
fn tell(quota: Quota, mut response: Response) -> Response {
    for (name, value) in [
        (LIMIT, quota.limit),
        (REMAINING, quota.remaining),
        (RESET, quota.reset_seconds),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from(value));
    }
    response
}

async fn admit(app: &App, headers: &HeaderMap) -> Result<(Actor, Meter)> {
    let secret = bearer(headers).ok_or_else(|| {
        Error::new(
            Code::Unauthorized,
            "Send your API key in the header: Authorization: Bearer pk_…",
        )
    })?;
    let actor = app.authenticate(secret).await?;
    Span::current().record("account", actor.account.as_str());
    Span::current().record("key", actor.key.as_str());
    let meter = Meter::start(app, &actor).await?;
    Ok((actor, meter))
}

/// The one bearer key of a request. Two headers are refused, because a proxy may have believed the other one.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (Some(only), None) = (given.next(), given.next()) else {
        return None;
    };
    let (scheme, secret) = only.to_str().ok()?.split_once(' ')?;
    let secret = secret.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !secret.is_empty()).then_some(secret)
}

fn too_many(quota: Quota) -> Error {
    quota.refusal(format!(
        "This key may send {} requests per minute",
        quota.limit
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        values
            .iter()
            .map(|value| (AUTHORIZATION, HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[test]
    fn only_one_bearer_key_is_taken() {
        assert_eq!(bearer(&headers(&["Bearer pk_test_1"])), Some("pk_test_1"));
        assert_eq!(bearer(&headers(&["bearer  pk_test_1 "])), Some("pk_test_1"));
        for bad in [
            &[][..],
            &["pk_test_1"],
            &["Basic pk_test_1"],
            &["Bearer "],
            &["Bearer a", "Bearer b"],
        ] {
            assert_eq!(bearer(&headers(bad)), None, "{bad:?}");
        }
    }
}
