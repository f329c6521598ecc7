//! Requests per key and rolling minute (contract §1).

use axum::body::Body;
use axum::http::Method;
use peeker_app::keys::{self, NewKey};
use peeker_domain::{Environment, EventType, Preset};
use peeker_store::UnitOfWork;
use peeker_testkit::{Client, EPOCH, Engine, Response, TestApp, apply, names, on_both_engines};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

/// The body of an import of so many domains.
fn import(prefix: &str, domains: usize) -> Value {
    let names: Vec<String> = (0..domains)
        .map(|number| format!("{prefix}-{number}.com"))
        .collect();
    json!({ "domains": names })
}

async fn statuses(client: &Client, requests: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..requests {
        statuses.push(client.get("/me").await.status.as_u16());
    }
    statuses
}

async fn passed(client: &Client, requests: usize) -> usize {
    statuses(client, requests)
        .await
        .iter()
        .filter(|status| **status == 200)
        .count()
}

#[track_caller]
fn number(response: &Response, header: &str) -> u32 {
    let text = response
        .header(header)
        .unwrap_or_else(|| panic!("no {header}"));
    text.parse().unwrap()
}

/// Checks a refusal whole; gives back when to come again.
#[track_caller]
fn retry_after(response: Response, limit: u32, remaining: u32) -> u32 {
    assert_eq!(number(&response, "ratelimit-limit"), limit);
    assert_eq!(number(&response, "ratelimit-remaining"), remaining);
    let seconds = number(&response, "retry-after");
    assert_eq!(number(&response, "ratelimit-reset"), seconds);
    let error = response.error(429, "rate_limited");
    assert_eq!(error["details"], json!({ "retry_after_seconds": seconds }));
    seconds
}

async fn live_key(app: &TestApp, requests_per_minute: u32) -> String {
    let new = NewKey {
        environment: Environment::Live,
        preset: Preset::Full,
        label: None,
        requests_per_minute,
    };
    let created = keys::create(&app.app, &app.partner.id, new).await.unwrap();
    created.secret.expose_secret().to_owned()
}

#[apply(on_both_engines!)]
async fn the_request_after_the_last_one_is_refused(app: &TestApp) {
    let client = app.client_with(&app.key(Preset::Full, 5).await);
    for remaining in (0..5).rev() {
        let response = client.get("/me").await;
        assert_eq!(number(&response, "ratelimit-limit"), 5);
        assert_eq!(number(&response, "ratelimit-remaining"), remaining);
        assert_eq!(number(&response, "ratelimit-reset"), 60);
        assert_eq!(response.header("retry-after"), None);
        response.expect(200);
    }
    assert_eq!(retry_after(client.get("/me").await, 5, 0), 60);
    assert_eq!(
        retry_after(client.get("/me").await, 5, 0),
        60,
        "a refused request does not count"
    );
}

#[apply(on_both_engines!)]
async fn the_window_rolls_with_the_clock(app: &TestApp) {
    let client = app.client_with(&app.key(Preset::Full, 5).await);
    assert_eq!(passed(&client, 3).await, 3);
    app.advance_seconds(30);
    assert_eq!(passed(&client, 2).await, 2);
    assert_eq!(retry_after(client.get("/me").await, 5, 0), 30);
    app.advance_seconds(29);
    assert_eq!(retry_after(client.get("/me").await, 5, 0), 1);
    app.advance_seconds(1);
    assert_eq!(statuses(&client, 4).await, [200, 200, 200, 429]);
    assert_eq!(retry_after(client.get("/me").await, 5, 0), 30);
    app.advance_seconds(30);
    assert_eq!(statuses(&client, 3).await, [200, 200, 429]);
    app.advance_seconds(3_600);
    assert_eq!(passed(&client, 6).await, 5);
}

#[apply(on_both_engines!)]
async fn coming_again_when_told_succeeds(app: &TestApp) {
    let client = app.client_with(&app.key(Preset::Full, 2).await);
    assert_eq!(passed(&client, 1).await, 1);
    app.advance_seconds(17);
    assert_eq!(passed(&client, 1).await, 1);
    let seconds = retry_after(client.get("/me").await, 2, 0);
    app.advance_seconds(i64::from(seconds) - 1);
    assert_eq!(passed(&client, 1).await, 0);
    app.advance_seconds(1);
    assert_eq!(passed(&client, 1).await, 1);
}

/// Asks for what no route looks at the key for.
async fn unrouted(client: &Client) -> [Response; 4] {
    let wrong_method = client.request(Method::PUT, "/users");
    let too_large = client
        .request(Method::POST, "/users")
        .header("content-type", "application/json")
        .header("content-length", 2 * 1024 * 1024);
    [
        client.get("/nowhere").await,
        client.get("http://api.test/partner/v2/me").await,
        client.send(wrong_method.body(Body::empty()).unwrap()).await,
        client.send(too_large.body(Body::from("{}")).unwrap()).await,
    ]
}

#[apply(on_both_engines!)]
async fn what_no_route_takes_counts_for_a_good_key(app: &TestApp) {
    let client = app.client_with(&app.key(Preset::Full, 4).await);
    let expected = [(404, 3), (404, 2), (405, 1), (413, 0)];
    for (response, (status, remaining)) in unrouted(&client).await.into_iter().zip(expected) {
        assert_eq!(response.status, status);
        assert_eq!(number(&response, "ratelimit-limit"), 4, "{status}");
        assert_eq!(
            number(&response, "ratelimit-remaining"),
            remaining,
            "{status}"
        );
        assert_eq!(number(&response, "ratelimit-reset"), 60, "{status}");
    }
    for response in unrouted(&client).await {
        retry_after(response, 4, 0);
    }
    for stranger in [app.anonymous(), app.client_with("pk_test_nobody")] {
        let answers = unrouted(&stranger).await;
        assert_eq!(
            answers.each_ref().map(|answer| answer.status.as_u16()),
            [404, 404, 401, 413]
        );
        let told = |answer: &Response| answer.header("ratelimit-limit").is_some();
        assert!(!answers.iter().any(told));
    }
}

#[apply(on_both_engines!)]
async fn reads_writes_and_refusals_count_alike(app: &TestApp) {
    let client = app.client_with(&app.key(Preset::Full, 5).await);
    let bundle = json!({ "name": "One", "monthly_sending_volume": 1 });
    client.get("/users").await.expect(200);
    client.post("/bundles", bundle.clone()).await.expect(201);
    client.get("/users/usr_1").await.error(404, "not_found");
    client
        .post("/users", json!({}))
        .await
        .error(400, "invalid_request");
    let last = client.post_text("/users", "nonsense").await;
    assert_eq!(number(&last, "ratelimit-remaining"), 0);
    last.error(400, "invalid_request");
    retry_after(client.post("/bundles", bundle).await, 5, 0);
    let bundles = app.client().get("/bundles").await.data(200);
    assert_eq!(
        bundles.as_array().unwrap().len(),
        1,
        "a request over the limit does nothing"
    );
}

#[apply(on_both_engines!)]
async fn each_key_is_counted_apart(app: &TestApp) {
    let test = app.client_with(&app.key(Preset::Full, 5).await);
    let another = app.client_with(&app.key(Preset::Full, 5).await);
    let live = app.client_with(&live_key(app, 5).await);
    assert_eq!(passed(&test, 6).await, 5);
    assert_eq!(passed(&live, 6).await, 5);
    assert_eq!(passed(&another, 6).await, 5);
    let stranger = app.stranger().await;
    assert_eq!(passed(&stranger, 1).await, 1);
    assert_eq!(
        number(&app.client().get("/me").await, "ratelimit-remaining"),
        599
    );
    assert_eq!(
        number(&app.live_client().get("/me").await, "ratelimit-remaining"),
        599
    );
}

#[apply(on_both_engines!)]
async fn an_unknown_key_uses_up_nobodys_requests(app: &TestApp) {
    let key = app.key(Preset::Full, 2).await;
    for _ in 0..5 {
        app.client_with(&format!("{key}x"))
            .get("/me")
            .await
            .error(401, "unauthorized");
        app.anonymous().get("/me").await.error(401, "unauthorized");
    }
    assert_eq!(passed(&app.client_with(&key), 3).await, 2);
}

#[apply(on_both_engines!)]
async fn the_default_is_600_a_minute(app: &TestApp) {
    let client = app.client();
    assert_eq!(passed(&client, 601).await, 600);
    retry_after(client.get("/me").await, 600, 0);
}

#[apply(on_both_engines!)]
async fn an_import_counts_a_request_for_each_started_25_domains(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client_with(&app.key(Preset::Full, 40).await);
    for (domains, left) in [(1, 39), (25, 38), (26, 36), (500, 16)] {
        let response = client
            .post(
                "/domains/import/jobs",
                import(&format!("n{domains}"), domains),
            )
            .await;
        assert_eq!(
            number(&response, "ratelimit-remaining"),
            left,
            "{domains} domains"
        );
        assert_eq!(number(&response, "ratelimit-limit"), 40);
        assert_eq!(number(&response, "ratelimit-reset"), 60);
        assert_eq!(response.header("retry-after"), None);
        response.expect(202);
    }
    let few = client.post("/domains/import", import("few", 25)).await;
    assert_eq!(number(&few, "ratelimit-remaining"), 15);
    few.expect(200);
    let checked = json!({ "domains": names("checked", 50) });
    let checked = client.post("/domains/availability", checked).await;
    assert_eq!(
        number(&checked, "ratelimit-remaining"),
        14,
        "a check of 50 names is one request"
    );
    checked.expect(200);
}

#[apply(on_both_engines!)]
async fn a_request_that_is_heavier_than_what_is_left_changes_nothing(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client_with(&app.key(Preset::Full, 30).await);
    assert_eq!(passed(&client, 6).await, 6);
    app.advance_seconds(20);
    assert_eq!(passed(&client, 9).await, 9);
    app.advance_seconds(10);
    // 15 are left, and this is 20: it fits when the first six are 60 seconds old.
    let heavy = import("heavy", 500);
    for _ in 0..2 {
        let refused = client.post("/domains/import/jobs", heavy.clone()).await;
        assert_eq!(
            number(&refused, "ratelimit-remaining"),
            15,
            "it is not counted at all"
        );
        for header in ["retry-after", "ratelimit-reset"] {
            assert_eq!(number(&refused, header), 30);
        }
        let error = refused.error(429, "rate_limited");
        assert_eq!(error["details"], json!({ "retry_after_seconds": 30 }));
    }
    let known = app
        .client()
        .get("/domains/import?domains=heavy-0.com")
        .await
        .data(200);
    assert_eq!(known, json!([]));
    app.advance_seconds(29);
    client
        .post("/domains/import/jobs", heavy.clone())
        .await
        .error(429, "rate_limited");
    app.advance_seconds(1);
    let accepted = client.post("/domains/import/jobs", heavy.clone()).await;
    assert_eq!(number(&accepted, "ratelimit-remaining"), 1);
    accepted.expect(202);
    // 29 of 30 are used up, and the nine of the second batch leave first.
    let again = client
        .post("/domains/import/jobs", import("again", 126))
        .await;
    assert_eq!(number(&again, "retry-after"), 20);
    again.error(429, "rate_limited");
}

#[apply(on_both_engines!)]
async fn a_request_never_costs_more_than_a_key_has(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client_with(&app.key(Preset::Full, 5).await);
    client.get("/me").await.expect(200);
    let heavy = import("heavy", 500);
    assert_eq!(
        retry_after(
            client.post("/domains/import/jobs", heavy.clone()).await,
            5,
            4
        ),
        60
    );
    app.advance_seconds(60);
    let accepted = client.post("/domains/import/jobs", heavy).await;
    assert_eq!(number(&accepted, "ratelimit-remaining"), 0);
    accepted.expect(202);
}

#[apply(on_both_engines!)]
async fn what_is_refused_for_its_body_costs_one_request(app: &TestApp) {
    let client = app.client_with(&app.key(Preset::Full, 30).await);
    let mut body = import("twice", 500);
    body["domains"][1] = body["domains"][0].clone();
    let refused = client.post("/domains/import/jobs", body).await;
    assert_eq!(number(&refused, "ratelimit-remaining"), 29);
    refused.error(400, "invalid_request");
}

#[apply(on_both_engines!)]
async fn a_refused_weight_leaves_the_idempotency_key_free(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client_with(&app.key(Preset::Full, 20).await);
    assert_eq!(passed(&client, 1).await, 1);
    let body = import("heavy", 500);
    let send = || async {
        let request = client.request(Method::POST, "/domains/import/jobs");
        let request = request
            .header("idempotency-key", "one")
            .header("content-type", "application/json");
        client
            .send(request.body(body.to_string().into()).unwrap())
            .await
    };
    send().await.error(429, "rate_limited");
    app.advance_seconds(60);
    let first = send().await.data(202);
    app.advance_seconds(60);
    let replayed = send().await;
    assert_eq!(
        number(&replayed, "ratelimit-remaining"),
        19,
        "an answer that is kept costs one request"
    );
    assert_eq!(replayed.data(202)["id"], first["id"]);
}

#[apply(on_both_engines!)]
async fn a_replay_counts_by_the_events_of_its_window(app: &TestApp) {
    app.may_leave_jobs();
    let db = &app.app.store().sandbox.db;
    let mut work = UnitOfWork::begin(db, [&app.partner.id]).await.unwrap();
    for _ in 0..10_001 {
        work.emit(
            &app.partner.id,
            EventType::SwapCreated,
            None,
            &json!({}),
            EPOCH,
        )
        .unwrap();
    }
    work.commit().await.unwrap();
    app.advance_seconds(60);
    let window = |types: Value| json!({ "since": EPOCH.to_string(), "until": EPOCH.plus_seconds(1).to_string(), "types": types });
    let client = app.client_with(&app.key(Preset::Full, 3).await);
    let none = client
        .post("/events/replay", window(json!(["swap.failed"])))
        .await;
    assert_eq!(number(&none, "ratelimit-remaining"), 2);
    none.expect(202);
    let all = client
        .post("/events/replay", window(json!(["swap.created"])))
        .await;
    assert_eq!(number(&all, "ratelimit-remaining"), 0);
    let job = all.data(202);
    assert_eq!(job["matched_count"], 10_001);
    app.advance_seconds(60);
    assert_eq!(passed(&client, 2).await, 2);
    let refused = client
        .post(
            "/events/replay",
            window(json!(["swap.created", "swap.failed"])),
        )
        .await;
    assert_eq!(retry_after(refused, 3, 1), 60);
}

#[apply(on_both_engines!)]
async fn many_at_once_do_not_pass_the_limit(app: &TestApp) {
    let client = app.client_with(&app.key(Preset::Full, 10).await);
    let requests = (0..40).map(|_| client.get("/me"));
    let responses = futures::future::join_all(requests).await;
    let passed = responses
        .iter()
        .filter(|response| response.status == 200)
        .count();
    assert_eq!(passed, 10);
}

/// 600 a minute, held to within one per cent.
const SHARED: std::ops::RangeInclusive<usize> = 594..=606;

#[tokio::test]
async fn two_servers_on_one_postgres_share_a_limit() {
    let app = TestApp::start(Engine::Postgres).await;
    let (first, second) = (app.client(), app.client_of(&app.another_server().await));
    let mut granted = 0;
    for _ in 0..330 {
        granted += passed(&first, 1).await + passed(&second, 1).await;
    }
    assert!(SHARED.contains(&granted), "{granted} in turns");
    assert_eq!(passed(&first, 2).await + passed(&second, 2).await, 0);

    app.advance_seconds(60);
    let granted = passed(&first, 450).await + passed(&second, 200).await;
    assert!(SHARED.contains(&granted), "{granted} one after the other");

    app.advance_seconds(60);
    let (one, two) = tokio::join!(passed(&first, 330), passed(&second, 330));
    assert!(SHARED.contains(&(one + two)), "{one} + {two} side by side");
    app.finish().await;
}

#[tokio::test]
async fn weights_are_shared_by_two_servers_on_one_postgres() {
    let app = TestApp::start(Engine::Postgres).await;
    app.may_leave_jobs();
    let (first, second) = (app.client(), app.client_of(&app.another_server().await));
    let heavy = |number: usize| import(&format!("heavy{number}"), 500);
    let mut accepted = 0;
    for number in 0..40 {
        let client = if number % 2 == 0 { &first } else { &second };
        let response = client.post("/domains/import/jobs", heavy(number)).await;
        accepted += usize::from(response.status == 202);
    }
    assert_eq!(accepted, 30, "30 times 20 of 600");
    let refused = second.post("/domains/import/jobs", heavy(99)).await;
    assert_eq!(retry_after(refused, 600, 0), 60);
    app.finish().await;
}

#[tokio::test]
async fn a_small_limit_is_exact_on_two_servers() {
    let app = TestApp::start(Engine::Postgres).await;
    let key = app.key(Preset::Full, 5).await;
    let other = app.another_server().await;
    let first = app.client_with(&key);
    // The client of another server carries the partner's own key; this one must carry the small key.
    let on_other = |client: Client| {
        let key = key.clone();
        async move {
            let mut request = client.request(Method::GET, "/me");
            let header = format!("Bearer {key}").parse().unwrap();
            request
                .headers_mut()
                .unwrap()
                .insert("authorization", header);
            client.send(request.body(Body::empty()).unwrap()).await
        }
    };
    for _ in 0..2 {
        assert_eq!(passed(&first, 3).await, 3);
        app.advance_seconds(10);
        for _ in 0..2 {
            on_other(app.client_of(&other)).await.expect(200);
        }
        on_other(app.client_of(&other))
            .await
            .error(429, "rate_limited");
        assert_eq!(passed(&first, 1).await, 0);
        app.advance_seconds(60);
    }
    app.finish().await;
}
