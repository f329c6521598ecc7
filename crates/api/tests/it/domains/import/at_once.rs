//! `POST /domains/import`: up to 25 domains, zones made before the answer.

use std::collections::BTreeSet;

use peeker_domain::Environment;
use peeker_testkit::{TestApp, apply, custom_order, names, on_both_engines};
use serde_json::{Value, json};

use super::{body, failed, import, let_a_day_pass, row, rows, shown};

fn texts(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap())
        .collect()
}

#[apply(on_both_engines!)]
async fn the_answer_has_zones_and_nameservers_for_every_domain(app: &TestApp) {
    let client = app.client();
    let domains = names("zone", 25);
    let job = import(&client, &domains).await;
    assert_eq!(
        app.row_counts(Environment::Test).await["simulated_records"],
        25,
        "a zone each"
    );
    let id = job["id"].as_str().unwrap();
    assert!(id.starts_with("imp_"), "{id}");
    let groups = job["nameserver_groups"].clone();
    assert_eq!(
        job,
        json!({
            "id": id, "status": "completed", "completed_count": 25, "failed_count": 0, "nameserver_groups": groups,
            "completed": domains, "failed": [],
            "created_at": "2026-05-08T12:00:00Z", "completed_at": "2026-05-08T12:00:00Z",
        })
    );
    let (mut sets, mut grouped) = (BTreeSet::new(), Vec::new());
    for group in groups.as_array().unwrap() {
        let nameservers = texts(&group["nameservers"]);
        assert_eq!(nameservers.len(), 2);
        assert!(
            nameservers
                .iter()
                .all(|host| host.ends_with(".ns.sandbox.peeker.example")),
            "{nameservers:?}"
        );
        assert!(
            sets.insert(nameservers),
            "two groups with the same nameservers"
        );
        let domains = texts(&group["domains"]);
        assert!(domains.is_sorted() && !domains.is_empty());
        grouped.extend(domains);
    }
    grouped.sort_unstable();
    assert_eq!(grouped, domains);
    assert!(sets.len() > 1, "the simulated host spreads zones");
    assert_eq!(shown(&client, &job).await, job);

    let events = app.events().await;
    assert_eq!(events.len(), 1);
    let event = &app.events_of("domain_import.completed").await[0];
    assert_eq!(event["data"], job);
    assert_eq!(
        (&event["type"], &event["environment"], &event["sequence"]),
        (&json!("domain_import.completed"), &json!("test"), &json!(1))
    );
    let_a_day_pass(app).await;
    assert_eq!(
        app.events().await.len(),
        1,
        "delegated in time: nothing more to tell"
    );
    assert_eq!(shown(&client, &job).await, job);
}

#[apply(on_both_engines!)]
async fn a_bad_name_is_a_failed_row(app: &TestApp) {
    let client = app.client();
    let label = "a".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}.com", "a".repeat(57));
    assert_eq!(longest.len(), 253);
    let (too_long, long_label) = (format!("a{longest}"), format!("a{label}.com"));
    let whole_label = format!("{label}.com");
    let sent = [
        "good.com",
        "nonsense",
        "mail.acme.com",
        "co.uk",
        " UPPER-Case.COM. ",
        "bücher.de",
        "mail.bücher.de",
        "acme.co.uk",
        "mail.acme.co.uk",
        "acme.notatld",
        "127.0.0.1",
        "https://acme.com",
        "under_score.com",
        "",
        "-dash.com",
        "two..dots.com",
        whole_label.as_str(),
        long_label.as_str(),
        longest.as_str(),
        too_long.as_str(),
        "acme.github.io",
        "shop.acme.co.com",
        "github.io",
        "com",
        "acme.公司.cn",
    ];
    let job = import(&client, &sent).await;
    assert_eq!(job["status"], "completed");
    assert_eq!(
        job["completed"],
        json!([
            "good.com",
            "upper-case.com",
            "xn--bcher-kva.de",
            "acme.co.uk",
            whole_label,
            "acme.xn--55qx5d.cn"
        ])
    );
    assert_eq!(
        job["failed"],
        json!([
            failed("nonsense", "invalid_domain"),
            failed("mail.acme.com", "not_root_domain"),
            failed("co.uk", "not_root_domain"),
            failed("mail.bücher.de", "not_root_domain"),
            failed("mail.acme.co.uk", "not_root_domain"),
            failed("acme.notatld", "invalid_domain"),
            failed("127.0.0.1", "invalid_domain"),
            failed("https://acme.com", "invalid_domain"),
            failed("under_score.com", "invalid_domain"),
            failed("", "invalid_domain"),
            failed("-dash.com", "invalid_domain"),
            failed("two..dots.com", "invalid_domain"),
            failed(&long_label, "invalid_domain"),
            failed(&longest, "not_root_domain"),
            failed(&too_long, "invalid_domain"),
            failed("acme.github.io", "not_root_domain"),
            failed("shop.acme.co.com", "not_root_domain"),
            failed("github.io", "not_root_domain"),
            failed("com", "not_root_domain"),
        ])
    );
    assert_eq!(
        (&job["completed_count"], &job["failed_count"]),
        (&json!(6), &json!(19))
    );
    assert_eq!(
        app.events_of("domain_import.completed").await[0]["data"],
        job
    );
    let_a_day_pass(app).await;
}

#[apply(on_both_engines!)]
async fn a_name_with_a_nul_is_a_failed_row_too(app: &TestApp) {
    let client = app.client();
    let rows = json!([
        failed("\u{fffd}", "invalid_domain"),
        failed("a\u{fffd}b.com", "invalid_domain")
    ]);
    for (path, status) in [("/domains/import", 200), ("/domains/import/jobs", 202)] {
        let begun = client
            .post(path, body(&["\0", "a\0b.com"]))
            .await
            .data(status);
        app.run_until_idle().await;
        let job = shown(&client, &begun).await;
        assert_eq!(
            (&job["status"], &job["failed"]),
            (&json!("failed"), &rows),
            "{path}"
        );
    }
}

#[apply(on_both_engines!)]
async fn an_import_of_nothing_but_bad_names_fails(app: &TestApp) {
    let client = app.client();
    let job = import(&client, &["nonsense", "mail.acme.com"]).await;
    assert_eq!(
        job,
        json!({
            "id": job["id"], "status": "failed", "completed_count": 0, "failed_count": 2, "nameserver_groups": [],
            "completed": [], "failed": [failed("nonsense", "invalid_domain"), failed("mail.acme.com", "not_root_domain")],
            "created_at": "2026-05-08T12:00:00Z", "completed_at": "2026-05-08T12:00:00Z",
        })
    );
    assert_eq!(app.event_types().await, ["domain_import.failed"]);
    assert_eq!(app.events_of("domain_import.failed").await[0]["data"], job);
    assert_eq!(shown(&client, &job).await, job);
    assert!(rows(&client).await.is_empty());
}

#[apply(on_both_engines!)]
async fn a_request_that_cannot_be_read_is_refused(app: &TestApp) {
    let client = app.client();
    let before = app.row_counts(Environment::Test).await;
    for (path, max) in [("/domains/import", 25), ("/domains/import/jobs", 500)] {
        for (body, field) in [
            (json!({}), "domains"),
            (json!({ "domains": null }), "domains"),
            (json!({ "domains": [] }), "domains"),
            (json!({ "domains": names("many", max + 1) }), "domains"),
            (json!({ "domains": "acme.com" }), "domains"),
            (json!({ "domains": ["acme.com", 7] }), "domains[1]"),
            (
                json!({ "domains": ["acme.com", { "domain": "b.com" }] }),
                "domains[1]",
            ),
            (
                json!({ "domains": ["acme.com", "b.com", "ACME.com."] }),
                "domains[2]",
            ),
            (
                json!({ "domains": ["bücher.de", "xn--bcher-kva.de"] }),
                "domains[1]",
            ),
            (json!({ "domains": ["nonsense", "NONSENSE"] }), "domains[1]"),
            (
                json!({ "domains": ["acme.com"], "domain": "acme.com" }),
                "domain",
            ),
        ] {
            let error = client
                .post(path, body.clone())
                .await
                .error(400, "invalid_request");
            assert_eq!(error["field"], field, "{path} {body}");
        }
    }
    assert_eq!(app.row_counts(Environment::Test).await, before);
}

#[apply(on_both_engines!)]
async fn ones_own_domain_may_be_imported_again(app: &TestApp) {
    let client = app.client();
    let first = import(&client, &["again.com"]).await;
    app.run_until_idle().await;
    let before = row(&client, "again.com").await;
    app.advance_seconds(60);
    let second = import(&client, &["Again.com"]).await;
    assert_ne!(first["id"], second["id"]);
    assert_eq!(
        (&second["status"], &second["completed"]),
        (&json!("completed"), &json!(["again.com"]))
    );
    assert_eq!(second["nameserver_groups"], first["nameserver_groups"]);
    assert_eq!(
        row(&client, "again.com").await,
        before,
        "a delegated domain stays available"
    );
    assert_eq!(app.row_counts(Environment::Test).await["domains"], 1);
    assert_eq!(shown(&client, &first).await, first);

    client
        .post("/orders", custom_order(&["again.com".to_owned()]))
        .await
        .expect(200);
    app.run_until_idle().await;
    let on_order = row(&client, "again.com").await;
    assert_eq!(import(&client, &["again.com"]).await["status"], "completed");
    app.run_until_idle().await;
    assert_eq!(
        row(&client, "again.com").await,
        on_order,
        "an import changes nothing on an order"
    );
    let_a_day_pass(app).await;
}

#[apply(on_both_engines!)]
async fn a_bought_domain_may_be_imported(app: &TestApp) {
    let client = app.client();
    let bought = ["bought.com".to_owned(), "fail-bought.com".to_owned()];
    client
        .post("/orders", custom_order(&bought))
        .await
        .expect(200);
    app.run_until_idle().await;
    let before = rows(&client).await;
    assert!(!before.is_empty());
    let names: Vec<&str> = before
        .iter()
        .map(|row| row["domain"].as_str().unwrap())
        .collect();
    assert_eq!(
        import(&client, &names).await["completed_count"],
        names.len()
    );
    assert_eq!(
        rows(&client).await,
        before,
        "its nameservers are ours already"
    );
    let_a_day_pass(app).await;
}

#[apply(on_both_engines!)]
async fn no_account_sees_what_another_imports_in_its_sandbox(app: &TestApp) {
    let client = app.client();
    let stranger = app.stranger().await;
    import(&stranger, &["theirs.com"]).await;
    let job = import(&client, &["theirs.com", "ours.com"]).await;
    assert_eq!(job["completed"], json!(["theirs.com", "ours.com"]));
    assert_eq!(rows(&client).await.len(), 2);
    assert_eq!(rows(&stranger).await.len(), 1);
    assert_eq!(app.row_counts(Environment::Test).await["imported_names"], 0);
    let id = job["id"].as_str().unwrap();
    for path in [
        format!("/domains/import/{id}"),
        format!("/domains/import/jobs/{id}"),
    ] {
        stranger.get(&path).await.error(404, "not_found");
    }
    let_a_day_pass(app).await;
}

#[apply(on_both_engines!)]
async fn a_live_key_is_told_what_is_not_configured(app: &TestApp) {
    let before = app.row_counts(Environment::Live).await;
    let live = app.live_client();
    for path in ["/domains/import", "/domains/import/jobs"] {
        let error = live
            .post(path, body(&["acme.com"]))
            .await
            .error(503, "internal_error");
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .contains("Ask its operator"),
            "{error}"
        );
        let keyed = live
            .post_with(path, body(&["acme.com"]), &[("idempotency-key", "k")])
            .await;
        keyed.error(503, "internal_error");
    }
    assert_eq!(app.row_counts(Environment::Live).await, before);
    assert_eq!(
        live.get("/domains/import?domains=acme.com").await.data(200),
        json!([])
    );
}
