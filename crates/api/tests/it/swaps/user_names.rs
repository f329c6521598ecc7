//! Renaming the inboxes of a domain.

use peeker_testkit::{TestApp, apply, custom_order, names, on_both_engines, with};
use serde_json::{Value, json};

use super::{
    booked, completed, event_types, id_of, inboxes, order, place, state, status,
    status_with_reason, swap,
};

const UNREACHABLE: &str = "https://unreachable.test/ada.png";

fn ada(picture: Option<&str>) -> Value {
    json!({ "first_name": "Ada", "last_name": "Byron", "profile_picture_url": picture })
}

async fn rename(app: &TestApp, domain: &str, personas: Value) -> Vec<Value> {
    let body = json!({ "domain_id": id_of(app, domain).await, "personas": personas });
    let answer = app.client().post("/swaps/user_names", body).await.data(201);
    answer["swaps"].as_array().unwrap().clone()
}

async fn is_all(app: &TestApp, swaps: &[Value], status: &str) -> bool {
    for swap in swaps {
        if state(app, swap).await.0 != status {
            return false;
        }
    }
    true
}

#[apply(on_both_engines!)]
async fn each_inbox_has_a_swap_of_its_own(app: &TestApp) {
    let id = completed(app, "old").await;
    let before = order(app, &id).await;
    let swaps = rename(app, "old-01.com", json!([ada(None)])).await;
    assert_eq!(swaps.len(), 2);
    for swap in &swaps {
        assert_eq!(
            (&swap["type"], &swap["status"], &swap["replacement_domain"]),
            (&json!("user_names"), &json!("created"), &Value::Null)
        );
    }
    app.run_until_idle().await;
    for swap in &swaps {
        assert_eq!(state(app, swap).await, status("completed"));
        assert_eq!(
            event_types(app, swap).await,
            ["swap.created", "swap.in_progress", "swap.completed"]
        );
    }
    assert_eq!(
        inboxes(app, &id, "old-01.com", "active").await,
        ["ada.byron@old-01.com", "adabyron@old-01.com"]
    );
    assert_eq!(order(app, &id).await, before, "order and costs stay");
    assert_eq!(booked(app, &id).await.len(), 1);
}

#[apply(on_both_engines!)]
async fn an_address_that_the_new_name_gives_too_stays(app: &TestApp) {
    let id = completed(app, "old").await;
    let path = format!("/orders/{id}/inboxes?per_page=100");
    let before = app.client().get(&path).await.data(200);
    let swaps = rename(
        app,
        "old-03.com",
        json!([{ "first_name": "Sam", "last_name": "Lee", "profile_picture_url": null }]),
    )
    .await;
    assert_eq!(swaps.len(), 25);
    app.run_until_idle().await;
    assert!(is_all(app, &swaps, "completed").await);
    assert_eq!(app.client().get(&path).await.data(200), before);
}

#[apply(on_both_engines!)]
async fn a_picture_that_cannot_be_loaded_holds_only_its_own_inboxes(app: &TestApp) {
    let id = completed(app, "old").await;
    let bob = json!({ "first_name": "Bob", "last_name": "Stone", "profile_picture_url": null });
    let swaps = rename(app, "old-01.com", json!([ada(Some(UNREACHABLE)), bob])).await;
    app.run_until_idle().await;
    let (held, done) = (swaps[0].clone(), swaps[1].clone());
    assert_eq!(
        state(app, &held).await,
        status_with_reason("action_required", "profile_picture_not_accessible")
    );
    assert_eq!(state(app, &done).await, status("completed"));
    assert_eq!(order(app, &id).await["status"], "action_required");
    let actions = app.client().get("/orders/pending").await.data(200);
    assert_eq!(
        (
            actions.as_array().unwrap().len(),
            &actions[0]["user"]["first_name"]
        ),
        (1, &json!("Ada"))
    );
    let action = actions[0]["id"].as_str().unwrap();
    app.client()
        .post(&format!("/sandbox/actions/{action}/resolve"), json!({}))
        .await
        .expect(200);
    app.run_until_idle().await;
    assert_eq!(state(app, &held).await, status("completed"));
    assert_eq!(order(app, &id).await["status"], "completed");
    assert_eq!(
        event_types(app, &held).await,
        [
            "swap.created",
            "swap.in_progress",
            "swap.action_required",
            "swap.in_progress",
            "swap.completed"
        ]
    );
    assert_eq!(
        inboxes(app, &id, "old-01.com", "active").await,
        ["ada.byron@old-01.com", "bob.stone@old-01.com"]
    );
    app.advance_seconds(600);
    app.run_until_idle().await;
}

#[apply(on_both_engines!)]
async fn a_second_renaming_is_a_duplicate_while_the_first_is_under_way(app: &TestApp) {
    completed(app, "old").await;
    let first = rename(app, "old-01.com", json!([ada(None)])).await;
    let second = rename(app, "old-01.com", json!([ada(None)])).await;
    assert!(
        second
            .iter()
            .all(|swap| swap["status"] == "failed" && swap["reason"] == "duplicate")
    );
    app.run_until_idle().await;
    assert!(is_all(app, &first, "completed").await);
}

#[apply(on_both_engines!)]
async fn a_renaming_that_waits_for_a_picture_gives_way_to_another(app: &TestApp) {
    let id = completed(app, "old").await;
    let bob = json!({ "first_name": "Bob", "last_name": "Stone", "profile_picture_url": null });
    let first = rename(app, "old-01.com", json!([ada(Some(UNREACHABLE)), bob])).await;
    app.run_until_idle().await;
    let same = rename(app, "old-01.com", json!([ada(Some(UNREACHABLE)), bob])).await;
    assert_eq!(
        state(app, &same[0]).await,
        status_with_reason("failed", "duplicate")
    );
    let better = rename(
        app,
        "old-01.com",
        json!([ada(Some("https://pictures.example/ada.png")), bob]),
    )
    .await;
    app.run_until_idle().await;
    assert_eq!(
        state(app, &first[0]).await,
        status_with_reason("failed", "superseded")
    );
    assert_eq!(state(app, &first[1]).await, status("completed"));
    assert!(is_all(app, &better, "completed").await);
    assert_eq!(
        inboxes(app, &id, "old-01.com", "active").await,
        ["ada.byron@old-01.com", "bob.stone@old-01.com"]
    );
    assert_eq!(
        app.client().get("/orders/pending").await.data(200),
        json!([])
    );
    app.advance_seconds(600);
    app.run_until_idle().await;
}

#[apply(on_both_engines!)]
async fn a_second_renaming_mends_a_first_whose_picture_is_missing_too(app: &TestApp) {
    let body = with(
        custom_order(&names("stuck", 1)),
        "/personas",
        json!([ada(Some(UNREACHABLE))]),
    );
    let id = place(app, body).await;
    let first = rename(
        app,
        "stuck-01.com",
        json!([{ "first_name": "Eve", "last_name": "Hill", "profile_picture_url": UNREACHABLE }]),
    )
    .await;
    app.run_until_idle().await;
    let second = rename(app, "stuck-01.com", json!([ada(None)])).await;
    app.run_until_idle().await;
    assert!(is_all(app, &first, "failed").await);
    assert!(is_all(app, &second, "completed").await);
    assert_eq!(order(app, &id).await["status"], "completed");
    assert_eq!(
        inboxes(app, &id, "stuck-01.com", "active").await,
        ["ada.byron@stuck-01.com", "adabyron@stuck-01.com"]
    );
    app.advance_seconds(600);
    app.run_until_idle().await;
}

#[apply(on_both_engines!)]
async fn other_personas_mend_a_picture_that_keeps_a_domain_from_being_set_up(app: &TestApp) {
    let body = with(
        custom_order(&names("stuck", 1)),
        "/personas",
        json!([ada(Some(UNREACHABLE))]),
    );
    let id = place(app, body).await;
    assert_eq!(order(app, &id).await["status"], "action_required");
    let still = rename(
        app,
        "stuck-01.com",
        json!([{ "first_name": "Eve", "last_name": "Hill", "profile_picture_url": UNREACHABLE }]),
    )
    .await;
    app.run_until_idle().await;
    assert_eq!(
        state(app, &still[0]).await,
        status_with_reason("action_required", "profile_picture_not_accessible")
    );
    let actions = app.client().get("/orders/pending").await.data(200);
    assert_eq!(
        (
            actions.as_array().unwrap().len(),
            &actions[0]["user"]["first_name"]
        ),
        (1, &json!("Eve"))
    );
    let action = actions[0]["id"].as_str().unwrap();
    app.client()
        .post(&format!("/sandbox/actions/{action}/resolve"), json!({}))
        .await
        .expect(200);
    app.run_until_idle().await;
    assert!(is_all(app, &still, "completed").await);
    assert_eq!(order(app, &id).await["status"], "completed");
    assert_eq!(
        inboxes(app, &id, "stuck-01.com", "active").await,
        ["eve.hill@stuck-01.com", "evehill@stuck-01.com"]
    );
    app.advance_seconds(600);
    app.run_until_idle().await;
}

#[apply(on_both_engines!)]
async fn a_domain_swap_keeps_the_new_names(app: &TestApp) {
    let id = completed(app, "old").await;
    rename(app, "old-01.com", json!([ada(None)])).await;
    app.run_until_idle().await;
    swap(app, "standard", "old-01.com", "new.com").await;
    app.run_until_idle().await;
    assert_eq!(
        inboxes(app, &id, "new.com", "active").await,
        ["ada.byron@new.com", "adabyron@new.com"]
    );
}

#[apply(on_both_engines!)]
async fn a_domain_that_is_coming_in_gets_the_new_names_too(app: &TestApp) {
    let id = completed(app, "old").await;
    swap(app, "standard", "old-01.com", "slow5-new.com").await;
    app.run_until_idle().await;
    let swaps = rename(app, "old-01.com", json!([ada(None)])).await;
    app.run_until_idle().await;
    assert!(is_all(app, &swaps, "completed").await);
    app.advance_seconds(5);
    app.run_until_idle().await;
    assert_eq!(
        inboxes(app, &id, "slow5-new.com", "active").await,
        ["ada.byron@slow5-new.com", "adabyron@slow5-new.com"]
    );
}

#[apply(on_both_engines!)]
async fn what_cannot_be_renamed_is_refused(app: &TestApp) {
    completed(app, "old").await;
    peeker_testkit::stock(app, &["idle.com".to_owned()]).await;
    let idle = json!({ "domain_id": id_of(app, "idle.com").await, "personas": [ada(None)] });
    let error = app
        .client()
        .post("/swaps/user_names", idle.clone())
        .await
        .error(400, "invalid_request");
    assert_eq!(
        (&error["field"], &error["details"]["reason"]),
        (&json!("domain_id"), &json!("domain_not_connected"))
    );
    let unknown = with(idle.clone(), "/domain_id", json!("dom_1"));
    app.client()
        .post("/swaps/user_names", unknown)
        .await
        .error(404, "not_found");
    for (pointer, value, field) in [
        ("/personas", json!([]), "personas"),
        ("/personas", json!(vec![ada(None); 11]), "personas"),
        (
            "/personas",
            json!([{ "first_name": "A" }]),
            "personas[0].last_name",
        ),
        ("/domain_id", json!(1), "domain_id"),
        ("/type", json!("user_names"), "type"),
    ] {
        let error = app
            .client()
            .post("/swaps/user_names", with(idle.clone(), pointer, value))
            .await
            .error(400, "invalid_request");
        assert_eq!(error["field"], field);
    }
}
