//! How long one partner's order takes beside another's imports, and how fast those go on.

use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use crate::load::{Target, run};
use crate::scenarios::{order, run_name};

/// How often an order that is being set up is asked about.
const POLL: Duration = Duration::from_millis(20);
/// How often the imports are.
const POLL_IMPORTS: Duration = Duration::from_millis(200);
/// Domains of each import: the most that one takes.
const DOMAINS: usize = 500;

/// What to measure.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A full test key of another partner, who places the orders.
    #[arg(long)]
    other_key: String,
    /// Imports of 500 domains each.
    #[arg(long, default_value_t = 60)]
    imports: usize,
    /// Orders of one domain, one after the other.
    #[arg(long, default_value_t = 5)]
    orders: usize,
}

/// Seconds to completion of orders, alone and beside imports; then the imports' rate until all are made.
pub async fn beside(heavy: &Target, url: &str, chosen: &Arguments) -> Result<(), String> {
    let other = Target::new(url, &chosen.other_key).map_err(|error| error.to_string())?;
    let name = run_name();
    let alone = orders(&other, &format!("{name}-alone"), chosen.orders).await?;
    println!("beside: {alone} alone");
    let start = Instant::now();
    run(chosen.imports, 8, |number| {
        let domains: Vec<String> = (0..DOMAINS)
            .map(|domain| format!("{name}-{number}-{domain}.com"))
            .collect();
        let heavy = heavy.clone();
        async move {
            let body = json!({ "domains": domains });
            heavy.post("/domains/import/jobs", &body).await.map(|_| ())
        }
    })
    .await?;
    println!(
        "  {} imports of {DOMAINS} accepted after {:.1} s",
        chosen.imports,
        start.elapsed().as_secs_f64()
    );
    let beside = orders(&other, &format!("{name}-beside"), chosen.orders).await?;
    println!("  {beside} beside the imports");
    let total = chosen.imports * DOMAINS;
    while zones(heavy, &name, chosen.imports).await? < total {
        tokio::time::sleep(POLL_IMPORTS).await;
    }
    let elapsed = start.elapsed().as_secs_f64();
    let rate = f64::from(u32::try_from(total).unwrap_or(u32::MAX)) / elapsed;
    println!("  all {total} zones after {elapsed:.1} s, {rate:.0} a second");
    Ok(())
}

/// Places orders one after the other; says how long each took until it was completed.
async fn orders(target: &Target, name: &str, count: usize) -> Result<String, String> {
    let mut seconds = Vec::new();
    for number in 0..count {
        let start = Instant::now();
        let placed = target.post("/orders", &order(name, number, 1)).await?;
        let path = format!("/orders/{}", text(&placed["data"]["id"]));
        loop {
            let status = target.get(&path).await?;
            match text(&status["data"]["status"]) {
                "completed" => break,
                "in_progress" => tokio::time::sleep(POLL).await,
                other => return Err(format!("the order reads {other}")),
            }
        }
        seconds.push(format!("{:.2} s", start.elapsed().as_secs_f64()));
    }
    Ok(format!("an order is completed in {}", seconds.join(", ")))
}

/// How many of the imported domains have a zone.
async fn zones(target: &Target, name: &str, imports: usize) -> Result<usize, String> {
    let mut made = 0;
    for number in 0..imports {
        let path = format!("/domains/import?domains={name}-{number}-0.com");
        let found = target.get(&path).await?;
        // An import that has not had its turn yet has no domains.
        let Some(import) = found["data"][0]["import_id"].as_str() else {
            continue;
        };
        let import = target.get(&format!("/domains/import/{import}")).await?;
        let count = import["data"]["completed_count"].as_u64().unwrap_or(0);
        made += usize::try_from(count).unwrap_or(0);
    }
    Ok(made)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
