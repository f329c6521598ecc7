//! Domain forwarding jobs: taken in ([`begin`]), worked on ([`record`]), and those that tell what an order could not
//! forward when it set a domain up (`set_up.rs`).

mod begin;
mod record;
mod set_up;

pub use begin::{Begun, Target, begin};
pub use record::{Outcome, Pending, Situation, Wait, pending, record};
pub use set_up::{Unforwarded, record_unforwarded};

use std::collections::HashMap;

use peeker_domain::JobDomainState;
use peeker_domain::id::{AccountId, DomainId, ForwardingId};
use peeker_domain::view::{FailedDomain, ForwardingJob};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::entity::{domains, forwarding_domains, forwardings};
use crate::environment::EnvironmentDb;
use crate::error::Result;

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
