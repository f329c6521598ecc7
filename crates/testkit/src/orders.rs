//! Order bodies for tests.

use serde_json::{Value, json};

/// `prefix-01.com`, `prefix-02.com`, …
pub fn names(prefix: &str, count: usize) -> Vec<String> {
    (1..=count)
        .map(|number| format!("{prefix}-{number:02}.com"))
        .collect()
}

fn base(domains: &[String]) -> Value {
    json!({
        "user": "client@example.com",
        "sequencer": {
            "provider": "smartlead",
            "client_id": 366_903,
            "login_email": "smartlead-login@example.com",
            "login_password": "secret-password",
        },
        "domains": domains,
        "personas": [{ "first_name": "Sam", "last_name": "Lee", "profile_picture_url": null }],
    })
}

/// A custom order of two Google inboxes on each of these domains.
pub fn custom_order(domains: &[String]) -> Value {
    let mut order = base(domains);
    order["google_licenses"] = json!(domains.len() * 2);
    order["google_inboxes_per_domain"] = json!(2);
    order
}

/// An order of a bundle.
pub fn bundle_order(bundle_id: &str, domains: &[String]) -> Value {
    let mut order = base(domains);
    order["bundle_id"] = json!(bundle_id);
    order
}
