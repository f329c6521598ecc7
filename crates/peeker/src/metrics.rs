//! Prometheus metrics, on a listener of their own so that they cannot leak through the API's.

use std::time::Duration;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

use crate::failure::{Failure, Result, chain};

/// Upper bounds of histograms in seconds; those in milliseconds are a thousand times as high.
const BUCKETS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0,
];
/// How often samples are folded into histograms, so that they do not pile up between two scrapes.
const UPKEEP: Duration = Duration::from_secs(5);

/// Starts recording. Until then, recording a metric costs nothing.
pub fn start() -> Result<PrometheusHandle> {
    install().map_err(|error| {
        Failure::new(
            "metrics",
            format!("Cannot record metrics: {}", chain(&error)),
        )
    })
}

fn install() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)?
        .set_buckets_for_metric(
            Matcher::Suffix("_milliseconds".to_owned()),
            &BUCKETS.map(|bound| bound * 1000.0),
        )?
        .install_recorder()
}

/// Keeps the histograms small until `stop`.
pub async fn upkeep(handle: PrometheusHandle, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(UPKEEP);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        handle.run_upkeep();
    }
}

/// `GET /metrics`.
pub fn router(handle: PrometheusHandle) -> Router {
    let render = move || async move {
        (
            [(CONTENT_TYPE, "text/plain; version=0.0.4")],
            handle.render(),
        )
    };
    Router::new().route("/metrics", get(render))
}
