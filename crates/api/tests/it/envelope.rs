//! Refusals by the protocol rather than by a rule: all in the one error envelope, all with a request id (contract §1).

use std::collections::HashSet;

use axum::body::{Body, Bytes};
use axum::http::Method;
use peeker_testkit::{Client, Response, TestApp, apply, on_both_engines};
use serde_json::{Value, json};

const LIMIT: usize = 1024 * 1024;

fn user() -> Value {
    json!({ "email": "a@example.com", "sequencer": { "provider": "smartlead", "client_id": null } })
}

/// `POST /users` with any bytes.
async fn post_bytes(client: &Client, bytes: impl Into<Body>) -> Response {
    let request = client
        .request(Method::POST, "/users")
        .header("content-type", "application/json");
    client.send(request.body(bytes.into()).unwrap()).await
}

/// The body of `user()` blown up to this size by white space, which changes nothing of what it says.
fn padded(size: usize) -> Vec<u8> {
    let mut body = user().to_string().into_bytes();
    body.resize(size, b' ');
    body
}

/// A body whose length nobody announces.
fn streamed(bytes: &[u8]) -> Body {
    let chunks: Vec<Result<Bytes, std::io::Error>> = bytes
        .chunks(64 * 1024)
        .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
        .collect();
    Body::from_stream(futures::stream::iter(chunks))
}

#[apply(on_both_engines!)]
async fn every_answer_has_a_request_id_of_its_own(app: &TestApp) {
    let client = app.client();
    let mut ids = HashSet::new();
    for path in [
        "/me",
        "/me",
        "/nowhere",
        "/users/usr_1",
        "/users?per_page=0",
        "http://api.test/",
        "http://api.test/healthz",
        "http://api.test/readyz",
        "http://api.test/openapi.json",
        "http://api.test/docs/",
        "http://api.test/docs/nowhere",
        "http://api.test/api/partner/v1/nowhere",
    ] {
        for client in [&client, &app.anonymous()] {
            let response = client.get(path).await;
            let id = response
                .header("peeker-request-id")
                .unwrap_or_default()
                .to_owned();
            assert!(id.starts_with("req_") && id.len() == 30, "{path}: {id:?}");
            assert!(ids.insert(id), "{path}");
            if response.status.as_u16() >= 400 {
                assert!(
                    response.body["error"]["code"].is_string(),
                    "{path}: {}",
                    response.text
                );
            }
        }
    }
}

#[apply(on_both_engines!)]
async fn a_request_id_of_the_client_is_not_believed(app: &TestApp) {
    let request = app
        .client()
        .request(Method::GET, "/me")
        .header("peeker-request-id", "req_mine");
    let response = app
        .client()
        .send(request.body(Body::empty()).unwrap())
        .await;
    assert_ne!(response.header("peeker-request-id"), Some("req_mine"));
}

#[apply(on_both_engines!)]
async fn an_address_that_is_not_there_is_not_found(app: &TestApp) {
    for path in [
        "/nowhere",
        "",
        "/",
        "/users/",
        "/orders/ord_1/nowhere",
        "http://api.test/",
        "http://api.test/users",
        "http://api.test/partner/v2/me",
        "http://api.test/docs/nowhere",
    ] {
        app.client().get(path).await.error(404, "not_found");
        app.anonymous().get(path).await.error(404, "not_found");
    }
}

#[apply(on_both_engines!)]
async fn a_wrong_method_is_told_the_right_ones(app: &TestApp) {
    for (method, path, allowed) in [
        (Method::PUT, "/users", "GET,HEAD,POST"),
        (Method::DELETE, "/users", "GET,HEAD,POST"),
        (Method::POST, "/users/usr_1", "DELETE,GET,HEAD,PATCH"),
        (Method::POST, "/me", "GET,HEAD"),
        (Method::GET, "/orders/quote/", ""),
        (Method::PATCH, "/domains/availability", "POST"),
        (Method::POST, "http://api.test/healthz", "GET,HEAD"),
    ] {
        let request = app.client().request(method.clone(), path);
        let response = app
            .client()
            .send(request.body(Body::empty()).unwrap())
            .await;
        if allowed.is_empty() {
            response.error(404, "not_found");
            continue;
        }
        let mut named: Vec<_> = response
            .header("allow")
            .unwrap()
            .split(',')
            .map(str::trim)
            .collect();
        named.sort_unstable();
        assert_eq!(named.join(","), allowed, "{method} {path}");
        response.error(405, "invalid_request");
    }
}

#[apply(on_both_engines!)]
async fn a_body_above_one_mebibyte_is_refused(app: &TestApp) {
    let client = app.client();
    let error = post_bytes(&client, padded(LIMIT + 1))
        .await
        .error(413, "invalid_request");
    assert!(
        error["message"].as_str().unwrap().contains("1 MiB"),
        "{error}"
    );
    post_bytes(&client, streamed(&padded(LIMIT + 1)))
        .await
        .error(413, "invalid_request");
    let lying = client
        .request(Method::POST, "/users")
        .header("content-type", "application/json")
        .header("content-length", LIMIT + 1);
    client
        .send(lying.body(Body::from("{}")).unwrap())
        .await
        .error(413, "invalid_request");
    let keyed = client
        .request(Method::POST, "/users")
        .header("content-type", "application/json")
        .header("idempotency-key", "large");
    client
        .send(keyed.body(streamed(&padded(LIMIT + 1))).unwrap())
        .await
        .error(413, "invalid_request");
    assert_eq!(client.get("/users").await.data(200), json!([]));

    post_bytes(&client, streamed(&padded(LIMIT)))
        .await
        .expect(201);
}

#[apply(on_both_engines!)]
async fn only_json_is_read(app: &TestApp) {
    let client = app.client();
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "text/json",
        "",
    ] {
        let request = client
            .request(Method::POST, "/users")
            .header("content-type", content_type);
        let response = client
            .send(request.body(user().to_string().into()).unwrap())
            .await;
        response.error(415, "invalid_request");
    }
    let untyped = client.request(Method::POST, "/users");
    client
        .send(untyped.body(user().to_string().into()).unwrap())
        .await
        .error(415, "invalid_request");
    let request = client
        .request(Method::POST, "/users")
        .header("content-type", "Application/JSON; charset=utf-8");
    client
        .send(request.body(user().to_string().into()).unwrap())
        .await
        .expect(201);
}

#[apply(on_both_engines!)]
async fn a_compressed_body_is_told_apart_from_a_broken_one(app: &TestApp) {
    let client = app.client();
    let send = async |encoding: &str| {
        let request = client
            .request(Method::POST, "/users")
            .header("content-type", "application/json");
        client
            .send(
                request
                    .header("content-encoding", encoding)
                    .body(user().to_string().into())
                    .unwrap(),
            )
            .await
    };
    let error = send("gzip").await.error(415, "invalid_request");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("Content-Encoding"),
        "{error}"
    );
    send("identity").await.expect(201);
}

#[apply(on_both_engines!)]
async fn a_field_that_is_given_twice_is_refused(app: &TestApp) {
    let client = app.client();
    for (body, field) in [
        (
            r#"{"email":"a@b.com","email":"c@d.com","sequencer":{"provider":"smartlead","client_id":1}}"#,
            "email",
        ),
        (
            r#"{"email":"a@b.com","sequencer":{"provider":"smartlead","client_id":1,"client_id":1}}"#,
            "sequencer.client_id",
        ),
    ] {
        let error = client
            .post_text("/users", body)
            .await
            .error(400, "invalid_request");
        assert_eq!(error["field"], field);
    }
    assert_eq!(client.get("/users").await.data(200), json!([]));
}

#[apply(on_both_engines!)]
async fn a_body_that_is_no_json_object_is_refused(app: &TestApp) {
    let client = app.client();
    for body in [
        "",
        " ",
        "{",
        "{\"email\":",
        "{'email': 1}",
        "{} {}",
        "{\"a\":1,}",
        "nonsense",
        "\u{feff}{}",
        "null",
        "[]",
        "\"text\"",
        "1",
        "true",
    ] {
        let error = client
            .post_text("/users", body)
            .await
            .error(400, "invalid_request");
        assert!(error["field"].is_null(), "{body:?}: {error}");
    }
    post_bytes(&client, &b"{\"email\":\"\xff\"}"[..])
        .await
        .error(400, "invalid_request");
    for opening in ["[", "{\"a\":"] {
        client
            .post_text("/users", opening.repeat(100_000))
            .await
            .error(400, "invalid_request");
    }
    let deep = format!("{{\"email\":{}{}}}", "[".repeat(100), "]".repeat(100));
    let error = client
        .post_text("/users", deep)
        .await
        .error(400, "invalid_request");
    assert_eq!(error["field"], "email");
}

#[apply(on_both_engines!)]
async fn what_a_body_says_is_not_repeated_in_a_refusal(app: &TestApp) {
    let broken = r#"{"sequencer":{"login_password":"hunter2"#;
    let response = app.client().post_text("/orders", broken).await;
    assert!(!response.text.contains("hunter2"), "{}", response.text);
}

#[apply(on_both_engines!)]
async fn a_query_that_cannot_be_read_is_refused(app: &TestApp) {
    for (query, field) in [("status=%FF", "status"), ("%FF=1", "\u{fffd}"), ("=1", "")] {
        let error = app
            .client()
            .get(&format!("/users?{query}"))
            .await
            .error(400, "invalid_request");
        assert_eq!(error["field"], field, "{query}");
    }
}

#[apply(on_both_engines!)]
async fn the_alias_behaves_alike_and_is_echoed(app: &TestApp) {
    let client = app.client();
    client
        .post("http://api.test/api/partner/v1/users", user())
        .await
        .expect(201);
    for prefix in ["/partner/v1", "/api/partner/v1"] {
        let address = format!("http://api.test{prefix}/users");
        let page = client.get(&address).await.expect(200);
        assert_eq!(page["data"][0]["email"], "a@example.com");
        assert_eq!(page["meta"]["path"], address);
        assert_eq!(page["links"]["first"], format!("{address}?per_page=25"));
    }
    app.anonymous()
        .get("http://api.test/api/partner/v1/me")
        .await
        .error(401, "unauthorized");
    client
        .get("http://api.test/api/partner/v1/nowhere")
        .await
        .error(404, "not_found");
}

#[apply(on_both_engines!)]
async fn health_needs_no_key(app: &TestApp) {
    assert_eq!(
        app.anonymous()
            .get("http://api.test/healthz")
            .await
            .data(200),
        json!({ "status": "ok" })
    );
    assert_eq!(
        app.anonymous()
            .get("http://api.test/readyz")
            .await
            .data(200),
        json!({ "status": "ready" })
    );
}

#[tokio::test]
async fn a_database_that_is_gone_is_told_without_its_secrets() {
    let app = TestApp::start(peeker_testkit::Engine::Sqlite).await;
    let client = app.client();
    let pools = &app.app.store().sandbox.db.pools;
    pools.reader.clone().close().await.unwrap();
    pools.writer.clone().close().await.unwrap();
    app.anonymous()
        .get("http://api.test/readyz")
        .await
        .error(503, "internal_error");
    let error = client.get("/users").await.error(503, "internal_error");
    let message = "The database is not available at the moment. What this request asked for may or may not be stored; send the \
                   same request again later";
    assert_eq!(
        error,
        json!({ "code": "internal_error", "message": message })
    );
}
