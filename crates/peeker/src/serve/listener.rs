//! Accepting connections, and stopping without losing what is under way.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::admission::{Admission, Decision};
use super::connection;
use super::limits::{Limits, Patience};
use crate::failure::{Failure, Result};

/// How long requests under way may take to end once the server is to stop.
const DRAIN: Duration = Duration::from_secs(25);
/// How long to wait when no connection can be accepted, usually because no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What is served on a listener.
#[derive(Debug)]
pub struct Site {
    pub router: Router,
    /// Answers those for which there is no room.
    pub full: Router,
}

impl From<Router> for Site {
    /// A site without words of its own for those for which there is no room.
    fn from(router: Router) -> Self {
        let refuse = || async { StatusCode::SERVICE_UNAVAILABLE };
        Self {
            router,
            full: Router::new().fallback(refuse),
        }
    }
}

/// An address that is ours, on which nothing is accepted yet.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    limits: Limits,
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
        Ok(Self {
            listener,
            limits: Limits::default(),
            address,
        })
    }

    /// The same with other limits on connections.
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Serves until `stop`, then lets what is under way end.
    pub async fn serve(self, site: Site, stop: CancellationToken) {
        let patience = self.limits.patience;
        let admission = Admission::new(self.limits);
        let connections = TaskTracker::new();
        let spawn = |stream: TcpStream, router: &Router, patience: Patience, place| {
            let connection = connection::serve(stream, router.clone(), patience, stop.clone());
            connections.spawn(async move {
                connection.await;
                drop(place);
            });
        };
        while let Some(accepted) = stop.run_until_cancelled(self.listener.accept()).await {
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(error = %error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            // Answers are small and written at once; waiting for more to send would only delay them.
            let _ = stream.set_nodelay(true);
            match admission.decide(peer.ip()) {
                Decision::Serve(place) => spawn(stream, &site.router, patience, place),
                Decision::TurnAway(place) => {
                    spawn(stream, &site.full, Patience::WITH_REFUSED, place);
                }
                Decision::Close => {}
            }
        }
        drop(self.listener);
        connections.close();
        let open = connections.len();
        if tokio::time::timeout(DRAIN, connections.wait())
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
