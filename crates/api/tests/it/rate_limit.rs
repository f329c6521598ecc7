//! Requests per key and rolling minute (contract §1).

use peeker_app::keys::{self, NewKey};
use peeker_domain::{Environment, Preset};
use peeker_testkit::{Client, Engine, Response, TestApp, on_both_engines};
use secrecy::ExposeSecret;
use serde_json::json;

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

fn number(response: &Response, header: &str) -> u32 {
    let text = response
        .header(header)
        .unwrap_or_else(|| panic!("no {header}"));
    text.parse().unwrap()
}

/// Checks a refusal whole; gives back when to come again.
fn retry_after(response: Response, limit: u32) -> u32 {
    assert_eq!(number(&response, "ratelimit-limit"), limit);
    assert_eq!(number(&response, "ratelimit-remaining"), 0);
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

on_both_engines! {
    async fn the_request_after_the_last_one_is_refused(app) {
        let client = app.client_with(&app.key(Preset::Full, 5).await);
        for remaining in (0..5).rev() {
            let response = client.get("/me").await;
            assert_eq!(number(&response, "ratelimit-limit"), 5);
            assert_eq!(number(&response, "ratelimit-remaining"), remaining);
            assert_eq!(number(&response, "ratelimit-reset"), 60);
            assert_eq!(response.header("retry-after"), None);
            response.expect(200);
        }
        assert_eq!(retry_after(client.get("/me").await, 5), 60);
        assert_eq!(retry_after(client.get("/me").await, 5), 60, "a refused request does not count");
    }

    async fn the_window_rolls_with_the_clock(app) {
        let client = app.client_with(&app.key(Preset::Full, 5).await);
        assert_eq!(passed(&client, 3).await, 3);
        app.advance_seconds(30);
        assert_eq!(passed(&client, 2).await, 2);
        assert_eq!(retry_after(client.get("/me").await, 5), 30);
        app.advance_seconds(29);
        assert_eq!(retry_after(client.get("/me").await, 5), 1);
        app.advance_seconds(1);
        assert_eq!(statuses(&client, 4).await, [200, 200, 200, 429]);
        assert_eq!(retry_after(client.get("/me").await, 5), 30);
        app.advance_seconds(30);
        assert_eq!(statuses(&client, 3).await, [200, 200, 429]);
        app.advance_seconds(3_600);
        assert_eq!(passed(&client, 6).await, 5);
    }

    async fn coming_again_when_told_succeeds(app) {
        let client = app.client_with(&app.key(Preset::Full, 2).await);
        assert_eq!(passed(&client, 1).await, 1);
        app.advance_seconds(17);
        assert_eq!(passed(&client, 1).await, 1);
        let seconds = retry_after(client.get("/me").await, 2);
        app.advance_seconds(i64::from(seconds) - 1);
        assert_eq!(passed(&client, 1).await, 0);
        app.advance_seconds(1);
        assert_eq!(passed(&client, 1).await, 1);
    }

    async fn reads_writes_and_refusals_count_alike(app) {
        let client = app.client_with(&app.key(Preset::Full, 5).await);
        let bundle = json!({ "name": "One", "monthly_sending_volume": 1 });
        client.get("/users").await.expect(200);
        client.post("/bundles", bundle.clone()).await.expect(201);
        client.get("/users/usr_1").await.error(404, "not_found");
        client.post("/users", json!({})).await.error(400, "invalid_request");
        let last = client.post_text("/users", "nonsense").await;
        assert_eq!(number(&last, "ratelimit-remaining"), 0);
        last.error(400, "invalid_request");
        retry_after(client.post("/bundles", bundle).await, 5);
        let bundles = app.client().get("/bundles").await.data(200);
        assert_eq!(bundles.as_array().unwrap().len(), 1, "a request over the limit does nothing");
    }

    async fn each_key_is_counted_apart(app) {
        let test = app.client_with(&app.key(Preset::Full, 5).await);
        let another = app.client_with(&app.key(Preset::Full, 5).await);
        let live = app.client_with(&live_key(app, 5).await);
        assert_eq!(passed(&test, 6).await, 5);
        assert_eq!(passed(&live, 6).await, 5);
        assert_eq!(passed(&another, 6).await, 5);
        let stranger = app.stranger().await;
        assert_eq!(passed(&stranger, 1).await, 1);
        assert_eq!(number(&app.client().get("/me").await, "ratelimit-remaining"), 599);
        assert_eq!(number(&app.live_client().get("/me").await, "ratelimit-remaining"), 599);
    }

    async fn an_unknown_key_uses_up_nobodys_requests(app) {
        let key = app.key(Preset::Full, 2).await;
        for _ in 0..5 {
            app.client_with(&format!("{key}x")).get("/me").await.error(401, "unauthorized");
            app.anonymous().get("/me").await.error(401, "unauthorized");
        }
        assert_eq!(passed(&app.client_with(&key), 3).await, 2);
    }

    async fn the_default_is_600_a_minute(app) {
        let client = app.client();
        assert_eq!(passed(&client, 601).await, 600);
        retry_after(client.get("/me").await, 600);
    }

    async fn many_at_once_do_not_pass_the_limit(app) {
        let client = app.client_with(&app.key(Preset::Full, 10).await);
        let requests = (0..40).map(|_| client.get("/me"));
        let responses = futures::future::join_all(requests).await;
        let passed = responses.iter().filter(|response| response.status == 200).count();
        assert_eq!(passed, 10);
    }
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
async fn a_small_limit_is_exact_on_two_servers() {
    let app = TestApp::start(Engine::Postgres).await;
    let key = app.key(Preset::Full, 5).await;
    let other = app.another_server().await;
    let first = app.client_with(&key);
    // The client of another server carries the partner's own key; this one must carry the small key.
    let on_other = |client: Client| {
        let key = key.clone();
        async move {
            let mut request = client.request(axum::http::Method::GET, "/me");
            let header = format!("Bearer {key}").parse().unwrap();
            request
                .headers_mut()
                .unwrap()
                .insert("authorization", header);
            client
                .send(request.body(axum::body::Body::empty()).unwrap())
                .await
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
