//! Registrations over the years: the facts that the rules decide on, and what they decide (docs/billing.md).

use std::collections::BTreeSet;

use peeker_domain::id::{AccountId, DomainId};
use peeker_domain::order::{
    self, Domain, Effect, Look, Order, OrderDomain, RegistrarAnswer, coming_in_for,
    schedule_removal,
};
use peeker_domain::{Cents, DomainName, NewJob, Timestamp};
use sea_orm::EntityTrait;

use crate::aggregate::write::{write_domains, write_order, write_order_domains};
use crate::aggregate::{effects, read};
use crate::entity::domains;
use crate::environment::EnvironmentDb;
use crate::error::{Result, StoreError};
use crate::jobs::{ClaimedJob, finish, run_again};
use crate::unit_of_work::UnitOfWork;

/// A year that was paid for and that the registrar has not confirmed.
#[derive(Debug, Clone)]
pub struct PaidYear {
    pub name: DomainName,
    /// When the registration ends without it.
    pub current_end: Timestamp,
    pub price: Cents,
}

/// The year that waits for the registrar; `None` when there is none.
pub async fn paid_year(
    db: &EnvironmentDb,
    account: &AccountId,
    domain: &DomainId,
) -> Result<Option<PaidYear>> {
    let row = domains::Entity::find_by_id((account.clone(), domain.clone()))
        .one(&db.pools.reader)
        .await?;
    let row = row.filter(|row| row.renewing_until.is_some());
    Ok(row.and_then(|row| {
        Some(PaidYear {
            name: DomainName::from_stored(row.name),
            current_end: row.registered_until?,
            price: row.renewal_price_cents,
        })
    }))
}

async fn subject(work: &UnitOfWork<'_>, job: &ClaimedJob) -> Result<Option<Domain>> {
    let id = DomainId::from_stored(job.subject.clone());
    read::domain(work, &job.account, &id).await
}

/// Records what the registrar said to a paid year and ends the job. Errors: [`StoreError::LeaseLost`]; nothing has changed
/// then.
pub async fn record(
    db: &EnvironmentDb,
    job: &ClaimedJob,
    answer: &RegistrarAnswer,
    now: Timestamp,
) -> Result<()> {
    let mut work = UnitOfWork::begin(db, [&job.account]).await?;
    finish(&work, job).await?;
    let domain = subject(&work, job).await?;
    if let Some(mut domain) = domain.filter(|domain| domain.renewing_until.is_some()) {
        let order = job.order.as_ref();
        let order =
            order.ok_or_else(|| StoreError::Corrupt("a renewal without its order".to_owned()))?;
        let effects = order::settle_paid_year(&mut domain, order, answer, now);
        write_domains(&work, vec![domain]).await?;
        effects::carry_out(&mut work, &job.account, effects, now).await?;
    }
    work.commit().await
}

/// Looks after a registration that comes to its end. Errors: [`StoreError::LeaseLost`].
pub async fn look_after(db: &EnvironmentDb, job: &ClaimedJob, now: Timestamp) -> Result<()> {
    let mut work = UnitOfWork::begin(db, [&job.account]).await?;
    let Some(domain) = subject(&work, job).await? else {
        finish(&work, job).await?;
        return work.commit().await;
    };
    let on = holder(&work, &domain).await?;
    let of_order = on.as_ref().map(|(order, part)| (order, part.as_ref()));
    let look = order::look_after(&domain, of_order, now);
    let next = follow(&mut work, look, domain, on.map(|(order, _)| order), now).await?;
    match next {
        Some(next) => run_again(&work, job, next).await?,
        None => finish(&work, job).await?,
    }
    work.commit().await
}

/// Does what is to be done about a registration. Gives back when to look again.
async fn follow(
    work: &mut UnitOfWork<'_>,
    look: Look,
    mut domain: Domain,
    order: Option<Order>,
    now: Timestamp,
) -> Result<Option<Timestamp>> {
    match (look, order) {
        (Look::Again(at), _) => Ok(Some(at)),
        (Look::RenewOrder(at), Some(order)) => {
            work.enqueue(NewJob::renew(&order.account_id, &order.id, now));
            Ok(Some(at))
        }
        (Look::Lapse(at), Some(order)) => {
            lapse(work, &domain, order, now).await?;
            Ok(Some(at))
        }
        (Look::LeaveInventory, _) => {
            domain.leave_inventory(now)?;
            write_domains(work, vec![domain]).await?;
            Ok(None)
        }
        (Look::Over | Look::RenewOrder(_) | Look::Lapse(_), _) => Ok(None),
    }
}

/// The order that a domain is on, and its part there.
async fn holder(
    work: &UnitOfWork<'_>,
    domain: &Domain,
) -> Result<Option<(Order, Option<OrderDomain>)>> {
    let (account, Some(id)) = (&domain.account_id, &domain.order_id) else {
        return Ok(None);
    };
    let part = read::part_of(work, account, id, &domain.id).await?;
    let order = read::order(work, account, id).await?;
    Ok(order.map(|order| (order, part)))
}

/// Lets a domain whose registration is over leave its order, by the way of a cancellation.
async fn lapse(
    work: &mut UnitOfWork<'_>,
    domain: &Domain,
    order: Order,
    now: Timestamp,
) -> Result<()> {
    let account = order.account_id.clone();
    let record: Effect = domain.lapse_record(&order.id);
    effects::carry_out(work, &account, vec![record], now).await?;
    let parts = read::domains_of(work, &account, &order.id).await?;
    let of_domain = parts.iter().filter(|part| part.domain_id == domain.id);
    let mut leaving: BTreeSet<u32> = of_domain.map(|part| part.position).collect();
    let swaps = read::swaps_in(work, &parts).await?;
    leaving.extend(coming_in_for(&parts, &swaps, &leaving));
    let removal = schedule_removal(order, parts, &leaving, now, now)?;
    write_order(work, removal.order).await?;
    write_order_domains(work, removal.parts).await?;
    effects::carry_out(work, &account, removal.effects, now).await
}
