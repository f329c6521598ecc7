//! What a forwarding job has to do, and what became of it.

use std::collections::{BTreeMap, HashMap, HashSet};

use peeker_domain::id::{AccountId, DomainId, ForwardingId, OrderId};
use peeker_domain::view::FailureReason;
use peeker_domain::{
    DomainCategory, DomainName, EventType, ForwardingStatus, JobDomainState, OrderDomainState,
    Timestamp,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};

use super::{by_id, of_job, show};
use crate::entity::{domains, forwarding_domains, forwardings, order_domains};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::insert::write_back;
use crate::jobs::{ClaimedJob, finish, postpone, run_again};
use crate::unit_of_work::UnitOfWork;

/// A domain that a job still has to set.
#[derive(Debug, Clone)]
pub struct Pending {
    /// Its place in the job.
    pub position: i32,
    pub name: DomainName,
    /// Where it redirects to now.
    pub current: Option<String>,
    /// Whether the account has it no longer: the order that was to buy it has let it go.
    pub is_gone: bool,
    /// Who sets the redirect.
    pub situation: Situation,
}

/// What the domain is at work for. As long as that stays so, what was done to its redirect stays so too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Situation {
    /// The order that it is on.
    order: Option<OrderId>,
    /// Whether it is being set up for it, which sets its redirect.
    pub is_being_set_up: bool,
    /// Whether it has left an order and what was made for that is still to be removed, a redirect included.
    pub is_to_be_cleared: bool,
}

/// The target of a job and the domains still to be set; `None` when there is no such job.
pub async fn pending(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &ForwardingId,
) -> Result<Option<(String, Vec<Pending>)>> {
    let reader = &db.pools.reader;
    let Some(job) = forwardings::Entity::find_by_id((account.clone(), id.clone()))
        .one(reader)
        .await?
    else {
        return Ok(None);
    };
    let rows = of_job(reader, account, id).await?;
    let rows: Vec<_> = rows
        .into_iter()
        .filter(|row| row.state == JobDomainState::Pending)
        .collect();
    let current = by_id(reader, account, &rows).await?;
    let mut situations = situations(reader, account, &current).await?;
    let pending = rows.into_iter().map(|row| {
        let id = row.domain_id.as_ref();
        let domain = id.and_then(|id| current.get(id));
        Pending {
            position: row.position,
            current: domain.and_then(|domain| domain.forwarding_url.clone()),
            is_gone: domain.is_none_or(|domain| domain.category == DomainCategory::Candidate),
            situation: id.and_then(|id| situations.remove(id)).unwrap_or_default(),
            name: DomainName::from_stored(row.name),
        }
    });
    Ok(Some((job.url, pending.collect())))
}

async fn situations(
    db: &impl ConnectionTrait,
    account: &AccountId,
    domains: &HashMap<DomainId, domains::Model>,
) -> Result<HashMap<DomainId, Situation>> {
    let states = [OrderDomainState::Pending, OrderDomainState::ActionRequired];
    let at_work = Condition::any()
        .add(order_domains::Column::State.is_in(states))
        .add(order_domains::Column::DeprovisionPending.eq(true));
    let parts = order_domains::Entity::find()
        .filter(order_domains::Column::AccountId.eq(account.as_str()))
        .filter(order_domains::Column::DomainId.is_in(domains.keys()))
        .filter(at_work)
        .all(db)
        .await?;
    let (to_be_cleared, being_set_up): (Vec<_>, Vec<_>) =
        parts.iter().partition(|part| part.deprovision_pending);
    let ids = |parts: Vec<&order_domains::Model>| {
        let ids = parts.into_iter().map(|part| part.domain_id.clone());
        ids.collect::<HashSet<DomainId>>()
    };
    let (to_be_cleared, being_set_up) = (ids(to_be_cleared), ids(being_set_up));
    let situation = |(id, domain): (&DomainId, &domains::Model)| {
        let situation = Situation {
            order: domain.order_id.clone(),
            is_being_set_up: being_set_up.contains(id),
            is_to_be_cleared: to_be_cleared.contains(id),
        };
        (id.clone(), situation)
    };
    Ok(domains.iter().map(situation).collect())
}

/// What became of one domain of a job.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It redirects there, or will when it is set up; this was its situation.
    Set(Situation),
    Failed(FailureReason),
}

/// When and why a job goes on with the domains that are left.
#[derive(Debug, Clone, Copy)]
pub struct Wait<'a> {
    /// On the system's clock.
    pub run_at: Timestamp,
    pub why: &'a str,
}

/// Records what became of the domains of a job and, unless it has to wait with some, ends it and tells. Domains recorded
/// before stay as they are. When one was taken on an order meanwhile, set up, or let go, its redirect may not be what was
/// set: then the job runs again.
pub async fn record(
    db: &EnvironmentDb,
    claimed: &ClaimedJob,
    outcomes: &BTreeMap<i32, Outcome>,
    wait: Option<Wait<'_>>,
    now: Timestamp,
) -> Result<()> {
    let account = &claimed.account;
    let mut work = UnitOfWork::begin(db, [account]).await?;
    if has_moved(&work, claimed, outcomes).await? {
        run_again(&work, claimed, now).await?;
        return work.commit().await;
    }
    match wait {
        Some(Wait { run_at, why }) => postpone(&work, claimed, run_at, why).await?,
        None => finish(&work, claimed).await?,
    }
    let id = ForwardingId::from_stored(claimed.subject.clone());
    let found = forwardings::Entity::find_by_id((account.clone(), id.clone()))
        .one(work.tx())
        .await?;
    // A job that has come to its end tells of it once.
    let open = found.filter(|job| job.completed_at.is_none());
    let Some(mut job) = open else {
        return work.commit().await;
    };
    let mut rows = of_job(work.tx(), account, &id).await?;
    let mut known = by_id(work.tx(), account, &rows).await?;
    let mut set = Vec::new();
    for row in rows
        .iter_mut()
        .filter(|row| row.state == JobDomainState::Pending)
    {
        match outcomes.get(&row.position) {
            Some(Outcome::Set(_)) => {
                row.state = JobDomainState::Completed;
                if let Some(mut domain) = row.domain_id.as_ref().and_then(|id| known.remove(id)) {
                    domain.forwarding_url = Some(job.url.clone());
                    set.push(domain);
                }
            }
            Some(Outcome::Failed(reason)) => {
                row.state = JobDomainState::Failed;
                row.reason = Some(*reason);
            }
            None => {}
        }
    }
    if wait.is_none() {
        conclude(&mut work, &mut job, &rows, now)?;
    }
    place_urls(&work, account, &set, &job.url).await?;
    write_back::<domains::Entity, _>(work.tx(), set).await?;
    write_back::<forwarding_domains::Entity, _>(work.tx(), rows).await?;
    write_back::<forwardings::Entity, _>(work.tx(), vec![job]).await?;
    work.commit().await
}

/// Every domain has come to its end, and the job with them.
fn conclude(
    work: &mut UnitOfWork<'_>,
    job: &mut forwardings::Model,
    rows: &[forwarding_domains::Model],
    now: Timestamp,
) -> Result<()> {
    let account = job.account_id.clone();
    let is_failed = |row: &&forwarding_domains::Model| row.state == JobDomainState::Failed;
    let failed = rows.iter().filter(is_failed).count();
    let status = match failed {
        0 => ForwardingStatus::Completed,
        all if all == rows.len() => ForwardingStatus::Failed,
        _ => ForwardingStatus::PartialSuccess,
    };
    job.status = job.status.transition(status)?;
    job.completed_at = Some(now);
    let shown = show(job, rows);
    if status != ForwardingStatus::Failed {
        work.emit(
            &account,
            EventType::DomainForwardingUpdated,
            None,
            &shown,
            now,
        )?;
    }
    if failed > 0 {
        work.emit(
            &account,
            EventType::DomainForwardingFailed,
            None,
            &shown,
            now,
        )?;
    }
    Ok(())
}

/// Whether the situation of a domain that was set is another by now.
async fn has_moved(
    work: &UnitOfWork<'_>,
    claimed: &ClaimedJob,
    outcomes: &BTreeMap<i32, Outcome>,
) -> Result<bool> {
    let id = ForwardingId::from_stored(claimed.subject.clone());
    let rows = of_job(work.tx(), &claimed.account, &id).await?;
    let domains = by_id(work.tx(), &claimed.account, &rows).await?;
    let now = situations(work.tx(), &claimed.account, &domains).await?;
    Ok(rows.iter().any(|row| {
        let id = row.domain_id.as_ref();
        let outcome = outcomes.get(&row.position);
        matches!(outcome, Some(Outcome::Set(then)) if id.and_then(|id| now.get(id)) != Some(then))
    }))
}

/// The order's own record of where its domains redirect to, which provisioning sets.
async fn place_urls(
    work: &UnitOfWork<'_>,
    account: &AccountId,
    set: &[domains::Model],
    url: &str,
) -> Result<()> {
    let mut parts = order_domains::Entity::find()
        .filter(order_domains::Column::AccountId.eq(account.as_str()))
        .filter(order_domains::Column::DomainId.is_in(set.iter().map(|domain| domain.id.as_str())))
        .filter(order_domains::Column::State.is_not_in(OrderDomainState::OVER))
        .all(work.tx())
        .await?;
    for part in &mut parts {
        part.forwarding_url = Some(url.to_owned());
    }
    write_back::<order_domains::Entity, _>(work.tx(), parts).await
}
