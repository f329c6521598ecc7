//! Orders over the months: what is charged when, once per period whatever happens to the job.

use peeker_app::{App, runner};
use peeker_domain::NewJob;
use peeker_domain::id::OrderId;
use peeker_domain::{Cents, DomainStatus, Environment, JobKind, JobState, OrderStatus, Timestamp};
use peeker_store::entity::{jobs, ledger_entries};
use peeker_store::{UnitOfWork, jobs as job_rows};
use peeker_testkit::{
    Fault, Faults, Process, TestApp, apply, claim_jobs, custom_order, mixed_order, names,
    on_both_engines, with,
};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};

use crate::books::{assert_balanced, domain, order, simulated};

pub const DAY: i64 = 24 * 60 * 60;
/// Another year of one domain.
pub const YEAR: i64 = 3_300;

pub fn at(text: &str) -> Timestamp {
    serde_json::from_value(text.into()).unwrap()
}

/// Moves the clock to a time; nothing runs.
pub fn jump(app: &TestApp, to: Timestamp) {
    app.advance_seconds(to.as_seconds() - app.now().as_seconds());
}

pub async fn run(server: &App) {
    runner::run_until_idle(server, Environment::Test)
        .await
        .unwrap();
}

/// Lets time pass until `to`, stopping for every job on the way, as a server does that is always up.
pub async fn pass(app: &TestApp, server: &App, to: Timestamp) {
    loop {
        run(server).await;
        let next = job_rows::next_due_unscoped(&app.app.store().sandbox.db).await;
        match next.unwrap().filter(|next| *next <= to) {
            // To the second above, since the clock moves by seconds.
            Some(next) => {
                app.advance_seconds((next.as_millis() - app.now().as_millis() + 999) / 1_000);
            }
            None => break,
        }
    }
    jump(app, to);
    run(server).await;
}

pub async fn place(app: &TestApp, body: Value) -> String {
    let placed = app.client().post("/orders", body).await.data(200);
    placed["id"].as_str().unwrap().to_owned()
}

/// What the wallet booked for an order with a reason: when, and how much.
pub async fn booked(app: &TestApp, order: &str, reason: &str) -> Vec<(Timestamp, i64)> {
    let entries = ledger_entries::Entity::find()
        .filter(ledger_entries::Column::AccountId.eq(app.partner.id.as_str()))
        .filter(ledger_entries::Column::OrderId.eq(order))
        .filter(ledger_entries::Column::LedgerAccount.eq("wallet"))
        .filter(ledger_entries::Column::Reason.eq(reason))
        .order_by_asc(ledger_entries::Column::TransactionId)
        .all(&app.app.store().sandbox.db.pools.reader)
        .await
        .unwrap();
    entries
        .into_iter()
        .map(|entry| (entry.created_at, entry.amount_cents.0))
        .collect()
}

pub async fn amounts(app: &TestApp, order: &str, reason: &str) -> Vec<i64> {
    let booked = booked(app, order, reason).await;
    booked.into_iter().map(|(_, amount)| amount).collect()
}

/// The whole history of an order, oldest first, as (type, amount).
pub async fn history(app: &TestApp, order: &str) -> Vec<(String, Option<i64>)> {
    let page = app
        .client()
        .get(&format!("/orders/{order}/history?per_page=100"))
        .await
        .expect(200);
    assert_eq!(page["links"]["next"], Value::Null);
    let mut entries: Vec<_> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            (
                entry["type"].as_str().unwrap().to_owned(),
                entry["amount_cents"].as_i64(),
            )
        })
        .collect();
    entries.reverse();
    entries
}

pub fn count(history: &[(String, Option<i64>)], kind: &str) -> usize {
    history.iter().filter(|(own, _)| own == kind).count()
}

/// Enqueues the renewal of an order now, as whoever wants it brought forward does.
async fn ask_to_renew(app: &TestApp, id: &str) {
    let mut work = UnitOfWork::begin(&app.app.store().sandbox.db, [&app.partner.id])
        .await
        .unwrap();
    let order = OrderId::from_stored(id.to_owned());
    work.enqueue(NewJob::renew(&app.partner.id, &order, app.now()));
    work.commit().await.unwrap();
}

fn with_user(body: Value, email: &str) -> Value {
    with(body, "/user", json!(email))
}

#[apply(on_both_engines!)]
async fn months_keep_the_day_of_the_order_where_there_is_one(app: &TestApp) {
    jump(app, at("2027-01-31T10:00:00Z"));
    let id = place(app, custom_order(&names("calendar", 2))).await;
    assert_eq!(
        order(app, &id).await.renews_at,
        Some(at("2027-02-28T10:00:00Z"))
    );
    pass(app, &app.app, at("2028-03-31T10:00:00Z")).await;
    let days = [
        "2027-02-28",
        "2027-03-31",
        "2027-04-30",
        "2027-05-31",
        "2027-06-30",
        "2027-07-31",
        "2027-08-31",
        "2027-09-30",
        "2027-10-31",
        "2027-11-30",
        "2027-12-31",
        "2028-01-31",
        "2028-02-29",
        "2028-03-31",
    ];
    let licenses = 4 * 100;
    let expected: Vec<_> = days
        .iter()
        .map(|day| {
            let years = if *day == "2028-01-31" { 2 * YEAR } else { 0 };
            (at(&format!("{day}T10:00:00Z")), -licenses - years)
        })
        .collect();
    assert_eq!(booked(app, &id, "renewal").await, expected);
    let row = order(app, &id).await;
    assert_eq!(
        (row.months_paid, row.renews_at),
        (15, Some(at("2028-04-30T10:00:00Z")))
    );
    let shown = app.client().get(&format!("/orders/{id}")).await.data(200);
    assert_eq!(shown["renews_at"], "2028-04-30T10:00:00Z");
    for name in names("calendar", 2) {
        let row = domain(app, &name).await;
        let until = row.registered_until.unwrap();
        assert_eq!(until.to_string(), "2029-01-31T10:00:00Z");
        assert_eq!(row.renewing_until, None);
        assert_eq!(
            simulated(app, "registration", &name).await.unwrap()["expires_at_ms"],
            until.as_millis()
        );
    }
    let history = history(app, &id).await;
    assert_eq!(count(&history, "order.renewed"), 14);
    assert_eq!(count(&history, "domain.renewed"), 2);
    assert!(
        history.contains(&("order.renewed".to_owned(), Some(-licenses - 2 * YEAR))),
        "{history:?}"
    );
    assert_balanced(app).await;
}

#[apply(on_both_engines!)]
async fn only_what_stays_is_charged(app: &TestApp) {
    let names = ["first.com", "second.com", "third.com"].map(str::to_owned);
    let id = place(app, mixed_order((4, 2), (1, 25), &names)).await;
    let created = app.now();
    run(&app.app).await;
    app.client()
        .post(
            &format!("/orders/{id}/cancel"),
            json!({ "domains": ["third.com"] }),
        )
        .await
        .expect(200);
    pass(app, &app.app, created.plus_months(1)).await;
    app.client()
        .post(
            &format!("/orders/{id}/cancel"),
            json!({ "domains": ["first.com"] }),
        )
        .await
        .expect(200);
    pass(app, &app.app, created.plus_months(2)).await;
    assert_eq!(amounts(app, &id, "renewal").await, [-400, -200]);
    assert_eq!(domain(app, "third.com").await.order_id, None);
    let in_year_two = created.plus_months(12);
    pass(app, &app.app, in_year_two).await;
    assert_eq!(
        amounts(app, &id, "renewal").await[11],
        -200 - YEAR,
        "the two that left are not renewed"
    );
    assert_balanced(app).await;
}

#[apply(on_both_engines!)]
async fn a_domain_that_a_swap_brings_in_is_charged_once_it_is_live(app: &TestApp) {
    let names = names("swapped", 2);
    let created = app.now();
    let id = place(app, custom_order(&names)).await;
    run(&app.app).await;
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    pass(app, &server, created.plus_months(1).plus_seconds(-5 * DAY)).await;
    faults.plan(
        "registrar.register",
        "new-one.com",
        Fault::RefusedBefore,
        Some(10 * DAY * 1_000),
    );
    let old = domain(app, &names[0]).await.id;
    let swap = json!({ "type": "standard", "domain_id": old, "replacement_domain": "new-one.com" });
    app.client().post("/swaps", swap).await.expect(201);
    pass(app, &server, created.plus_months(1)).await;
    assert_eq!(
        domain(app, &names[0]).await.status,
        DomainStatus::Active,
        "the old one still serves"
    );
    pass(app, &server, created.plus_months(2)).await;
    assert_eq!(
        domain(app, "new-one.com").await.status,
        DomainStatus::Active
    );
    assert_eq!(
        amounts(app, &id, "renewal").await,
        [-400; 2],
        "one of the two at a time"
    );
    let bought = domain(app, "new-one.com").await.registered_until.unwrap();
    pass(app, &server, created.plus_months(13)).await;
    let renewed = amounts(app, &id, "renewal").await;
    assert_eq!(
        renewed[2..],
        [&[-400; 9][..], &[-400 - YEAR, -400 - YEAR]].concat()[..],
        "each with its own year"
    );
    let until = domain(app, "new-one.com").await.registered_until.unwrap();
    assert_eq!(until, bought.plus_months(12));
    assert!(
        !domain(app, &names[0]).await.owned,
        "the old one was idle, and lapsed"
    );
    assert_balanced(app).await;
}

#[apply(on_both_engines!)]
async fn prices_are_those_that_the_order_was_accepted_at(app: &TestApp) {
    let id = place(app, custom_order(&names("priced", 1))).await;
    let created = app.now();
    run(&app.app).await;
    let mut options = app.options();
    options.settings.prices.google_license = Cents(9_999);
    let dearer = App::start(options).await.unwrap();
    jump(app, created.plus_months(1));
    run(&dearer).await;
    assert_eq!(amounts(app, &id, "renewal").await, [-200]);
}

#[apply(on_both_engines!)]
async fn whoever_of_renewal_and_cancellation_is_first_what_leaves_is_free(app: &TestApp) {
    let either = [JobKind::Cancel, JobKind::Renew];
    for (later, part) in either
        .into_iter()
        .flat_map(|later| [(later, "some"), (later, "whole")])
    {
        let names = names(&format!("{later}-is-later-{part}"), 2);
        let id = place(
            app,
            with_user(custom_order(&names), &format!("{later}-{part}@example.com")),
        )
        .await;
        let due = app.now().plus_months(1);
        run(&app.app).await;
        let wish = if part == "some" {
            json!({ "domains": [names[0]] })
        } else {
            json!({})
        };
        app.client()
            .post(&format!("/orders/{id}/cancel"), wish)
            .await
            .expect(200);
        let changed = jobs::Entity::update_many()
            .col_expr(jobs::Column::RunAt, Expr::cust("run_at + 1000"))
            .filter(jobs::Column::Kind.eq(later))
            .filter(jobs::Column::Subject.eq(&id))
            .exec(&app.app.store().sandbox.db.pools.writer)
            .await
            .unwrap();
        assert_eq!(changed.rows_affected, 1);
        jump(app, due);
        run(&app.app).await;
        app.advance_seconds(2);
        run(&app.app).await;
        let expected: &[i64] = if part == "some" { &[-200] } else { &[] };
        assert_eq!(
            amounts(app, &id, "renewal").await,
            expected,
            "{later} {part}"
        );
        assert_eq!(
            order(app, &id).await.status,
            if part == "some" {
                OrderStatus::Completed
            } else {
                OrderStatus::Cancelled
            }
        );
    }
}

#[apply(on_both_engines!)]
async fn a_failed_order_is_not_renewed(app: &TestApp) {
    let id = place(app, custom_order(&["fail-soon.com".to_owned()])).await;
    let created = app.now();
    pass(app, &app.app, created.plus_months(3)).await;
    assert_eq!(order(app, &id).await.status, OrderStatus::Failed);
    assert_eq!(booked(app, &id, "renewal").await, []);
    let left = job_rows::list_unscoped(&app.app.store().sandbox.db, JobState::Ready)
        .await
        .unwrap();
    assert!(
        left.iter().all(|(kind, _)| *kind != JobKind::Renew),
        "{left:?}"
    );
}

#[apply(on_both_engines!)]
async fn a_job_that_runs_again_charges_nothing_again(app: &TestApp) {
    let id = place(app, custom_order(&names("again", 2))).await;
    let created = app.now();
    run(&app.app).await;
    for month in 1..=3 {
        ask_to_renew(app, &id).await;
        run(&app.app).await;
        jump(app, created.plus_months(month));
        for _ in 0..3 {
            ask_to_renew(app, &id).await;
            run(&app.app).await;
        }
    }
    assert_eq!(amounts(app, &id, "renewal").await, [-400; 3]);
    assert_eq!(order(app, &id).await.months_paid, 4);
}

#[apply(on_both_engines!)]
async fn two_servers_charge_once(app: &TestApp) {
    let other = app.another_server().await;
    let id = place(app, custom_order(&names("shared", 2))).await;
    let created = app.now();
    run(&app.app).await;
    for month in 1..=6 {
        jump(app, created.plus_months(month));
        tokio::join!(run(&app.app), run(&other));
    }
    assert_eq!(amounts(app, &id, "renewal").await, [-400; 6]);
}

#[apply(on_both_engines!)]
async fn what_a_worker_that_lost_its_lease_writes_counts_for_nothing(app: &TestApp) {
    use peeker_store::orders::billing;
    let id = place(app, custom_order(&names("leased", 1))).await;
    let created = app.now();
    run(&app.app).await;
    jump(app, created.plus_months(1));
    let db = &app.app.store().sandbox.db;
    let lease_until = app.now().plus_seconds(120);
    let slow = claim_jobs(db, app.now(), lease_until, "slow", 10).await;
    assert_eq!(slow.len(), 1);
    runner::end_all_leases(&app.app).await.unwrap();
    run(&app.app).await;
    let late = billing::run(db, &slow[0], false, app.now()).await;
    assert!(
        matches!(late, Err(peeker_store::StoreError::LeaseLost)),
        "{late:?}"
    );
    assert_eq!(amounts(app, &id, "renewal").await, [-200]);
}

#[apply(on_both_engines!)]
async fn a_server_that_was_down_catches_up_period_by_period(app: &TestApp) {
    let id = place(app, custom_order(&names("asleep", 2))).await;
    let created = app.now();
    run(&app.app).await;
    jump(app, created.plus_months(27).plus_seconds(5 * DAY));
    run(&app.app).await;
    let amounts = amounts(app, &id, "renewal").await;
    assert_eq!(amounts.len(), 27);
    assert_eq!(amounts.iter().sum::<i64>(), -27 * 400 - 2 * 2 * YEAR);
    let row = order(app, &id).await;
    assert_eq!(
        (row.months_paid, row.renews_at),
        (28, Some(created.plus_months(28)))
    );
    for name in names("asleep", 2) {
        let until = domain(app, &name).await.registered_until.unwrap();
        assert_eq!(until, created.plus_months(36));
    }
    assert_balanced(app).await;
}

#[apply(on_both_engines!)]
async fn a_registrar_that_fails_for_a_moment_or_loses_its_answer_is_paid_once(app: &TestApp) {
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    for (index, fault) in [Fault::RefusedBefore, Fault::LostAfter]
        .into_iter()
        .enumerate()
    {
        let name = format!("unsure-{index}.com");
        let id = place(app, custom_order(std::slice::from_ref(&name))).await;
        let created = app.now();
        for _ in 0..3 {
            faults.plan("registrar.renew", &name, fault, None);
        }
        pass(app, &server, created.plus_months(12).plus_seconds(DAY)).await;
        assert_eq!(faults.planned(), 0);
        assert_renewed_once(app, &id, &name, created).await;
    }
}

#[apply(on_both_engines!)]
async fn the_process_may_be_killed_before_and_after_the_registrar_renews(app: &TestApp) {
    let faults = Faults::default();
    for (index, fault) in [Fault::HangsBefore, Fault::HangsAfter]
        .into_iter()
        .enumerate()
    {
        let name = format!("killed-{index}.com");
        let id = place(app, custom_order(std::slice::from_ref(&name))).await;
        let created = app.now();
        pass(app, &app.app, created.plus_months(12).plus_seconds(-1)).await;
        jump(app, created.plus_months(12));
        faults.plan("registrar.renew", &name, fault, None);
        let mut process = Process::start(app.options(), &faults);
        tokio::select! {
            () = faults.hanging() => {}
            done = process.idle() => panic!("nothing was renewed in {done} pieces of work"),
        }
        process.kill().await;
        let row = domain(app, &name).await;
        assert_eq!(
            row.renewing_until,
            Some(created.plus_months(24)),
            "paid and not confirmed"
        );
        runner::end_all_leases(&app.app).await.unwrap();
        pass(app, &app.app, created.plus_months(12).plus_seconds(DAY)).await;
        assert_renewed_once(app, &id, &name, created).await;
    }
}

/// After its first year, a domain was renewed and paid for exactly once.
async fn assert_renewed_once(app: &TestApp, id: &str, name: &str, created: Timestamp) {
    let until = created.plus_months(24);
    let row = domain(app, name).await;
    assert_eq!(
        (row.registered_until, row.renewing_until),
        (Some(until), None)
    );
    assert_eq!(
        simulated(app, "registration", name).await.unwrap()["expires_at_ms"],
        until.as_millis()
    );
    let amounts = amounts(app, id, "renewal").await;
    assert_eq!(amounts.len(), 12);
    assert_eq!(amounts[11], -200 - YEAR);
    assert_eq!(booked(app, id, "refund").await, []);
    assert_eq!(count(&history(app, id).await, "domain.renewed"), 1);
    assert_balanced(app).await;
}
