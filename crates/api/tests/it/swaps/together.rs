//! Swaps while something else happens to the order: a cancellation, an import, another swap, another order.

use peeker_app::runner::run_until_idle;
use peeker_domain::Environment;
use peeker_testkit::{
    Fault, Faults, TestApp, apply, custom_order, microsoft_order, mixed_order, names,
    on_both_engines,
};
use serde_json::{Value, json};

use super::{booked, completed, domain, order, place, state, status, status_with_reason, swap};

const DAY: i64 = 24 * 60 * 60;

async fn cancel(app: &TestApp, id: &str, body: Value) -> Value {
    app.client()
        .post(&format!("/orders/{id}/cancel"), body)
        .await
        .data(200)
}

async fn import(app: &TestApp, name: &str) {
    app.client()
        .post("/domains/import", json!({ "domains": [name] }))
        .await
        .expect(200);
}

/// Days pass, and then what became due on the way is done.
async fn days(app: &TestApp, days: i64) {
    app.advance_seconds(days * DAY);
    app.run_until_idle().await;
}

async fn resolve_all(app: &TestApp) {
    let open = app.client().get("/orders/pending").await.data(200);
    for action in open.as_array().unwrap() {
        let id = action["id"].as_str().unwrap();
        app.client()
            .post(&format!("/sandbox/actions/{id}/resolve"), json!({}))
            .await
            .expect(200);
    }
}

#[apply(on_both_engines!)]
async fn an_import_for_a_cancelled_domain_brings_nothing_in(app: &TestApp) {
    let id = completed(app, "old").await;
    let swaps = [
        swap(app, "standard", "old-01.com", "notimported-one.com").await,
        swap(app, "standard", "old-02.com", "notimported-two.com").await,
    ];
    app.run_until_idle().await;
    let now = cancel(app, &id, json!({ "domains": ["old-01.com"] })).await;
    assert_eq!(now["cancelling_domains"][0]["domain"], "old-01.com");
    let cancelled = status_with_reason("failed", "cancelled");
    assert_eq!(state(app, &swaps[0]).await, cancelled);
    import(app, "notimported-one.com").await;
    app.run_until_idle().await;
    assert_eq!(order(app, &id).await["domain_count"], 3);
    let whole = cancel(app, &id, json!({})).await;
    assert_eq!(whole["status"], "cancel_scheduled");
    assert_eq!(state(app, &swaps[1]).await, cancelled);
    import(app, "notimported-two.com").await;
    days(app, 31).await;
    assert_eq!(order(app, &id).await["status"], "cancelled");
    for name in ["notimported-one.com", "notimported-two.com"] {
        assert_eq!(domain(app, name).await["category"], "inventory", "{name}");
    }
    app.may_leave_jobs();
}

#[apply(on_both_engines!)]
async fn a_warm_domain_does_not_outstay_its_order(app: &TestApp) {
    let id = place(app, microsoft_order((5, 25), &names("ms", 5))).await;
    days(app, 20).await;
    let waiting = swap(app, "premium", "ms-01.com", "slow5-warm.com").await;
    app.run_until_idle().await;
    app.advance_seconds(5);
    app.run_until_idle().await;
    let ends = cancel(app, &id, json!({})).await["cancels_at"].clone();
    assert_eq!(
        (
            state(app, &waiting).await,
            &order(app, &id).await["cancels_at"]
        ),
        (status("in_progress"), &ends)
    );
    days(app, 11).await;
    assert_eq!(order(app, &id).await["status"], "cancelled");
    assert_eq!(state(app, &waiting).await, status("completed"));
    app.may_leave_jobs();
}

#[apply(on_both_engines!)]
async fn a_warm_domain_leaves_with_the_last_that_stayed(app: &TestApp) {
    let id = place(app, microsoft_order((5, 25), &names("ms", 5))).await;
    days(app, 25).await;
    let warm = swap(app, "premium", "ms-01.com", "warm.com").await;
    app.run_until_idle().await;
    let staying = [
        "ms-02.com",
        "ms-03.com",
        "ms-04.com",
        "ms-05.com",
        "warm.com",
    ];
    cancel(app, &id, json!({ "domains": staying })).await;
    assert_eq!(order(app, &id).await["status"], "cancel_scheduled");
    days(app, 6).await;
    assert_eq!(order(app, &id).await["status"], "cancelled");
    assert_eq!(state(app, &warm).await, status("completed"));
    app.may_leave_jobs();
}

#[apply(on_both_engines!)]
async fn a_warm_domain_is_not_shown_as_cancelled(app: &TestApp) {
    let id = place(app, microsoft_order((5, 25), &names("ms", 5))).await;
    days(app, 20).await;
    swap(app, "premium", "ms-01.com", "warm.com").await;
    app.run_until_idle().await;
    let none = |order: &Value| {
        let times = (
            order["cancels_at"].is_null(),
            order["cancellation_scheduled_at"].is_null(),
        );
        order["cancelling_domains"] == json!([]) && times == (true, true)
    };
    // It leaves anyway, and now at once.
    assert!(none(
        &cancel(app, &id, json!({ "domains": ["ms-01.com"] })).await
    ));
    assert!(!none(
        &cancel(app, &id, json!({ "domains": ["ms-02.com"] })).await
    ));
    days(app, 11).await;
    let after = order(app, &id).await;
    assert!(none(&after), "{after}");
    assert_eq!(
        (&after["status"], &after["domain_count"]),
        (&json!("completed"), &json!(4))
    );
    app.may_leave_jobs();
}

#[apply(on_both_engines!)]
async fn the_timer_of_a_swap_that_is_over_does_not_disturb_another_order(app: &TestApp) {
    let id = place(app, microsoft_order((5, 25), &names("ms", 5))).await;
    days(app, 20).await;
    swap(app, "premium", "ms-01.com", "warm.com").await;
    app.run_until_idle().await;
    cancel(app, &id, json!({})).await;
    days(app, 11).await;
    // It carried Microsoft inboxes in the other order; now it is free, and goes on a new one.
    let next = place(app, custom_order(&["ms-01.com".to_owned()])).await;
    assert_eq!(order(app, &next).await["status"], "completed");
    cancel(app, &next, json!({})).await;
    // The retirement of the swap and the end of the new order are due together.
    days(app, 40).await;
    assert_eq!(order(app, &next).await["status"], "cancelled");
    assert_eq!(domain(app, "ms-01.com").await["category"], "inventory");
    app.may_leave_jobs();
}

#[apply(on_both_engines!)]
async fn an_order_goes_on_when_a_replacement_that_waited_is_refused(app: &TestApp) {
    let id = completed(app, "old").await;
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    import(app, "nspending-x.com").await;
    app.run_until_idle().await;
    let created = swap(app, "standard", "old-01.com", "nspending-x.com").await;
    app.run_until_idle().await;
    assert_eq!(order(app, &id).await["status"], "action_required");
    faults.plan(
        "mail.prepare_domain",
        "nspending-x.com",
        Fault::RefusedForGood,
        None,
    );
    resolve_all(app).await;
    // Every domain that it shows is live.
    assert_eq!(order(app, &id).await["status"], "completed");
    run_until_idle(&server, Environment::Test).await.unwrap();
    assert_eq!(faults.planned(), 0);
    assert_eq!(
        state(app, &created).await,
        status_with_reason("failed", "replacement_refused")
    );
    let after = order(app, &id).await;
    assert_eq!(
        (&after["status"], &after["domain_count"]),
        (&json!("completed"), &json!(3))
    );
    app.may_leave_jobs();
}

#[apply(on_both_engines!)]
async fn an_order_waits_as_long_as_a_replacement_does(app: &TestApp) {
    import(app, "nspending-x.com").await;
    let id = place(
        app,
        custom_order(&["slow5-a.com".to_owned(), "quick.com".to_owned()]),
    )
    .await;
    let created = swap(app, "standard", "quick.com", "nspending-x.com").await;
    app.run_until_idle().await;
    assert_eq!(order(app, &id).await["status"], "action_required");
    app.advance_seconds(5);
    app.run_until_idle().await;
    let waiting = order(app, &id).await;
    assert_eq!(
        (&waiting["status"], &waiting["progress"]["domains_active"]),
        (&json!("action_required"), &json!(2))
    );
    resolve_all(app).await;
    app.run_until_idle().await;
    assert_eq!(state(app, &created).await, status("completed"));
    assert_eq!(order(app, &id).await["status"], "completed");
    assert_eq!(app.events_of("order.completed").await.len(), 1);
    app.may_leave_jobs();
}

#[apply(on_both_engines!)]
async fn what_was_never_bought_is_refunded_though_it_was_imported(app: &TestApp) {
    let body = mixed_order(
        (2, 2),
        (1, 25),
        &["flaky2-a.com".to_owned(), "b.com".to_owned()],
    );
    let id = place(app, body).await;
    import(app, "flaky2-a.com").await;
    swap(app, "standard", "flaky2-a.com", "new.com").await;
    app.run_until_idle().await;
    let refunds: Vec<_> = booked(app, &id)
        .await
        .into_iter()
        .filter(|(reason, _)| reason == "refund")
        .collect();
    assert_eq!(refunds, [("refund".to_owned(), 3_300)]);
    assert_eq!(
        domain(app, "flaky2-a.com").await["category"],
        "inventory",
        "the customer has it"
    );
    app.may_leave_jobs();
}
