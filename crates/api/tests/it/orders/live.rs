//! Orders with a live key on a server without live providers: what needs one answers 503 and changes nothing.

use peeker_domain::Environment;
use peeker_testkit::{
    TestApp, apply, bundle_of_ten, bundle_order, custom_order, names, on_both_engines, without,
};
use serde_json::json;

#[apply(on_both_engines!)]
async fn nothing_can_be_ordered_and_nothing_changes(app: &TestApp) {
    let client = app.live_client();
    let bundle = client.post("/bundles", bundle_of_ten()).await.data(201);
    let orders = [
        custom_order(&names("domain", 2)),
        bundle_order(bundle["id"].as_str().unwrap(), &names("domain", 10)),
    ];
    let before = (
        app.row_counts(Environment::Live).await,
        app.row_counts(Environment::Test).await,
    );
    for order in orders {
        for path in ["/orders", "/orders/quote"] {
            for headers in [&[][..], &[("Idempotency-Key", "live-1")]] {
                let answer = client.post_with(path, order.clone(), headers).await;
                let error = answer.error(503, "internal_error");
                let message = error["message"].as_str().unwrap();
                assert!(message.contains("Ask its operator"), "{message}");
            }
        }
    }
    let after = (
        app.row_counts(Environment::Live).await,
        app.row_counts(Environment::Test).await,
    );
    assert_eq!(after, before);
}

#[apply(on_both_engines!)]
async fn what_needs_no_provider_is_still_told(app: &TestApp) {
    let client = app.live_client();
    let order = custom_order(&names("domain", 2));
    for path in ["/orders", "/orders/quote"] {
        client
            .post(path, without(order.clone(), "/personas"))
            .await
            .error(400, "invalid_request");
        client
            .post(path, bundle_order("bun_1", &names("domain", 2)))
            .await
            .error(404, "not_found");
    }
    assert_eq!(client.get("/orders").await.expect(200)["data"], json!([]));
    client
        .get("/orders/ord_01KJZ4V1B6E8N2Q4R6S8T0V2W4")
        .await
        .error(404, "not_found");
}

#[apply(on_both_engines!)]
async fn a_bundle_of_one_environment_does_not_exist_in_the_other(app: &TestApp) {
    let bundle = app
        .live_client()
        .post("/bundles", bundle_of_ten())
        .await
        .data(201);
    let order = bundle_order(bundle["id"].as_str().unwrap(), &names("domain", 10));
    let error = app
        .client()
        .post("/orders", order)
        .await
        .error(404, "not_found");
    assert_eq!(error["field"], "bundle_id");
}
