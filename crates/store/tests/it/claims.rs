//! Claims take turns over accounts, and cost the same however much one account has to do and however many others wait.

use std::collections::{BTreeMap, BTreeSet};

use peeker_domain::NewJob;
use peeker_domain::id::AccountId;
use peeker_domain::{JobKind, JobState, Timestamp};
use peeker_store::jobs;
use peeker_store::{EnvironmentDb, MOST_CLAIMED, Share, UnitOfWork, deliveries};
use peeker_testkit::{EPOCH, Engine, TestApp, apply, claim_jobs, on_both_engines};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::Value;

fn account(name: &str) -> AccountId {
    AccountId::from_stored(format!("org_{name}"))
}

fn share(name: &str, most: usize) -> Share {
    Share {
        account: account(name),
        most,
    }
}

async fn execute(db: &EnvironmentDb, sql: &str) {
    db.pools.writer.execute_unprepared(sql).await.unwrap();
}

/// Jobs of one account, in line and due, or waiting for a time far away.
async fn add_jobs(db: &EnvironmentDb, name: &str, count: usize, in_line: bool) {
    let now = EPOCH.as_millis();
    let at = if in_line { now } else { now + 1_000_000_000 };
    let sql = format!(
        "INSERT INTO jobs (account_id, kind, subject, run_at, attempts, rerun_requested, state, created_at, in_line)
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         SELECT 'org_{name}', 'provision', 'dom_' || i, {at}, 0, FALSE, 'ready', {at}, {in_line} FROM n"
    );
    execute(db, &sql).await;
}

/// Accounts whose one job is due in many days.
async fn add_waiting_accounts(db: &EnvironmentDb, count: usize) {
    let at = EPOCH.as_millis() + 1_000_000_000;
    let sql = format!(
        "INSERT INTO jobs (account_id, kind, subject, run_at, attempts, rerun_requested, state, created_at)
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         SELECT 'org_waiting' || i, 'renew', 'ord_1', {at} + i, 0, FALSE, 'ready', {at} FROM n"
    );
    execute(db, &sql).await;
}

/// Claims for a process with so many free places, each time as its turns say; gives back who got how many.
async fn claim_turn(
    db: &EnvironmentDb,
    after: &mut Option<AccountId>,
    most_each: usize,
) -> BTreeMap<String, usize> {
    let line = jobs::line_up_unscoped(db, EPOCH, after.as_ref())
        .await
        .unwrap();
    let shares: Vec<Share> = line
        .accounts
        .iter()
        .map(|account| Share {
            account: account.clone(),
            most: most_each,
        })
        .collect();
    *after = line.accounts.last().cloned();
    let until = EPOCH.plus_seconds(120);
    let claimed = jobs::claim_unscoped(db, EPOCH, until, "t", &line, &shares)
        .await
        .unwrap();
    let mut counts = BTreeMap::new();
    for job in claimed {
        *counts.entry(job.account.to_string()).or_default() += 1;
    }
    counts
}

#[apply(on_both_engines!)]
async fn every_account_in_line_is_found_however_much_the_first_has(app: &TestApp) {
    app.may_leave_jobs();
    let db = &app.app.store().sandbox.db;
    add_jobs(db, "heavy", 5_000, true).await;
    for name in ["a", "x", "z"] {
        add_jobs(db, name, 1, true).await;
    }
    add_waiting_accounts(db, 300).await;
    let up = |after: Option<AccountId>| async move {
        let line = jobs::line_up_unscoped(db, EPOCH, after.as_ref())
            .await
            .unwrap();
        assert_eq!((line.ended_at, line.fell_due), (None, false));
        line.accounts
    };
    let names = |names: [&str; 4]| names.map(account).to_vec();
    assert_eq!(up(None).await, names(["a", "heavy", "x", "z"]));
    assert_eq!(
        up(Some(account("heavy"))).await,
        names(["x", "z", "a", "heavy"])
    );
    assert_eq!(
        up(Some(account("z"))).await,
        names(["a", "heavy", "x", "z"])
    );
    assert_eq!(
        up(Some(account("nobody"))).await,
        names(["x", "z", "a", "heavy"])
    );
    let mut after = None;
    let claimed = claim_turn(db, &mut after, 5).await;
    let expected = [("org_a", 1), ("org_heavy", 5), ("org_x", 1), ("org_z", 1)];
    assert_eq!(
        claimed,
        expected
            .map(|(name, count)| (name.to_owned(), count))
            .into()
    );
}

#[apply(on_both_engines!)]
async fn more_accounts_than_a_claim_looks_at_all_get_their_turn(app: &TestApp) {
    app.may_leave_jobs();
    let db = &app.app.store().sandbox.db;
    for number in 0..MOST_CLAIMED * 2 + 10 {
        add_jobs(db, &format!("{number:03}"), 2, true).await;
    }
    let (mut after, mut served) = (None, BTreeSet::new());
    for _ in 0..3 {
        let line = jobs::line_up_unscoped(db, EPOCH, after.as_ref())
            .await
            .unwrap();
        assert_eq!(line.accounts.len(), MOST_CLAIMED);
        assert_eq!(line.ended_at.as_ref(), line.accounts.last());
        served.extend(claim_turn(db, &mut after, 1).await.into_keys());
    }
    assert_eq!(served.len(), MOST_CLAIMED * 2 + 10);
}

#[apply(on_both_engines!)]
async fn what_falls_due_joins_the_line_and_an_account_keeps_its_order(app: &TestApp) {
    app.may_leave_jobs();
    let db = &app.app.store().sandbox.db;
    let account = &app.partner.id;
    let mut work = UnitOfWork::begin(db, [account]).await.unwrap();
    for (subject, seconds) in [("imp_3", 30), ("imp_1", 10), ("imp_2", 20)] {
        work.enqueue(NewJob::timer(
            account,
            JobKind::Import,
            subject,
            EPOCH.plus_seconds(seconds),
        ));
    }
    work.commit().await.unwrap();
    let due = EPOCH.plus_seconds(25);
    assert_eq!(claim_jobs(db, EPOCH, EPOCH, "early", 5).await.len(), 0);
    let claimed = |now: Timestamp| async move {
        let jobs = claim_jobs(db, now, now.plus_seconds(120), &now.to_string(), 1).await;
        jobs.into_iter().map(|job| job.subject).collect::<Vec<_>>()
    };
    assert_eq!(claimed(due).await, ["imp_1"]);
    assert_eq!(claimed(due).await, ["imp_2"]);
    assert_eq!(claimed(due).await, [] as [&str; 0]);
    assert_eq!(claimed(due.plus_seconds(5)).await, ["imp_3"]);
    assert_eq!(
        claimed(due.plus_seconds(119)).await,
        [] as [&str; 0],
        "leased"
    );
    assert_eq!(
        claimed(due.plus_seconds(120)).await,
        ["imp_1"],
        "its lease ran out"
    );
}

#[apply(on_both_engines!)]
async fn jobs_of_an_account_whose_clock_walks_are_left_to_the_walk(app: &TestApp) {
    app.may_leave_jobs();
    let db = &app.app.store().sandbox.db;
    add_jobs(db, "other", 2, true).await;
    let ours = &app.partner.id;
    add_jobs(db, ours.as_str().trim_start_matches("org_"), 3, true).await;
    peeker_store::clock::advance(db, ours, 60, EPOCH, EPOCH.plus_seconds(1_000))
        .await
        .unwrap();
    let claimed = claim_jobs(db, EPOCH, EPOCH.plus_seconds(120), "first", 10).await;
    let mut kinds: Vec<_> = claimed
        .iter()
        .map(|job| (&job.account == ours, job.kind))
        .collect();
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        [
            (false, JobKind::Provision),
            (false, JobKind::Provision),
            (true, JobKind::Clock)
        ]
    );
    let line = jobs::line_up_unscoped(db, EPOCH, None).await.unwrap();
    assert_eq!(line.accounts, [] as [AccountId; 0], "the walk is under way");
}

#[apply(on_both_engines!)]
async fn a_job_that_only_a_newer_server_knows_keeps_none_from_the_others(app: &TestApp) {
    app.may_leave_jobs();
    let db = &app.app.store().sandbox.db;
    add_jobs(db, "mixed", 3, true).await;
    execute(
        db,
        "UPDATE jobs SET kind = 'of_tomorrow', attempts = 57 WHERE subject = 'dom_2'",
    )
    .await;
    let lease = |round: i64| EPOCH.plus_seconds(120 * round);
    let mut claimed = claim_jobs(db, lease(0), lease(1), "first", 10).await;
    claimed.sort_by(|a, b| a.subject.cmp(&b.subject));
    let subjects: Vec<_> = claimed
        .iter()
        .map(|job| (job.kind, &*job.subject))
        .collect();
    assert_eq!(
        subjects,
        [(JobKind::Provision, "dom_1"), (JobKind::Provision, "dom_3")]
    );
    for job in &claimed {
        jobs::release(db, job, lease(100), "done with", false)
            .await
            .unwrap();
    }
    assert_eq!(
        claim_jobs(db, lease(0), lease(1), "again", 10).await.len(),
        0
    );
    assert_eq!(
        jobs::next_due_unscoped(db).await.unwrap(),
        Some(lease(1)),
        "it waits for a server that knows it"
    );
    for (round, dead) in [(1, 0), (2, 1)] {
        let token = format!("round-{round}");
        assert_eq!(
            claim_jobs(db, lease(round), lease(round + 1), &token, 10)
                .await
                .len(),
            0
        );
        assert_eq!(
            jobs::count_unscoped(db, JobState::Dead).await.unwrap(),
            dead,
            "after {round}"
        );
    }
    assert_eq!(jobs::next_due_unscoped(db).await.unwrap(), Some(lease(100)));
}

/// The statements of jobs and of deliveries: who is in line, what joins it, what is claimed.
fn statements(db: &EnvironmentDb) -> Vec<(&'static str, Statement)> {
    let shares = [share("heavy", 2), share("light", 2)];
    let jobs = jobs::claim_queries(db, EPOCH, &shares);
    let backend = db.pools.reader.get_database_backend();
    let deliveries = deliveries::claim_queries(backend, EPOCH, &shares);
    let jobs = jobs.map(|statement| ("jobs", statement));
    let deliveries = deliveries.map(|statement| ("deliveries", statement));
    jobs.into_iter().chain(deliveries).collect()
}

#[tokio::test]
async fn claims_read_nothing_from_end_to_end_on_sqlite() {
    let app = TestApp::start(Engine::Sqlite).await;
    let db = &app.app.store().sandbox.db;
    let pools = &db.pools;
    for (table, mut statement) in statements(db) {
        statement.sql = format!("EXPLAIN QUERY PLAN {}", statement.sql);
        let rows = pools.reader.query_all_raw(statement.clone()).await.unwrap();
        let plan = rows
            .iter()
            .map(|row| row.try_get::<String>("", "detail").unwrap());
        let plan: Vec<String> = plan.collect();
        let shown = format!("{}\n{plan:#?}", statement.sql);
        let of_tables = plan.iter().filter(|line| {
            [table, "accounts"].contains(&line.split(' ').nth(1).unwrap_or_default())
        });
        for line in of_tables {
            let by_index = line.contains("_in_line")
                || line.contains("_timers")
                || line.contains("PRIMARY KEY (account_id=?");
            // Without a bound: the first of the index, where the look starts anew from the first account.
            let is_first = *line == format!("SCAN {table} USING COVERING INDEX {table}_in_line");
            assert!(is_first || line.starts_with("SEARCH"), "{line}\n{shown}");
            assert!(by_index, "{line}\n{shown}");
        }
        assert!(
            !plan.iter().any(|line| line.contains("ORDER BY")),
            "{shown}"
        );
    }
    app.finish().await;
}

/// The pages that a statement touches, and the kinds of its nodes, by EXPLAIN ANALYZE. What it changes is undone.
async fn touched(db: &EnvironmentDb, mut statement: Statement) -> (i64, Vec<(String, String)>) {
    statement.sql = format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {}", statement.sql);
    let tx = db.pools.begin().await.unwrap();
    let row = tx.query_one_raw(statement).await.unwrap().unwrap();
    tx.rollback().await.unwrap();
    let plan: Value = row.try_get("", "QUERY PLAN").unwrap();
    let root = &plan[0]["Plan"];
    let pages =
        ["Shared Hit Blocks", "Shared Read Blocks"].map(|kind| root[kind].as_i64().unwrap());
    let mut nodes = Vec::new();
    collect(root, &mut nodes);
    (pages.iter().sum(), nodes)
}

fn collect(node: &Value, nodes: &mut Vec<(String, String)>) {
    let text = |key: &str| node[key].as_str().unwrap_or_default().to_owned();
    nodes.push((text("Node Type"), text("Relation Name")));
    for child in node["Plans"].as_array().into_iter().flatten() {
        collect(child, nodes);
    }
}

#[tokio::test]
async fn claims_touch_as_little_beside_a_hundred_thousand_jobs_on_postgres() {
    let app = TestApp::start(Engine::Postgres).await;
    let db = &app.app.store().sandbox.db;
    let mut pages: Vec<Vec<i64>> = Vec::new();
    for more in [1_000, 99_000] {
        execute(db, "DELETE FROM jobs WHERE account_id = 'org_light'").await;
        execute(
            db,
            &format!(
                "INSERT INTO jobs (account_id, kind, subject, run_at, attempts, rerun_requested, state, created_at, in_line)
                 SELECT 'org_heavy', 'provision', 'dom_{more}_' || i, {}, 0, FALSE, 'ready', 0, TRUE
                 FROM generate_series(1, {more}) i",
                EPOCH.as_millis()
            ),
        )
        .await;
        execute(
            db,
            &format!(
                "INSERT INTO jobs (account_id, kind, subject, run_at, attempts, rerun_requested, state, created_at)
                 SELECT 'org_waiting_{more}_' || i, 'renew', 'ord_1', {}, 0, FALSE, 'ready', 0
                 FROM generate_series(1, {more} / 10) i",
                EPOCH.as_millis() + 1_000_000
            ),
        )
        .await;
        add_jobs(db, "light", 1, true).await;
        execute(db, "ANALYZE jobs").await;
        let mut of_statements = Vec::new();
        for (table, statement) in statements(db) {
            let sql = statement.sql.clone();
            let (pages, nodes) = touched(db, statement).await;
            if table == "jobs" {
                let reads_all = nodes
                    .iter()
                    .any(|(kind, of)| kind == "Seq Scan" && of == "jobs");
                // A small table may be read from end to end.
                assert!(more == 1_000 || !reads_all, "{sql}\n{nodes:?}");
                of_statements.push(pages);
            }
        }
        pages.push(of_statements);
    }
    for (few, many) in pages[0].iter().zip(&pages[1]) {
        // A deeper index costs a page or two a look-up.
        assert!(*many <= few * 2 + 20, "{pages:?}");
    }
    app.may_leave_jobs();
    app.finish().await;
}
