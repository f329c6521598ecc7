//! `GET /orders/{id}`.

use peeker_testkit::{TestApp, apply, mixed_order, names, on_both_engines};
use serde_json::json;

#[apply(on_both_engines!)]
async fn shows_the_whole_order(app: &TestApp) {
    let client = app.client();
    let placed = client
        .post("/orders", mixed_order((3, 2), (1, 25), &names("domain", 3)))
        .await
        .data(200);
    let path = format!("/orders/{}", placed["id"].as_str().unwrap());
    let mut expected = json!({
        "id": placed["id"],
        "user_id": placed["user_id"],
        "email": "client@example.com",
        "bundle_id": null,
        "status": "in_progress",
        "domain_count": 3,
        "costs": {
            "total_cents": 300 + 900 + 9_900,
            "currency": "usd",
            "line_items": [
                { "type": "google_license", "quantity": 3, "amount_cents": 300 },
                { "type": "microsoft_license", "quantity": 1, "amount_cents": 900 },
                { "type": "domain_registration", "quantity": 3, "amount_cents": 9_900 },
            ],
        },
        "domains": { "registered": names("domain", 3), "imported": [] },
        "users": [{ "first_name": "Sam", "last_name": "Lee", "profile_picture_url": null }],
        "inbox_count": 28,
        "progress": { "domains_total": 3, "domains_active": 0, "inboxes_total": 28, "inboxes_active": 0 },
        "renews_at": "2026-06-08T12:00:00Z",
        "cancellation_scheduled_at": null,
        "cancels_at": null,
        "failure": null,
        "cancelling_domains": [],
        "created_at": "2026-05-08T12:00:00Z",
    });
    assert_eq!(client.get(&path).await.data(200), expected);
    assert_eq!(
        app.events_of("order.in_progress").await[0]["data"],
        expected,
        "the webhook shows the same"
    );

    app.run_until_idle().await;
    expected["status"] = json!("completed");
    expected["progress"] = json!({ "domains_total": 3, "domains_active": 3, "inboxes_total": 28, "inboxes_active": 28 });
    assert_eq!(client.get(&path).await.data(200), expected);
    assert_eq!(app.events_of("order.completed").await[0]["data"], expected);
}

#[apply(on_both_engines!)]
async fn never_shows_the_log_in(app: &TestApp) {
    let client = app.client();
    let placed = client
        .post("/orders", mixed_order((2, 2), (1, 25), &names("domain", 2)))
        .await
        .data(200);
    let shown = client
        .get(&format!("/orders/{}", placed["id"].as_str().unwrap()))
        .await;
    app.run_until_idle().await;
    let mut texts: Vec<String> = app
        .events()
        .await
        .into_iter()
        .map(|event| event.body)
        .collect();
    texts.push(shown.text);
    for text in texts {
        assert!(
            !text.contains("secret-password") && !text.contains("smartlead-login"),
            "{text}"
        );
    }
}

#[apply(on_both_engines!)]
async fn knows_only_orders_of_the_account_and_environment(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let placed = client
        .post("/orders", mixed_order((2, 2), (1, 25), &names("domain", 2)))
        .await
        .data(200);
    let id = placed["id"].as_str().unwrap();
    let stranger = app.stranger().await;
    for path in [format!("/orders/{id}"), format!("/orders/{id}/inboxes")] {
        client.get(&path).await.expect(200);
        stranger.get(&path).await.error(404, "not_found");
        app.live_client().get(&path).await.error(404, "not_found");
    }
    for id in [
        "ord_01KJZ4V1B6E8N2Q4R6S8T0V2W4",
        "ord_1",
        "usr_01KJZ4V1B6E8N2Q4R6S8T0V2W4",
        &id.to_lowercase(),
    ] {
        client
            .get(&format!("/orders/{id}"))
            .await
            .error(404, "not_found");
        client
            .get(&format!("/orders/{id}/inboxes"))
            .await
            .error(404, "not_found");
    }
    client
        .get(&format!("/orders/{id}?expand=domains"))
        .await
        .error(400, "invalid_request");
}
