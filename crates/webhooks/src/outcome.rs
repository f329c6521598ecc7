//! What came of one outgoing request, in the terms that the delivery log keeps.

use std::error::Error;
use std::io;

use std::time::{SystemTime, UNIX_EPOCH};

use peeker_domain::FailureClass;
use peeker_domain::time::Timestamp;

use crate::address::Refused;

/// The most that is kept of a response body, in bytes (contract §6).
pub const MAX_EXCERPT_BYTES: usize = 1024;

/// Sorts a transport error by what lies at its root. The error's own text is not kept: it may hold the URL.
pub fn classify(error: &reqwest::Error) -> FailureClass {
    if caused_by::<Refused>(error) {
        FailureClass::Refused
    } else if error.is_dns() {
        FailureClass::Dns
    } else if caused_by::<rustls::Error>(error) {
        FailureClass::Tls
    } else if error.is_connect() {
        // Before the timeout: running into the connect timeout is a failure to connect.
        FailureClass::Connect
    } else if error.is_timeout() {
        FailureClass::Timeout
    } else {
        FailureClass::Other
    }
}

/// Whether an `E` is somewhere in the chain of causes.
fn caused_by<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<E>() {
            return true;
        }
        // `source` of an I/O error skips the very error it wraps.
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        next = match wrapped {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}

/// When a receiver asks to be tried again (RFC 9110, 10.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// So many seconds from now on.
    Seconds(u64),
    At(Timestamp),
}

impl RetryAfter {
    /// Reads the header's value: whole seconds, or a date in any of the forms that HTTP knows.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
            // A number too large to hold means for ever.
            return Some(Self::Seconds(value.parse().unwrap_or(u64::MAX)));
        }
        let date: SystemTime = httpdate::parse_http_date(value).ok()?;
        let millis = date.duration_since(UNIX_EPOCH).ok()?.as_millis();
        Some(Self::At(Timestamp::from_millis(
            i64::try_from(millis).ok()?,
        )))
    }

    /// The time it names, for an answer that came at `now`.
    pub fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Seconds(seconds) => now.plus_seconds(i64::try_from(seconds).unwrap_or(i64::MAX)),
            Self::At(time) => time,
        }
    }
}

/// What came of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The status code, when there was an answer.
    pub status: Option<u16>,
    /// Why it is not a success; `None` for a success.
    pub failure: Option<FailureClass>,
    /// The `Retry-After` header, when there was one that can be read.
    pub retry_after: Option<RetryAfter>,
    /// The start of the response body: valid UTF-8 without NUL, at most [`MAX_EXCERPT_BYTES`].
    pub response_excerpt: String,
    /// Time until the head of the answer was there or the failure was known, in milliseconds.
    pub latency_ms: u64,
}

impl Outcome {
    /// A request that got no answer.
    pub(crate) fn failed(failure: FailureClass, latency_ms: u64) -> Self {
        Self {
            status: None,
            failure: Some(failure),
            retry_after: None,
            response_excerpt: String::new(),
            latency_ms,
        }
    }

    /// Whether the receiver took the request: an answer with a 2xx status, nothing else.
    pub fn is_success(&self) -> bool {
        self.failure.is_none()
    }
}

/// Body bytes as text that any database column takes (`PostgreSQL` text has no NUL), within the limit. Replacement
/// characters are longer than the bytes they stand for, hence the second cut.
pub(crate) fn excerpt(body: &[u8]) -> String {
    let cut = &body[..body.len().min(MAX_EXCERPT_BYTES)];
    let mut text = String::from_utf8_lossy(cut).replace('\0', "\u{fffd}");
    text.truncate(text.floor_char_boundary(MAX_EXCERPT_BYTES));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_fit_the_limit_whatever_the_bytes() {
        assert_eq!(excerpt(b"ok"), "ok");
        assert_eq!(excerpt(b"a\0b"), "a\u{fffd}b");
        assert_eq!(excerpt(&[b'x'; 5000]).len(), 1024);
        for body in [
            vec![0xff; 5000],
            vec![0; 5000],
            "€".repeat(2000).into_bytes(),
        ] {
            let text = excerpt(&body);
            assert!(text.len() <= 1024 && text.len() > 1020, "{}", text.len());
        }
    }

    #[test]
    fn retry_after_is_read_in_each_form_that_http_knows() {
        let at = |seconds: i64| Some(RetryAfter::At(Timestamp::from_millis(seconds * 1000)));
        for (value, read) in [
            ("120", Some(RetryAfter::Seconds(120))),
            (" 0 ", Some(RetryAfter::Seconds(0))),
            ("99999999999999999999", Some(RetryAfter::Seconds(u64::MAX))),
            ("Fri, 08 May 2026 12:00:00 GMT", at(1_778_241_600)),
            ("Friday, 08-May-26 12:00:00 GMT", at(1_778_241_600)),
            ("Fri May  8 12:00:00 2026", at(1_778_241_600)),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("soon", None),
            ("2026-05-08T12:00:00Z", None),
        ] {
            assert_eq!(RetryAfter::parse(value), read, "{value:?}");
        }
        let now = Timestamp::from_millis(5_000);
        assert_eq!(RetryAfter::Seconds(2).from(now), now.plus_seconds(2));
        assert!(RetryAfter::Seconds(u64::MAX).from(now) > now);
    }

    #[test]
    fn finds_a_cause_wrapped_in_io_errors() {
        let inner = rustls::Error::DecryptError;
        let error = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, inner));
        assert!(caused_by::<rustls::Error>(&error));
        assert!(!caused_by::<Refused>(&error));
    }
}
