//! Reading of order bodies: the rules of contract §4, one by one.

use peeker_domain::order::{GoogleSizing, MicrosoftSizing, OrderRequest, Sizing};
use peeker_domain::{Code, Error};
use serde_json::{Value, json};

use super::*;
use crate::extract::read_object;

fn read(body: &Value) -> Result<OrderRequest, Error> {
    read_object(body, CreateOrder::read)
}

/// The custom example with `change` made to it.
fn custom(change: impl FnOnce(&mut Value)) -> Value {
    let mut body = example_custom_order();
    change(&mut body);
    body
}

/// Code, field and message of the refusal; all messages when there are several.
fn refusal(body: &Value) -> String {
    let error = read(body).unwrap_err();
    let messages = match error.details.get("violations").and_then(Value::as_array) {
        Some(all) => all
            .iter()
            .map(|violation| violation["message"].as_str().unwrap())
            .collect::<Vec<_>>()
            .join("; "),
        None => error.message.clone(),
    };
    format!(
        "{:?} {}: {messages}",
        error.code,
        error.field.as_deref().unwrap_or("-")
    )
}

#[test]
fn both_examples_are_orders() {
    let order = read(&example_bundle_order());
    assert!(
        matches!(
            order.as_ref().map(|order| &order.sizing),
            Ok(Sizing::Bundle(_))
        ),
        "{order:?}"
    );
    let order = read(&example_custom_order()).unwrap();
    let expected = Sizing::Custom {
        google: Some(GoogleSizing {
            licenses: 6,
            inboxes_per_domain: 2,
        }),
        microsoft: Some(MicrosoftSizing {
            licenses: 1,
            inboxes_per_domain: 50,
        }),
    };
    assert_eq!(order.sizing, expected);
    assert_eq!(order.personas[1].profile_picture_url, None);
}

#[test]
fn a_domain_has_its_own_target_or_the_orders() {
    let body = custom(|body| {
        body["forwarding_url"] = json!("https://www.example.com/a");
        body["domains"] = json!(["A.com", {"domain": "b.com", "forwarding_url": "https://b.example.com/"},
            {"domain": "c.com", "forwarding_url": null}]);
    });
    let domains = read(&body).unwrap().domains;
    let shown: Vec<_> = domains
        .iter()
        .map(|d| {
            (
                d.name.as_str(),
                d.forwarding_url.as_ref().map(WebUrl::as_str).unwrap(),
            )
        })
        .collect();
    let default = "https://www.example.com/a";
    assert_eq!(
        shown,
        [
            ("a.com", default),
            ("b.com", "https://b.example.com/"),
            ("c.com", default)
        ]
    );
}

#[test]
fn the_two_forms_do_not_mix_and_nothing_else_is_said() {
    for field in [
        "google_licenses",
        "google_inboxes_per_domain",
        "microsoft_licenses",
        "microsoft_inboxes_per_domain",
    ] {
        let mut body = example_bundle_order();
        body[field] = json!(null);
        body["personas"] = json!([]);
        let error = read(&body).unwrap_err();
        assert_eq!((error.code, error.field), (Code::OrderShapeConflict, None));
        assert!(error.details.is_empty());
    }
}

#[test]
fn sizing_needs_both_halves_of_at_least_one_provider() {
    let without = |names: &'static [&str]| {
        custom(|body| {
            for name in names {
                body.as_object_mut().unwrap().remove(*name);
            }
        })
    };
    insta::assert_snapshot!(refusal(&without(&["google_licenses"])), @"InvalidRequest google_licenses: google_licenses is required with google_inboxes_per_domain");
    insta::assert_snapshot!(refusal(&without(&["microsoft_inboxes_per_domain"])), @"InvalidRequest microsoft_inboxes_per_domain: microsoft_inboxes_per_domain is required with microsoft_licenses");
    insta::assert_snapshot!(refusal(&without(&sizing::CUSTOM_FIELDS)), @"InvalidRequest google_licenses: google_licenses is required, unless bundle_id or microsoft_licenses is given");
    insta::assert_snapshot!(refusal(&custom(|body| body["google_licenses"] = json!(0))), @"InvalidRequest google_licenses: google_licenses must be between 1 and 10000");
    insta::assert_snapshot!(refusal(&custom(|body| body["microsoft_inboxes_per_domain"] = json!(60))), @"InvalidRequest microsoft_inboxes_per_domain: microsoft_inboxes_per_domain must be one of 25, 50, 75, 99");
}

#[test]
fn an_id_that_nobody_can_have_is_not_found_when_all_else_is_right() {
    insta::assert_snapshot!(refusal(&custom(|body| body["user"] = json!("usr_1"))), @"NotFound user: No such user in this account and environment");
    let mut bundle = example_bundle_order();
    bundle["bundle_id"] = json!("bun_123");
    insta::assert_snapshot!(refusal(&bundle), @"NotFound bundle_id: No such bundle in this account and environment");
    bundle["user"] = json!("nobody");
    insta::assert_snapshot!(refusal(&bundle), @"InvalidRequest user: user must be a usr_… id or an e-mail address");
}

#[test]
fn another_sequencer_has_its_own_code_when_all_else_is_right() {
    let mut body = custom(|body| body["sequencer"]["provider"] = json!("other"));
    insta::assert_snapshot!(refusal(&body), @"ProviderNotSupported sequencer.provider: sequencer.provider is not a supported sequencer; use smartlead");
    body["user"] = json!("usr_1");
    insta::assert_snapshot!(refusal(&body), @"ProviderNotSupported sequencer.provider: sequencer.provider is not a supported sequencer; use smartlead");
    body["personas"] = json!([{"first_name": "Sam"}]);
    insta::assert_snapshot!(refusal(&body), @"InvalidRequest sequencer.provider: sequencer.provider is not a supported sequencer; use smartlead; personas[0].last_name is required; personas[0].profile_picture_url is required; it may be null");
}

#[test]
fn every_key_of_the_sequencer_is_required_and_no_secret_is_shown() {
    insta::assert_snapshot!(refusal(&custom(|body| body["sequencer"] = json!({}))), @"InvalidRequest sequencer.provider: sequencer.provider is required; sequencer.client_id is required; it may be null; sequencer.login_email is required; sequencer.login_password is required");
    let body = custom(|body| body["sequencer"]["login_password"] = json!(["hunter2"]));
    assert!(!refusal(&body).contains("hunter2"));
    let order = read(&example_custom_order()).unwrap();
    assert!(!format!("{order:?}").contains("secret-password"));
}

#[test]
fn domains_are_root_domains_and_come_once() {
    let body = custom(|body| {
        body["domains"] = json!(["acme.com", "ACME.com.", {"domain": "acme.com"}, "www.acme.com", 7,
            {"domain": "b.com", "forwarding_url": "ftp://b.com", "extra": 1}]);
    });
    insta::assert_snapshot!(refusal(&body).replace("; ", "\n"), @r#"
    InvalidRequest domains[1]: domains[1] is the same domain as domains[0]
    domains[2] is the same domain as domains[0]
    domains[3] is a sub-domain
    use the root domain
    domains[4] must be a domain name, or an object with a domain and a forwarding_url
    domains[5].forwarding_url must start with http:// or https://
    domains[5].extra is not a known field
    "#);
    let many = custom(|body| body["domains"] = vec!["acme.com"; MAX_DOMAINS + 1].into());
    insta::assert_snapshot!(refusal(&many), @"InvalidRequest domains: domains must have between 1 and 12000 entries");
}

#[test]
fn personas_have_all_three_keys() {
    insta::assert_snapshot!(refusal(&custom(|body| body["personas"] = json!([{"first_name": " "}]))), @"InvalidRequest personas[0].first_name: personas[0].first_name must not be empty; personas[0].last_name is required; personas[0].profile_picture_url is required; it may be null");
    let eleven = custom(|body| body["personas"] = vec![body["personas"][0].clone(); 11].into());
    insta::assert_snapshot!(refusal(&eleven), @"InvalidRequest personas: personas must have between 1 and 10 entries");
}
