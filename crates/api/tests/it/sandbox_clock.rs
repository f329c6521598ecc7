//! `GET /sandbox/clock` and `POST /sandbox/clock/advance` (contract §7). That every timer follows it is tested in
//! `peeker-app`.

use peeker_domain::Preset;
use peeker_testkit::{TestApp, apply, custom_order, names, on_both_engines};
use serde_json::{Value, json};

const ADVANCE: &str = "/sandbox/clock/advance";
const TEN_YEARS: i64 = 315_360_000;

async fn offset(app: &TestApp) -> Value {
    app.client().get("/sandbox/clock").await.data(200)["offset_seconds"].clone()
}

#[apply(on_both_engines!)]
async fn the_clock_is_read_and_advanced(app: &TestApp) {
    let standing =
        json!({ "now": "2026-05-08T12:00:00Z", "offset_seconds": 0, "advancing_to": null });
    assert_eq!(app.client().get("/sandbox/clock").await.data(200), standing);
    let sent = app
        .client()
        .post(ADVANCE, json!({ "seconds": 86_400 }))
        .await
        .data(200);
    let walking = json!({ "now": "2026-05-08T12:00:00Z", "offset_seconds": 0, "advancing_to": "2026-05-09T12:00:00Z" });
    assert_eq!(sent, walking);
    assert_eq!(app.client().get("/sandbox/clock").await.data(200), walking);
    app.run_until_idle().await;
    let arrived =
        json!({ "now": "2026-05-09T12:00:00Z", "offset_seconds": 86_400, "advancing_to": null });
    assert_eq!(app.client().get("/sandbox/clock").await.data(200), arrived);
    let placed = app
        .client()
        .post("/orders", custom_order(&names("dated", 1)))
        .await
        .data(200);
    assert_eq!(placed["created_at"], "2026-05-09T12:00:00Z");
    assert_eq!(placed["renews_at"], "2026-06-09T12:00:00Z");
    app.run_until_idle().await;
}

#[apply(on_both_engines!)]
async fn what_cannot_be_advanced_changes_nothing(app: &TestApp) {
    let bad = [
        (json!({}), "seconds"),
        (json!({ "seconds": null }), "seconds"),
        (json!({ "seconds": 0 }), "seconds"),
        (json!({ "seconds": -1 }), "seconds"),
        (json!({ "seconds": 1.5 }), "seconds"),
        (json!({ "seconds": "60" }), "seconds"),
        (json!({ "seconds": TEN_YEARS + 1 }), "seconds"),
        (json!({ "seconds": 60, "minutes": 1 }), "minutes"),
    ];
    for (body, field) in bad {
        let error = app
            .client()
            .post(ADVANCE, body.clone())
            .await
            .error(400, "invalid_request");
        assert_eq!(error["field"], field, "{body}");
    }
    app.client()
        .post_text(ADVANCE, "")
        .await
        .error(400, "invalid_request");
    app.client()
        .get("/sandbox/clock?at=now")
        .await
        .error(400, "invalid_request");
    app.run_until_idle().await;
    assert_eq!(offset(app).await, 0);
}

#[apply(on_both_engines!)]
async fn it_goes_ten_years_at_once_and_a_hundred_in_all(app: &TestApp) {
    for decade in 1..=10 {
        app.advance_sandbox(TEN_YEARS).await;
        assert_eq!(offset(app).await, decade * TEN_YEARS);
    }
    let error = app
        .client()
        .post(ADVANCE, json!({ "seconds": 1 }))
        .await
        .error(400, "invalid_request");
    assert_eq!(error["field"], "seconds");
    assert_eq!(offset(app).await, 10 * TEN_YEARS);
    app.client()
        .post_text("/sandbox/reset", "")
        .await
        .expect(200);
    assert_eq!(offset(app).await, 0);
    app.advance_sandbox(60).await;
}

#[apply(on_both_engines!)]
async fn only_a_full_test_key_moves_it(app: &TestApp) {
    let wish = json!({ "seconds": 60 });
    app.live_client()
        .post(ADVANCE, wish.clone())
        .await
        .error(404, "not_found");
    app.live_client()
        .get("/sandbox/clock")
        .await
        .error(404, "not_found");
    app.anonymous()
        .post(ADVANCE, wish.clone())
        .await
        .error(401, "unauthorized");
    for preset in [Preset::Read, Preset::Limited] {
        let client = app.client_with(&app.key(preset, 600).await);
        client
            .post(ADVANCE, wish.clone())
            .await
            .error(403, "forbidden");
        assert_eq!(
            client.get("/sandbox/clock").await.data(200)["offset_seconds"],
            0
        );
    }
    app.run_until_idle().await;
    assert_eq!(offset(app).await, 0);
}
