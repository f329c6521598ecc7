//! What the sandbox's rows say, for tests that check it after the dust has settled.

use std::collections::{BTreeMap, BTreeSet};

use peeker_app::{App, runner};
use peeker_domain::id::OrderId;
use peeker_domain::{Cents, Environment, JobKind, JobState, LedgerAccount, Timestamp};
use peeker_store::Connections;
use peeker_store::entity::{
    accounts, domains, inboxes, jobs, ledger_entries, order_domains, orders, simulated_records,
};
use peeker_store::wallet;
use peeker_testkit::TestApp;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use serde_json::Value;

fn db(app: &TestApp) -> &Connections {
    &app.app.store().sandbox.db.pools.reader
}

/// When the next job is due; not the timers that every order and registration has.
async fn next_due(app: &TestApp) -> Option<Timestamp> {
    let due: Option<Option<Timestamp>> = jobs::Entity::find()
        .select_only()
        .column_as(jobs::Column::RunAt.min(), "due")
        .filter(jobs::Column::State.eq(JobState::Ready))
        .filter(jobs::Column::Kind.is_not_in([JobKind::Renew, JobKind::Expiry]))
        .into_tuple()
        .one(db(app))
        .await
        .unwrap();
    due.flatten()
}

/// Runs what is due on `server` and moves the clock on to what is due next, until no job is left but the timers that
/// every order and registration has.
pub async fn settle(app: &TestApp, server: &App) {
    for _ in 0..200 {
        runner::run_until_idle(server, Environment::Test)
            .await
            .unwrap();
        let Some(next) = next_due(app).await else {
            return;
        };
        let wait = next.millis_since(app.now());
        app.advance_seconds(wait / 1_000 + 1);
    }
    panic!("some jobs never come to an end");
}

/// As after a restart: ends the leases of who was killed, and runs what is due.
pub async fn settle_now(app: &TestApp) {
    runner::end_all_leases(&app.app).await.unwrap();
    app.run_until_idle().await;
}

/// Each transaction adds up to zero; each wallet is the sum of its entries and not below zero.
pub async fn assert_balanced(app: &TestApp) {
    let mut transactions: BTreeMap<_, Cents> = BTreeMap::new();
    let mut wallets: BTreeMap<_, Cents> = BTreeMap::new();
    for entry in ledger_entries::Entity::find().all(db(app)).await.unwrap() {
        *transactions.entry(entry.transaction_id).or_default() += entry.amount_cents;
        if entry.ledger_account == LedgerAccount::Wallet {
            *wallets.entry(entry.account_id).or_default() += entry.amount_cents;
        }
    }
    assert!(
        transactions.values().all(|sum| *sum == Cents::ZERO),
        "{transactions:?}"
    );
    for account in accounts::Entity::find().all(db(app)).await.unwrap() {
        let booked = wallets.remove(&account.account_id).unwrap_or_default();
        assert_eq!(account.balance_cents, booked, "{}", account.account_id);
        assert!(
            account.balance_cents >= Cents::ZERO,
            "{}",
            account.account_id
        );
    }
    assert!(wallets.is_empty(), "entries without an account");
}

/// What the wallet paid for an order, less what it got back.
pub async fn paid(app: &TestApp, order: &str) -> Cents {
    let db = &app.app.store().sandbox.db;
    let order = order.parse().unwrap();
    let entries = wallet::entries_of_order(db, &app.partner.id, &order)
        .await
        .unwrap();
    -entries.into_iter().map(|(_, amount)| amount).sum::<Cents>()
}

/// What a simulated provider remembers under a kind and a name.
pub async fn simulated(app: &TestApp, kind: &str, name: &str) -> Option<Value> {
    let row = simulated_records::Entity::find()
        .filter(simulated_records::Column::AccountId.eq(app.partner.id.as_str()))
        .filter(simulated_records::Column::Kind.eq(kind))
        .filter(simulated_records::Column::Name.eq(name))
        .one(db(app))
        .await
        .unwrap();
    row.map(|row| serde_json::from_str(&row.document).unwrap())
}

/// The addresses at the simulated mail provider, on one domain.
pub async fn simulated_inboxes(app: &TestApp, provider: &str, domain: &str) -> BTreeSet<String> {
    match simulated(app, "inboxes", &format!("{provider}:{domain}")).await {
        Some(addresses) => serde_json::from_value(addresses).unwrap(),
        None => BTreeSet::new(),
    }
}

pub async fn order(app: &TestApp, id: &str) -> orders::Model {
    let key = (app.partner.id.clone(), id.parse::<OrderId>().unwrap());
    orders::Entity::find_by_id(key)
        .one(db(app))
        .await
        .unwrap()
        .unwrap()
}

/// The places of an order's domains, in order.
pub async fn places(app: &TestApp, order: &str) -> Vec<order_domains::Model> {
    let mut rows = order_domains::Entity::find()
        .filter(order_domains::Column::AccountId.eq(app.partner.id.as_str()))
        .filter(order_domains::Column::OrderId.eq(order))
        .all(db(app))
        .await
        .unwrap();
    rows.sort_by_key(|row| row.position);
    rows
}

pub async fn domain(app: &TestApp, name: &str) -> domains::Model {
    domains::Entity::find()
        .filter(domains::Column::AccountId.eq(app.partner.id.as_str()))
        .filter(domains::Column::Name.eq(name))
        .one(db(app))
        .await
        .unwrap()
        .unwrap()
}

/// The addresses of an order's inboxes in one status. None is there twice.
pub async fn inboxes_of(app: &TestApp, order: &str, status: &str) -> BTreeSet<String> {
    let rows = inboxes::Entity::find()
        .filter(inboxes::Column::AccountId.eq(app.partner.id.as_str()))
        .filter(inboxes::Column::OrderId.eq(order))
        .filter(inboxes::Column::Status.eq(status))
        .all(db(app))
        .await
        .unwrap();
    let count = rows.len();
    let addresses: BTreeSet<String> = rows.into_iter().map(|row| row.email).collect();
    assert_eq!(addresses.len(), count, "an address is there twice");
    addresses
}

/// The types of the events about an order and its domains, in sequence, and that the sequence has no gap.
pub async fn events_about(app: &TestApp, order: &str) -> Vec<String> {
    let events = app.events().await;
    let sequences: Vec<i64> = events.iter().map(|event| event.sequence).collect();
    let last = i64::try_from(sequences.len()).unwrap();
    assert_eq!(sequences, (1..=last).collect::<Vec<_>>());
    let about = events.into_iter().filter(|event| {
        let body: Value = serde_json::from_str(&event.body).unwrap();
        let data = &body["data"];
        data["id"] == order || data["order_id"] == order
    });
    about.map(|event| event.kind.to_string()).collect()
}
