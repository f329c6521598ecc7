//! DNS providers with limits, that refuse, that are down; and a process that is killed.

use std::collections::BTreeSet;

use peeker_app::{App, runner};
use peeker_domain::Environment;
use peeker_testkit::{
    Fault, Faults, Process, TestApp, apply, custom_order, names, on_both_engines,
};
use serde_json::json;

use super::super::providers::{Host, QUOTA, WINDOW_MS};
use super::{begin, body, failed, import, let_a_day_pass, rows, shown};

async fn run(server: &App) {
    runner::run_until_idle(server, Environment::Test)
        .await
        .unwrap();
}

/// Kills a process in the middle of a job of 500 domains; another one ends it.
async fn killed_at(app: &TestApp, fault: Fault) {
    let client = app.client();
    let domains = names("killed", 500);
    let begun = begin(&client, &domains).await;
    let faults = Faults::default();
    faults.plan("dns.ensure_zone", &domains[260], fault, None);
    let process = Process::start(app.options(), &faults);
    faults.hanging().await;
    process.kill().await;
    let first = faults.take_calls();
    let half = shown(&client, &begun).await;
    assert_eq!(half["status"], "in_progress");
    let made = half["completed_count"].as_u64().unwrap();
    assert!((1..500).contains(&made), "{made}");
    let ids: BTreeSet<String> = rows(&client)
        .await
        .iter()
        .map(|row| row["id"].to_string())
        .collect();
    let order = client.post("/orders", custom_order(&domains[499..])).await;
    order.error(400, "domain_not_imported");

    runner::end_all_leases(&app.app).await.unwrap();
    let server = app.faulty_server(&faults).await;
    run(&server).await;
    let done = shown(&client, &begun).await;
    assert_eq!(
        (&done["status"], &done["completed"]),
        (&json!("completed"), &json!(domains))
    );
    assert_eq!(app.events_of("domain_import.completed").await.len(), 1);
    assert_eq!(
        app.events_of("domain_import.completed").await[0]["data"],
        done
    );
    let counts = app.row_counts(Environment::Test).await;
    for table in ["simulated_records", "domains", "import_domains"] {
        assert_eq!(counts[table], 500, "{table}");
    }
    let after: BTreeSet<String> = rows(&client)
        .await
        .iter()
        .map(|row| row["id"].to_string())
        .collect();
    assert!(
        after.len() == 500 && ids.is_subset(&after),
        "a domain changed its id"
    );
    // Only what was under way and not recorded is asked for again.
    let again = faults.take_calls().len();
    assert!(
        first.len() + again <= 500 + 25,
        "{} + {again} zones were asked for",
        first.len()
    );
    let_a_day_pass(app).await;
}

#[apply(on_both_engines!)]
async fn a_kill_before_a_zone_is_made_is_made_up_for(app: &TestApp) {
    killed_at(app, Fault::HangsBefore).await;
}

#[apply(on_both_engines!)]
async fn a_kill_after_a_zone_is_made_makes_no_second_one(app: &TestApp) {
    killed_at(app, Fault::HangsAfter).await;
}

#[apply(on_both_engines!)]
async fn without_room_an_import_is_refused_and_nothing_is_stored(app: &TestApp) {
    let (server, made) = Host::before(app).await;
    let client = app.client_of(&server);
    import(&client, &names("room", 20)).await;
    let before = app.row_counts(Environment::Test).await;
    app.advance_seconds(60);
    let response = client
        .post("/domains/import", body(&names("no-room", 6)))
        .await;
    assert_eq!(response.header("retry-after"), Some("540"));
    let error = response.error(429, "rate_limited");
    assert_eq!(
        error["details"],
        json!({ "retry_after_seconds": 540, "reason": "cloudflare_account_capacity" })
    );
    assert_eq!(app.row_counts(Environment::Test).await, before);
    assert_eq!(made.lock().unwrap().len(), 20);
    // Names that need no zone need no room.
    let bad = import(
        &client,
        &["nonsense", "co.uk", "mail.acme.com", "x", "y", "z"],
    )
    .await;
    assert_eq!(bad["status"], "failed");
    assert_eq!(
        import(&client, &names("no-room", 5)).await["completed_count"],
        5
    );
    app.advance_seconds(540);
    assert_eq!(
        import(&client, &names("no-room", 6)).await["completed_count"],
        6
    );
    let_a_day_pass(app).await;
}

#[apply(on_both_engines!)]
async fn without_room_a_job_waits_and_goes_on(app: &TestApp) {
    let (server, made) = Host::before(app).await;
    let client = app.client_of(&server);
    let domains = names("paced", 60);
    let begun = begin(&client, &domains).await;
    for (window, expected) in [(0, 25), (1, 50), (2, 60)] {
        run(&server).await;
        let job = shown(&client, &begun).await;
        assert_eq!(job["completed_count"], expected, "window {window}");
        assert_eq!(
            job["status"],
            if expected == 60 {
                "completed"
            } else {
                "in_progress"
            }
        );
        // Too early: nothing more is made.
        app.advance_seconds(WINDOW_MS / 1000 - 1);
        run(&server).await;
        assert_eq!(shown(&client, &begun).await["completed_count"], expected);
        app.advance_seconds(1);
    }
    let times: Vec<_> = made
        .lock()
        .unwrap()
        .values()
        .map(|at| at.as_millis())
        .collect();
    assert_eq!(times.len(), 60);
    for at in &times {
        let window = times
            .iter()
            .filter(|other| (*at..at + WINDOW_MS).contains(other))
            .count();
        assert!(window <= QUOTA, "{window} zones in ten minutes");
    }
    assert_eq!(shown(&client, &begun).await["completed"], json!(domains));
    let_a_day_pass(app).await;
}

#[apply(on_both_engines!)]
async fn a_refused_zone_is_a_failed_row(app: &TestApp) {
    let (server, _) = Host::before(app).await;
    let client = app.client_of(&server);
    let sent = ["rejected-a.com", "fine.com"];
    let job = import(&client, &sent).await;
    assert_eq!(job["completed"], json!(["fine.com"]));
    assert_eq!(
        job["failed"],
        json!([failed("rejected-a.com", "zone_rejected")])
    );
    assert_eq!(
        import(&client, &["rejected-a.com"]).await["status"],
        "failed"
    );
    assert_eq!(rows(&client).await.len(), 1);
    let_a_day_pass(app).await;
}

#[apply(on_both_engines!)]
async fn a_zone_that_only_an_operator_can_have_made_is_waited_for(app: &TestApp) {
    let (server, _) = Host::before(app).await;
    let sent = ["human-a.com", "fine-b.com"];
    let begun = import(&app.client_of(&server), &sent).await;
    for wait in [60, 30 * 60, 30 * 60] {
        let job = shown(&app.client(), &begun).await;
        assert_eq!(
            (&job["status"], &job["completed"]),
            (&json!("in_progress"), &json!(["fine-b.com"]))
        );
        assert_eq!(job["failed"], json!([]));
        app.advance_seconds(wait);
        run(&server).await;
    }
    // Mended. It is looked at again after the longest pause, not before.
    app.advance_seconds(30 * 60 - 1);
    run(&app.app).await;
    assert_eq!(shown(&app.client(), &begun).await["completed_count"], 1);
    app.advance_seconds(1);
    run(&app.app).await;
    let done = shown(&app.client(), &begun).await;
    assert_eq!(
        (&done["status"], &done["completed"]),
        (&json!("completed"), &json!(sent))
    );
    let_a_day_pass(app).await;
}

/// What is wrong with the operator's account fails no row, however long that takes.
#[apply(on_both_engines!)]
async fn an_operator_is_waited_for_without_end(app: &TestApp) {
    let (server, _) = Host::before(app).await;
    let begun = begin(&app.client_of(&server), &["human-a.com", "fine-b.com"]).await;
    for _ in 0..64 {
        run(&server).await;
        app.advance_seconds(30 * 60);
    }
    let waits = shown(&app.client(), &begun).await;
    assert_eq!(
        (&waits["status"], &waits["completed"], &waits["failed"]),
        (&json!("in_progress"), &json!(["fine-b.com"]), &json!([]))
    );
    run(&app.app).await;
    let done = shown(&app.client(), &begun).await;
    assert_eq!(done["status"], "completed");
    let_a_day_pass(app).await;
}

#[apply(on_both_engines!)]
async fn a_name_that_was_refused_later_stays_where_it_is(app: &TestApp) {
    let (server, _) = Host::before(app).await;
    import(&app.client(), &["rejected-later.com"]).await;
    let again = import(&app.client_of(&server), &["rejected-later.com"]).await;
    assert_eq!(
        again["failed"],
        json!([failed("rejected-later.com", "zone_rejected")])
    );
    assert_eq!(rows(&app.client()).await.len(), 1);
    let_a_day_pass(app).await;
}

#[apply(on_both_engines!)]
async fn a_zone_that_cannot_be_made_at_once_is_made_by_the_worker(app: &TestApp) {
    for fault in [Fault::RefusedBefore, Fault::LostAfter] {
        let faults = Faults::default();
        let server = app.faulty_server(&faults).await;
        let domains = names(
            if fault == Fault::LostAfter {
                "lost"
            } else {
                "late"
            },
            3,
        );
        faults.plan("dns.ensure_zone", &domains[1], fault, Some(1_000));
        let job = import(&app.client_of(&server), &domains).await;
        assert_eq!(
            (&job["status"], &job["completed_count"]),
            (&json!("in_progress"), &json!(2))
        );
        assert_eq!(job["completed"], json!([domains[0], domains[2]]));
        app.advance_seconds(60);
        run(&server).await;
        let done = shown(&app.client(), &job).await;
        assert_eq!(
            (&done["status"], &done["completed"]),
            (&json!("completed"), &json!(domains))
        );
    }
    assert_eq!(app.events_of("domain_import.completed").await.len(), 2);
    let_a_day_pass(app).await;
}

#[apply(on_both_engines!)]
async fn a_provider_that_stays_down_fails_the_row_in_the_end_and_holds_up_no_other(app: &TestApp) {
    let (server, _) = Host::before(app).await;
    let client = app.client_of(&server);
    let mut domains = names("down", 26);
    domains.extend(["fine-after.com".to_owned(), "conflict-a.com".to_owned()]);
    let begun = begin(&client, &domains).await;
    run(&server).await;
    let waiting = shown(&client, &begun).await;
    assert_eq!(
        (&waiting["status"], &waiting["completed"]),
        (&json!("in_progress"), &json!(["fine-after.com"]))
    );
    for _ in 0..64 {
        app.advance_seconds(30 * 60);
        run(&server).await;
    }
    let done = shown(&client, &begun).await;
    assert_eq!(
        (
            &done["status"],
            &done["completed_count"],
            &done["failed_count"]
        ),
        (&json!("completed"), &json!(1), &json!(27))
    );
    assert!(
        done["failed"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["reason"] == "provider_error"),
        "{done}"
    );
    let_a_day_pass(app).await;
}
