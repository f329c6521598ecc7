//! What one partner does is invisible to every other, and what a test key does to every live key (contract §1).

use std::collections::BTreeMap;

use peeker_domain::Environment;
use peeker_testkit::{
    Client, Receiver, TestApp, apply, bundle_order, custom_order, names, on_both_engines,
};
use serde_json::{Value, json};

use crate::operations::{ALL, CUSTOMER, RESET, Records};

const LISTS: [&str; 7] = [
    "/users",
    "/bundles",
    "/domains",
    "/domains/import?domains=imported-kept.com",
    "/orders",
    "/orders/pending",
    "/events",
];

/// The rows of an environment by table, empty tables and the record of migrations left out.
async fn rows(app: &TestApp, environment: Environment) -> BTreeMap<String, i64> {
    let mut counts = app.row_counts(environment).await;
    assert!(counts.len() > 10, "the tables were not found: {counts:?}");
    counts.retain(|table, rows| *rows != 0 && table != "schema_migrations");
    counts
}

/// Every record as its owner sees it.
async fn seen_by_owner(client: &Client, records: &Records) -> Vec<Value> {
    let mut seen = Vec::new();
    for operation in ALL
        .iter()
        .filter(|operation| operation.method == "GET" && operation.has_id())
    {
        seen.push(client.get(&operation.path_for(records)).await.expect(200));
    }
    seen
}

/// Whoever asks finds nothing under the ids of these records, and changes nothing.
async fn assert_hidden(app: &TestApp, from: &Client, records: &Records) {
    let before = seen_by_owner(&app.client(), records).await;
    for operation in ALL.iter().filter(|operation| operation.has_id()) {
        let response = operation
            .send(from, &operation.path_for(records), records)
            .await;
        assert_eq!(response.status, 404, "{}: {}", operation.id, response.text);
        response.error(404, "not_found");
    }
    for list in LISTS {
        let page = from.get(list).await.expect(200);
        assert_eq!(page["data"], json!([]), "{list}");
    }
    for filtered in [
        format!("/orders?user_id={}", records.user),
        format!("/orders?bundle_id={}", records.bundle),
        format!("/orders?user_email={CUSTOMER}"),
        format!("/domains?user_id={}", records.user),
        format!("/domains?user_email={CUSTOMER}"),
        format!("/users?email={CUSTOMER}"),
        format!("/orders/pending?order_id={}", records.order),
        format!("/orders/pending?domain_id={}", records.domain),
        format!("/orders/pending?user={}", records.user),
        format!("/orders/pending?user={CUSTOMER}"),
        format!("/events?order_id={}", records.order),
        "/events?type=order.in_progress".to_owned(),
        "/events?delivered=false".to_owned(),
        "/events?after_sequence=0".to_owned(),
    ] {
        let page = from.get(&filtered).await.expect(200);
        assert_eq!(page["data"], json!([]), "{filtered}");
    }
    let heard = from
        .get("/events/stream?after_sequence=0&follow=false")
        .await;
    assert_eq!(
        (heard.status.as_u16(), heard.text.as_str()),
        (200, ": open\nid: 0\n\n")
    );
    assert_eq!(seen_by_owner(&app.client(), records).await, before);
}

#[apply(on_both_engines!)]
async fn another_partner_finds_nothing(app: &TestApp) {
    let records = Records::make(app).await;
    let stranger = app.stranger().await;
    assert_hidden(app, &stranger, &records).await;

    let order = bundle_order(&records.bundle, &names("theirs", 19));
    let error = stranger
        .post("/orders", order)
        .await
        .error(404, "not_found");
    assert_eq!(error["field"], "bundle_id");
    let mut order = custom_order(&names("theirs", 1));
    order["user"] = json!(records.user);
    let error = stranger
        .post("/orders", order)
        .await
        .error(404, "not_found");
    assert_eq!(error["field"], "user");
}

#[apply(on_both_engines!)]
async fn two_partners_may_have_the_same_customer_and_the_same_order(app: &TestApp) {
    let stranger = app.stranger().await;
    let order = custom_order(&names("same", 1));
    let ours = app.client().post("/orders", order.clone()).await.data(200);
    let theirs = stranger.post("/orders", order).await.data(200);
    assert_ne!(ours["id"], theirs["id"]);
    assert_ne!(ours["user_id"], theirs["user_id"]);
    app.run_until_idle().await;
    for (client, order) in [(app.client(), &ours), (stranger, &theirs)] {
        let orders = client.get("/orders").await.data(200);
        assert_eq!(orders.as_array().unwrap().len(), 1);
        assert_eq!(orders[0]["id"], order["id"]);
        assert_eq!(orders[0]["status"], "completed");
        let users = client.get("/users").await.data(200);
        assert_eq!(users[0]["id"], order["user_id"]);
    }
}

#[apply(on_both_engines!)]
async fn the_live_key_finds_nothing_of_the_sandbox(app: &TestApp) {
    let records = Records::make(app).await;
    assert_hidden(app, &app.live_client(), &records).await;
}

#[apply(on_both_engines!)]
async fn nothing_done_with_a_test_key_leaves_a_row_in_the_live_database(app: &TestApp) {
    assert_eq!(rows(app, Environment::Live).await, BTreeMap::new());
    let receiver = Receiver::start().await;
    app.set_webhook(&receiver.url).await;
    let records = Records::make(app).await;
    let client = app.client();
    for operation in ALL.iter().filter(|operation| operation.id != RESET) {
        let path = operation.path_for(&records);
        let response = operation.send(&client, &path, &records).await;
        assert_eq!(
            response.status, operation.success,
            "{}: {}",
            operation.id, response.text
        );
    }
    let header = [("idempotency-key", "k")];
    let bundle = json!({ "name": "Kept", "monthly_sending_volume": 1 });
    client
        .post_with("/bundles", bundle, &header)
        .await
        .expect(201);
    let fails = custom_order(&["fail-order.com".to_owned(), "other-name.com".to_owned()]);
    client.post("/orders", fails).await.expect(200);
    app.run_until_idle().await;

    assert_eq!(rows(app, Environment::Live).await, BTreeMap::new());
    let sandbox = rows(app, Environment::Test).await;
    for table in [
        "users",
        "bundles",
        "orders",
        "domains",
        "inboxes",
        "events",
        "deliveries",
        "idempotency_keys",
        "imports",
        "import_domains",
        "import_fingerprints",
        "forwardings",
        "forwarding_domains",
        "pending_action_domains",
        "pending_actions",
        "jobs",
        "replays",
        "event_replays",
        "delivery_attempts",
    ] {
        assert!(
            sandbox.contains_key(table),
            "the test did nothing to {table}: {sandbox:?}"
        );
    }
    let reset = ALL.iter().find(|operation| operation.id == RESET).unwrap();
    reset.send(&client, reset.path, &records).await.expect(200);
    assert_eq!(rows(app, Environment::Live).await, BTreeMap::new());
}

#[apply(on_both_engines!)]
async fn nothing_done_with_a_live_key_leaves_a_row_in_the_sandbox(app: &TestApp) {
    let live = app.live_client();
    let user = json!({ "email": "live@example.com", "sequencer": { "provider": "smartlead", "client_id": 1 } });
    let user = live.post("/users", user).await.data(201);
    let header = [("idempotency-key", "k")];
    let bundle = json!({ "name": "Live", "monthly_sending_volume": 880 });
    let bundle = live.post_with("/bundles", bundle, &header).await.data(201);
    let path = format!("/users/{}", user["id"].as_str().unwrap());
    live.patch(&path, json!({ "first_name": "Sam" }))
        .await
        .expect(200);
    live.delete(&path).await.expect(200);
    live.post("/orders", custom_order(&names("live", 1)))
        .await
        .error(503, "internal_error");
    live.post("/orders/quote", custom_order(&names("live", 1)))
        .await
        .error(503, "internal_error");
    for path in ["/domains/import", "/domains/import/jobs"] {
        live.post(path, json!({ "domains": ["live.com"] }))
            .await
            .error(503, "internal_error");
    }
    let forwarding = json!({ "domains": ["live.com"], "forwarding_url": "https://example.com" });
    live.post("/domains/forwarding", forwarding)
        .await
        .error(503, "internal_error");
    let reset = live
        .request(axum::http::Method::POST, "/sandbox/reset")
        .body(axum::body::Body::empty());
    live.send(reset.unwrap()).await.error(404, "not_found");

    assert_eq!(rows(app, Environment::Test).await, BTreeMap::new());
    let written = rows(app, Environment::Live).await;
    assert_eq!(written.get("users"), Some(&1), "{written:?}");
    assert_eq!(written.get("bundles"), Some(&1), "{written:?}");
    assert_eq!(written.get("orders"), None, "{written:?}");
    for path in [path, format!("/bundles/{}", bundle["id"].as_str().unwrap())] {
        live.get(&path).await.expect(200);
        app.client().get(&path).await.error(404, "not_found");
    }
}

#[apply(on_both_engines!)]
async fn an_id_that_names_no_record_is_not_found(app: &TestApp) {
    let client = app.client();
    let records = Records::make(app).await;
    for operation in ALL.iter().filter(|operation| operation.has_id()) {
        let own = records.id_for(operation);
        let other_noun = if own.starts_with("usr_") {
            &records.order
        } else {
            &records.user
        };
        let prefix = &own[..4];
        for id in [
            other_noun.as_str(),
            &format!("{prefix}01ARZ3NDEKTSV4RRFFQ69G5FAV"),
            &own.to_lowercase(),
            &own[4..],
            prefix,
            &format!("{own}0"),
            "%20",
            "%00",
            "%FF",
            "..%2Fusers",
            "null",
        ] {
            let response = operation
                .send(&client, &operation.path_with(id), &records)
                .await;
            assert_eq!(
                response.status, 404,
                "{} {id}: {}",
                operation.id, response.text
            );
            response.error(404, "not_found");
        }
    }
}
