//! A database without room, one that ends transactions by itself, one whose connections are cut: what was answered is
//! true all the same.

use peeker_store::orders::accept::Accepted;
use peeker_store::{Pools, StoreError};
use peeker_testkit::{Engine, TestApp, apply, on_both_engines};
use sea_orm::{ConnectionTrait, Statement};

use crate::orders::{planned, stored};

const SETTINGS: &str = "SELECT count(*) AS n FROM settings WHERE name = 'probe'";
const INSERT: &str = "INSERT INTO settings (name, value) VALUES ('probe', '1')";
/// More than there are connections in a test's pool.
const TRIES: usize = 12;

/// Cuts every connection to a PostgreSQL database but one of `pools`.
async fn cut_connections(pools: &Pools) {
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    until_it_works(pools, cut).await;
}

/// Runs a statement on one connection after the other, until it does not meet one that was cut.
async fn until_it_works(pools: &Pools, statement: &str) {
    let mut tries = 0;
    while pools.writer.execute_unprepared(statement).await.is_err() {
        tries += 1;
        assert!(tries < TRIES, "no connection was replaced");
    }
}

async fn current_database(pools: &Pools) -> String {
    let name = "SELECT CAST(current_database() AS TEXT) AS name";
    let name = Statement::from_string(pools.reader.get_database_backend(), name);
    let row = pools.reader.query_one_raw(name).await.unwrap().unwrap();
    row.try_get("", "name").unwrap()
}

/// Leaves the writer's connection room for so many pages more; the next connection has no such limit.
async fn leave_room(app: &TestApp, pages: i64) {
    let writer = &app.app.store().sandbox.db.pools.writer;
    let count = Statement::from_string(writer.get_database_backend(), "PRAGMA page_count");
    let row = writer.query_one_raw(count).await.unwrap().unwrap();
    let count: i64 = row.try_get_by_index(0).unwrap();
    let limit = format!("PRAGMA max_page_count = {}", count + pages);
    writer.execute_unprepared(&limit).await.unwrap();
}

#[tokio::test]
async fn after_a_full_disk_what_is_answered_is_stored() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    app.may_leave_jobs();
    let (mut answered, mut refused) = (Vec::new(), 0);
    for pages in 0..40 {
        leave_room(&app, pages).await;
        // Ten domains of an order are some pages; the batch fails at another place each time.
        for number in 0..4 {
            let names: Vec<_> = (0..10)
                .map(|domain| format!("d{domain}-{number}-{pages}.com"))
                .collect();
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            let order = planned(&app.partner.id, &names);
            match app.app.store().sandbox.accept.submit(order).await {
                Ok(Accepted::New(receipt)) => answered.push(receipt.id),
                Err(StoreError::Unavailable(_)) => refused += 1,
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(refused >= 10, "the disk was full only {refused} times");
    app = app.restart().await;
    let mut kept = stored(&app.app.store().sandbox.db, &app.partner.id).await;
    kept.sort_unstable();
    answered.sort_unstable();
    assert_eq!(kept, answered);
    let sequences: Vec<_> = app
        .events()
        .await
        .iter()
        .map(|event| event.sequence)
        .collect();
    let expected: Vec<_> = (1..).take(answered.len()).collect();
    assert_eq!(sequences, expected);
    app.finish().await;
}

#[tokio::test]
async fn a_transaction_that_sqlite_ended_is_not_taken_for_committed() {
    let app = TestApp::start(Engine::Sqlite).await;
    let control = &app.app.store().control;
    let stored = async || {
        let count = Statement::from_string(control.reader.get_database_backend(), SETTINGS);
        let row = control.reader.query_one_raw(count).await.unwrap().unwrap();
        row.try_get::<i64>("", "n").unwrap()
    };

    // What SQLite does by itself on a full disk.
    let tx = control.begin().await.unwrap();
    tx.execute_unprepared("ROLLBACK").await.unwrap();
    assert!(tx.commit().await.is_err());

    // And while somebody goes away.
    let tx = control.begin().await.unwrap();
    tx.execute_unprepared("ROLLBACK").await.unwrap();
    drop(tx);

    // A commit that is answered well and commits nothing.
    let tx = control.begin().await.unwrap();
    tx.execute_unprepared("ROLLBACK; BEGIN").await.unwrap();
    let answer = tx.commit().await;
    assert!(
        matches!(answer, Err(StoreError::CommitUnproven)),
        "{answer:?}"
    );

    // None of it stays with the connection.
    assert_eq!(stored().await, 0);
    let tx = control.begin().await.unwrap();
    tx.execute_unprepared(INSERT).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(stored().await, 1);
    app.finish().await;
}

#[tokio::test]
async fn connections_that_were_cut_are_replaced() {
    let app = TestApp::start(Engine::Postgres).await;
    app.may_leave_jobs();
    let observer = app.another_server().await;
    let store = app.app.store();
    let mut accepted = Vec::new();
    for round in 0..5 {
        let order = |number: usize| {
            planned(
                &app.partner.id,
                &[format!("r{round}-{number}.com").as_str()],
            )
        };
        // Two requests at once, so that there are several connections to cut.
        let _ = tokio::join!(
            store.sandbox.accept.submit(order(0)),
            store.sandbox.accept.submit(order(1))
        );
        cut_connections(&observer.store().control).await;
        let mut number = 2;
        loop {
            match store.sandbox.accept.submit(order(number)).await {
                Ok(Accepted::New(receipt)) => break accepted.push(receipt.id),
                Err(StoreError::Unavailable(_)) => number += 1,
                other => panic!("{other:?}"),
            }
            assert!(number < TRIES, "no connection was replaced");
        }
    }
    let kept = stored(&observer.store().sandbox.db, &app.partner.id).await;
    assert!(
        accepted.iter().all(|id| kept.contains(id)),
        "{accepted:?} {kept:?}"
    );
    app.finish().await;
}

#[apply(on_both_engines!)]
async fn readiness_is_proven_by_a_commit(app: &TestApp) {
    let probe = async || peeker_app::readiness::check(&app.app).await;
    probe().await.unwrap();
    let pools = &app.app.store().live.db.pools;
    // Everything can still be read.
    if pools.is_sqlite() {
        pools
            .writer
            .execute_unprepared("PRAGMA query_only = 1")
            .await
            .unwrap();
    } else {
        let other = app.another_server().await;
        let read_only = format!(
            "ALTER DATABASE {} SET default_transaction_read_only = on",
            current_database(pools).await
        );
        pools.writer.execute_unprepared(&read_only).await.unwrap();
        // It holds for new connections.
        cut_connections(&other.store().control).await;
        for pools in [
            &app.app.store().control,
            &app.app.store().sandbox.db.pools,
            pools,
        ] {
            until_it_works(pools, "SELECT 1").await;
        }
    }
    let error = probe().await.unwrap_err();
    assert!(error.unavailable, "{}", error.chain());
}
