//! Starts the fakes, says where they are and how to log in, and runs until it is interrupted.

use std::io;

use clap::Parser;
use peeker_fakes::{Fakes, Options, Pace, Vendor};
use serde_json::{Map, Value, json};

/// The vendors as strict servers of their own. Credentials are made at the start and shown once.
#[derive(Parser)]
struct Arguments {
    /// The first of the HTTP ports, which follow each other; without it any that are free.
    #[arg(long)]
    port_base: Option<u16>,
    /// The port of the DNS; without it one that is free.
    #[arg(long)]
    dns_port: Option<u16>,
    /// Rate limits a hundred times as wide as the vendors', which is the default.
    #[arg(long, conflicts_with = "vendor_pace")]
    quick: bool,
    /// Rate limits as the vendors have them.
    #[arg(long)]
    vendor_pace: bool,
    /// After how many reads what is new is seen.
    #[arg(long, default_value_t = 1)]
    lag: u32,
    /// Prints one line of JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let fakes = Fakes::start(Options {
        port_base: arguments.port_base,
        dns_port: arguments.dns_port,
        pace: if arguments.vendor_pace && !arguments.quick {
            Pace::Vendor
        } else {
            Pace::Quick
        },
        lag: arguments.lag,
        seed: None,
    })
    .await?;
    let shown = show(&fakes);
    if arguments.json {
        println!("{shown}");
    } else {
        println!("{shown:#}");
    }
    tokio::signal::ctrl_c().await
}

fn show(fakes: &Fakes) -> Value {
    let vendors: Map<String, Value> = Vendor::ALL
        .into_iter()
        .map(|vendor| {
            let shown = json!({ "url": fakes.url(vendor), "accounts": fakes.credentials(vendor) });
            (vendor.word().to_owned(), shown)
        })
        .collect();
    let dns = fakes.dns();
    json!({
        "admin": fakes.admin_url(),
        "vendors": vendors,
        "dns": {
            "registry": dns.registry,
            "cloudflare": dns.cloudflare,
            "foreign": dns.foreign,
            "resolvers": dns.resolvers,
        },
    })
}
