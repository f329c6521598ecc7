//! Premium swaps: the old domain stays warm for 14 days beside the new one.

use peeker_testkit::{TestApp, apply, custom_order, microsoft_order, names, on_both_engines};
use serde_json::json;

use super::{
    booked, domain, event_types, id_of, order, place, post_swap, state, status, status_with_reason,
    swap,
};

const DAY: i64 = 24 * 60 * 60;

/// A completed order of five Microsoft domains with 25 inboxes each, of which a base partner may swap one.
async fn five(app: &TestApp) -> String {
    place(app, microsoft_order((5, 25), &names("ms", 5))).await
}

#[apply(on_both_engines!)]
async fn both_domains_are_live_for_14_days(app: &TestApp) {
    let id = five(app).await;
    let before = order(app, &id).await;
    let created = swap(app, "premium", "ms-01.com", "warm.com").await;
    app.run_until_idle().await;
    assert_eq!(state(app, &created).await, status("in_progress"));
    let both = order(app, &id).await;
    assert_eq!(
        (&both["domain_count"], &both["inbox_count"]),
        (&json!(6), &json!(150))
    );
    assert_eq!(
        (&both["status"], &both["cancelling_domains"]),
        (&json!("completed"), &json!([]))
    );
    assert_eq!(both["progress"]["inboxes_active"], 150);
    for name in ["ms-01.com", "warm.com"] {
        assert_eq!(domain(app, name).await["status"], "active", "{name}");
    }
    assert_eq!(
        booked(app, &id).await[1],
        ("swap".to_owned(), -4_200),
        "a registration and a month of the license"
    );
    app.advance_seconds(14 * DAY - 1);
    app.run_until_idle().await;
    assert_eq!(domain(app, "ms-01.com").await["status"], "active");
    app.advance_seconds(1);
    app.run_until_idle().await;
    assert_eq!(state(app, &created).await, status("completed"));
    assert_eq!(
        event_types(app, &created).await,
        ["swap.created", "swap.in_progress", "swap.completed"]
    );
    let after = order(app, &id).await;
    for same in ["status", "domain_count", "inbox_count", "costs", "progress"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    assert_eq!(domain(app, "ms-01.com").await["category"], "inventory");
}

#[apply(on_both_engines!)]
async fn only_microsoft_domains_can_be(app: &TestApp) {
    place(app, custom_order(&names("google", 2))).await;
    let error = post_swap(
        app,
        "premium",
        &id_of(app, "google-01.com").await,
        "new.com",
    )
    .await
    .error(400, "invalid_request");
    assert_eq!(
        (&error["field"], &error["details"]["reason"]),
        (&json!("type"), &json!("premium_microsoft_only"))
    );
}

#[apply(on_both_engines!)]
async fn the_quota_counts_inboxes_of_30_days(app: &TestApp) {
    five(app).await;
    let first = swap(app, "premium", "ms-01.com", "warm.com").await;
    app.run_until_idle().await;
    let second = id_of(app, "ms-02.com").await;
    let error = post_swap(app, "premium", &second, "warm-two.com")
        .await
        .error(400, "invalid_request");
    let details =
        json!({ "reason": "premium_quota_exceeded", "limit": 30, "used": 25, "requested": 25 });
    assert_eq!(
        (&error["field"], &error["details"]),
        (&json!("type"), &details)
    );
    // A standard swap has no quota.
    post_swap(app, "standard", &second, "plain.com")
        .await
        .expect(201);
    app.run_until_idle().await;
    app.advance_seconds(30 * DAY);
    app.run_until_idle().await;
    assert_eq!(state(app, &first).await, status("completed"));
    let third = swap(app, "premium", "ms-03.com", "warm-three.com").await;
    app.run_until_idle().await;
    assert_eq!(state(app, &third).await, status("in_progress"));
    app.advance_seconds(14 * DAY);
    app.run_until_idle().await;
}

#[apply(on_both_engines!)]
async fn a_domain_cools_down_for_30_days(app: &TestApp) {
    place(app, microsoft_order((10, 25), &names("ms", 10))).await;
    swap(app, "premium", "ms-01.com", "warm.com").await;
    app.run_until_idle().await;
    app.advance_seconds(14 * DAY);
    app.run_until_idle().await;
    let new = id_of(app, "warm.com").await;
    let error = post_swap(app, "premium", &new, "next.com")
        .await
        .error(400, "invalid_request");
    let details = json!({ "reason": "premium_cooldown", "available_at": "2026-06-07T12:00:00Z" });
    assert_eq!(
        (&error["field"], &error["details"]),
        (&json!("domain_id"), &details)
    );
    app.advance_seconds(16 * DAY);
    app.run_until_idle().await;
    post_swap(app, "premium", &new, "next.com")
        .await
        .expect(201);
    app.run_until_idle().await;
    app.advance_seconds(14 * DAY);
    app.run_until_idle().await;
}

#[apply(on_both_engines!)]
async fn a_failed_one_gives_the_licenses_back_and_counts_for_nothing(app: &TestApp) {
    let id = five(app).await;
    let failed = swap(app, "premium", "ms-01.com", "swapfail-x.com").await;
    app.run_until_idle().await;
    assert_eq!(
        state(app, &failed).await,
        status_with_reason("failed", "replacement_refused")
    );
    assert_eq!(
        booked(app, &id).await[1..],
        [("swap".to_owned(), -4_200), ("refund".to_owned(), 900)]
    );
    swap(app, "premium", "ms-01.com", "warm.com").await;
    app.run_until_idle().await;
    app.advance_seconds(14 * DAY);
    app.run_until_idle().await;
}

#[apply(on_both_engines!)]
async fn the_old_domain_cannot_be_swapped_while_it_is_kept_warm(app: &TestApp) {
    five(app).await;
    swap(app, "premium", "ms-01.com", "warm.com").await;
    app.run_until_idle().await;
    let again = swap(app, "standard", "ms-01.com", "other.com").await;
    assert_eq!(
        state(app, &again).await,
        status_with_reason("failed", "duplicate")
    );
    app.advance_seconds(14 * DAY);
    app.run_until_idle().await;
}

#[apply(on_both_engines!)]
async fn an_order_cancelled_meanwhile_ends_with_both(app: &TestApp) {
    let id = five(app).await;
    app.advance_seconds(25 * DAY);
    app.run_until_idle().await;
    let created = swap(app, "premium", "ms-01.com", "warm.com").await;
    app.run_until_idle().await;
    app.client()
        .post(&format!("/orders/{id}/cancel"), json!({}))
        .await
        .expect(200);
    app.advance_seconds(6 * DAY);
    app.run_until_idle().await;
    assert_eq!(order(app, &id).await["status"], "cancelled");
    assert_eq!(state(app, &created).await, status("completed"));
    for name in ["ms-01.com", "warm.com"] {
        assert_eq!(domain(app, name).await["category"], "inventory", "{name}");
    }
    app.advance_seconds(14 * DAY);
    app.run_until_idle().await;
}
