//! Looking at a page or picture that somebody outside named, as far as it takes to say whether it is there.

use bytes::Bytes;
use peeker_domain::{FailureClass, WebUrl};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue, USER_AGENT};

use crate::client::OutboundClient;
use crate::outcome::classify;

const AGENT: &str = concat!("Peeker/", env!("CARGO_PKG_VERSION"));

/// An answer to a `GET`, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    pub status: u16,
    /// The `Content-Type` without its parameters, in lower case.
    pub content_type: Option<String>,
    /// The start of the body.
    pub start: Bytes,
}

impl OutboundClient {
    /// Loads `url` and at most `limit` bytes of its body, under the rules of [`OutboundClient`]: checked addresses only, no
    /// redirects, one time limit for all of it. Errors: why there is no answer.
    pub async fn get(&self, url: &WebUrl, limit: usize) -> Result<Fetched, FailureClass> {
        self.check_target(url).map_err(|_| FailureClass::Refused)?;
        let request = self
            .http
            .get(url.url().clone())
            .header(USER_AGENT, AGENT)
            .header(ACCEPT, "*/*");
        let failed = |error: reqwest::Error| classify(&error);
        let mut response = request.send().await.map_err(failed)?;
        let content_type = response.headers().get(CONTENT_TYPE).and_then(media_type);
        let mut start = Vec::new();
        while start.len() < limit
            && let Some(chunk) = response.chunk().await.map_err(failed)?
        {
            start.extend_from_slice(&chunk[..chunk.len().min(limit - start.len())]);
        }
        Ok(Fetched {
            status: response.status().as_u16(),
            content_type,
            start: start.into(),
        })
    }
}

fn media_type(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?;
    let media_type = text.split(';').next().unwrap_or(text).trim();
    (!media_type.is_empty()).then(|| media_type.to_ascii_lowercase())
}
