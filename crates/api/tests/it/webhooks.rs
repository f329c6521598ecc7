//! `GET /webhooks/endpoint`.

use peeker_domain::Preset;
use peeker_testkit::{Receiver, TestApp, apply, custom_order, names, on_both_engines};
use serde_json::{Value, json};

const PATH: &str = "/webhooks/endpoint";

fn endpoint(url: Option<&str>, status: &str) -> Value {
    json!({
        "url": url,
        "status": status,
        "paused_at": null,
        "paused_reason": null,
        "failing_since": null,
        "waiting_count": 0,
        "last_success_at": null,
        "next_probe_at": null,
    })
}

#[apply(on_both_engines!)]
async fn tells_where_events_go_and_how_that_went(app: &TestApp) {
    let client = app.client();
    assert_eq!(
        client.get(PATH).await.expect(200),
        json!({ "data": endpoint(None, "none") })
    );
    let receiver = Receiver::start().await;
    app.set_webhook(&receiver.url).await;
    assert_eq!(
        client.get(PATH).await.data(200),
        endpoint(Some(&receiver.url), "active")
    );
    client
        .post("/orders", custom_order(&names("seen", 1)))
        .await
        .data(200);
    app.run_until_idle().await;
    let mut delivered = endpoint(Some(&receiver.url), "active");
    delivered["last_success_at"] = json!("2026-05-08T12:00:00Z");
    assert_eq!(client.get(PATH).await.data(200), delivered);
    receiver.answer_with(&[500]);
    app.advance_seconds(60);
    client.post("/users", json!({ "email": "a@example.com", "sequencer": { "provider": "smartlead", "client_id": null } })).await.data(201);
    client
        .post("/orders", custom_order(&names("failing", 1)))
        .await
        .data(200);
    assert_eq!(
        client.get(PATH).await.data(200),
        delivered,
        "nothing was sent since"
    );
    assert_eq!(
        app.live_client().get(PATH).await.data(200),
        endpoint(Some(&receiver.url), "active")
    );
    app.run_until_idle().await;
}

#[apply(on_both_engines!)]
async fn tells_why_and_since_when_nothing_is_sent(app: &TestApp) {
    let receiver = Receiver::start().await;
    receiver.answer_always(410);
    app.set_webhook(&receiver.url).await;
    let client = app.client();
    client
        .post("/orders", custom_order(&names("waiting", 1)))
        .await
        .data(200);
    app.run_until_idle().await;
    app.may_leave_jobs();
    let events = app.events().await.len();
    assert!(events > 1);
    let mut paused = endpoint(Some(&receiver.url), "paused");
    paused["paused_at"] = json!("2026-05-08T12:00:00Z");
    paused["paused_reason"] = json!("gone");
    paused["failing_since"] = json!("2026-05-08T12:00:00Z");
    paused["waiting_count"] = json!(events);
    paused["next_probe_at"] = json!("2026-05-09T12:00:00Z");
    assert_eq!(client.get(PATH).await.data(200), paused);
    assert_eq!(
        app.live_client().get(PATH).await.data(200),
        endpoint(Some(&receiver.url), "active")
    );
    assert_eq!(
        app.stranger().await.get(PATH).await.data(200),
        endpoint(None, "none")
    );
}

#[apply(on_both_engines!)]
async fn every_preset_may_read_it_and_none_sees_a_secret(app: &TestApp) {
    app.set_webhook("https://partner.example/hooks").await;
    for preset in [Preset::Full, Preset::Limited, Preset::Read] {
        let client = app.client_with(&app.key(preset, 600).await);
        let response = client.get(PATH).await;
        assert!(!response.text.contains("whsec_"), "{}", response.text);
        response.data(200);
    }
    let error = app
        .client()
        .get("/webhooks/endpoint?environment=live")
        .await
        .error(400, "invalid_request");
    assert_eq!(error["field"], "environment");
}
