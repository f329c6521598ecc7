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
use peeker_domain::{DomainName, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::{domains, import_domains, imports};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::number::unsigned;

const PENDING: &str = "pending";
const COMPLETED: &str = "completed";
const FAILED: &str = "failed";

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
    account: &AccountId,
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
    let zones = by_id(db, &account, &rows).await?;
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
        .filter(import_domains::Column::AccountId.eq(account.as_str()))
        .filter(import_domains::Column::Name.is_in(names.iter().map(|name| name.as_str())))
        // Spelled out, so that the planner can choose the index of open rows.
        .filter(Expr::cust("state = 'pending'"))
        .into_tuple()
        .all(&db.pools.reader)
        .await?;
    Ok(rows.into_iter().collect())
}
