//! A target that an order's domain could not be forwarded to when it was set up. The domain goes on without; what is told
//! is a forwarding job of one domain that has failed.

use peeker_domain::id::ForwardingId;
use peeker_domain::view::FailureReason;
use peeker_domain::{EventType, ForwardingStatus, JobDomainState, JobKind, Timestamp};

use super::show;
use crate::aggregate::read;
use crate::aggregate::write::{write_domains, write_order_domains};
use crate::entity::{forwarding_domains, forwardings};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::insert::insert_all;
use crate::jobs::{DomainJob, held_by};
use crate::unit_of_work::UnitOfWork;

/// A target that a domain could not be forwarded to.
#[derive(Debug, Clone, Copy)]
pub struct Unforwarded<'a> {
    /// The job that sets the domain up; its lease guards the write.
    pub job: &'a DomainJob,
    pub url: &'a str,
    pub reason: FailureReason,
}

/// Records that a domain is set up without its redirect, and tells. Changes nothing when it is to go elsewhere by now.
/// Errors: [`crate::StoreError::LeaseLost`].
pub async fn record_unforwarded(
    db: &EnvironmentDb,
    unforwarded: Unforwarded<'_>,
    now: Timestamp,
) -> Result<()> {
    let Unforwarded { job, url, reason } = unforwarded;
    let (account, id) = (&job.account, &job.domain);
    let mut work = UnitOfWork::begin(db, [account]).await?;
    held_by(&work, account, JobKind::Provision, id.as_str(), &job.lease).await?;
    let found = read::active_part(&work, account, &job.order, id).await?;
    let Some((_, mut part)) = found else {
        return Ok(());
    };
    if part.forwarding_url.as_deref() != Some(url) {
        return Ok(());
    }
    let failed = forwardings::Model {
        account_id: account.clone(),
        id: ForwardingId::new(now),
        status: ForwardingStatus::Failed,
        url: url.to_owned(),
        created_at: now,
        completed_at: Some(now),
    };
    let rows = vec![forwarding_domains::Model {
        account_id: account.clone(),
        forwarding_id: failed.id.clone(),
        position: 0,
        name: part.name.clone(),
        domain_id: Some(id.clone()),
        state: JobDomainState::Failed,
        reason: Some(reason),
    }];
    let shown = show(&failed, &rows);
    work.emit(
        account,
        EventType::DomainForwardingFailed,
        Some(&job.order),
        &shown,
        now,
    )?;
    insert_all::<forwarding_domains::Entity, _>(work.tx(), rows, None).await?;
    insert_all::<forwardings::Entity, _>(work.tx(), vec![failed], None).await?;
    part.forwarding_url = None;
    write_order_domains(&work, vec![part]).await?;
    if let Some(mut domain) = read::domain(&work, account, id).await? {
        domain.forwarding_url = None;
        write_domains(&work, vec![domain]).await?;
    }
    work.commit().await
}
