//! What the partner does in the live demonstration, over HTTP with its live key.

use std::time::{Duration, Instant};

use peeker_app::cancel as cancellation;
use peeker_app::wallet::{self, Decision};
use peeker_domain::id::OrderId;
use peeker_domain::{Cents, Environment};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::MissedTickBehavior;

use super::operator;
use super::stage::{LiveStage, WEBSITE};
use super::told::Told;
use crate::demo::client::{AvailabilityList, Order, Receipt};
use crate::failure::{Failure, Result};
use crate::output::dollars;

/// How long one part may take. New mailboxes and proofs of ownership are seen late, by fakes too.
const DEADLINE: Duration = Duration::from_mins(5);
const POLL: Duration = Duration::from_millis(500);
/// What the partner pays in.
const PAYMENT: Cents = Cents(50_000);

/// The customer's own domain, which is registered elsewhere.
const OWNED: &str = "northwind-outreach.com";
const BOUGHT: [&str; 2] = ["getnorthwind.com", "trynorthwind.com"];
/// Comes for one of them by a swap.
const REPLACEMENT: &str = "meetnorthwind.com";
const TAKEN: &str = "taken-northwind.com";
const CUSTOMER: &str = "dana@northwind.example";

#[derive(Deserialize)]
struct Import {
    nameserver_groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    nameservers: Vec<String>,
}

#[derive(Deserialize)]
struct Swap {
    id: String,
    status: String,
}

/// Books a payment: live keys pay from the wallet.
pub async fn fill_wallet(live: &LiveStage, told: &Told) -> Result<()> {
    told.section("Wallet, import, availability")?;
    let payment = Decision::Credit(PAYMENT);
    wallet::book(
        &live.app,
        Environment::Live,
        &live.partner,
        payment,
        Some("demo"),
        None,
    )
    .await?;
    told.row("wallet", &format!("{} paid in", dollars(PAYMENT.0)))
}

/// Imports the customer's own domain, and moves it as the customer would at his registrar.
pub async fn import(live: &LiveStage, told: &Told) -> Result<()> {
    live.fakes
        .register_elsewhere(OWNED, &["ns1.parked.example", "ns2.parked.example"]);
    let body = json!({ "domains": [OWNED] });
    let job: Import = live.client.post("/domains/import", &body).await?.data;
    let servers = job.nameserver_groups.into_iter().next();
    let servers = servers.map_or_else(Vec::new, |group| group.nameservers);
    told.row(
        "imported",
        &format!("{OWNED}, to {}", servers.join(" and ")),
    )?;
    let servers: Vec<&str> = servers.iter().map(String::as_str).collect();
    live.fakes.register_elsewhere(OWNED, &servers);
    told.row("the customer", "sets these nameservers at its registrar")?;
    let names: Vec<&str> = BOUGHT.into_iter().chain([TAKEN]).collect();
    let answer: AvailabilityList = live
        .client
        .post("/domains/availability", &json!({ "domains": names }))
        .await?
        .data;
    for domain in answer.domains {
        let price = domain.price_cents.map_or_else(String::new, dollars);
        let verdict = domain.reason.unwrap_or(price);
        told.row(&domain.domain, &verdict)?;
    }
    Ok(())
}

/// Places the order. Gives back its id.
pub async fn place(live: &LiveStage, told: &Told) -> Result<String> {
    told.section("Order")?;
    let picture = format!("{}/pictures/jane.jpg", live.fakes.web_url());
    let persona = |first: &str, last: &str, picture: Value| json!({ "first_name": first, "last_name": last, "profile_picture_url": picture });
    let body = json!({
        "user": CUSTOMER,
        "google_licenses": 4,
        "google_inboxes_per_domain": 2,
        "microsoft_licenses": 1,
        "microsoft_inboxes_per_domain": 25,
        "sequencer": {
            "provider": "smartlead",
            "client_id": null,
            "login_email": "sequencer@northwind.example",
            "login_password": "correct horse battery staple",
        },
        "domains": [BOUGHT[0], BOUGHT[1], OWNED],
        "personas": [persona("Dana", "Whitfield", json!(picture)), persona("Marek", "Nowák", Value::Null)],
        "forwarding_url": website(live),
    });
    let placed = live.client.post::<Receipt>("/orders", &body).await?;
    let Receipt {
        id,
        status,
        domain_count,
    } = placed.data;
    told.row("POST /orders", &format!("{status}, {domain_count} domains"))?;
    told.row("order", &id)?;
    told.section("What happens")?;
    Ok(id)
}

/// Where the domains are forwarded to.
fn website(live: &LiveStage) -> String {
    let url = live.fakes.web_url();
    let port = url.rsplit(':').next().unwrap_or_default();
    format!("http://{WEBSITE}:{port}/")
}

/// Follows an order, does what waits for the operator, and tells of every event, until the order has this status.
pub async fn watch(live: &mut LiveStage, told: &Told, order: &str, status: &str) -> Result<()> {
    until(live, told, async |live: &LiveStage| {
        let now = live.client.order(order).await?;
        match now.status.as_str() {
            reached if reached == status => Ok(true),
            "failed" => Err(Failure::new("demo", format!("Order {order} failed"))),
            _ => Ok(false),
        }
    })
    .await
}

/// Tells of events and does the operator's tasks until `reached`, and until no event is missing.
async fn until(
    live: &mut LiveStage,
    told: &Told,
    reached: impl AsyncFn(&LiveStage) -> Result<bool>,
) -> Result<()> {
    let started = Instant::now();
    let mut polls = tokio::time::interval(POLL);
    polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_reached = false;
    while !(is_reached && live.has_no_gap()) {
        tokio::select! {
            event = live.next_event() => {
                if let Some(event) = event? {
                    told.event(&event)?;
                }
            }
            _ = polls.tick() => {
                operator::do_tasks(live, told).await?;
                is_reached = reached(live).await?;
            }
        }
        if started.elapsed() > DEADLINE {
            let message = format!(
                "Not done after {} s. Try again with PEEKER_LOG=info to see what the workers do",
                DEADLINE.as_secs()
            );
            return Err(Failure::new("demo", message));
        }
    }
    Ok(())
}

/// The order in full, with its domains and some inboxes.
pub async fn show_order(live: &LiveStage, told: &Told, order: &str) -> Result<()> {
    let detail: Order = live.client.order(order).await?;
    let domains = live.client.domains().await?;
    let inboxes = live.client.inboxes(order).await?;
    told.order(&detail, &domains, &inboxes)
}

/// Swaps one of the bought domains for another.
pub async fn swap(live: &mut LiveStage, told: &Told, order: &str) -> Result<()> {
    told.section(&format!("Swap: {} for {REPLACEMENT}", BOUGHT[0]))?;
    let domains: Vec<Value> = live.client.list("/domains?per_page=100").await?;
    let old = domains.iter().find(|domain| domain["domain"] == BOUGHT[0]);
    let old = old.and_then(|domain| domain["id"].as_str());
    let body = json!({ "type": "standard", "domain_id": old, "replacement_domain": REPLACEMENT });
    let swap: Swap = live.client.post("/swaps", &body).await?.data;
    told.row("POST /swaps", &swap.status)?;
    let path = format!("/swaps/{}", swap.id);
    until(live, told, async |live: &LiveStage| {
        let swap: Swap = live.client.get(&path).await?;
        match swap.status.as_str() {
            "completed" => Ok(true),
            "failed" => Err(Failure::new("demo", "The swap failed")),
            _ => Ok(false),
        }
    })
    .await?;
    watch(live, told, order, "completed").await
}

/// Cancels the order; the operator has it end now and not with its paid month.
pub async fn cancel(live: &mut LiveStage, told: &Told, order: &str) -> Result<()> {
    told.section("Cancel: POST /orders/{id}/cancel, then peeker order cancel --now")?;
    let detail: Order = live
        .client
        .post(&format!("/orders/{order}/cancel"), &json!({}))
        .await?
        .data;
    told.row("cancelled", &detail.status)?;
    let id = OrderId::from_stored(order.to_owned());
    cancellation::by_operator(&live.app, &id).await?;
    watch(live, told, order, "cancelled").await?;
    until(live, told, async |live: &LiveStage| live.is_idle().await).await
}
