//! The order of checks (contract §4): shape → bundle and user → dedupe → count → sequencer → overlap → provider fit →
//! registrar → wallet. Each test breaks two rules at once and sees the earlier one.

use peeker_testkit::{
    TestApp, apply, bundle_of_ten, bundle_order, custom_order, microsoft_order, mixed_order, names,
    on_both_engines, stock, with, without,
};
use serde_json::json;

use super::{order, refused};

const UNKNOWN_BUNDLE: &str = "bun_01KJZ4V1B6E8N2Q4R6S8T0V2W4";
const UNKNOWN_USER: &str = "usr_01KJZ4V1B6E8N2Q4R6S8T0V2W4";

#[apply(on_both_engines!)]
async fn the_shape_comes_before_bundle_and_user(app: &TestApp) {
    let bundle = without(
        bundle_order(UNKNOWN_BUNDLE, &names("domain", 1)),
        "/personas",
    );
    let malformed_bundle = without(bundle_order("bun_1", &names("domain", 1)), "/personas");
    let user = with(
        with(order(), "/user", json!(UNKNOWN_USER)),
        "/personas",
        json!([]),
    );
    let malformed_user = with(
        with(order(), "/user", json!("usr_1")),
        "/personas",
        json!([]),
    );
    for body in [bundle, malformed_bundle, user, malformed_user] {
        let error = refused(app, body, 400, "invalid_request").await;
        assert_eq!(error["field"], "personas");
    }
    let sequencer = with(
        with(order(), "/user", json!(UNKNOWN_USER)),
        "/sequencer/provider",
        json!("other"),
    );
    refused(app, sequencer, 400, "provider_not_supported").await;
}

#[apply(on_both_engines!)]
async fn the_user_comes_before_the_count(app: &TestApp) {
    let body = with(
        custom_order(&names("domain", 3)),
        "/google_licenses",
        json!(100),
    );
    refused(
        app,
        with(body, "/user", json!(UNKNOWN_USER)),
        404,
        "not_found",
    )
    .await;
}

#[apply(on_both_engines!)]
async fn dedupe_comes_before_the_count(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let bundle = client.post("/bundles", bundle_of_ten()).await.data(201);
    let id = bundle["id"].as_str().unwrap();
    let body = bundle_order(id, &names("domain", 10));
    let original = client.post("/orders", body.clone()).await.data(200);
    let grown = client
        .patch(
            &format!("/bundles/{id}"),
            json!({ "monthly_sending_volume": 26_000 }),
        )
        .await
        .data(200);
    assert_ne!(grown["required_domains"]["total"], 10);
    assert_eq!(
        client.post("/orders", body).await.data(200)["id"],
        original["id"]
    );
}

#[apply(on_both_engines!)]
async fn the_count_comes_before_the_sequencer(app: &TestApp) {
    let body = with(
        custom_order(&names("domain", 2)),
        "/google_licenses",
        json!(20),
    );
    refused(
        app,
        with(body, "/sequencer/client_id", json!(404)),
        400,
        "domain_count_mismatch",
    )
    .await;
}

#[apply(on_both_engines!)]
async fn the_sequencer_comes_before_the_overlap(app: &TestApp) {
    app.may_leave_jobs();
    app.client().post("/orders", order()).await.expect(200);
    for (client_id, code) in [
        (404, "smartlead_client_not_found"),
        (401, "smartlead_connection_required"),
    ] {
        refused(
            app,
            with(order(), "/sequencer/client_id", json!(client_id)),
            400,
            code,
        )
        .await;
    }
}

#[apply(on_both_engines!)]
async fn the_overlap_comes_before_provider_fit_and_registrar(app: &TestApp) {
    app.may_leave_jobs();
    app.client()
        .post("/orders", custom_order(&["gonly-held.com".to_owned()]))
        .await
        .expect(200);
    let domains = ["gonly-held.com", "taken-a.com"].map(str::to_owned);
    refused(
        app,
        microsoft_order((2, 50), &domains),
        400,
        "domain_already_in_active_order",
    )
    .await;
}

#[apply(on_both_engines!)]
async fn provider_fit_of_the_inventory_comes_before_the_registrar(app: &TestApp) {
    stock(app, &["gonly-owned.com".to_owned()]).await;
    let domains = ["taken-a.com", "gonly-owned.com"].map(str::to_owned);
    let error = refused(
        app,
        microsoft_order((2, 50), &domains),
        400,
        "domain_not_usable_for_provider",
    )
    .await;
    assert_eq!(error["details"]["domain"], "gonly-owned.com");
    let fits = refused(
        app,
        mixed_order((2, 2), (1, 50), &domains),
        400,
        "domains_not_submittable",
    )
    .await;
    assert_eq!(fits["details"]["required_replacements"], 1);
}

#[apply(on_both_engines!)]
async fn the_registrar_comes_before_the_wallet(app: &TestApp) {
    let broke = |domain: &str| {
        with(
            custom_order(&[domain.to_owned()]),
            "/user",
            json!("broke@example.com"),
        )
    };
    refused(app, broke("taken-a.com"), 400, "domains_not_submittable").await;
    refused(app, broke("fine-a.com"), 402, "insufficient_funds").await;
}
