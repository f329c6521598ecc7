//! Every event about orders, domains and imports comes up, with the object that its type promises (contract §6).

use std::collections::{BTreeMap, BTreeSet};

use peeker_domain::EventType;
use peeker_testkit::{TestApp, apply, custom_order, names, on_both_engines};
use serde_json::{Value, json};

const ORDER: &[&str] = &[
    "bundle_id",
    "cancellation_scheduled_at",
    "cancelling_domains",
    "cancels_at",
    "costs",
    "created_at",
    "domain_count",
    "domains",
    "email",
    "failure",
    "id",
    "inbox_count",
    "progress",
    "renews_at",
    "status",
    "user_id",
    "users",
];
const DOMAIN: &[&str] = &[
    "category",
    "created_at",
    "domain",
    "forwarding_url",
    "id",
    "order_id",
    "provider",
    "status",
    "usable_for",
    "user_id",
];
const FORWARDING: &[&str] = &[
    "completed",
    "completed_at",
    "completed_count",
    "created_at",
    "failed",
    "failed_count",
    "forwarding_url",
    "id",
    "status",
];
const IMPORT: &[&str] = &[
    "completed",
    "completed_at",
    "completed_count",
    "created_at",
    "failed",
    "failed_count",
    "id",
    "nameserver_groups",
    "status",
];

/// Each type, the keys of its object, that object's status and where it can be read.
const TYPES: [(&str, &[&str], &str, &str); 14] = [
    ("order.in_progress", ORDER, "in_progress", "/orders"),
    ("order.completed", ORDER, "completed", "/orders"),
    ("order.failed", ORDER, "failed", "/orders"),
    ("order.action_required", ORDER, "action_required", "/orders"),
    // Of the order that waits: the other has ended by then.
    ("order.renewed", ORDER, "action_required", "/orders"),
    (
        "order.cancel_scheduled",
        ORDER,
        "cancel_scheduled",
        "/orders",
    ),
    ("order.cancelled", ORDER, "cancelled", "/orders"),
    ("domain.connected", DOMAIN, "active", "/domains"),
    (
        "domain.action_required",
        DOMAIN,
        "action_required",
        "/domains",
    ),
    (
        "domain.forwarding_updated",
        FORWARDING,
        "completed",
        "/domains/forwarding",
    ),
    (
        "domain.forwarding_failed",
        FORWARDING,
        "failed",
        "/domains/forwarding",
    ),
    (
        "domain_import.completed",
        IMPORT,
        "completed",
        "/domains/import",
    ),
    ("domain_import.failed", IMPORT, "failed", "/domains/import"),
    (
        "domain_import.action_required",
        IMPORT,
        "action_required",
        "/domains/import",
    ),
];

/// What an event tells of. Those that ask for something say for what.
fn object(body: &Value, kind: EventType) -> Value {
    let mut object = body["data"].clone();
    let actions = object.as_object_mut().unwrap().remove("actions");
    let asks = kind.as_str().ends_with("action_required");
    assert_eq!(actions.is_some(), asks, "{kind}");
    object
}

fn keys(object: &Value) -> Vec<&str> {
    object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[apply(on_both_engines!)]
async fn each_type_is_sent_with_its_object(app: &TestApp) {
    let client = app.client();
    app.may_leave_jobs();
    let cancelled = client
        .post("/orders", custom_order(&names("plain", 2)))
        .await
        .data(200);
    client
        .post("/orders", custom_order(&["fail-x.com".into()]))
        .await
        .expect(200);
    client
        .post("/orders", custom_order(&["replace-x.com".into()]))
        .await
        .expect(200);
    client
        .post(
            "/domains/import",
            json!({ "domains": ["nspending-x.com", "fwdfail-x.com", "good.com"] }),
        )
        .await
        .expect(200);
    client
        .post("/domains/import", json!({ "domains": ["not a name"] }))
        .await
        .expect(200);
    app.run_until_idle().await;
    for (domain, url) in [
        ("plain-01.com", "https://example.com/a"),
        ("fwdfail-x.com", "https://example.com/b"),
    ] {
        client
            .post(
                "/domains/forwarding",
                json!({ "domains": [domain], "forwarding_url": url }),
            )
            .await
            .expect(202);
    }
    client
        .post(
            &format!("/orders/{}/cancel", cancelled["id"].as_str().unwrap()),
            json!({}),
        )
        .await
        .expect(200);
    for _ in 0..32 {
        app.run_until_idle().await;
        app.advance_seconds(24 * 60 * 60);
    }

    let events = app.events().await;
    let mut by_type: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (event, sequence) in events.iter().zip(1..) {
        let body: Value = serde_json::from_str(&event.body).unwrap();
        assert_eq!(
            keys(&body),
            [
                "created_at",
                "data",
                "environment",
                "id",
                "order_id",
                "sequence",
                "type"
            ]
        );
        assert_eq!(
            json!([body["environment"], body["sequence"], body["type"]]),
            json!(["test", sequence, event.kind])
        );
        assert!(body["id"].as_str().unwrap().starts_with("evt_"));
        by_type
            .entry(event.kind.to_string())
            .or_default()
            .push(object(&body, event.kind));
    }
    for (kind, expected, status, path) in TYPES {
        let objects = by_type.remove(kind).unwrap_or_else(|| panic!("no {kind}"));
        for object in &objects {
            assert_eq!(keys(object), expected, "{kind}");
            assert_eq!(object["status"], status, "{kind} {object}");
            let now = client
                .get(&format!("{path}/{}", object["id"].as_str().unwrap()))
                .await
                .data(200);
            let (told, read): (BTreeSet<_>, BTreeSet<_>) = (
                keys(object).into_iter().collect(),
                keys(&now).into_iter().collect(),
            );
            assert!(
                told == read || now["category"] == "inventory",
                "{kind}: what is told is what is read: {now}"
            );
        }
        let ids: BTreeSet<String> = objects
            .iter()
            .map(|object| object["id"].to_string())
            .collect();
        assert_eq!(
            ids.len(),
            objects.len(),
            "{kind} was told twice about one object"
        );
    }
    assert_eq!(by_type, BTreeMap::new(), "unexpected types");
}
