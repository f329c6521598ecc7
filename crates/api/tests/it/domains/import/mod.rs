//! `/domains/import`.

mod at_once;
mod delegation;
mod faults;
mod jobs;
mod look_up;
mod ordered;

use peeker_testkit::{Client, TestApp};
use serde_json::{Value, json};

const DAY: i64 = 24 * 60 * 60;

fn body(domains: &[impl AsRef<str>]) -> Value {
    let domains: Vec<&str> = domains.iter().map(AsRef::as_ref).collect();
    json!({ "domains": domains })
}

/// Imports domains and waits for the zones.
async fn import(client: &Client, domains: &[impl AsRef<str>]) -> Value {
    client
        .post("/domains/import", body(domains))
        .await
        .data(200)
}

async fn begin(client: &Client, domains: &[impl AsRef<str>]) -> Value {
    client
        .post("/domains/import/jobs", body(domains))
        .await
        .data(202)
}

/// The import as both paths show it.
async fn shown(client: &Client, job: &Value) -> Value {
    let id = job["id"].as_str().unwrap();
    let import = client.get(&format!("/domains/import/{id}")).await.data(200);
    let job = client
        .get(&format!("/domains/import/jobs/{id}"))
        .await
        .data(200);
    assert_eq!(import, job);
    import
}

fn failed(domain: &str, reason: &str) -> Value {
    json!({ "domain": domain, "reason": reason })
}

/// All domains of the account.
async fn rows(client: &Client) -> Vec<Value> {
    let (mut rows, mut next) = (Vec::new(), "/domains?per_page=100".to_owned());
    loop {
        let mut page = client.get(&next).await.expect(200);
        rows.append(page["data"].as_array_mut().unwrap());
        let Some(link) = page["links"]["next"].as_str() else {
            return rows;
        };
        next = link.to_owned();
    }
}

/// One domain of the account.
async fn row(client: &Client, name: &str) -> Value {
    let found = rows(client)
        .await
        .into_iter()
        .find(|row| row["domain"] == name);
    found.unwrap_or_else(|| panic!("{name} is not in the account"))
}

/// Lets the day go by after which an import is looked at once more.
async fn let_a_day_pass(app: &TestApp) {
    app.run_until_idle().await;
    app.advance_seconds(DAY);
    app.run_until_idle().await;
}
