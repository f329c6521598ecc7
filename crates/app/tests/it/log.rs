//! What is logged, and how long its lines can be made.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::http::Method;
use peeker_testkit::{TestApp, apply, on_both_engines};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

/// Keeps every log line of this thread, for as long as it lives.
pub(crate) struct Log {
    lines: Lines,
    _second: tracing::Dispatch,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn listen() -> Self {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(tracing::Level::TRACE)
            .with_writer(lines.clone())
            .finish();
        // A line that another test's thread meets first is judged by that thread's subscriber, which has none, as long as there
        // is one subscriber in all; then nobody hears of it any more. With two, all are asked.
        let second = tracing::Dispatch::new(tracing_subscriber::registry());
        let guard = tracing::subscriber::set_default(subscriber);
        // Other tests may have met the same log lines before, when nobody listened.
        tracing::callsite::rebuild_interest_cache();
        Self {
            lines,
            _second: second,
            _guard: guard,
        }
    }

    pub(crate) fn text(&self) -> String {
        let bytes = self.lines.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[apply(on_both_engines!)]
async fn no_request_makes_a_long_line(app: &TestApp) {
    let log = Log::listen();
    let client = app.client();
    let long = "q".repeat(60_000);
    let method = Method::from_bytes(long.as_bytes()).unwrap();
    client
        .send(client.request(method, "/me").body(Body::empty()).unwrap())
        .await
        .error(405, "invalid_request");
    for path in [
        format!("/users/{long}"),
        format!("/users?{long}=1"),
        format!("/{long}"),
    ] {
        assert!(client.get(&path).await.status.is_client_error());
    }
    let request = client
        .request(Method::GET, "/me")
        .header("user-agent", &long)
        .header("idempotency-key", &long);
    client
        .send(request.body(Body::empty()).unwrap())
        .await
        .expect(200);
    let text = log.text();
    assert!(
        text.contains("path=/partner/v1/users/qqq"),
        "the requests are logged"
    );
    let longest = text.lines().map(str::len).max().unwrap();
    assert!(longest < 1000, "{longest} characters");
}
