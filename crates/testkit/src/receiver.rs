//! A webhook receiver on a loopback port.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use peeker_webhooks::{SignatureFamily, SigningSecret, verify};
use serde_json::Value;
use tokio::net::TcpListener;

/// One request that arrived.
#[derive(Debug, Clone)]
pub struct Received {
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Received {
    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn verify(&self, secret: &SigningSecret, now_seconds: i64) {
        for family in [SignatureFamily::Peeker, SignatureFamily::StandardWebhooks] {
            verify(
                secret,
                family,
                |name| self.header(name),
                &self.body,
                now_seconds,
                300,
            )
            .unwrap();
        }
    }
}

#[derive(Default)]
struct Inner {
    received: Vec<Received>,
    answers: VecDeque<u16>,
    otherwise: Option<u16>,
    retry_after: Option<String>,
    hangs: bool,
}

/// Remembers what arrives and answers 200, or what it was told to.
#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    inner: Arc<Mutex<Inner>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let inner = Arc::<Mutex<Inner>>::default();
        let router = Router::new()
            .fallback(receive)
            .with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, inner }
    }

    /// Answers the next requests with these statuses, later ones with 200.
    pub fn answer_with(&self, statuses: &[u16]) {
        self.inner.lock().unwrap().answers.extend(statuses);
    }

    /// Answers with this status when it was told no other.
    pub fn answer_always(&self, status: u16) {
        self.inner.lock().unwrap().otherwise = Some(status);
    }

    /// Sends this `Retry-After` with every answer from now on.
    pub fn retry_after(&self, value: &str) {
        self.inner.lock().unwrap().retry_after = Some(value.to_owned());
    }

    /// Takes requests from now on, and never answers.
    pub fn hang(&self) {
        self.inner.lock().unwrap().hangs = true;
    }

    /// What arrived so far, in order of arrival.
    pub fn received(&self) -> Vec<Received> {
        self.inner.lock().unwrap().received.clone()
    }
}

async fn receive(
    State(inner): State<Arc<Mutex<Inner>>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap) {
    let Some((status, retry_after)) = inner.lock().unwrap().take(Received { headers, body }) else {
        return std::future::pending().await;
    };
    let headers = retry_after
        .iter()
        .map(|value| (header::RETRY_AFTER, value.parse().unwrap()));
    (StatusCode::from_u16(status).unwrap(), headers.collect())
}

impl Inner {
    /// What to answer; `None` for nothing.
    fn take(&mut self, received: Received) -> Option<(u16, Option<String>)> {
        self.received.push(received);
        if self.hangs {
            return None;
        }
        let status = self.answers.pop_front().or(self.otherwise).unwrap_or(200);
        Some((status, self.retry_after.clone()))
    }
}
