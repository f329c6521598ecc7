//! What follows a provider's failure is the same for all work; and no call is waited for longer than the limit.

use std::collections::BTreeSet;
use std::time::Duration;

use peeker_app::{App, Options, Settings, runner};
use peeker_domain::{Environment, JobKind, OrderDomainState, OrderStatus, Timestamp};
use peeker_store::entity::jobs;
use peeker_testkit::{Fault, Faults, TestApp, apply, custom_order, names, on_both_engines, with};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use crate::books::{domain, order, places};

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;
/// What a call that hangs is cut off after. Long for the simulated providers, which answer from the database.
const LIMIT: Duration = Duration::from_secs(2);
/// What all of a test's hanging calls together must not reach.
const FOR_EVER: Duration = Duration::from_secs(25);

/// A server whose providers hang where `faults` says so, and are cut off soon.
async fn impatient_server(app: &TestApp, faults: &Faults) -> App {
    let options = app.options();
    let options = Options {
        settings: Settings {
            provider_timeout: LIMIT,
            ..options.settings
        },
        ..options
    };
    App::start(options.behind(faults.layer())).await.unwrap()
}

async fn run(server: &App) {
    runner::run_until_idle(server, Environment::Test)
        .await
        .unwrap();
}

async fn place(app: &TestApp, body: Value) -> String {
    let placed = app.client().post("/orders", body).await.data(200);
    placed["id"].as_str().unwrap().to_owned()
}

/// The one swap of the account, as it is now.
async fn swap(app: &TestApp) -> Value {
    app.client().get("/swaps").await.data(200)[0].clone()
}

/// When the set-ups that wait are tried again, each time once.
async fn next_tries(app: &TestApp) -> Vec<Timestamp> {
    let waiting = jobs::Entity::find().filter(jobs::Column::Kind.eq(JobKind::Provision));
    let waiting = waiting.all(&app.app.store().sandbox.db.pools.reader).await;
    let due: BTreeSet<_> = waiting.unwrap().iter().map(|job| job.run_at).collect();
    due.into_iter().collect()
}

#[apply(on_both_engines!)]
async fn a_renaming_waits_for_an_operator_as_long_as_everything_does(app: &TestApp) {
    let names = names("rename", 1);
    place(
        app,
        with(custom_order(&names), "/google_licenses", json!(2)),
    )
    .await;
    app.run_until_idle().await;
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    let wish = json!({
        "domain_id": domain(app, &names[0]).await.id,
        "personas": [{ "first_name": "Ana", "last_name": "Lima", "profile_picture_url": null }],
    });
    app.client().post("/swaps/user_names", wish).await.data(201);
    faults.plan("mail.rename_inboxes", &names[0], Fault::NeedsHuman, None);
    run(&server).await;
    assert_eq!(swap(app).await["status"], "in_progress");
    faults.take_calls();
    app.advance_seconds(30 * MINUTE - 1);
    run(&server).await;
    assert_eq!(faults.take_calls(), [], "nothing can have changed yet");
    app.advance_seconds(1);
    run(&server).await;
    assert_eq!(swap(app).await["status"], "completed");
}

#[apply(on_both_engines!)]
async fn a_provider_that_names_short_pauses_is_given_the_same_day_as_any(app: &TestApp) {
    let names = names("hasty", 1);
    let id = place(app, custom_order(&names)).await;
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    for _ in 0..100 {
        faults.plan(
            "mail.verify_domain",
            &names[0],
            Fault::RefusedBefore,
            Some(1_000),
        );
    }
    for _ in 0..120 {
        run(&server).await;
        app.advance_seconds(1);
    }
    assert_eq!(
        order(app, &id).await.status,
        OrderStatus::InProgress,
        "given up after two minutes"
    );
    app.may_leave_jobs();
}

#[apply(on_both_engines!)]
async fn what_the_sandbox_has_fail_is_tried_again_at_the_same_time_each_time(app: &TestApp) {
    let names = names("flaky2", 10);
    let id = place(app, custom_order(&names)).await;
    for _ in 0..2 {
        app.run_until_idle().await;
        let due = next_tries(app).await;
        assert_eq!(due.len(), 1, "{due:?}");
        app.advance_seconds(due[0].millis_since(app.now()) / 1_000);
    }
    app.run_until_idle().await;
    assert_eq!(order(app, &id).await.status, OrderStatus::Completed);
}

#[apply(on_both_engines!)]
async fn taking_a_domain_back_keeps_the_pause_that_a_provider_names(app: &TestApp) {
    let names = names("back", 1);
    let id = place(app, custom_order(&names)).await;
    app.run_until_idle().await;
    app.client()
        .post(&format!("/orders/{id}/cancel"), json!({}))
        .await
        .expect(200);
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    faults.plan(
        "mail.remove_inboxes",
        &names[0],
        Fault::RefusedBefore,
        Some(10 * MINUTE * 1_000),
    );
    app.advance_seconds(31 * DAY);
    run(&server).await;
    faults.take_calls();
    app.advance_seconds(10 * MINUTE - 1);
    run(&server).await;
    assert_eq!(faults.take_calls(), []);
    assert_eq!(places(app, &id).await[0].state, OrderDomainState::Active);
    app.advance_seconds(1);
    run(&server).await;
    assert_eq!(order(app, &id).await.status, OrderStatus::Cancelled);
}

#[apply(on_both_engines!)]
async fn a_request_that_a_provider_does_not_answer_is_503_and_may_be_repeated(app: &TestApp) {
    let faults = Faults::default();
    let server = impatient_server(app, &faults).await;
    let client = app.client_of(&server);
    let domains = json!({ "domains": ["quiet-01.com"] });
    let order = custom_order(&names("quiet", 1));
    let body = json!({ "domains": ["quiet-own.com"] });
    for (operation, about, path, body, provider, ok) in [
        (
            "registrar.check",
            "quiet-01.com",
            "/domains/availability",
            domains,
            "The registrar",
            200,
        ),
        (
            "sequencer.check_route",
            "",
            "/orders",
            order,
            "Smartlead",
            200,
        ),
        (
            "dns.zone_capacity",
            "",
            "/domains/import",
            body,
            "The DNS provider",
            200,
        ),
    ] {
        let before = app.row_counts(Environment::Test).await;
        faults.plan(operation, about, Fault::HangsBefore, None);
        let asked = tokio::time::timeout(FOR_EVER, client.post(path, body.clone())).await;
        let error = asked.expect(operation).error(503, "internal_error");
        assert_eq!(
            error["message"],
            format!("{provider} does not answer; retrying is safe")
        );
        assert_eq!(
            app.row_counts(Environment::Test).await,
            before,
            "{operation}"
        );
        let again = tokio::time::timeout(FOR_EVER, client.post(path, body)).await;
        again.expect(operation).expect(ok);
    }
    run(&server).await;
    app.may_leave_jobs();
}

#[apply(on_both_engines!)]
async fn a_watch_that_cannot_look_looks_again_when_it_would_have(app: &TestApp) {
    const PICTURE: &str = "https://unreachable.test/sam.png";
    let sam = json!([{ "first_name": "Sam", "last_name": "Lee", "profile_picture_url": PICTURE }]);
    let id = place(app, with(custom_order(&names("seen", 1)), "/personas", sam)).await;
    let own = json!({ "domains": ["nspending-seen.com"] });
    app.client().post("/domains/import", own).await.expect(200);
    app.run_until_idle().await;
    assert_eq!(order(app, &id).await.status, OrderStatus::ActionRequired);
    let faults = Faults::default();
    let server = impatient_server(app, &faults).await;
    faults.plan(
        "probes.picture_reachable",
        PICTURE,
        Fault::HangsBefore,
        None,
    );
    faults.plan(
        "probes.delegated",
        "nspending-seen.com",
        Fault::HangsBefore,
        None,
    );
    for what in ["looks that hang", "looks that see"] {
        app.advance_seconds(10 * MINUTE);
        let done = tokio::time::timeout(FOR_EVER, run(&server)).await;
        assert!(done.is_ok(), "{what} do not end");
        assert_eq!(faults.planned(), 0, "{what}");
    }
    // What the customer mends is still seen.
    let actions = app.client().get("/orders/pending").await.data(200);
    let path = format!(
        "/sandbox/actions/{}/resolve",
        actions[0]["id"].as_str().unwrap()
    );
    app.client().post(&path, json!({})).await.expect(200);
    run(&server).await;
    assert_eq!(order(app, &id).await.status, OrderStatus::Completed);
    app.may_leave_jobs();
}
