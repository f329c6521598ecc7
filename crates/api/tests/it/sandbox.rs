//! `POST /sandbox/reset` (contract §7). Resolving actions is tested with the orders that wait for them.

use std::collections::BTreeMap;

use peeker_app::idempotency::{self, Claim};
use peeker_app::runner;
use peeker_domain::{Code, Environment, Preset};
use peeker_store::Moment;
use peeker_testkit::{
    Client, Commits, Receiver, TestApp, apply, bundle_of_ten, bundle_order, custom_order, names,
    on_both_engines, with,
};
use serde_json::json;

/// Something of every kind: customers, bundles, orders in every state, imports, forwarding, kept answers.
async fn live_a_little(app: &TestApp, client: &Client) {
    let bundle = client.post("/bundles", bundle_of_ten()).await.data(201);
    client
        .post(
            "/orders",
            bundle_order(bundle["id"].as_str().unwrap(), &names("bundle", 10)),
        )
        .await
        .expect(200);
    let cancelled = client
        .post("/orders", custom_order(&names("cancelled", 2)))
        .await
        .data(200);
    for name in ["fail-x.com", "replace-x.com"] {
        client
            .post("/orders", custom_order(&[name.to_owned()]))
            .await
            .expect(200);
    }
    client
        .post(
            "/domains/import",
            json!({ "domains": ["nspending-x.com", "imported.com"] }),
        )
        .await
        .expect(200);
    client
        .post(
            "/domains/import/jobs",
            json!({ "domains": ["later.com", "not a name"] }),
        )
        .await
        .expect(202);
    app.run_until_idle().await;
    let picture = json!([{ "first_name": "A", "last_name": "B", "profile_picture_url": "http://localhost/x.png" }]);
    client
        .post_with(
            "/orders",
            with(custom_order(&["imported.com".into()]), "/personas", picture),
            &[("Idempotency-Key", "kept")],
        )
        .await
        .expect(200);
    client.post("/domains/forwarding", json!({ "domains": ["later.com", "nothing.com"], "forwarding_url": "https://example.com/" })).await.expect(202);
    client
        .post(
            &format!("/orders/{}/cancel", cancelled["id"].as_str().unwrap()),
            json!({}),
        )
        .await
        .expect(200);
    app.run_until_idle().await;
    let all = json!({ "since": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z" });
    client.post("/events/replay", all).await.expect(202);
    app.run_until_idle().await;
    client
        .post(
            "/domains/import/jobs",
            json!({ "domains": names("unfinished", 40) }),
        )
        .await
        .expect(202);
    client
        .post("/orders", custom_order(&names("unfinished-order", 4)))
        .await
        .expect(200);
}

async fn reset(client: &Client) {
    assert_eq!(
        client.post_text("/sandbox/reset", "").await.data(200),
        json!({ "status": "empty" })
    );
}

async fn counts(app: &TestApp) -> BTreeMap<String, i64> {
    let mut counts = app.row_counts(Environment::Test).await;
    // An account's own row stays, since it holds the number of its last event.
    counts.remove("accounts");
    counts
}

/// What the little that lives here has no rows of: some of it only real vendors have.
const UNTOUCHED: [&str; 7] = [
    "domain_providers",
    "imported_names",
    "mailboxes",
    "operator_tasks",
    "schema_migrations",
    "swaps",
    "vendor_payments",
];

#[apply(on_both_engines!)]
async fn a_reset_leaves_nothing_of_the_account_and_everything_of_others(app: &TestApp) {
    let stranger = app.stranger().await;
    let theirs = stranger
        .post("/orders", custom_order(&names("theirs", 2)))
        .await
        .data(200);
    stranger
        .post(
            "/domains/import",
            json!({ "domains": ["their-import.com"] }),
        )
        .await
        .expect(200);
    app.run_until_idle().await;
    app.may_leave_jobs();
    let before = counts(app).await;
    let live_before = app.row_counts(Environment::Live).await;
    let receiver = Receiver::start().await;
    app.set_webhook(&receiver.url).await;
    live_a_little(app, &app.client()).await;
    let lived = counts(app).await;
    let untouched: Vec<_> = before
        .iter()
        .filter(|(table, count)| lived[*table] == **count)
        .collect();
    assert!(
        untouched
            .iter()
            .all(|(table, _)| UNTOUCHED.contains(&table.as_str())),
        "{untouched:?}"
    );
    reset(&app.client()).await;
    assert_eq!(counts(app).await, before);
    assert_eq!(app.row_counts(Environment::Live).await, live_before);
    app.run_until_idle().await;
    assert_eq!(
        counts(app).await,
        before,
        "no work was left that writes something"
    );
    let theirs = stranger
        .get(&format!("/orders/{}", theirs["id"].as_str().unwrap()))
        .await
        .data(200);
    assert_eq!(theirs["status"], "completed");
}

#[apply(on_both_engines!)]
async fn the_account_can_be_used_at_once(app: &TestApp) {
    let client = app.client();
    app.may_leave_jobs();
    let places = async || {
        let body = custom_order(&names("fresh", 2));
        client
            .post_with("/orders", body, &[("Idempotency-Key", "one")])
            .await
            .data(200)
    };
    let first = places().await;
    client.post("/users", json!({ "email": "a@example.com", "sequencer": { "provider": "smartlead", "client_id": null } })).await.expect(201);
    client
        .post("/domains/import", json!({ "domains": ["mine.com"] }))
        .await
        .expect(200);
    app.run_until_idle().await;
    let last = app.events().await.last().unwrap().sequence;
    reset(&client).await;
    reset(&client).await;
    for list in [
        "/orders",
        "/domains",
        "/users",
        "/bundles",
        "/orders/pending",
    ] {
        assert_eq!(
            client.get(list).await.expect(200)["data"],
            json!([]),
            "{list}"
        );
    }
    client
        .get(&format!("/orders/{}", first["id"].as_str().unwrap()))
        .await
        .error(404, "not_found");
    let second = places().await;
    assert_ne!(second["id"], first["id"]);
    assert_eq!(second["costs"], first["costs"], "the names are free again");
    app.run_until_idle().await;
    let shown = client
        .get(&format!("/orders/{}", second["id"].as_str().unwrap()))
        .await
        .data(200);
    assert_eq!(shown["status"], "completed");
    assert_eq!(
        app.events().await.first().unwrap().sequence,
        last + 1,
        "no number comes twice"
    );
    client.post("/users", json!({ "email": "a@example.com", "sequencer": { "provider": "smartlead", "client_id": null } })).await.expect(201);
    let imported = app
        .stranger()
        .await
        .post("/domains/import", json!({ "domains": ["mine.com"] }))
        .await
        .data(200);
    assert_eq!(
        imported["completed"],
        json!(["mine.com"]),
        "another account may have the name now"
    );
}

#[apply(on_both_engines!)]
async fn a_repeated_reset_removes_nothing_of_what_came_between(app: &TestApp) {
    let client = app.client();
    app.may_leave_jobs();
    client
        .post(
            "/sandbox/clock/advance",
            json!({ "seconds": 100 * 24 * 60 * 60 }),
        )
        .await
        .expect(200);
    app.run_until_idle().await;
    client
        .post_with(
            "/bundles",
            bundle_of_ten(),
            &[("Idempotency-Key", "bundle")],
        )
        .await
        .expect(201);
    let again = async || {
        client
            .post_with("/sandbox/reset", json!({}), &[("Idempotency-Key", "reset")])
            .await
    };
    let first = again().await;
    assert_eq!(
        (first.status.as_u16(), first.header("idempotent-replayed")),
        (200, None)
    );
    let bundle = client
        .post_with(
            "/bundles",
            bundle_of_ten(),
            &[("Idempotency-Key", "bundle")],
        )
        .await;
    assert_eq!(
        bundle.header("idempotent-replayed"),
        None,
        "other answers are forgotten"
    );
    let order = bundle_order(
        bundle.data(201)["id"].as_str().unwrap(),
        &names("between", 10),
    );
    let placed = client.post("/orders", order).await.data(200);
    for server in [&client, &app.client_of(&app.another_server().await)] {
        app.advance_seconds(60 * 60);
        let repeated = server
            .post_with("/sandbox/reset", json!({}), &[("Idempotency-Key", "reset")])
            .await;
        assert_eq!(
            (repeated.header("idempotent-replayed"), &repeated.text),
            (Some("true"), &first.text)
        );
    }
    client
        .get(&format!("/orders/{}", placed["id"].as_str().unwrap()))
        .await
        .expect(200);
    app.advance_seconds(22 * 60 * 60);
    assert_eq!(
        again().await.header("idempotent-replayed"),
        None,
        "after a day it is another reset"
    );
    client
        .get(&format!("/orders/{}", placed["id"].as_str().unwrap()))
        .await
        .error(404, "not_found");
}

#[apply(on_both_engines!)]
async fn a_reset_that_nobody_was_told_of_is_not_repeated(app: &TestApp) {
    let client = app.client();
    client.post("/bundles", bundle_of_ten()).await.expect(201);
    let commits = Commits::stopping_at(1, Moment::AfterCommit);
    let dying = app.client_of(&app.server_with_commits(&commits).await);
    let again = async |client: &Client| {
        client
            .post_with("/sandbox/reset", json!({}), &[("Idempotency-Key", "reset")])
            .await
    };
    tokio::select! {
        () = commits.stopped() => {}
        answer = again(&dying) => panic!("it was to be cut off: {answer:?}"),
    }
    assert_eq!(client.get("/bundles").await.expect(200)["data"], json!([]));
    client.post("/bundles", bundle_of_ten()).await.expect(201);
    // Longer than the claim of a request whose server is gone.
    app.advance_seconds(120);
    let repeated = again(&client).await;
    assert_eq!(repeated.header("idempotent-replayed"), Some("true"));
    assert_eq!(repeated.data(200), json!({ "status": "empty" }));
    assert_eq!(
        client
            .get("/bundles")
            .await
            .data(200)
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[apply(on_both_engines!)]
async fn a_request_that_runs_keeps_its_key(app: &TestApp) {
    let client = app.client();
    let actor = app.app.authenticate(app.test_key()).await.unwrap();
    client
        .post(
            "/sandbox/clock/advance",
            json!({ "seconds": 100 * 24 * 60 * 60 }),
        )
        .await
        .expect(200);
    app.run_until_idle().await;
    let claim = async || idempotency::claim(&app.app, &actor, "runs", "digest").await;
    assert!(matches!(claim().await, Ok(Claim::Run(_))));
    reset(&client).await;
    assert_eq!(claim().await.unwrap_err().code, Code::RateLimited);
    // When its server died, the claim lapses as it would have.
    app.advance_seconds(60);
    assert!(matches!(claim().await, Ok(Claim::Run(_))));
}

#[apply(on_both_engines!)]
async fn work_under_way_does_no_harm(app: &TestApp) {
    let client = app.client();
    app.may_leave_jobs();
    for round in 0..3 {
        for order in 0..4 {
            client
                .post(
                    "/orders",
                    custom_order(&names(&format!("race-{round}-{order}"), 4)),
                )
                .await
                .expect(200);
        }
        client
            .post(
                "/domains/import/jobs",
                json!({ "domains": names(&format!("import-{round}"), 50) }),
            )
            .await
            .expect(202);
        let server = app.another_server().await;
        let working = tokio::spawn(async move {
            runner::run_until_idle(&server, Environment::Test)
                .await
                .unwrap()
        });
        tokio::time::sleep(std::time::Duration::from_millis(30 * round)).await;
        reset(&client).await;
        working.await.unwrap();
        app.run_until_idle().await;
        let left = counts(app).await;
        for table in [
            "orders",
            "order_domains",
            "domains",
            "inboxes",
            "events",
            "jobs",
            "imports",
            "import_domains",
            "ledger_entries",
        ] {
            assert_eq!(left[table], 0, "{table} in round {round}");
        }
    }
    let placed = client
        .post("/orders", custom_order(&names("after", 2)))
        .await
        .data(200);
    app.run_until_idle().await;
    assert_eq!(
        client
            .get(&format!("/orders/{}", placed["id"].as_str().unwrap()))
            .await
            .data(200)["status"],
        "completed"
    );
}

#[apply(on_both_engines!)]
async fn only_a_full_test_key_may_reset(app: &TestApp) {
    let order = custom_order(&names("kept", 1));
    app.client().post("/orders", order).await.expect(200);
    app.run_until_idle().await;
    let before = counts(app).await;
    app.live_client()
        .post_text("/sandbox/reset", "")
        .await
        .error(404, "not_found");
    app.anonymous()
        .post_text("/sandbox/reset", "")
        .await
        .error(401, "unauthorized");
    for preset in [Preset::Read, Preset::Limited] {
        let client = app.client_with(&app.key(preset, 600).await);
        client
            .post_text("/sandbox/reset", "")
            .await
            .error(403, "forbidden");
    }
    app.client()
        .post("/sandbox/reset", json!({ "all": true }))
        .await
        .error(400, "invalid_request");
    assert_eq!(counts(app).await, before);
}
