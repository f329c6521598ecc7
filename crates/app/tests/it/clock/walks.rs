//! Walks that are cut off, added to, waited for, and those of others.

use std::time::Duration;

use peeker_app::{App, Options, Settings, runner};
use peeker_domain::id::AccountId;
use peeker_domain::{JobKind, Preset, Timestamp};
use peeker_store::Moment;
use peeker_store::entity::jobs;
use peeker_testkit::{
    Client, Commits, Faults, Process, Receiver, TestApp, apply, custom_order, names,
    on_both_engines,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::DAY;
use crate::books::{assert_balanced, settle_now};
use crate::delivery::emit;

async fn clock(client: &Client) -> Value {
    client.get("/sandbox/clock").await.data(200)
}

async fn send_on(client: &Client, seconds: i64) -> Value {
    let wish = json!({ "seconds": seconds });
    client.post("/sandbox/clock/advance", wish).await.data(200)
}

fn after(seconds: i64) -> Value {
    json!(peeker_testkit::EPOCH.plus_seconds(seconds))
}

/// When the jobs of an account are due, in system time.
async fn due(app: &TestApp, account: &AccountId) -> Vec<(JobKind, Timestamp)> {
    let rows = jobs::Entity::find()
        .filter(jobs::Column::AccountId.eq(account))
        .all(&app.app.store().sandbox.db.pools.reader)
        .await
        .unwrap();
    rows.into_iter().map(|row| (row.kind, row.run_at)).collect()
}

/// A live order that is to end with its month.
async fn place_ending(app: &TestApp, client: &Client, name: &str) -> String {
    let placed = client
        .post("/orders", custom_order(&names(name, 1)))
        .await
        .data(200);
    let path = format!("/orders/{}", placed["id"].as_str().unwrap());
    app.run_until_idle().await;
    client
        .post(&format!("{path}/cancel"), json!({}))
        .await
        .expect(200);
    path
}

/// Everything that an order of [`place_ending`] comes to, once.
async fn assert_ended(app: &TestApp, path: &str) {
    assert_eq!(
        app.client().get(path).await.data(200)["status"],
        "cancelled"
    );
    let types = app.event_types().await;
    let count = |kind: &str| types.iter().filter(|other| *other == kind).count();
    for kind in [
        "order.in_progress",
        "order.cancel_scheduled",
        "order.cancelled",
    ] {
        assert_eq!(count(kind), 1, "{kind} in {types:?}");
    }
    assert_eq!(count("domain.connected"), 1, "{types:?}");
    let sequences: Vec<i64> = app
        .events()
        .await
        .iter()
        .map(|event| event.sequence)
        .collect();
    assert!(sequences.is_sorted() && sequences.len() == types.len());
    assert_balanced(app).await;
}

#[apply(on_both_engines!)]
async fn advancing_while_it_walks_adds_to_it(app: &TestApp) {
    assert_eq!(
        clock(&app.client()).await,
        json!({ "now": after(0), "offset_seconds": 0, "advancing_to": null })
    );
    assert_eq!(
        send_on(&app.client(), DAY).await,
        json!({ "now": after(0), "offset_seconds": 0, "advancing_to": after(DAY) })
    );
    assert_eq!(
        send_on(&app.client(), 60).await["advancing_to"],
        after(DAY + 60)
    );
    app.run_until_idle().await;
    assert_eq!(
        clock(&app.client()).await,
        json!({ "now": after(DAY + 60), "offset_seconds": DAY + 60, "advancing_to": null })
    );
    app.advance_seconds(5);
    assert_eq!(
        clock(&app.client()).await["now"],
        after(DAY + 65),
        "it runs on with real time"
    );
}

#[apply(on_both_engines!)]
async fn the_clock_of_another_stands(app: &TestApp) {
    let theirs = app.stranger().await;
    theirs
        .post("/orders", custom_order(&names("theirs", 1)))
        .await
        .expect(200);
    place_ending(app, &app.client(), "mine").await;
    app.run_until_idle().await;
    app.may_leave_jobs();
    let stranger = jobs::Entity::find()
        .filter(jobs::Column::AccountId.ne(app.partner.id.as_str()))
        .one(&app.app.store().sandbox.db.pools.reader)
        .await
        .unwrap()
        .unwrap()
        .account_id;
    let before = due(app, &stranger).await;
    app.advance_sandbox(40 * DAY).await;
    assert_eq!(
        theirs.get("/sandbox/clock").await.data(200)["offset_seconds"],
        0
    );
    assert_eq!(due(app, &stranger).await, before);
}

#[apply(on_both_engines!)]
async fn a_reset_sets_the_clock_back(app: &TestApp) {
    app.advance_sandbox(100 * DAY).await;
    send_on(&app.client(), DAY).await;
    app.client()
        .post_text("/sandbox/reset", "")
        .await
        .expect(200);
    let fresh = json!({ "now": after(0), "offset_seconds": 0, "advancing_to": null });
    assert_eq!(clock(&app.client()).await, fresh);
    app.run_until_idle().await;
    assert_eq!(clock(&app.client()).await, fresh, "nothing walks on");
    let placed = app
        .client()
        .post("/orders", custom_order(&names("fresh", 1)))
        .await
        .data(200);
    assert_eq!(placed["created_at"], after(0));
    app.run_until_idle().await;
}

#[apply(on_both_engines!)]
async fn a_killed_walk_goes_on(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client_with(&app.key(Preset::Full, 100_000).await);
    for moment in [Moment::BeforeCommit, Moment::AfterCommit] {
        for number in 1.. {
            client.post_text("/sandbox/reset", "").await.expect(200);
            let last = app.events().await.len();
            assert_eq!(last, 0);
            let path = place_ending(app, &client, &format!("ending-{number}")).await;
            app.run_until_idle().await;
            send_on(&client, 31 * DAY + 10).await;
            let commits = Commits::stopping_at(number, moment);
            let mut process = Process::start_in_order(app.options(), &Faults::default(), &commits);
            let reached = tokio::select! {
                () = commits.stopped() => true,
                _ = process.idle() => false,
            };
            process.kill().await;
            settle_now(app).await;
            assert_eq!(
                clock(&client).await["advancing_to"],
                Value::Null,
                "commit {number}"
            );
            assert_eq!(clock(&client).await["offset_seconds"], 31 * DAY + 10);
            assert_ended(app, &path).await;
            if !reached {
                assert!(number > 8, "there were only {number} commits");
                break;
            }
        }
    }
}

#[apply(on_both_engines!)]
async fn the_answer_waits_for_the_clock(app: &TestApp) {
    let options = Options {
        settings: Settings::default(),
        ..app.options()
    };
    let server = App::start(options).await.unwrap();
    let path = place_ending(app, &app.client(), "waited").await;
    let stop = CancellationToken::new();
    let working = tokio::spawn(runner::run(server.clone(), stop.clone()));
    let client = app.client_of(&server);
    let clock = client
        .post(
            "/sandbox/clock/advance",
            json!({ "seconds": 31 * DAY + 10 }),
        )
        .await
        .data(200);
    assert_eq!(
        clock,
        json!({ "now": after(31 * DAY + 10), "offset_seconds": 31 * DAY + 10, "advancing_to": null })
    );
    assert_ended(app, &path).await;
    stop.cancel();
    working.await.unwrap();
    app.may_leave_jobs();
}

#[apply(on_both_engines!)]
async fn a_job_that_only_a_newer_server_knows_does_not_hold_the_clock(app: &TestApp) {
    app.may_leave_jobs();
    let at = app.now().as_millis() + DAY * 1_000;
    let sql = format!(
        "INSERT INTO jobs (account_id, kind, subject, run_at, attempts, rerun_requested, state, created_at)
         VALUES ('{}', 'of_tomorrow', 'it', {at}, 0, FALSE, 'ready', {at})",
        app.partner.id
    );
    app.app
        .store()
        .sandbox
        .db
        .pools
        .writer
        .execute_unprepared(&sql)
        .await
        .unwrap();
    let path = place_ending(app, &app.client(), "known").await;
    app.advance_sandbox(31 * DAY + 10).await;
    assert_eq!(clock(&app.client()).await["offset_seconds"], 31 * DAY + 10);
    assert_ended(app, &path).await;
}

#[apply(on_both_engines!)]
async fn a_receiver_that_hangs_does_not_hold_the_clock(app: &TestApp) {
    let receiver = Receiver::start().await;
    app.set_webhook(&receiver.url).await;
    place_ending(app, &app.client(), "hanging").await;
    receiver.hang();
    assert_arrives(app, 31 * DAY + 10).await;
}

#[apply(on_both_engines!)]
async fn a_paused_endpoint_that_hangs_does_not_hold_the_clock(app: &TestApp) {
    let receiver = Receiver::start().await;
    receiver.answer_with(&[410]);
    app.set_webhook(&receiver.url).await;
    emit(app, &app.partner.id, 1).await;
    app.run_until_idle().await;
    receiver.hang();
    // After a 410 there is a probe a day.
    assert_arrives(app, 400 * DAY).await;
    assert!(receiver.received().len() > 1, "a probe was made on the way");
}

#[apply(on_both_engines!)]
async fn retries_on_the_way_are_made_at_once(app: &TestApp) {
    let receiver = Receiver::start().await;
    receiver.answer_always(500);
    app.set_webhook(&receiver.url).await;
    for name in ["one", "two", "three"] {
        place_ending(app, &app.client(), name).await;
    }
    // Some 60 retries at as many times: sixty polls of a second if nobody were told of them.
    assert_arrives(app, 3 * DAY).await;
    let retries = receiver.received().len();
    assert!(retries > 50, "{retries}");
}

/// Advances the clock while workers run, and waits for it to arrive: less long than one send to a receiver that hangs.
async fn assert_arrives(app: &TestApp, seconds: i64) {
    let options = Options {
        settings: Settings {
            clock_wait: Duration::from_secs(14),
            ..Settings::default()
        },
        ..app.options()
    };
    let server = App::start(options).await.unwrap();
    let working = tokio::spawn(runner::run(server.clone(), CancellationToken::new()));
    let clock = send_on(&app.client_of(&server), seconds).await;
    assert_eq!(clock["advancing_to"], Value::Null, "{clock}");
    working.abort();
    app.may_leave_jobs();
}
