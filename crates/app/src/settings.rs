//! What an operator can configure, with the defaults of the contract.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use peeker_domain::price::PriceBook;
use peeker_domain::sizing::Split;

/// Requests per rolling minute of a key that has no cap of its own (contract §1).
pub const REQUESTS_PER_MINUTE: u32 = 600;

#[derive(Debug, Clone)]
pub struct Settings {
    /// Origin of the links in answers, such as `https://api.example.com`; `None` takes it from the request.
    pub public_url: Option<String>,
    pub prices: PriceBook,
    /// The split of bundles that have none of their own.
    pub recommended_split: Split,
    /// Inboxes on a Microsoft domain of a bundle order.
    pub microsoft_inboxes_per_license: u32,
    /// Jobs that run at once, per environment.
    pub job_concurrency: usize,
    /// Webhooks under way at once, per environment.
    pub delivery_concurrency: usize,
    /// How long one call of a provider may take before it counts as failed. It may have worked all the same.
    pub provider_timeout: Duration,
    /// As `provider_timeout`, for the real vendors: a call of a port makes many of theirs.
    pub live_call_timeout: Duration,
    /// How long a request that advances a sandbox's clock waits for it to arrive before it answers.
    pub clock_wait: Duration,
    /// For how long the answer of a readiness check stands before the databases are looked at again.
    pub readiness_interval: Duration,
    /// For how long things are kept.
    pub retention: Retention,
    /// How much is kept for idempotency keys.
    pub idempotency: IdempotencyBudget,
    /// How often an event stream shows that it is alive and looks whether its key still is.
    pub stream_heartbeat: Duration,
    /// Who is asked about the DNS of real domains.
    pub dns: DnsSettings,
    /// How often real vendors are looked at for holds and for payments in doubt.
    pub upkeep_interval: Duration,
}

/// Who is asked about the DNS of real domains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsSettings {
    /// Resolvers, the first of which finds the servers to ask; a domain counts as delegated when the second one sees it too.
    pub resolvers: Vec<SocketAddr>,
    /// Where authoritative servers listen: 53, but for fakes.
    pub authoritative_port: u16,
}

impl Default for DnsSettings {
    fn default() -> Self {
        let resolver = |address: [u8; 4]| SocketAddr::new(IpAddr::V4(Ipv4Addr::from(address)), 53);
        Self {
            resolvers: vec![resolver([1, 1, 1, 1]), resolver([8, 8, 8, 8])],
            authoritative_port: 53,
        }
    }
}

/// For how long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Days that an event stays.
    pub event_days: u32,
    /// Days that the record of a delivery attempt or a replay stays.
    pub attempt_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            event_days: 90,
            attempt_days: 30,
        }
    }
}

/// What an account may have kept for its idempotency keys, in each environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdempotencyBudget {
    /// Keys whose 24 hours are not over. A new one beyond it is refused.
    pub keys: u64,
    /// Bytes of kept answers. Beyond it the oldest go, and their keys stay.
    pub answer_bytes: u64,
}

impl Default for IdempotencyBudget {
    fn default() -> Self {
        Self {
            // One API key with the usual limit cannot use up more in a day.
            keys: 1_000_000,
            answer_bytes: 64 * 1024 * 1024,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: None,
            prices: PriceBook::default(),
            recommended_split: Split::default(),
            microsoft_inboxes_per_license: 50,
            job_concurrency: 128,
            delivery_concurrency: 256,
            provider_timeout: Duration::from_secs(20),
            live_call_timeout: Duration::from_secs(30),
            clock_wait: Duration::from_secs(10),
            readiness_interval: Duration::from_secs(1),
            retention: Retention::default(),
            idempotency: IdempotencyBudget::default(),
            stream_heartbeat: Duration::from_secs(15),
            dns: DnsSettings::default(),
            upkeep_interval: Duration::from_hours(1),
        }
    }
}
