//! Events of an account are numbered without a gap, whoever writes at the same time.

use peeker_domain::id::AccountId;
use peeker_domain::{Environment, EventType};
use peeker_store::{EnvironmentDb, UnitOfWork, events};
use peeker_testkit::{EPOCH, TestApp, apply, on_both_engines};
use serde_json::json;

use crate::orders::{hand_in, planned};

async fn emit(db: &EnvironmentDb, accounts: &[&AccountId], commits: bool) {
    let mut work = UnitOfWork::begin(db, accounts.iter().copied())
        .await
        .unwrap();
    for account in accounts {
        work.emit(account, EventType::SwapCreated, None, &json!({}), EPOCH)
            .unwrap();
    }
    if commits {
        work.commit().await.unwrap();
    }
}

#[apply(on_both_engines!)]
async fn numbers_have_no_gap_under_concurrency(app: &TestApp) {
    app.may_leave_jobs();
    let second = app.another_server().await;
    let (account, other) = (&app.partner.id, AccountId::new(EPOCH));
    let orders: Vec<_> = (0..40)
        .map(|index| {
            let server = if index % 2 == 0 { &app.app } else { &second };
            hand_in(
                server,
                Environment::Test,
                planned(account, &[&format!("name-{index}.com")]),
            )
        })
        .collect();
    // Meanwhile others write to the same account, some give up, some lock two accounts in the other order.
    for round in 0..10 {
        let (here, there) = (&app.app.store().sandbox.db, &second.store().sandbox.db);
        emit(here, &[account], round % 3 != 0).await;
        emit(there, &[&other, account], true).await;
    }
    for order in orders {
        order.await.unwrap().unwrap();
    }
    let db = &app.app.store().sandbox.db;
    let recorded = events::list_after(db, account, 0, 1_000).await.unwrap();
    let sequences: Vec<i64> = recorded.iter().map(|event| event.sequence).collect();
    assert_eq!(sequences, (1..=40 + 6 + 10).collect::<Vec<i64>>());
    for event in &recorded {
        let body: serde_json::Value = serde_json::from_str(&event.body).unwrap();
        assert_eq!(
            (body["sequence"].as_i64(), body["id"].as_str()),
            (Some(event.sequence), Some(event.id.as_str()))
        );
    }
    let theirs = events::list_after(db, &other, 0, 1_000).await.unwrap();
    assert_eq!(
        theirs
            .iter()
            .map(|event| event.sequence)
            .collect::<Vec<_>>(),
        (1..=10).collect::<Vec<i64>>()
    );
    let rest = events::list_after(db, account, 50, 3).await.unwrap();
    assert_eq!(
        rest.iter().map(|event| event.sequence).collect::<Vec<_>>(),
        [51, 52, 53]
    );
}

#[apply(on_both_engines!)]
async fn a_work_that_is_dropped_leaves_nothing(app: &TestApp) {
    let before = app.row_counts(Environment::Test).await;
    emit(&app.app.store().sandbox.db, &[&app.partner.id], false).await;
    assert_eq!(app.row_counts(Environment::Test).await, before);
    emit(&app.app.store().sandbox.db, &[&app.partner.id], true).await;
    assert_eq!(app.events().await[0].sequence, 1);
}
