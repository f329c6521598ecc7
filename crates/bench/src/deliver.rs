//! Webhooks: how long an event takes to arrive, and how many go out in a second.
//!
//! Needs a file with one full test key per line, each of a partner of its own. The endpoint of the partner in line n,
//! counted from 0, must be `http://127.0.0.1:9100/n`:
//!
//! ```text
//! for n in $(seq 0 99); do
//!   partner=$(peeker partner create --name "Bench $n" --json)
//!   peeker webhook set "$(jq -r .partner.id <<<"$partner")" --url "http://127.0.0.1:9100/$n"
//!   jq -r .keys.test <<<"$partner"
//! done > keys.txt
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use crate::load::Target;
use crate::receiver::{Arrivals, Receiver};
use crate::scenarios::run_name;

/// Nothing arrived for so long: nothing is on its way.
const QUIET: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(50);
/// Clock ticks per second in `/proc`, on every Linux of today.
const TICKS_PER_SECOND: f64 = 100.0;

/// What is measured.
#[derive(Debug, Args)]
pub struct Arguments {
    /// One key per line.
    #[arg(long)]
    keys: PathBuf,
    /// Where the receiver listens.
    #[arg(long, default_value = "127.0.0.1:9100")]
    receiver: String,
    /// Partners, from the first line on, whose receiver never answers.
    #[arg(long, default_value_t = 0)]
    hanging: usize,
    /// Orders to place, of one domain each: three events.
    #[arg(long, default_value_t = 600)]
    orders: u32,
    /// Orders placed in a second.
    #[arg(long, default_value_t = 20)]
    rate: u32,
    /// Answer 410 until enter is pressed, then 200: measures how fast a backlog goes out. Resume the partners when asked to.
    #[arg(long)]
    backlog: bool,
    /// The server's process, to measure its CPU time.
    #[arg(long)]
    pid: Option<u32>,
}

fn order(run: &str, number: u32) -> Value {
    json!({
        "user": "client@example.com",
        "sequencer": {"provider": "smartlead", "client_id": null, "login_email": "a@example.com", "login_password": "pw"},
        "google_licenses": 2,
        "google_inboxes_per_domain": 2,
        "domains": [format!("{run}-{number}.com")],
        "personas": [{ "first_name": "Sam", "last_name": "Lee", "profile_picture_url": null }],
    })
}

/// CPU seconds that a process has used.
fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold blanks.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
}

/// Events from the order to the receiver.
pub async fn deliver(url: &str, arguments: &Arguments) -> Result<(), String> {
    let targets = read_keys(url, &arguments.keys)?;
    let receiver = Receiver::start(&arguments.receiver, arguments.hanging)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", arguments.receiver))?;
    receiver.is_gone.store(arguments.backlog, Ordering::Relaxed);
    place(&targets, arguments).await?;
    if arguments.backlog {
        tokio::time::sleep(QUIET * 3).await;
        println!(
            "all orders are placed: wait until they are completed, press enter, then resume all partners"
        );
        let mut line = String::new();
        std::io::stdin()
            .read_line(&mut line)
            .map_err(|error| error.to_string())?;
        receiver.is_gone.store(false, Ordering::Relaxed);
    }
    measure(&receiver, arguments).await;
    Ok(())
}

/// One client for each line of a file of keys.
pub fn read_keys(url: &str, file: &Path) -> Result<Vec<Target>, String> {
    let keys =
        std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let targets: Result<Vec<_>, _> = keys
        .lines()
        .map(|key| Target::new(url, key.trim()))
        .collect();
    let targets = targets.map_err(|error| error.to_string())?;
    if targets.is_empty() {
        return Err(format!("{} has no key", file.display()));
    }
    Ok(targets)
}

/// Places all orders at the rate, one partner after the other, whether or not the answers keep up.
async fn place(targets: &[Target], arguments: &Arguments) -> Result<(), String> {
    let run = run_name();
    let gap = Duration::from_secs(1) / arguments.rate.max(1);
    let mut ticks = tokio::time::interval(gap);
    let mut placing = Vec::new();
    for number in 0..arguments.orders {
        ticks.tick().await;
        let index = usize::try_from(number).unwrap_or(0) % targets.len();
        let (target, body) = (targets[index].clone(), order(&run, number));
        placing.push(tokio::spawn(
            async move { target.post("/orders", &body).await },
        ));
    }
    for placed in placing {
        placed.await.map_err(|error| error.to_string())??;
    }
    Ok(())
}

async fn measure(receiver: &Arc<Receiver>, arguments: &Arguments) {
    let cpu_before = arguments.pid.and_then(cpu_seconds);
    let begun = Instant::now();
    let (mut count, mut first, mut last) = (receiver.count(), None, begun);
    let before = count;
    while last.elapsed() < QUIET || (arguments.backlog && first.is_none()) {
        tokio::time::sleep(POLL).await;
        let now = receiver.count();
        if now > count {
            (count, last) = (now, Instant::now());
            first.get_or_insert(last);
        }
    }
    let cpu = arguments.pid.and_then(cpu_seconds).zip(cpu_before);
    let elapsed = last - first.unwrap_or(begun);
    let connections = receiver.connections.load(Ordering::Relaxed);
    report(receiver.take(), connections);
    if arguments.backlog {
        let events = f64::from(u32::try_from(count - before).unwrap_or(u32::MAX));
        println!(
            "  {:.0} deliveries/s over {:.1} s",
            events / elapsed.as_secs_f64(),
            elapsed.as_secs_f64()
        );
        if let Some((after, before)) = cpu {
            println!(
                "  {:.0} µs of the server's CPU per delivery",
                (after - before) * 1e6 / events
            );
        }
    }
}

fn report(mut arrivals: Arrivals, connections: usize) {
    arrivals.latencies_ms.sort_unstable();
    let latencies = &arrivals.latencies_ms;
    let percentile = |percent: usize| {
        let index = (latencies.len() * percent / 100).min(latencies.len().saturating_sub(1));
        latencies.get(index).copied().unwrap_or(0)
    };
    println!(
        "deliver: {} events, {} more than once, {connections} connections",
        latencies.len(),
        arrivals.repeated
    );
    println!(
        "  event to receipt: p50 {} ms, p90 {} ms, p99 {} ms, longest {} ms",
        percentile(50),
        percentile(90),
        percentile(99),
        percentile(100)
    );
}
