//! Domain imports: jobs, their domains, and whether those are delegated.
//!
//! Every write looks at what is still open and changes only that, so it can be repeated and two workers that meet on
//! one import do no harm.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use peeker_domain::id::{AccountId, DomainId, ImportId};
use peeker_domain::view::{
    Category, FailedDomain, FailureReason, ImportJob, ImportedDomain, NameserverGroup,
};
use peeker_domain::{ActionReason, DomainName, DomainStatus, EventType, ImportStatus, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait,
    IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};

use crate::entity::{domains, import_domains, import_fingerprints, imported_names, imports, jobs};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::insert::{insert_all, write_back};
use crate::jobs::{ClaimedJob, DELEGATION, IMPORT, IMPORT_DEADLINE, NewJob};
use crate::number::{small, unsigned};
use crate::work::Work;
use crate::{actions, domains as domain_rows, swaps};

const PENDING: &str = "pending";
const COMPLETED: &str = "completed";
const FAILED: &str = "failed";

/// A new import job.
#[derive(Debug)]
pub struct NewImport {
    /// Whose.
    pub account: AccountId,
    /// Its id, should it become a job of its own.
    pub id: ImportId,
    /// The domains, in submitted order.
    pub domains: Vec<Submitted>,
    /// What makes a repeated job the same, and until when; `None` for an import that is answered at once.
    pub fingerprint: Option<(String, Timestamp)>,
    /// When a worker takes it up.
    pub run_at: Timestamp,
    /// Now.
    pub created_at: Timestamp,
}

/// A domain as it was submitted.
#[derive(Debug, Clone)]
pub enum Submitted {
    /// One that can be imported.
    Valid(DomainName),
    /// One that cannot.
    Refused {
        /// As submitted.
        name: String,
        /// Why not.
        reason: FailureReason,
    },
}

/// What became of a job that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is a new job.
    New,
    /// It is a repetition of this one; nothing was written.
    Original(ImportId),
}

/// Stores a new job with the work to be done for it.
pub async fn begin(db: &EnvironmentDb, new: &NewImport) -> Result<Begun> {
    let mut work = Work::begin(db, [&new.account]).await?;
    if let Some((fingerprint, expires_at)) = &new.fingerprint
        && let Some(original) = claim_fingerprint(work.tx(), new, fingerprint, *expires_at).await?
    {
        return Ok(Begun::Original(original));
    }
    let foreign = claim_names(work.tx(), new).await?;
    let rows = new.domains.iter().zip(0..).map(|(domain, position)| {
        let (name, reason) = match domain {
            Submitted::Valid(name) if foreign.contains(name.as_str()) => {
                (name.to_string(), Some(FailureReason::AlreadyImported))
            }
            Submitted::Valid(name) => (name.to_string(), None),
            Submitted::Refused { name, reason } => (name.clone(), Some(*reason)),
        };
        import_domains::Model {
            account_id: new.account.to_string(),
            import_id: new.id.to_string(),
            position,
            name,
            state: if reason.is_some() { FAILED } else { PENDING }.to_owned(),
            reason: reason.map(|reason| reason.to_string()),
            domain_id: None,
        }
    });
    let row = imports::Model {
        account_id: new.account.to_string(),
        id: new.id.to_string(),
        status: ImportStatus::InProgress.to_string(),
        completed_count: 0,
        failed_count: 0,
        created_at: new.created_at.as_millis(),
        completed_at: None,
    };
    insert_all::<import_domains::Entity, _>(work.tx(), rows.collect(), None).await?;
    insert_all::<imports::Entity, _>(work.tx(), vec![row], None).await?;
    work.enqueue(NewJob::new(
        &new.account,
        IMPORT,
        new.id.as_str(),
        new.run_at,
    ));
    work.commit().await?;
    Ok(Begun::New)
}

/// Takes the fingerprint when it is free or lapsed; else gives back the job that it stands for.
async fn claim_fingerprint(
    tx: &DatabaseTransaction,
    new: &NewImport,
    fingerprint: &str,
    expires_at: Timestamp,
) -> Result<Option<ImportId>> {
    use import_fingerprints::{Column, Entity, Model};
    let row = Model {
        account_id: new.account.to_string(),
        fingerprint: fingerprint.to_owned(),
        import_id: new.id.to_string(),
        expires_at: expires_at.as_millis(),
    };
    let lapsed = OnConflict::columns([Column::AccountId, Column::Fingerprint])
        .update_columns([Column::ImportId, Column::ExpiresAt])
        .action_and_where(Expr::col((Entity, Column::ExpiresAt)).lte(new.created_at.as_millis()))
        .to_owned();
    let insert = Entity::insert_many([row.into_active_model().reset_all()]).on_conflict(lapsed);
    if insert.exec_without_returning(tx).await? > 0 {
        return Ok(None);
    }
    let held = Entity::find_by_id((new.account.to_string(), fingerprint.to_owned()))
        .one(tx)
        .await?;
    Ok(held.map(|row| ImportId::from_stored(row.import_id)))
}

/// Claims the names for the account. Gives back those that another account has.
async fn claim_names(tx: &DatabaseTransaction, new: &NewImport) -> Result<BTreeSet<String>> {
    use imported_names::{Column, Entity, Model};
    let names: BTreeSet<&str> = new
        .domains
        .iter()
        .filter_map(|domain| match domain {
            Submitted::Valid(name) => Some(name.as_str()),
            Submitted::Refused { .. } => None,
        })
        .collect();
    // Sorted, so that two imports which overlap lock the names in the same order.
    let rows = names.iter().map(|name| Model {
        name: (*name).to_owned(),
        account_id: new.account.to_string(),
    });
    let ignore = OnConflict::column(Column::Name).do_nothing().to_owned();
    insert_all::<Entity, _>(tx, rows.collect(), Some(ignore)).await?;
    let foreign = Entity::find()
        .filter(Column::Name.is_in(names))
        .filter(Column::AccountId.ne(new.account.as_str()))
        .all(tx)
        .await?;
    Ok(foreign.into_iter().map(|row| row.name).collect())
}

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
        .filter(import_domains::Column::AccountId.eq(account.as_str()))
        .filter(import_domains::Column::ImportId.eq(id.as_str()))
        .filter(import_domains::Column::State.eq(PENDING))
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
    /// It has none.
    Refused(FailureReason),
}

/// Records what became of some domains, and the end of the job when none is left. Domains that were recorded before
/// stay as they are.
pub async fn record(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &ImportId,
    outcomes: Vec<(i32, DomainName, ZoneOutcome)>,
    deadline: Timestamp,
    now: Timestamp,
) -> Result<()> {
    let mut work = Work::begin(db, [account]).await?;
    let Some(mut job) = imports::Entity::find_by_id((account.to_string(), id.to_string()))
        .one(work.tx())
        .await?
    else {
        return Ok(());
    };
    let rows = of_import(work.tx(), account, id).await?;
    let mut open: BTreeMap<i32, import_domains::Model> = rows
        .iter()
        .filter(|row| row.state == PENDING)
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
                row.state = FAILED.to_owned();
                row.reason = Some(reason.to_string());
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
                row.state = COMPLETED.to_owned();
                row.domain_id = Some(domain.id.clone());
                if !domain.delegated {
                    work.enqueue(NewJob::new(account, DELEGATION, domain.id.as_str(), now));
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
    let count = |state: &str| {
        let current = rows
            .iter()
            .map(|row| latest.get(&row.position).copied().unwrap_or(row));
        u32::try_from(current.filter(|row| row.state == state).count()).unwrap_or(u32::MAX)
    };
    job.completed_count = small(count(COMPLETED))?;
    job.failed_count = small(count(FAILED))?;
    Ok(count(PENDING) == 0 && job.status == ImportStatus::InProgress.as_str())
}

/// The domain's row with its zone: the account's own, or a new one.
fn with_zone(
    known: Option<domains::Model>,
    account: &AccountId,
    name: &DomainName,
    import: &ImportId,
    nameservers: &[String],
    now: Timestamp,
) -> Result<domains::Model> {
    let mut row = known.unwrap_or_else(|| domains::Model {
        account_id: account.to_string(),
        id: DomainId::new(now).into(),
        name: name.to_string(),
        category: domain_rows::CANDIDATE.to_owned(),
        status: DomainStatus::Failed.to_string(),
        owned: false,
        google_only: false,
        order_id: None,
        user_id: None,
        provider: None,
        forwarding_url: None,
        registered_until: None,
        created_at: now.as_millis(),
        import_id: None,
        nameservers: None,
        delegated: false,
        renewal_price_cents: 0,
        renewing_until: None,
        renewal_refused: false,
    });
    if domain_rows::has_lapsed(&row, now) {
        domain_rows::disown(&mut row);
    }
    row.owned = true;
    row.import_id = Some(import.to_string());
    row.nameservers = Some(serde_json::to_string(nameservers)?);
    if row.order_id.is_none() {
        row.category = Category::Inventory.to_string();
        let status = if row.delegated {
            DomainStatus::Available
        } else {
            DomainStatus::ActionRequired
        };
        row.status = row
            .status
            .parse::<DomainStatus>()?
            .transition(status)?
            .to_string();
    }
    Ok(row)
}

async fn conclude(
    work: &mut Work<'_>,
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
    job.status = job
        .status
        .parse::<ImportStatus>()?
        .transition(status)?
        .to_string();
    job.completed_at = Some(now.as_millis());
    let shown = show(work.tx(), job).await?;
    let kind = if status == ImportStatus::Completed {
        EventType::DomainImportCompleted
    } else {
        EventType::DomainImportFailed
    };
    work.emit(account, kind, None, &shown, now)?;
    if status == ImportStatus::Completed {
        work.enqueue(NewJob::new(
            account,
            IMPORT_DEADLINE,
            job.id.as_str(),
            deadline,
        ));
    }
    // The worker's job, if the request did the work itself; a worker that has it at this moment ends it on its own.
    jobs::Entity::delete_many()
        .filter(jobs::Column::AccountId.eq(account.as_str()))
        .filter(jobs::Column::Kind.eq(IMPORT))
        .filter(jobs::Column::Subject.eq(&job.id))
        .filter(jobs::Column::LeaseToken.is_null())
        .exec(work.tx())
        .await?;
    Ok(())
}

/// Gives up the claim on names that could not be imported, unless an import of this account made or may make a zone
/// for them: who could not import a name must not keep others from it.
async fn release_names(
    tx: &DatabaseTransaction,
    account: &AccountId,
    refused: &[String],
    known: &HashMap<String, domains::Model>,
) -> Result<()> {
    let open: Vec<String> = import_domains::Entity::find()
        .select_only()
        .column(import_domains::Column::Name)
        .filter(import_domains::Column::AccountId.eq(account.as_str()))
        .filter(import_domains::Column::Name.is_in(refused))
        // Spelled out, so that the planner can choose the index of open rows.
        .filter(Expr::cust("state = 'pending'"))
        .into_tuple()
        .all(tx)
        .await?;
    let has_zone = |name: &String| known.get(name).is_some_and(|row| row.import_id.is_some());
    let free = refused
        .iter()
        .filter(|name| !open.contains(name) && !has_zone(name));
    imported_names::Entity::delete_many()
        .filter(imported_names::Column::AccountId.eq(account.as_str()))
        .filter(imported_names::Column::Name.is_in(free))
        .exec(tx)
        .await?;
    Ok(())
}

async fn of_import(
    db: &impl ConnectionTrait,
    account: &AccountId,
    id: &ImportId,
) -> Result<Vec<import_domains::Model>> {
    Ok(import_domains::Entity::find()
        .filter(import_domains::Column::AccountId.eq(account.as_str()))
        .filter(import_domains::Column::ImportId.eq(id.as_str()))
        .order_by_asc(import_domains::Column::Position)
        .all(db)
        .await?)
}

async fn by_name<'n>(
    db: &impl ConnectionTrait,
    account: &AccountId,
    names: impl Iterator<Item = &'n DomainName>,
) -> Result<HashMap<String, domains::Model>> {
    let rows = domains::Entity::find()
        .filter(domains::Column::AccountId.eq(account.as_str()))
        .filter(domains::Column::Name.is_in(names.map(DomainName::as_str)))
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.name.clone(), row))
        .collect())
}

async fn by_id(
    db: &impl ConnectionTrait,
    account: &str,
    rows: &[import_domains::Model],
) -> Result<Vec<domains::Model>> {
    Ok(domains::Entity::find()
        .filter(domains::Column::AccountId.eq(account))
        .filter(domains::Column::Id.is_in(rows.iter().filter_map(|row| row.domain_id.as_deref())))
        .all(db)
        .await?)
}

fn nameservers(row: &domains::Model) -> Result<Vec<String>> {
    Ok(row
        .nameservers
        .as_deref()
        .map(serde_json::from_str)
        .transpose()?
        .unwrap_or_default())
}

async fn show(db: &impl ConnectionTrait, job: &imports::Model) -> Result<ImportJob> {
    let account = AccountId::from_stored(job.account_id.clone());
    let rows = of_import(db, &account, &ImportId::from_stored(job.id.clone())).await?;
    let zones = by_id(db, &job.account_id, &rows).await?;
    let mut groups: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for zone in &zones {
        groups
            .entry(nameservers(zone)?)
            .or_default()
            .push(zone.name.clone());
    }
    let mut failed = Vec::new();
    for row in rows.iter().filter(|row| row.state == FAILED) {
        let reason = row.reason.as_deref().unwrap_or_default().parse()?;
        failed.push(FailedDomain {
            domain: row.name.clone(),
            reason,
        });
    }
    let group = |(nameservers, mut domains): (Vec<String>, Vec<String>)| {
        domains.sort_unstable();
        NameserverGroup {
            nameservers,
            domains,
        }
    };
    Ok(ImportJob {
        id: job.id.clone(),
        status: job.status.parse()?,
        completed_count: unsigned(job.completed_count)?,
        failed_count: unsigned(job.failed_count)?,
        nameserver_groups: groups.into_iter().map(group).collect(),
        completed: rows
            .iter()
            .filter(|row| row.state == COMPLETED)
            .map(|row| row.name.clone())
            .collect(),
        failed,
        created_at: Timestamp::from_millis(job.created_at),
        completed_at: job.completed_at.map(Timestamp::from_millis),
    })
}

/// One import job.
pub async fn find(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &ImportId,
) -> Result<Option<ImportJob>> {
    let row = imports::Entity::find_by_id((account.to_string(), id.to_string()))
        .one(&db.pools.reader)
        .await?;
    match row {
        Some(row) => show(&db.pools.reader, &row).await.map(Some),
        None => Ok(None),
    }
}

/// The last import of each of these names; names never imported are not in the answer.
pub async fn find_domains(
    db: &EnvironmentDb,
    account: &AccountId,
    names: &[DomainName],
) -> Result<Vec<ImportedDomain>> {
    let mut rows = by_name(&db.pools.reader, account, names.iter()).await?;
    let mut found = Vec::new();
    for name in names {
        let Some(row) = rows.remove(name.as_str()) else {
            continue;
        };
        let Some(import_id) = row.import_id.clone() else {
            continue;
        };
        found.push(ImportedDomain {
            domain: row.name.clone(),
            import_id,
            status: row.status.parse()?,
            nameservers: nameservers(&row)?,
        });
    }
    Ok(found)
}

/// Names whose import has begun and is not finished.
pub async fn unfinished(
    db: &EnvironmentDb,
    account: &AccountId,
    names: &[&DomainName],
) -> Result<BTreeSet<String>> {
    let rows: Vec<String> = import_domains::Entity::find()
        .select_only()
        .column(import_domains::Column::Name)
        .filter(import_domains::Column::AccountId.eq(account.as_str()))
        .filter(import_domains::Column::Name.is_in(names.iter().map(|name| name.as_str())))
        // Spelled out, so that the planner can choose the index of open rows.
        .filter(Expr::cust("state = 'pending'"))
        .into_tuple()
        .all(&db.pools.reader)
        .await?;
    Ok(rows.into_iter().collect())
}

/// A zone whose delegation is watched.
#[derive(Debug, Clone)]
pub struct WatchedZone {
    /// The domain.
    pub name: DomainName,
    /// Its zone's nameservers.
    pub nameservers: Vec<String>,
    /// Whether they were seen already.
    pub delegated: bool,
    /// When the domain came into the account.
    pub created_at: Timestamp,
}

/// The zone of a domain; `None` when it has none.
pub async fn watched_zone(
    db: &EnvironmentDb,
    account: &AccountId,
    domain: &str,
) -> Result<Option<WatchedZone>> {
    let row = domains::Entity::find_by_id((account.to_string(), domain.to_owned()))
        .one(&db.pools.reader)
        .await?;
    let Some(row) = row.filter(|row| row.nameservers.is_some()) else {
        return Ok(None);
    };
    Ok(Some(WatchedZone {
        nameservers: nameservers(&row)?,
        delegated: row.delegated,
        created_at: Timestamp::from_millis(row.created_at),
        name: DomainName::from_stored(row.name),
    }))
}

/// Records that a domain's nameservers were seen: it can be used, what waited for it goes on, and imports that waited
/// for nothing else are completed again. Ends the job.
pub async fn delegated(db: &EnvironmentDb, job: &ClaimedJob, now: Timestamp) -> Result<()> {
    let mut work = Work::begin(db, [&job.account]).await?;
    crate::jobs::finish(&work, job).await?;
    let key = (job.account.to_string(), job.subject.clone());
    let Some(mut row) = domains::Entity::find_by_id(key).one(work.tx()).await? else {
        return work.commit().await;
    };
    row.delegated = true;
    if row.order_id.is_none() {
        row.status = row
            .status
            .parse::<DomainStatus>()?
            .transition(DomainStatus::Available)?
            .to_string();
    }
    write_back::<domains::Entity, _>(work.tx(), vec![row.clone()]).await?;
    swaps::imported(&mut work, &job.account, &row, now).await?;
    actions::resolve_for_domain(
        &mut work,
        &job.account,
        &job.subject,
        ActionReason::UpdateNameservers,
        now,
    )
    .await?;
    complete_again(&work, &job.account, &job.subject).await?;
    work.commit().await
}

async fn complete_again(work: &Work<'_>, account: &AccountId, domain: &str) -> Result<()> {
    let of_domain = import_domains::Entity::find()
        .filter(import_domains::Column::AccountId.eq(account.as_str()))
        .filter(import_domains::Column::DomainId.eq(domain))
        .all(work.tx())
        .await?;
    let waiting = imports::Entity::find()
        .filter(imports::Column::AccountId.eq(account.as_str()))
        .filter(imports::Column::Id.is_in(of_domain.iter().map(|row| row.import_id.as_str())))
        .filter(imports::Column::Status.eq(ImportStatus::ActionRequired.as_str()))
        .all(work.tx())
        .await?;
    for mut job in waiting {
        if undelegated(work.tx(), &job).await? == 0 {
            job.status = job
                .status
                .parse::<ImportStatus>()?
                .transition(ImportStatus::Completed)?
                .to_string();
            write_back::<imports::Entity, _>(work.tx(), vec![job]).await?;
        }
    }
    Ok(())
}

async fn undelegated(db: &impl ConnectionTrait, job: &imports::Model) -> Result<usize> {
    let account = AccountId::from_stored(job.account_id.clone());
    let rows = of_import(db, &account, &ImportId::from_stored(job.id.clone())).await?;
    let zones = by_id(db, &job.account_id, &rows).await?;
    Ok(zones.iter().filter(|zone| !zone.delegated).count())
}

/// A day after the import: asks for the nameservers, once, if some are not set. Ends the job.
pub async fn deadline(db: &EnvironmentDb, job: &ClaimedJob, now: Timestamp) -> Result<()> {
    let mut work = Work::begin(db, [&job.account]).await?;
    crate::jobs::finish(&work, job).await?;
    let key = (job.account.to_string(), job.subject.clone());
    let Some(mut row) = imports::Entity::find_by_id(key).one(work.tx()).await? else {
        return work.commit().await;
    };
    if row.status == ImportStatus::Completed.as_str() && undelegated(work.tx(), &row).await? > 0 {
        row.status = row
            .status
            .parse::<ImportStatus>()?
            .transition(ImportStatus::ActionRequired)?
            .to_string();
        let shown = show(work.tx(), &row).await?;
        work.emit(
            &job.account,
            EventType::DomainImportActionRequired,
            None,
            &shown,
            now,
        )?;
        write_back::<imports::Entity, _>(work.tx(), vec![row]).await?;
    }
    work.commit().await
}
