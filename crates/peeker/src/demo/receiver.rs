//! A partner's webhook endpoint: it believes a delivery only after both signature families have been checked.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use peeker_app::clock::SystemClock;
use peeker_domain::Clock;
use peeker_webhooks::{SignatureFamily, SigningSecret, verify};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

/// How old a signature may be, as the webhook guide advises.
const TOLERANCE_SECONDS: u64 = 300;
const FAMILIES: [SignatureFamily; 2] = [SignatureFamily::Peeker, SignatureFamily::StandardWebhooks];

/// An event, as far as the demonstration looks at it.
#[derive(Debug, Clone, Deserialize)]
pub struct Event {
    #[serde(rename = "type")]
    pub kind: String,
    pub sequence: i64,
    pub data: Value,
}

/// What came in: an event, or why it is not believed.
#[derive(Debug)]
pub struct Received(pub Result<Event, String>);

#[derive(Clone)]
pub struct Receiver {
    secret: SigningSecret,
    events: UnboundedSender<Received>,
}

impl Receiver {
    /// An endpoint that checks with `secret` and passes on what came in.
    pub fn new(secret: SigningSecret, events: UnboundedSender<Received>) -> Self {
        Self { secret, events }
    }

    /// `POST /webhooks`.
    pub fn router(self) -> Router {
        Router::new()
            .route("/webhooks", post(receive))
            .with_state(self)
    }

    fn read(&self, headers: &HeaderMap, body: &[u8]) -> Result<Event, String> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let now = SystemClock.now().as_seconds();
        for family in FAMILIES {
            let verified = verify(&self.secret, family, header, body, now, TOLERANCE_SECONDS);
            verified.map_err(|error| format!("{family:?} signature: {error}"))?;
        }
        serde_json::from_slice(body)
            .map_err(|error| format!("the body is not as documented: {error}"))
    }
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let read = receiver.read(&headers, &body);
    let status = if read.is_ok() {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::UNAUTHORIZED
    };
    // Nobody listens any more once the demonstration is over.
    let _ = receiver.events.send(Received(read));
    status
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};
    use peeker_domain::id::EventId;
    use peeker_webhooks::headers;

    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1","type":"order.completed","sequence":1,"data":{}}"#;

    fn signed(by: &SigningSecret) -> HeaderMap {
        let now = SystemClock.now();
        let pairs = headers(
            std::slice::from_ref(by),
            &EventId::new(now),
            now.as_seconds(),
            BODY,
        );
        let pair = |(name, value): (&'static str, String)| {
            (
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(&value).unwrap(),
            )
        };
        pairs.into_iter().map(pair).collect()
    }

    #[test]
    fn believes_only_what_its_own_secret_signed_in_both_families() {
        let (ours, theirs) = (
            SigningSecret::generate().unwrap(),
            SigningSecret::generate().unwrap(),
        );
        let (events, _) = tokio::sync::mpsc::unbounded_channel();
        let receiver = Receiver::new(ours.clone(), events);
        assert_eq!(
            receiver.read(&signed(&ours), BODY).unwrap().kind,
            "order.completed"
        );
        assert!(receiver.read(&signed(&theirs), BODY).is_err());
        assert!(receiver.read(&signed(&ours), b"{}").is_err());
        for family in ["peeker-signature", "webhook-signature"] {
            let mut headers = signed(&ours);
            headers.remove(family);
            assert!(receiver.read(&headers, BODY).is_err(), "{family}");
        }
    }
}
