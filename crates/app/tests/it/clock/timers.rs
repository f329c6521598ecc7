//! Every timer of an account follows its clock.

use peeker_app::idempotency::{self, Claim};
use peeker_app::{Actor, keys};
use peeker_domain::{Code, Environment, Preset, Timestamp};
use peeker_store::entity::deliveries;
use peeker_testkit::{Receiver, TestApp, apply, custom_order, names, on_both_engines};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use super::DAY;
use crate::books::assert_balanced;

async fn place(app: &TestApp, body: &Value) -> Value {
    app.client().post("/orders", body.clone()).await.data(200)
}

async fn shown(app: &TestApp, path: &str) -> Value {
    app.client().get(path).await.data(200)
}

/// When the account's first event is sent again, in system time.
async fn next_attempt(app: &TestApp) -> Timestamp {
    let key = (app.partner.id.clone(), 1);
    let row = deliveries::Entity::find_by_id(key)
        .one(&app.app.store().sandbox.db.pools.reader)
        .await
        .unwrap();
    row.unwrap().next_attempt_at
}

/// The actor of a key that the test makes.
async fn actor(app: &TestApp) -> Actor {
    let new = keys::NewKey {
        environment: Environment::Test,
        preset: Preset::Full,
        label: None,
        requests_per_minute: 600,
    };
    let created = keys::create(&app.app, &app.partner.id, new).await.unwrap();
    let secret = secrecy::ExposeSecret::expose_secret(&created.secret).to_owned();
    app.app.authenticate(&secret).await.unwrap()
}

#[apply(on_both_engines!)]
async fn an_order_is_deduplicated_for_a_day(app: &TestApp) {
    let body = custom_order(&names("once", 2));
    let first = place(app, &body).await;
    app.advance_sandbox(DAY - 1).await;
    assert_eq!(place(app, &body).await["id"], first["id"]);
    app.advance_sandbox(1).await;
    app.client()
        .post("/orders", body)
        .await
        .error(400, "domain_already_in_active_order");
}

#[apply(on_both_engines!)]
async fn an_import_job_is_deduplicated_for_a_day(app: &TestApp) {
    let body = json!({ "domains": ["mine.com"] });
    let again = async || {
        app.client()
            .post("/domains/import/jobs", body.clone())
            .await
            .data(202)["id"]
            .clone()
    };
    let first = again().await;
    app.advance_sandbox(DAY - 1).await;
    assert_eq!(again().await, first);
    app.advance_sandbox(1).await;
    assert_ne!(again().await, first);
    app.advance_sandbox(2 * DAY).await;
}

#[apply(on_both_engines!)]
async fn what_the_registrar_said_grows_old(app: &TestApp) {
    let ask = async || {
        let body = json!({ "domains": ["free-name.com"] });
        app.client()
            .post("/domains/availability", body)
            .await
            .data(200)["domains"][0]
            .clone()
    };
    assert_eq!(ask().await["available"], true);
    app.advance_sandbox(5 * 60 - 1).await;
    assert_eq!(ask().await["available"], true);
    app.advance_sandbox(1).await;
    assert_eq!(ask().await["reason"], "stale");
    // It is refreshed beside the requests; each of these gives that time.
    for _ in 0..200 {
        if ask().await["available"] == true {
            break;
        }
    }
    assert_eq!(ask().await["available"], true);
    app.advance_sandbox(DAY).await;
    assert_eq!(
        ask().await["available"],
        true,
        "long forgotten, so asked for at once"
    );
}

#[apply(on_both_engines!)]
async fn a_cancelled_order_ends_with_its_month(app: &TestApp) {
    let placed = place(app, &custom_order(&names("ending", 2))).await;
    let path = format!("/orders/{}", placed["id"].as_str().unwrap());
    app.run_until_idle().await;
    let cancelled = app
        .client()
        .post(&format!("{path}/cancel"), json!({}))
        .await
        .data(200);
    assert_eq!(cancelled["cancels_at"], "2026-06-08T12:00:00Z");
    app.advance_sandbox(31 * DAY - 1).await;
    assert_eq!(shown(app, &path).await["status"], "cancel_scheduled");
    app.advance_sandbox(1).await;
    assert_eq!(shown(app, &path).await["status"], "cancelled");
    let event = app.events_of("order.cancelled").await;
    assert_eq!(
        event[0]["created_at"], "2026-06-08T12:00:00Z",
        "the event is dated on the account's clock"
    );
    assert_balanced(app).await;
}

#[apply(on_both_engines!)]
async fn an_import_asks_for_the_nameservers_after_a_day(app: &TestApp) {
    let body = json!({ "domains": ["nspending-mine.com"] });
    let job = app.client().post("/domains/import", body).await.data(200);
    let path = format!("/domains/import/{}", job["id"].as_str().unwrap());
    app.advance_sandbox(DAY - 1).await;
    assert_eq!(shown(app, &path).await["status"], "completed");
    app.advance_sandbox(1).await;
    assert_eq!(shown(app, &path).await["status"], "action_required");
    assert_eq!(
        app.events_of("domain_import.action_required").await.len(),
        1
    );
    app.may_leave_jobs();
}

#[apply(on_both_engines!)]
async fn a_failed_webhook_comes_again_on_the_accounts_clock(app: &TestApp) {
    let receiver = Receiver::start().await;
    receiver.answer_with(&[500; 6]);
    app.set_webhook(&receiver.url).await;
    app.client()
        .post("/domains/import", json!({ "domains": ["mine.com"] }))
        .await
        .expect(200);
    app.run_until_idle().await;
    // Waits are up to a tenth shorter than the schedule says, and the clock went up to a second past the attempt.
    for (made, wait) in (1..).zip([60, 600, 3_600, 18_000, 64_140]) {
        assert_eq!(receiver.received().len(), made);
        let left = next_attempt(app).await.millis_since(app.now());
        assert!(
            (wait * 900 - 1_000..=wait * 1_000).contains(&left),
            "after attempt {made}: {left} ms"
        );
        app.advance_sandbox((left - 1) / 1_000).await;
        assert_eq!(receiver.received().len(), made, "before its time");
        app.advance_sandbox(1).await;
    }
    // The import's other event, that of its deadline, is not due: its domain is delegated.
    let received = receiver.received();
    assert_eq!(received.len(), 6);
    let sent_at = Some(app.now().as_seconds().to_string());
    for one in &received {
        assert_eq!(
            one.header("peeker-timestamp").map(str::to_owned),
            sent_at,
            "signed in real time"
        );
    }
    app.advance_sandbox(10 * DAY).await;
    assert_eq!(receiver.received().len(), 6, "given up");
}

#[apply(on_both_engines!)]
async fn a_kept_answer_is_forgotten_after_a_day(app: &TestApp) {
    let header = [("Idempotency-Key", "once")];
    let bundle = json!({ "name": "Growth", "monthly_sending_volume": 25_000 });
    let send = async || {
        app.client()
            .post_with("/bundles", bundle.clone(), &header)
            .await
            .data(201)["id"]
            .clone()
    };
    let first = send().await;
    app.advance_sandbox(DAY - 1).await;
    assert_eq!(send().await, first);
    app.advance_sandbox(1).await;
    assert_ne!(send().await, first);
}

#[apply(on_both_engines!)]
async fn a_request_that_runs_keeps_its_key_however_far_the_clock_goes(app: &TestApp) {
    let actor = actor(app).await;
    let claim = || idempotency::claim(&app.app, &actor, "running", "digest");
    assert!(matches!(claim().await, Ok(Claim::Run(_))));
    app.advance_sandbox(40 * DAY).await;
    assert_eq!(claim().await.unwrap_err().code, Code::RateLimited);
    app.advance_seconds(60);
    assert!(
        matches!(claim().await, Ok(Claim::Run(_))),
        "in real time it lapses"
    );
}

#[apply(on_both_engines!)]
async fn advancing_with_a_key_advances_once(app: &TestApp) {
    let header = [("Idempotency-Key", "advance")];
    let client = app.client();
    let send = || {
        client.post_with(
            "/sandbox/clock/advance",
            json!({ "seconds": 400 * DAY }),
            &header,
        )
    };
    let first = send().await.data(200);
    assert_eq!(
        first["offset_seconds"], 0,
        "it is still on its way when the answer is kept"
    );
    app.run_until_idle().await;
    assert_eq!(send().await.data(200), first);
    app.advance_sandbox(DAY - 1).await;
    assert_eq!(send().await.data(200), first);
    app.run_until_idle().await;
    assert_eq!(
        shown(app, "/sandbox/clock").await["offset_seconds"],
        401 * DAY - 1
    );
    app.advance_sandbox(1).await;
    send().await.expect(200);
    app.run_until_idle().await;
    assert_eq!(
        shown(app, "/sandbox/clock").await["offset_seconds"],
        801 * DAY,
        "a day after it arrived"
    );
}
