//! Live orders over the vendors' wire formats: real HTTP and DNS to strict fakes, on both engines.

mod accounts;
mod contract;
mod faults;
mod many;
mod order;
mod parity;

use peeker_testkit::LiveApp;
use serde_json::{Value, json};

/// A body for `domains`, with so many Google licenses on two-inbox domains and so many Microsoft domains of 25.
fn body(customer: &str, domains: &[&str], google: u32, microsoft: u32) -> Value {
    let mut body = json!({
        "user": customer,
        "sequencer": {
            "provider": "smartlead",
            "client_id": null,
            "login_email": "sequencer@northwind.example",
            "login_password": "canary-3b1-login",
        },
        "domains": domains,
        "personas": [
            { "first_name": "Dana", "last_name": "Whitfield", "profile_picture_url": null },
            { "first_name": "Marek", "last_name": "Nowák", "profile_picture_url": null },
        ],
    });
    if google > 0 {
        body["google_licenses"] = json!(google);
        body["google_inboxes_per_domain"] = json!(2);
    }
    if microsoft > 0 {
        body["microsoft_licenses"] = json!(microsoft);
        body["microsoft_inboxes_per_domain"] = json!(25);
    }
    body
}

/// What a live key reads at a path.
async fn get(live: &LiveApp, path: &str) -> Value {
    live.client().get(path).await.expect(200)
}

/// What a live key is answered, with this status.
async fn post(live: &LiveApp, path: &str, body: Value, status: u16) -> Value {
    live.client().post(path, body).await.expect(status)
}

/// Places an order, which must be accepted. Gives back its id.
async fn place(live: &LiveApp, body: Value) -> String {
    let placed = post(live, "/orders", body, 200).await;
    placed["data"]["id"].as_str().unwrap().to_owned()
}

/// The domains of the account, by name.
async fn domain(live: &LiveApp, name: &str) -> Value {
    let found = get(live, &format!("/domains?domain={name}")).await;
    found["data"][0].clone()
}
