//! Domain forwarding jobs.

use std::collections::{BTreeMap, HashMap, HashSet};

use peeker_domain::id::{AccountId, DomainId, ForwardingId, OrderId};
use peeker_domain::view::{FailedDomain, FailureReason, ForwardingJob};
use peeker_domain::{
    DomainCategory, DomainName, EventType, ForwardingStatus, JobDomainState, JobKind,
    OrderDomainState, Timestamp,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::entity::{domains, forwarding_domains, forwardings, order_domains};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::insert::{insert_all, write_back};
use crate::jobs::{ClaimedJob, finish, run_again};
use crate::unit_of_work::UnitOfWork;
use peeker_domain::NewJob;

/// A domain as it was submitted: a name, or a `dom_` id.
#[derive(Debug, Clone)]
pub struct Target {
    /// As submitted, for the answer when there is no such domain.
    pub submitted: String,
    /// The name, when it is one.
    pub name: Option<DomainName>,
}

/// What became of a wish to forward.
#[derive(Debug)]
pub enum Begun {
    /// It is a job.
    Job(ForwardingJob),
    /// Entries, by position, that are the same domain as an earlier one: its name, and its id. Nothing has changed.
    Repeated(Vec<(usize, usize)>),
}

/// Stores a new job with the work to be done for it. Domains that the account does not have have failed already.
pub async fn begin(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &ForwardingId,
    url: &str,
    targets: &[Target],
    now: Timestamp,
) -> Result<Begun> {
    let mut work = UnitOfWork::begin(db, [account]).await?;
    let known = domains::Entity::find()
        .filter(domains::Column::AccountId.eq(account.as_str()))
        .filter(domains::Column::Category.ne(DomainCategory::Candidate))
        .filter(
            Condition::any()
                .add(
                    domains::Column::Name.is_in(
                        targets
                            .iter()
                            .filter_map(|target| target.name.as_ref())
                            .map(DomainName::as_str),
                    ),
                )
                .add(
                    domains::Column::Id
                        .is_in(targets.iter().map(|target| target.submitted.as_str())),
                ),
        )
        .all(work.tx())
        .await?;
    let find = |target: &Target| {
        known.iter().find(|row| {
            row.id.as_str() == target.submitted
                || target
                    .name
                    .as_ref()
                    .is_some_and(|name| name.as_str() == row.name)
        })
    };
    let rows: Vec<forwarding_domains::Model> = targets
        .iter()
        .zip(0..)
        .map(|(target, position)| {
            let found = find(target);
            forwarding_domains::Model {
                account_id: account.clone(),
                forwarding_id: id.clone(),
                position,
                name: found.map_or_else(|| target.submitted.clone(), |row| row.name.clone()),
                domain_id: found.map(|row| row.id.clone()),
                state: match found {
                    Some(_) => JobDomainState::Pending,
                    None => JobDomainState::Failed,
                },
                reason: found.is_none().then_some(FailureReason::NotFound),
            }
        })
        .collect();
    let repeated = repeated(&rows);
    if !repeated.is_empty() {
        return Ok(Begun::Repeated(repeated));
    }
    let job = forwardings::Model {
        account_id: account.clone(),
        id: id.clone(),
        status: ForwardingStatus::InProgress,
        url: url.to_owned(),
        created_at: now,
        completed_at: None,
    };
    let shown = show(&job, &rows);
    insert_all::<forwarding_domains::Entity, _>(work.tx(), rows, None).await?;
    insert_all::<forwardings::Entity, _>(work.tx(), vec![job], None).await?;
    work.enqueue(NewJob::new(account, JobKind::Forward, id.as_str(), now));
    work.commit().await?;
    Ok(Begun::Job(shown))
}

fn repeated(rows: &[forwarding_domains::Model]) -> Vec<(usize, usize)> {
    let mut first = HashMap::new();
    rows.iter()
        .enumerate()
        .filter_map(|(index, row)| {
            let same_as = *first.entry(row.domain_id.as_ref()?).or_insert(index);
            (same_as != index).then_some((index, same_as))
        })
        .collect()
}

/// A domain that a job still has to set.
#[derive(Debug, Clone)]
pub struct Pending {
    /// Its place in the job.
    pub position: i32,
    pub name: DomainName,
    /// Where it redirects to now.
    pub current: Option<String>,
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
    let parts = order_domains::Entity::find()
        .filter(order_domains::Column::AccountId.eq(account.as_str()))
        .filter(order_domains::Column::DomainId.is_in(domains.keys()))
        .filter(
            order_domains::Column::State
                .is_in([OrderDomainState::Pending, OrderDomainState::ActionRequired]),
        )
        .all(db)
        .await?;
    let being_set_up: HashSet<&DomainId> = parts.iter().map(|part| &part.domain_id).collect();
    let situation = |(id, domain): (&DomainId, &domains::Model)| {
        let situation = Situation {
            order: domain.order_id.clone(),
            is_being_set_up: being_set_up.contains(id),
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

/// Records what became of the domains of a job, ends it and tells. Domains recorded before stay as they are. When one was
/// taken on an order meanwhile, set up, or let go, its redirect may not be what was set: then the job runs again.
pub async fn record(
    db: &EnvironmentDb,
    claimed: &ClaimedJob,
    outcomes: &BTreeMap<i32, Outcome>,
    now: Timestamp,
) -> Result<()> {
    let account = &claimed.account;
    let mut work = UnitOfWork::begin(db, [account]).await?;
    if has_moved(&work, claimed, outcomes).await? {
        run_again(&work, claimed, now).await?;
        return work.commit().await;
    }
    finish(&work, claimed).await?;
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
    let is_failed = |row: &&forwarding_domains::Model| row.state == JobDomainState::Failed;
    let failed = rows.iter().filter(is_failed).count();
    let status = match failed {
        0 => ForwardingStatus::Completed,
        all if all == rows.len() => ForwardingStatus::Failed,
        _ => ForwardingStatus::PartialSuccess,
    };
    job.status = job.status.transition(status)?;
    job.completed_at = Some(now);
    let shown = show(&job, &rows);
    if status != ForwardingStatus::Failed {
        work.emit(
            account,
            EventType::DomainForwardingUpdated,
            None,
            &shown,
            now,
        )?;
    }
    if failed > 0 {
        work.emit(
            account,
            EventType::DomainForwardingFailed,
            None,
            &shown,
            now,
        )?;
    }
    place_urls(&work, account, &set, &job.url).await?;
    write_back::<domains::Entity, _>(work.tx(), set).await?;
    write_back::<forwarding_domains::Entity, _>(work.tx(), rows).await?;
    write_back::<forwardings::Entity, _>(work.tx(), vec![job]).await?;
    work.commit().await
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

async fn of_job(
    db: &impl ConnectionTrait,
    account: &AccountId,
    id: &ForwardingId,
) -> Result<Vec<forwarding_domains::Model>> {
    Ok(forwarding_domains::Entity::find()
        .filter(forwarding_domains::Column::AccountId.eq(account))
        .filter(forwarding_domains::Column::ForwardingId.eq(id))
        .order_by_asc(forwarding_domains::Column::Position)
        .all(db)
        .await?)
}

async fn by_id(
    db: &impl ConnectionTrait,
    account: &AccountId,
    rows: &[forwarding_domains::Model],
) -> Result<HashMap<DomainId, domains::Model>> {
    let found = domains::Entity::find()
        .filter(domains::Column::AccountId.eq(account.as_str()))
        .filter(domains::Column::Id.is_in(rows.iter().filter_map(|row| row.domain_id.as_ref())))
        .all(db)
        .await?;
    Ok(found.into_iter().map(|row| (row.id.clone(), row)).collect())
}

fn show(job: &forwardings::Model, rows: &[forwarding_domains::Model]) -> ForwardingJob {
    let completed: Vec<String> = rows
        .iter()
        .filter(|row| row.state == JobDomainState::Completed)
        .map(|row| row.name.clone())
        .collect();
    // What failed has a reason, and nothing else has.
    let failed = rows.iter().filter_map(|row| {
        Some(FailedDomain {
            reason: row.reason?,
            domain: row.name.clone(),
        })
    });
    let failed: Vec<FailedDomain> = failed.collect();
    ForwardingJob {
        id: job.id.to_string(),
        status: job.status,
        completed_count: u32::try_from(completed.len()).unwrap_or(u32::MAX),
        failed_count: u32::try_from(failed.len()).unwrap_or(u32::MAX),
        forwarding_url: job.url.clone(),
        completed,
        failed,
        created_at: job.created_at,
        completed_at: job.completed_at,
    }
}

pub async fn find(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &ForwardingId,
) -> Result<Option<ForwardingJob>> {
    let reader = &db.pools.reader;
    let row = forwardings::Entity::find_by_id((account.clone(), id.clone()))
        .one(reader)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let rows = of_job(reader, account, id).await?;
    Ok(Some(show(&row, &rows)))
}
