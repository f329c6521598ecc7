//! Provisioning comes to its end whichever provider call fails, or is answered and the answer lost.

use std::collections::BTreeSet;

use peeker_app::App;
use peeker_domain::NewJob;
use peeker_domain::{DomainStatus, OrderStatus, Timestamp};
use peeker_store::UnitOfWork;
use peeker_testkit::{Fault, Faults, TestApp, apply, mixed_order, on_both_engines, with};
use serde_json::json;

use crate::books::{
    assert_balanced, domain, events_about, inboxes_of, order, paid, places, settle, simulated,
    simulated_inboxes,
};

/// Two Google inboxes, 25 Microsoft inboxes, two registrations.
const COST: i64 = 2 * 100 + 900 + 2 * 3_300;

/// An order of a Google domain that forwards and a Microsoft domain that does not, with names of its own.
pub struct Pair {
    /// The names: Google first.
    pub names: [String; 2],
    pub id: String,
    placed_at: Timestamp,
}

impl Pair {
    pub async fn place(app: &TestApp, round: &str) -> Self {
        let names = [
            format!("google-{round}.com"),
            format!("microsoft-{round}.com"),
        ];
        let forwarding =
            json!({ "domain": names[0], "forwarding_url": "https://www.example.com/" });
        let body = with(
            mixed_order((2, 2), (1, 25), &names),
            "/domains/0",
            forwarding,
        );
        let placed = app.client().post("/orders", body).await.data(200);
        Self {
            id: placed["id"].as_str().unwrap().to_owned(),
            names,
            placed_at: app.now(),
        }
    }

    /// Everything that must be so in the end, and nothing more than that. `bought_at_once` tells which of the two were
    /// bought when the order was placed, so that a later purchase would be a second one.
    pub async fn assert_completed(&self, app: &TestApp, bought_at_once: [bool; 2]) {
        let row = order(app, &self.id).await;
        assert_eq!(row.status, OrderStatus::Completed);
        assert_eq!(
            (row.domains_active, row.inboxes_active, row.sealed_password),
            (2, 27, None)
        );
        assert_eq!(
            events_about(app, &self.id).await,
            [
                "order.in_progress",
                "domain.connected",
                "domain.connected",
                "order.completed"
            ]
        );
        let mut at_providers = BTreeSet::new();
        let names = self.names.iter().zip(["google", "microsoft"]);
        for ((name, provider), at_once) in names.zip(bought_at_once) {
            self.assert_registered(app, name, at_once).await;
            for document in ["zone", "dns_records", "delegation", "hand_over"] {
                assert!(
                    simulated(app, document, name).await.is_some(),
                    "{document} of {name}"
                );
            }
            let made = simulated_inboxes(app, provider, name).await;
            let handed_over = simulated(app, "hand_over", name).await.unwrap();
            let handed_over: BTreeSet<String> =
                serde_json::from_value(handed_over["addresses"].clone()).unwrap();
            assert_eq!(made, handed_over);
            at_providers.extend(made);
        }
        assert_eq!(at_providers.len(), 27);
        assert_eq!(inboxes_of(app, &self.id, "active").await, at_providers);
        assert_eq!(
            simulated(app, "redirect", &self.names[0]).await,
            Some(json!({ "target": "https://www.example.com/" }))
        );
        assert_eq!(simulated(app, "redirect", &self.names[1]).await, None);
        assert_eq!(paid(app, &self.id).await.0, COST);
        assert_balanced(app).await;
    }

    /// There is one registration, and it is the first: one that was bought again would end later.
    async fn assert_registered(&self, app: &TestApp, name: &str, at_once: bool) {
        let registration = simulated(app, "registration", name).await.unwrap();
        let row = domain(app, name).await;
        assert!(row.owned && row.status == DomainStatus::Active, "{row:?}");
        assert_eq!(
            row.registered_until,
            registration["expires_at_ms"]
                .as_i64()
                .map(Timestamp::from_millis),
            "{name}"
        );
        if at_once {
            let first = self.placed_at.plus_months(12);
            assert_eq!(
                row.registered_until,
                Some(first),
                "{name} was bought more than once"
            );
        }
    }
}

/// Every provider call of such an order: the operation and which of the two domains it is about.
pub async fn every_call(
    app: &TestApp,
    server: &App,
    faults: &Faults,
) -> Vec<(&'static str, usize)> {
    faults.take_calls();
    let pair = Pair::place(app, "undisturbed").await;
    settle(app, server).await;
    pair.assert_completed(app, [true; 2]).await;
    let calls: Vec<_> = faults
        .take_calls()
        .into_iter()
        .map(|call| {
            (
                call.operation,
                usize::from(call.domain.starts_with("microsoft")),
            )
        })
        .collect();
    assert_eq!(
        calls.len(),
        10 + 9,
        "each step once, forwarding for one domain: {calls:?}"
    );
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
        let pair = Pair::place(app, &index.to_string()).await;
        faults.plan(operation, &pair.names[which], fault, None);
        settle(app, &server).await;
        assert_eq!(faults.planned(), 0, "{operation} was not called");
        let mut at_once = [true; 2];
        at_once[which] = (operation, fault) != ("registrar.register", Fault::RefusedBefore);
        pair.assert_completed(app, at_once).await;
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
async fn every_call_may_fail_once_in_one_order(app: &TestApp) {
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    let calls = every_call(app, &server, &faults).await;
    let pair = Pair::place(app, "unlucky").await;
    for (operation, which) in &calls {
        faults.plan(operation, &pair.names[*which], Fault::LostAfter, None);
        faults.plan(operation, &pair.names[*which], Fault::RefusedBefore, None);
    }
    settle(app, &server).await;
    assert_eq!(faults.planned(), 0);
    pair.assert_completed(app, [true; 2]).await;
}

#[apply(on_both_engines!)]
async fn a_finished_domain_that_is_asked_for_again_is_left_alone(app: &TestApp) {
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    let pair = Pair::place(app, "once").await;
    settle(app, &server).await;
    faults.take_calls();
    let before = app.row_counts(peeker_domain::Environment::Test).await;
    let mut work = UnitOfWork::begin(&app.app.store().sandbox.db, [&app.partner.id])
        .await
        .unwrap();
    for place in places(app, &pair.id).await {
        let order = pair.id.parse().unwrap();
        work.enqueue(NewJob::provision(
            &app.partner.id,
            &order,
            &place.domain_id,
            app.now(),
        ));
    }
    work.commit().await.unwrap();
    settle(app, &server).await;
    assert_eq!(faults.take_calls(), []);
    assert_eq!(
        app.row_counts(peeker_domain::Environment::Test).await,
        before
    );
    pair.assert_completed(app, [true; 2]).await;
}

#[apply(on_both_engines!)]
async fn a_wait_that_a_provider_asks_for_is_kept(app: &TestApp) {
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    let pair = Pair::place(app, "patient").await;
    faults.plan(
        "mail.verify_domain",
        &pair.names[0],
        Fault::RefusedBefore,
        Some(600_000),
    );
    let run = || peeker_app::runner::run_until_idle(&server, peeker_domain::Environment::Test);
    run().await.unwrap();
    app.advance_seconds(599);
    assert_eq!(run().await.unwrap(), 0);
    assert_eq!(order(app, &pair.id).await.domains_active, 1);
    app.advance_seconds(1);
    assert!(run().await.unwrap() > 0);
    pair.assert_completed(app, [true; 2]).await;
}

#[apply(on_both_engines!)]
async fn a_domain_that_never_works_asks_for_a_replacement_in_the_end(app: &TestApp) {
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    let pair = Pair::place(app, "hopeless").await;
    for _ in 0..100 {
        faults.plan(
            "mail.verify_domain",
            &pair.names[1],
            Fault::RefusedBefore,
            None,
        );
    }
    let started = app.now();
    let mut rounds = 0;
    while order(app, &pair.id).await.status == OrderStatus::InProgress {
        peeker_app::runner::run_until_idle(&server, peeker_domain::Environment::Test)
            .await
            .unwrap();
        app.advance_seconds(30 * 60);
        rounds += 1;
        assert!(rounds < 200, "it is tried for ever");
    }
    let hours = (app.now().as_seconds() - started.as_seconds()) / 3_600;
    assert!((20..=40).contains(&hours), "given up after {hours} hours");
    assert_eq!(
        events_about(app, &pair.id).await,
        [
            "order.in_progress",
            "domain.connected",
            "domain.action_required",
            "order.action_required"
        ]
    );
    assert_balanced(app).await;
}
