//! Thousands of operations on the money, many at once, a third of them killed at a random moment: afterwards every
//! wallet is the sum of its entries, and each order and each month was charged once.
//!
//! `PEEKER_TEST_OPERATIONS` sets how many; the suite runs some thousands.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use peeker_domain::id::{AccountId, DomainId, OrderId};
use peeker_domain::order::{Change, RegistrarAnswer};
use peeker_domain::{Cents, Environment, JobKind, LedgerAccount, LedgerReason, Timestamp};
use peeker_store::entity::{ledger_entries, orders};
use peeker_store::jobs::ClaimedJob;
use peeker_store::jobs::DomainJob;
use peeker_store::orders::accept::Accepted;
use peeker_store::orders::billing;
use peeker_store::orders::cancel;
use peeker_store::orders::progress::{Step, end_job};
use peeker_store::registrations;
use peeker_store::wallet::{self, Booked};
use peeker_store::{EnvironmentStore, StoreError, UnitOfWork};
use peeker_testkit::{EPOCH, TestApp, apply, claim_jobs, on_both_engines};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sea_orm::EntityTrait;
use tokio::task::JoinHandle;

use crate::orders::{accept_batch, made_at, planned};

const OPERATIONS: usize = 3_000;
const ACCOUNTS: usize = 6;
/// Operations that are under way at once.
const WAVE: usize = 24;
/// How far time moves from wave to wave.
const STEP_SECONDS: i64 = 40 * 60 * 60;
/// Longest life of an operation that is killed, in turns of the scheduler.
const MOST_TURNS: u32 = 3_000;

/// What the operations that came to their end were told. What was killed may have worked or not.
#[derive(Default)]
struct Told {
    orders: Vec<String>,
    payments: Vec<(String, i64)>,
}

enum Done {
    Order(String),
    Payment(String, i64),
    Else,
}

struct Run {
    app: peeker_app::App,
    accounts: Vec<AccountId>,
    random: StdRng,
    now: Timestamp,
    number: usize,
    claims: Arc<AtomicUsize>,
}

fn live(app: &peeker_app::App) -> &EnvironmentStore {
    app.store().environment(Environment::Live)
}

impl Run {
    fn account(&mut self) -> AccountId {
        let index = self.random.random_range(0..self.accounts.len());
        self.accounts[index].clone()
    }

    fn start(&mut self) -> JoinHandle<Done> {
        self.number += 1;
        let (app, account, now, number) = (self.app.clone(), self.account(), self.now, self.number);
        let amount = self.random.random_range(1..9_000);
        match self.random.random_range(0..20) {
            0..=3 => tokio::spawn(order(app, account, now, number)),
            4..=7 => tokio::spawn(payment(app, account, now, number, amount)),
            8 => tokio::spawn(refund(app, account, now, amount)),
            _ => {
                let claims = Arc::clone(&self.claims);
                tokio::spawn(due_work(app, now, claims))
            }
        }
    }

    /// Starts a wave, kills a third of it, and hears the rest.
    async fn wave(&mut self, told: &mut Told) {
        let mut tasks: Vec<_> = (0..WAVE).map(|_| self.start()).collect();
        for task in &mut tasks {
            if self.random.random_ratio(1, 3) {
                for _ in 0..self.random.random_range(0..MOST_TURNS) {
                    tokio::task::yield_now().await;
                }
                task.abort();
            }
        }
        for task in tasks {
            match task.await {
                Ok(Done::Order(id)) => told.orders.push(id),
                Ok(Done::Payment(reference, amount)) => told.payments.push((reference, amount)),
                Ok(Done::Else) => {}
                Err(killed) => assert!(killed.is_cancelled(), "{killed}"),
            }
        }
        self.now = self.now.plus_seconds(STEP_SECONDS);
    }
}

/// Half of the orders go through the lane, whose writes no caller can kill; the others are killed in the transaction.
async fn order(app: peeker_app::App, account: AccountId, now: Timestamp, number: usize) -> Done {
    let names = [
        format!("killed-{number}.com"),
        format!("killed-{number}.net"),
    ];
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut new = made_at(planned(&account, &names[..=number % 2]), now);
    new.id = OrderId::new(now);
    new.renews_at = now.plus_months(1);
    let accepted = if number.is_multiple_of(3) {
        live(&app).accept.submit(new).await
    } else {
        let batch = accept_batch(&live(&app).db, &[&new]).await;
        batch.map(|mut accepted| accepted.remove(0))
    };
    match accepted {
        Ok(Accepted::New(receipt)) => Done::Order(receipt.id),
        Ok(Accepted::Original(id)) => panic!("{id} is another order"),
        Err(StoreError::InsufficientFunds { .. }) => Done::Else,
        Err(error) => panic!("{error:?}"),
    }
}

/// Every payment may be told of twice.
async fn payment(
    app: peeker_app::App,
    account: AccountId,
    now: Timestamp,
    number: usize,
    amount: i64,
) -> Done {
    let reference = format!("payment-{number}");
    let db = &live(&app).db;
    for _ in 0..=number % 2 {
        let credited = wallet::credit(db, &account, Cents(amount), Some(&reference), now)
            .await
            .unwrap();
        if let Booked::Before { amount: booked, .. } = credited {
            assert_eq!(booked.0, amount);
        }
    }
    Done::Payment(reference, amount)
}

async fn refund(app: peeker_app::App, account: AccountId, now: Timestamp, amount: i64) -> Done {
    let mut work = UnitOfWork::begin(&live(&app).db, [&account]).await.unwrap();
    let order = OrderId::from_stored("ord_given_back".to_owned());
    work.refund(&account, Cents(amount), &order, now).unwrap();
    work.commit().await.unwrap();
    Done::Else
}

/// Claims some due jobs and runs them as a worker does. A lease that was lost to another worker is no failure.
async fn due_work(app: peeker_app::App, now: Timestamp, claims: Arc<AtomicUsize>) -> Done {
    let token = format!("worker-{}", claims.fetch_add(1, Ordering::Relaxed));
    let claimed = claim_jobs(&live(&app).db, now, now.plus_seconds(120), &token, 4).await;
    for job in claimed {
        match run_job(&app, &job, now).await {
            Ok(()) | Err(StoreError::LeaseLost) => {}
            Err(error) => panic!("{}: {error:?}", job.kind),
        }
    }
    Done::Else
}

async fn run_job(
    app: &peeker_app::App,
    job: &ClaimedJob,
    now: Timestamp,
) -> Result<(), StoreError> {
    let store = live(app);
    match job.kind {
        JobKind::Renew => billing::run(&store.db, job, false, now).await,
        JobKind::Cancel => cancel::carry_out(&store.db, job, now).await,
        JobKind::Expiry => registrations::look_after(&store.db, job, now).await,
        JobKind::Registration => {
            let domain = DomainId::from_stored(job.subject.clone());
            let year = registrations::paid_year(&store.db, &job.account, &domain).await?;
            let outcome = match year {
                Some(_) if job.lease.ends_with('7') => RegistrarAnswer::Refused,
                Some(year) => RegistrarAnswer::Renewed(year.current_end.plus_months(12)),
                None => RegistrarAnswer::Nothing,
            };
            registrations::record(&store.db, job, &outcome, now).await
        }
        _ => provision(store, job, now).await,
    }
}

/// What set-up and taking back do to the money: a purchase is recorded, what leaves is let go.
async fn provision(
    store: &EnvironmentStore,
    job: &ClaimedJob,
    now: Timestamp,
) -> Result<(), StoreError> {
    let job = DomainJob::of(job).unwrap();
    let Some(assignment) = store.assignments.ask(job.clone()).await? else {
        return end_job(&store.db, &job).await;
    };
    let change = if assignment.part.is_leaving(now) {
        Change::Released { redirect: None }
    } else {
        // Short registrations, so that many of them come to their end.
        let until = Some(now.plus_months(2));
        Change::Registered { until }
    };
    let step = Step {
        job: job.clone(),
        change,
        now,
    };
    store.progress.submit(step).await?;
    end_job(&store.db, &job).await
}

/// Every account's wallet is right, and every order and every month of it was charged once.
async fn verify(app: &peeker_app::App, told: &Told) {
    let db = &live(app).db;
    for audit in wallet::audit_unscoped(db, None).await.unwrap() {
        assert!(audit.is_right(), "{audit:?}");
    }
    let mut charged: HashMap<(OrderId, LedgerReason), Vec<i64>> = HashMap::new();
    let mut payments: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for entry in ledger_entries::Entity::find()
        .all(&db.pools.reader)
        .await
        .unwrap()
    {
        if entry.ledger_account != LedgerAccount::Wallet {
            continue;
        }
        if let Some(reference) = entry.reference {
            payments
                .entry(reference)
                .or_default()
                .push(entry.amount_cents.0);
        }
        if let Some(order) = entry.order_id {
            charged
                .entry((order, entry.reason))
                .or_default()
                .push(entry.amount_cents.0);
        }
    }
    assert!(payments.values().all(|booked| booked.len() == 1));
    for (reference, amount) in &told.payments {
        assert_eq!(payments.get(reference), Some(&vec![*amount]), "{reference}");
    }
    let stored = orders::Entity::find().all(&db.pools.reader).await.unwrap();
    let ids: std::collections::HashSet<&str> =
        stored.iter().map(|order| order.id.as_str()).collect();
    assert!(
        told.orders.iter().all(|id| ids.contains(id.as_str())),
        "an accepted order is lost"
    );
    for order in &stored {
        let of = |reason| charged.get(&(order.id.clone(), reason));
        assert_eq!(
            of(LedgerReason::Order).map(Vec::len),
            Some(1),
            "{}",
            order.id
        );
        let months = i64::from(order.months_paid) - 1;
        let renewals = of(LedgerReason::Renewal).map_or(0, Vec::len);
        // A registration may be paid between two months, so there may be more debits than months.
        let licenses = of(LedgerReason::Renewal)
            .into_iter()
            .flatten()
            .filter(|amount| *amount % 3_300 != 0);
        assert_eq!(
            i64::try_from(licenses.count()).unwrap(),
            months,
            "{} of {renewals}",
            order.id
        );
    }
}

async fn survive(app: &TestApp, seed: u64) {
    app.may_leave_jobs();
    let operations =
        std::env::var("PEEKER_TEST_OPERATIONS").map_or(OPERATIONS, |text| text.parse().unwrap());
    let mut run = Run {
        app: app.app.clone(),
        accounts: (0..ACCOUNTS).map(|_| AccountId::new(EPOCH)).collect(),
        random: StdRng::seed_from_u64(seed),
        now: EPOCH,
        number: 0,
        claims: Arc::default(),
    };
    let mut told = Told::default();
    let mut wave = 0;
    while run.number < operations {
        run.wave(&mut told).await;
        wave += 1;
        if wave % 100 == 0 {
            verify(&app.app, &told).await;
        }
    }
    // Nothing is under way any more; a killed transaction has let go by now or does so before the next one.
    verify(&app.app, &told).await;
    let ledger = ledger_entries::Entity::find()
        .all(&live(&app.app).db.pools.reader)
        .await
        .unwrap();
    let of = |reason| {
        ledger
            .iter()
            .filter(|entry| entry.reason == reason && entry.ledger_account == LedgerAccount::Wallet)
            .count()
    };
    let booked = [
        LedgerReason::Order,
        LedgerReason::Credit,
        LedgerReason::Renewal,
        LedgerReason::Refund,
    ]
    .map(of);
    println!(
        "{operations} operations; orders, payments, renewals, refunds in the ledger: {booked:?}"
    );
    assert!(
        booked.iter().all(|count| *count > operations / 300),
        "too little happened: {booked:?}"
    );
}

#[apply(on_both_engines!)]
async fn money_adds_up_however_many_operations_are_killed(app: &TestApp) {
    survive(app, 7).await;
}
