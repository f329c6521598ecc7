//! `/swaps`: what is asked for, what is answered, and what has become of the order.

mod domains;
mod premium;
mod refused;
mod together;
mod user_names;
mod withdraw;

use peeker_store::wallet;
use peeker_testkit::{Response, TestApp, mixed_order, names};
use serde_json::{Value, json};

/// A completed order of two Google domains with two inboxes each and a Microsoft domain with 25: 11,200 cents.
async fn completed(app: &TestApp, prefix: &str) -> String {
    place(app, mixed_order((4, 2), (1, 25), &names(prefix, 3))).await
}

/// Places an order and works on it.
async fn place(app: &TestApp, body: Value) -> String {
    let placed = app.client().post("/orders", body).await.data(200);
    app.run_until_idle().await;
    placed["id"].as_str().unwrap().to_owned()
}

async fn order(app: &TestApp, id: &str) -> Value {
    app.client().get(&format!("/orders/{id}")).await.data(200)
}

async fn domain(app: &TestApp, name: &str) -> Value {
    let all = app.client().get("/domains?per_page=100").await.expect(200);
    let mut rows = all["data"].as_array().unwrap().iter();
    rows.find(|row| row["domain"] == name).unwrap().clone()
}

async fn id_of(app: &TestApp, name: &str) -> String {
    domain(app, name).await["id"].as_str().unwrap().to_owned()
}

async fn post_swap(app: &TestApp, kind: &str, domain: &str, replacement: &str) -> Response {
    let body = json!({ "type": kind, "domain_id": domain, "replacement_domain": replacement });
    app.client().post("/swaps", body).await
}

/// Begins a swap of a domain by name.
async fn swap(app: &TestApp, kind: &str, name: &str, replacement: &str) -> Value {
    post_swap(app, kind, &id_of(app, name).await, replacement)
        .await
        .data(201)
}

async fn get(app: &TestApp, swap: &Value) -> Value {
    let id = swap["id"].as_str().unwrap();
    app.client().get(&format!("/swaps/{id}")).await.data(200)
}

async fn state(app: &TestApp, swap: &Value) -> (String, Option<String>) {
    let now = get(app, swap).await;
    let reason = now.get("reason").and_then(Value::as_str);
    (
        now["status"].as_str().unwrap().to_owned(),
        reason.map(str::to_owned),
    )
}

fn status(status: &str) -> (String, Option<String>) {
    (status.to_owned(), None)
}

fn status_with_reason(status: &str, reason: &str) -> (String, Option<String>) {
    (status.to_owned(), Some(reason.to_owned()))
}

/// The types of the events about a swap, in sequence.
async fn event_types(app: &TestApp, swap: &Value) -> Vec<String> {
    let events = app.events().await.into_iter();
    let about = events.filter(|event| {
        let body: Value = serde_json::from_str(&event.body).unwrap();
        event.kind.as_str().starts_with("swap.") && body["data"]["id"] == swap["id"]
    });
    about.map(|event| event.kind.to_string()).collect()
}

/// The amounts booked on the wallet for an order, with their reasons.
async fn booked(app: &TestApp, order: &str) -> Vec<(String, i64)> {
    let db = &app.app.store().sandbox.db;
    let order_id = order.parse().unwrap();
    let entries = wallet::entries_of_order(db, &app.partner.id, &order_id)
        .await
        .unwrap();
    entries
        .into_iter()
        .map(|(reason, amount)| (reason.to_string(), amount.0))
        .collect()
}

/// Addresses of the order's inboxes with this status on a domain, sorted.
async fn inboxes(app: &TestApp, order: &str, domain: &str, status: &str) -> Vec<String> {
    let path = format!("/orders/{order}/inboxes?per_page=100");
    let rows = app.client().get(&path).await.data(200);
    let rows = rows.as_array().unwrap().iter();
    let mut found: Vec<String> = rows
        .filter(|row| row["domain"] == domain && row["status"] == status)
        .map(|row| row["email"].as_str().unwrap().to_owned())
        .collect();
    found.sort();
    found
}
