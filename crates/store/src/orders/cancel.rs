//! Cancelling an order or some of its domains: the facts that `peeker_domain::order::cancel` decides on, and what it
//! decides.

use peeker_domain::Timestamp;
use peeker_domain::id::{AccountId, OrderId};
use peeker_domain::order::{self, CancelRefusal, Removal, Scope};
use peeker_domain::{NewJob, view};

use crate::aggregate::effects;
use crate::aggregate::read;
use crate::aggregate::write::{write_order, write_order_domains};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::jobs::{ClaimedJob, finish, run_again};
use crate::unit_of_work::UnitOfWork;
use crate::users;

/// Schedules a cancellation; again is the same. `None` when there is no such order.
pub async fn schedule(
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
    let parts = read::domains_of(&work, account, id).await?;
    let swaps = read::swaps_in(&work, &parts).await?;
    let email = users::email(work.tx(), account, &order.user_id).await?;
    let removal = match order::cancel(order, parts, &swaps, email, scope, now)? {
        Ok(removal) => removal,
        Err(refusal) => return Ok(Some(Err(refusal))),
    };
    let shown = removal.shown.clone();
    write_removal(&mut work, account, removal, now).await?;
    work.commit().await?;
    Ok(Some(Ok(shown)))
}

pub(crate) async fn write_removal(
    work: &mut UnitOfWork<'_>,
    account: &AccountId,
    removal: Removal,
    now: Timestamp,
) -> Result<()> {
    write_order(work, removal.order).await?;
    write_order_domains(work, removal.domains).await?;
    effects::carry_out(work, account, removal.effects, now).await
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
