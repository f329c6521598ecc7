//! Registrations over the years: what was paid and waits for the registrar, and what comes to its end (docs/billing.md).

use std::collections::BTreeSet;

use peeker_domain::id::{AccountId, DomainId};
use peeker_domain::{
    Cents, DomainCategory, DomainName, DomainStatus, HistoryKind, JobKind, OrderDomainState,
    OrderStatus, Timestamp,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::domains::{disown, has_lapsed};
use crate::entity::{domains, order_domains, orders};
use crate::environment::EnvironmentDb;
use crate::error::{Result, StoreError};
use crate::insert::write_back;
use crate::jobs::{ClaimedJob, NewJob, finish, run_again};
use crate::orders::cancel::{coming_in_for, let_go, places_of};
use crate::work::Work;

/// How long before its end somebody looks whether a registration is paid on.
pub(crate) const EXPIRY_LEAD_SECONDS: i64 = 24 * 60 * 60;
/// When a registration is looked at again whose order is about to pay or to let it go.
const LOOK_AGAIN_SECONDS: i64 = 24 * 60 * 60;

/// The look at a registration before its end.
pub(crate) fn watch(account: &AccountId, domain: &DomainId, until: Timestamp) -> NewJob {
    NewJob::timer(
        account,
        JobKind::Expiry,
        domain.as_str(),
        until.plus_seconds(-EXPIRY_LEAD_SECONDS),
    )
}

/// Whether another year of the domain can be paid: it was bought, no year is on its way, none was refused for good.
pub(crate) fn may_be_renewed(domain: &domains::Model) -> bool {
    domain.owned
        && domain.registered_until.is_some()
        && domain.renewing_until.is_none()
        && !domain.renewal_refused
}

/// A year that was paid for and that the registrar has not confirmed.
#[derive(Debug, Clone)]
pub struct PaidYear {
    /// The domain.
    pub name: DomainName,
    /// When the registration ends without it.
    pub current_end: Timestamp,
    /// What was paid.
    pub price: Cents,
}

async fn row(work: &Work<'_>, job: &ClaimedJob) -> Result<Option<domains::Model>> {
    let key = (
        job.account.clone(),
        DomainId::from_stored(job.subject.clone()),
    );
    Ok(domains::Entity::find_by_id(key).one(work.tx()).await?)
}

/// The year that waits for the registrar; `None` when there is none.
pub async fn paid_year(
    db: &EnvironmentDb,
    account: &AccountId,
    domain: &DomainId,
) -> Result<Option<PaidYear>> {
    let key = (account.clone(), domain.clone());
    let row = domains::Entity::find_by_id(key)
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

/// What became of a paid year.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The registration ends then.
    Renewed(Timestamp),
    /// The registrar will not renew it.
    Refused,
    /// There was none; another run has recorded it.
    Nothing,
}

/// Records what became of a paid year and ends the job. A refused one is given back, and the domain ends with the year
/// it has. Errors: [`StoreError::LeaseLost`]; nothing has changed then.
pub async fn record(
    db: &EnvironmentDb,
    job: &ClaimedJob,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<()> {
    let mut work = Work::begin(db, [&job.account]).await?;
    finish(&work, job).await?;
    let domain = row(&work, job).await?;
    if let Some(domain) = domain.filter(|row| row.renewing_until.is_some()) {
        settle(&mut work, job, domain, outcome, now).await?;
    }
    work.commit().await
}

async fn settle(
    work: &mut Work<'_>,
    job: &ClaimedJob,
    mut domain: domains::Model,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<()> {
    let order = job
        .order
        .as_ref()
        .ok_or_else(|| StoreError::Corrupt("a renewal without its order".to_owned()))?;
    let (account, name) = (&job.account, domain.name.clone());
    match outcome {
        Outcome::Renewed(until) => {
            domain.registered_until = Some(*until);
            let message = format!("{name} is registered until {until}");
            work.note(
                account,
                order,
                HistoryKind::DomainRenewed,
                message,
                None,
                now,
            );
            work.enqueue(watch(account, &domain.id, *until));
        }
        Outcome::Refused => {
            let price = domain.renewal_price_cents;
            work.refund(account, price, order, now)?;
            domain.renewal_refused = true;
            let end = domain.registered_until.unwrap_or(now);
            let message = format!(
                "The registrar refused another year of {name}; it ends at {end} and what was paid is given back"
            );
            work.note(
                account,
                order,
                HistoryKind::DomainRenewalFailed,
                message,
                Some(price),
                now,
            );
            work.enqueue(NewJob::timer(
                account,
                JobKind::Expiry,
                domain.id.as_str(),
                end,
            ));
        }
        Outcome::Nothing => return Ok(()),
    }
    domain.renewing_until = None;
    write_back::<domains::Entity, _>(work.tx(), vec![domain]).await
}

/// Looks after a registration that comes to its end: an order that keeps the domain is asked to pay in time, one that
/// was refused leaves its order, an idle one leaves the inventory. Errors: [`StoreError::LeaseLost`].
pub async fn look_after(db: &EnvironmentDb, job: &ClaimedJob, now: Timestamp) -> Result<()> {
    let mut work = Work::begin(db, [&job.account]).await?;
    let domain = row(&work, job).await?;
    // A year that is on its way brings this job back when the registrar has answered.
    let domain = domain.filter(|row| row.renewing_until.is_none());
    let Some((domain, end)) = domain.and_then(|row| {
        let end = row.registered_until?;
        Some((row, end))
    }) else {
        finish(&work, job).await?;
        return work.commit().await;
    };
    let look = end.plus_seconds(-EXPIRY_LEAD_SECONDS);
    let next = if now < look {
        Some(look)
    } else if let Some(order) = holder(&work, &domain).await? {
        Some(on_order(&mut work, &domain, order, end, now).await?)
    } else if now < end {
        Some(end)
    } else {
        leave_inventory(&work, domain, now).await?;
        None
    };
    match next {
        Some(next) => run_again(&work, job, next).await?,
        None => finish(&work, job).await?,
    }
    work.commit().await
}

/// The order that a domain is on.
async fn holder(work: &Work<'_>, domain: &domains::Model) -> Result<Option<orders::Model>> {
    let Some(id) = &domain.order_id else {
        return Ok(None);
    };
    let key = (domain.account_id.clone(), id.clone());
    Ok(orders::Entity::find_by_id(key).one(work.tx()).await?)
}

/// Sees to the registration of a domain that is on an order. Gives back when to look again.
async fn on_order(
    work: &mut Work<'_>,
    domain: &domains::Model,
    order: orders::Model,
    end: Timestamp,
    now: Timestamp,
) -> Result<Timestamp> {
    let again = now.plus_seconds(LOOK_AGAIN_SECONDS);
    let at_end = if now < end { end } else { again };
    let Some(renews_at) = order.renews_at.filter(|_| order.overdue_since.is_none()) else {
        return Ok(again);
    };
    if !stays(work, domain, &order).await? {
        return Ok(at_end);
    }
    if domain.renewal_refused {
        if now >= end {
            lapse(work, domain, order, now).await?;
        }
        return Ok(at_end);
    }
    let in_time = renews_at <= end;
    if !in_time {
        // The next month would come too late: the order pays this registration alone, now.
        work.enqueue(NewJob::renew(&order.account_id, &order.id, now));
    }
    Ok(if in_time { at_end } else { again })
}

/// Whether the domain is to stay on an order that goes on.
async fn stays(work: &Work<'_>, domain: &domains::Model, order: &orders::Model) -> Result<bool> {
    if !order.status.is_active() || order.status == OrderStatus::CancelScheduled {
        return Ok(false);
    }
    let place = order_domains::Entity::find()
        .filter(order_domains::Column::AccountId.eq(&order.account_id))
        .filter(order_domains::Column::DomainId.eq(&domain.id))
        .filter(order_domains::Column::OrderId.eq(&order.id))
        .filter(order_domains::Column::State.is_not_in(OrderDomainState::OVER))
        .one(work.tx())
        .await?;
    Ok(place.is_some_and(|place| place.leaves_at.is_none()))
}

/// Lets a domain whose registration is over leave its order, by the way of a cancellation.
async fn lapse(
    work: &mut Work<'_>,
    domain: &domains::Model,
    order: orders::Model,
    now: Timestamp,
) -> Result<()> {
    let (account, id) = (order.account_id.clone(), order.id.clone());
    let message = format!(
        "The registration of {} is over; the domain and its inboxes leave the order",
        domain.name
    );
    work.note(&account, &id, HistoryKind::DomainLapsed, message, None, now);
    let places = places_of(work, &account, &id).await?;
    let of_domain = places.iter().filter(|place| place.domain_id == domain.id);
    let mut leaving: BTreeSet<i32> = of_domain.map(|place| place.position).collect();
    leaving.extend(coming_in_for(work, &places, &leaving).await?);
    let_go(work, order, places, &leaving, now, now).await?;
    Ok(())
}

/// An idle domain is not renewed: at its end it is a name like any other.
async fn leave_inventory(
    work: &Work<'_>,
    mut domain: domains::Model,
    now: Timestamp,
) -> Result<()> {
    if !has_lapsed(&domain, now) {
        return Ok(());
    }
    disown(&mut domain);
    domain.category = DomainCategory::Candidate;
    domain.status = domain.status.transition(DomainStatus::Failed)?;
    write_back::<domains::Entity, _>(work.tx(), vec![domain]).await
}
