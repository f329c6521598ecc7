//! The one way to a vendor's API: under a permit, with limits of time and size, and with what went wrong classed.
//!
//! What must stay true: no URL, header or body of a vendor is in an error. URLs may hold a key (Smartlead's do), bodies
//! may hold passwords.

use std::sync::Arc;

use bytes::Bytes;
use peeker_domain::vendor::Bucket;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;

use super::services::{Pacing, Report, SlowDown};
use super::{Services, VendorAccount};
use crate::{ErrorClass, ProviderError};

/// The largest answer that is read: a page of a thousand domains has some hundred KiB.
const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// One account's way to its vendor.
pub struct VendorHttp {
    client: reqwest::Client,
    pacing: Arc<dyn Pacing>,
    account: VendorAccount,
}

/// What the vendor answered. Statuses that concern the account as a whole (429 and 5xx) never get here.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    operation: &'static str,
    vendor: &'static str,
}

impl Answer {
    /// The body, read as JSON. Errors: `Retry`, without what the body holds.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ProviderError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // serde_json's own sentence may repeat a value.
            let message = format!(
                "{} answered {} to {} with a body that cannot be read (line {}, column {})",
                self.vendor,
                self.status.as_u16(),
                self.operation,
                error.line(),
                error.column()
            );
            ProviderError::retry(None, message)
        })
    }

    /// An error for an answer that no rule of the adapter knows: it is tried again, and says which call it was.
    pub fn unexpected(&self, said: &str) -> ProviderError {
        let (vendor, operation) = (self.vendor, self.operation);
        let status = self.status.as_u16();
        ProviderError::retry(
            None,
            format!("{vendor} answered {status} to {operation}: {said}"),
        )
    }
}

impl VendorHttp {
    pub fn new(account: VendorAccount, services: &Services) -> Self {
        Self {
            client: services.http.clone(),
            pacing: Arc::clone(&services.pacing),
            account,
        }
    }

    /// Whose way this is.
    pub const fn account(&self) -> &VendorAccount {
        &self.account
    }

    /// For building requests; they are sent by [`Self::send`] alone.
    pub const fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// Makes one call that counts in `buckets`; `operation` names it in messages. Errors: `Retry` when no answer came or
    /// the vendor is out of order (it may have worked), `Quota` when it asks for a pause or our own pace does.
    pub async fn send(
        &self,
        operation: &'static str,
        buckets: &[Bucket],
        request: RequestBuilder,
    ) -> Result<Answer, ProviderError> {
        let VendorAccount { id, vendor, .. } = &self.account;
        let _permit = self.pacing.permit(id, *vendor, buckets).await?;
        let (status, headers, body) = match exchange(request).await {
            Ok(answer) => answer,
            Err(what) => return Err(self.failed(operation, what).await),
        };
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(self.slow_down(operation, slow_down(&headers)).await);
        }
        if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED {
            return match headers.get(RETRY_AFTER) {
                // It may have worked all the same, so whoever tries again looks first.
                Some(_) => Err(self.out_of_order(operation, slow_down(&headers)).await),
                None => Err(self
                    .failed(operation, format!("answered {}", status.as_u16()))
                    .await),
            };
        }
        self.pacing.report(&self.account, Report::Answered).await;
        Ok(Answer {
            status,
            headers,
            body,
            operation,
            vendor: vendor.name(),
        })
    }

    /// The vendor asked for a pause in some way of its own.
    pub async fn slow_down(&self, operation: &str, slow_down: SlowDown) -> ProviderError {
        let after_ms = self.pacing.slow_down(&self.account.id, slow_down).await;
        let class = ErrorClass::Quota {
            after_ms: Some(after_ms),
        };
        let vendor = self.account.vendor.name();
        ProviderError::new(
            class,
            format!("{vendor} takes no more calls for a while ({operation})"),
        )
    }

    async fn out_of_order(&self, operation: &str, slow_down: SlowDown) -> ProviderError {
        let after_ms = self.pacing.slow_down(&self.account.id, slow_down).await;
        let vendor = self.account.vendor.name();
        let message = format!("{vendor} is out of order for a while ({operation})");
        ProviderError::retry(Some(after_ms), message)
    }

    /// Something that the account has only so much of is used up, such as funds or licences: it gets no new domains, and
    /// this work waits for the operator. `reason` is a sentence that says what to do.
    pub async fn used_up(&self, reason: impl Into<String>) -> ProviderError {
        let reason = reason.into();
        let report = Report::UsedUp(reason.clone());
        self.pacing.report(&self.account, report).await;
        let VendorAccount { vendor, label, .. } = &self.account;
        let message = format!("{} account {label:?}: {reason}", vendor.name());
        ProviderError::new(ErrorClass::NeedsHuman, message)
    }

    /// The vendor refuses the account as a whole. `reason` is a sentence that says what to mend; it becomes the account's
    /// own, and this work waits for the operator.
    pub async fn needs_attention(&self, reason: impl Into<String>) -> ProviderError {
        let reason = reason.into();
        let report = Report::NeedsAttention(reason.clone());
        self.pacing.report(&self.account, report).await;
        let VendorAccount { vendor, label, .. } = &self.account;
        let message = format!("{} account {label:?}: {reason}", vendor.name());
        ProviderError::new(ErrorClass::NeedsHuman, message)
    }

    async fn failed(&self, operation: &str, what: String) -> ProviderError {
        let message = format!("{} {what} ({operation})", self.account.vendor.name());
        let report = Report::Failed(message.clone());
        self.pacing.report(&self.account, report).await;
        ProviderError::retry(None, message)
    }
}

async fn exchange(request: RequestBuilder) -> Result<(StatusCode, HeaderMap, Bytes), String> {
    let mut response = request.send().await.map_err(|error| no_answer(&error))?;
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| no_answer(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER {
            return Err("answered more than is read".to_owned());
        }
    }
    Ok((status, headers, body.into()))
}

/// What kept an answer away, in words that hold nothing of the request.
fn no_answer(error: &reqwest::Error) -> String {
    let what = if error.is_timeout() {
        "did not answer in time"
    } else if error.is_connect() {
        "cannot be reached"
    } else if error.is_builder() {
        "cannot be asked like this"
    } else {
        "broke off its answer"
    };
    what.to_owned()
}

/// What the headers say of when to come back: `Retry-After` in seconds or as a date (RFC 9110), name.com's and Smartlead's
/// `X-RateLimit-Reset` as a Unix time.
fn slow_down(headers: &HeaderMap) -> SlowDown {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let number = |name: &str| text(name).and_then(|text| text.trim().parse::<i64>().ok());
    if let Some(seconds) = number("retry-after") {
        return SlowDown::AfterMs(seconds.clamp(0, 86_400) * 1000);
    }
    let date = text("retry-after").and_then(|text| httpdate::parse_http_date(text).ok());
    if let Some(since_1970) = date.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok()) {
        return SlowDown::AtUnix(i64::try_from(since_1970.as_secs()).unwrap_or(0));
    }
    match number("x-ratelimit-reset") {
        // A number that is too small for a time of day is a number of seconds.
        Some(seconds) if seconds < 1_000_000_000 => SlowDown::AfterMs(seconds.max(0) * 1000),
        Some(at) => SlowDown::AtUnix(at),
        None => SlowDown::Unnamed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_to_come_back_is_read_in_every_form() {
        for (name, value, expected) in [
            ("retry-after", "30", SlowDown::AfterMs(30_000)),
            (
                "retry-after",
                "Thu, 01 Jan 2026 00:00:10 GMT",
                SlowDown::AtUnix(1_767_225_610),
            ),
            (
                "x-ratelimit-reset",
                "1767225610",
                SlowDown::AtUnix(1_767_225_610),
            ),
            ("x-ratelimit-reset", "7", SlowDown::AfterMs(7_000)),
            ("x-other", "7", SlowDown::Unnamed),
            ("retry-after", "soon", SlowDown::Unnamed),
        ] {
            let headers = HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
            let headers: HeaderMap = headers;
            assert_eq!(slow_down(&headers), expected, "{name}: {value}");
        }
    }
}
