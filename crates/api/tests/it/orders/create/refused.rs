//! What a well-formed order is refused for, with the details of each code.

use peeker_testkit::{
    TestApp, apply, bundle_of_ten, bundle_order, custom_order, microsoft_order, mixed_order, names,
    on_both_engines, with,
};
use serde_json::json;

use super::{order, refused};

#[apply(on_both_engines!)]
async fn a_bundle_that_is_not_there(app: &TestApp) {
    let stranger = app.stranger().await;
    let foreign = stranger.post("/bundles", bundle_of_ten()).await.data(201);
    for id in [
        "bun_01KJZ4V1B6E8N2Q4R6S8T0V2W4",
        "bun_123",
        "",
        "usr_01KJZ4V1B6E8N2Q4R6S8T0V2W4",
        foreign["id"].as_str().unwrap(),
    ] {
        let error = refused(
            app,
            bundle_order(id, &names("domain", 10)),
            404,
            "not_found",
        )
        .await;
        assert_eq!(error["field"], "bundle_id", "{id:?}");
    }
}

#[apply(on_both_engines!)]
async fn a_user_that_is_not_there(app: &TestApp) {
    let stranger = app.stranger().await;
    let user = json!({ "email": "theirs@example.com", "sequencer": { "provider": "smartlead", "client_id": null } });
    let foreign = stranger.post("/users", user).await.data(201);
    for id in [
        "usr_01KJZ4V1B6E8N2Q4R6S8T0V2W4",
        "usr_123",
        "usr_",
        foreign["id"].as_str().unwrap(),
    ] {
        let error = refused(app, with(order(), "/user", json!(id)), 404, "not_found").await;
        assert_eq!(error["field"], "user", "{id:?}");
    }
}

#[apply(on_both_engines!)]
async fn an_archived_bundle(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let bundle = client.post("/bundles", bundle_of_ten()).await.data(201);
    let id = bundle["id"].as_str().unwrap();
    client
        .post("/orders", bundle_order(id, &names("first", 10)))
        .await
        .expect(200);
    let deleted = client.delete(&format!("/bundles/{id}")).await.data(200);
    assert_eq!(deleted["status"], "archived");
    let error = refused(
        app,
        bundle_order(id, &names("second", 10)),
        400,
        "invalid_request",
    )
    .await;
    assert_eq!(error["field"], "bundle_id");
}

#[apply(on_both_engines!)]
async fn a_deleted_user(app: &TestApp) {
    let client = app.client();
    let user = json!({ "email": "gone@example.com", "sequencer": { "provider": "smartlead", "client_id": null } });
    let user = client.post("/users", user).await.data(201);
    client
        .delete(&format!("/users/{}", user["id"].as_str().unwrap()))
        .await
        .expect(200);
    for who in [&user["id"], &json!("Gone@Example.com")] {
        let error = refused(
            app,
            with(order(), "/user", who.clone()),
            400,
            "invalid_request",
        )
        .await;
        assert_eq!(error["field"], "user");
    }
}

#[apply(on_both_engines!)]
async fn another_number_of_domains_than_the_plan_needs(app: &TestApp) {
    let client = app.client();
    let bundle = client.post("/bundles", bundle_of_ten()).await.data(201);
    let bundle = bundle["id"].as_str().unwrap();
    for (submitted, missing, excess) in [
        (9, 1, None),
        (1, 9, None),
        (11, 0, Some(1)),
        (15, 0, Some(5)),
    ] {
        let mut details =
            json!({ "required_count": 10, "submitted_count": submitted, "missing_count": missing });
        if let Some(excess) = excess {
            details["excess_count"] = json!(excess);
        }
        let domains = names("domain", submitted);
        // 7 licenses, 3 on a domain, need 3 domains.
        for order in [
            bundle_order(bundle, &domains),
            mixed_order((7, 3), (7, 25), &domains),
        ] {
            let error = refused(app, order, 400, "domain_count_mismatch").await;
            assert_eq!(
                (&error["field"], &error["details"]),
                (&json!("domains"), &details)
            );
        }
    }
}

#[apply(on_both_engines!)]
async fn a_client_that_smartlead_does_not_know(app: &TestApp) {
    for client_id in [json!(404), json!("404"), json!(" 404 ")] {
        let error = refused(
            app,
            with(order(), "/sequencer/client_id", client_id),
            400,
            "smartlead_client_not_found",
        )
        .await;
        assert_eq!(error["field"], "sequencer.client_id");
    }
}

#[apply(on_both_engines!)]
async fn an_account_without_a_smartlead_connection(app: &TestApp) {
    for client_id in [json!(401), json!("401")] {
        refused(
            app,
            with(order(), "/sequencer/client_id", client_id),
            400,
            "smartlead_connection_required",
        )
        .await;
    }
}

#[apply(on_both_engines!)]
async fn domains_of_another_active_order(app: &TestApp) {
    let client = app.client();
    let mut held = names("held", 2);
    held.push("replace-held.com".into());
    client
        .post("/orders", custom_order(&held))
        .await
        .expect(200);
    let mixed = [
        "free-01.com",
        "HELD-02.com",
        "replace-held.com",
        "free-02.com",
    ]
    .map(str::to_owned);
    for state in ["in_progress", "action_required"] {
        assert_eq!(client.get("/orders").await.data(200)[0]["status"], state);
        let error = refused(
            app,
            custom_order(&mixed),
            400,
            "domain_already_in_active_order",
        )
        .await;
        let holder = client.get("/orders").await.data(200)[0]["id"].take();
        assert_eq!(
            error["details"],
            json!({
                "domains": ["held-02.com", "replace-held.com"],
                "orders": [
                    { "domain": "held-02.com", "order_id": holder },
                    { "domain": "replace-held.com", "order_id": holder },
                ],
            })
        );
        app.run_until_idle().await;
    }
    let stranger = app.stranger().await;
    stranger
        .post("/orders", custom_order(&held))
        .await
        .expect(200);
    app.run_until_idle().await;
}

#[apply(on_both_engines!)]
async fn domains_of_a_completed_order(app: &TestApp) {
    let client = app.client();
    let holder = client.post("/orders", order()).await.data(200)["id"].take();
    app.run_until_idle().await;
    let error = refused(
        app,
        with(order(), "/user", json!("other@example.com")),
        400,
        "domain_already_in_active_order",
    )
    .await;
    let details = json!({
        "domains": ["acme-mail.com"],
        "orders": [{ "domain": "acme-mail.com", "order_id": holder }],
    });
    assert_eq!(error["details"], details);
}

#[apply(on_both_engines!)]
async fn more_google_only_names_than_google_places(app: &TestApp) {
    let domains = ["gonly-01.com", "plain-02.com", "gonly-03.com"].map(str::to_owned);
    let error = refused(
        app,
        mixed_order((2, 2), (2, 50), &domains),
        400,
        "domain_not_usable_for_provider",
    )
    .await;
    assert_eq!(error["field"], "domains");
    let details =
        json!({ "domain": "gonly-03.com", "provider": "microsoft", "usable_for": ["google"] });
    assert_eq!(error["details"], details);
    let domains = ["gonly-01.com".to_owned()];
    let error = refused(
        app,
        microsoft_order((1, 25), &domains),
        400,
        "domain_not_usable_for_provider",
    )
    .await;
    assert_eq!(error["details"]["domain"], "gonly-01.com");
}

#[apply(on_both_engines!)]
async fn names_that_cannot_be_bought(app: &TestApp) {
    let domains = [
        "taken-a.com",
        "fine-a.com",
        "premium-a.io",
        "unknown-a.de",
        "providererror-a.com",
    ]
    .map(str::to_owned);
    let error = refused(app, custom_order(&domains), 400, "domains_not_submittable").await;
    assert_eq!(error["field"], "domains");
    assert_eq!(
        error["details"],
        json!({
            "required_replacements": 4,
            "domains_not_submittable": [
                { "domain": "taken-a.com", "reason": "unavailable" },
                { "domain": "premium-a.io", "reason": "premium" },
                { "domain": "unknown-a.de", "reason": "unknown" },
                { "domain": "providererror-a.com", "reason": "provider_error" },
            ],
        })
    );
}

#[apply(on_both_engines!)]
async fn an_empty_wallet(app: &TestApp) {
    let broke = with(order(), "/user", json!("Broke.client@example.com"));
    let error = refused(app, broke, 402, "insufficient_funds").await;
    let required = 200 + 3_300;
    let details =
        json!({ "required_cents": required, "balance_cents": 0, "missing_cents": required });
    assert_eq!(error["details"], details);
}

#[apply(on_both_engines!)]
async fn a_key_that_may_not_place_orders(app: &TestApp) {
    for preset in [peeker_domain::Preset::Limited, peeker_domain::Preset::Read] {
        let client = app.client_with(&app.key(preset, 600).await);
        client
            .post("/orders", order())
            .await
            .error(403, "forbidden");
        // The key is looked at before the body.
        client
            .post("/orders", json!({}))
            .await
            .error(403, "forbidden");
    }
    app.anonymous()
        .post("/orders", order())
        .await
        .error(401, "unauthorized");
    assert_eq!(
        app.row_counts(peeker_domain::Environment::Test).await["orders"],
        0
    );
}
