//! Domain imports: jobs ([`begin`], [`record`]), their domains, and whether those are delegated (`delegation.rs`).
//!
//! Every write looks at what is still open and changes only that, so it can be repeated and two workers that meet on
//! one import do no harm.

mod begin;
mod delegation;
mod record;

pub use begin::{Begun, NewImport, Submitted, begin};
pub use delegation::{WatchedZone, deadline, delegated, watched_zone};
pub use record::{SliceOf, ZoneOutcome, Zones, pending, record};

use std::collections::{BTreeMap, BTreeSet, HashMap};

use peeker_domain::id::{AccountId, ImportId};
use peeker_domain::view::{FailedDomain, ImportJob, ImportedDomain, NameserverGroup};
use peeker_domain::{DomainName, JobDomainState};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::{domains, import_domains, imports};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::number::unsigned;

/// [`JobDomainState::Pending`], spelled out as in the index of open rows, so that the planner can choose it.
const IS_PENDING: &str = "state = 'pending'";

async fn of_import(
    db: &impl ConnectionTrait,
    account: &AccountId,
    id: &ImportId,
) -> Result<Vec<import_domains::Model>> {
    Ok(import_domains::Entity::find()
        .filter(import_domains::Column::AccountId.eq(account))
        .filter(import_domains::Column::ImportId.eq(id))
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
    account: &AccountId,
    rows: &[import_domains::Model],
) -> Result<Vec<domains::Model>> {
    Ok(domains::Entity::find()
        .filter(domains::Column::AccountId.eq(account))
        .filter(domains::Column::Id.is_in(rows.iter().filter_map(|row| row.domain_id.as_ref())))
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
    let rows = of_import(db, &job.account_id, &job.id).await?;
    let zones = by_id(db, &job.account_id, &rows).await?;
    let mut groups: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for zone in &zones {
        groups
            .entry(nameservers(zone)?)
            .or_default()
            .push(zone.name.clone());
    }
    // What failed has a reason, and nothing else has.
    let failed = rows.iter().filter_map(|row| {
        Some(FailedDomain {
            reason: row.reason?,
            domain: row.name.clone(),
        })
    });
    let group = |(nameservers, mut domains): (Vec<String>, Vec<String>)| {
        domains.sort_unstable();
        NameserverGroup {
            nameservers,
            domains,
        }
    };
    Ok(ImportJob {
        id: job.id.to_string(),
        status: job.status,
        completed_count: unsigned(job.completed_count)?,
        failed_count: unsigned(job.failed_count)?,
        nameserver_groups: groups.into_iter().map(group).collect(),
        completed: rows
            .iter()
            .filter(|row| row.state == JobDomainState::Completed)
            .map(|row| row.name.clone())
            .collect(),
        failed: failed.collect(),
        created_at: job.created_at,
        completed_at: job.completed_at,
    })
}

pub async fn find(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &ImportId,
) -> Result<Option<ImportJob>> {
    let row = imports::Entity::find_by_id((account.clone(), id.clone()))
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
            import_id: import_id.into(),
            status: row.status,
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
        .filter(import_domains::Column::AccountId.eq(account))
        .filter(import_domains::Column::Name.is_in(names.iter().map(|name| name.as_str())))
        .filter(Expr::cust(IS_PENDING))
        .into_tuple()
        .all(&db.pools.reader)
        .await?;
    Ok(rows.into_iter().collect())
}
