//! The same order again is the same order (contract §1), as one request after the other; `race.rs` sends them at once.

use peeker_testkit::{
    TestApp, apply, bundle_of_ten, bundle_order, custom_order, mixed_order, names, on_both_engines,
    with, without,
};
use serde_json::{Value, json};

const DAY: i64 = 24 * 60 * 60;

/// An order that uses every field.
fn order() -> Value {
    let mut order = mixed_order((4, 2), (1, 50), &names("domain", 3));
    order["forwarding_url"] = json!("https://www.acme.com/");
    order["domains"][1] =
        json!({ "domain": "domain-02.com", "forwarding_url": "https://shop.acme.com/a" });
    order["personas"] = json!([
        { "first_name": "Sam", "last_name": "Lee", "profile_picture_url": null },
        { "first_name": "Ana", "last_name": "Diaz", "profile_picture_url": "https://img.acme.com/ana.jpg" },
    ]);
    order
}

async fn place(app: &TestApp, order: Value) -> String {
    let placed = app.client().post("/orders", order).await.data(200);
    placed["id"].as_str().unwrap().to_owned()
}

/// A different order cannot have the domains of this one.
async fn is_another_order(app: &TestApp, order: Value) {
    app.client()
        .post("/orders", order)
        .await
        .error(400, "domain_already_in_active_order");
}

#[apply(on_both_engines!)]
async fn a_repetition_gives_the_original_and_does_nothing(app: &TestApp) {
    let client = app.client();
    let original = client.post("/orders", order()).await.data(200);
    let rows = app.row_counts(peeker_domain::Environment::Test).await;
    let again = client.post("/orders", order()).await.data(200);
    assert_eq!(again, original);
    assert_eq!(app.row_counts(peeker_domain::Environment::Test).await, rows);
    assert_eq!(app.event_types().await, ["order.in_progress"]);

    app.run_until_idle().await;
    let rows = app.row_counts(peeker_domain::Environment::Test).await;
    let later = client.post("/orders", order()).await.data(200);
    assert_eq!(
        later,
        with(original, "/status", json!("completed")),
        "the original as it is now"
    );
    assert_eq!(app.row_counts(peeker_domain::Environment::Test).await, rows);
}

#[apply(on_both_engines!)]
async fn how_it_is_written_does_not_matter(app: &TestApp) {
    app.may_leave_jobs();
    let id = place(app, order()).await;
    let mut domains = order()["domains"].as_array().unwrap().clone();
    domains.reverse();
    let shouted = json!([
        " DOMAIN-01.com. ", { "forwarding_url": " HTTPS://Shop.Acme.com:443/a ", "domain": "Domain-02.COM" },
        { "domain": "domain-03.com", "forwarding_url": "https://www.acme.com" },
    ]);
    let spaced = json!([
        { "first_name": " Sam ", "last_name": "Lee\u{20}", "profile_picture_url": "" },
        { "first_name": "Ana", "last_name": "Diaz", "profile_picture_url": " https://img.acme.com/ana.jpg" },
    ]);
    for same in [
        with(order(), "/domains", json!(domains)),
        with(order(), "/domains", shouted),
        with(order(), "/user", json!(" CLIENT@Example.com ")),
        with(
            order(),
            "/sequencer/login_email",
            json!(" Smartlead-Login@EXAMPLE.com"),
        ),
        with(order(), "/sequencer/client_id", json!("366903")),
        with(order(), "/forwarding_url", json!("https://WWW.acme.com")),
        with(order(), "/personas", spaced),
    ] {
        assert_eq!(place(app, same.clone()).await, id, "{same}");
    }
    let user = app.client().get("/users").await.data(200)[0]["id"].clone();
    assert_eq!(
        place(app, with(order(), "/user", user)).await,
        id,
        "the customer by id"
    );
}

#[apply(on_both_engines!)]
async fn the_order_of_keys_and_the_white_space_between_them_do_not_matter(app: &TestApp) {
    app.may_leave_jobs();
    let id = place(app, custom_order(&names("domain", 1))).await;
    let text = r#"{
        "personas": [ {"profile_picture_url": null, "last_name": "Lee", "first_name": "Sam"} ],
        "google_inboxes_per_domain": 2, "google_licenses": 2, "domains": ["domain-01.com"],
        "sequencer": {"login_password": "secret-password", "login_email": "smartlead-login@example.com",
            "client_id": 366903, "provider": "smartlead"},
        "user": "client@example.com"
    }"#;
    assert_eq!(
        app.client().post_text("/orders", text).await.data(200)["id"],
        json!(id)
    );
}

#[apply(on_both_engines!)]
async fn what_it_asks_for_does_matter(app: &TestApp) {
    app.may_leave_jobs();
    place(app, order()).await;
    let mut swapped = order()["personas"].as_array().unwrap().clone();
    swapped.reverse();
    for other in [
        with(order(), "/user", json!("other@example.com")),
        with(order(), "/sequencer/client_id", json!(366_904)),
        with(order(), "/sequencer/client_id", json!(null)),
        with(
            order(),
            "/sequencer/login_email",
            json!("other@example.com"),
        ),
        with(order(), "/google_licenses", json!(3)),
        with(order(), "/microsoft_inboxes_per_domain", json!(25)),
        with(order(), "/domains/0", json!("domain-04.com")),
        with(
            order(),
            "/domains/1/forwarding_url",
            json!("https://shop.acme.com/b"),
        ),
        with(order(), "/forwarding_url", json!("http://www.acme.com/")),
        without(order(), "/forwarding_url"),
        with(order(), "/personas", json!(swapped)),
        with(order(), "/personas/0/last_name", json!("lee")),
        with(
            order(),
            "/personas/0/profile_picture_url",
            json!("https://img.acme.com/sam.jpg"),
        ),
    ] {
        is_another_order(app, other).await;
    }
    // Two licenses on one domain, or on a domain that would hold three: the same inboxes, another density.
    place(app, custom_order(&names("dense", 1))).await;
    is_another_order(
        app,
        with(
            custom_order(&names("dense", 1)),
            "/google_inboxes_per_domain",
            json!(3),
        ),
    )
    .await;
}

#[apply(on_both_engines!)]
async fn a_bundle_and_the_same_sizes_by_hand_are_two_orders(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(client.post("/bundles", bundle_of_ten()).await.data(201)["id"].clone());
    }
    let domains = names("domain", 10);
    place(app, bundle_order(ids[0].as_str().unwrap(), &domains)).await;
    is_another_order(app, bundle_order(ids[1].as_str().unwrap(), &domains)).await;
    is_another_order(app, mixed_order((16, 2), (2, 50), &domains)).await;
}

#[apply(on_both_engines!)]
async fn another_partner_has_orders_of_its_own(app: &TestApp) {
    app.may_leave_jobs();
    let id = place(app, order()).await;
    let theirs = app
        .stranger()
        .await
        .post("/orders", order())
        .await
        .data(200);
    assert_ne!(theirs["id"], json!(id));
}

#[apply(on_both_engines!)]
async fn it_lasts_for_a_day(app: &TestApp) {
    let id = place(app, order()).await;
    app.run_until_idle().await;
    app.advance_seconds(DAY - 1);
    assert_eq!(place(app, order()).await, id);
    app.advance_seconds(1);
    is_another_order(app, order()).await;
    assert_eq!(
        app.client()
            .get("/orders")
            .await
            .data(200)
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[apply(on_both_engines!)]
async fn an_idempotency_key_gives_the_first_answer_again(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let key = [("Idempotency-Key", "order-1")];
    let first = client.post_with("/orders", order(), &key).await;
    assert_eq!(
        (first.status.as_u16(), first.header("idempotent-replayed")),
        (200, None)
    );
    let again = client.post_with("/orders", order(), &key).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.text, first.text);
    let error = client
        .post_with("/orders", custom_order(&names("other", 1)), &key)
        .await
        .error(400, "invalid_request");
    assert_eq!(error["field"], "Idempotency-Key");
    // Another key changes nothing about the order being the same one.
    let other = client
        .post_with("/orders", order(), &[("Idempotency-Key", "order-2")])
        .await;
    assert_eq!(other.header("idempotent-replayed"), None);
    assert_eq!(other.data(200)["id"], first.body["data"]["id"]);
    assert_eq!(app.event_types().await, ["order.in_progress"]);
}

#[apply(on_both_engines!)]
async fn an_idempotency_key_lets_a_refused_order_be_tried_again(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let key = [("Idempotency-Key", "order-1")];
    let early = custom_order(&["imported.com".to_owned()]);
    client
        .post(
            "/domains/import/jobs",
            json!({ "domains": ["imported.com"] }),
        )
        .await
        .expect(202);
    client
        .post_with("/orders", early.clone(), &key)
        .await
        .error(400, "domain_not_imported");
    app.run_until_idle().await;
    let placed = client.post_with("/orders", early.clone(), &key).await;
    assert_eq!(placed.header("idempotent-replayed"), None);
    let placed = placed.data(200);
    let again = client.post_with("/orders", early, &key).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.data(200), placed);
}

#[apply(on_both_engines!)]
async fn neither_an_archived_bundle_nor_a_deleted_user_hides_the_original(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let bundle = client.post("/bundles", bundle_of_ten()).await.data(201);
    let bundle = bundle["id"].as_str().unwrap();
    let order = bundle_order(bundle, &names("domain", 10));
    let original = client.post("/orders", order.clone()).await.data(200);
    client
        .delete(&format!("/bundles/{bundle}"))
        .await
        .expect(200);
    let user = original["user_id"].as_str().unwrap();
    client.delete(&format!("/users/{user}")).await.expect(200);
    let again = client.post("/orders", order.clone()).await.data(200);
    assert_eq!(again, original);
    let other = bundle_order(bundle, &names("other", 10));
    let refused = client.post("/orders", other).await;
    let error = refused.error(400, "invalid_request");
    assert_eq!(error["field"], "bundle_id");
}
