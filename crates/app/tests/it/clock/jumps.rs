//! The machine's clock jumps by hours, forwards and backwards: nothing is charged, bought or told twice, nothing is lost,
//! and lists can be paged through.

use std::collections::BTreeSet;

use peeker_app::runner;
use peeker_domain::{Environment, OrderStatus, Preset};
use peeker_testkit::{
    Fault, Faults, Process, Receiver, TestApp, apply, custom_order, names, on_both_engines,
};
use serde_json::Value;

use super::DAY;
use crate::books::{assert_balanced, events_about, order, paid, settle, simulated};
use crate::renewals::{amounts, place};

const HOUR: i64 = 60 * 60;
/// How wrong the clock is, one after the other. Less than the day for which an order is deduplicated.
const JUMPS: [i64; 6] = [0, 6 * HOUR, -5 * HOUR, 11 * HOUR, -11 * HOUR, 180];

/// The ids of a whole list, page by page.
async fn walk(app: &TestApp, list: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut next = Some(format!("/{list}?per_page=5"));
    while let Some(path) = next {
        let page = app.client().get(&path).await.expect(200);
        let rows = page["data"].as_array().unwrap();
        ids.extend(
            rows.iter()
                .map(|row| row["id"].as_str().unwrap().to_owned()),
        );
        let link = page["links"]["next"].as_str();
        next = link.map(|link| link.split_once("/v1").unwrap().1.to_owned());
    }
    ids
}

/// Two servers, whose clock jumps after so many readings, work on the same orders.
async fn orders_come_to_their_end(app: &TestApp, readings_between_jumps: usize) {
    let receiver = Receiver::start().await;
    app.set_webhook(&receiver.url).await;
    let clock = app.unsteady_clock(&JUMPS, readings_between_jumps);
    let servers = [
        app.unsteady_server(&clock).await,
        app.unsteady_server(&clock).await,
    ];
    let mut placed = Vec::new();
    for number in 0..12 {
        let body = custom_order(&names(
            &format!("jump-{readings_between_jumps}-{number}"),
            2,
        ));
        let client = app.client_of(&servers[number % 2]);
        let order = client.post("/orders", body).await.data(200);
        placed.push(order["id"].as_str().unwrap().to_owned());
        let (one, other) = tokio::join!(
            runner::run_until_idle(&servers[0], Environment::Test),
            runner::run_until_idle(&servers[1], Environment::Test)
        );
        one.and(other).unwrap();
    }
    clock.steady();
    settle(app, &app.app).await;
    // Deliveries whose lease or next attempt lies ahead.
    app.advance_seconds(12 * HOUR);
    app.run_until_idle().await;

    for (number, id) in placed.iter().enumerate() {
        assert_eq!(
            order(app, id).await.status,
            OrderStatus::Completed,
            "{number}"
        );
        let shown = app.client().get(&format!("/orders/{id}")).await.data(200);
        assert_eq!(shown["costs"]["total_cents"], paid(app, id).await.0);
        assert_eq!(amounts(app, id, "order").await.len(), 1);
        let told = events_about(app, id).await;
        for kind in ["order.in_progress", "order.completed"] {
            assert_eq!(
                told.iter().filter(|told| *told == kind).count(),
                1,
                "{told:?}"
            );
        }
        for name in names(&format!("jump-{readings_between_jumps}-{number}"), 2) {
            assert!(simulated(app, "registration", &name).await.is_some());
        }
    }
    assert_balanced(app).await;
    let events: BTreeSet<_> = app
        .events()
        .await
        .into_iter()
        .map(|event| event.id)
        .collect();
    let requests = receiver.received();
    let told: BTreeSet<_> = requests
        .iter()
        .map(|request| request.json()["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(told, events.iter().map(ToString::to_string).collect());
    for (list, all) in [("orders", placed.len()), ("events", events.len())] {
        let walked = walk(app, list).await;
        let distinct: BTreeSet<_> = walked.iter().collect();
        assert_eq!((walked.len(), distinct.len()), (all, all), "{list}");
    }
}

#[apply(on_both_engines!)]
async fn at_every_reading(app: &TestApp) {
    orders_come_to_their_end(app, 1).await;
}

#[apply(on_both_engines!)]
async fn now_and_then(app: &TestApp) {
    orders_come_to_their_end(app, 7).await;
}

#[apply(on_both_engines!)]
async fn a_month_that_comes_twice_is_charged_once(app: &TestApp) {
    let id = place(app, custom_order(&names("months", 2))).await;
    app.run_until_idle().await;
    let mut charged = 0;
    // To the 32nd day, back, there again, to the 63rd, back and there again.
    for (days, months) in [
        (32, 1),
        (-32, 1),
        (32, 1),
        (31, 2),
        (-63, 2),
        (-1, 2),
        (64, 2),
    ] {
        app.advance_seconds(days * DAY);
        app.run_until_idle().await;
        let amounts = amounts(app, &id, "renewal").await;
        assert_eq!(amounts.len(), months, "after {days} days");
        charged = amounts.iter().sum();
    }
    assert!(charged < 0);
    assert_balanced(app).await;
}

#[apply(on_both_engines!)]
async fn a_lease_that_was_taken_while_the_clock_was_ahead_ends(app: &TestApp) {
    for restarts in [true, false] {
        let name = format!("ahead-{restarts}.com");
        let id = place(app, custom_order(std::slice::from_ref(&name))).await;
        let faults = Faults::default();
        faults.plan("mail.ensure_inboxes", &name, Fault::HangsAfter, None);
        let mut options = app.options();
        options.clock = app.unsteady_clock(&[6 * HOUR], 1);
        let mut process = Process::start(options, &faults);
        tokio::select! {
            () = faults.hanging() => {}
            _ = process.idle() => panic!("nothing hung"),
        }
        process.kill().await;
        app.run_until_idle().await;
        assert_eq!(
            order(app, &id).await.status,
            OrderStatus::InProgress,
            "the lease holds"
        );
        if restarts {
            runner::end_all_leases(&app.app).await.unwrap();
        } else {
            app.advance_seconds(6 * HOUR + 120);
        }
        app.run_until_idle().await;
        assert_eq!(order(app, &id).await.status, OrderStatus::Completed);
        assert_eq!(amounts(app, &id, "order").await.len(), 1);
    }
    assert_balanced(app).await;
}

#[apply(on_both_engines!)]
async fn a_key_that_was_used_up_while_the_clock_was_ahead_works_again(app: &TestApp) {
    let key = app.key(Preset::Full, 3).await;
    for ahead in [6 * HOUR, -6 * HOUR] {
        let clock = app.unsteady_clock(&[ahead], 1);
        let client = app.client_of_with(&app.unsteady_server(&clock).await, &key);
        for _ in 0..3 {
            client.get("/me").await.expect(200);
        }
        let refused: Value = client.get("/me").await.error(429, "rate_limited");
        assert!(refused["details"]["retry_after_seconds"].as_i64().unwrap() <= 60);
        clock.steady();
        client.get("/me").await.expect(200);
        app.advance_seconds(60);
    }
}
