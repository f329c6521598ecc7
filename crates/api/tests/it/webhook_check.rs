//! `POST /webhooks/verify`: real deliveries, whole and broken. What each kind of mistake is called is tested where it is
//! found, in `peeker-webhooks`.

use peeker_testkit::{Received, Receiver, TestApp, apply, on_both_engines};
use serde_json::{Value, json};

async fn delivery(app: &TestApp) -> (Received, String) {
    let receiver = Receiver::start().await;
    let secret = app.set_webhook(&receiver.url).await;
    app.client()
        .post("/domains/import", json!({ "domains": ["not a name"] }))
        .await
        .expect(200);
    app.run_until_idle().await;
    (receiver.received().remove(0), secret.expose().to_owned())
}

fn body(received: &Received) -> Value {
    let headers = received
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap())));
    let headers: serde_json::Map<_, _> = headers.collect();
    json!({ "headers": headers, "body": std::str::from_utf8(&received.body).unwrap() })
}

async fn wrong(app: &TestApp, body: Value) -> Vec<String> {
    let found = app.client().post("/webhooks/verify", body).await.data(200);
    let checks = found["checks"].as_array().unwrap();
    let wrong: Vec<String> = checks
        .iter()
        .filter(|check| check["ok"] == false)
        .map(|check| check["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(found["valid"] == true, wrong.is_empty(), "{found}");
    wrong
}

#[apply(on_both_engines!)]
async fn a_delivery_as_it_came_is_valid(app: &TestApp) {
    let (received, secret) = delivery(app).await;
    let mut asked = body(&received);
    asked["secret"] = json!(secret);
    let found = app.client().post("/webhooks/verify", asked).await.data(200);
    assert_eq!(found["valid"], true, "{found}");
    let expected = &found["expected"];
    assert_eq!(
        expected["body"],
        std::str::from_utf8(&received.body).unwrap()
    );
    assert_eq!(expected["body_bytes"], received.body.len());
    let start = format!(
        "{}.{}.{{\"id\"",
        received.header("peeker-timestamp").unwrap(),
        received.header("peeker-event-id").unwrap()
    );
    assert!(
        expected["signed_content"]["Peeker-Signature"]
            .as_str()
            .unwrap()
            .starts_with(&start),
        "{expected}"
    );
}

#[apply(on_both_engines!)]
async fn what_is_wrong_is_named(app: &TestApp) {
    let (received, _) = delivery(app).await;
    let good = body(&received);
    let mut changed = good.clone();
    changed["body"] = json!(serde_json::to_string_pretty(&received.json()).unwrap());
    assert_eq!(
        wrong(app, changed).await,
        ["peeker.signature", "standard.signature", "body"]
    );
    let mut bare = good.clone();
    bare["headers"]["peeker-signature"] = json!(received.header("peeker-signature").unwrap()[3..]);
    assert_eq!(wrong(app, bare).await, ["peeker.form", "peeker.signature"]);
    app.advance_seconds(301);
    assert_eq!(
        wrong(app, good).await,
        ["peeker.timestamp", "standard.timestamp"]
    );
    assert_eq!(
        wrong(app, json!({ "headers": {}, "body": "" })).await,
        ["headers", "body"]
    );
}

#[apply(on_both_engines!)]
async fn nothing_can_be_signed_with_it(app: &TestApp) {
    let (received, secret) = delivery(app).await;
    let signatures = [
        &received.header("peeker-signature").unwrap()[3..],
        &received.header("webhook-signature").unwrap()[3..],
    ];
    let mut without = body(&received);
    without["headers"]["peeker-signature"] = json!("v1=00");
    without["headers"]["webhook-signature"] = json!("v1,00");
    let mut forged = without.clone();
    forged["body"] = json!("{\"id\":\"evt_1\",\"paid\":true}");
    for asked in [without, forged] {
        let answer = app.client().post("/webhooks/verify", asked).await;
        assert!(!answer.text.contains(&secret) && !answer.text.contains(&secret[6..]));
        for signature in signatures {
            assert!(!answer.text.contains(signature), "{}", answer.text);
        }
        // Nothing in the answer is as long as a signature, but the digest of the body.
        let mut found = answer.data(200);
        let digest = found["expected"]["body_sha256"].take();
        assert_eq!(digest.as_str().unwrap().len(), 64);
        let text = found["checks"].to_string();
        let longest = text
            .split(|letter: char| !letter.is_ascii_hexdigit())
            .map(str::len)
            .max();
        assert!(longest < Some(64), "{text}");
    }
}

#[apply(on_both_engines!)]
async fn events_of_others_and_live_keys_find_nothing(app: &TestApp) {
    let (received, secret) = delivery(app).await;
    let stranger = app.stranger().await;
    let mut asked = body(&received);
    asked["secret"] = json!(secret);
    let found = stranger
        .post("/webhooks/verify", asked.clone())
        .await
        .data(200);
    assert_eq!(
        (&found["valid"], &found["expected"]["body"]),
        (&json!(false), &json!(null))
    );
    app.live_client()
        .post("/webhooks/verify", asked)
        .await
        .error(404, "not_found");
}

#[apply(on_both_engines!)]
async fn what_is_no_event_id_finds_no_event(app: &TestApp) {
    for id in ["", "evt_1", "\0", "evt_\0", "💥"] {
        let asked = json!({ "headers": { "Peeker-Event-Id": id }, "body": json!({ "id": id }).to_string() });
        let found = app.client().post("/webhooks/verify", asked).await.data(200);
        assert_eq!(
            (&found["valid"], &found["expected"]["body"]),
            (&json!(false), &json!(null)),
            "{id:?}"
        );
    }
}

#[apply(on_both_engines!)]
async fn a_body_that_cannot_be_read_is_refused(app: &TestApp) {
    let error = app
        .client()
        .post(
            "/webhooks/verify",
            json!({ "headers": { "a": 1 }, "secret": 7, "x": 1 }),
        )
        .await
        .error(400, "invalid_request");
    let fields: Vec<&str> = error["details"]["violations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["headers", "body", "secret", "x"]);
    let many: serde_json::Map<_, _> = (0..101)
        .map(|number| (number.to_string(), json!("")))
        .collect();
    let error = app
        .client()
        .post("/webhooks/verify", json!({ "headers": many, "body": "" }))
        .await
        .error(400, "invalid_request");
    assert_eq!(error["field"], "headers");
}
