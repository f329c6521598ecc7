//! The `Idempotency-Key` header, on every POST (contract §1).

use axum::body::Body;
use axum::http::Method;
use peeker_app::Settings;
use peeker_app::settings::IdempotencyBudget;
use peeker_domain::{Environment, Preset};
use peeker_testkit::{
    Client, Response, TestApp, apply, custom_order, names, on_both_engines, with,
};
use serde_json::{Value, json};

use crate::operations::{ALL, Needs, Operation, Records};

const DAY: i64 = 24 * 60 * 60;

fn bundle() -> Value {
    json!({ "name": "Growth", "monthly_sending_volume": 25_000 })
}

async fn post(client: &Client, path: &str, body: Value, key: &str) -> Response {
    client
        .post_with(path, body, &[("idempotency-key", key)])
        .await
}

fn is_replay(response: &Response) -> bool {
    response.header("idempotent-replayed") == Some("true")
}

fn user() -> Value {
    json!({ "email": "a@example.com", "sequencer": { "provider": "smartlead", "client_id": null } })
}

/// Rows about idempotency keys.
async fn kept(app: &TestApp) -> i64 {
    app.row_counts(Environment::Test).await["idempotency_keys"]
}

/// A client of a server with this budget.
async fn on_a_budget(app: &TestApp, budget: IdempotencyBudget) -> Client {
    let settings = Settings {
        idempotency: budget,
        ..Settings::default()
    };
    app.client_of(&app.server_with(settings).await)
}

async fn count(client: &Client, path: &str) -> usize {
    client.get(path).await.data(200).as_array().unwrap().len()
}

#[apply(on_both_engines!)]
async fn a_repeat_gives_the_first_answer_again(app: &TestApp) {
    let client = app.client();
    let first = post(&client, "/bundles", bundle(), "key-1").await;
    assert!(!is_replay(&first));
    app.advance_seconds(10);
    let second = post(&client, "/bundles", bundle(), "key-1").await;
    assert!(is_replay(&second));
    assert_eq!((second.status, &second.text), (first.status, &first.text));
    assert_eq!(second.header("content-type"), first.header("content-type"));
    assert_ne!(
        second.header("peeker-request-id"),
        first.header("peeker-request-id")
    );
    assert_eq!(second.header("ratelimit-remaining"), Some("598"));
    assert_eq!(count(&client, "/bundles").await, 1);
    let other = post(&client, "/bundles", bundle(), "key-2").await;
    assert!(!is_replay(&other) && other.status == 201);
    assert_eq!(count(&client, "/bundles").await, 2);
}

#[apply(on_both_engines!)]
async fn every_post_takes_a_key(app: &TestApp) {
    let records = Records::make(app).await;
    let keyed = |operation: &&Operation| operation.method == Method::POST;
    for operation in ALL.iter().filter(keyed) {
        let client = app.client();
        let before = kept(app).await;
        let send = || async {
            let request = client
                .request(Method::POST, &operation.path_for(&records))
                .header("content-type", "application/json")
                .header("idempotency-key", operation.id);
            client
                .send(request.body(operation.body(&records).into()).unwrap())
                .await
        };
        let (first, second) = (send().await, send().await);
        assert_eq!(
            first.status, operation.success,
            "{}: {}",
            operation.id, first.text
        );
        assert!(!is_replay(&first), "{}", operation.id);
        if operation.needs == Needs::Write {
            assert!(is_replay(&second), "{}", operation.id);
            assert_eq!(
                (first.status, first.text),
                (second.status, second.text),
                "{}",
                operation.id
            );
        } else {
            // It changes nothing, so it is simply done again.
            assert!(!is_replay(&second), "{}", operation.id);
            assert_eq!(second.status, operation.success, "{}", operation.id);
            assert_eq!(kept(app).await, before, "{}", operation.id);
        }
    }
    app.run_until_idle().await;
}

#[apply(on_both_engines!)]
async fn a_key_belongs_to_one_request(app: &TestApp) {
    let client = app.client();
    post(&client, "/bundles", bundle(), "once")
        .await
        .expect(201);
    for (path, body) in [
        ("/bundles", with(bundle(), "/name", json!("Other"))),
        ("/users", user()),
        ("/users", bundle()),
    ] {
        let error = post(&client, path, body, "once")
            .await
            .error(400, "invalid_request");
        assert_eq!(error["field"], "Idempotency-Key");
    }
    assert_eq!(
        (
            count(&client, "/bundles").await,
            count(&client, "/users").await
        ),
        (1, 0)
    );
    assert!(
        is_replay(&post(&client, "/bundles", bundle(), "once").await),
        "the first answer is still there"
    );
}

#[apply(on_both_engines!)]
async fn the_alias_is_the_same_address(app: &TestApp) {
    let client = app.client();
    let first = post(&client, "/bundles", bundle(), "k").await;
    let second = post(
        &client,
        "http://api.test/api/partner/v1/bundles",
        bundle(),
        "k",
    )
    .await;
    assert!(is_replay(&second));
    assert_eq!(first.text, second.text);
}

#[apply(on_both_engines!)]
async fn other_keys_do_not_see_the_answer(app: &TestApp) {
    let clients = [
        app.client(),
        app.client_with(&app.key(Preset::Full, 600).await),
        app.live_client(),
        app.stranger().await,
    ];
    for client in &clients {
        let response = post(client, "/bundles", bundle(), "shared").await;
        assert!(
            !is_replay(&response) && response.status == 201,
            "{}",
            response.text
        );
    }
    assert_eq!(
        count(&clients[0], "/bundles").await,
        2,
        "two of the keys are of one account"
    );
}

#[apply(on_both_engines!)]
async fn an_answer_is_kept_for_24_hours(app: &TestApp) {
    let client = app.client();
    let first = post(&client, "/bundles", bundle(), "day").await;
    app.advance_seconds(DAY - 1);
    assert_eq!(
        post(&client, "/bundles", bundle(), "day").await.text,
        first.text
    );
    app.advance_seconds(1);
    let later = post(&client, "/bundles", bundle(), "day").await;
    assert!(!is_replay(&later) && later.status == 201);
    assert_ne!(later.body["data"]["id"], first.body["data"]["id"]);
    // The key is free for anything after its day, and then kept for another.
    app.advance_seconds(DAY);
    let other = with(bundle(), "/name", json!("Other"));
    post(&client, "/bundles", other.clone(), "day")
        .await
        .expect(201);
    assert!(is_replay(&post(&client, "/bundles", other, "day").await));
}

#[apply(on_both_engines!)]
async fn many_at_once_run_once(app: &TestApp) {
    let client = app.client();
    let requests = (0..16).map(|_| post(&client, "/bundles", bundle(), "race"));
    let responses = futures::future::join_all(requests).await;
    let mut ran = 0;
    for response in responses {
        match response.status.as_u16() {
            201 if is_replay(&response) => {}
            201 => ran += 1,
            _ => {
                assert_eq!(response.header("retry-after"), Some("1"));
                let error = response.error(429, "rate_limited");
                assert_eq!(error["details"]["reason"], "idempotency_key_in_use");
            }
        }
    }
    assert_eq!(ran, 1);
    assert_eq!(count(&client, "/bundles").await, 1);
    assert!(is_replay(
        &post(&client, "/bundles", bundle(), "race").await
    ));
}

#[apply(on_both_engines!)]
async fn a_refused_request_runs_again(app: &TestApp) {
    let client = app.client();
    let made = client.post("/users", user()).await.data(201);
    for _ in 0..2 {
        let refused = post(&client, "/users", user(), "again").await;
        assert!(!is_replay(&refused));
        refused.error(400, "invalid_request");
    }
    let patch = json!({ "email": "b@example.com" });
    client
        .patch(&format!("/users/{}", made["id"].as_str().unwrap()), patch)
        .await
        .expect(200);
    let mended = post(&client, "/users", user(), "again").await;
    assert!(!is_replay(&mended));
    mended.expect(201);
    assert!(
        is_replay(&post(&client, "/users", user(), "again").await),
        "what was done is kept"
    );
}

#[apply(on_both_engines!)]
async fn a_refused_request_leaves_its_key_to_any_other(app: &TestApp) {
    let client = app.client();
    let bad = with(bundle(), "/name", json!(""));
    post(&client, "/bundles", bad.clone(), "k")
        .await
        .error(400, "invalid_request");
    assert_eq!(kept(app).await, 0);
    post(&client, "/bundles", bundle(), "k").await.expect(201);
    let error = post(&client, "/bundles", bad, "k")
        .await
        .error(400, "invalid_request");
    assert_eq!(
        error["field"], "Idempotency-Key",
        "a late copy of the refused request"
    );
    assert!(is_replay(&post(&client, "/bundles", bundle(), "k").await));
}

#[apply(on_both_engines!)]
async fn nothing_that_is_refused_is_kept(app: &TestApp) {
    let client = app.client();
    let untyped = client
        .request(Method::POST, "/bundles")
        .header("idempotency-key", "k");
    client
        .send(untyped.body(bundle().to_string().into()).unwrap())
        .await
        .error(415, "invalid_request");
    let right = post(&client, "/bundles", bundle(), "k").await;
    assert!(!is_replay(&right) && right.status == 201);

    let live = app.live_client();
    for _ in 0..2 {
        let response = post(
            &live,
            "/domains/import",
            json!({ "domains": ["acme.com"] }),
            "k",
        )
        .await;
        assert!(!is_replay(&response));
        response.error(503, "internal_error");
    }
    for preset in [Preset::Read, Preset::Limited] {
        let weak = app.client_with(&app.key(preset, 600).await);
        for body in [bundle(), with(bundle(), "/name", json!("Other"))] {
            let response = post(&weak, "/bundles", body, "k").await;
            assert!(!is_replay(&response));
            response.error(403, "forbidden");
        }
    }
    assert_eq!(kept(app).await, 1);
}

#[apply(on_both_engines!)]
async fn a_key_that_may_only_read_keeps_nothing(app: &TestApp) {
    let reader = app.client_with(&app.key(Preset::Read, 600).await);
    let good = json!({ "headers": { "webhook-id": "evt_1" }, "body": "{}" });
    for (index, body) in [
        good.clone(),
        with(good.clone(), "/body", json!("[]")),
        json!({ "x".repeat(1000): 1 }),
        good,
    ]
    .into_iter()
    .enumerate()
    {
        let response = post(
            &reader,
            "/webhooks/verify",
            body,
            &format!("key-{}", index % 3),
        )
        .await;
        assert!(!is_replay(&response));
    }
    assert_eq!(kept(app).await, 0);
    post(&reader, "/webhooks/verify", json!({}), "not a key")
        .await
        .error(400, "invalid_request");
}

#[apply(on_both_engines!)]
async fn too_large_an_answer_is_not_kept_and_nothing_is_done_twice(app: &TestApp) {
    let client = app.client();
    // Rows of the answer: names that are none, of three bytes a letter.
    let names: Vec<String> = (0..500)
        .map(|n| format!("{n}{}", "€".repeat(245)))
        .collect();
    let body = json!({ "domains": names });
    let first = post(&client, "/domains/import/jobs", body.clone(), "large")
        .await
        .data(202);
    for _ in 0..2 {
        let error = post(&client, "/domains/import/jobs", body.clone(), "large")
            .await
            .error(400, "invalid_request");
        assert_eq!(error["field"], "Idempotency-Key");
        assert_eq!(
            error["details"],
            json!({ "reason": "answer_not_kept", "status": 202, "id": first["id"] })
        );
    }
    assert_eq!(
        app.characters_in(Environment::Test, "idempotency_keys", "body")
            .await,
        0
    );
    let other = post(
        &client,
        "/domains/import/jobs",
        json!({ "domains": ["x.com"] }),
        "large",
    )
    .await
    .error(400, "invalid_request");
    assert!(other["details"].is_null(), "{other}");
    assert_eq!(app.row_counts(Environment::Test).await["imports"], 1);
    app.run_until_idle().await;
}

#[apply(on_both_engines!)]
async fn the_oldest_answers_go_first_and_their_keys_stay(app: &TestApp) {
    let client = on_a_budget(
        app,
        IdempotencyBudget {
            answer_bytes: 4096,
            ..IdempotencyBudget::default()
        },
    )
    .await;
    let mut made = Vec::new();
    for n in 0..40 {
        app.advance_seconds(1);
        made.push(
            post(&client, "/bundles", bundle(), &format!("key-{n}"))
                .await
                .data(201),
        );
        let bytes = app
            .characters_in(Environment::Test, "idempotency_keys", "body")
            .await;
        assert!(bytes <= 4096, "{bytes} bytes are kept");
    }
    let mut replayed = Vec::new();
    for (n, made) in made.iter().enumerate() {
        let again = post(&client, "/bundles", bundle(), &format!("key-{n}")).await;
        replayed.push(is_replay(&again));
        if is_replay(&again) {
            assert_eq!(again.data(201), *made);
        } else {
            let error = again.error(400, "invalid_request");
            assert_eq!(
                error["details"],
                json!({ "reason": "answer_not_kept", "status": 201, "id": made["id"] })
            );
        }
    }
    let kept = replayed.iter().filter(|replayed| **replayed).count();
    assert!((5..20).contains(&kept), "{kept} answers are kept");
    assert!(replayed.is_sorted(), "the newest are: {replayed:?}");
    assert_eq!(app.row_counts(Environment::Test).await["bundles"], 40);
}

#[apply(on_both_engines!)]
async fn beyond_its_keys_an_account_is_refused_before_anything_is_done(app: &TestApp) {
    let budget = IdempotencyBudget {
        keys: 3,
        ..IdempotencyBudget::default()
    };
    let client = on_a_budget(app, budget).await;
    for n in 0..10 {
        // What is refused uses nothing up.
        post(&client, "/bundles", json!({}), &format!("refused-{n}"))
            .await
            .error(400, "invalid_request");
    }
    for n in 0..3 {
        post(&client, "/bundles", bundle(), &format!("key-{n}"))
            .await
            .expect(201);
        app.advance_seconds(10);
    }
    for client in [&client, &on_a_budget(app, budget).await] {
        let refused = post(client, "/bundles", bundle(), "key-3").await;
        let wait = (DAY - 30).to_string();
        assert_eq!(refused.header("retry-after"), Some(&*wait));
        assert_eq!(
            refused.error(429, "rate_limited")["details"]["reason"],
            "idempotency_keys_used_up"
        );
        assert!(
            is_replay(&post(client, "/bundles", bundle(), "key-1").await),
            "what was done stays done"
        );
        post(client, "/bundles", json!({}), "key-1")
            .await
            .error(400, "invalid_request");
    }
    let row_counts = app.row_counts(Environment::Test).await;
    assert_eq!(
        (row_counts["bundles"], row_counts["idempotency_keys"]),
        (3, 3)
    );
    client.post("/bundles", bundle()).await.expect(201);
    app.advance_seconds(DAY - 30);
    post(&client, "/bundles", bundle(), "key-3")
        .await
        .expect(201);
    post(&client, "/bundles", bundle(), "key-4")
        .await
        .error(429, "rate_limited");
    app.advance_seconds(10);
    post(&client, "/bundles", bundle(), "key-4")
        .await
        .expect(201);
}

#[apply(on_both_engines!)]
async fn an_emptied_sandbox_has_its_keys_back(app: &TestApp) {
    let client = on_a_budget(
        app,
        IdempotencyBudget {
            keys: 2,
            ..IdempotencyBudget::default()
        },
    )
    .await;
    post(&client, "/bundles", bundle(), "key-1")
        .await
        .expect(201);
    post(&client, "/sandbox/reset", json!({}), "key-2")
        .await
        .expect(200);
    post(&client, "/bundles", bundle(), "key-1")
        .await
        .expect(201);
    post(&client, "/bundles", bundle(), "key-3")
        .await
        .error(429, "rate_limited");
}

#[apply(on_both_engines!)]
async fn a_key_that_is_not_well_formed_is_refused(app: &TestApp) {
    let client = app.client();
    for bad in ["", "two words", "tab\there", &"k".repeat(256), "ümlaut"] {
        let error = post(&client, "/bundles", bundle(), bad)
            .await
            .error(400, "invalid_request");
        assert_eq!(error["field"], "Idempotency-Key", "{bad:?}");
    }
    let twice = [("idempotency-key", "a"), ("idempotency-key", "a")];
    let error = client
        .post_with("/bundles", bundle(), &twice)
        .await
        .error(400, "invalid_request");
    assert_eq!(error["field"], "Idempotency-Key");
    assert_eq!(count(&client, "/bundles").await, 0);
    post(&client, "/bundles", bundle(), &"k".repeat(255))
        .await
        .expect(201);
}

#[apply(on_both_engines!)]
async fn other_methods_pay_no_heed_to_a_key(app: &TestApp) {
    let client = app.client();
    for expected in [0, 1] {
        let request = client
            .request(Method::GET, "/bundles")
            .header("idempotency-key", "not a key");
        let page = client.send(request.body(Body::empty()).unwrap()).await;
        assert!(!is_replay(&page));
        assert_eq!(page.data(200).as_array().unwrap().len(), expected);
        client.post("/bundles", bundle()).await.expect(201);
    }
}

#[apply(on_both_engines!)]
async fn an_order_is_placed_once(app: &TestApp) {
    let client = app.client();
    let order = custom_order(&names("keyed", 2));
    let first = post(&client, "/orders", order.clone(), "order").await;
    app.run_until_idle().await;
    app.advance_seconds(DAY - 1);
    let second = post(&client, "/orders", order, "order").await;
    assert!(is_replay(&second));
    assert_eq!(
        second.text, first.text,
        "the answer of the time, not the order as it is now"
    );
    assert_eq!(count(&client, "/orders").await, 1);
    assert_eq!(app.events_of("order.in_progress").await.len(), 1);
}

#[apply(on_both_engines!)]
async fn a_key_is_known_to_every_server(app: &TestApp) {
    let other = app.client_of(&app.another_server().await);
    let first = post(&app.client(), "/bundles", bundle(), "k").await;
    let second = post(&other, "/bundles", bundle(), "k").await;
    assert!(is_replay(&second));
    assert_eq!(second.text, first.text);
}
