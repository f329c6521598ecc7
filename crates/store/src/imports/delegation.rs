//! Whether imported domains are delegated, and what follows when they are.

use peeker_domain::id::{AccountId, DomainId, ImportId};
use peeker_domain::{ActionReason, DomainName, EventType, ImportStatus, Timestamp, view};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::{by_id, nameservers, of_import, show};
use crate::aggregate::pending::open_for;
use crate::aggregate::read;
use crate::aggregate::write::write_domains;
use crate::entity::{domains, import_domains, imports};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::insert::write_back;
use crate::jobs::ClaimedJob;
use crate::unit_of_work::UnitOfWork;
use crate::{actions, swaps};

/// A zone whose delegation is watched.
#[derive(Debug, Clone)]
pub struct WatchedZone {
    pub name: DomainName,
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
    domain: &DomainId,
) -> Result<Option<WatchedZone>> {
    let row = domains::Entity::find_by_id((account.clone(), domain.clone()))
        .one(&db.pools.reader)
        .await?;
    let Some(row) = row.filter(|row| row.nameservers.is_some()) else {
        return Ok(None);
    };
    Ok(Some(WatchedZone {
        nameservers: nameservers(&row)?,
        delegated: row.delegated,
        created_at: row.created_at,
        name: DomainName::from_stored(row.name),
    }))
}

/// Records that a domain's nameservers were seen: it can be used, what waited for it goes on, and imports that waited
/// for nothing else are completed again. Ends the job.
pub async fn delegated(db: &EnvironmentDb, job: &ClaimedJob, now: Timestamp) -> Result<()> {
    let mut work = UnitOfWork::begin(db, [&job.account]).await?;
    crate::jobs::finish(&work, job).await?;
    let id = DomainId::from_stored(job.subject.clone());
    let Some(mut domain) = read::domain(&work, &job.account, &id).await? else {
        return work.commit().await;
    };
    domain.delegated()?;
    write_domains(&work, vec![domain.clone()]).await?;
    swaps::imported(&mut work, &job.account, &domain, now).await?;
    let nameservers = ActionReason::UpdateNameservers;
    actions::release(&mut work, &domain, nameservers, now).await?;
    complete_again(&work, &job.account, &id).await?;
    work.commit().await
}

async fn complete_again(
    work: &UnitOfWork<'_>,
    account: &AccountId,
    domain: &DomainId,
) -> Result<()> {
    let of_domain = import_domains::Entity::find()
        .filter(import_domains::Column::AccountId.eq(account))
        .filter(import_domains::Column::DomainId.eq(domain))
        .all(work.tx())
        .await?;
    let waiting = imports::Entity::find()
        .filter(imports::Column::AccountId.eq(account))
        .filter(imports::Column::Id.is_in(of_domain.iter().map(|row| &row.import_id)))
        .filter(imports::Column::Status.eq(ImportStatus::ActionRequired))
        .all(work.tx())
        .await?;
    for mut job in waiting {
        if undelegated(work.tx(), &job).await? == 0 {
            job.status = job.status.transition(ImportStatus::Completed)?;
            write_back::<imports::Entity, _>(work.tx(), vec![job]).await?;
        }
    }
    Ok(())
}

async fn undelegated(db: &impl ConnectionTrait, job: &imports::Model) -> Result<usize> {
    let rows = of_import(db, &job.account_id, &job.id).await?;
    let zones = by_id(db, &job.account_id, &rows).await?;
    Ok(zones.iter().filter(|zone| !zone.delegated).count())
}

/// What orders ask for about domains of an import that are not delegated.
async fn nameserver_actions(
    db: &impl ConnectionTrait,
    job: &imports::Model,
) -> Result<Vec<view::OpenAction>> {
    let rows = of_import(db, &job.account_id, &job.id).await?;
    let zones = by_id(db, &job.account_id, &rows).await?;
    let waiting = zones.into_iter().filter(|zone| !zone.delegated);
    let waiting: Vec<DomainId> = waiting.map(|zone| zone.id).collect();
    let reason = ActionReason::UpdateNameservers;
    open_for(db, &job.account_id, &waiting, reason).await
}

/// A day after the import: asks for the nameservers, once, if some are not set. Ends the job.
pub async fn deadline(db: &EnvironmentDb, job: &ClaimedJob, now: Timestamp) -> Result<()> {
    let mut work = UnitOfWork::begin(db, [&job.account]).await?;
    crate::jobs::finish(&work, job).await?;
    let id = ImportId::from_stored(job.subject.clone());
    let key = (job.account.clone(), id);
    let Some(mut row) = imports::Entity::find_by_id(key).one(work.tx()).await? else {
        return work.commit().await;
    };
    if row.status == ImportStatus::Completed && undelegated(work.tx(), &row).await? > 0 {
        row.status = row.status.transition(ImportStatus::ActionRequired)?;
        let waiting = view::Waiting {
            object: show(work.tx(), &row).await?,
            actions: nameserver_actions(work.tx(), &row).await?,
        };
        let event = EventType::DomainImportActionRequired;
        work.emit(&job.account, event, None, &waiting, now)?;
        write_back::<imports::Entity, _>(work.tx(), vec![row]).await?;
    }
    work.commit().await
}
