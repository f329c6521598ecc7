//! The names of an order: registrable domains, each once.

use peeker_testkit::{TestApp, apply, custom_order, names, on_both_engines, with};
use serde_json::json;

use super::{invalid, order, refused};

#[apply(on_both_engines!)]
async fn only_registrable_domains_are_taken(app: &TestApp) {
    let too_long = format!("{}.com", "a".repeat(64));
    for bad in [
        "",
        "acme",
        "acme.notatld",
        "mail.acme.com",
        "mail.acme.co.uk",
        "co.uk",
        "com",
        "127.0.0.1",
        "-acme.com",
        "ac_me.com",
        "acme..com",
        "https://acme.com",
        "acme.com/",
        "acme .com",
        "me@acme.com",
        &too_long,
        "acme.github.io",
        "github.io",
        "acme.blogspot.com",
        "acme.co.uk.com",
        "acme.co.com",
    ] {
        let domains = json!(["fine.com", bad]);
        invalid(app, with(order(), "/domains", domains), "domains[1]").await;
        let domains = json!([{ "domain": bad }]);
        invalid(app, with(order(), "/domains", domains), "domains[0].domain").await;
    }
}

#[apply(on_both_engines!)]
async fn what_is_wrong_with_a_name_is_told(app: &TestApp) {
    for (name, word) in [
        ("mail.acme.com", "sub-domain"),
        ("co.uk", "public suffix"),
        ("com", "public suffix"),
        ("github.io", "public suffix"),
        ("acme.github.io", "privately owned suffix"),
        ("acme", "not a valid domain name"),
    ] {
        let error = refused(
            app,
            with(order(), "/domains/0", json!(name)),
            400,
            "invalid_request",
        )
        .await;
        assert!(error["message"].as_str().unwrap().contains(word), "{error}");
    }
}

#[apply(on_both_engines!)]
async fn a_name_comes_once_however_it_is_spelled(app: &TestApp) {
    for (first, second) in [
        (json!("acme.com"), json!("acme.com")),
        (json!("acme.com"), json!(" ACME.com. ")),
        (
            json!("acme.com"),
            json!({ "domain": "Acme.com", "forwarding_url": "https://www.example.com" }),
        ),
        (json!("bücher.de"), json!("xn--bcher-kva.de")),
        (json!("BÜCHER.de"), json!({ "domain": "bücher.de" })),
    ] {
        let mut body = custom_order(&names("domain", 3));
        body["domains"][0] = first;
        body["domains"][2] = second;
        invalid(app, body, "domains[2]").await;
    }
}

#[apply(on_both_engines!)]
async fn every_copy_of_a_name_is_told(app: &TestApp) {
    let mut body = custom_order(&names("domain", 4));
    body["domains"] = json!(["a.com", "b.com", "a.com", "b.com", "a.com"]);
    let error = refused(app, body, 400, "invalid_request").await;
    let violations = error["details"]["violations"].as_array().unwrap();
    let fields: Vec<_> = violations
        .iter()
        .map(|violation| violation["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["domains[2]", "domains[3]", "domains[4]"]);
}

#[apply(on_both_engines!)]
async fn at_least_one_domain_is_named(app: &TestApp) {
    invalid(app, with(order(), "/domains", json!([])), "domains").await;
    invalid(app, with(order(), "/domains", json!("acme.com")), "domains").await;
    invalid(
        app,
        with(order(), "/domains", json!({ "domain": "acme.com" })),
        "domains",
    )
    .await;
}
