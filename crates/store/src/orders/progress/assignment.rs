//! What a worker has to know to go on with a domain's job.

use std::collections::BTreeSet;

use peeker_domain::id::{AccountId, DomainId};
use peeker_domain::{InboxStatus, JobKind, OrderDomainState, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};

use crate::entity::{domains, inboxes, jobs, order_domains, orders};
use crate::environment::EnvironmentDb;
use crate::error::{Result, StoreError};
use crate::loader::Load;
use crate::swaps;

use super::subjects::Subjects;
use super::{DomainJob, is_leaving};

/// What a worker has to know to go on with a job.
#[derive(Debug)]
pub struct Assignment {
    /// The order.
    pub order: orders::Model,
    /// The domain's place on it.
    pub place: order_domains::Model,
    /// The domain.
    pub domain: domains::Model,
}

/// Reads what jobs are about; `None` when the domain's part in the order is over, so that there is nothing left to do.
#[derive(Debug)]
pub enum Assignments {}

impl Load for Assignments {
    type Key = DomainJob;
    type Found = Option<Assignment>;

    fn account(job: &DomainJob) -> &AccountId {
        &job.account
    }

    async fn load(db: &EnvironmentDb, jobs: &[DomainJob]) -> Result<Vec<Option<Assignment>>> {
        let jobs: Vec<&DomainJob> = jobs.iter().collect();
        let Subjects {
            orders,
            places,
            domains,
        } = Subjects::read(&db.pools.reader, &jobs).await?;
        let assigned = |job: &&DomainJob| {
            let (account, id) = (&job.account, &job.domain);
            let order = orders
                .iter()
                .find(|row| (&row.account_id, &row.id) == (account, &job.order));
            let domain = domains
                .iter()
                .find(|row| (&row.account_id, &row.id) == (account, id));
            let (Some(order), Some(domain)) = (order, domain) else {
                return Err(StoreError::Corrupt(format!(
                    "job of domain {id} has no order"
                )));
            };
            let place = places.iter().find(|row| {
                (&row.account_id, &row.order_id, &row.domain_id)
                    == (&order.account_id, &order.id, id)
            });
            Ok(place.map(|place| Assignment {
                order: order.clone(),
                place: place.clone(),
                domain: domain.clone(),
            }))
        };
        jobs.iter().map(assigned).collect()
    }
}

/// Ends a job that has nothing left to do; one that was asked for while it ran becomes due again instead. Does nothing
/// when the lease is somebody else's by now.
pub async fn end_job(db: &EnvironmentDb, job: &DomainJob) -> Result<()> {
    let ours = Condition::all()
        .add(jobs::Column::AccountId.eq(&job.account))
        .add(jobs::Column::Kind.eq(JobKind::Provision))
        .add(jobs::Column::Subject.eq(&job.domain))
        .add(jobs::Column::LeaseToken.eq(&job.lease));
    let writer = &db.pools.writer;
    jobs::Entity::delete_many()
        .filter(ours.clone())
        .filter(jobs::Column::WantedAgain.eq(false))
        .exec(writer)
        .await?;
    // What is still there was asked for meanwhile; `created_at` lies in the past, so it is due.
    jobs::Entity::update_many()
        .col_expr(jobs::Column::RunAt, Expr::col(jobs::Column::CreatedAt))
        .col_expr(jobs::Column::LeaseToken, Expr::value(None::<String>))
        .filter(ours)
        .exec(writer)
        .await?;
    Ok(())
}

/// The addresses laid down for a domain on an order and not removed since, and those that a renaming may have made of
/// them.
pub async fn planned_addresses(
    db: &EnvironmentDb,
    account: &AccountId,
    domain: &DomainId,
) -> Result<Vec<String>> {
    let rows: Vec<String> = inboxes::Entity::find()
        .select_only()
        .column(inboxes::Column::Email)
        .filter(inboxes::Column::AccountId.eq(account))
        .filter(inboxes::Column::DomainId.eq(domain))
        .filter(inboxes::Column::Status.ne(InboxStatus::Removed))
        .into_tuple()
        .all(&db.pools.reader)
        .await?;
    let renamed = swaps::rename_addresses(&db.pools.reader, account, domain).await?;
    Ok(rows
        .into_iter()
        .chain(renamed)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect())
}

impl Assignment {
    /// Whether the domain's time on its order is over.
    pub fn is_leaving(&self, now: Timestamp) -> bool {
        is_leaving(&self.place, now)
    }

    /// Whether a swap brings the domain in.
    pub fn is_replacement(&self) -> bool {
        self.place.swap_in_id.is_some()
    }

    /// Whether the domain is live.
    pub fn is_live(&self) -> bool {
        self.place.state == OrderDomainState::Active
    }

    /// Whether the domain is still to be set up.
    pub fn is_pending(&self) -> bool {
        self.place.state == OrderDomainState::Pending
    }
}
