//! The one HTTP client for addresses that somebody outside chose: webhook endpoints, picture and forwarding URLs.
//!
//! What must stay true (contract §6): the address that is connected to is the address that was checked. Names are
//! resolved by [`CheckedResolver`]; literal addresses, for which no resolver is asked, are checked before; redirects
//! are not followed; no proxy stands between, since a proxy would resolve the name again.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use peeker_domain::{FailureClass, WebUrl};
use reqwest::Response;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use rustls::crypto::CryptoProvider;
use url::Host;

use crate::address::{AddressPolicy, Refused};
use crate::outcome::{MAX_EXCERPT_BYTES, Outcome, RetryAfter, classify, excerpt};
use crate::resolver::{CheckedResolver, Lookup, SystemLookup};

/// How long a delivery may take from start to answer (contract §6).
pub const DELIVERY_TIMEOUT: Duration = Duration::from_secs(15);

/// How long resolving, connecting and the TLS handshake may take together. Shorter than the whole, so that an
/// unreachable host can be told from a slow receiver.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long to wait for the start of the body once the status is known. The status decides; the body is only for the
/// log, and not worth holding a delivery slot for.
const EXCERPT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long an idle connection is kept for the next request to the same host.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Idle connections kept per host: as many as one endpoint may have requests under way, so that each is used again.
const POOL_MAX_IDLE_PER_HOST: usize = 16;

/// How much of a body is read, and thrown away, so that its connection can be used again. Opening a new one is cheaper
/// than reading more.
const MAX_DRAINED_BYTES: usize = 64 * 1024;

/// First port that no well-known service has by registration.
const FIRST_UNPRIVILEGED_PORT: u16 = 1024;

/// The client could not be built; usually the machine has no trusted root certificates installed.
#[derive(Debug, thiserror::Error)]
#[error(
    "the outgoing HTTP client could not be set up; are the system's root certificates installed?"
)]
pub struct ClientError(#[from] reqwest::Error);

/// Why a URL is no target, as far as can be said without the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetRefused {
    /// Plain http where https is required.
    #[error("must start with https://")]
    Scheme,
    /// A port below 1024 other than 80 and 443. Those belong to services that do not speak HTTP (25 mail, 22 SSH, …),
    /// which a request with a chosen body could be smuggled into.
    #[error("port {0} is not allowed: use 80, 443 or a port from 1024 up")]
    Port(u16),
    /// A literal address that must not be connected to.
    #[error(transparent)]
    Address(#[from] Refused),
}

/// An HTTP client that connects only where its [`AddressPolicy`] lets it. Cheap to clone; clones share connections.
#[derive(Debug, Clone)]
pub struct OutboundClient {
    pub(crate) http: reqwest::Client,
    policy: AddressPolicy,
    require_https: bool,
}

impl OutboundClient {
    /// A client with the contract's timeout. `require_https` is on in production.
    pub fn new(policy: AddressPolicy, require_https: bool) -> Result<Self, ClientError> {
        Self::with_timeout(policy, require_https, DELIVERY_TIMEOUT)
    }

    /// As [`OutboundClient::new`], with another limit for the whole request.
    pub fn with_timeout(
        policy: AddressPolicy,
        require_https: bool,
        timeout: Duration,
    ) -> Result<Self, ClientError> {
        Self::with_lookup(policy, require_https, timeout, Arc::new(SystemLookup))
    }

    /// As [`OutboundClient::with_timeout`], with another way to look up names. What it finds is checked like the rest.
    pub fn with_lookup(
        policy: AddressPolicy,
        require_https: bool,
        timeout: Duration,
        lookup: Arc<dyn Lookup>,
    ) -> Result<Self, ClientError> {
        if CryptoProvider::get_default().is_none() {
            // Fails only if another thread was faster, and then there is a provider.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let http = reqwest::Client::builder()
            .dns_resolver(Arc::new(CheckedResolver::new(policy.clone(), lookup)))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .https_only(require_https)
            .timeout(timeout)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            .pool_max_idle_per_host(POOL_MAX_IDLE_PER_HOST)
            .build()?;
        Ok(Self {
            http,
            policy,
            require_https,
        })
    }

    /// Says without the network whether `url` can be a target: for when it is configured. A name may still turn out
    /// to be refused when it is resolved.
    pub fn check_target(&self, url: &WebUrl) -> Result<(), TargetRefused> {
        let url = url.url();
        if self.require_https && url.scheme() != "https" {
            return Err(TargetRefused::Scheme);
        }
        if let Some(port) = url.port_or_known_default()
            && !matches!(port, 80 | 443)
            && port < FIRST_UNPRIVILEGED_PORT
        {
            return Err(TargetRefused::Port(port));
        }
        // The URL parser has already turned decimal, hexadecimal and octal spellings into addresses.
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) | None => None,
        };
        literal.map_or(Ok(()), |address| Ok(self.policy.check(address)?))
    }

    /// Sends `body` with `headers` to `url` once and says what came of it. Never fails: every failure is an outcome.
    pub async fn post(
        &self,
        url: &WebUrl,
        headers: &[(&'static str, String)],
        body: impl Into<Bytes>,
    ) -> Outcome {
        if self.check_target(url).is_err() {
            return Outcome::failed(FailureClass::Refused, 0);
        }
        let Some(headers) = header_map(headers) else {
            return Outcome::failed(FailureClass::Other, 0);
        };
        let started = Instant::now();
        let request = self
            .http
            .post(url.url().clone())
            .headers(headers)
            .body(body.into());
        let result = request.send().await;
        let latency_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match result {
            Ok(response) => read(response, latency_ms).await,
            Err(error) => Outcome::failed(classify(&error), latency_ms),
        }
    }
}

/// `None` when a name or value cannot be sent, such as a value with a line break.
fn header_map(headers: &[(&'static str, String)]) -> Option<HeaderMap> {
    let pair = |(name, value): &(&'static str, String)| {
        Some((
            HeaderName::from_bytes(name.as_bytes()).ok()?,
            HeaderValue::from_str(value).ok()?,
        ))
    };
    headers.iter().map(pair).collect()
}

async fn read(mut response: Response, latency_ms: u64) -> Outcome {
    let status = response.status();
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    let retry_after = retry_after.and_then(RetryAfter::parse);
    let (mut start, mut length) = (Vec::new(), 0);
    let reading = async {
        while length < MAX_DRAINED_BYTES
            && let Ok(Some(chunk)) = response.chunk().await
        {
            length += chunk.len();
            start.extend_from_slice(&chunk[..chunk.len().min(MAX_EXCERPT_BYTES - start.len())]);
        }
    };
    // Whatever arrived by then is the excerpt, so running out of time is no failure.
    let _ = tokio::time::timeout(EXCERPT_TIMEOUT, reading).await;
    Outcome {
        status: Some(status.as_u16()),
        failure: (!status.is_success()).then_some(FailureClass::Status),
        retry_after,
        response_excerpt: excerpt(&start),
        latency_ms,
    }
}
