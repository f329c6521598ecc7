//! Swaps that are refused: a precise error, and nothing has changed.

use peeker_domain::Environment;
use peeker_testkit::{TestApp, apply, names, on_both_engines, stock, with, without};
use serde_json::{Value, json};

use super::{completed, id_of, place, post_swap};

#[apply(on_both_engines!)]
async fn every_mistake_of_a_body_is_told_at_once(app: &TestApp) {
    completed(app, "old").await;
    let good = json!({ "type": "standard", "domain_id": id_of(app, "old-01.com").await, "replacement_domain": "new.com" });
    let before = app.row_counts(Environment::Test).await;
    for (body, field) in [
        (without(good.clone(), "/type"), "type"),
        (with(good.clone(), "/type", json!("user_names")), "type"),
        (with(good.clone(), "/type", Value::Null), "type"),
        (without(good.clone(), "/domain_id"), "domain_id"),
        (
            without(good.clone(), "/replacement_domain"),
            "replacement_domain",
        ),
        (
            with(good.clone(), "/replacement_domain", json!("www.new.com")),
            "replacement_domain",
        ),
        (
            with(good.clone(), "/replacement_domain", json!("com")),
            "replacement_domain",
        ),
        (
            with(good.clone(), "/replacement_domain", json!("new.github.io")),
            "replacement_domain",
        ),
        (with(good.clone(), "/surplus", json!(1)), "surplus"),
    ] {
        let error = app
            .client()
            .post("/swaps", body.clone())
            .await
            .error(400, "invalid_request");
        assert_eq!(error["field"], field, "{body}");
    }
    let error = app
        .client()
        .post("/swaps", json!({}))
        .await
        .error(400, "invalid_request");
    assert_eq!(error["details"]["violations"].as_array().unwrap().len(), 3);
    assert_eq!(app.row_counts(Environment::Test).await, before);
}

#[apply(on_both_engines!)]
async fn a_domain_that_is_on_no_order_cannot_be_swapped(app: &TestApp) {
    completed(app, "old").await;
    stock(app, &["idle.com".to_owned()]).await;
    let error = post_swap(app, "standard", &id_of(app, "idle.com").await, "new.com")
        .await
        .error(400, "invalid_request");
    assert_eq!(
        (&error["field"], &error["details"]["reason"]),
        (&json!("domain_id"), &json!("domain_not_connected"))
    );
    for unknown in ["dom_01KJZ4V1B6E8N2Q4R6S8T0V2W4", "old-01.com", ""] {
        let error = post_swap(app, "standard", unknown, "new.com")
            .await
            .error(404, "not_found");
        assert_eq!(error["field"], "domain_id");
    }
    let stranger = app.stranger().await;
    let body = json!({ "type": "standard", "domain_id": id_of(app, "old-01.com").await, "replacement_domain": "new.com" });
    stranger.post("/swaps", body).await.error(404, "not_found");
}

#[apply(on_both_engines!)]
async fn a_domain_that_is_about_to_leave_cannot_be_swapped(app: &TestApp) {
    let id = completed(app, "old").await;
    let leaving = id_of(app, "old-01.com").await;
    app.client()
        .post(
            &format!("/orders/{id}/cancel"),
            json!({ "domains": [leaving] }),
        )
        .await
        .expect(200);
    let error = post_swap(app, "standard", &leaving, "new.com")
        .await
        .error(400, "invalid_request");
    assert_eq!(error["details"]["reason"], "domain_not_connected");
    app.may_leave_jobs();
}

#[apply(on_both_engines!)]
async fn a_replacement_that_cannot_be_had_is_refused(app: &TestApp) {
    let old = completed(app, "old").await;
    let other = completed(app, "other").await;
    stock(app, &["gonly-mine.com".to_owned()]).await;
    let held = |name: &str, order: &str| json!({ "domains": [name], "orders": [{ "domain": name, "order_id": order }] });
    let microsoft = id_of(app, "old-03.com").await;
    let before = app.row_counts(Environment::Test).await;
    for (replacement, code, details) in [
        ("premium-x.com", "premium_domain_not_supported", Value::Null),
        (
            "other-01.com",
            "domain_already_in_active_order",
            held("other-01.com", &other),
        ),
        (
            "old-03.com",
            "domain_already_in_active_order",
            held("old-03.com", &old),
        ),
        (
            "gonly-mine.com",
            "domain_not_usable_for_provider",
            json!({ "domain": "gonly-mine.com", "provider": "microsoft", "usable_for": ["google"] }),
        ),
        (
            "gonly-new.com",
            "domain_not_usable_for_provider",
            json!({ "domain": "gonly-new.com", "provider": "microsoft", "usable_for": ["google"] }),
        ),
        (
            "unknown-x.com",
            "domains_not_submittable",
            json!({ "required_replacements": 1, "domains_not_submittable": [{ "domain": "unknown-x.com", "reason": "unknown" }] }),
        ),
        (
            "providererror-x.com",
            "domains_not_submittable",
            json!({ "required_replacements": 1, "domains_not_submittable": [{ "domain": "providererror-x.com", "reason": "provider_error" }] }),
        ),
    ] {
        let error = post_swap(app, "standard", &microsoft, replacement)
            .await
            .error(400, code);
        assert_eq!(
            (&error["field"], &error["details"]),
            (&json!("replacement_domain"), &details),
            "{replacement}"
        );
    }
    assert_eq!(app.row_counts(Environment::Test).await, before);
}

#[apply(on_both_engines!)]
async fn a_wallet_that_holds_too_little_is_refused_before_anything_is_done(app: &TestApp) {
    let body = with(
        peeker_testkit::custom_order(&names("mine", 1)),
        "/user",
        json!("rich@example.com"),
    );
    place(app, body).await;
    let user = app
        .client()
        .get("/users?email=rich@example.com")
        .await
        .data(200);
    let path = format!("/users/{}", user[0]["id"].as_str().unwrap());
    app.client()
        .patch(&path, json!({ "email": "broke@example.com" }))
        .await
        .expect(200);
    let before = app.row_counts(Environment::Test).await;
    let error = post_swap(app, "standard", &id_of(app, "mine-01.com").await, "new.com")
        .await
        .error(402, "insufficient_funds");
    assert_eq!(
        error["details"],
        json!({ "required_cents": 3300, "balance_cents": 0, "missing_cents": 3300 })
    );
    assert_eq!(app.row_counts(Environment::Test).await, before);
}
