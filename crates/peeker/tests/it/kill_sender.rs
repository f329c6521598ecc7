//! Kill -9 of the sender, again and again, under load and with a receiver that fails 30 % of the requests: every event
//! arrives, and what arrives twice is the same event (invariant 6).
//!
//! The retries are minutes apart; while the server is dead, the test moves them into the past as if the time had gone by.
//! `PEEKER_KILL_SECONDS=60` keeps orders coming for that long.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use peeker_app::clock::SystemClock;
use peeker_domain::id::AccountId;
use peeker_domain::{Clock, DeliveryState, Timestamp};
use peeker_store::entity::deliveries::{Column, Entity};
use peeker_store::{Location, Store, deliveries, events};
use peeker_webhooks::{SignatureFamily, SigningSecret, verify};
use reqwest::Client;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::Value;
use tokio::net::TcpListener;

use super::json;
use super::kill::{Server, place};

/// Orders placed, unless the environment says for how long.
const ORDERS: usize = 25;
/// How long the sender lives each time, counted in requests that arrive.
const LIFE: usize = 60;
/// A sender that sends nothing for so long has nothing to send, or nothing it may send yet.
const SILENCE: Duration = Duration::from_secs(2);
/// Far longer than all of it takes.
const PATIENCE: Duration = Duration::from_mins(4);
/// Attempts of one event that fail at most; the schedule has six.
const MOST_FAILURES: usize = 4;

/// What arrived, by event.
#[derive(Default)]
struct Arrivals {
    requests: HashMap<String, usize>,
    received: HashMap<String, Bytes>,
    failed: usize,
    twice: usize,
}

struct Receiver {
    secret: SigningSecret,
    arrivals: Mutex<Arrivals>,
}

/// Fails three of ten requests, the same ones in every run of the same requests.
fn fails(event: &str, request: usize) -> bool {
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one((event, request));
    request < MOST_FAILURES && hash % 10 < 3
}

async fn receive(
    State(receiver): State<Arc<Receiver>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let signed_at: i64 = header("peeker-timestamp").unwrap().parse().unwrap();
    verify(
        &receiver.secret,
        SignatureFamily::Peeker,
        header,
        &body,
        signed_at,
        0,
    )
    .unwrap();
    let id = header("peeker-event-id").unwrap().to_owned();
    let parsed: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(parsed["id"], id);
    let mut arrivals = receiver.arrivals.lock().unwrap();
    let request = arrivals.requests.entry(id.clone()).or_default();
    *request += 1;
    if fails(&id, *request) {
        arrivals.failed += 1;
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    if let Some(earlier) = arrivals.received.insert(id, body.clone()) {
        assert_eq!(earlier, body, "another body under the same id");
        arrivals.twice += 1;
    }
    StatusCode::OK
}

fn listen(secret: SigningSecret, listener: TcpListener) -> Arc<Receiver> {
    let receiver = Arc::new(Receiver {
        secret,
        arrivals: Mutex::default(),
    });
    let router = Router::new()
        .fallback(receive)
        .with_state(Arc::clone(&receiver));
    tokio::spawn(async move { axum::serve(listener, router).await });
    receiver
}

/// Makes every retry due, as if its time had come while the server was dead. Gives back how many deliveries are open.
async fn let_time_pass(store: &Store) -> u64 {
    let db = &store.sandbox.db;
    Entity::update_many()
        .col_expr(
            Column::NextAttemptAt,
            Expr::value(Timestamp::from_millis(0)),
        )
        .filter(Column::State.eq(DeliveryState::Pending))
        .filter(Column::LeaseToken.is_null())
        .exec(&db.pools.writer)
        .await
        .unwrap();
    deliveries::count_unscoped(db, DeliveryState::Pending)
        .await
        .unwrap()
}

/// Orders one after the other while they are wanted; what fails, because the server is dead, is asked again.
async fn load(
    client: Client,
    url: Arc<Mutex<String>>,
    key: String,
    until: Option<Instant>,
) -> usize {
    let mut number = 0;
    while until.map_or(number < ORDERS, |until| Instant::now() < until) {
        let to = url.lock().unwrap().clone();
        match place(client.clone(), to, key.clone(), number).await {
            Some(_) => number += 1,
            None => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    number
}

/// Returns when so many more requests have arrived, or none for a while.
async fn live(receiver: &Receiver) {
    let count = || {
        receiver
            .arrivals
            .lock()
            .unwrap()
            .requests
            .values()
            .sum::<usize>()
    };
    let (end, mut seen, mut heard_at) = (count() + LIFE, count(), Instant::now());
    while seen < end && heard_at.elapsed() < SILENCE {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let now = count();
        if now > seen {
            (seen, heard_at) = (now, Instant::now());
        }
    }
}

#[tokio::test]
async fn every_event_arrives_though_the_sender_is_killed_and_the_receiver_fails() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let seconds = std::env::var("PEEKER_KILL_SECONDS").ok();
    let seconds = seconds.map(|text| Duration::from_secs(text.parse().unwrap()));
    let folder = tempfile::tempdir().unwrap();
    let (created, _) = json(folder.path(), &["partner", "create", "--name", "Acme"]);
    let account = created["partner"]["id"].as_str().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hook = format!("http://{}/hook", listener.local_addr().unwrap());
    let set = ["webhook", "set", account, "--url", &hook];
    let (set, _) = json(folder.path(), &set);
    let secret = SigningSecret::parse(set["secrets"]["test"].as_str().unwrap()).unwrap();
    let receiver = listen(secret, listener);

    let (begun, store) = (Instant::now(), open(folder.path()).await);
    let client = Client::builder()
        .timeout(Duration::from_secs(5))
        .build()
        .unwrap();
    let mut server = Server::start(folder.path());
    let url = Arc::new(Mutex::new(server.url.clone()));
    let key = created["keys"]["test"].as_str().unwrap().to_owned();
    let until = seconds.map(|seconds| begun + seconds);
    let loading = tokio::spawn(load(client, Arc::clone(&url), key, until));
    let mut kills = 0;
    loop {
        live(&receiver).await;
        server.kill();
        kills += 1;
        let open = let_time_pass(&store).await;
        if loading.is_finished() && open == 0 && quiet(&store).await {
            break;
        }
        let patience = PATIENCE + seconds.unwrap_or_default();
        assert!(begun.elapsed() < patience, "{open} deliveries are left");
        server = Server::start(folder.path());
        url.lock().unwrap().clone_from(&server.url);
    }
    let orders = loading.await.unwrap();
    check(&store, account, &receiver, kills, orders).await;
}

async fn open(folder: &Path) -> Store {
    Store::open(&Location::Sqlite(folder.join("data")), None)
        .await
        .unwrap()
}

/// Whether no job is left that brings forth more events; those that wait for a day to come are no work.
async fn quiet(store: &Store) -> bool {
    let db = &store.sandbox.db;
    let next = peeker_store::jobs::next_due_unscoped(db).await.unwrap();
    let soon = SystemClock.now().plus_seconds(60 * 60);
    next.is_none_or(|due| due > soon)
}

async fn check(store: &Store, account: &str, receiver: &Receiver, kills: usize, orders: usize) {
    let db = &store.sandbox.db;
    let account = AccountId::from_stored(account.to_owned());
    let events = events::list_after(db, &account, 0, 1_000_000)
        .await
        .unwrap();
    let arrivals = std::mem::take(&mut *receiver.arrivals.lock().unwrap());
    let requests: usize = arrivals.requests.values().sum();
    println!(
        "{kills} kills, {orders} orders, {} events, {requests} requests, {} failed, {} events twice",
        events.len(),
        arrivals.failed,
        arrivals.twice
    );
    assert!(
        kills >= 3 && events.len() >= ORDERS * 6,
        "too little happened"
    );
    assert!(
        arrivals.failed * 100 > requests * 15,
        "the receiver hardly failed"
    );
    for event in &events {
        let body = arrivals.received.get(event.id.as_str());
        assert_eq!(
            body.map(|body| &body[..]),
            Some(event.body.as_bytes()),
            "{} is lost",
            event.id
        );
    }
    assert_eq!(
        arrivals.received.len(),
        events.len(),
        "an event that is not in the log"
    );
    for state in [
        DeliveryState::Failed,
        DeliveryState::Waiting,
        DeliveryState::Skipped,
    ] {
        assert_eq!(
            deliveries::count_unscoped(db, state).await.unwrap(),
            0,
            "{state:?}"
        );
    }
}
