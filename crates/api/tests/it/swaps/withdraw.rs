//! `POST /swaps/{id}/cancel`, swaps that wait for too long, and cancellations that end a swap.

use peeker_testkit::{TestApp, apply, on_both_engines};
use serde_json::{Value, json};

use super::{
    booked, completed, domain, event_types, get, id_of, inboxes, order, place, state, status,
    status_with_reason, swap,
};

const DAY: i64 = 24 * 60 * 60;

async fn cancel(app: &TestApp, swap: &Value) -> peeker_testkit::Response {
    let path = format!("/swaps/{}/cancel", swap["id"].as_str().unwrap());
    app.client().post_text(&path, "").await
}

#[apply(on_both_engines!)]
async fn a_swap_that_waits_for_an_import_is_taken_back(app: &TestApp) {
    app.may_leave_jobs();
    // Enough Microsoft inboxes that the quota allows one domain.
    let names: Vec<String> = (1..=6)
        .map(|number| format!("typo-0{number}.com"))
        .collect();
    let id = place(app, peeker_testkit::microsoft_order((6, 25), &names)).await;
    let waiting = swap(app, "premium", "typo-03.com", "notimported-typo.com").await;
    app.run_until_idle().await;
    assert_eq!(
        state(app, &waiting).await,
        status_with_reason("action_required", "domain_not_imported")
    );
    assert_eq!(get(app, &waiting).await["order_id"], id.as_str());
    let ended = cancel(app, &waiting).await.data(200);
    assert_eq!(
        (&ended["status"], &ended["reason"]),
        (&json!("failed"), &json!("cancelled"))
    );
    // Again is the same, and the month of licenses came back once.
    assert_eq!(cancel(app, &waiting).await.data(200), ended);
    let refunds: Vec<_> = booked(app, &id)
        .await
        .into_iter()
        .filter(|(reason, _)| reason == "refund")
        .collect();
    assert_eq!(refunds, [("refund".to_owned(), 900)]);
    assert_eq!(
        event_types(app, &waiting).await,
        ["swap.created", "swap.action_required", "swap.failed"]
    );
    let next = swap(app, "standard", "typo-03.com", "better.com").await;
    app.run_until_idle().await;
    assert_eq!(state(app, &next).await, status("completed"));
    let error = cancel(app, &next).await.error(400, "invalid_request");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("completed already"),
        "{error}"
    );
    let path = "/swaps/swp_01KJZ4V1B6E8N2Q4R6S8T0V2W4/cancel";
    app.client()
        .post_text(path, "")
        .await
        .error(404, "not_found");
    let stranger = app.stranger().await;
    let path = format!("/swaps/{}/cancel", waiting["id"].as_str().unwrap());
    stranger.post_text(&path, "").await.error(404, "not_found");
}

#[apply(on_both_engines!)]
async fn a_swap_that_nobody_has_begun_gives_the_registration_back(app: &TestApp) {
    let id = completed(app, "early").await;
    let begun = swap(app, "standard", "early-01.com", "regretted.com").await;
    let ended = cancel(app, &begun).await.data(200);
    assert_eq!(ended["reason"], "cancelled");
    app.run_until_idle().await;
    assert_eq!(
        booked(app, &id).await.last().unwrap(),
        &("refund".to_owned(), 3_300)
    );
    let now = order(app, &id).await;
    assert_eq!(
        (&now["status"], &now["domain_count"]),
        (&json!("completed"), &json!(3))
    );
    let all = app.client().get("/domains?per_page=100").await.data(200);
    assert!(
        all.as_array()
            .unwrap()
            .iter()
            .all(|row| row["domain"] != "regretted.com"),
        "{all}"
    );
}

#[apply(on_both_engines!)]
async fn a_swap_waits_for_fourteen_days(app: &TestApp) {
    app.may_leave_jobs();
    completed(app, "patient").await;
    let waiting = swap(app, "standard", "patient-01.com", "notimported-late.com").await;
    app.run_until_idle().await;
    app.advance_seconds(14 * DAY - 60);
    app.run_until_idle().await;
    assert_eq!(
        state(app, &waiting).await,
        status_with_reason("action_required", "domain_not_imported")
    );
    app.advance_seconds(120);
    app.run_until_idle().await;
    assert_eq!(
        state(app, &waiting).await,
        status_with_reason("failed", "expired")
    );
}

#[apply(on_both_engines!)]
async fn cancelling_a_domain_ends_the_swap_that_replaces_it(app: &TestApp) {
    app.may_leave_jobs();
    let id = completed(app, "both").await;
    let waiting = swap(app, "standard", "both-01.com", "replacement.com").await;
    let path = format!("/orders/{id}/cancel");
    let now = app
        .client()
        .post(&path, json!({ "domains": ["both-01.com"] }))
        .await
        .data(200);
    assert_eq!(now["cancelling_domains"][0]["domain"], "both-01.com");
    assert_eq!(
        state(app, &waiting).await,
        status_with_reason("failed", "cancelled")
    );
    app.run_until_idle().await;
    assert_eq!(
        booked(app, &id).await.last().unwrap(),
        &("refund".to_owned(), 3_300)
    );
    app.advance_seconds(32 * DAY);
    app.run_until_idle().await;
    let after = order(app, &id).await;
    assert_eq!(after["domain_count"], 2);
    assert_eq!(domain(app, "both-01.com").await["category"], "inventory");
}

#[apply(on_both_engines!)]
async fn the_old_domain_of_a_premium_swap_leaves_now(app: &TestApp) {
    app.may_leave_jobs();
    // Enough Microsoft inboxes that the quota allows one domain.
    let names: Vec<String> = (0..6).map(|number| format!("warm-{number}.com")).collect();
    let body = peeker_testkit::microsoft_order((6, 25), &names);
    let id = place(app, body).await;
    let warm = swap(app, "premium", "warm-0.com", "warmer.com").await;
    app.run_until_idle().await;
    assert_eq!(state(app, &warm).await, status("in_progress"));
    let path = format!("/orders/{id}/cancel");
    let now = app
        .client()
        .post(&path, json!({ "domains": ["warm-0.com"] }))
        .await
        .data(200);
    assert_eq!(now["cancels_at"], Value::Null);
    app.run_until_idle().await;
    assert_eq!(state(app, &warm).await, status("completed"));
    let after = order(app, &id).await;
    assert_eq!(
        (&after["status"], &after["domain_count"]),
        (&json!("completed"), &json!(6))
    );
    assert_eq!(domain(app, "warm-0.com").await["category"], "inventory");
}

#[apply(on_both_engines!)]
async fn a_renaming_that_waits_makes_the_order_wait_and_can_be_taken_back(app: &TestApp) {
    app.may_leave_jobs();
    let id = completed(app, "renamed").await;
    let domain_id = id_of(app, "renamed-01.com").await;
    let eve = json!({ "first_name": "Eve", "last_name": "Hill", "profile_picture_url": "https://unreachable.test/eve.png" });
    let body = json!({ "domain_id": domain_id, "personas": [eve] });
    let begun = app.client().post("/swaps/user_names", body).await.data(201);
    app.run_until_idle().await;
    let swaps = begun["swaps"].as_array().unwrap();
    let rows = [get(app, &swaps[0]).await, get(app, &swaps[1]).await];
    for row in &rows {
        assert_eq!(row["status"], "action_required");
        assert!(row["inbox_id"].as_str().unwrap().starts_with("inb_"));
        assert!(row["email"].as_str().unwrap().ends_with("@renamed-01.com"));
    }
    assert_eq!(order(app, &id).await["status"], "action_required");
    assert_eq!(
        domain(app, "renamed-01.com").await["status"],
        "action_required"
    );
    let open = app
        .client()
        .get(&format!("/orders/pending?order_id={id}"))
        .await
        .data(200);
    assert_eq!(open.as_array().unwrap().len(), 1);
    assert_eq!(app.events_of("order.action_required").await.len(), 1);

    // One inbox less to rename; the picture is waited for until nobody wants it.
    cancel(app, &swaps[0]).await.data(200);
    assert_eq!(order(app, &id).await["status"], "action_required");
    cancel(app, &swaps[1]).await.data(200);
    assert_eq!(order(app, &id).await["status"], "completed");
    assert_eq!(domain(app, "renamed-01.com").await["status"], "active");
    app.run_until_idle().await;
    let kept = inboxes(app, &id, "renamed-01.com", "active").await;
    assert_eq!(kept.len(), 2);
    assert!(kept.iter().all(|email| !email.contains("eve")), "{kept:?}");
    // A swap takes the names along that the inboxes bear.
    let next = swap(app, "standard", "renamed-01.com", "renamed-next.com").await;
    app.run_until_idle().await;
    assert_eq!(state(app, &next).await, status("completed"));
    let moved = inboxes(app, &id, "renamed-next.com", "active").await;
    assert!(
        moved.iter().all(|email| !email.contains("eve")),
        "{moved:?}"
    );
}
