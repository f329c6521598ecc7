//! From a zone to a domain that can be used: the customer's nameservers.

use peeker_testkit::{TestApp, apply, custom_order, on_both_engines};
use serde_json::json;

use super::{DAY, begin, import, let_a_day_pass, row, shown};

#[apply(on_both_engines!)]
async fn a_domain_waits_for_its_nameservers_and_is_then_available(app: &TestApp) {
    let client = app.client();
    let job = import(&client, &["seen.com"]).await;
    let waiting = row(&client, "seen.com").await;
    assert_eq!(
        waiting,
        json!({
            "id": waiting["id"], "domain": "seen.com", "category": "inventory", "status": "action_required",
            "usable_for": waiting["usable_for"], "created_at": "2026-05-08T12:00:00Z",
        })
    );
    app.run_until_idle().await;
    let seen = row(&client, "seen.com").await;
    assert_eq!(
        seen,
        json!({
            "id": waiting["id"], "domain": "seen.com", "category": "inventory", "status": "available",
            "usable_for": ["google", "microsoft"], "created_at": "2026-05-08T12:00:00Z",
        })
    );
    assert_eq!(shown(&client, &job).await, job);
    for filter in [
        "status=available",
        "category=inventory",
        "usable_for=google",
        "usable_for=microsoft",
    ] {
        assert_eq!(
            client.get(&format!("/domains?{filter}")).await.data(200),
            json!([seen]),
            "{filter}"
        );
    }
    let_a_day_pass(app).await;
    assert_eq!(app.event_types().await, ["domain_import.completed"]);
}

#[apply(on_both_engines!)]
async fn after_a_day_the_import_asks_once_and_is_completed_when_all_is_set(app: &TestApp) {
    let client = app.client();
    let job = begin(&client, &["plain.com", "nspending-day.com"]).await;
    app.run_until_idle().await;
    assert_eq!(row(&client, "plain.com").await["status"], "available");
    assert_eq!(
        row(&client, "nspending-day.com").await["status"],
        "action_required"
    );
    let completed = shown(&client, &job).await;
    assert_eq!(completed["status"], "completed");

    app.advance_seconds(DAY - 1);
    app.run_until_idle().await;
    assert_eq!(shown(&client, &job).await, completed);
    app.advance_seconds(1);
    app.run_until_idle().await;
    let asking = shown(&client, &job).await;
    let mut expected = completed.clone();
    expected["status"] = json!("action_required");
    assert_eq!(asking, expected);
    for _ in 0..5 {
        app.advance_seconds(DAY);
        app.run_until_idle().await;
    }
    assert_eq!(
        app.event_types().await,
        ["domain_import.completed", "domain_import.action_required"]
    );
    let mut told = app.events_of("domain_import.action_required").await[0]["data"].clone();
    // No order waits for these domains.
    let actions = told.as_object_mut().unwrap().remove("actions");
    assert_eq!((told, actions), (asking, Some(json!([]))));

    let order = client
        .post("/orders", custom_order(&["nspending-day.com".to_owned()]))
        .await
        .data(200);
    app.run_until_idle().await;
    assert_eq!(shown(&client, &job).await["status"], "action_required");
    let path = format!("/orders/pending?order_id={}", order["id"].as_str().unwrap());
    let actions = client.get(&path).await.data(200);
    assert_eq!(
        (&actions[0]["reason"], &actions[0]["type"]),
        (&json!("update_nameservers"), &json!("nameservers"))
    );
    let path = format!(
        "/sandbox/actions/{}/resolve",
        actions[0]["id"].as_str().unwrap()
    );
    assert_eq!(
        client.post_text(&path, "").await.data(200)["status"],
        "resolved"
    );
    app.run_until_idle().await;
    assert_eq!(shown(&client, &job).await, completed, "all are delegated");
    assert_eq!(row(&client, "nspending-day.com").await["status"], "active");
    assert_eq!(app.events_of("domain_import.completed").await.len(), 1);
    assert_eq!(
        app.events_of("domain_import.action_required").await.len(),
        1
    );
    let order = client
        .get(&format!("/orders/{}", order["id"].as_str().unwrap()))
        .await
        .data(200);
    assert_eq!(order["status"], "completed");
}

#[apply(on_both_engines!)]
async fn nameservers_that_are_set_before_the_day_is_over_are_never_asked_for(app: &TestApp) {
    let client = app.client();
    let job = import(&client, &["nspending-soon.com"]).await;
    client
        .post("/orders", custom_order(&["nspending-soon.com".to_owned()]))
        .await
        .expect(200);
    app.run_until_idle().await;
    let actions = client.get("/orders/pending").await.data(200);
    let path = format!(
        "/sandbox/actions/{}/resolve",
        actions[0]["id"].as_str().unwrap()
    );
    client.post_text(&path, "").await.expect(200);
    let_a_day_pass(app).await;
    assert_eq!(shown(&client, &job).await["status"], "completed");
    assert!(
        app.events_of("domain_import.action_required")
            .await
            .is_empty()
    );
}
