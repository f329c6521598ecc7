//! What the DNS provider made of an import's domains, and the end of the job.

use std::collections::{BTreeMap, HashMap};

use peeker_domain::id::{AccountId, DomainId, ImportId};
use peeker_domain::order::Domain;
use peeker_domain::view::FailureReason;
use peeker_domain::{DomainName, EventType, ImportStatus, JobDomainState, JobKind, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{IS_PENDING, by_name, of_import, show};
use crate::connections::WriteTransaction;
use crate::entity::{domains, import_domains, imported_names, imports, jobs};
use crate::environment::EnvironmentDb;
use crate::error::{Result, StoreError};
use crate::insert::write_back;
use crate::jobs::{ClaimedJob, finish, give_way};
use crate::number::small;
use crate::unit_of_work::UnitOfWork;
use peeker_domain::NewJob;

/// The first domains of a job that have no zone yet, by position; only those behind `after`, if given.
pub async fn pending(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &ImportId,
    after: Option<i32>,
    limit: u64,
) -> Result<Vec<(i32, DomainName)>> {
    let rows = import_domains::Entity::find()
        .filter(import_domains::Column::Position.gt(after.unwrap_or(-1)))
        .filter(import_domains::Column::AccountId.eq(account))
        .filter(import_domains::Column::ImportId.eq(id))
        .filter(import_domains::Column::State.eq(JobDomainState::Pending))
        .order_by_asc(import_domains::Column::Position)
        .limit(limit)
        .all(&db.pools.reader)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.position, DomainName::from_stored(row.name)))
        .collect())
}

/// What the DNS provider made of one domain.
#[derive(Debug, Clone)]
pub enum ZoneOutcome {
    /// It has a zone with these nameservers.
    Zone(Vec<String>),
    Refused(FailureReason),
}

/// What became of some domains of an import.
#[derive(Debug)]
pub struct Zones<'a> {
    pub account: &'a AccountId,
    pub id: &'a ImportId,
    /// By position and name.
    pub outcomes: Vec<(i32, DomainName, ZoneOutcome)>,
    /// When the import asks for the nameservers, should this be its end.
    pub deadline: Timestamp,
    pub now: Timestamp,
    /// The worker's job that this was a slice of.
    pub slice_of: Option<SliceOf<'a>>,
}

/// A worker's job that then goes back in line, or ends with the import.
#[derive(Debug, Clone, Copy)]
pub struct SliceOf<'a> {
    pub job: &'a ClaimedJob,
    /// Whether zones were made, rather than given up.
    pub got_on: bool,
}

/// Records what became of some domains, and the end of the import when none is left. Domains that were recorded before
/// stay as they are.
pub async fn record(db: &EnvironmentDb, zones: Zones<'_>) -> Result<()> {
    let Zones {
        account,
        id,
        outcomes,
        deadline,
        now,
        slice_of,
    } = zones;
    let mut work = UnitOfWork::begin(db, [account]).await?;
    let Some(mut job) = imports::Entity::find_by_id((account.clone(), id.clone()))
        .one(work.tx())
        .await?
    else {
        return Ok(());
    };
    let rows = of_import(work.tx(), account, id).await?;
    let mut open: BTreeMap<i32, import_domains::Model> = rows
        .iter()
        .filter(|row| row.state == JobDomainState::Pending)
        .map(|row| (row.position, row.clone()))
        .collect();
    let mut known = by_name(work.tx(), account, outcomes.iter().map(|(_, name, _)| name)).await?;
    let (mut changed, mut changed_domains, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for (position, name, outcome) in outcomes {
        let Some(mut row) = open.remove(&position) else {
            continue;
        };
        match outcome {
            ZoneOutcome::Refused(reason) => {
                row.state = JobDomainState::Failed;
                row.reason = Some(reason);
                refused.push(row.name.clone());
            }
            ZoneOutcome::Zone(nameservers) => {
                let domain = with_zone(
                    known.remove(name.as_str()),
                    account,
                    &name,
                    id,
                    &nameservers,
                    now,
                )?;
                row.state = JobDomainState::Completed;
                row.domain_id = Some(domain.id.clone());
                if !domain.delegated {
                    work.enqueue(NewJob::new(
                        account,
                        JobKind::Delegation,
                        domain.id.as_str(),
                        now,
                    ));
                }
                changed_domains.push(domain);
            }
        }
        changed.push(row);
    }
    let over = tally(&mut job, &rows, &changed)?;
    write_back::<import_domains::Entity, _>(work.tx(), changed).await?;
    write_back::<domains::Entity, _>(work.tx(), changed_domains).await?;
    if !refused.is_empty() {
        release_names(work.tx(), account, &refused, &known).await?;
    }
    if over {
        conclude(&mut work, account, &mut job, deadline, now).await?;
    }
    write_back::<imports::Entity, _>(work.tx(), vec![job]).await?;
    if let Some(SliceOf { job, got_on }) = slice_of {
        let left = if over {
            finish(&work, job).await
        } else {
            give_way(&work, job, got_on).await
        };
        match left {
            // Another worker has it by now. What was made is made.
            Ok(()) | Err(StoreError::LeaseLost) => {}
            Err(error) => return Err(error),
        }
    }
    work.commit().await
}

/// Brings a job's counts up to date. Gives back whether it has come to its end.
fn tally(
    job: &mut imports::Model,
    rows: &[import_domains::Model],
    changed: &[import_domains::Model],
) -> Result<bool> {
    let latest: HashMap<i32, &import_domains::Model> =
        changed.iter().map(|row| (row.position, row)).collect();
    let count = |state| {
        let current = rows
            .iter()
            .map(|row| latest.get(&row.position).copied().unwrap_or(row));
        u32::try_from(current.filter(|row| row.state == state).count()).unwrap_or(u32::MAX)
    };
    job.completed_count = small(count(JobDomainState::Completed))?;
    job.failed_count = small(count(JobDomainState::Failed))?;
    Ok(count(JobDomainState::Pending) == 0 && job.status == ImportStatus::InProgress)
}

/// The domain with its zone: the account's own, or a new one.
fn with_zone(
    known: Option<domains::Model>,
    account: &AccountId,
    name: &DomainName,
    import: &ImportId,
    nameservers: &[String],
    now: Timestamp,
) -> Result<domains::Model> {
    let mut domain = match known {
        Some(row) => Domain::try_from(row)?,
        None => Domain::candidate(account, &DomainId::new(now), name.as_str(), now),
    };
    domain.import_id = Some(import.clone());
    domain.nameservers = Some(serde_json::to_string(nameservers)?);
    domain.imported(now)?;
    domain.try_into()
}

async fn conclude(
    work: &mut UnitOfWork<'_>,
    account: &AccountId,
    job: &mut imports::Model,
    deadline: Timestamp,
    now: Timestamp,
) -> Result<()> {
    let status = if job.completed_count > 0 {
        ImportStatus::Completed
    } else {
        ImportStatus::Failed
    };
    job.status = job.status.transition(status)?;
    job.completed_at = Some(now);
    let shown = show(work.tx(), job).await?;
    let kind = if status == ImportStatus::Completed {
        EventType::DomainImportCompleted
    } else {
        EventType::DomainImportFailed
    };
    work.emit(account, kind, None, &shown, now)?;
    if status == ImportStatus::Completed {
        work.enqueue(NewJob::timer(
            account,
            JobKind::ImportDeadline,
            job.id.as_str(),
            deadline,
        ));
    }
    // The worker's job, if the request did the work itself; a worker that has it at this moment ends it on its own.
    jobs::Entity::delete_many()
        .filter(jobs::Column::AccountId.eq(account.as_str()))
        .filter(jobs::Column::Kind.eq(JobKind::Import))
        .filter(jobs::Column::Subject.eq(&job.id))
        .filter(jobs::Column::LeaseToken.is_null())
        .exec(work.tx())
        .await?;
    Ok(())
}

/// Gives up the claim on names that could not be imported, unless an import of this account made or may make a zone
/// for them: who could not import a name must not keep others from it.
async fn release_names(
    tx: &WriteTransaction,
    account: &AccountId,
    refused: &[String],
    known: &HashMap<String, domains::Model>,
) -> Result<()> {
    let open: Vec<String> = import_domains::Entity::find()
        .select_only()
        .column(import_domains::Column::Name)
        .filter(import_domains::Column::AccountId.eq(account))
        .filter(import_domains::Column::Name.is_in(refused))
        .filter(Expr::cust(IS_PENDING))
        .into_tuple()
        .all(tx)
        .await?;
    let has_zone = |name: &String| known.get(name).is_some_and(|row| row.import_id.is_some());
    let free = refused
        .iter()
        .filter(|name| !open.contains(name) && !has_zone(name));
    imported_names::Entity::delete_many()
        .filter(imported_names::Column::AccountId.eq(account))
        .filter(imported_names::Column::Name.is_in(free))
        .exec(tx)
        .await?;
    Ok(())
}
