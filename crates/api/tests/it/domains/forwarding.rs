//! `POST /domains/forwarding` and its job.

use peeker_domain::Environment;
use peeker_testkit::{
    Client, Fault, Faults, TestApp, apply, custom_order, names, on_both_engines, stock, with,
};
use serde_json::{Value, json};

use super::providers::Host;

const URL: &str = "https://www.example.com/shop";

fn body(domains: &[impl AsRef<str>]) -> Value {
    let domains: Vec<&str> = domains.iter().map(AsRef::as_ref).collect();
    json!({ "domains": domains, "forwarding_url": URL })
}

/// Starts a job; gives back its first answer and the one when all is done.
async fn forward(app: &TestApp, domains: &[impl AsRef<str>]) -> (Value, Value) {
    forward_to(app, body(domains)).await
}

async fn forward_to(app: &TestApp, body: Value) -> (Value, Value) {
    let client = app.client();
    let begun = client.post("/domains/forwarding", body).await.data(202);
    app.run_until_idle().await;
    let done = job(&client, &begun).await;
    (begun, done)
}

async fn job(client: &Client, begun: &Value) -> Value {
    let path = format!("/domains/forwarding/{}", begun["id"].as_str().unwrap());
    client.get(&path).await.data(200)
}

fn failed(domain: &str, reason: &str) -> Value {
    json!({ "domain": domain, "reason": reason })
}

async fn stocked(app: &TestApp, names: &[&str]) -> Vec<String> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    stock(app, &names).await;
    names
}

#[apply(on_both_engines!)]
async fn a_job_sets_every_redirect(app: &TestApp) {
    let domains = stocked(app, &["fwd-01.com", "fwd-02.com"]).await;
    let (begun, done) = forward(app, &domains).await;
    let id = begun["id"].as_str().unwrap();
    assert!(id.starts_with("fwj_"), "{id}");
    assert_eq!(
        begun,
        json!({
            "id": id, "status": "in_progress", "completed_count": 0, "failed_count": 0, "forwarding_url": URL,
            "completed": [], "failed": [], "created_at": "2026-05-08T12:00:00Z", "completed_at": null,
        })
    );
    assert_eq!(
        done,
        json!({
            "id": id, "status": "completed", "completed_count": 2, "failed_count": 0, "forwarding_url": URL,
            "completed": domains, "failed": [],
            "created_at": "2026-05-08T12:00:00Z", "completed_at": "2026-05-08T12:00:00Z",
        })
    );
    let updated = app.events_of("domain.forwarding_updated").await;
    assert_eq!(updated.len(), 1);
    assert_eq!(updated[0]["data"], done);
    assert_eq!(app.event_types().await, ["domain.forwarding_updated"]);
}

#[apply(on_both_engines!)]
async fn names_and_ids_are_taken_in_any_spelling(app: &TestApp) {
    stocked(app, &["by-name.com", "by-id.com", "xn--bcher-kva.de"]).await;
    let rows = app.client().get("/domains").await.data(200);
    let by_id = rows
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["domain"] == "by-id.com")
        .unwrap();
    let sent = [" BY-Name.com. ", by_id["id"].as_str().unwrap(), "bücher.de"];
    let (_, done) = forward(app, &sent).await;
    assert_eq!(
        done["completed"],
        json!(["by-name.com", "by-id.com", "xn--bcher-kva.de"])
    );
}

#[apply(on_both_engines!)]
async fn each_failure_has_its_reason(app: &TestApp) {
    stocked(app, &["good.com", "fwdfail-one.com"]).await;
    app.stranger().await;
    let sent = [
        "good.com",
        "fwdfail-one.com",
        "nobodys.com",
        "nonsense",
        "dom_01ARZ3NDEKTSV4RRFFQ69G5FAV",
    ];
    let (begun, done) = forward(app, &sent).await;
    let missing = [
        failed("nobodys.com", "not_found"),
        failed("nonsense", "not_found"),
        failed("dom_01ARZ3NDEKTSV4RRFFQ69G5FAV", "not_found"),
    ];
    assert_eq!(
        (&begun["failed"], &begun["failed_count"]),
        (&json!(missing), &json!(3))
    );
    assert_eq!(done["status"], "partial_success");
    assert_eq!(
        (&done["completed_count"], &done["failed_count"]),
        (&json!(1), &json!(4))
    );
    assert_eq!(done["completed"], json!(["good.com"]));
    let mut reasons = vec![failed("fwdfail-one.com", "dns_lookup_failed")];
    reasons.extend(missing);
    assert_eq!(done["failed"], json!(reasons));
    assert_eq!(
        app.event_types().await,
        ["domain.forwarding_updated", "domain.forwarding_failed"]
    );
    for kind in ["domain.forwarding_updated", "domain.forwarding_failed"] {
        assert_eq!(app.events_of(kind).await[0]["data"], done, "{kind}");
    }
}

#[apply(on_both_engines!)]
async fn a_domain_by_its_name_and_by_its_id_comes_twice(app: &TestApp) {
    stocked(app, &["twice-a.com", "twice-b.com"]).await;
    let client = app.client();
    let rows = client.get("/domains").await.data(200);
    let id = |name: &str| {
        rows.as_array()
            .unwrap()
            .iter()
            .find(|row| row["domain"] == name)
            .unwrap()["id"]
            .clone()
    };
    let sent = json!({ "domains": ["twice-a.com", id("twice-b.com"), id("twice-a.com"), "Twice-B.com", "none.com"], "forwarding_url": URL });
    let error = client
        .post("/domains/forwarding", sent)
        .await
        .error(400, "invalid_request");
    assert_eq!(
        error["details"]["violations"],
        json!([
            { "field": "domains[2]", "message": "domains[2] is the same domain as domains[0]" },
            { "field": "domains[3]", "message": "domains[3] is the same domain as domains[1]" },
        ])
    );
    assert_eq!(app.row_counts(Environment::Test).await["forwardings"], 0);
}

#[apply(on_both_engines!)]
async fn a_name_with_a_nul_is_not_found(app: &TestApp) {
    let (begun, done) = forward(app, &["a\0b.com"]).await;
    assert_eq!(
        begun["failed"],
        json!([failed("a\u{fffd}b.com", "not_found")])
    );
    assert_eq!(done["status"], "failed");
}

#[apply(on_both_engines!)]
async fn a_target_that_cannot_be_used_fails_every_row(app: &TestApp) {
    let domains = stocked(app, &["target-a.com", "target-b.com"]).await;
    for (url, reason) in [
        ("https://unreachable.test/x", "target_unreachable"),
        ("http://127.0.0.1/", "invalid_target"),
        ("http://10.1.2.3:8080/x", "invalid_target"),
        ("http://192.168.0.1", "invalid_target"),
        ("http://169.254.169.254/latest", "invalid_target"),
        ("http://[::1]/", "invalid_target"),
        ("http://[fd00::1]/", "invalid_target"),
        ("http://localhost:3000", "invalid_target"),
    ] {
        let (_, done) = forward_to(app, with(body(&domains), "/forwarding_url", json!(url))).await;
        assert_eq!(done["status"], "failed", "{url}: {done}");
        assert_eq!(
            done["failed"],
            json!([
                failed("target-a.com", reason),
                failed("target-b.com", reason)
            ]),
            "{url}"
        );
        assert_eq!(
            app.events_of("domain.forwarding_failed")
                .await
                .last()
                .unwrap()["data"],
            done
        );
    }
    assert_eq!(app.events_of("domain.forwarding_updated").await.len(), 0);
}

#[apply(on_both_engines!)]
async fn a_request_that_cannot_be_read_is_refused(app: &TestApp) {
    let before = app.row_counts(Environment::Test).await;
    let good = || body(&["acme.com"]);
    let long = format!("https://example.com/{}", "x".repeat(2_048));
    for (body, field) in [
        (json!({}), "domains"),
        (json!({ "domains": ["acme.com"] }), "forwarding_url"),
        (with(good(), "/domains", json!([])), "domains"),
        (
            with(good(), "/domains", json!(names("many", 26))),
            "domains",
        ),
        (with(good(), "/domains", json!("acme.com")), "domains"),
        (with(good(), "/domains", json!([1])), "domains[0]"),
        (
            with(good(), "/domains", json!(["acme.com", "ACME.com."])),
            "domains[1]",
        ),
        (with(good(), "/forwarding_url", json!("")), "forwarding_url"),
        (
            with(good(), "/forwarding_url", json!("www.example.com")),
            "forwarding_url",
        ),
        (
            with(good(), "/forwarding_url", json!("ftp://example.com")),
            "forwarding_url",
        ),
        (
            with(
                good(),
                "/forwarding_url",
                json!("https://user:pw@example.com"),
            ),
            "forwarding_url",
        ),
        (
            with(good(), "/forwarding_url", json!("https://")),
            "forwarding_url",
        ),
        (
            with(good(), "/forwarding_url", json!(long)),
            "forwarding_url",
        ),
        (
            with(good(), "/forwarding_url", json!(null)),
            "forwarding_url",
        ),
        (with(good(), "/forward", json!(URL)), "forward"),
    ] {
        let error = app
            .client()
            .post("/domains/forwarding", body.clone())
            .await
            .error(400, "invalid_request");
        assert_eq!(error["field"], field, "{body}");
    }
    assert_eq!(app.row_counts(Environment::Test).await, before);
    let (_, done) = forward(
        app,
        &stocked(
            app,
            &names("many", 25)
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>(),
        )
        .await,
    )
    .await;
    assert_eq!(done["completed_count"], 25);
}

#[apply(on_both_engines!)]
async fn a_connected_domain_shows_its_new_target(app: &TestApp) {
    let client = app.client();
    client
        .post("/orders", custom_order(&names("shown", 2)))
        .await
        .expect(200);
    app.run_until_idle().await;
    let targets = || async {
        let rows = client.get("/domains?category=connected").await.data(200);
        let mut shown: Vec<Value> = rows
            .as_array()
            .unwrap()
            .iter()
            .map(|row| json!([row["domain"], row["forwarding_url"]]))
            .collect();
        shown.sort_by_key(ToString::to_string);
        shown
    };
    assert_eq!(
        targets().await,
        [json!(["shown-01.com", null]), json!(["shown-02.com", null])]
    );
    forward(app, &["shown-01.com"]).await;
    assert_eq!(
        targets().await,
        [json!(["shown-01.com", URL]), json!(["shown-02.com", null])]
    );
    // Provisioning that runs again keeps the new target.
    app.run_until_idle().await;
    assert_eq!(targets().await[0], json!(["shown-01.com", URL]));
}

#[apply(on_both_engines!)]
async fn a_domain_that_is_there_already_counts_as_completed(app: &TestApp) {
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    let domains = stocked(app, &["there-01.com", "there-02.com"]).await;
    forward(app, &domains[..1]).await;
    let begun = app
        .client()
        .post("/domains/forwarding", body(&domains))
        .await
        .data(202);
    peeker_app::runner::run_until_idle(&server, Environment::Test)
        .await
        .unwrap();
    let done = job(&app.client(), &begun).await;
    assert_eq!(
        (&done["status"], &done["completed"]),
        (&json!("completed"), &json!(domains))
    );
    let asked: Vec<String> = faults
        .take_calls()
        .into_iter()
        .map(|call| call.domain)
        .collect();
    assert!(
        !asked.is_empty() && asked.iter().all(|name| name == "there-02.com"),
        "{asked:?}"
    );
}

#[apply(on_both_engines!)]
async fn another_partners_domain_is_not_found(app: &TestApp) {
    let domains = stocked(app, &["ours.com"]).await;
    let (begun, _) = forward(app, &domains).await;
    let stranger = app.stranger().await;
    let theirs = stranger
        .post("/domains/forwarding", body(&domains))
        .await
        .data(202);
    assert_eq!(theirs["failed"], json!([failed("ours.com", "not_found")]));
    stranger
        .get(&format!(
            "/domains/forwarding/{}",
            begun["id"].as_str().unwrap()
        ))
        .await
        .error(404, "not_found");
    app.run_until_idle().await;
    assert_eq!(job(&stranger, &theirs).await["status"], "failed");
}

#[apply(on_both_engines!)]
async fn a_provider_that_is_down_for_a_moment_is_waited_for(app: &TestApp) {
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    let domains = stocked(app, &["moment-01.com", "moment-02.com"]).await;
    faults.plan(
        "dns.set_redirect",
        "moment-02.com",
        Fault::LostAfter,
        Some(5_000),
    );
    faults.plan(
        "dns.ensure_zone",
        "moment-01.com",
        Fault::RefusedBefore,
        None,
    );
    let begun = app
        .client()
        .post("/domains/forwarding", body(&domains))
        .await
        .data(202);
    let run = || async {
        peeker_app::runner::run_until_idle(&server, Environment::Test)
            .await
            .unwrap()
    };
    run().await;
    assert_eq!(job(&app.client(), &begun).await["status"], "in_progress");
    app.advance_seconds(6);
    run().await;
    let done = job(&app.client(), &begun).await;
    assert_eq!(
        (&done["status"], &done["completed"]),
        (&json!("completed"), &json!(domains))
    );
    assert_eq!(faults.planned(), 0);
    assert_eq!(app.events_of("domain.forwarding_updated").await.len(), 1);
}

#[apply(on_both_engines!)]
async fn a_redirect_that_only_an_operator_can_have_set_is_waited_for(app: &TestApp) {
    let (server, _) = Host::before(app).await;
    let domains = stocked(app, &["fine-01.com", "human-02.com"]).await;
    let begun = app
        .client()
        .post("/domains/forwarding", body(&domains))
        .await
        .data(202);
    let run = |server| async move {
        peeker_app::runner::run_until_idle(server, Environment::Test)
            .await
            .unwrap()
    };
    for _ in 0..3 {
        run(&server).await;
        let waiting = job(&app.client(), &begun).await;
        assert_eq!(
            (&waiting["status"], &waiting["failed"]),
            (&json!("in_progress"), &json!([]))
        );
        app.advance_seconds(30 * 60);
    }
    // Mended.
    run(&app.app).await;
    let done = job(&app.client(), &begun).await;
    assert_eq!(
        (&done["status"], &done["completed"]),
        (&json!("completed"), &json!(domains))
    );
    assert_eq!(app.events_of("domain.forwarding_failed").await.len(), 0);
}

#[apply(on_both_engines!)]
async fn a_provider_that_stays_down_fails_the_row_in_the_end(app: &TestApp) {
    let (server, _) = Host::before(app).await;
    let domains = stocked(app, &["down-01.com", "fine-02.com", "rejected-03.com"]).await;
    let begun = app
        .client()
        .post("/domains/forwarding", body(&domains))
        .await
        .data(202);
    for _ in 0..64 {
        peeker_app::runner::run_until_idle(&server, Environment::Test)
            .await
            .unwrap();
        app.advance_seconds(30 * 60);
    }
    let done = job(&app.client(), &begun).await;
    assert_eq!(done["status"], "partial_success");
    assert_eq!(done["completed"], json!(["fine-02.com"]));
    let down = ["down-01.com", "rejected-03.com"].map(|name| failed(name, "provider_error"));
    assert_eq!(done["failed"], json!(down));
}

#[apply(on_both_engines!)]
async fn a_live_key_is_told_what_is_not_configured(app: &TestApp) {
    let before = app.row_counts(Environment::Live).await;
    let live = app.live_client();
    let error = live
        .post("/domains/forwarding", body(&["acme.com"]))
        .await
        .error(503, "internal_error");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("Ask its operator"),
        "{error}"
    );
    assert_eq!(app.row_counts(Environment::Live).await, before);
    live.get("/domains/forwarding/fwj_01ARZ3NDEKTSV4RRFFQ69G5FAV")
        .await
        .error(404, "not_found");
}

#[apply(on_both_engines!)]
async fn a_domain_is_not_forwarded_to_itself(app: &TestApp) {
    let domains = stocked(app, &["acme.com", "other.com"]).await;
    for url in ["https://acme.com/", "http://www.acme.com/x"] {
        let (_, done) = forward_to(app, with(body(&domains), "/forwarding_url", json!(url))).await;
        assert_eq!(done["status"], "partial_success", "{url}");
        assert_eq!(done["completed"], json!(["other.com"]), "{url}");
        assert_eq!(
            done["failed"],
            json!([failed("acme.com", "invalid_target")]),
            "{url}"
        );
    }
    let (_, done) = forward_to(
        app,
        with(
            body(&domains),
            "/forwarding_url",
            json!("https://shop.acme.com/"),
        ),
    )
    .await;
    assert_eq!(done["status"], "completed");
}

#[apply(on_both_engines!)]
async fn what_is_known_is_counted_while_the_job_waits_with_the_rest(app: &TestApp) {
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    let domains = stocked(app, &["set.com", "fwdfail-it.com", "late.com"]).await;
    let sent = [&domains[..], &["nobodys.com".to_owned()]].concat();
    let run = || async {
        peeker_app::runner::run_until_idle(&server, Environment::Test)
            .await
            .unwrap();
    };
    faults.plan(
        "dns.set_redirect",
        "late.com",
        Fault::RefusedBefore,
        Some(60_000),
    );
    let begun = app
        .client()
        .post("/domains/forwarding", body(&sent))
        .await
        .data(202);
    assert_eq!(
        (&begun["completed_count"], &begun["failed_count"]),
        (&json!(0), &json!(1))
    );
    run().await;
    let known = [
        failed("fwdfail-it.com", "dns_lookup_failed"),
        failed("nobodys.com", "not_found"),
    ];
    let waiting = job(&app.client(), &begun).await;
    assert_eq!(
        (
            &waiting["status"],
            &waiting["completed"],
            &waiting["failed"]
        ),
        (&json!("in_progress"), &json!(["set.com"]), &json!(known))
    );
    assert_eq!(
        (&waiting["completed_count"], &waiting["failed_count"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(waiting["completed_at"], Value::Null);
    assert_eq!(app.event_types().await, Vec::<String>::new());
    faults.take_calls();
    app.advance_seconds(61);
    run().await;
    let again: Vec<String> = faults
        .take_calls()
        .into_iter()
        .map(|call| call.domain)
        .collect();
    assert!(again.iter().all(|name| name == "late.com"), "{again:?}");
    let done = job(&app.client(), &begun).await;
    assert_eq!(
        (&done["status"], &done["completed"], &done["failed"]),
        (
            &json!("partial_success"),
            &json!(["set.com", "late.com"]),
            &json!(known)
        )
    );
    let events = ["domain.forwarding_updated", "domain.forwarding_failed"];
    assert_eq!(app.event_types().await, events);
}
