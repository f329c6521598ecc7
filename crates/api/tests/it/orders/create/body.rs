//! The shape of the body: every wrong field is named by its path, and all of them at once.

use peeker_testkit::{
    TestApp, apply, bundle_of_ten, bundle_order, microsoft_order, names, on_both_engines, with,
    without,
};
use serde_json::{Value, json};

use super::{invalid, order, refused};

fn paths(error: &Value) -> Vec<&str> {
    let violations = error["details"]["violations"].as_array().unwrap();
    violations
        .iter()
        .map(|violation| violation["field"].as_str().unwrap())
        .collect()
}

#[apply(on_both_engines!)]
async fn each_field_that_is_missing_is_named(app: &TestApp) {
    for field in [
        "user",
        "sequencer",
        "domains",
        "personas",
        "sequencer.provider",
        "sequencer.client_id",
        "sequencer.login_email",
        "sequencer.login_password",
        "google_licenses",
        "google_inboxes_per_domain",
    ] {
        invalid(
            app,
            without(order(), &format!("/{}", field.replace('.', "/"))),
            field,
        )
        .await;
    }
    for key in ["first_name", "last_name", "profile_picture_url"] {
        invalid(
            app,
            without(order(), &format!("/personas/0/{key}")),
            &format!("personas[0].{key}"),
        )
        .await;
    }
    invalid(
        app,
        with(order(), "/domains/0", json!({})),
        "domains[0].domain",
    )
    .await;
    let microsoft = microsoft_order((1, 50), &names("domain", 1));
    for field in ["microsoft_licenses", "microsoft_inboxes_per_domain"] {
        invalid(app, without(microsoft.clone(), &format!("/{field}")), field).await;
    }
}

#[apply(on_both_engines!)]
async fn each_field_of_a_wrong_type_is_named(app: &TestApp) {
    for field in [
        "user",
        "sequencer",
        "domains",
        "personas",
        "forwarding_url",
        "google_licenses",
        "google_inboxes_per_domain",
        "microsoft_licenses",
        "microsoft_inboxes_per_domain",
        "sequencer.provider",
        "sequencer.client_id",
        "sequencer.login_email",
        "sequencer.login_password",
    ] {
        let both = with(order(), "/microsoft_licenses", json!(1));
        let both = with(both, "/microsoft_inboxes_per_domain", json!(25));
        invalid(
            app,
            with(both, &format!("/{}", field.replace('.', "/")), json!(true)),
            field,
        )
        .await;
    }
    for (pointer, field) in [
        ("/domains/0", "domains[0]"),
        ("/personas/0", "personas[0]"),
        ("/personas/0/first_name", "personas[0].first_name"),
        ("/personas/0/last_name", "personas[0].last_name"),
        (
            "/personas/0/profile_picture_url",
            "personas[0].profile_picture_url",
        ),
    ] {
        invalid(app, with(order(), pointer, json!(7)), field).await;
    }
    invalid(
        app,
        with(order(), "/domains/0", json!({ "domain": 7 })),
        "domains[0].domain",
    )
    .await;
}

#[apply(on_both_engines!)]
async fn only_four_fields_may_be_null(app: &TestApp) {
    for field in [
        "user",
        "sequencer",
        "domains",
        "personas",
        "google_licenses",
        "google_inboxes_per_domain",
        "microsoft_licenses",
        "microsoft_inboxes_per_domain",
        "sequencer.provider",
        "sequencer.login_email",
        "sequencer.login_password",
        "bundle_id",
    ] {
        let mut body = order();
        if field.starts_with("microsoft") {
            body = microsoft_order((1, 25), &names("domain", 1));
        } else if field == "bundle_id" {
            body = bundle_order("", &names("domain", 1));
        }
        invalid(
            app,
            with(body, &format!("/{}", field.replace('.', "/")), json!(null)),
            field,
        )
        .await;
    }
}

#[apply(on_both_engines!)]
async fn fields_nobody_asked_for_are_refused_on_every_level(app: &TestApp) {
    for (pointer, field) in [
        ("/forwarding", "forwarding"),
        ("/sequencer/client", "sequencer.client"),
        ("/personas/0/picture", "personas[0].picture"),
    ] {
        invalid(app, with(order(), pointer, json!(null)), field).await;
    }
    let domain = json!({ "domain": "acme-mail.com", "forward": "https://acme.com" });
    invalid(
        app,
        with(order(), "/domains/0", domain),
        "domains[0].forward",
    )
    .await;
}

#[apply(on_both_engines!)]
async fn all_that_is_wrong_is_told_at_once(app: &TestApp) {
    let error = refused(app, json!({
        "sequencer": { "provider": "mailchimp", "client_id": -1, "login_email": "nobody", "login_password": "" },
        "google_licenses": 0,
        "domains": ["mail.acme.com", { "domain": "acme.com", "forwarding_url": "ftp://acme.com" }, "co.uk"],
        "personas": [{ "first_name": "Sam", "last_name": "Lee", "profile_picture_url": null }, { "first_name": " " }],
        "forwarding_url": "acme.com",
        "bundle": "bun_1",
    }), 400, "invalid_request").await;
    let paths = paths(&error);
    assert_eq!(error["field"], paths[0]);
    let mut sorted = paths.clone();
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        [
            "bundle",
            "domains[0]",
            "domains[1].forwarding_url",
            "domains[2]",
            "forwarding_url",
            "google_licenses",
            "personas[1].first_name",
            "personas[1].last_name",
            "personas[1].profile_picture_url",
            "sequencer.client_id",
            "sequencer.login_email",
            "sequencer.login_password",
            "sequencer.provider",
            "user",
        ]
    );
}

#[apply(on_both_engines!)]
async fn the_password_is_not_repeated_in_a_refusal(app: &TestApp) {
    let password = "hunter2-".repeat(200);
    let refused = app
        .client()
        .post(
            "/orders",
            with(order(), "/sequencer/login_password", json!(password)),
        )
        .await;
    assert_eq!(refused.status, 400);
    assert!(!refused.text.contains("hunter2"), "{}", refused.text);
}

#[apply(on_both_engines!)]
async fn a_bundle_with_license_fields_is_a_conflict(app: &TestApp) {
    let bundle = app
        .client()
        .post("/bundles", bundle_of_ten())
        .await
        .data(201);
    let body = bundle_order(bundle["id"].as_str().unwrap(), &names("domain", 10));
    for (field, value) in [
        ("google_licenses", json!(20)),
        ("google_inboxes_per_domain", json!(2)),
        ("microsoft_licenses", json!(2)),
        ("microsoft_inboxes_per_domain", json!("fifty")),
        ("google_licenses", json!(null)),
    ] {
        let conflict = with(body.clone(), &format!("/{field}"), value);
        // Whatever else is wrong, the two forms have to be told apart first.
        for conflict in [
            conflict.clone(),
            without(conflict.clone(), "/user"),
            with(conflict, "/bundle_id", json!(null)),
        ] {
            let error = refused(app, conflict, 400, "order_shape_conflict").await;
            assert_eq!((error.get("field"), error.get("details")), (None, None));
        }
    }
}

#[apply(on_both_engines!)]
async fn an_order_needs_a_bundle_or_licenses(app: &TestApp) {
    let neither = without(
        without(order(), "/google_licenses"),
        "/google_inboxes_per_domain",
    );
    invalid(app, neither, "google_licenses").await;
}

#[apply(on_both_engines!)]
async fn licenses_and_densities_have_their_ranges(app: &TestApp) {
    for (field, values) in [
        (
            "google_licenses",
            [json!(0), json!(-2), json!(1.5), json!("2"), json!(10_001)],
        ),
        (
            "google_inboxes_per_domain",
            [json!(0), json!(1), json!(4), json!("2"), json!(2.5)],
        ),
    ] {
        for value in values {
            invalid(app, with(order(), &format!("/{field}"), value), field).await;
        }
    }
    let microsoft = microsoft_order((1, 50), &names("domain", 1));
    for (field, values) in [
        (
            "microsoft_licenses",
            [json!(0), json!(-2), json!(1.5), json!("2"), json!(10_001)],
        ),
        (
            "microsoft_inboxes_per_domain",
            [json!(24), json!(26), json!(100), json!("50"), json!(0)],
        ),
    ] {
        for value in values {
            invalid(
                app,
                with(microsoft.clone(), &format!("/{field}"), value),
                field,
            )
            .await;
        }
    }
}

#[apply(on_both_engines!)]
async fn one_to_ten_personas_with_two_names_each(app: &TestApp) {
    let persona = json!({ "first_name": "Sam", "last_name": "Lee", "profile_picture_url": null });
    for count in [0, 11] {
        invalid(
            app,
            with(order(), "/personas", json!(vec![persona.clone(); count])),
            "personas",
        )
        .await;
    }
    for name in ["first_name", "last_name"] {
        for bad in [
            String::new(),
            "  ".into(),
            "x".repeat(101),
            "Sa\u{0}m".into(),
            "Sam\nLee".into(),
        ] {
            let personas = json!([
                persona,
                with(persona.clone(), &format!("/{name}"), json!(bad))
            ]);
            invalid(
                app,
                with(order(), "/personas", personas),
                &format!("personas[1].{name}"),
            )
            .await;
        }
    }
}

#[apply(on_both_engines!)]
async fn urls_are_http_without_credentials_and_not_too_long(app: &TestApp) {
    let too_long = format!("https://acme.com/{}", "a".repeat(2_032));
    for bad in [
        "acme.com",
        "ftp://acme.com",
        "javascript:alert(1)",
        "https://me:pw@acme.com",
        "http://",
        &too_long,
    ] {
        invalid(
            app,
            with(order(), "/forwarding_url", json!(bad)),
            "forwarding_url",
        )
        .await;
        let domain = json!({ "domain": "acme-mail.com", "forwarding_url": bad });
        invalid(
            app,
            with(order(), "/domains/0", domain),
            "domains[0].forwarding_url",
        )
        .await;
        let picture = with(order(), "/personas/0/profile_picture_url", json!(bad));
        invalid(app, picture, "personas[0].profile_picture_url").await;
    }
    invalid(
        app,
        with(order(), "/forwarding_url", json!("")),
        "forwarding_url",
    )
    .await;
}

#[apply(on_both_engines!)]
async fn the_user_is_an_id_or_an_address(app: &TestApp) {
    for bad in [
        "",
        " ",
        "nobody",
        "a@b",
        "a b@c.com",
        "ord_01KJZ4V1B6E8N2Q4R6S8T0V2W4",
    ] {
        invalid(app, with(order(), "/user", json!(bad)), "user").await;
    }
}

#[apply(on_both_engines!)]
async fn the_sequencer_log_in_is_checked(app: &TestApp) {
    for (field, bad) in [
        ("login_email", json!("nobody")),
        ("login_email", json!("")),
        ("login_password", json!("")),
        ("login_password", json!("x".repeat(1_001))),
        ("client_id", json!(-1)),
        ("client_id", json!(1.5)),
        ("client_id", json!({})),
        ("client_id", json!("x".repeat(101))),
    ] {
        invalid(
            app,
            with(order(), &format!("/sequencer/{field}"), bad),
            &format!("sequencer.{field}"),
        )
        .await;
    }
}

#[apply(on_both_engines!)]
async fn another_sequencer_is_not_supported(app: &TestApp) {
    for provider in ["instantly", "", "Smartlead"] {
        let error = refused(
            app,
            with(order(), "/sequencer/provider", json!(provider)),
            400,
            "provider_not_supported",
        )
        .await;
        assert_eq!(error["field"], "sequencer.provider");
        assert_eq!(error.get("details"), None);
    }
}

#[apply(on_both_engines!)]
async fn the_body_is_one_json_object(app: &TestApp) {
    let client = app.client();
    for text in [
        "",
        "[]",
        "null",
        "\"order\"",
        "{",
        "{\"user\":}",
        "\u{feff}{}",
    ] {
        client
            .post_text("/orders", text)
            .await
            .error(400, "invalid_request");
    }
    client
        .post("/orders?dry_run=true", order())
        .await
        .error(400, "invalid_request");
}
