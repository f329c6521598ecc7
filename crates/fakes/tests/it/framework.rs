//! Faults, limits, counts and the admin, on name.com's simplest call and on the web.

use std::time::Duration;

use peeker_fakes::{Fakes, Fault, FaultKind, Vendor};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::client::{admin, client, credential, read, start};
use crate::namecom;

const HELLO: &str = "GET /core/v1/hello";

fn hello(fakes: &Fakes) -> RequestBuilder {
    let (user, token) = (
        credential(fakes, Vendor::NameCom, "username"),
        credential(fakes, Vendor::NameCom, "token"),
    );
    let url = format!("{}/core/v1/hello", fakes.url(Vendor::NameCom));
    client().get(url).basic_auth(user, Some(token))
}

fn outcomes(fakes: &Fakes) -> Value {
    json!(fakes.counts().of(Vendor::NameCom).requests[HELLO])
}

#[tokio::test]
async fn requests_are_counted_by_route_and_status() {
    let fakes = start().await;
    assert_eq!(hello(&fakes).send().await.unwrap().status(), 200);
    let wrong = hello(&fakes).basic_auth("nobody", Some("x"));
    assert_eq!(wrong.send().await.unwrap().status(), 401);
    assert_eq!(outcomes(&fakes), json!({ "200": 1, "401": 1 }));
    let shown = admin(&fakes, Method::GET, "/counts").send().await.unwrap();
    let (_, shown) = read(shown).await;
    assert_eq!(shown["namecom"]["requests"][HELLO]["200"], 1);
}

#[tokio::test]
async fn a_lost_answer_leaves_its_effect_in_the_counts() {
    let fakes = start().await;
    let fault = Fault::next(Vendor::NameCom, 1, FaultKind::TimeoutAfterItWorked).hold_ms(0);
    fakes.add_fault(fault);
    assert!(hello(&fakes).send().await.is_err());
    assert_eq!(outcomes(&fakes), json!({ "lost 200": 1 }));
    assert_eq!(hello(&fakes).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_answer_that_never_comes_is_held_until_the_client_gives_up() {
    let fakes = start().await;
    fakes.add_fault(Fault::next(Vendor::NameCom, 1, FaultKind::TimeoutBefore));
    let error = hello(&fakes)
        .timeout(Duration::from_millis(300))
        .send()
        .await;
    assert!(error.unwrap_err().is_timeout());
}

#[tokio::test]
async fn half_an_answer_breaks_in_its_body() {
    let fakes = start().await;
    fakes.add_fault(Fault::next(Vendor::NameCom, 1, FaultKind::HalfAnswer));
    let response = hello(&fakes).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.bytes().await.is_err());
}

#[tokio::test]
async fn faults_by_the_admin_hit_only_their_route() {
    let fakes = start().await;
    let faults = json!([
        { "vendor": "namecom", "route": "/core/v1/hello", "kind": { "server_error": 503 }, "next": 1 },
        { "vendor": "namecom", "route": "/core/v1/hello", "kind": { "after_it_worked_5xx": 502 }, "next": 1 },
        { "vendor": "namecom", "kind": { "too_many_requests": { "retry_after": 7 } }, "next": 1 },
        { "vendor": "namecom", "route": "POST ", "kind": "timeout_before", "share_percent": 100 },
    ]);
    let put = admin(&fakes, Method::PUT, "/faults").json(&faults);
    assert_eq!(put.send().await.unwrap().status(), 204);
    assert_eq!(hello(&fakes).send().await.unwrap().status(), 503);
    assert_eq!(hello(&fakes).send().await.unwrap().status(), 502);
    let limited = hello(&fakes).send().await.unwrap();
    assert_eq!(limited.status(), 429);
    assert!(limited.headers().contains_key("x-ratelimit-reset"));
    assert_eq!(hello(&fakes).send().await.unwrap().status(), 200);
    let shown = admin(&fakes, Method::GET, "/faults").send().await.unwrap();
    let hits: Vec<_> = read(shown)
        .await
        .1
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["hits"].clone())
        .collect();
    assert_eq!(hits, [1, 1, 1, 0]);
}

#[tokio::test]
async fn a_share_of_requests_fails_in_the_same_way_for_the_same_seed() {
    let mut runs = Vec::new();
    for seed in [1, 1, 2] {
        let fakes = start().await;
        fakes.add_fault(Fault::share(
            Vendor::NameCom,
            50,
            seed,
            FaultKind::ServerError(500),
        ));
        let mut statuses = Vec::new();
        for _ in 0..20 {
            statuses.push(hello(&fakes).send().await.unwrap().status().as_u16());
        }
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
    assert!(runs[0].contains(&200) && runs[0].contains(&500));
}

#[tokio::test]
async fn a_limit_that_the_admin_sets_is_kept_until_time_moves() {
    let fakes = start().await;
    let put = admin(&fakes, Method::PUT, "/limits/namecom/second").json(&json!({ "most": 0 }));
    assert_eq!(put.send().await.unwrap().status(), 204);
    let refused = hello(&fakes).send().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("x-ratelimit-reset"));
    fakes.set_limit(Vendor::NameCom, "second", None);
    assert_eq!(hello(&fakes).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_second_account_has_credentials_of_its_own() {
    let fakes = start().await;
    let opened = admin(&fakes, Method::POST, "/accounts/namecom")
        .send()
        .await
        .unwrap();
    let (status, opened) = read(opened).await;
    assert_eq!(status, 201);
    let (user, token) = (
        opened["username"].as_str().unwrap(),
        opened["token"].as_str(),
    );
    let greeted = hello(&fakes).basic_auth(user, token).send().await.unwrap();
    assert_eq!(
        greeted.status(),
        401,
        "two authorization headers are no credentials"
    );
    let url = format!("{}/core/v1/hello", fakes.url(Vendor::NameCom));
    let greeted = client()
        .get(&url)
        .basic_auth(user, token)
        .send()
        .await
        .unwrap();
    assert_eq!(read(greeted).await.1["username"], user);
    let path = format!("/accounts/namecom/{user}");
    let put = admin(&fakes, Method::PUT, &path).json(&json!({ "credentials_refused": true }));
    assert_eq!(put.send().await.unwrap().status(), 204);
    let refused = client()
        .get(&url)
        .basic_auth(user, token)
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 401);
}

#[tokio::test]
async fn the_admin_refuses_what_it_does_not_know() {
    let fakes = start().await;
    for (method, path, body, status) in [
        (Method::GET, "/nothing", json!(null), 404),
        (Method::DELETE, "/counts", json!(null), 405),
        (Method::PUT, "/lag/nobody", json!({ "reads": 1 }), 404),
        (Method::PUT, "/lag/google", json!({ "read": 1 }), 400),
        (
            Method::POST,
            "/faults",
            json!({ "vendor": "namecom", "kind": "half_answer", "next": 1, "routes": "x" }),
            400,
        ),
        (
            Method::POST,
            "/faults",
            json!({ "vendor": "namecom", "kind": "half_answer", "next": 1, "share_percent": 1 }),
            400,
        ),
        (Method::PUT, "/accounts/namecom/nobody", json!({}), 400),
        (
            Method::PUT,
            "/faults",
            json!([{ "vendor": "namecom", "kind": "nonsense", "next": 1 }]),
            400,
        ),
    ] {
        let sent = admin(&fakes, method, path)
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(sent.status(), status, "{path}");
    }
}

#[tokio::test]
async fn the_web_has_pictures_and_a_page() {
    let fakes = start().await;
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/pictures/jane.jpg", "image/jpeg"),
        ("/pictures/jane.png", "image/png"),
    ] {
        let url = format!("{}{path}", fakes.web_url());
        let response = client().get(url).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], kind);
        assert!(!response.bytes().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_fault_says_whether_the_request_was_carried_out() {
    for (kind, carried_out) in [
        (FaultKind::TimeoutBefore, 0),
        (FaultKind::TimeoutAfterItWorked, 1),
        (FaultKind::ServerError(503), 0),
        (FaultKind::AfterItWorked5xx(502), 1),
        (FaultKind::TooManyRequests { retry_after: 1 }, 0),
        (FaultKind::HalfAnswer, 1),
    ] {
        let fakes = start().await;
        let fault = Fault::next(Vendor::NameCom, 1, kind.clone());
        fakes.add_fault(fault.on("POST /core/v1/domains").hold_ms(0));
        let body = json!({ "domain": { "domainName": "a.com" } });
        let path = "/domains";
        let _ = namecom::request(&fakes, Method::POST, path)
            .json(&body)
            .send()
            .await;
        let counts = fakes.counts();
        let bought = counts.made(Vendor::NameCom, "registrations", "a.com");
        assert_eq!(bought, carried_out, "{kind:?}");
        assert_eq!(counts.requests(Vendor::NameCom, "POST /core/v1/domains"), 1);
    }
}

#[tokio::test]
async fn half_of_nothing_is_a_connection_that_closes() {
    let fakes = start().await;
    let event = json!({ "eventName": "domain.lock.status_change", "url": "https://a.example", "active": true });
    let (_, made) = namecom::post(&fakes, "/notifications", event).await;
    fakes.add_fault(Fault::next(Vendor::NameCom, 1, FaultKind::HalfAnswer));
    let path = format!("/notifications/{}", made["subscription"]["id"]);
    let deleted = namecom::request(&fakes, Method::DELETE, &path).send().await;
    assert!(deleted.is_err());
    let (_, left) = namecom::get(&fakes, "/notifications").await;
    assert_eq!(left["subscriptions"], json!([]));
}

#[tokio::test]
async fn accounts_fail_one_by_one() {
    let fakes = start().await;
    let other = fakes
        .open_account(Vendor::NameCom, &json!({ "balance_cents": 0 }))
        .unwrap();
    assert_eq!(fakes.credentials(Vendor::NameCom).len(), 2);
    assert_eq!(fakes.credentials(Vendor::NameCom)[1], other);
    let user = other["username"].as_str().unwrap();
    fakes
        .change(
            Vendor::NameCom,
            "accounts",
            user,
            &json!({ "credentials_refused": true }),
        )
        .unwrap();
    assert_eq!(hello(&fakes).send().await.unwrap().status(), 200);
    assert!(
        fakes
            .change(Vendor::NameCom, "accounts", user, &json!({ "unknown": 1 }))
            .is_err()
    );
    assert!(
        fakes
            .change(Vendor::NameCom, "things", user, &json!({}))
            .is_err()
    );
}
