//! Kill -9 of the server, again and again, while live orders are set up at vendors: all of them are completed, nothing was
//! bought, made or saved twice, the bill and the wallets are right, and no event is missing (invariants 1 and 6).
//!
//! `PEEKER_KILL_SEED=7` chooses other moments.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use peeker_fakes::{Fakes, Vendor};
use peeker_testkit::Engine;
use peeker_webhooks::{SignatureFamily, verify};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::Stage;

const SEED: u64 = 1;
/// How long a server lives at most, counted in requests that vendors get; each one a little longer than the one before, so
/// that there is an end.
const SHORTEST_LIFE: u64 = 6;
const LONGER_EACH_TIME: u64 = 5;
/// So long after the last of them it dies at most: between two requests, or after an answer that it has not written down.
const LATEST_MS: u64 = 12;
/// A server that asks the vendors nothing for so long waits for something.
const SILENCE: Duration = Duration::from_millis(300);
/// Far longer than all of it takes.
const PATIENCE: Duration = Duration::from_mins(4);
const LEAST_KILLS: usize = 8;

const OWNED: &str = "northwind-outreach.com";
const BOUGHT: [&str; 6] = [
    "getnorthwind.com",
    "trynorthwind.com",
    "meetnorthwind.com",
    "usenorthwind.com",
    "gonorthwind.com",
    "hellonorthwind.com",
];

/// Places all orders at once.
fn place_all(stage: &Stage) -> JoinSet<String> {
    [
        stage.order("a@northwind.example", &BOUGHT[..2], &[]),
        stage.order("b@northwind.example", &BOUGHT[2..3], &BOUGHT[3..4]),
        stage.order("c@northwind.example", &[OWNED], &[]),
        stage.order("d@northwind.example", &BOUGHT[4..5], &[]),
        stage.order("e@northwind.example", &[], &BOUGHT[5..]),
    ]
    .map(|order| stage.api.clone().place(order))
    .into_iter()
    .collect()
}

/// Why a server's life ends.
#[derive(PartialEq, Eq)]
enum End {
    Killed,
    Done,
}

/// Returns when vendors have had so many more requests, or when there is nothing left to do.
async fn live(stage: &Stage, life: u64, orders: usize, until: Instant) -> End {
    let end = stage.requests() + life;
    let (mut seen, mut heard_at) = (0, Instant::now());
    loop {
        let now = stage.requests();
        if now >= end {
            return End::Killed;
        }
        if now > seen {
            (seen, heard_at) = (now, Instant::now());
        } else if heard_at.elapsed() > SILENCE {
            let list = stage.get("/orders?per_page=100").await;
            let list = list.as_array().unwrap();
            let is_done = |order: &&Value| order["status"] == "completed";
            let done = list.iter().filter(is_done).count();
            if done == orders {
                return End::Done;
            }
            assert!(Instant::now() < until, "{list:#?}\n{}", stage.log());
            stage.do_tasks();
            stage.hurry();
            heard_at = Instant::now();
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn orders_survive_kills(engine: Engine) {
    let seed = std::env::var("PEEKER_KILL_SEED").map_or(SEED, |text| text.parse().unwrap());
    let mut dice = StdRng::seed_from_u64(seed);
    let mut stage = Stage::open(engine, "info", Fakes::url).await;
    let until = Instant::now() + PATIENCE;
    stage.start();
    stage.import(OWNED).await;
    let mut placing = place_all(&stage);
    let (orders, mut kills) = (placing.len(), 0);
    loop {
        let longest = SHORTEST_LIFE + LONGER_EACH_TIME * u64::try_from(kills).unwrap();
        let life = dice.random_range(1..=longest);
        if live(&stage, life, orders, until).await == End::Done {
            break;
        }
        tokio::time::sleep(Duration::from_millis(dice.random_range(0..=LATEST_MS))).await;
        stage.kill();
        kills += 1;
        stage.let_time_pass().await;
        stage.start();
    }
    println!("{kills} kills, {} requests", stage.requests());
    assert!(kills >= LEAST_KILLS, "only {kills} kills");
    let mut answered = BTreeSet::new();
    while let Some(order) = placing.join_next().await {
        answered.insert(order.unwrap());
    }
    check_orders(&stage, &answered).await;
    check_vendors(&stage, &answered).await;
    check_books(&stage);
    check_events(&stage).await;
    for line in stage.log().lines() {
        assert!(!line.contains("\"level\":\"ERROR\""), "{line}");
    }
    stage.close().await;
}

/// What was answered is what there is.
async fn check_orders(stage: &Stage, answered: &BTreeSet<String>) {
    let list = stage.get("/orders?per_page=100").await;
    let ids = list.as_array().unwrap().iter().map(|order| &order["id"]);
    let ids: Vec<&str> = ids.map(|id| id.as_str().unwrap()).collect();
    assert_eq!(ids.len(), answered.len(), "an order twice");
    assert!(ids.iter().all(|id| answered.contains(*id)), "{ids:?}");
}

/// What was made at a vendor, each exactly once.
fn made_once(stage: &Stage, vendor: Vendor, what: &str) -> BTreeSet<String> {
    let made = stage.fakes.counts().of(vendor).made;
    let made: BTreeMap<String, u64> = made.get(what).cloned().unwrap_or_default();
    for (of, times) in &made {
        assert_eq!(*times, 1, "{vendor} {what} {of}");
    }
    made.into_keys().collect()
}

async fn check_vendors(stage: &Stage, orders: &BTreeSet<String>) {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let bought: BTreeSet<String> = names(&BOUGHT);
    assert_eq!(made_once(stage, Vendor::NameCom, "registrations"), bought);
    let all: BTreeSet<String> = names(&[&BOUGHT[..], &[OWNED]].concat());
    let zones = made_once(stage, Vendor::Cloudflare, "zones_created");
    let zone = |made: &String| made.rsplit(' ').next().unwrap().to_owned();
    assert_eq!(zones.iter().map(zone).collect::<BTreeSet<_>>(), all);
    assert_eq!(zones.len(), all.len(), "a zone at two accounts");

    let mut inboxes: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for order in orders {
        let list = stage
            .get(&format!("/orders/{order}/inboxes?per_page=100"))
            .await;
        for inbox in list.as_array().unwrap() {
            assert_eq!(inbox["status"], "active", "{inbox}");
            let provider = match inbox["provider"].as_str() {
                Some("google") => "google",
                _ => "microsoft",
            };
            let address = inbox["email"].as_str().unwrap().to_owned();
            inboxes.entry(provider).or_default().insert(address);
        }
    }
    assert_eq!(
        (inboxes["google"].len(), inboxes["microsoft"].len()),
        (10, 50)
    );
    let google = made_once(stage, Vendor::Google, "users");
    assert_eq!(google, inboxes["google"]);
    let microsoft = made_once(stage, Vendor::Microsoft, "users");
    assert_eq!(microsoft, inboxes["microsoft"]);
    let saved = made_once(stage, Vendor::Smartlead, "mailboxes");
    assert_eq!(saved, &google | &microsoft);
}

/// The bill says what the registrar took, and every wallet is what its entries add up to.
fn check_books(stage: &Stage) {
    let paid = stage.fakes.counts().of(Vendor::NameCom).made;
    let paid: u64 = paid["cents_paid"].values().sum();
    let bill = stage.command(&["provider", "spend"]);
    assert_eq!(bill["paid_cents"], paid, "{bill}");
    assert_eq!(bill["in_doubt_cents"], 0, "{bill}");
    assert_eq!(bill["unbilled"], json!([]), "{bill}");
    let books = stage.command(&["wallet", "verify"]);
    assert_eq!((&books["ok"], &books["wrong"]), (&json!(true), &json!([])));
}

/// Every event has arrived, signed, and what arrived twice is the same event.
async fn check_events(stage: &Stage) {
    let events = stage.events().await;
    let sequence: Vec<i64> = events
        .iter()
        .map(|event| event["sequence"].as_i64().unwrap())
        .collect();
    let without_gap: Vec<i64> = (1..).take(events.len()).collect();
    assert_eq!(sequence, without_gap);
    let logged: BTreeSet<&str> = events
        .iter()
        .map(|event| event["id"].as_str().unwrap())
        .collect();
    let started = Instant::now();
    let mut arrived = arrivals(stage);
    while arrived.len() < logged.len() && started.elapsed() < Duration::from_secs(20) {
        tokio::time::sleep(Duration::from_millis(50)).await;
        arrived = arrivals(stage);
    }
    let arrived: BTreeSet<&str> = arrived.keys().map(String::as_str).collect();
    assert_eq!(arrived, logged);
}

fn arrivals(stage: &Stage) -> BTreeMap<String, Value> {
    let secret = stage.signing_secret();
    let mut arrived = BTreeMap::new();
    for webhook in stage.receiver.received() {
        let signed_at = webhook.header("peeker-timestamp").unwrap().parse().unwrap();
        for family in [SignatureFamily::Peeker, SignatureFamily::StandardWebhooks] {
            let header = |name: &str| webhook.header(name);
            verify(&secret, family, header, &webhook.body, signed_at, 0).unwrap();
        }
        let id = webhook.header("peeker-event-id").unwrap().to_owned();
        let body = webhook.json();
        assert_eq!(body["id"], id);
        if let Some(earlier) = arrived.insert(id, body.clone()) {
            assert_eq!(earlier, body, "another body under the same id");
        }
    }
    arrived
}

#[tokio::test(flavor = "multi_thread")]
async fn live_orders_survive_kills_sqlite() {
    orders_survive_kills(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn live_orders_survive_kills_postgres() {
    orders_survive_kills(Engine::Postgres).await;
}
