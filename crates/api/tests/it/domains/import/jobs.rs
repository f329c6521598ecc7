//! `POST /domains/import/jobs`: up to 500 domains in the background.

use std::collections::BTreeSet;

use futures::future::join_all;
use peeker_app::runner;
use peeker_domain::Environment;
use peeker_testkit::{TestApp, apply, names, on_both_engines};
use serde_json::{Value, json};

use super::{DAY, begin, failed, import, let_a_day_pass, rows, shown};

/// 500 submitted names of which 40 cannot be imported, with the rows that those become.
fn five_hundred() -> (Vec<String>, Vec<String>, Vec<Value>) {
    let (mut sent, mut good, mut bad) = (Vec::new(), Vec::new(), Vec::new());
    let wrong = [
        ("no name", "invalid_domain"),
        ("mail.sub.com", "not_root_domain"),
        ("bücher.sub.co.uk", "not_root_domain"),
    ];
    for number in 0..500 {
        let (name, reason) = match (number % 12, number / 12) {
            (0, round @ ..40) => {
                let (text, reason) = wrong[round % 3];
                let name = match reason {
                    "invalid_domain" => format!("{text} {round}.com"),
                    _ => format!("w{round}.{text}"),
                };
                (name, Some(reason))
            }
            _ => (format!("bulk-{number:03}.com"), None),
        };
        match reason {
            Some(reason) => bad.push(failed(&name, reason)),
            None => good.push(name.clone()),
        }
        sent.push(name);
    }
    (sent, good, bad)
}

#[apply(on_both_engines!)]
async fn five_hundred_domains_with_forty_bad_ones(app: &TestApp) {
    let client = app.client();
    let (sent, good, bad) = five_hundred();
    assert_eq!((sent.len(), good.len(), bad.len()), (500, 460, 40));
    let begun = begin(&client, &sent).await;
    assert_eq!(
        (
            &begun["status"],
            &begun["completed_count"],
            &begun["completed"],
            &begun["completed_at"]
        ),
        (&json!("in_progress"), &json!(0), &json!([]), &json!(null))
    );
    // What is known to be wrong counts at once.
    assert_eq!(
        (&begun["failed_count"], &begun["failed"]),
        (&json!(bad.len()), &json!(bad))
    );
    assert_eq!(shown(&client, &begun).await, begun);
    app.run_until_idle().await;
    let done = shown(&client, &begun).await;
    assert_eq!(done["status"], "completed");
    assert_eq!(
        (&done["completed_count"], &done["failed_count"]),
        (&json!(460), &json!(40))
    );
    assert_eq!(done["completed"], json!(good));
    assert_eq!(done["failed"], json!(bad));
    let groups = done["nameserver_groups"].as_array().unwrap();
    let mut grouped: Vec<&str> = groups
        .iter()
        .flat_map(|group| group["domains"].as_array().unwrap())
        .map(|name| name.as_str().unwrap())
        .collect();
    grouped.sort_unstable();
    assert_eq!(grouped, good);
    assert_eq!(app.events_of("domain_import.completed").await.len(), 1);
    assert_eq!(
        app.events_of("domain_import.completed").await[0]["data"],
        done
    );
    let domains = rows(&client).await;
    assert_eq!(domains.len(), 460);
    assert!(
        domains
            .iter()
            .all(|row| row["status"] == "available" && row["category"] == "inventory")
    );
    let_a_day_pass(app).await;
    assert_eq!(shown(&client, &begun).await, done);
}

#[apply(on_both_engines!)]
async fn a_job_of_nothing_but_bad_names_fails(app: &TestApp) {
    let client = app.client();
    let begun = begin(&client, &["nonsense", "co.uk"]).await;
    assert_eq!(begun["status"], "in_progress");
    app.run_until_idle().await;
    let done = shown(&client, &begun).await;
    assert_eq!(
        (&done["status"], &done["failed_count"]),
        (&json!("failed"), &json!(2))
    );
    assert_eq!(app.event_types().await, ["domain_import.failed"]);
    assert_eq!(app.events_of("domain_import.failed").await[0]["data"], done);
}

#[apply(on_both_engines!)]
async fn the_same_set_is_the_same_job_for_24_hours(app: &TestApp) {
    let client = app.client();
    let first = begin(&client, &["set-a.com", "set-b.com", "Not A Name"]).await;
    let before = app.row_counts(Environment::Test).await;
    let again = begin(&client, &[" not a name", "SET-B.com.", "set-a.com"]).await;
    assert_eq!(again["id"], first["id"]);
    assert_eq!(app.row_counts(Environment::Test).await, before);
    app.run_until_idle().await;
    let done = shown(&client, &first).await;
    assert_eq!(done["completed"], json!(["set-a.com", "set-b.com"]));
    app.advance_seconds(DAY - 1);
    assert_eq!(
        begin(&client, &["set-b.com", "set-a.com", "not a name"]).await,
        done
    );
    let stranger = app.stranger().await;
    for other in [
        &["set-a.com"][..],
        &["set-a.com", "set-b.com"],
        &["set-a.com", "set-b.com", "not a name", "c.com"],
    ] {
        assert_ne!(
            begin(&client, other).await["id"],
            first["id"],
            "another set is another job"
        );
        assert_ne!(begin(&stranger, other).await["id"], first["id"]);
    }
    assert_ne!(
        import(&client, &["set-a.com", "set-b.com", "not a name"]).await["id"],
        first["id"]
    );
    app.advance_seconds(1);
    let later = begin(&client, &["set-a.com", "set-b.com", "not a name"]).await;
    assert_ne!(later["id"], first["id"]);
    assert_eq!(
        begin(&client, &["set-b.com", "not a name", "set-a.com"]).await["id"],
        later["id"]
    );
    let_a_day_pass(app).await;
}

#[apply(on_both_engines!)]
async fn the_same_set_at_once_is_one_job(app: &TestApp) {
    let client = app.client();
    let domains = names("racing", 30);
    let begun = join_all((0..10).map(|_| begin(&client, &domains))).await;
    let ids: BTreeSet<&str> = begun
        .iter()
        .map(|job| job["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), 1);
    let counts = app.row_counts(Environment::Test).await;
    assert_eq!((counts["imports"], counts["import_domains"]), (1, 30));
    let_a_day_pass(app).await;
}

#[apply(on_both_engines!)]
async fn overlapping_jobs_at_once_make_each_domain_once(app: &TestApp) {
    let client = app.client();
    let domains = names("overlap", 60);
    let halves = [&domains[..40], &domains[20..], &domains[10..50]];
    let jobs = join_all(halves.iter().map(|half| begin(&client, half))).await;
    let other = app.another_server().await;
    let running = [&app.app, &other].map(|app| runner::run_until_idle(app, Environment::Test));
    let at_once = join_all(halves.iter().map(|half| import(&client, &half[..20])));
    let (ran, imported) = tokio::join!(join_all(running), at_once);
    assert!(ran.into_iter().all(|run| run.is_ok()));
    assert!(imported.iter().all(|job| job["completed_count"] == 20));
    app.run_until_idle().await;
    for (job, half) in jobs.iter().zip(halves) {
        let done = shown(&client, job).await;
        assert_eq!(
            (&done["status"], &done["completed"]),
            (&json!("completed"), &json!(half))
        );
    }
    let counts = app.row_counts(Environment::Test).await;
    for table in ["domains", "simulated_records"] {
        assert_eq!(counts[table], 60, "{table}");
    }
    let listed: BTreeSet<String> = rows(&client)
        .await
        .iter()
        .map(|row| row["domain"].to_string())
        .collect();
    assert_eq!(listed.len(), 60);
    let_a_day_pass(app).await;
    assert!(
        rows(&client)
            .await
            .iter()
            .all(|row| row["status"] == "available")
    );
}
