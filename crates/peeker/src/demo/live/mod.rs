//! `peeker demo --live`: a live order over the vendors' wire formats, at vendors that run beside the server.
//!
//! Nothing is simulated here but the vendors themselves, which are servers of their own (`peeker-fakes`): accounts are added
//! as an operator adds them, the wallet pays, domains are looked up in a DNS that follows what was bought, and what has no
//! API waits for the operator, whom this plays too. What must stay true: with `--exit`, status 0 means that the order came
//! to its end, the swap and the cancellation too, and that every event was received and verified.

mod holdings;
mod operator;
mod scenario;
mod stage;
mod told;

use std::time::Instant;

use serde_json::json;

use super::{Stage, folder};
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::serve::stop_on_signal;
use stage::LiveStage;
use told::Told;

/// Runs the live demonstration. Errors: something did not come to its end, or a webhook is missing or not authentic.
pub async fn run(stage: Stage, output: Output) -> Result<()> {
    let started = Instant::now();
    let told = Told::new(output);
    told.title()?;
    let folder = folder(stage.data_dir.clone())?;
    let interrupted = stop_on_signal(|| {})?;
    let mut live = LiveStage::open(&stage, folder.path(), output).await?;
    told.opened(&live, &folder.describe())?;
    let performance = Box::pin(perform(&mut live, &told, started));
    let Some(performed) = interrupted.run_until_cancelled(performance).await else {
        live.close().await?;
        return Err(Failure::new(
            "interrupted",
            "Stopped before the demonstration was over",
        ));
    };
    if performed.is_ok() && !stage.exit {
        told.go_on(&live)?;
        interrupted.cancelled().await;
        told.goodbye()?;
    }
    let closed = live.close().await;
    performed.and(closed)
}

async fn perform(live: &mut LiveStage, told: &Told, started: Instant) -> Result<()> {
    operator::add_accounts(live, told).await?;
    scenario::fill_wallet(live, told).await?;
    scenario::import(live, told).await?;
    let order = scenario::place(live, told).await?;
    scenario::watch(live, told, &order, "completed").await?;
    scenario::show_order(live, told, &order).await?;
    told.holdings(live)?;
    scenario::swap(live, told, &order).await?;
    scenario::cancel(live, told, &order).await?;
    told.holdings(live)?;
    let bill = told.bill(live).await?;
    let events = live.heard();
    told.summary(events, started.elapsed())?;
    told.json(&json!({
        "base_url": live.base_url,
        "partner": live.partner,
        "order": { "id": order, "status": "cancelled" },
        "webhooks": { "received": events, "verified": events },
        "paid_cents": bill.paid,
        "in_doubt_cents": bill.in_doubt,
        "sales_cents": bill.sales,
        "counts": live.fakes.counts(),
        "seconds": started.elapsed().as_secs_f64(),
    }))
}
