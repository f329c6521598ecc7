//! What is measured.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::limits;
use crate::load::{Target, run};

const DOMAINS: usize = 12;
/// How often an order that is being set up is asked about.
const POLL: Duration = Duration::from_millis(100);

/// Names that no earlier run has used.
#[expect(
    clippy::disallowed_methods,
    reason = "a run's name, not a time that anything depends on"
)]
pub fn run_name() -> String {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    format!("bench{:x}", since.as_millis())
}

/// The body of an order of so many domains.
pub fn order(run: &str, number: usize, domains: usize) -> Value {
    let names: Vec<String> = (0..domains)
        .map(|domain| format!("{run}-{number}-{domain}.com"))
        .collect();
    json!({
        "user": format!("client-{}@example.com", number % 100),
        "sequencer": {
            "provider": "smartlead",
            "client_id": null,
            "login_email": "login@example.com",
            "login_password": "not-a-secret",
        },
        "google_licenses": domains * 2,
        "google_inboxes_per_domain": 2,
        "domains": names,
        "personas": [
            { "first_name": "Sam", "last_name": "Lee", "profile_picture_url": null },
            { "first_name": "Kim", "last_name": "Poe", "profile_picture_url": null },
        ],
    })
}

/// Orders accepted per second.
pub async fn accept(
    target: &Target,
    clients: usize,
    orders: usize,
    disk: &Path,
) -> Result<(), String> {
    let disk_limit = limits::durable_writes(disk)
        .map_err(|error| format!("cannot measure the disk: {error}"))?;
    let http_limit = limits::empty_requests(target, clients).await?.rate();
    let name = run_name();
    let accepted = run(orders, clients, |number| {
        let (target, body) = (target.clone(), order(&name, number, DOMAINS));
        async move { target.post("/orders", &body).await.map(|_| ()) }
    })
    .await?;
    println!(
        "accept: {:.0} orders/s at {clients} clients",
        accepted.rate()
    );
    println!(
        "  latency: p50 {:.1} ms, p99 {:.1} ms",
        accepted.percentile(50),
        accepted.percentile(99)
    );
    println!(
        "  {:.2} orders per durable write of this disk ({disk_limit:.0}/s)",
        accepted.rate() / disk_limit
    );
    println!(
        "  {:.3} of the empty requests of this machine ({http_limit:.0}/s)",
        accepted.rate() / http_limit
    );
    Ok(())
}

/// Orders completed per second.
pub async fn drain(target: &Target, clients: usize, orders: usize) -> Result<(), String> {
    let name = run_name();
    let start = Instant::now();
    let accepted = run(orders, clients, |number| {
        let (target, body) = (target.clone(), order(&name, number, DOMAINS));
        async move { target.post("/orders", &body).await.map(|_| ()) }
    })
    .await?;
    while open_orders(target).await? > 0 {
        tokio::time::sleep(POLL).await;
    }
    let elapsed = start.elapsed().as_secs_f64();
    let completed = f64::from(u32::try_from(orders).unwrap_or(u32::MAX)) / elapsed;
    println!(
        "drain: {completed:.1} orders/s from the first request to the last order completed ({orders} orders)"
    );
    println!(
        "  {:.1} domains/s; the last order was accepted after {:.1} s",
        completed * 12.0,
        accepted.elapsed.as_secs_f64()
    );
    Ok(())
}

async fn open_orders(target: &Target) -> Result<usize, String> {
    let page = target.get("/orders?status=in_progress&per_page=1").await?;
    Ok(page["data"].as_array().map_or(0, Vec::len))
}

/// Latency of `GET /orders`.
pub async fn list(target: &Target, clients: usize, requests: usize) -> Result<(), String> {
    let empty = limits::empty_requests(target, clients).await?;
    let listed = run(requests, clients, |_| target.touch("/partner/v1/orders")).await?;
    let alone = run(requests.min(1_000), 1, |_| {
        target.touch("/partner/v1/orders")
    })
    .await?;
    println!("list: {:.0} requests/s at {clients} clients", listed.rate());
    println!(
        "  latency: p50 {:.2} ms, p99 {:.2} ms",
        listed.percentile(50),
        listed.percentile(99)
    );
    println!(
        "  one client: p50 {:.2} ms, p99 {:.2} ms",
        alone.percentile(50),
        alone.percentile(99)
    );
    println!(
        "  {:.2} of the empty requests of this machine ({:.0}/s)",
        listed.rate() / empty.rate(),
        empty.rate()
    );
    Ok(())
}
