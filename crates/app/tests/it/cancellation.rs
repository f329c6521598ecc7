//! A cancellation comes to its end too, whatever fails on the way, and takes along exactly what was cancelled.

use peeker_app::{App, runner};
use peeker_domain::{DomainCategory, DomainStatus, Environment, OrderDomainState, OrderStatus};
use peeker_testkit::{
    Fault, Faults, Process, TestApp, apply, custom_order, mixed_order, names, on_both_engines, with,
};
use serde_json::{Value, json};

use crate::books::{
    assert_balanced, domain, events_about, inboxes_of, order, paid, places, settle, simulated,
    simulated_inboxes,
};

const MONTH_SECONDS: i64 = 31 * 24 * 60 * 60;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Four Google inboxes, 25 Microsoft inboxes, three registrations.
const COST: i64 = 4 * 100 + 900 + 3 * 3_300;

async fn run(server: &App) {
    runner::run_until_idle(server, Environment::Test)
        .await
        .unwrap();
}

async fn place(app: &TestApp, body: Value) -> String {
    let placed = app.client().post("/orders", body).await.data(200);
    placed["id"].as_str().unwrap().to_owned()
}

async fn cancel(app: &TestApp, id: &str, body: Value) {
    app.client()
        .post(&format!("/orders/{id}/cancel"), body)
        .await
        .expect(200);
}

/// What of an order is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    /// The first and the last of its three domains.
    Some,
}

/// A live order of a Google domain that forwards, another that stays, and a Microsoft domain, whose month is over.
struct Ending {
    names: [String; 3],
    id: String,
    part: Part,
}

impl Ending {
    async fn place(app: &TestApp, server: &App, part: Part, round: &str) -> Self {
        let names = ["forwards", "stays", "microsoft"]
            .map(|what| format!("{what}-{part:?}-{round}.com").to_lowercase());
        let forwarding =
            json!({ "domain": names[0], "forwarding_url": "https://www.example.com/" });
        let body = with(
            mixed_order((4, 2), (1, 25), &names),
            "/domains/0",
            forwarding,
        );
        let id = place(app, body).await;
        run(server).await;
        assert_eq!(order(app, &id).await.status, OrderStatus::Completed);
        let wish = match part {
            Part::Whole => json!({}),
            Part::Some => json!({ "domains": [names[0], names[2]] }),
        };
        cancel(app, &id, wish).await;
        app.advance_seconds(MONTH_SECONDS);
        Self { names, id, part }
    }

    fn leaves(&self, index: usize) -> bool {
        self.part == Part::Whole || index != 1
    }

    async fn assert_ended(&self, app: &TestApp) {
        let row = order(app, &self.id).await;
        let mut events = events_about(app, &self.id).await;
        events.retain(|kind| kind != "domain.connected" && kind != "order.renewed");
        let (status, active, told): (_, _, &[&str]) = match self.part {
            Part::Whole => (
                OrderStatus::Cancelled,
                (0, 0),
                &[
                    "order.in_progress",
                    "order.completed",
                    "order.cancel_scheduled",
                    "order.cancelled",
                ],
            ),
            Part::Some => (
                OrderStatus::Completed,
                (1, 2),
                &[
                    "order.in_progress",
                    "order.completed",
                    "order.domains_cancel_scheduled",
                    "order.domains_cancelled",
                ],
            ),
        };
        assert_eq!(row.status, status);
        assert_eq!((row.domains_active, row.inboxes_active), active);
        assert_eq!(events, told);
        for (index, (name, provider)) in self
            .names
            .iter()
            .zip(["google", "google", "microsoft"])
            .enumerate()
        {
            let row = domain(app, name).await;
            let made = simulated_inboxes(app, provider, name).await;
            if self.leaves(index) {
                assert!(made.is_empty(), "inboxes are left on {name}: {made:?}");
                assert_eq!(simulated(app, "redirect", name).await, None);
                assert_eq!(
                    (row.category, row.status, row.order_id),
                    (DomainCategory::Inventory, DomainStatus::Available, None)
                );
            } else {
                assert_eq!(made.len(), 2);
                assert_eq!(
                    (row.category, row.status),
                    (DomainCategory::Connected, DomainStatus::Active)
                );
            }
            assert!(row.owned);
        }
        let removed = inboxes_of(app, &self.id, "removed").await.len();
        assert_eq!(removed, if self.part == Part::Whole { 29 } else { 27 });
        let shown = app
            .client()
            .get(&format!("/orders/{}", self.id))
            .await
            .data(200);
        let total = if self.part == Part::Whole {
            COST
        } else {
            200 + 3_300
        };
        assert_eq!(
            (&shown["costs"]["total_cents"], row.total_cents.0),
            (&json!(total), total)
        );
        // What stays has begun its second month.
        let renewed = if self.part == Part::Whole { 0 } else { 200 };
        assert_eq!(
            paid(app, &self.id).await.0,
            COST + renewed,
            "the month and the domains were used"
        );
        assert_balanced(app).await;
    }
}

/// Every provider call of the end of an order, by which of its domains it is about.
async fn every_call(
    app: &TestApp,
    server: &App,
    faults: &Faults,
    part: Part,
) -> Vec<(&'static str, usize)> {
    let ending = Ending::place(app, server, part, "undisturbed").await;
    faults.take_calls();
    settle(app, server).await;
    ending.assert_ended(app).await;
    let index = |name: &str| ending.names.iter().position(|own| own == name).unwrap();
    let calls: Vec<_> = faults
        .take_calls()
        .into_iter()
        .map(|call| (call.operation, index(&call.domain)))
        .collect();
    let mut sorted = calls.clone();
    sorted.sort_unstable();
    let mut expected = vec![
        ("dns.clear_redirect", 0),
        ("mail.release_domain", 0),
        ("mail.release_domain", 2),
        ("mail.remove_inboxes", 0),
        ("mail.remove_inboxes", 2),
        ("sequencer.disconnect", 0),
        ("sequencer.disconnect", 2),
    ];
    if part == Part::Whole {
        expected.extend([
            ("mail.release_domain", 1),
            ("mail.remove_inboxes", 1),
            ("sequencer.disconnect", 1),
        ]);
        expected.sort_unstable();
    }
    assert_eq!(
        sorted, expected,
        "each inbox is removed once, and nothing of what stays is touched"
    );
    calls
}

async fn survives(app: &TestApp, fault: Fault) {
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    for part in [Part::Whole, Part::Some] {
        let calls = every_call(app, &server, &faults, part).await;
        for (index, (operation, which)) in calls.into_iter().enumerate() {
            let ending = Ending::place(app, &server, part, &index.to_string()).await;
            faults.plan(operation, &ending.names[which], fault, None);
            if matches!(fault, Fault::HangsBefore | Fault::HangsAfter) {
                let mut process = Process::start(app.options(), &faults);
                tokio::select! {
                    () = faults.hanging() => {}
                    done = process.idle() => panic!("{operation} was not called in {done} pieces of work"),
                }
                process.kill().await;
                runner::end_all_leases(&server).await.unwrap();
            }
            settle(app, &server).await;
            assert_eq!(faults.planned(), 0, "{operation} was not called");
            ending.assert_ended(app).await;
        }
    }
}

#[apply(on_both_engines!)]
async fn any_call_may_be_refused_for_a_moment(app: &TestApp) {
    survives(app, Fault::RefusedBefore).await;
}

#[apply(on_both_engines!)]
async fn any_answer_may_be_lost(app: &TestApp) {
    survives(app, Fault::LostAfter).await;
}

#[apply(on_both_engines!)]
async fn the_process_may_be_killed_before_any_call(app: &TestApp) {
    survives(app, Fault::HangsBefore).await;
}

#[apply(on_both_engines!)]
async fn the_process_may_be_killed_after_any_call(app: &TestApp) {
    survives(app, Fault::HangsAfter).await;
}

#[apply(on_both_engines!)]
async fn removal_is_tried_until_it_works(app: &TestApp) {
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    let ending = Ending::place(app, &server, Part::Whole, "twice").await;
    for _ in 0..2 {
        faults.plan(
            "mail.remove_inboxes",
            &ending.names[0],
            Fault::RefusedBefore,
            None,
        );
    }
    run(&server).await;
    assert_eq!(
        order(app, &ending.id).await.status,
        OrderStatus::CancelScheduled,
        "not before all is removed"
    );
    assert_eq!(
        app.client()
            .get(&format!("/orders/{}", ending.id))
            .await
            .data(200)["cancelling_domains"][0]["domain"],
        ending.names[0]
    );
    settle(app, &server).await;
    assert_eq!(faults.planned(), 0);
    ending.assert_ended(app).await;
}

#[apply(on_both_engines!)]
async fn a_domain_that_was_never_bought_is_refunded(app: &TestApp) {
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    let names = names("unbought", 3);
    faults.plan(
        "registrar.register",
        &names[0],
        Fault::RefusedBefore,
        Some(40 * DAY_MS),
    );
    faults.plan(
        "registrar.register",
        &names[1],
        Fault::LostAfter,
        Some(40 * DAY_MS),
    );
    for (part, body) in [
        ("some", json!({ "domains": names[..2] })),
        ("whole", json!({})),
    ] {
        let id = if part == "some" {
            place(app, custom_order(&names)).await
        } else {
            place(app, custom_order(&names[..1])).await
        };
        run(&server).await;
        cancel(app, &id, body).await;
        app.advance_seconds(MONTH_SECONDS);
        settle(app, &server).await;
        if part == "some" {
            assert_eq!(order(app, &id).await.status, OrderStatus::Completed);
            assert_eq!(
                paid(app, &id).await.0,
                200 + 2 * 3_300 + 200,
                "one was never bought, two were never live, and the third has begun its second month"
            );
            assert_eq!(order(app, &id).await.total_cents.0, 200 + 3_300);
            assert!(
                domain(app, &names[1]).await.owned,
                "the purchase that nobody heard of is the partner's"
            );
            let unbought = domain(app, &names[0]).await;
            assert_eq!(
                (unbought.owned, unbought.category),
                (false, DomainCategory::Candidate)
            );
            faults.plan(
                "registrar.register",
                &names[0],
                Fault::RefusedBefore,
                Some(40 * DAY_MS),
            );
        } else {
            assert_eq!(order(app, &id).await.status, OrderStatus::Cancelled);
            assert_eq!(paid(app, &id).await.0, 0);
        }
        assert_balanced(app).await;
    }
}

#[apply(on_both_engines!)]
async fn an_order_that_fails_leaves_no_action_open(app: &TestApp) {
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    let names = ["replace-one.com".to_owned(), "fail-later.com".to_owned()];
    faults.plan(
        "registrar.register",
        &names[1],
        Fault::RefusedBefore,
        Some(60_000),
    );
    let id = place(app, custom_order(&names)).await;
    run(&server).await;
    let open = app.client().get("/orders/pending").await.expect(200);
    assert_eq!(open["data"].as_array().unwrap().len(), 1, "{open}");
    settle(app, &server).await;
    assert_eq!(order(app, &id).await.status, OrderStatus::Failed);
    assert_eq!(
        app.client().get("/orders/pending").await.expect(200)["data"],
        json!([])
    );
    let action = open["data"][0]["id"].as_str().unwrap();
    app.client()
        .post_text(&format!("/sandbox/actions/{action}/resolve"), "")
        .await
        .expect(200);
    settle(app, &server).await;
    assert_eq!(order(app, &id).await.status, OrderStatus::Failed);
    assert!(
        places(app, &id)
            .await
            .iter()
            .all(|place| place.state == OrderDomainState::Released)
    );
}

#[apply(on_both_engines!)]
async fn a_domain_that_a_failed_order_bought_is_delegated_by_the_next(app: &TestApp) {
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    let names = ["bought.com".to_owned(), "fail-now.com".to_owned()];
    faults.plan(
        "dns.ensure_zone",
        &names[0],
        Fault::RefusedBefore,
        Some(DAY_MS),
    );
    let id = place(app, custom_order(&names)).await;
    settle(app, &server).await;
    assert_eq!(order(app, &id).await.status, OrderStatus::Failed);
    assert!(domain(app, &names[0]).await.owned);
    assert_eq!(simulated(app, "delegation", &names[0]).await, None);
    let id = place(app, custom_order(&names[..1])).await;
    settle(app, &server).await;
    assert_eq!(order(app, &id).await.status, OrderStatus::Completed);
    assert!(
        simulated(app, "delegation", &names[0]).await.is_some(),
        "its nameservers are ours to set"
    );
}

#[apply(on_both_engines!)]
async fn an_order_without_a_target_ends_an_earlier_redirect(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    client
        .post("/domains/import", json!({ "domains": ["moved.com"] }))
        .await
        .expect(200);
    app.run_until_idle().await;
    client
        .post(
            "/domains/forwarding",
            json!({ "domains": ["moved.com"], "forwarding_url": "https://example.com/" }),
        )
        .await
        .expect(202);
    app.run_until_idle().await;
    assert!(simulated(app, "redirect", "moved.com").await.is_some());
    let id = place(app, custom_order(&["moved.com".to_owned()])).await;
    app.run_until_idle().await;
    assert_eq!(order(app, &id).await.status, OrderStatus::Completed);
    assert_eq!(simulated(app, "redirect", "moved.com").await, None);
    assert_eq!(domain(app, "moved.com").await.forwarding_url, None);
}

#[apply(on_both_engines!)]
async fn the_operator_ends_an_order_at_once(app: &TestApp) {
    let names = names("ended", 3);
    let id = place(app, mixed_order((4, 2), (1, 25), &names)).await;
    run(&app.app).await;
    cancel(app, &id, json!({})).await;
    assert_eq!(order(app, &id).await.status, OrderStatus::CancelScheduled);
    let order_id = id.parse().unwrap();
    let ended = peeker_app::cancel::by_operator(&app.app, &order_id)
        .await
        .unwrap();
    assert_eq!(
        (&ended.account, ended.environment),
        (&app.partner.id, Environment::Test)
    );
    run(&app.app).await;
    assert_eq!(order(app, &id).await.status, OrderStatus::Cancelled);
    for (name, provider) in names.iter().zip(["google", "google", "microsoft"]) {
        assert!(simulated_inboxes(app, provider, name).await.is_empty());
        assert_eq!(domain(app, name).await.category, DomainCategory::Inventory);
    }
    assert_eq!(paid(app, &id).await.0, COST, "the month is not given back");
    let told = events_about(app, &id).await;
    assert_eq!(told.last().unwrap(), "order.cancelled");
    let again = peeker_app::cancel::by_operator(&app.app, &order_id)
        .await
        .unwrap_err();
    assert!(again.to_string().contains("cancelled already"), "{again}");
    let unknown = "ord_01KJZ4V1B6E8N2Q4R6S8T0V2W4".parse().unwrap();
    assert!(
        peeker_app::cancel::by_operator(&app.app, &unknown)
            .await
            .is_err()
    );
    assert_balanced(app).await;
}
