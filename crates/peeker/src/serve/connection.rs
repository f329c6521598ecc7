//! One connection, from its first byte to its end.
//!
//! What must stay true: a client that says nothing, or takes nothing of what it asked for, loses its connection, and
//! before that it holds little memory. Nothing else may depend on clients being kind.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use hyper::body::{Body as _, Incoming};
use hyper::rt::Executor;
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::exchange::{Activity, Answer, Received, run_stream};
use super::limits::Patience;
use super::watched::Watched;

/// How often an HTTP/2 client is asked for a sign of life.
const PING: Duration = Duration::from_secs(15);
/// Requests of one HTTP/2 connection at once.
const STREAMS: u32 = 32;
/// What an HTTP/2 client may send of a body before somebody reads it, in bytes: for one request, and for all of a
/// connection.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;
/// What is buffered at most of the answer on one HTTP/2 stream, in bytes.
const SEND_BUFFER: usize = 64 * 1024;
/// HTTP/2 streams that a client has given up before we looked at them, and those that we have given up for a fault of the
/// client. More end the connection: only floods have so many.
const RESETS_BY_CLIENT: usize = 32;
const RESETS_BY_US: usize = 128;
/// What is buffered at most of an HTTP/1 connection in each direction, in bytes. It is the largest head of a request.
const HTTP1_BUFFER: usize = 128 * 1024;

/// Serves a connection until it ends, until its client has let us wait for too long, or until `stop`: what is then
/// under way may end, the rest is cut off.
pub(super) async fn serve(
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    patience: Patience,
    stop: CancellationToken,
) {
    let activity = Activity::new();
    let io = TokioIo::new(Watched::new(io, &activity));
    let builder = builder(patience);
    let connection = builder.serve_connection(io, service(router, &activity));
    let mut connection = pin!(connection);
    let mut stopped = pin!(stop.cancelled());
    let mut alarm = pin!(sleep_until(Instant::now() + patience.head));
    let mut leaving = None;
    let served = std::future::poll_fn(|context| {
        loop {
            if leaving.is_none() && stopped.as_mut().poll(context).is_ready() {
                leaving = Some(Instant::now());
                connection.as_mut().graceful_shutdown();
            }
            if let Poll::Ready(served) = connection.as_mut().poll(context) {
                return Poll::Ready(Some(served));
            }
            let Some(deadline) = activity.deadline(patience, leaving) else {
                return Poll::Pending;
            };
            if alarm.deadline() != deadline {
                alarm.as_mut().reset(deadline);
            }
            if alarm.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            if leaving.is_some() {
                return Poll::Ready(None);
            }
            if let Some(reason) = activity.late_with() {
                count_cut_off(reason);
            }
            leaving = Some(Instant::now());
            connection.as_mut().graceful_shutdown();
        }
    })
    .await;
    if let Some(Err(error)) = served {
        // Clients that go away in the middle of a request are no fault of ours.
        tracing::debug!(error = %error, "a connection ended early");
    }
}

fn builder(patience: Patience) -> Builder<Streams> {
    let mut builder = Builder::new(Streams(patience));
    builder
        .http1()
        .timer(TokioTimer::new())
        // The limits on heads and on idle connections are ours: they begin with the connection, not with HTTP.
        .header_read_timeout(None)
        .keep_alive(!patience.idle.is_zero())
        .max_buf_size(HTTP1_BUFFER);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING)
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .max_pending_accept_reset_streams(RESETS_BY_CLIENT)
        .max_local_error_reset_streams(RESETS_BY_US);
    builder
}

/// The router, with each request and answer noted in `activity`.
fn service(
    router: Router,
    activity: &Arc<Activity>,
) -> impl Service<
    Request<Incoming>,
    Response = Response<Answer>,
    Error = Infallible,
    Future: Send + 'static,
> + use<> {
    let activity = Arc::clone(activity);
    service_fn(move |request: Request<Incoming>| {
        let exchange = activity.begin(request.body().is_end_stream());
        let request = request.map(|body| Received {
            body,
            exchange: Arc::clone(&exchange),
        });
        let answered = router.clone().oneshot(request);
        async move {
            let answer: Response<_> = answered.await?;
            Ok(answer.map(|body| exchange.answer(body)))
        }
    })
}

/// Runs the streams of HTTP/2 connections. A stream whose client takes nothing is dropped, which resets it; what else goes
/// on over the same connection, which may be a proxy's, does not suffer.
#[derive(Debug, Clone)]
struct Streams(Patience);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let stall = self.0.stall;
        tokio::spawn(async move {
            if !run_stream(stream, stall).await {
                count_cut_off("stalled");
            }
        });
    }
}

fn count_cut_off(reason: &'static str) {
    metrics::counter!("clients_cut_off_total", "reason" => reason).increment(1);
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
