//! An order whose month nobody pays: what is tried, told and cancelled, day by day.

use peeker_domain::{DomainStatus, OrderStatus};
use peeker_testkit::{TestApp, apply, custom_order, names, on_both_engines, with};
use serde_json::json;

use crate::books::{assert_balanced, domain, events_about, order};
use crate::renewals::{DAY, amounts, count, history, jump, pass, place, run};

/// An order of two domains that is set up, and its customer.
async fn placed(app: &TestApp, prefix: &str) -> (String, String) {
    let email = format!("{prefix}@example.com");
    let body = with(custom_order(&names(prefix, 2)), "/user", json!(email));
    let id = place(app, body).await;
    run(&app.app).await;
    let user = order(app, &id).await.user_id;
    (id, user.into())
}

async fn rename(app: &TestApp, user: &str, email: &str) {
    app.client()
        .patch(&format!("/users/{user}"), json!({ "email": email }))
        .await
        .expect(200);
}

#[apply(on_both_engines!)]
async fn it_is_tried_for_a_week_and_cancelled_with_a_week_of_notice(app: &TestApp) {
    let created = app.now();
    let due = created.plus_months(1);
    let (id, user) = placed(app, "poor").await;
    rename(app, &user, "broke-poor@example.com").await;
    pass(app, &app.app, due.plus_seconds(-1)).await;
    assert_eq!(order(app, &id).await.overdue_since, None);
    for day in 0..7 {
        pass(app, &app.app, due.plus_seconds(day * DAY)).await;
        let row = order(app, &id).await;
        assert_eq!(
            (row.overdue_since, row.renews_at, row.months_paid),
            (Some(due), Some(due), 1)
        );
        assert_eq!(row.status, OrderStatus::Completed, "on day {day}");
        assert_eq!(
            count(&history(app, &id).await, "order.renewal_failed"),
            usize::try_from(day).unwrap() + 1
        );
    }
    let last_try = due.plus_seconds(7 * DAY);
    pass(app, &app.app, last_try).await;
    let notice = last_try.plus_seconds(7 * DAY);
    let shown = app.client().get(&format!("/orders/{id}")).await.data(200);
    assert_eq!(shown["status"], "cancel_scheduled");
    assert_eq!(shown["cancels_at"], notice.to_string());
    assert_eq!(shown["cancelling_domains"].as_array().unwrap().len(), 2);
    let again = app
        .client()
        .post(&format!("/orders/{id}/cancel"), json!({}))
        .await
        .data(200);
    assert_eq!(
        again["cancels_at"],
        notice.to_string(),
        "asking for it does not take the notice away"
    );
    pass(app, &app.app, notice.plus_seconds(-1)).await;
    assert_eq!(
        domain(app, "poor-01.com").await.status,
        DomainStatus::Active,
        "it works until the end"
    );
    pass(app, &app.app, notice.plus_seconds(60)).await;
    let mut events = events_about(app, &id).await;
    events.retain(|kind| kind != "domain.connected");
    let failed = ["order.renewal_failed"; 8];
    assert_eq!(
        events,
        [
            &["order.in_progress", "order.completed"],
            &failed[..],
            &["order.cancel_scheduled", "order.cancelled"],
        ]
        .concat()
    );
    // Told once, with the first try.
    let low = app.events_of("wallet.low").await;
    assert_eq!(low.len(), 1);
    assert_eq!(low[0]["order_id"], id.as_str());
    assert_eq!(low[0]["data"]["required_cents"], 400);
    assert_eq!(amounts(app, &id, "renewal").await, [] as [i64; 0]);
    let history = history(app, &id).await;
    let kinds: Vec<&str> = history.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            &["order.in_progress", "order.completed"],
            &failed[..],
            &["order.cancel_scheduled", "order.cancelled"]
        ]
        .concat()
    );
    assert_balanced(app).await;
}

#[apply(on_both_engines!)]
async fn what_is_missing_is_told(app: &TestApp) {
    let (id, user) = placed(app, "told").await;
    rename(app, &user, "broke-told@example.com").await;
    let due = app.now().plus_months(1);
    pass(app, &app.app, due).await;
    let page = app
        .client()
        .get(&format!("/orders/{id}/history"))
        .await
        .expect(200);
    let newest = &page["data"][0];
    assert_eq!(
        (&newest["type"], &newest["amount_cents"]),
        (&json!("order.renewal_failed"), &json!(null))
    );
    assert_eq!(newest["created_at"], due.to_string());
    let message = newest["message"].as_str().unwrap();
    assert!(
        message.contains("$0.00 of $4.00") && message.contains("$4.00 are missing"),
        "{message}"
    );
}

#[apply(on_both_engines!)]
async fn a_top_up_in_the_middle_is_taken_by_the_next_try(app: &TestApp) {
    let created = app.now();
    let due = created.plus_months(1);
    let (id, user) = placed(app, "late").await;
    rename(app, &user, "broke-late@example.com").await;
    pass(app, &app.app, due.plus_seconds(3 * DAY + 60)).await;
    rename(app, &user, "late@example.com").await;
    pass(app, &app.app, due.plus_seconds(4 * DAY - 1)).await;
    assert_eq!(amounts(app, &id, "renewal").await, [] as [i64; 0]);
    pass(app, &app.app, due.plus_seconds(4 * DAY)).await;
    let row = order(app, &id).await;
    assert_eq!((row.overdue_since, row.months_paid), (None, 2));
    assert_eq!(
        row.renews_at,
        Some(created.plus_months(2)),
        "the month is not moved"
    );
    pass(app, &app.app, created.plus_months(3)).await;
    assert_eq!(amounts(app, &id, "renewal").await, [-400; 3]);
    let history = history(app, &id).await;
    assert_eq!(
        (
            count(&history, "order.renewal_failed"),
            count(&history, "order.renewed")
        ),
        (4, 3)
    );
}

#[apply(on_both_engines!)]
async fn an_overdue_order_can_be_cancelled_in_part_and_pays_for_the_rest(app: &TestApp) {
    let created = app.now();
    let due = created.plus_months(1);
    let (id, user) = placed(app, "partly").await;
    rename(app, &user, "broke-partly@example.com").await;
    pass(app, &app.app, due.plus_seconds(2 * DAY)).await;
    app.client()
        .post(
            &format!("/orders/{id}/cancel"),
            json!({ "domains": ["partly-01.com"] }),
        )
        .await
        .expect(200);
    run(&app.app).await;
    assert_eq!(
        domain(app, "partly-01.com").await.order_id,
        None,
        "its paid month is over"
    );
    rename(app, &user, "partly@example.com").await;
    pass(app, &app.app, due.plus_seconds(3 * DAY)).await;
    assert_eq!(amounts(app, &id, "renewal").await, [-200]);
    assert_eq!(order(app, &id).await.status, OrderStatus::Completed);
}

#[apply(on_both_engines!)]
async fn a_server_that_was_down_gives_the_week_all_the_same(app: &TestApp) {
    app.may_leave_jobs();
    let created = app.now();
    let (id, user) = placed(app, "away").await;
    rename(app, &user, "broke-away@example.com").await;
    let back = created.plus_months(2).plus_seconds(5 * DAY);
    jump(app, back);
    run(&app.app).await;
    let row = order(app, &id).await;
    assert_eq!(
        (row.overdue_since, row.status),
        (Some(back), OrderStatus::Completed)
    );
    pass(app, &app.app, back.plus_seconds(6 * DAY)).await;
    assert_eq!(order(app, &id).await.status, OrderStatus::Completed);
    pass(app, &app.app, back.plus_seconds(7 * DAY)).await;
    let row = order(app, &id).await;
    assert_eq!(row.status, OrderStatus::CancelScheduled);
    assert_eq!(row.cancels_at, Some(back.plus_seconds(14 * DAY)));
}

#[apply(on_both_engines!)]
async fn an_unpaid_order_does_not_lose_its_domain_before_it_is_cancelled(app: &TestApp) {
    let created = app.now();
    let (id, user) = placed(app, "yearly").await;
    let due = created.plus_months(12);
    pass(app, &app.app, due.plus_seconds(-DAY / 2)).await;
    rename(app, &user, "broke-yearly@example.com").await;
    pass(app, &app.app, due.plus_seconds(2 * DAY)).await;
    let row = domain(app, "yearly-01.com").await;
    assert_eq!(
        (row.status, row.owned),
        (DomainStatus::Active, true),
        "its registration has ended, and it may still be paid"
    );
    rename(app, &user, "yearly@example.com").await;
    pass(app, &app.app, due.plus_seconds(4 * DAY)).await;
    assert_eq!(
        domain(app, "yearly-01.com").await.registered_until,
        Some(created.plus_months(24))
    );
    assert_eq!(
        amounts(app, &id, "renewal").await.last(),
        Some(&(-400 - 2 * 3_300))
    );
}
