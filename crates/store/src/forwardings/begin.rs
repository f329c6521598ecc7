//! Taking a forwarding job in.

use std::collections::HashMap;

use peeker_domain::id::{AccountId, ForwardingId};
use peeker_domain::view::{FailureReason, ForwardingJob};
use peeker_domain::{
    DomainCategory, DomainName, ForwardingStatus, JobDomainState, JobKind, NewJob, Timestamp,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};

use super::show;
use crate::entity::{domains, forwarding_domains, forwardings};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::insert::insert_all;
use crate::unit_of_work::UnitOfWork;

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
