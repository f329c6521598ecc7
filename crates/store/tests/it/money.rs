//! Money in the acceptance transaction: never below zero, always explained by the ledger.

use peeker_domain::id::OrderId;
use peeker_domain::{Cents, Environment, LedgerReason};
use peeker_store::orders::accept::Accepted;
use peeker_store::{StoreError, UnitOfWork, wallet};
use peeker_testkit::{EPOCH, TestApp, apply, on_both_engines};

use crate::orders::{planned, submit_as_one_batch};

const LIVE: Environment = Environment::Live;
/// What a planned order of one domain costs: two Google licenses and a registration.
const ONE_DOMAIN: Cents = Cents(2 * 100 + 3_300);

async fn top_up(app: &TestApp, amount: Cents) {
    let mut work = UnitOfWork::begin(&app.app.store().live.db, [&app.partner.id])
        .await
        .unwrap();
    let order = OrderId::from_stored("ord_top_up".to_owned());
    work.refund(&app.partner.id, amount, &order, EPOCH).unwrap();
    work.commit().await.unwrap();
}

async fn balance(app: &TestApp) -> Cents {
    wallet::balance(&app.app.store().live.db, &app.partner.id)
        .await
        .unwrap()
}

#[apply(on_both_engines!)]
async fn an_order_that_cannot_be_paid_writes_nothing(app: &TestApp) {
    let before = app.row_counts(LIVE).await;
    let order = planned(&app.partner.id, &["one.com"]);
    let answer = app.app.store().live.accept.submit(order).await;
    assert!(
        matches!(
            answer,
            Err(StoreError::InsufficientFunds {
                required: ONE_DOMAIN,
                balance: Cents::ZERO
            })
        ),
        "{answer:?}"
    );
    assert_eq!(app.row_counts(LIVE).await, before);
    assert!(
        before
            .values()
            .all(|rows| *rows == 0 || before["schema_migrations"] == *rows)
    );
}

#[apply(on_both_engines!)]
async fn one_cent_short_is_short_and_the_exact_amount_is_enough(app: &TestApp) {
    app.may_leave_jobs();
    top_up(app, ONE_DOMAIN - Cents(1)).await;
    let lane = &app.app.store().live.accept;
    let answer = lane.submit(planned(&app.partner.id, &["one.com"])).await;
    assert!(
        matches!(answer, Err(StoreError::InsufficientFunds { .. })),
        "{answer:?}"
    );
    assert_eq!(balance(app).await, ONE_DOMAIN - Cents(1));
    top_up(app, Cents(1)).await;
    let order = planned(&app.partner.id, &["one.com"]);
    lane.submit(order.clone()).await.unwrap();
    assert_eq!(balance(app).await, Cents::ZERO);
    let entries = wallet::entries_of_order(&app.app.store().live.db, &app.partner.id, &order.id)
        .await
        .unwrap();
    assert_eq!(entries, [(LedgerReason::Order, -ONE_DOMAIN)]);
}

#[apply(on_both_engines!)]
async fn orders_of_one_batch_share_the_wallet(app: &TestApp) {
    app.may_leave_jobs();
    let account = &app.partner.id;
    // The plug, two of the three orders, and not quite the third.
    top_up(app, ONE_DOMAIN * 4 - Cents(1)).await;
    let orders = ["one.com", "two.com", "three.com"].map(|name| planned(account, &[name]));
    let answers = submit_as_one_batch(
        &app.app,
        LIVE,
        planned(account, &["plug.com"]),
        orders.to_vec(),
    )
    .await;
    assert!(matches!(answers[0], Ok(Accepted::New(_))), "{answers:?}");
    assert!(matches!(answers[1], Ok(Accepted::New(_))), "{answers:?}");
    let Err(StoreError::InsufficientFunds {
        required,
        balance: left,
    }) = answers[2]
    else {
        panic!("the third cannot be paid: {answers:?}");
    };
    assert_eq!((required, left), (ONE_DOMAIN, ONE_DOMAIN - Cents(1)));
    assert_eq!(balance(app).await, ONE_DOMAIN - Cents(1));
}

#[apply(on_both_engines!)]
async fn the_sandbox_wallet_never_runs_out(app: &TestApp) {
    app.may_leave_jobs();
    let mut order = planned(&app.partner.id, &["one.com"]);
    order.domains[0].price = Cents(5_000_000_000);
    app.app.store().sandbox.accept.submit(order).await.unwrap();
    let left = wallet::balance(&app.app.store().sandbox.db, &app.partner.id)
        .await
        .unwrap();
    assert!(left >= Cents::ZERO, "{left:?}");
}
