//! What is over its time goes, a few rows at a time; what is still needed stays.

use peeker_app::retention::{self, Pruned};
use peeker_app::settings::Retention;
use peeker_app::{App, Settings};
use peeker_domain::{Environment, EventType};
use peeker_store::UnitOfWork;
use peeker_testkit::{Receiver, TestApp, apply, custom_order, names, on_both_engines};
use serde_json::json;

const DAY: i64 = 24 * 60 * 60;

async fn emit(app: &TestApp, count: usize) {
    let db = &app.app.store().sandbox.db;
    let mut work = UnitOfWork::begin(db, [&app.partner.id]).await.unwrap();
    for _ in 0..count {
        work.emit(
            &app.partner.id,
            EventType::OrderCompleted,
            None,
            &json!({}),
            app.now(),
        )
        .unwrap();
    }
    work.commit().await.unwrap();
}

async fn prune(app: &App) -> Pruned {
    retention::prune(app, Environment::Test).await.unwrap()
}

async fn sequences(app: &TestApp) -> Vec<i64> {
    app.events()
        .await
        .into_iter()
        .map(|event| event.sequence)
        .collect()
}

#[apply(on_both_engines!)]
async fn events_go_after_ninety_days_and_attempts_after_thirty(app: &TestApp) {
    let receiver = Receiver::start().await;
    app.set_webhook(&receiver.url).await;
    emit(app, 3).await;
    app.run_until_idle().await;
    assert_eq!(prune(&app.app).await, Pruned::default());
    app.advance_seconds(30 * DAY + 1);
    emit(app, 2).await;
    app.run_until_idle().await;
    let pruned = prune(&app.app).await;
    assert_eq!((pruned.events, pruned.attempts), (0, 3));
    assert_eq!(
        app.row_counts(Environment::Test).await["delivery_attempts"],
        2
    );
    let client = app.client();
    let event = client.get("/events?after_sequence=0").await.data(200)[0].clone();
    assert_eq!(
        event["delivery"],
        json!({ "status": "delivered", "attempts": 1, "next_attempt_at": null })
    );
    let path = format!("/events/{}/deliveries", event["id"].as_str().unwrap());
    assert_eq!(client.get(&path).await.data(200), json!([]));

    app.advance_seconds(60 * DAY);
    let pruned = prune(&app.app).await;
    assert_eq!((pruned.events, pruned.attempts), (3, 2));
    assert_eq!(sequences(app).await, [4, 5]);
    let counts = app.row_counts(Environment::Test).await;
    assert_eq!((counts["deliveries"], counts["delivery_attempts"]), (2, 0));
    emit(app, 1).await;
    assert_eq!(sequences(app).await, [4, 5, 6], "numbers go on");
}

#[apply(on_both_engines!)]
async fn an_event_that_is_still_to_be_sent_keeps_all_after_it(app: &TestApp) {
    let receiver = Receiver::start().await;
    app.set_webhook(&receiver.url).await;
    emit(app, 2).await;
    app.run_until_idle().await;
    emit(app, 1).await;
    app.advance_seconds(1);
    emit(app, 2).await;
    app.advance_seconds(91 * DAY);
    let pruned = prune(&app.app).await;
    assert_eq!(pruned.events, 2);
    assert_eq!(sequences(app).await, [3, 4, 5], "what is left has no gap");
    app.run_until_idle().await;
    assert_eq!(prune(&app.app).await.events, 3);
}

#[apply(on_both_engines!)]
async fn a_replayed_event_stays_until_it_is_sent(app: &TestApp) {
    emit(app, 1).await;
    app.run_until_idle().await;
    app.advance_seconds(91 * DAY);
    let event = app.client().get("/events").await.data(200)[0].clone();
    let path = format!("/events/{}/replay", event["id"].as_str().unwrap());
    app.client().post_text(&path, "").await.expect(200);
    assert_eq!(prune(&app.app).await.events, 0);
    app.run_until_idle().await;
    let pruned = prune(&app.app).await;
    assert_eq!((pruned.events, pruned.replays), (1, 0));
    app.advance_seconds(31 * DAY);
    assert_eq!(prune(&app.app).await.replays, 1);
}

#[apply(on_both_engines!)]
async fn many_rows_go_in_steps_and_others_keep_theirs(app: &TestApp) {
    emit(app, 1100).await;
    app.run_until_idle().await;
    let stranger = app.stranger().await;
    app.advance_seconds(60 * DAY);
    stranger
        .post("/domains/import", json!({ "domains": ["not a name"] }))
        .await
        .expect(200);
    app.run_until_idle().await;
    app.advance_seconds(31 * DAY);
    assert_eq!(prune(&app.app).await.events, 1100);
    assert_eq!(
        stranger
            .get("/events")
            .await
            .data(200)
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[apply(on_both_engines!)]
async fn the_operator_chooses_how_long(app: &TestApp) {
    let retention = Retention {
        event_days: 2,
        attempt_days: 1,
    };
    let server = app
        .server_with(Settings {
            retention,
            ..Settings::default()
        })
        .await;
    let receiver = Receiver::start().await;
    app.set_webhook(&receiver.url).await;
    emit(app, 1).await;
    app.run_until_idle().await;
    app.advance_seconds(DAY + 1);
    assert_eq!(
        (prune(&server).await.attempts, prune(&server).await.events),
        (1, 0)
    );
    app.advance_seconds(DAY);
    assert_eq!(prune(&server).await.events, 1);
}

#[apply(on_both_engines!)]
async fn kept_answers_and_fingerprints_go_when_they_have_lapsed(app: &TestApp) {
    let client = app.client();
    app.may_leave_jobs();
    let order = custom_order(&names("one", 1));
    client
        .post_with("/orders", order, &[("Idempotency-Key", "k")])
        .await
        .expect(200);
    client
        .post(
            "/domains/import/jobs",
            json!({ "domains": ["imported.com"] }),
        )
        .await
        .expect(202);
    app.run_until_idle().await;
    app.advance_seconds(DAY - 1);
    assert_eq!(prune(&app.app).await, Pruned::default());
    app.advance_seconds(1);
    let pruned = prune(&app.app).await;
    assert_eq!((pruned.idempotency_keys, pruned.fingerprints), (1, 2));
}

#[apply(on_both_engines!)]
async fn what_lapsed_by_a_clock_that_is_ahead_goes_too(app: &TestApp) {
    let client = app.client();
    let bundle = json!({ "name": "Growth", "monthly_sending_volume": 25_000 });
    app.advance_sandbox(400 * DAY).await;
    client
        .post_with("/bundles", bundle.clone(), &[("Idempotency-Key", "old")])
        .await
        .expect(201);
    app.stranger()
        .await
        .post_with("/bundles", bundle.clone(), &[("Idempotency-Key", "theirs")])
        .await
        .expect(201);
    app.advance_sandbox(DAY - 1).await;
    assert_eq!(prune(&app.app).await.idempotency_keys, 0);
    app.advance_sandbox(1).await;
    client
        .post_with("/bundles", bundle, &[("Idempotency-Key", "new")])
        .await
        .expect(201);
    assert_eq!(prune(&app.app).await.idempotency_keys, 1);
    assert_eq!(
        app.row_counts(Environment::Test).await["idempotency_keys"],
        2
    );
}
