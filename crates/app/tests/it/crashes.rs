//! Kill -9 at every provider call, before and after it took effect: after the restart the order completes, and nothing
//! was bought, made or told twice.

use peeker_app::runner;
use peeker_testkit::{Fault, Faults, Process, TestApp, apply, on_both_engines};

use crate::books::settle;
use crate::provisioning::{Pair, every_call};

async fn survives_kills(app: &TestApp, fault: Fault) {
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    let calls = every_call(app, &server, &faults).await;
    drop(server);
    for (index, (operation, which)) in calls.into_iter().enumerate() {
        let pair = Pair::place(app, &index.to_string()).await;
        faults.plan(operation, &pair.names[which], fault, None);
        let mut process = Process::start(app.options(), &faults);
        tokio::select! {
            () = faults.hanging() => {}
            done = process.idle() => panic!("{operation} was not called in {done} pieces of work"),
        }
        process.kill().await;
        // What is bought or accepted by now was stored before the kill; the time of the restart is a later one.
        app.advance_seconds(1);
        runner::end_all_leases(&app.app).await.unwrap();
        settle(app, &app.app).await;
        // The other domain may have been anywhere when the process died.
        let mut at_once = [false; 2];
        at_once[which] = (operation, fault) != ("registrar.register", Fault::HangsBefore);
        pair.assert_completed(app, at_once).await;
    }
}

#[apply(on_both_engines!)]
async fn before_every_call(app: &TestApp) {
    survives_kills(app, Fault::HangsBefore).await;
}

#[apply(on_both_engines!)]
async fn after_every_call(app: &TestApp) {
    survives_kills(app, Fault::HangsAfter).await;
}

#[apply(on_both_engines!)]
async fn without_a_restart_the_lease_brings_the_work_back(app: &TestApp) {
    let faults = Faults::default();
    let pair = Pair::place(app, "leased").await;
    faults.plan(
        "mail.ensure_inboxes",
        &pair.names[1],
        Fault::HangsAfter,
        None,
    );
    let mut process = Process::start(app.options(), &faults);
    tokio::select! {
        () = faults.hanging() => {}
        _ = process.idle() => panic!("nothing hung"),
    }
    process.kill().await;
    app.run_until_idle().await;
    assert_eq!(
        app.client()
            .get(&format!("/orders/{}", pair.id))
            .await
            .data(200)["status"],
        "in_progress"
    );
    app.advance_seconds(119);
    app.run_until_idle().await;
    assert_eq!(
        app.client()
            .get(&format!("/orders/{}", pair.id))
            .await
            .data(200)["status"],
        "in_progress"
    );
    app.advance_seconds(1);
    app.run_until_idle().await;
    pair.assert_completed(app, [false; 2]).await;
}
