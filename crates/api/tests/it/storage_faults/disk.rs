//! SQLite on a disk that fails: at every write and every sync of an order's transaction, once or until it is mended.

use axum::http::StatusCode;
use peeker_app::runner;
use peeker_domain::Environment;
use peeker_testkit::{Engine, Failure, Operation, Plan, TestApp};

use super::Partner;

/// Lets the disk fail at the first operation of an order, the second, and so on, until one is not reached; the server
/// goes on. Then again, and the server is started anew after each fault: that takes its time, and there are many writes,
/// so only some of those. Gives back how many orders were refused.
async fn fail_everywhere(operation: Operation, plan: impl Fn(u64) -> Plan) -> usize {
    let mut refused = 0;
    for restarts in [false, true] {
        let all = !restarts || operation != Operation::Write;
        let mut app = TestApp::start(Engine::Sqlite).await;
        app.may_leave_jobs();
        let mut partner = Partner::of(&app).await;
        for nth in (1..).step_by(if all { 1 } else { 8 }) {
            // Opens what connections there are, so that the fault meets the order.
            partner.order_now(&app).await;
            let disk = app.disk().clone();
            disk.reset_counts();
            disk.fail(plan(nth));
            partner.order(&app).await;
            let is_reached = disk.refused() > 0;
            refused += partner.refused.len();
            disk.restore();
            if restarts {
                app = app.restart().await;
            } else {
                partner.order_now(&app).await;
            }
            partner.order_again(&app).await;
            partner.find_last(&app, 3).await;
            if !is_reached {
                assert!(nth > 1, "an order has no {operation:?}");
                break;
            }
        }
        app = app.restart().await;
        partner.settle(&app).await;
        app.finish().await;
    }
    refused
}

macro_rules! fails_everywhere {
    ($($name:ident: $plan:ident($operation:ident, $failure:ident);)+) => {$(
        #[tokio::test]
        async fn $name() {
            let operation = Operation::$operation;
            let plan = |nth| Plan::$plan(operation, nth, Failure::$failure);
            assert!(fail_everywhere(operation, plan).await > 0, "no fault was felt");
        }
    )+};
}

fails_everywhere! {
    a_write_that_finds_the_disk_full_once: once(Write, Full);
    a_write_that_finds_the_disk_full: from(Write, Full);
    a_write_that_fails_once: once(Write, Io);
    writes_that_fail: from(Write, Io);
    a_write_without_memory: once(Write, NoMemory);
    a_sync_that_finds_the_disk_full_once: once(Sync, Full);
    a_sync_that_finds_the_disk_full: from(Sync, Full);
    a_sync_that_fails_once: once(Sync, Io);
    syncs_that_fail: from(Sync, Io);
}

/// The loss as it was found: the disk is full for a while, and what is answered afterwards is lost.
#[tokio::test]
async fn orders_after_a_full_disk_are_there_after_a_restart() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    app.may_leave_jobs();
    let mut partner = Partner::of(&app).await;
    partner.order_now(&app).await;
    app.disk()
        .fail(Plan::from(Operation::Write, 30, Failure::Full));
    for _ in 0..5 {
        assert_eq!(partner.order(&app).await, StatusCode::SERVICE_UNAVAILABLE);
    }
    app.disk().restore();
    for _ in 0..20 {
        partner.order_now(&app).await;
    }
    app = app.restart().await;
    partner.settle(&app).await;
    app.finish().await;
}

#[tokio::test]
async fn a_read_only_disk_refuses_orders_and_shows_those_that_are_there() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.may_leave_jobs();
    let mut partner = Partner::of(&app).await;
    partner.order_now(&app).await;
    app.disk().make_read_only();
    for _ in 0..3 {
        assert_eq!(partner.order(&app).await, StatusCode::SERVICE_UNAVAILABLE);
        partner.find_last(&app, 1).await;
    }
    app.disk().restore();
    partner.order_now(&app).await;
    partner.settle(&app).await;
    app.finish().await;
}

/// Faults of every kind in an order that has no end: at commits and checkpoints, at opening and at work, many between two
/// starts of the server. No round knows what the one before has left.
#[tokio::test]
async fn a_disk_that_fails_and_recovers_over_and_over_loses_nothing() {
    use Failure::{Full, Io, NoMemory};
    use Operation::{Any, Open, ShmMap, Sync, Truncate, Write};
    let plans = [
        |nth| Plan::once(Write, nth, Full),
        |nth| Plan::from(Write, nth, Full),
        |nth| Plan::once(Write, nth, Io).torn(),
        |nth| Plan::from(Sync, 1 + nth % 3, Io),
        |nth| Plan::once(Any, nth, NoMemory),
        |nth| Plan::from(Any, nth, Io),
        |nth| Plan::once(Sync, 1 + nth % 3, Full),
        |nth| Plan::from(Write, nth, Full).torn(),
        |_| Plan::once(Truncate, 1, Io),
        |_| Plan::from(Open, 1, Io),
        |_| Plan::once(ShmMap, 1, Full),
    ];
    let mut app = TestApp::start(Engine::Sqlite).await;
    app.may_leave_jobs();
    let mut partner = Partner::of(&app).await;
    for round in 0..220_u64 {
        let plan = plans[usize::try_from(round).unwrap() % plans.len()];
        // From the first write of an order to the last of a checkpoint behind it.
        app.disk().fail(plan(1 + round * 37 % 151));
        partner.order(&app).await;
        if round % 4 == 0 {
            // What cannot be claimed or recorded now is done later.
            let _ = runner::run_until_idle(&app.app, Environment::Test).await;
        }
        if round % 3 > 0 {
            app.disk().restore();
            partner.order_now(&app).await;
            partner.order_again(&app).await;
            partner.find_last(&app, 3).await;
        }
        if round % 20 == 19 {
            app.disk().restore();
            app = app.restart().await;
        }
    }
    app.disk().restore();
    app = app.restart().await;
    partner.settle(&app).await;
    for _ in 0..3 {
        app.run_until_idle().await;
        app.advance_seconds(60 * 60);
    }
    for (_, id) in &partner.accepted {
        let order = partner
            .client(&app)
            .get(&format!("/orders/{id}"))
            .await
            .data(200);
        assert_eq!(order["status"], "completed", "{order}");
    }
    app.finish().await;
}
