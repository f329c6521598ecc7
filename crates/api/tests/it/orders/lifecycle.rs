//! From an accepted order to live inboxes, and the ways that provisioning can end.

use peeker_testkit::{Receiver, TestApp, apply, custom_order, names, on_both_engines};
use serde_json::json;

#[apply(on_both_engines!)]
async fn an_order_is_carried_to_completed(app: &TestApp) {
    let receiver = Receiver::start().await;
    let secret = app.set_webhook(&receiver.url).await;
    let client = app.client();
    let placed = client
        .post("/orders", custom_order(&names("domain", 3)))
        .await
        .data(200);
    assert_eq!(placed["status"], "in_progress");
    assert_eq!(placed["domain_count"], 3);
    assert_eq!(
        placed["costs"],
        json!({ "total_cents": 6 * 100 + 3 * 3_300, "currency": "usd" })
    );
    assert_eq!(placed["renews_at"], "2026-06-08T12:00:00Z");

    app.run_until_idle().await;

    let id = placed["id"].as_str().unwrap();
    let detail = client.get(&format!("/orders/{id}")).await.data(200);
    assert_eq!(detail["status"], "completed");
    assert_eq!(
        detail["progress"],
        json!({
            "domains_total": 3, "domains_active": 3, "inboxes_total": 6, "inboxes_active": 6,
        })
    );
    let inboxes = client
        .get(&format!("/orders/{id}/inboxes"))
        .await
        .expect(200);
    assert_eq!(inboxes["meta"]["returned"], 6);
    assert!(
        inboxes["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|inbox| inbox["status"] == "active")
    );
    let domains = client.get("/domains?category=connected").await.expect(200);
    assert_eq!(domains["data"].as_array().unwrap().len(), 3);

    let mut types = app.event_types().await;
    assert_eq!(types.first().map(String::as_str), Some("order.in_progress"));
    assert_eq!(types.last().map(String::as_str), Some("order.completed"));
    types.sort();
    assert_eq!(
        types,
        [
            "domain.connected",
            "domain.connected",
            "domain.connected",
            "order.completed",
            "order.in_progress"
        ]
    );
    let received = receiver.received();
    assert_eq!(received.len(), 5);
    for webhook in received {
        webhook.verify(&secret, app.now().as_seconds());
    }
}

#[apply(on_both_engines!)]
async fn a_domain_that_cannot_be_set_up_asks_for_a_replacement(app: &TestApp) {
    let client = app.client();
    let mut domains = names("domain", 2);
    domains.push("replace-me.com".into());
    let placed = client
        .post("/orders", custom_order(&domains))
        .await
        .data(200);
    app.run_until_idle().await;
    let detail = client
        .get(&format!("/orders/{}", placed["id"].as_str().unwrap()))
        .await
        .data(200);
    assert_eq!(detail["status"], "action_required");
    assert_eq!(detail["progress"]["domains_active"], 2);
    let waiting = client
        .get("/domains?status=action_required")
        .await
        .expect(200);
    assert_eq!(waiting["data"][0]["domain"], "replace-me.com");
    assert_eq!(app.events_of("domain.action_required").await.len(), 1);
    assert_eq!(app.events_of("order.action_required").await.len(), 1);
    assert_eq!(app.events_of("order.completed").await.len(), 0);
}

#[apply(on_both_engines!)]
async fn an_order_that_fails_gives_back_what_it_did_not_deliver(app: &TestApp) {
    let client = app.client();
    let mut domains = names("domain", 3);
    domains.push("fail-all.com".into());
    let order = custom_order(&domains);
    let placed = client.post("/orders", order.clone()).await.data(200);
    let id = placed["id"].as_str().unwrap();
    app.run_until_idle().await;
    let detail = client.get(&format!("/orders/{id}")).await.data(200);
    assert_eq!(detail["status"], "failed");
    assert_eq!(detail["progress"]["domains_active"], 0);
    assert_eq!(detail["progress"]["inboxes_active"], 0);
    assert_eq!(app.events_of("order.failed").await.len(), 1);
    let inboxes = client
        .get(&format!("/orders/{id}/inboxes"))
        .await
        .expect(200);
    assert!(
        inboxes["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|inbox| inbox["status"] == "removed")
    );
    let inventory = client.get("/domains?category=inventory").await.expect(200);
    let bought = inventory["data"].as_array().unwrap().len();
    assert!(
        inventory["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|domain| domain["status"] == "available")
    );

    let db = &app.app.store().sandbox.db;
    let order_id = id.parse().unwrap();
    let entries = peeker_store::wallet::entries_of_order(db, &app.partner.id, &order_id)
        .await
        .unwrap();
    let kept: i64 = entries.iter().map(|(_, amount)| amount.0).sum();
    assert_eq!(kept, -3_300 * i64::try_from(bought).unwrap(), "{entries:?}");
    let again = client.post("/orders", order).await.data(200);
    assert_ne!(
        again["id"], placed["id"],
        "a failed order no longer stands for its fingerprint"
    );
    app.run_until_idle().await;
}

#[apply(on_both_engines!)]
async fn a_provider_that_fails_for_a_moment_is_tried_again(app: &TestApp) {
    let client = app.client();
    let domains = vec!["flaky2-one.com".to_owned(), "slow5-two.com".to_owned()];
    let placed = client
        .post("/orders", custom_order(&domains))
        .await
        .data(200);
    let path = format!("/orders/{}", placed["id"].as_str().unwrap());
    app.run_until_idle().await;
    assert_eq!(client.get(&path).await.data(200)["status"], "in_progress");
    for _ in 0..3 {
        app.advance_seconds(5);
        app.run_until_idle().await;
    }
    assert_eq!(client.get(&path).await.data(200)["status"], "completed");
}
