//! Smartlead: what its descriptions say, asked as they say.

mod clients;
mod mailboxes;
mod oauth;
mod save;
mod warmup;

use peeker_fakes::{Fakes, Vendor};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::client::{client, credential, read, start};

const MICROSOFT_PASSWORD: &str = "Correct-horse-1";

/// A request with the key of the first account.
fn request(fakes: &Fakes, method: Method, path: &str) -> RequestBuilder {
    let key = credential(fakes, Vendor::Smartlead, "api_key");
    let sign = if path.contains('?') { '&' } else { '?' };
    let url = format!(
        "{}/api/v1{path}{sign}api_key={key}",
        fakes.url(Vendor::Smartlead)
    );
    client().request(method, url)
}

async fn get(fakes: &Fakes, path: &str) -> (u16, Value) {
    read(request(fakes, Method::GET, path).send().await.unwrap()).await
}

async fn post(fakes: &Fakes, path: &str, body: Value) -> (u16, Value) {
    let request = request(fakes, Method::POST, path).json(&body);
    read(request.send().await.unwrap()).await
}

async fn delete(fakes: &Fakes, path: &str) -> (u16, Value) {
    read(request(fakes, Method::DELETE, path).send().await.unwrap()).await
}

fn change(fakes: &Fakes, change: &Value) {
    let id = credential(fakes, Vendor::Smartlead, "account_id");
    let changed = fakes.change(Vendor::Smartlead, "accounts", &id, change);
    changed.unwrap();
}

/// Makes a Google user, and gives the body with which its mailbox is added.
async fn google_mailbox(fakes: &Fakes, local: &str) -> Value {
    let tenant = crate::google::Tenant::first(fakes).await;
    let email = format!("{local}@{}", tenant.primary_domain());
    assert_eq!(tenant.add_user(&email).await.0, 200);
    json!({
        "id": null,
        "from_name": "Jane Doe",
        "from_email": email,
        "user_name": email,
        "password": crate::google::PASSWORD,
        "smtp_host": "smtp.gmail.com",
        "smtp_port": 587,
        "imap_host": "imap.gmail.com",
        "imap_port": 993,
        "type": "GMAIL",
        "max_email_per_day": 30,
        "warmup_enabled": true,
        "total_warmup_per_day": 20,
        "client_id": null,
    })
}

/// Adds a mailbox, and gives its id.
async fn added(fakes: &Fakes, body: Value) -> u64 {
    let (status, answer) = post(fakes, "/email-accounts/save", body).await;
    assert_eq!(status, 200, "{answer}");
    answer["data"]["id"].as_u64().unwrap()
}

#[tokio::test]
async fn every_call_needs_the_key_in_the_query() {
    let fakes = start().await;
    let url = format!("{}/api/v1/client", fakes.url(Vendor::Smartlead));
    let key = credential(&fakes, Vendor::Smartlead, "api_key");
    for request in [
        client().get(&url),
        client().get(format!("{url}?api_key=wrong")),
        client().get(&url).bearer_auth(&key),
    ] {
        let answer = read(request.send().await.unwrap()).await;
        assert_eq!(answer, (401, json!({ "message": "Invalid API Key" })));
    }
    assert_eq!(get(&fakes, "/client").await.0, 200);
    change(&fakes, &json!({ "credentials_refused": true }));
    assert_eq!(get(&fakes, "/client").await.0, 401);
}

#[tokio::test]
async fn more_than_the_limit_of_a_second_is_refused_with_the_time_to_wait() {
    let fakes = start().await;
    fakes.set_limit(Vendor::Smartlead, "second", Some(1));
    let first = request(&fakes, Method::GET, "/client")
        .send()
        .await
        .unwrap();
    assert_eq!(first.headers()["x-ratelimit-limit"], "1");
    assert_eq!(first.headers()["x-ratelimit-remaining"], "0");
    assert!(first.headers().contains_key("x-ratelimit-reset"));
    let second = request(&fakes, Method::GET, "/client")
        .send()
        .await
        .unwrap();
    assert_eq!(second.headers()["retry-after"], "1");
    let (status, answer) = read(second).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (429, &json!("RATE_LIMIT_EXCEEDED"))
    );
    assert_eq!(answer["error"]["retry_after"], 1);
    fakes.advance_seconds(1);
    assert_eq!(get(&fakes, "/client").await.0, 200);
}

#[tokio::test]
async fn what_is_not_there_is_said_in_plain_text() {
    let fakes = start().await;
    let response = request(&fakes, Method::GET, "/nothing")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 404);
    assert!(
        response.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain")
    );
}
