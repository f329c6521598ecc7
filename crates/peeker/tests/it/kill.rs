//! Kill -9 of the server while orders come in and are worked on: what was answered with an order is completed after
//! the next start, nothing is bought twice and no event is missing (invariants 1 and 6).

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use peeker_domain::id::AccountId;
use peeker_domain::{EventType, JobKind, JobState};
use peeker_store::{Location, Store, events, jobs};
use reqwest::Client;
use serde_json::{Value, json as body};

use super::{json, peeker};

const ORDERS: usize = 60;
const DOMAINS: usize = 4;
/// How long the server lives each time, counted in orders answered.
const KILL_AFTER: [usize; 3] = [7, 20, 41];

pub(crate) struct Server {
    process: Child,
    pub(crate) url: String,
}

impl Server {
    pub(crate) fn start(folder: &Path) -> Self {
        let mut command = peeker(folder);
        command.args(["serve", "--listen", "127.0.0.1:0", "--json"]);
        let mut process = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let started: Value = serde_json::from_str(&line).unwrap();
        let url = format!(
            "{}/partner/v1",
            started["listening"]["api"].as_str().unwrap()
        );
        Self { process, url }
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn order(number: usize) -> Value {
    let domains: Vec<String> = (0..DOMAINS)
        .map(|domain| format!("kill-{number}-{domain}.com"))
        .collect();
    body!({
        "user": "client@example.com",
        "sequencer": {"provider": "smartlead", "client_id": null, "login_email": "a@example.com", "login_password": "pw"},
        "google_licenses": DOMAINS * 2,
        "google_inboxes_per_domain": 2,
        "domains": domains,
        "personas": [{"first_name": "Sam", "last_name": "Lee", "profile_picture_url": null}],
    })
}

pub(crate) async fn place(
    client: Client,
    url: String,
    key: String,
    number: usize,
) -> Option<String> {
    let request = client
        .post(format!("{url}/orders"))
        .bearer_auth(key)
        .json(&order(number));
    let answer: Value = request.send().await.ok()?.json().await.ok()?;
    answer["data"]["id"].as_str().map(str::to_owned)
}

async fn statuses(client: &Client, server: &Server, key: &str) -> Vec<(String, String)> {
    let url = format!("{}/orders?per_page=100", server.url);
    let page: Value = client
        .get(url)
        .bearer_auth(key)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let text = |order: &Value, field: &str| order[field].as_str().unwrap().to_owned();
    page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|order| (text(order, "id"), text(order, "status")))
        .collect()
}

#[tokio::test]
async fn every_order_that_was_answered_is_completed_and_none_twice() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let (created, _) = json(folder.path(), &["partner", "create", "--name", "Acme"]);
    let account = created["partner"]["id"].as_str().unwrap().to_owned();
    let key = created["keys"]["test"].as_str().unwrap().to_owned();
    let client = Client::builder()
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap();

    let mut server = Server::start(folder.path());
    let mut answered = Vec::new();
    for number in 0..ORDERS {
        if KILL_AFTER.contains(&number) {
            // One more order is under way at the moment of the kill; whether it counts is open, and is asked again.
            let under_way = place(client.clone(), server.url.clone(), key.clone(), number);
            let under_way = tokio::spawn(under_way);
            tokio::task::yield_now().await;
            server.kill();
            let _ = under_way.await.unwrap();
            server = Server::start(folder.path());
        }
        answered.push(
            place(client.clone(), server.url.clone(), key.clone(), number)
                .await
                .unwrap(),
        );
    }
    let mut waited = 0;
    while statuses(&client, &server, &key)
        .await
        .iter()
        .any(|(_, status)| status == "in_progress")
    {
        waited += 1;
        assert!(waited < 600, "orders are left in progress");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut found = statuses(&client, &server, &key).await;
    assert!(
        found.iter().all(|(_, status)| status == "completed"),
        "{found:?}"
    );
    found.sort();
    answered.sort();
    assert_eq!(
        found.into_iter().map(|(id, _)| id).collect::<Vec<_>>(),
        answered,
        "an order twice or missing"
    );
    drop(server);
    check_rows(folder.path(), &account).await;
}

/// One purchase per domain, one event per milestone, no work left.
async fn check_rows(folder: &Path, account: &str) {
    let store = Store::open(&Location::Sqlite(folder.join("data")), None)
        .await
        .unwrap();
    let db = &store.sandbox.db;
    let account = AccountId::from_stored(account.to_owned());
    let events = events::list_after(db, &account, 0, 10_000).await.unwrap();
    let sequence: Vec<i64> = events.iter().map(|event| event.sequence).collect();
    assert_eq!(
        sequence,
        (1..=i64::try_from(events.len()).unwrap()).collect::<Vec<_>>(),
        "a gap in the sequence"
    );
    let count = |kind| events.iter().filter(|event| event.kind == kind).count();
    assert_eq!(count(EventType::OrderInProgress), ORDERS);
    assert_eq!(count(EventType::DomainConnected), ORDERS * DOMAINS);
    assert_eq!(count(EventType::OrderCompleted), ORDERS);
    let left = jobs::list_unscoped(db, JobState::Ready).await.unwrap();
    let timers = left
        .iter()
        .filter(|(kind, _)| *kind == JobKind::Renew)
        .count();
    assert_eq!(timers, ORDERS, "every order has its renewal");
    let is_timer = |kind| [JobKind::Renew, JobKind::Expiry].contains(kind);
    assert!(left.iter().all(|(kind, _)| is_timer(kind)), "{left:?}");
}
