//! Taking an order back comes to its end too, whatever fails on the way.

use peeker_app::{App, runner};
use peeker_domain::{DomainCategory, DomainStatus, Environment, OrderDomainState, OrderStatus};
use peeker_testkit::{
    Fault, Faults, Process, TestApp, apply, custom_order, mixed_order, on_both_engines, stock, with,
};
use serde_json::json;

use crate::books::{
    assert_balanced, domain, events_about, inboxes_of, order, paid, places, settle, simulated,
    simulated_inboxes,
};

/// How long the domain that fails the order waits: the others are done by then.
const FAILS_AFTER_SECONDS: i64 = 60;

/// An order of five domains that will fail: one is live with forwarding, one fails the order when it is its turn, one
/// was bought and one has got its inboxes without our hearing of it, one is live at Microsoft.
struct Doomed {
    names: [String; 5],
    id: String,
}

impl Doomed {
    /// Places the order and brings it to the moment before its failure.
    async fn place(app: &TestApp, server: &App, faults: &Faults, round: &str) -> Self {
        let names = ["live", "fail", "doubt", "unsure", "microsoft"]
            .map(|what| format!("{what}-{round}.com"));
        let forwarding =
            json!({ "domain": names[0], "forwarding_url": "https://www.example.com/" });
        let body = with(
            mixed_order((8, 2), (1, 25), &names),
            "/domains/0",
            forwarding,
        );
        let wait = |seconds: i64| Some(seconds * 1_000);
        faults.plan(
            "registrar.register",
            &names[1],
            Fault::RefusedBefore,
            wait(FAILS_AFTER_SECONDS),
        );
        faults.plan(
            "registrar.register",
            &names[2],
            Fault::LostAfter,
            wait(10 * FAILS_AFTER_SECONDS),
        );
        faults.plan(
            "mail.ensure_inboxes",
            &names[3],
            Fault::LostAfter,
            wait(10 * FAILS_AFTER_SECONDS),
        );
        let placed = app.client().post("/orders", body).await.data(200);
        runner::run_until_idle(server, Environment::Test)
            .await
            .unwrap();
        let doomed = Self {
            id: placed["id"].as_str().unwrap().to_owned(),
            names,
        };
        assert_eq!(
            order(app, &doomed.id).await.domains_active,
            2,
            "two are live before it fails"
        );
        assert_eq!(inboxes_of(app, &doomed.id, "active").await.len(), 27);
        app.advance_seconds(FAILS_AFTER_SECONDS);
        faults.take_calls();
        doomed
    }

    async fn assert_taken_back(&self, app: &TestApp) {
        let row = order(app, &self.id).await;
        assert_eq!(row.status, OrderStatus::Failed);
        assert_eq!(
            (row.domains_active, row.inboxes_active, row.sealed_password),
            (0, 0, None)
        );
        let mut events = events_about(app, &self.id).await;
        events.retain(|kind| kind != "domain.connected");
        assert_eq!(events, ["order.in_progress", "order.failed"]);
        for (name, provider) in
            self.names
                .iter()
                .zip(["google", "google", "google", "google", "microsoft"])
        {
            assert!(
                simulated_inboxes(app, provider, name).await.is_empty(),
                "inboxes are left on {name}"
            );
            assert_eq!(simulated(app, "redirect", name).await, None);
            let row = domain(app, name).await;
            assert!(row.owned, "{name} was bought and is the partner's");
            assert_eq!(
                (row.category, row.status, row.order_id),
                (DomainCategory::Inventory, DomainStatus::Available, None)
            );
        }
        assert_eq!(
            places(app, &self.id)
                .await
                .iter()
                .filter(|place| place.state != OrderDomainState::Released)
                .count(),
            0
        );
        assert_eq!(inboxes_of(app, &self.id, "removed").await.len(), 29);
        assert_eq!(inboxes_of(app, &self.id, "active").await.len(), 0);
        assert_eq!(
            paid(app, &self.id).await.0,
            5 * 3_300,
            "the registrations are kept, the licenses given back"
        );
        assert_balanced(app).await;
    }
}

/// Every provider call from the failure to the end, by which of the five domains it is about.
async fn every_call(app: &TestApp, server: &App, faults: &Faults) -> Vec<(&'static str, usize)> {
    let doomed = Doomed::place(app, server, faults, "undisturbed").await;
    settle(app, server).await;
    doomed.assert_taken_back(app).await;
    let index = |name: &str| doomed.names.iter().position(|own| own == name).unwrap();
    let calls: Vec<_> = faults
        .take_calls()
        .into_iter()
        .map(|call| (call.operation, index(&call.domain)))
        .collect();
    for expected in [
        ("mail.prepare_domain", 1),
        ("mail.remove_inboxes", 0),
        ("dns.clear_redirect", 0),
        ("registrar.find", 2),
        ("mail.remove_inboxes", 3),
        ("mail.remove_inboxes", 4),
    ] {
        assert!(calls.contains(&expected), "{expected:?} of {calls:?}");
    }
    calls
}

async fn survives(app: &TestApp, fault: Fault) {
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    for (index, (operation, which)) in every_call(app, &server, &faults)
        .await
        .into_iter()
        .enumerate()
    {
        let doomed = Doomed::place(app, &server, &faults, &index.to_string()).await;
        faults.plan(operation, &doomed.names[which], fault, None);
        if matches!(fault, Fault::HangsBefore | Fault::HangsAfter) {
            let mut process = Process::start(app.options(), &faults);
            tokio::select! {
                () = faults.hanging() => {}
                done = process.idle() => {
                    // A call that fails the order has no "after".
                    assert_eq!((operation, fault), ("mail.prepare_domain", Fault::HangsAfter), "{done}");
                }
            }
            process.kill().await;
            runner::end_all_leases(&server).await.unwrap();
        }
        settle(app, &server).await;
        assert_eq!(faults.planned(), 0, "{operation} was not called");
        doomed.assert_taken_back(app).await;
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
async fn what_was_never_bought_is_refunded(app: &TestApp) {
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    let names = ["unbought.com".to_owned(), "fail-now.com".to_owned()];
    faults.plan(
        "registrar.register",
        &names[0],
        Fault::RefusedBefore,
        Some(3_600_000),
    );
    let placed = app
        .client()
        .post("/orders", custom_order(&names))
        .await
        .data(200);
    settle(app, &server).await;
    let id = placed["id"].as_str().unwrap();
    assert_eq!(order(app, id).await.status, OrderStatus::Failed);
    let unbought = domain(app, "unbought.com").await;
    assert_eq!(
        (unbought.owned, unbought.category, unbought.status),
        (false, DomainCategory::Candidate, DomainStatus::Failed)
    );
    assert_eq!(simulated(app, "registration", "unbought.com").await, None);
    assert_eq!(
        paid(app, id).await.0,
        3_300,
        "only the other one was bought"
    );
    assert_balanced(app).await;
    // The name can be ordered again.
    let again = app
        .client()
        .post("/orders", custom_order(&names[..1]))
        .await
        .data(200);
    settle(app, &server).await;
    assert_eq!(
        order(app, again["id"].as_str().unwrap()).await.status,
        OrderStatus::Completed
    );
    assert_eq!(
        domain(app, "unbought.com").await.id,
        unbought.id,
        "the id stays with the name"
    );
}

#[apply(on_both_engines!)]
async fn a_failed_order_does_not_wait_for_a_long_backoff(app: &TestApp) {
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    let doomed = Doomed::place(app, &server, &faults, "prompt").await;
    runner::run_until_idle(&server, Environment::Test)
        .await
        .unwrap();
    doomed.assert_taken_back(app).await;
}

#[apply(on_both_engines!)]
async fn a_redirect_of_the_inventory_goes_with_an_order_that_never_set_it(app: &TestApp) {
    let names = ["replace-forwarded.com".to_owned()];
    stock(app, &names).await;
    let wish = json!({ "domains": names, "forwarding_url": "https://www.example.com/" });
    app.client()
        .post("/domains/forwarding", wish)
        .await
        .expect(202);
    app.run_until_idle().await;
    let placed = app
        .client()
        .post("/orders", custom_order(&names))
        .await
        .data(200);
    app.run_until_idle().await;
    assert_eq!(
        domain(app, &names[0]).await.status,
        DomainStatus::ActionRequired
    );
    let cancel = format!("/orders/{}/cancel", placed["id"].as_str().unwrap());
    app.client().post(&cancel, json!({})).await.expect(200);
    app.advance_seconds(31 * 24 * 60 * 60);
    app.run_until_idle().await;
    assert_eq!(domain(app, &names[0]).await.forwarding_url, None);
    assert_eq!(simulated(app, "redirect", &names[0]).await, None);
}
