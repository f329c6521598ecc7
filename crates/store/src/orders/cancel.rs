//! Cancelling an order or some of its domains: the facts that `peeker_domain::order::cancel` decides on, and what it
//! decides.

use peeker_domain::id::{AccountId, OrderId};
use peeker_domain::order::{self, CancelFacts, CancelRefusal, Cancellation, Order, Scope};
use peeker_domain::{NewJob, OrderStatus, Timestamp, view};

use crate::aggregate::write::{write_domains, write_order, write_order_domains};
use crate::aggregate::{effects, read};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::jobs::{ClaimedJob, finish, has_begun, run_again};
use crate::unit_of_work::UnitOfWork;
use crate::users;

/// Cancels an order or some of its domains; again is the same. `None` when there is no such order.
pub async fn cancel(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &OrderId,
    scope: &Scope,
    now: Timestamp,
) -> Result<Option<Result<view::OrderDetail, CancelRefusal>>> {
    let mut work = UnitOfWork::begin(db, [account]).await?;
    let Some(order) = read::order(&work, account, id).await? else {
        return Ok(None);
    };
    let facts = facts(&work, order).await?;
    let cancellation = match order::cancel(facts, scope, now)? {
        Ok(cancellation) => cancellation,
        Err(refusal) => return Ok(Some(Err(refusal))),
    };
    let shown = write(&mut work, account, id, cancellation, now).await?;
    work.commit().await?;
    Ok(shown.map(Ok))
}

/// Ends an order now, by decision of the operator. `None` when there is no such order; the status of one that has ended
/// already.
pub async fn cancel_now(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &OrderId,
    now: Timestamp,
) -> Result<Option<Result<view::OrderDetail, OrderStatus>>> {
    let mut work = UnitOfWork::begin(db, [account]).await?;
    let Some(order) = read::order(&work, account, id).await? else {
        return Ok(None);
    };
    let facts = facts(&work, order).await?;
    let cancellation = match order::cancel_now(facts, now)? {
        Ok(cancellation) => cancellation,
        Err(ended) => return Ok(Some(Err(ended))),
    };
    let shown = write(&mut work, account, id, cancellation, now).await?;
    work.commit().await?;
    Ok(shown.map(Ok))
}

/// Writes a cancellation; gives back the order as it is then.
async fn write(
    work: &mut UnitOfWork<'_>,
    account: &AccountId,
    id: &OrderId,
    cancellation: Cancellation,
    now: Timestamp,
) -> Result<Option<view::OrderDetail>> {
    write_order(work, cancellation.order).await?;
    write_order_domains(work, cancellation.parts).await?;
    write_domains(work, cancellation.domains).await?;
    effects::carry_out(work, account, cancellation.effects, now).await?;
    shown(work, account, id).await
}

async fn facts(work: &UnitOfWork<'_>, order: Order) -> Result<CancelFacts> {
    let (account, id) = (&order.account_id, &order.id);
    let parts = read::domains_of(work, account, id).await?;
    let waiting: Vec<_> = parts
        .iter()
        .filter(|part| !part.is_over() && !part.is_live())
        .map(|part| part.domain_id.clone())
        .collect();
    Ok(CancelFacts {
        domains: read::domains(work, account, &waiting).await?,
        begun: has_begun(work, account, &waiting).await?,
        swaps: read::open_replacements(work, account, id).await?,
        parts,
        order,
    })
}

/// The order as it is within the transaction.
async fn shown(
    work: &UnitOfWork<'_>,
    account: &AccountId,
    id: &OrderId,
) -> Result<Option<view::OrderDetail>> {
    let Some(order) = read::order(work, account, id).await? else {
        return Ok(None);
    };
    let parts = read::domains_of(work, account, id).await?;
    let email = users::email(work.tx(), account, &order.user_id).await?;
    Ok(Some(order.detail(email, &parts)))
}

/// The time has come: sends the leaving domains on their way. Each is taken back by its own job, and the last one
/// ends the order. The job comes back for those that leave later, or ends.
pub async fn carry_out(db: &EnvironmentDb, job: &ClaimedJob, now: Timestamp) -> Result<()> {
    let mut work = UnitOfWork::begin(db, [&job.account]).await?;
    let id = OrderId::from_stored(job.subject.clone());
    let parts = read::domains_of(&work, &job.account, &id).await?;
    let (due, next) = order::due(&parts, now);
    for domain in due {
        work.enqueue(NewJob::provision(&job.account, &id, &domain, now));
    }
    match next {
        Some(next) => run_again(&work, job, next).await?,
        None => finish(&work, job).await?,
    }
    work.commit().await
}
