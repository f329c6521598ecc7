//! Handing events to a receiver on the developer's machine, signed as the server signs.

use std::time::{Duration, Instant};

use peeker_app::clock::SystemClock;
use peeker_domain::id::EventId;
use peeker_domain::{Clock, FailureClass};
use peeker_webhooks::{SigningSecret, classify, headers};
use reqwest::StatusCode;
use url::Url;

use crate::failure::{Result, chain};
use crate::partner_api::client;

/// As long as the server waits for a receiver.
const TIMEOUT: Duration = Duration::from_secs(15);

pub struct Forwarder {
    http: reqwest::Client,
    target: Url,
    secret: SigningSecret,
}

/// What became of an event.
#[derive(Debug)]
pub struct Handed {
    /// The receiver's status, or why it gave none.
    pub outcome: Result<StatusCode, String>,
    /// Milliseconds until it was there.
    pub latency_ms: u64,
}

impl Handed {
    /// Whether the receiver took the event.
    pub fn is_success(&self) -> bool {
        self.outcome.as_ref().is_ok_and(StatusCode::is_success)
    }
}

impl Forwarder {
    /// A receiver at `target` that checks with `secret`.
    pub fn new(target: Url, secret: SigningSecret) -> Result<Self> {
        let http = client(target.as_str(), |builder| builder.timeout(TIMEOUT))?;
        Ok(Self {
            http,
            target,
            secret,
        })
    }

    /// Posts an event: exactly its body, and both families of headers.
    pub async fn hand_over(&self, id: &EventId, body: &str) -> Handed {
        let started = Instant::now();
        let now = SystemClock.now().as_seconds();
        let secrets = std::slice::from_ref(&self.secret);
        let mut request = self.http.post(self.target.clone()).body(body.to_owned());
        for (name, value) in headers(secrets, id, now, body.as_bytes()) {
            request = request.header(name, value);
        }
        let outcome = request.send().await;
        Handed {
            outcome: outcome
                .map(|response| response.status())
                .map_err(|error| why(&error)),
            latency_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }
}

fn why(error: &reqwest::Error) -> String {
    let why = match classify(error) {
        FailureClass::Timeout => "no answer within 15 seconds",
        FailureClass::Connect => "nobody answers there; is your receiver running?",
        FailureClass::Dns => "the name of the receiver cannot be resolved",
        FailureClass::Tls => "no TLS session; does it speak https, and is its certificate trusted?",
        _ => return chain(error),
    };
    why.to_owned()
}
