//! Many partners who order, list, import, swap, follow events without reading and receive webhooks, while somebody else
//! kills the server and fills its disk. They note what they were answered, and hold the server to it.
//!
//! It is told by lines on its standard input what happens to the server, since it knows it by HTTP only:
//!
//! - `restarted`: the server was killed and runs again; what was answered before is looked for.
//! - `finish`: nothing more happens to it; the load ends, everything is checked, and the figures are printed.

mod check;
mod partner;
mod tally;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use futures::future::join_all;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::deliver::read_keys;
use crate::load::Target;
use crate::receiver::Receiver;
use crate::scenarios::run_name;
use partner::{ACTS, ORDERS_OF_ACTS, Partner};
use tally::Tally;

/// For how long a stream is held open that nobody reads; less than the server waits for such clients.
const UNREAD: Duration = Duration::from_secs(20);
/// How long the server may take from its last start until all work is done.
const SETTLE: Duration = Duration::from_mins(12);

/// How much is asked of the server.
#[derive(Debug, Args)]
pub struct Arguments {
    /// One full test key per line, each of a partner of its own. The endpoint of the partner in line n, counted from 0, must
    /// be `/n` at the receiver.
    #[arg(long)]
    keys: PathBuf,
    /// Where the webhook receiver listens.
    #[arg(long, default_value = "127.0.0.1:9100")]
    receiver: String,
    /// Partners, from the first line on, whose receiver never answers.
    #[arg(long, default_value_t = 2)]
    hanging: usize,
    /// New orders in a second, of all partners together.
    #[arg(long, default_value_t = 10)]
    rate: u32,
    /// Event streams that are opened and never read.
    #[arg(long, default_value_t = 20)]
    streams: usize,
}

/// Puts the load on, until it is told to finish; then checks.
pub async fn soak(url: &str, arguments: &Arguments) -> Result<(), String> {
    let targets = read_keys(url, &arguments.keys)?;
    let receiver = Receiver::start(&arguments.receiver, arguments.hanging)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", arguments.receiver))?;
    let (run, tally) = (run_name(), Arc::new(Tally::default()));
    let partners: Vec<_> = targets
        .iter()
        .enumerate()
        .map(|(number, target)| {
            Arc::new(Partner::new(
                number,
                target.clone(),
                &run,
                Arc::clone(&tally),
            ))
        })
        .collect();
    let is_over = Arc::new(AtomicBool::new(false));
    let mut load = JoinSet::new();
    let pause = pause(partners.len(), arguments.rate);
    for partner in &partners {
        load.spawn(act(Arc::clone(partner), Arc::clone(&is_over), pause));
    }
    let mut streams = JoinSet::new();
    for number in 0..arguments.streams {
        streams.spawn(hold_unread(targets[number % targets.len()].clone()));
    }

    let begun = Instant::now();
    follow(&partners).await?;
    is_over.store(true, Ordering::Relaxed);
    load.join_all().await;
    streams.shutdown().await;
    let load_seconds = begun.elapsed().as_secs();

    let begun = Instant::now();
    let deadline = begun + SETTLE;
    join_all(partners.iter().map(|partner| partner.settle(deadline))).await;
    let hanging = arguments.hanging;
    let arrivals = partners
        .iter()
        .skip(hanging)
        .map(|partner| partner.check_arrivals(&receiver, deadline));
    join_all(arrivals).await;
    tally.print(load_seconds, begun.elapsed().as_secs());
    tally.verdict()
}

/// Between two things that one partner does, so that all together make so many orders in a second.
fn pause(partners: usize, rate: u32) -> Duration {
    let partners = u32::try_from(partners).unwrap_or(u32::MAX);
    Duration::from_secs(1) * partners * ORDERS_OF_ACTS / (rate.max(1) * ACTS)
}

async fn act(partner: Arc<Partner>, is_over: Arc<AtomicBool>, pause: Duration) {
    let mut turn = partner.number();
    while !is_over.load(Ordering::Relaxed) {
        let next = tokio::time::Instant::now() + pause;
        partner.act(turn).await;
        turn += 1;
        tokio::time::sleep_until(next).await;
    }
}

/// Does what the lines on standard input say, until it is to finish.
async fn follow(partners: &[Arc<Partner>]) -> Result<(), String> {
    let mut lines = input();
    let mut checks = JoinSet::new();
    loop {
        match lines.recv().await.as_deref() {
            Some("restarted") => {
                for partner in partners {
                    let (partner, known) = (Arc::clone(partner), partner.unchecked());
                    checks.spawn(async move { partner.find_orders(&known).await });
                }
            }
            Some("finish") => break,
            Some(other) => return Err(format!("nobody knows what {other:?} means")),
            None => return Err("standard input ended before it said finish".to_owned()),
        }
    }
    checks.join_all().await;
    Ok(())
}

/// The lines on standard input; a thread waits for them.
fn input() -> mpsc::UnboundedReceiver<String> {
    let (sender, lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let lines = std::io::stdin().lines().map_while(Result::ok);
        for line in lines {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// Opens an event stream over and over, and reads nothing of it.
async fn hold_unread(target: Target) {
    loop {
        if let Ok(mut stream) = TcpStream::connect(target.address()).await {
            let head = target.head_of("/events/stream?after_sequence=0");
            // Who is killed meanwhile shows it at the next turn.
            let _ = stream.write_all(head.as_bytes()).await;
            tokio::time::sleep(UNREAD).await;
        } else {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}
