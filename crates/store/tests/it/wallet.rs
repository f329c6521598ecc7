//! The live wallet: payments that are booked once, orders and renewals that it pays for or not, and the audit that
//! computes it anew.

use peeker_domain::id::{AccountId, OrderId};
use peeker_domain::{Cents, JobKind, LedgerReason, Timestamp};
use peeker_store::jobs::ClaimedJob;
use peeker_store::orders::billing;
use peeker_store::paging::PageRequest;
use peeker_store::wallet::{self, Audit, Booked, Booking};
use peeker_store::{EnvironmentDb, StoreError, UnitOfWork, orders as order_rows};
use peeker_testkit::{EPOCH, TestApp, apply, claim_jobs, on_both_engines};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sea_orm::ConnectionTrait;

use crate::orders::{DAY, hand_in, planned};

/// What a planned order of one domain costs: two Google licenses and a registration.
const ONE_DOMAIN: Cents = Cents(2 * 100 + 3_300);

fn live(app: &TestApp) -> &EnvironmentDb {
    &app.app.store().live.db
}

async fn credit(app: &TestApp, amount: i64, reference: Option<&str>) -> Booked {
    wallet::credit(live(app), &app.partner.id, Cents(amount), reference, EPOCH)
        .await
        .unwrap()
}

async fn balance(app: &TestApp) -> i64 {
    wallet::balance(live(app), &app.partner.id).await.unwrap().0
}

/// The account's audit; fails when there is none.
pub async fn audit(db: &EnvironmentDb, account: &AccountId) -> Audit {
    let found = wallet::audit_unscoped(db, Some(account)).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    found.into_iter().next().unwrap()
}

async fn claim(app: &TestApp, now: Timestamp) -> Vec<ClaimedJob> {
    let token = format!("lease-{}", now.as_millis());
    let until = now.plus_seconds(120);
    let mut claimed = claim_jobs(live(app), now, until, &token, 100).await;
    claimed.retain(|job| job.kind == JobKind::Renew);
    claimed
}

async fn history(app: &TestApp, order: &str) -> Vec<String> {
    let id = order.parse().unwrap();
    let page = PageRequest {
        after: None,
        per_page: 100,
    };
    let slice = order_rows::history(live(app), &app.partner.id, &id, &page).await;
    let mut kinds: Vec<String> = slice
        .unwrap()
        .unwrap()
        .rows
        .into_iter()
        .map(|entry| entry.kind)
        .collect();
    kinds.reverse();
    kinds
}

#[apply(on_both_engines!)]
async fn a_payment_is_booked_once_for_its_reference(app: &TestApp) {
    assert_eq!(credit(app, 5_000, Some("bank 1")).await, Booked::New);
    assert_eq!(
        credit(app, 5_000, Some("bank 1")).await,
        Booked::Before {
            amount: Cents(5_000),
            reason: LedgerReason::Credit,
            at: EPOCH
        }
    );
    assert_eq!(credit(app, 5_000, Some("bank 2")).await, Booked::New);
    assert_eq!(credit(app, 5_000, None).await, Booked::New);
    assert_eq!(credit(app, 5_000, None).await, Booked::New);
    assert_eq!(balance(app).await, 20_000);
    let other = AccountId::new(EPOCH);
    let elsewhere = wallet::credit(live(app), &other, Cents(7), Some("bank 1"), EPOCH)
        .await
        .unwrap();
    assert_eq!(elsewhere, Booked::New, "a reference is an account's own");
    assert!(audit(live(app), &app.partner.id).await.is_right());
    assert_eq!(audit(live(app), &app.partner.id).await.transactions, 4);
}

#[apply(on_both_engines!)]
async fn of_equal_payments_at_once_on_two_servers_one_is_booked(app: &TestApp) {
    let second = app.another_server().await;
    let calls = (0..40).map(|index| {
        let server = if index % 2 == 0 {
            app.app.clone()
        } else {
            second.clone()
        };
        let account = app.partner.id.clone();
        tokio::spawn(async move {
            let db = &server.store().live.db;
            wallet::credit(db, &account, Cents(900), Some("once"), EPOCH)
                .await
                .unwrap()
        })
    });
    let calls: Vec<_> = calls.collect();
    let mut new = 0;
    for call in calls {
        new += usize::from(call.await.unwrap() == Booked::New);
    }
    assert_eq!((new, balance(app).await), (1, 900));
}

#[apply(on_both_engines!)]
async fn five_hundred_orders_at_once_get_what_the_wallet_pays_for(app: &TestApp) {
    app.may_leave_jobs();
    let second = app.another_server().await;
    credit(app, 100 * ONE_DOMAIN.0 + ONE_DOMAIN.0 - 1, None).await;
    let calls = (0..500).map(|index| {
        let server = if index % 2 == 0 { &app.app } else { &second };
        hand_in(
            server,
            peeker_domain::Environment::Live,
            planned(&app.partner.id, &[&format!("many-{index}.com")]),
        )
    });
    let calls: Vec<_> = calls.collect();
    let (mut accepted, mut refused) = (0, 0);
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => accepted += 1,
            Err(StoreError::InsufficientFunds {
                required: ONE_DOMAIN,
                balance,
            }) => {
                assert!(
                    balance >= Cents::ZERO && balance < ONE_DOMAIN || accepted < 100,
                    "{balance:?}"
                );
                refused += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((accepted, refused), (100, 400));
    assert_eq!(balance(app).await, ONE_DOMAIN.0 - 1);
    let audit = audit(live(app), &app.partner.id).await;
    assert!(audit.is_right() && audit.transactions == 101, "{audit:?}");
}

#[apply(on_both_engines!)]
async fn a_live_renewal_waits_for_money_and_takes_it_when_it_is_there(app: &TestApp) {
    app.may_leave_jobs();
    credit(app, ONE_DOMAIN.0 + 150, None).await;
    let order = planned(&app.partner.id, &["waits.com"]);
    app.app
        .store()
        .live
        .accept
        .submit(order.clone())
        .await
        .unwrap();
    let due = EPOCH.plus_months(1);
    for day in 0..3 {
        let now = due.plus_seconds(day * DAY);
        let claimed = claim(app, now).await;
        assert_eq!(claimed.len(), 1, "on day {day}");
        billing::run(live(app), &claimed[0], false, now)
            .await
            .unwrap();
        assert_eq!(balance(app).await, 150, "nothing is taken in part");
        assert!(claim(app, now.plus_seconds(DAY - 1)).await.is_empty());
    }
    credit(app, 49, None).await;
    let now = due.plus_seconds(3 * DAY);
    billing::run(live(app), &claim(app, now).await[0], false, now)
        .await
        .unwrap();
    assert_eq!(balance(app).await, 199, "one cent is missing");
    credit(app, 1, None).await;
    let now = due.plus_seconds(4 * DAY);
    billing::run(live(app), &claim(app, now).await[0], false, now)
        .await
        .unwrap();
    assert_eq!(balance(app).await, 0);
    let mut expected = vec!["order.in_progress"];
    expected.extend(["order.renewal_failed"; 4]);
    expected.push("order.renewed");
    assert_eq!(history(app, order.id.as_str()).await, expected);
    assert!(audit(live(app), &app.partner.id).await.is_right());
}

#[apply(on_both_engines!)]
async fn the_wallet_is_the_sum_of_whatever_happened_to_it(app: &TestApp) {
    for seed in 0..8 {
        sequence(app, seed).await;
    }
}

#[apply(on_both_engines!)]
async fn transactions_are_paged_newest_first(app: &TestApp) {
    for number in 1..=7 {
        credit(app, number, None).await;
    }
    let mut seen = Vec::new();
    let mut page = PageRequest {
        after: None,
        per_page: 3,
    };
    loop {
        let slice = wallet::transactions(live(app), &app.partner.id, &page)
            .await
            .unwrap();
        seen.extend(slice.rows.into_iter().map(|row| row.amount_cents.0));
        let Some(next) = slice.next else { break };
        page.after = Some(next);
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
}

#[apply(on_both_engines!)]
async fn the_audit_finds_what_does_not_add_up(app: &TestApp) {
    credit(app, 5_000, Some("bank")).await;
    let writer = &live(app).pools.writer;
    let account = app.partner.id.as_str();
    let run = |sql: String| async move { writer.execute_unprepared(&sql).await.unwrap() };
    assert!(audit(live(app), &app.partner.id).await.is_right());
    run(format!(
        "UPDATE accounts SET balance_cents = 5001 WHERE account_id = '{account}'"
    ))
    .await;
    let found = audit(live(app), &app.partner.id).await;
    assert!(!found.is_right());
    assert_eq!(
        (found.balance_cents, found.booked_cents),
        (Cents(5_001), Cents(5_000))
    );
    run(format!(
        "UPDATE accounts SET balance_cents = 5000 WHERE account_id = '{account}'"
    ))
    .await;
    run(format!("UPDATE ledger_entries SET amount_cents = -4999 WHERE account_id = '{account}' AND ledger_account = 'funding'")).await;
    let found = audit(live(app), &app.partner.id).await;
    assert_eq!((found.is_right(), found.unbalanced), (false, 1));
    run("DELETE FROM accounts".to_owned()).await;
    let found = audit(live(app), &app.partner.id).await;
    assert_eq!(
        (found.is_right(), found.balance_cents, found.booked_cents),
        (false, Cents::ZERO, Cents(5_000)),
        "entries without an account"
    );
    assert_eq!(
        wallet::audit_unscoped(live(app), None).await.unwrap(),
        [found]
    );
}

/// Random debits, refunds and payments of one new account, several in one unit of work, some of them given up: after
/// each the wallet is what a plain sum says.
async fn sequence(app: &TestApp, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let account = AccountId::new(EPOCH);
    wallet::credit(live(app), &account, Cents(500), None, EPOCH)
        .await
        .unwrap();
    let order = OrderId::from_stored("ord_1".to_owned());
    let mut expected = 500;
    for step in 0..60 {
        let mut work = UnitOfWork::begin(live(app), [&account]).await.unwrap();
        let mut after: i64 = expected;
        for _ in 0..random.random_range(1..4) {
            let amount = random.random_range(0..2_000);
            match random.random_range(0..3) {
                0 => {
                    let paid =
                        work.debit(&account, Cents(amount), LedgerReason::Order, &order, EPOCH);
                    assert_eq!(paid.is_ok(), amount <= after, "seed {seed} step {step}");
                    after -= if paid.is_ok() { amount } else { 0 };
                }
                1 => {
                    work.refund(&account, Cents(amount), &order, EPOCH).unwrap();
                    after += amount;
                }
                _ => {
                    let reference = format!("{seed}-{step}-{amount}");
                    work.book(
                        &account,
                        &Booking::payment(Cents(amount), Some(&reference)),
                        EPOCH,
                    )
                    .unwrap();
                    after += amount;
                }
            }
        }
        if random.random_ratio(4, 5) && work.commit().await.is_ok() {
            expected = after;
        }
        let found = audit(live(app), &account).await;
        assert!(found.is_right(), "seed {seed} step {step}: {found:?}");
        assert_eq!(found.balance_cents.0, expected, "seed {seed} step {step}");
    }
}
