//! Where an order forwards its domains to: what is refused, and what only shows when they are set up.

use peeker_testkit::{TestApp, apply, custom_order, names, on_both_engines, stock, with};
use serde_json::{Value, json};

use super::{order, refused};

const URL: &str = "https://www.example.com/shop";

/// An order of these domains, each a name or an object.
fn of(domains: Value) -> Value {
    let count = domains.as_array().unwrap().len();
    with(custom_order(&names("any", count)), "/domains", domains)
}

async fn redirects(app: &TestApp) -> Value {
    let rows = app
        .client()
        .get("/domains?category=connected")
        .await
        .data(200);
    let mut all: Vec<Value> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!([row["domain"], row["status"], row["forwarding_url"]]))
        .collect();
    all.sort_by_key(ToString::to_string);
    json!(all)
}

#[apply(on_both_engines!)]
async fn a_target_that_can_never_be_one_is_refused(app: &TestApp) {
    let own = |url: &str| of(json!([{ "domain": "acme.com", "forwarding_url": url }, "other.com"]));
    for url in [
        "http://127.0.0.1/",
        "http://[::ffff:10.0.0.1]/",
        "http://169.254.169.254/latest",
        "http://localhost:3000",
        "https://acme.com",
        "http://ACME.com.:8080/x",
        "https://www.acme.com/welcome",
    ] {
        let mut all = vec![(own(url), "domains[0].forwarding_url")];
        let default = of(json!(["other.com", "Acme.com"]));
        all.push((
            with(default, "/forwarding_url", json!(url)),
            "forwarding_url",
        ));
        for (body, field) in all {
            let error = refused(app, body.clone(), 400, "invalid_request").await;
            assert_eq!(error["field"], field, "{url}: {error}");
            let quoted = app.client().post("/orders/quote", body).await;
            assert_eq!(
                quoted.error(400, "invalid_request")["field"],
                field,
                "{url}"
            );
        }
    }
    // Every wrong target at once.
    let body = of(json!([
        { "domain": "a.com", "forwarding_url": "https://a.com" },
        { "domain": "b.com", "forwarding_url": "http://10.0.0.1" },
    ]));
    let body = with(body, "/forwarding_url", json!("http://localhost"));
    let error = refused(app, body, 400, "invalid_request").await;
    let violations = error["details"]["violations"].as_array().unwrap();
    let messages: Vec<&str> = violations
        .iter()
        .map(|violation| violation["message"].as_str().unwrap())
        .collect();
    assert_eq!(
        messages,
        [
            "forwarding_url must be a public web address",
            "domains[0].forwarding_url forwards a.com to itself",
            "domains[1].forwarding_url must be a public web address",
        ]
    );
}

#[apply(on_both_engines!)]
async fn the_default_is_no_target_of_a_domain_with_its_own(app: &TestApp) {
    let body = of(json!([{ "domain": "acme.com", "forwarding_url": URL }, "other.com"]));
    let body = with(body, "/forwarding_url", json!("https://acme.com/"));
    app.client().post("/orders", body).await.expect(200);
    app.run_until_idle().await;
    let expected = json!([
        ["acme.com", "active", URL],
        ["other.com", "active", "https://acme.com/"],
    ]);
    assert_eq!(redirects(app).await, expected);
    assert_eq!(app.events_of("domain.forwarding_failed").await.len(), 0);
}

#[apply(on_both_engines!)]
async fn a_target_that_nobody_answers_at_holds_up_no_inbox(app: &TestApp) {
    stock(app, &["owned.com".to_owned()]).await;
    let client = app.client();
    // It redirects somewhere from before, which is not where this order wants it to.
    let job = json!({ "domains": ["owned.com"], "forwarding_url": "https://before.example.com/" });
    client.post("/domains/forwarding", job).await.expect(202);
    app.run_until_idle().await;
    let body = of(json!([
        "lost.com",
        "owned.com",
        "fwdfail-one.com",
        { "domain": "good.com", "forwarding_url": URL },
    ]));
    let nobody = "https://unreachable.test/x";
    let body = with(body, "/forwarding_url", json!(nobody));
    let order = client.post("/orders", body.clone()).await.data(200);
    app.run_until_idle().await;
    let id = order["id"].as_str().unwrap();
    let done = client.get(&format!("/orders/{id}")).await.data(200);
    assert_eq!(
        (&done["status"], &done["progress"]["domains_active"]),
        (&json!("completed"), &json!(4))
    );
    let expected = json!([
        ["fwdfail-one.com", "active", null],
        ["good.com", "active", URL],
        ["lost.com", "active", null],
        ["owned.com", "active", null],
    ]);
    assert_eq!(redirects(app).await, expected);
    let mut told = Vec::new();
    for event in app.events_of("domain.forwarding_failed").await {
        let job = &event["data"];
        let path = format!("/domains/forwarding/{}", job["id"].as_str().unwrap());
        assert_eq!(client.get(&path).await.data(200), *job);
        let counts = (
            &job["status"],
            &job["completed_count"],
            &job["failed_count"],
        );
        assert_eq!(counts, (&json!("failed"), &json!(0), &json!(1)), "{job}");
        assert_eq!(job["forwarding_url"], nobody);
        assert!(!job["completed_at"].is_null(), "{job}");
        told.push(job["failed"][0].clone());
    }
    told.sort_by_key(ToString::to_string);
    let failed = |domain, reason| json!({ "domain": domain, "reason": reason });
    assert_eq!(
        told,
        [
            failed("fwdfail-one.com", "dns_lookup_failed"),
            failed("lost.com", "target_unreachable"),
            failed("owned.com", "target_unreachable"),
        ]
    );
    assert_eq!(app.events_of("domain.connected").await.len(), 4);
    // A repetition is still the same order, and a job sets what is missing.
    assert_eq!(
        client.post("/orders", body).await.data(200)["id"],
        order["id"]
    );
    let job = json!({ "domains": ["lost.com"], "forwarding_url": URL });
    client.post("/domains/forwarding", job).await.expect(202);
    app.run_until_idle().await;
    assert_eq!(redirects(app).await[2], json!(["lost.com", "active", URL]));
}

#[apply(on_both_engines!)]
async fn a_replacement_is_not_forwarded_to_itself(app: &TestApp) {
    let client = app.client();
    let order = with(
        order(),
        "/forwarding_url",
        json!("https://next.com/welcome"),
    );
    client.post("/orders", order).await.expect(200);
    app.run_until_idle().await;
    let old = client.get("/domains?domain=acme-mail.com").await.data(200)[0]["id"].take();
    let swap = json!({ "type": "standard", "domain_id": old, "replacement_domain": "next.com" });
    client.post("/swaps", swap).await.expect(201);
    app.run_until_idle().await;
    assert_eq!(redirects(app).await, json!([["next.com", "active", null]]));
    let failed = &app.events_of("domain.forwarding_failed").await[0]["data"]["failed"];
    assert_eq!(
        failed,
        &json!([{ "domain": "next.com", "reason": "invalid_target" }])
    );
}
