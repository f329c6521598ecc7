//! A request as handlers see it, and what they answer.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde::Serialize;

/// One request, read whole.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub method: Method,
    /// As it came, percent-encoded.
    pub path: String,
    /// Decoded.
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The pattern that fitted; empty as long as none has.
    pub route: &'static str,
    /// What stood for each `{}` of the pattern, decoded.
    pub params: Vec<String>,
    /// Who asks, as `VendorApi::authenticate` found.
    pub account: String,
}

impl Call {
    /// What stood for the n-th `{}`, empty when the pattern has fewer.
    pub fn param(&self, n: usize) -> &str {
        self.params.get(n).map_or("", String::as_str)
    }

    /// The header's text, when it is there once and readable.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.get_all(name).into_iter();
        let only = found.next().filter(|_| found.next().is_none());
        only?.to_str().ok()
    }

    /// The credentials behind `scheme` in `Authorization`.
    pub fn authorization(&self, scheme: &str) -> Option<&str> {
        let (found, rest) = self.header("authorization")?.split_once(' ')?;
        found.eq_ignore_ascii_case(scheme).then(|| rest.trim())
    }

    /// A query parameter, by the first of its values.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
}

impl Answer {
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        let text = serde_json::to_vec(body).unwrap_or_default();
        Self::bytes(status, "application/json", text)
    }

    pub fn bytes(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: vec![("content-type", content_type.to_owned())],
            body: body.into(),
        }
    }

    pub fn empty(status: u16) -> Self {
        Self {
            headers: Vec::new(),
            ..Self::bytes(status, "", Bytes::new())
        }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A handler's end: `Err` holds a refusal, so that `?` works. Both are answers.
pub(crate) type Outcome = Result<Answer, Answer>;
