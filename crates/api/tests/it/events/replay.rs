//! Sending events again: one, and all of a window.

use peeker_testkit::{Receiver, TestApp, apply, custom_order, names, on_both_engines};
use serde_json::{Value, json};

async fn failed_imports(app: &TestApp, count: usize) {
    for number in 0..count {
        let name = format!("not a name {number}");
        app.client()
            .post("/domains/import", json!({ "domains": [name] }))
            .await
            .expect(200);
    }
}

/// Runs all work, those steps of replays included that wait a second.
async fn settle(app: &TestApp, seconds: i64) {
    for _ in 0..seconds {
        app.run_until_idle().await;
        app.advance_seconds(1);
    }
}

fn window(since: &str, until: &str) -> Value {
    json!({ "since": since, "until": until })
}

fn today() -> Value {
    window("2026-05-08T12:00:00Z", "2026-05-08T13:00:00Z")
}

#[apply(on_both_engines!)]
async fn an_event_is_sent_again_with_the_same_id_and_bytes(app: &TestApp) {
    let receiver = Receiver::start().await;
    let secret = app.set_webhook(&receiver.url).await;
    failed_imports(app, 1).await;
    app.run_until_idle().await;
    let event = app.client().get("/events").await.data(200)[0].clone();
    let path = format!("/events/{}/replay", event["id"].as_str().unwrap());
    app.advance_seconds(7);
    let answer = app.client().post_text(&path, "").await.data(200);
    assert_eq!(answer["id"], event["id"]);
    assert_eq!(
        answer["delivery"],
        json!({ "status": "pending", "attempts": 1, "next_attempt_at": "2026-05-08T12:00:07Z" })
    );
    app.run_until_idle().await;
    let received = receiver.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].body, received[1].body);
    assert_eq!(
        received[0].header("peeker-event-id"),
        received[1].header("peeker-event-id")
    );
    received[1].verify(&secret, app.now().as_seconds());
    let after = app
        .client()
        .get(&format!("/events/{}", event["id"].as_str().unwrap()))
        .await
        .data(200);
    assert_eq!(
        after["delivery"],
        json!({ "status": "delivered", "attempts": 2, "next_attempt_at": null })
    );
}

#[apply(on_both_engines!)]
async fn the_schedule_starts_anew_and_attempts_go_on_counting(app: &TestApp) {
    let receiver = Receiver::start().await;
    app.set_webhook(&receiver.url).await;
    receiver.answer_with(&[500; 8]);
    failed_imports(app, 1).await;
    for _ in 0..6 {
        app.run_until_idle().await;
        app.advance_seconds(18 * 60 * 60);
    }
    let event = app.client().get("/events").await.data(200)[0].clone();
    assert_eq!(
        event["delivery"],
        json!({ "status": "failed", "attempts": 6, "next_attempt_at": null })
    );
    let id = event["id"].as_str().unwrap();
    app.client()
        .post_text(&format!("/events/{id}/replay"), "")
        .await
        .expect(200);
    let failed_at = app.now();
    app.run_until_idle().await;
    let event = app.client().get(&format!("/events/{id}")).await.data(200);
    assert_eq!(
        (&event["delivery"]["status"], &event["delivery"]["attempts"]),
        (&json!("pending"), &json!(7))
    );
    let due = event["delivery"]["next_attempt_at"].as_str().unwrap();
    assert!(
        due <= failed_at.plus_seconds(60).to_string().as_str(),
        "the first pause of the schedule: {due}"
    );
    app.advance_seconds(60);
    app.run_until_idle().await;
    app.advance_seconds(600);
    app.run_until_idle().await;
    let attempts = app
        .client()
        .get(&format!("/events/{id}/deliveries"))
        .await
        .data(200);
    let numbers: Vec<i64> = attempts
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| attempt["number"].as_i64().unwrap())
        .collect();
    assert_eq!(numbers, [9, 8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(
        app.client().get(&format!("/events/{id}")).await.data(200)["delivery"]["status"],
        "delivered"
    );
}

#[apply(on_both_engines!)]
async fn an_event_without_an_address_is_sent_once_there_is_one(app: &TestApp) {
    failed_imports(app, 1).await;
    app.run_until_idle().await;
    let event = app.client().get("/events").await.data(200)[0].clone();
    assert_eq!(event["delivery"]["status"], "skipped");
    let receiver = Receiver::start().await;
    app.set_webhook(&receiver.url).await;
    let server = app.another_server().await;
    let path = format!("/events/{}/replay", event["id"].as_str().unwrap());
    app.client_of(&server)
        .post_text(&path, "")
        .await
        .expect(200);
    peeker_app::runner::run_until_idle(&server, peeker_domain::Environment::Test)
        .await
        .unwrap();
    assert_eq!(receiver.received().len(), 1);
}

#[apply(on_both_engines!)]
async fn a_window_is_replayed_in_steps(app: &TestApp) {
    let receiver = Receiver::start().await;
    app.set_webhook(&receiver.url).await;
    failed_imports(app, 3).await;
    app.client()
        .post("/orders", custom_order(&names("one", 2)))
        .await
        .expect(200);
    app.run_until_idle().await;
    app.advance_seconds(3600);
    failed_imports(app, 1).await;
    app.run_until_idle().await;
    app.advance_seconds(60);
    assert_eq!(receiver.received().len(), 8);
    let job = app.client().post("/events/replay", today()).await.data(202);
    assert_eq!(
        (
            &job["status"],
            &job["matched_count"],
            &job["replayed_count"]
        ),
        (&json!("in_progress"), &json!(7), &json!(0))
    );
    assert_eq!(
        (&job["types"], &job["only_failed"], &job["completed_at"]),
        (&json!(null), &json!(false), &json!(null))
    );
    let again = app.client().post("/events/replay", today()).await.data(202);
    assert_eq!(
        again["id"], job["id"],
        "the same window while it runs is the same job"
    );
    settle(app, 3).await;
    let path = format!("/events/replay/{}", job["id"].as_str().unwrap());
    let done = app.client().get(&path).await.data(200);
    assert_eq!(
        (
            &done["status"],
            &done["matched_count"],
            &done["replayed_count"]
        ),
        (&json!("completed"), &json!(7), &json!(7))
    );
    assert!(done["completed_at"].is_string());
    assert_eq!(receiver.received().len(), 15);
    let later = app.client().post("/events/replay", today()).await.data(202);
    assert_ne!(
        later["id"], job["id"],
        "once it is done, asking again is a new job"
    );
    settle(app, 3).await;
    assert_eq!(receiver.received().len(), 22);
}

#[apply(on_both_engines!)]
async fn types_and_failures_narrow_a_window(app: &TestApp) {
    let receiver = Receiver::start().await;
    app.set_webhook(&receiver.url).await;
    receiver.answer_with(&[500; 6]);
    failed_imports(app, 1).await;
    for _ in 0..6 {
        app.run_until_idle().await;
        app.advance_seconds(18 * 60 * 60);
    }
    app.client()
        .post("/orders", custom_order(&names("one", 2)))
        .await
        .expect(200);
    app.run_until_idle().await;
    app.advance_seconds(1);
    let arrived = receiver.received().len();
    let mut body = window("2026-05-08T12:00:00Z", "2026-06-08T13:00:00Z");
    body["only_failed"] = json!(true);
    let job = app
        .client()
        .post("/events/replay", body.clone())
        .await
        .data(202);
    assert_eq!(
        (&job["matched_count"], &job["only_failed"]),
        (&json!(1), &json!(true))
    );
    settle(app, 3).await;
    assert_eq!(receiver.received().len(), arrived + 1);
    let none = app
        .client()
        .post("/events/replay", body.clone())
        .await
        .data(202);
    assert_eq!(
        (&none["status"], &none["matched_count"]),
        (&json!("completed"), &json!(0)),
        "nothing to do is done at once"
    );
    body["only_failed"] = json!(false);
    body["types"] = json!(["order.completed", "domain.connected", "order.completed"]);
    let job = app.client().post("/events/replay", body).await.data(202);
    assert_eq!(
        (&job["matched_count"], &job["types"]),
        (&json!(3), &json!(["order.completed", "domain.connected"]))
    );
    settle(app, 3).await;
    assert_eq!(receiver.received().len(), arrived + 4);
}

#[apply(on_both_engines!)]
async fn every_problem_of_a_window_is_named(app: &TestApp) {
    let client = app.client();
    let error = client
        .post(
            "/events/replay",
            json!({ "types": ["order.lost", 7], "only_failed": 1, "x": 1 }),
        )
        .await
        .error(400, "invalid_request");
    let fields: Vec<&str> = error["details"]["violations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["field"].as_str().unwrap())
        .collect();
    assert_eq!(
        fields,
        ["since", "until", "types[0]", "types[1]", "only_failed", "x"]
    );
    for (body, field) in [
        (
            window("2026-05-08T12:00:00Z", "2026-05-08T12:00:00Z"),
            "until",
        ),
        (
            window("2026-05-08T12:00:00Z", "2026-05-07T12:00:00Z"),
            "until",
        ),
        (
            window("2026-05-09T12:00:00Z", "2026-05-10T12:00:00Z"),
            "since",
        ),
        (window("yesterday", "2026-05-10T12:00:00Z"), "since"),
        (
            json!({ "since": "2026-05-08T11:00:00Z", "until": "2026-05-08T12:00:00Z", "types": [] }),
            "types",
        ),
    ] {
        assert_eq!(
            client
                .post("/events/replay", body)
                .await
                .error(400, "invalid_request")["field"],
            field
        );
    }
    assert_eq!(
        app.row_counts(peeker_domain::Environment::Test).await["event_replays"],
        0
    );
}

#[apply(on_both_engines!)]
async fn a_long_window_takes_many_steps_and_survives_a_restart(app: &TestApp) {
    let db = &app.app.store().sandbox.db;
    let mut work = peeker_store::UnitOfWork::begin(db, [&app.partner.id])
        .await
        .unwrap();
    for _ in 0..1200 {
        work.emit(
            &app.partner.id,
            peeker_domain::EventType::OrderCompleted,
            None,
            &json!({}),
            app.now(),
        )
        .unwrap();
    }
    work.commit().await.unwrap();
    app.run_until_idle().await;
    app.advance_seconds(1);
    let job = app.client().post("/events/replay", today()).await.data(202);
    app.run_until_idle().await;
    let path = format!("/events/replay/{}", job["id"].as_str().unwrap());
    let half = app.client().get(&path).await.data(200);
    assert_eq!(
        (&half["status"], &half["replayed_count"]),
        (&json!("in_progress"), &json!(500))
    );
    let other = app.another_server().await;
    for _ in 0..3 {
        app.advance_seconds(1);
        peeker_app::runner::run_until_idle(&other, peeker_domain::Environment::Test)
            .await
            .unwrap();
    }
    let done = app.client().get(&path).await.data(200);
    assert_eq!(
        (&done["status"], &done["replayed_count"]),
        (&json!("completed"), &json!(1200))
    );
}
