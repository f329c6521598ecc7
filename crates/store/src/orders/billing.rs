//! Renewals: the facts that `peeker_domain::order::renew` decides on, and what it decides, in one transaction under the
//! account's lock and the job's lease.

use peeker_domain::Timestamp;
use peeker_domain::id::OrderId;
use peeker_domain::order::{self, Order, Renewal, RenewalFacts};
use peeker_domain::wallet::Wallet;

use crate::aggregate::effects;
use crate::aggregate::read;
use crate::aggregate::write::{write_domains, write_order, write_order_domains};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::jobs::{ClaimedJob, finish, run_again};
use crate::unit_of_work::UnitOfWork;

/// Charges what is due of an order, one period, and says when the job runs next. An order that has ended or is to be
/// cancelled has no renewal: its job ends. With `simulate_empty_wallet` the wallet is found empty, whatever it holds.
/// Errors: [`crate::StoreError::LeaseLost`]; nothing has changed then.
pub async fn run(
    db: &EnvironmentDb,
    job: &ClaimedJob,
    simulate_empty_wallet: bool,
    now: Timestamp,
) -> Result<()> {
    let mut work = UnitOfWork::begin(db, [&job.account]).await?;
    let facts = facts(&mut work, job, simulate_empty_wallet).await?;
    let renewal = match facts {
        Some(facts) => order::renew(facts, now)?,
        None => None,
    };
    let next = match renewal {
        Some(renewal) => write(&mut work, job, renewal, now).await?,
        None => None,
    };
    match next {
        Some(next) => run_again(&work, job, next).await?,
        None => finish(&work, job).await?,
    }
    work.commit().await
}

async fn facts(
    work: &mut UnitOfWork<'_>,
    job: &ClaimedJob,
    simulate_empty_wallet: bool,
) -> Result<Option<RenewalFacts>> {
    let account = &job.account;
    let id = OrderId::from_stored(job.subject.clone());
    let order = read::order(work, account, &id).await?;
    let Some(order) = order.filter(Order::renews) else {
        return Ok(None);
    };
    let parts = read::domains_of(work, account, &id).await?;
    Ok(Some(RenewalFacts {
        domains: read::registered(work, &parts).await?,
        parts,
        order,
        wallet: if simulate_empty_wallet {
            Wallet::EMPTY
        } else {
            work.wallet(account)?
        },
    }))
}

async fn write(
    work: &mut UnitOfWork<'_>,
    job: &ClaimedJob,
    renewal: Renewal,
    now: Timestamp,
) -> Result<Option<Timestamp>> {
    write_domains(work, renewal.domains).await?;
    write_order_domains(work, renewal.parts).await?;
    write_order(work, renewal.order).await?;
    effects::carry_out(work, &job.account, renewal.effects, now).await?;
    Ok(renewal.next)
}
