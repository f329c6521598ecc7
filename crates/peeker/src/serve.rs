//! Running the server: accepting connections, working through jobs, and stopping without losing what is under way.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use peeker_app::{App, runner};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::failure::{Failure, Result};

/// How long requests under way may take to end once the server is to stop.
const DRAIN: Duration = Duration::from_secs(25);
/// How long a client may take to send the head of a request, so that silent clients do not hold connections.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// How long to wait when no connection can be accepted, usually because no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An address that is ours, on which nothing is accepted yet.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    /// The address with its real port.
    pub address: SocketAddr,
}

impl Bound {
    /// Takes an address; port 0 takes any free port. `flag` is named in the error.
    pub async fn new(address: SocketAddr, flag: &str) -> Result<Self> {
        let refused = |error: std::io::Error| {
            let message =
                format!("Cannot listen on {address}: {error}. Choose another address with {flag}");
            Failure::new("cannot_listen", message)
        };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, address })
    }

    /// Serves until `stop`, then lets what is under way end.
    pub async fn serve(self, router: Router, stop: CancellationToken) {
        let connections = GracefulShutdown::new();
        while let Some(accepted) = stop.run_until_cancelled(self.listener.accept()).await {
            match accepted {
                Ok((stream, _)) => {
                    tokio::spawn(connection(
                        stream,
                        router.clone(),
                        connections.watcher(),
                        stop.clone(),
                    ));
                }
                Err(error) => {
                    tracing::warn!(error = %error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(self.listener);
        let open = connections.count();
        if tokio::time::timeout(DRAIN, connections.shutdown())
            .await
            .is_err()
        {
            tracing::warn!(
                open,
                seconds = DRAIN.as_secs(),
                "requests did not end in time and were cut off"
            );
        }
    }
}

async fn connection(stream: TcpStream, router: Router, watcher: Watcher, stop: CancellationToken) {
    // Answers are small and written at once; waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    // The protocol is told from the first bytes, for which the builder itself waits without limit.
    let first_bytes = tokio::time::timeout(HEAD_TIMEOUT, stream.readable());
    if !matches!(
        stop.run_until_cancelled(first_bytes).await,
        Some(Ok(Ok(())))
    ) {
        return;
    }
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(HEAD_TIMEOUT);
    let service = TowerToHyperService::new(router);
    let served = watcher
        .watch(
            builder
                .serve_connection(TokioIo::new(stream), service)
                .into_owned(),
        )
        .await;
    if let Err(error) = served {
        // Clients that go away in the middle of a request are no fault of ours.
        tracing::debug!(error = %error, "a connection ended early");
    }
}

/// Runs the parts that were asked for until `stop`: first requests are drained, then workers, so that what a request
/// has just put in line is still begun. Errors: the workers ended by themselves, which is a bug.
pub async fn run(
    app: App,
    api: Option<Bound>,
    worker: bool,
    stop: CancellationToken,
) -> Result<()> {
    let stop_workers = CancellationToken::new();
    let _on_return = stop_workers.clone().drop_guard();
    let serving = async {
        match api {
            Some(bound) => {
                let serving = bound.serve(peeker_api::router(app.clone()), stop.clone());
                // Event streams have no end of their own, and would hold up the draining of requests.
                let ending = async {
                    stop.cancelled().await;
                    app.end_streams();
                };
                tokio::join!(serving, ending);
            }
            None => stop.cancelled().await,
        }
    };
    if !worker {
        serving.await;
        return Ok(());
    }
    let mut working = tokio::spawn(runner::run(app.clone(), stop_workers.clone()));
    let mut serving = pin!(serving);
    tokio::select! {
        () = &mut serving => {}
        ended = &mut working => {
            let why = ended.err().map_or_else(String::new, |error| format!(": {error}"));
            return Err(Failure::new("internal_error", format!("The workers stopped by themselves{why}")));
        }
    }
    stop_workers.cancel();
    working.await.map_err(|error| {
        Failure::new(
            "internal_error",
            format!("The workers did not stop in order: {error}"),
        )
    })
}

/// A token that the first SIGINT or SIGTERM cancels; the second one ends the process at once.
pub fn stop_on_signal(on_first: impl FnOnce() + Send + 'static) -> Result<CancellationToken> {
    let mut signals = Signals::new()
        .map_err(|error| Failure::new("signals", format!("Cannot wait for signals: {error}")))?;
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        signals.next().await;
        on_first();
        token.cancel();
        signals.next().await;
        std::process::exit(EXIT_INTERRUPTED);
    });
    Ok(stop)
}

/// 128 + SIGINT, as shells have it.
const EXIT_INTERRUPTED: i32 = 130;

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
