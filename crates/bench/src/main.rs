//! Load generators for a running server. Every figure is printed beside a limit of the same machine, measured in the
//! same run: absolute numbers of a shared machine say little, ratios do.
//!
//! ```text
//! peeker serve &
//! peeker key create org_… --environment test --preset full --requests-per-minute 1000000 --json
//! PEEKER_BENCH_KEY=pk_test_… cargo run --release -p peeker-bench -- accept
//! ```

mod beside;
mod deliver;
mod limits;
mod load;
mod receiver;
mod scenarios;
mod soak;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Puts load on a running Peeker server and prints figures with the machine's own limits beside them.
#[derive(Debug, Parser)]
struct Arguments {
    /// The server.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A full test key whose rate limit does not stand in the way. Scenarios that read a file of keys do not need it.
    #[arg(
        long,
        env = "PEEKER_BENCH_KEY",
        hide_env_values = true,
        default_value = "",
        hide_default_value = true
    )]
    key: String,
    /// Requests under way at once.
    #[arg(long, default_value_t = 64)]
    clients: usize,
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(Debug, Subcommand)]
enum Scenario {
    /// Orders accepted per second: 24 Google licenses on 12 domains each.
    Accept {
        /// Orders to place.
        #[arg(long, default_value_t = 2_000)]
        orders: usize,
        /// A folder on the disk of the database, to measure what one durable write costs there.
        #[arg(long, default_value = ".")]
        disk: PathBuf,
    },
    /// Orders completed per second: places orders and waits until all are completed.
    Drain {
        /// Orders to place.
        #[arg(long, default_value_t = 500)]
        orders: usize,
    },
    /// Seconds to completion of one partner's order beside another's imports.
    Beside(beside::Arguments),
    /// Latency of `GET /orders`, pages of 25.
    List {
        /// Requests to make.
        #[arg(long, default_value_t = 5_000)]
        requests: usize,
    },
    /// Webhooks: from the event to its receipt, with receivers that hang, or a backlog as fast as it goes.
    Deliver(deliver::Arguments),
    /// What many partners do, for as long as wanted, while the server is killed and its disk fills: nothing that was
    /// answered may be lost. `scripts/soak` runs it.
    Soak(soak::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    // Another provider can only be there already if somebody linked one; it serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments = Arguments::parse();
    let target = match load::Target::new(&arguments.url, &arguments.key) {
        Ok(target) => target,
        Err(error) => {
            eprintln!("cannot make an HTTP client: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = match &arguments.scenario {
        Scenario::Accept { orders, disk } => {
            scenarios::accept(&target, arguments.clients, *orders, disk).await
        }
        Scenario::Drain { orders } => scenarios::drain(&target, arguments.clients, *orders).await,
        Scenario::Soak(chosen) => soak::soak(&arguments.url, chosen).await,
        Scenario::Beside(chosen) => beside::beside(&target, &arguments.url, chosen).await,
        Scenario::Deliver(chosen) => deliver::deliver(&arguments.url, chosen).await,
        Scenario::List { requests } => scenarios::list(&target, arguments.clients, *requests).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
