//! Registrations that come to their end: idle ones leave the inventory, refused ones their order, and one that is put
//! on a new order shortly before its end is paid for in time.

use peeker_domain::{DomainCategory, DomainStatus, OrderDomainState, OrderStatus};
use peeker_testkit::{Fault, Faults, TestApp, apply, custom_order, names, on_both_engines, with};
use serde_json::{Value, json};

use crate::books::{assert_balanced, domain, inboxes_of, order, places, simulated_inboxes};
use crate::renewals::{DAY, YEAR, amounts, booked, count, history, jump, pass, place, run};

/// Cancels the whole order now and lets its paid month end, so that its domains are idle.
async fn cancel(app: &TestApp, id: &str) {
    app.client()
        .post(&format!("/orders/{id}/cancel"), json!({}))
        .await
        .expect(200);
}

async fn inventory(app: &TestApp) -> Vec<Value> {
    let page = app.client().get("/domains").await.expect(200);
    page["data"].as_array().unwrap().clone()
}

#[apply(on_both_engines!)]
async fn an_idle_domain_leaves_the_inventory_and_nobody_pays(app: &TestApp) {
    let names = names("idle", 1);
    let created = app.now();
    let first = place(app, custom_order(&names)).await;
    run(&app.app).await;
    let id = domain(app, &names[0]).await.id;
    cancel(app, &first).await;
    let end = created.plus_months(12);
    pass(app, &app.app, end.plus_seconds(-1)).await;
    let row = domain(app, &names[0]).await;
    assert_eq!((row.category, row.owned), (DomainCategory::Inventory, true));
    pass(app, &app.app, end).await;
    let row = domain(app, &names[0]).await;
    assert_eq!(
        (row.category, row.status, row.owned, row.registered_until),
        (DomainCategory::Candidate, DomainStatus::Failed, false, None)
    );
    assert_eq!(inventory(app).await, [] as [Value; 0]);
    assert_eq!(booked(app, &first, "renewal").await, []);
    let answer = app
        .client()
        .post("/domains/availability", json!({ "domains": names }))
        .await
        .data(200);
    assert_eq!(answer["domains"][0]["available"], true, "{answer}");
    let second = place(app, custom_order(&names)).await;
    pass(app, &app.app, end.plus_seconds(60)).await;
    assert_eq!(
        amounts(app, &second, "order").await,
        [-200 - YEAR],
        "it is bought, not owned"
    );
    let row = domain(app, &names[0]).await;
    assert_eq!(
        (row.id, row.status, row.registered_until),
        (id, DomainStatus::Active, Some(end.plus_months(12)))
    );
    assert_balanced(app).await;
}

#[apply(on_both_engines!)]
async fn a_lapsed_domain_is_not_ordered_as_owned_even_before_its_job_ran(app: &TestApp) {
    let names = names("unseen", 2);
    let created = app.now();
    let first = place(app, custom_order(&names)).await;
    run(&app.app).await;
    cancel(app, &first).await;
    pass(app, &app.app, created.plus_months(1).plus_seconds(60)).await;
    jump(app, created.plus_months(12));
    assert!(domain(app, &names[0]).await.owned, "nobody has looked yet");
    let quote = app
        .client()
        .post("/orders/quote", custom_order(&names))
        .await
        .data(200);
    assert_eq!(quote["domains"][0]["source"], "registered", "{quote}");
    let second = place(app, custom_order(&names)).await;
    assert_eq!(amounts(app, &second, "order").await, [-400 - 2 * YEAR]);
    assert!(!domain(app, &names[0]).await.owned);
    run(&app.app).await;
    let row = domain(app, &names[0]).await;
    assert_eq!(
        (row.owned, row.registered_until),
        (true, Some(created.plus_months(24)))
    );
    assert_eq!(order(app, &second).await.status, OrderStatus::Completed);
    pass(app, &app.app, created.plus_months(24).plus_seconds(DAY)).await;
    assert_eq!(amounts(app, &second, "renewal").await[11], -400 - 2 * YEAR);
}

#[apply(on_both_engines!)]
async fn an_order_that_fails_before_it_buys_a_lapsed_domain_does_not_revive_it(app: &TestApp) {
    let bought = "once-bought.com".to_owned();
    let created = app.now();
    let first = place(app, custom_order(std::slice::from_ref(&bought))).await;
    run(&app.app).await;
    cancel(app, &first).await;
    pass(app, &app.app, created.plus_months(1).plus_seconds(60)).await;
    jump(app, created.plus_months(13));
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    faults.plan(
        "registrar.register",
        &bought,
        Fault::RefusedBefore,
        Some(5 * DAY * 1_000),
    );
    let second = place(
        app,
        custom_order(&[bought.clone(), "fail-now.com".to_owned()]),
    )
    .await;
    pass(app, &server, created.plus_months(13).plus_seconds(6 * DAY)).await;
    assert_eq!(order(app, &second).await.status, OrderStatus::Failed);
    let row = domain(app, &bought).await;
    assert_eq!(
        (row.owned, row.category, row.registered_until),
        (false, DomainCategory::Candidate, None)
    );
    let refunds: i64 = amounts(app, &second, "refund").await.iter().sum();
    assert_eq!(refunds, 400 + YEAR, "the other one was bought");
    assert_balanced(app).await;
}

#[apply(on_both_engines!)]
async fn a_registration_that_ends_within_the_first_month_is_paid_alone(app: &TestApp) {
    let names = names("inherited", 1);
    let created = app.now();
    let first = place(app, custom_order(&names)).await;
    run(&app.app).await;
    cancel(app, &first).await;
    let end = created.plus_months(12);
    pass(app, &app.app, end.plus_seconds(-10 * DAY)).await;
    let second = place(
        app,
        with(custom_order(&names), "/user", json!("second@example.com")),
    )
    .await;
    assert_eq!(amounts(app, &second, "order").await, [-200]);
    let accepted = app.now();
    pass(app, &app.app, end.plus_seconds(-DAY - 1)).await;
    assert_eq!(amounts(app, &second, "renewal").await, [] as [i64; 0]);
    pass(app, &app.app, end.plus_seconds(-DAY)).await;
    assert_eq!(
        booked(app, &second, "renewal").await,
        [(end.plus_seconds(-DAY), -YEAR)]
    );
    let row = domain(app, &names[0]).await;
    assert_eq!(row.registered_until, Some(end.plus_months(12)));
    let of_order = order(app, &second).await;
    assert_eq!(
        (of_order.months_paid, of_order.renews_at),
        (1, Some(accepted.plus_months(1)))
    );
    pass(app, &app.app, accepted.plus_months(1)).await;
    assert_eq!(amounts(app, &second, "renewal").await, [-YEAR, -200]);
    assert_eq!(booked(app, &first, "renewal").await, []);
}

#[apply(on_both_engines!)]
async fn a_registration_that_ends_within_the_day_is_paid_at_once(app: &TestApp) {
    let names = names("hasty", 1);
    let created = app.now();
    let first = place(app, custom_order(&names)).await;
    run(&app.app).await;
    cancel(app, &first).await;
    let end = created.plus_months(12);
    pass(app, &app.app, end.plus_seconds(-DAY / 2)).await;
    let second = place(
        app,
        with(custom_order(&names), "/user", json!("second@example.com")),
    )
    .await;
    run(&app.app).await;
    assert_eq!(
        booked(app, &second, "renewal").await,
        [(end.plus_seconds(-DAY / 2), -YEAR)]
    );
    assert_eq!(
        domain(app, &names[0]).await.registered_until,
        Some(end.plus_months(12))
    );
}

#[apply(on_both_engines!)]
async fn a_debt_that_is_gone_does_not_shorten_the_next_week(app: &TestApp) {
    let inherited = names("gone", 1);
    let created = app.now();
    let first = place(app, custom_order(&inherited)).await;
    run(&app.app).await;
    cancel(app, &first).await;
    let end = created.plus_months(12);
    pass(app, &app.app, end.plus_seconds(-5 * DAY)).await;
    let two = [inherited[0].clone(), "stays.com".to_owned()];
    let second = place(
        app,
        with(custom_order(&two), "/user", json!("second@example.com")),
    )
    .await;
    let due = app.now().plus_months(1);
    run(&app.app).await;
    let user = order(app, &second).await.user_id;
    let broke = json!({ "email": "broke-second@example.com" });
    app.client()
        .patch(&format!("/users/{user}"), broke)
        .await
        .expect(200);
    pass(app, &app.app, end).await;
    assert!(
        order(app, &second).await.overdue_since.is_some(),
        "the registration was not paid"
    );
    let wish = json!({ "domains": inherited });
    app.client()
        .post(&format!("/orders/{second}/cancel"), wish)
        .await
        .expect(200);
    pass(app, &app.app, end.plus_seconds(2 * DAY)).await;
    assert_eq!(
        order(app, &second).await.overdue_since,
        None,
        "and need not be any more"
    );
    pass(app, &app.app, due).await;
    let row = order(app, &second).await;
    assert_eq!(
        (row.status, row.overdue_since),
        (OrderStatus::Completed, Some(due))
    );
}

#[apply(on_both_engines!)]
async fn a_registration_alone_has_the_same_week(app: &TestApp) {
    let names = names("meagre", 1);
    let created = app.now();
    let first = place(app, custom_order(&names)).await;
    run(&app.app).await;
    cancel(app, &first).await;
    let end = created.plus_months(12);
    pass(app, &app.app, end.plus_seconds(-5 * DAY)).await;
    let second = place(
        app,
        with(custom_order(&names), "/user", json!("second@example.com")),
    )
    .await;
    run(&app.app).await;
    let user = order(app, &second).await.user_id;
    let client = app.client();
    client
        .patch(
            &format!("/users/{user}"),
            json!({ "email": "broke-second@example.com" }),
        )
        .await
        .expect(200);
    pass(app, &app.app, end.plus_seconds(2 * DAY)).await;
    assert_eq!(
        order(app, &second).await.overdue_since,
        Some(end.plus_seconds(-DAY))
    );
    assert!(domain(app, &names[0]).await.owned);
    client
        .patch(
            &format!("/users/{user}"),
            json!({ "email": "second@example.com" }),
        )
        .await
        .expect(200);
    pass(app, &app.app, end.plus_seconds(4 * DAY)).await;
    assert_eq!(amounts(app, &second, "renewal").await, [-YEAR]);
    assert_eq!(
        domain(app, &names[0]).await.registered_until,
        Some(end.plus_months(12))
    );
    assert_eq!(order(app, &second).await.overdue_since, None);
}

#[apply(on_both_engines!)]
async fn a_refused_year_is_given_back_and_the_domain_leaves_at_its_end(app: &TestApp) {
    let names = names("refused", 2);
    let created = app.now();
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    // Its first year ends in the middle of a month of the order, as when a registrar takes its time.
    let id = place(app, custom_order(&names)).await;
    faults.plan(
        "registrar.register",
        &names[0],
        Fault::RefusedBefore,
        Some(10 * DAY * 1_000),
    );
    pass(app, &server, created.plus_seconds(11 * DAY)).await;
    let end = domain(app, &names[0]).await.registered_until.unwrap();
    assert!(end > created.plus_months(12) && end < created.plus_months(13));
    faults.plan("registrar.renew", &names[0], Fault::RefusedForGood, None);
    pass(app, &server, created.plus_months(12)).await;
    assert_eq!(amounts(app, &id, "renewal").await[11], -400 - 2 * YEAR);
    assert_eq!(amounts(app, &id, "refund").await, [YEAR]);
    let row = domain(app, &names[0]).await;
    assert_eq!(
        (row.renewing_until, row.renewal_refused, row.status),
        (None, true, DomainStatus::Active)
    );
    assert_eq!(
        domain(app, &names[1]).await.registered_until,
        Some(created.plus_months(24))
    );
    pass(app, &server, end.plus_seconds(-1)).await;
    assert_eq!(order(app, &id).await.domain_count, 2);
    pass(app, &server, end.plus_seconds(60)).await;
    let row = domain(app, &names[0]).await;
    assert_eq!(
        (row.owned, row.category, row.order_id),
        (false, DomainCategory::Candidate, None)
    );
    assert!(simulated_inboxes(app, "google", &names[0]).await.is_empty());
    assert_eq!(inboxes_of(app, &id, "removed").await.len(), 2);
    let of_order = order(app, &id).await;
    assert_eq!(
        (
            of_order.status,
            of_order.domain_count,
            of_order.google_licenses
        ),
        (OrderStatus::Completed, 1, 2)
    );
    assert_eq!(places(app, &id).await[0].state, OrderDomainState::Left);
    assert_eq!(
        amounts(app, &id, "refund").await,
        [YEAR],
        "the year that it had was used"
    );
    pass(app, &server, created.plus_months(13)).await;
    assert_eq!(amounts(app, &id, "renewal").await[12], -200);
    let history = history(app, &id).await;
    for (kind, times) in [
        ("domain.renewal_failed", 1),
        ("domain.renewed", 1),
        ("domain.lapsed", 1),
    ] {
        assert_eq!(count(&history, kind), times, "{kind}: {history:?}");
    }
    assert!(history.contains(&("domain.renewal_failed".to_owned(), Some(YEAR))));
    assert_balanced(app).await;
}

#[apply(on_both_engines!)]
async fn an_order_whose_last_domain_lapses_is_cancelled(app: &TestApp) {
    let names = names("last", 1);
    let created = app.now();
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    let id = place(app, custom_order(&names)).await;
    faults.plan("registrar.renew", &names[0], Fault::RefusedForGood, None);
    pass(app, &server, created.plus_months(12).plus_seconds(2 * DAY)).await;
    assert_eq!(order(app, &id).await.status, OrderStatus::Cancelled);
    assert!(!domain(app, &names[0]).await.owned);
    assert_eq!(amounts(app, &id, "refund").await, [YEAR]);
    assert_balanced(app).await;
}

#[apply(on_both_engines!)]
async fn a_domain_that_lapses_takes_its_replacement_along(app: &TestApp) {
    let names = names("lapsing", 1);
    let created = app.now();
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    let id = place(app, custom_order(&names)).await;
    faults.plan("registrar.renew", &names[0], Fault::RefusedForGood, None);
    pass(app, &server, created.plus_months(12).plus_seconds(-1)).await;
    // The replacement waits for its nameservers when the registration is over.
    let import = json!({ "domains": ["nspending-x.com"] });
    app.client()
        .post("/domains/import", import)
        .await
        .expect(200);
    let swap = json!({
        "type": "standard",
        "domain_id": domain(app, &names[0]).await.id,
        "replacement_domain": "nspending-x.com",
    });
    let swap = app.client().post("/swaps", swap).await.data(201);
    pass(app, &server, created.plus_months(12).plus_seconds(2 * DAY)).await;
    let swap = app
        .client()
        .get(&format!("/swaps/{}", swap["id"].as_str().unwrap()))
        .await
        .data(200);
    assert_eq!(
        (&swap["status"], &swap["reason"]),
        (&json!("failed"), &json!("order_ended"))
    );
    assert_eq!(order(app, &id).await.status, OrderStatus::Cancelled);
    let row = domain(app, "nspending-x.com").await;
    assert_eq!(
        (row.category, row.order_id),
        (DomainCategory::Inventory, None)
    );
    app.may_leave_jobs();
}
