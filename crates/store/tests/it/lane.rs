//! The order write lane: one order per fingerprint, one order per domain, and only the guilty one is refused.

use peeker_domain::Environment;
use peeker_domain::order::NewOrder;
use peeker_store::StoreError;
use peeker_store::orders::accept::Accepted;
use peeker_testkit::{EPOCH, TestApp, apply, on_both_engines};

use crate::orders::{
    DAY, accept_batch, block, hand_in, made_at, planned, settle, stored, submit_as_one_batch,
};

const TEST: Environment = Environment::Test;

fn is_new(answer: &peeker_store::Result<Accepted>, order: &NewOrder) -> bool {
    matches!(answer, Ok(Accepted::New(receipt)) if receipt.id == order.id.as_str())
}

fn is_original(answer: &peeker_store::Result<Accepted>, order: &NewOrder) -> bool {
    matches!(answer, Ok(Accepted::Original(id)) if *id == order.id)
}

async fn sandbox_orders(app: &TestApp) -> Vec<String> {
    stored(&app.app.store().sandbox.db, &app.partner.id).await
}

#[apply(on_both_engines!)]
async fn equal_orders_in_one_batch_are_one_order(app: &TestApp) {
    app.may_leave_jobs();
    let db = &app.app.store().sandbox.db;
    let first = planned(&app.partner.id, &["one.com", "two.com"]);
    let again = planned(&app.partner.id, &["one.com", "two.com"]);
    let other = planned(&app.partner.id, &["three.com"]);
    let answers = accept_batch(db, &[&first, &again, &other]).await.unwrap();
    let answers: Vec<_> = answers.into_iter().map(Ok).collect();
    assert!(is_new(&answers[0], &first), "{answers:?}");
    assert!(is_original(&answers[1], &first), "{answers:?}");
    assert!(is_new(&answers[2], &other), "{answers:?}");
    assert_eq!(
        sandbox_orders(app).await,
        [first.id.as_str(), other.id.as_str()]
    );
    assert_eq!(
        app.event_types().await,
        ["order.in_progress", "order.in_progress"]
    );

    let later = planned(&app.partner.id, &["one.com", "two.com"]);
    let answer = Ok(accept_batch(db, &[&later]).await.unwrap().remove(0));
    assert!(
        is_original(&answer, &first),
        "a later batch finds the same original: {answer:?}"
    );
    assert_eq!(app.events().await.len(), 2);
}

#[apply(on_both_engines!)]
async fn equal_orders_of_two_accounts_are_two_orders(app: &TestApp) {
    app.may_leave_jobs();
    let other = peeker_domain::id::AccountId::new(EPOCH);
    let ours = planned(&app.partner.id, &["one.com"]);
    let theirs = planned(&other, &["one.com"]);
    let db = &app.app.store().sandbox.db;
    let answers = accept_batch(db, &[&ours, &theirs]).await.unwrap();
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Accepted::New(_))),
        "{answers:?}"
    );
    assert_eq!(stored(db, &other).await, [theirs.id.as_str()]);
}

#[apply(on_both_engines!)]
async fn a_lapsed_fingerprint_makes_a_new_order(app: &TestApp) {
    app.may_leave_jobs();
    let lane = &app.app.store().sandbox.accept;
    let first = planned(&app.partner.id, &["one.com"]);
    lane.submit(first.clone()).await.unwrap();
    let in_time = made_at(
        planned(&app.partner.id, &["one.com"]),
        EPOCH.plus_seconds(DAY - 1),
    );
    assert!(is_original(&lane.submit(in_time).await, &first));
    let mut late = made_at(
        planned(&app.partner.id, &["one.com"]),
        EPOCH.plus_seconds(DAY),
    );
    let answer = lane.submit(late.clone()).await;
    assert!(
        matches!(answer, Err(StoreError::DomainsTaken(_))),
        "the first order still holds the domain: {answer:?}"
    );
    late.domains[0].name = peeker_domain::DomainName::parse("elsewhere.com").unwrap();
    let answer = lane.submit(late.clone()).await;
    assert!(is_new(&answer, &late), "{answer:?}");
}

#[apply(on_both_engines!)]
async fn of_two_orders_that_want_one_domain_the_first_gets_it(app: &TestApp) {
    app.may_leave_jobs();
    let account = &app.partner.id;
    let innocent = planned(account, &["alone.com"]);
    let winner = planned(account, &["wanted.com", "won.com"]);
    let guilty = planned(account, &["lost.com", "wanted.com"]);
    let after = planned(account, &["after.com"]);
    let orders = vec![
        innocent.clone(),
        winner.clone(),
        guilty.clone(),
        after.clone(),
    ];
    let answers =
        submit_as_one_batch(&app.app, TEST, planned(account, &["plug.com"]), orders).await;
    assert!(is_new(&answers[0], &innocent), "{answers:?}");
    assert!(is_new(&answers[1], &winner), "{answers:?}");
    assert!(
        matches!(&answers[2], Err(StoreError::DomainsTaken(names)) if names == &["wanted.com"]),
        "{answers:?}"
    );
    assert!(is_new(&answers[3], &after), "{answers:?}");
    let stored = sandbox_orders(app).await;
    assert_eq!(stored.len(), 4, "with the plug");
    assert!(!stored.contains(&guilty.id.to_string()));
    let sequences: Vec<i64> = app
        .events()
        .await
        .iter()
        .map(|event| event.sequence)
        .collect();
    assert_eq!(sequences, [1, 2, 3, 4], "the refused order took no number");

    // Its other domain is still free, and so is its fingerprint.
    let again = planned(account, &["lost.com", "wanted.com"]);
    let answer = app.app.store().sandbox.accept.submit(again).await;
    assert!(
        matches!(answer, Err(StoreError::DomainsTaken(_))),
        "{answer:?}"
    );
    let free = planned(account, &["lost.com"]);
    assert!(is_new(
        &app.app.store().sandbox.accept.submit(free.clone()).await,
        &free
    ));
}

#[apply(on_both_engines!)]
async fn an_order_whose_caller_went_away_is_still_written(app: &TestApp) {
    app.may_leave_jobs();
    let account = &app.partner.id;
    let work = block(&app.app, TEST, planned(account, &["plug.com"])).await;
    let abandoned = planned(account, &["abandoned.com"]);
    let caller = hand_in(&app.app, TEST, abandoned.clone());
    settle().await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    work.commit().await.unwrap();
    // The lane of an account keeps the order of arrival: when this one is answered, the abandoned one is written.
    app.app
        .store()
        .sandbox
        .accept
        .submit(planned(account, &["after.com"]))
        .await
        .unwrap();
    assert!(
        sandbox_orders(app)
            .await
            .contains(&abandoned.id.to_string())
    );
    assert_eq!(app.events().await.len(), 3);
    let again = planned(account, &["abandoned.com"]);
    assert!(is_original(
        &app.app.store().sandbox.accept.submit(again).await,
        &abandoned
    ));
}

#[apply(on_both_engines!)]
async fn many_equal_orders_at_once_on_two_servers_are_one(app: &TestApp) {
    app.may_leave_jobs();
    let second = app.another_server().await;
    let before = app.row_counts(TEST).await;
    let calls = (0..100).map(|index| {
        let server = if index % 2 == 0 { &app.app } else { &second };
        hand_in(
            server,
            TEST,
            planned(&app.partner.id, &["one.com", "two.com"]),
        )
    });
    let calls: Vec<_> = calls.collect();
    let (mut new, mut original) = (Vec::new(), Vec::new());
    for call in calls {
        match call.await.unwrap().unwrap() {
            Accepted::New(receipt) => new.push(receipt.id),
            Accepted::Original(id) => original.push(id.to_string()),
        }
    }
    assert_eq!((new.len(), original.len()), (1, 99));
    assert!(original.iter().all(|id| *id == new[0]));
    let after = app.row_counts(TEST).await;
    for (table, rows) in [
        ("orders", 1),
        ("events", 1),
        ("deliveries", 1),
        ("domains", 2),
        ("order_domains", 2),
        ("jobs", 3),
        ("users", 1),
    ] {
        assert_eq!(after[table] - before[table], rows, "{table}");
    }
}
