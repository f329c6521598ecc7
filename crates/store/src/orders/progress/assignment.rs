//! What a worker has to know to go on with a domain's job.

use std::collections::BTreeSet;

use peeker_domain::id::{AccountId, DomainId};
use peeker_domain::order::{Domain, Order, OrderDomain};
use peeker_domain::{InboxStatus, JobKind};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};

use super::subjects::Subjects;
use crate::aggregate::read::open_renames;
use crate::entity::{inboxes, jobs};
use crate::environment::EnvironmentDb;
use crate::error::{Result, StoreError};
use crate::jobs::DomainJob;
use crate::loader::Load;

/// What a worker has to know to go on with a job.
#[derive(Debug, Clone)]
pub struct Assignment {
    pub order: Order,
    /// The domain's part in it.
    pub part: OrderDomain,
    pub domain: Domain,
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
        let subjects = Subjects::read(&db.pools.reader, &jobs).await?;
        jobs.iter().map(|job| subjects.assignment(job)).collect()
    }
}

impl Subjects {
    fn assignment(&self, job: &DomainJob) -> Result<Option<Assignment>> {
        let part = self
            .parts
            .iter()
            .find(|part| (&part.account_id, &part.domain_id) == (&job.account, &job.domain));
        let Some(part) = part else {
            return Ok(None);
        };
        let order = self
            .orders
            .iter()
            .find(|order| (&order.account_id, &order.id) == (&part.account_id, &part.order_id));
        let domain = self
            .domains
            .iter()
            .find(|domain| (&domain.account_id, &domain.id) == (&job.account, &job.domain));
        let (Some(order), Some(domain)) = (order, domain) else {
            return Err(StoreError::Corrupt(format!(
                "job of domain {} has no order",
                job.domain
            )));
        };
        Ok(Some(Assignment {
            order: order.clone(),
            part: part.clone(),
            domain: domain.clone(),
        }))
    }
}

/// Ends a job that has nothing left to do; one that was asked for while it ran becomes due again instead. Does nothing
/// when the lease is somebody else's by now.
pub async fn end_job(db: &EnvironmentDb, job: &DomainJob) -> Result<()> {
    let ours = Condition::all()
        .add(jobs::Column::AccountId.eq(&job.account))
        .add(jobs::Column::Kind.eq(JobKind::Provision))
        .add(jobs::Column::Subject.eq(job.domain.as_str()))
        .add(jobs::Column::LeaseToken.eq(&job.lease));
    let writer = &db.pools.writer;
    jobs::Entity::delete_many()
        .filter(ours.clone())
        .filter(jobs::Column::RerunRequested.eq(false))
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

/// The addresses planned for a domain on an order and not removed since, and those that a renaming may have made of
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
    let open = open_renames(&db.pools.reader, account, domain).await?;
    // An open renaming may have given its address without our hearing of it.
    let renamed = open.into_iter().filter_map(|swap| swap.new_email);
    let all: BTreeSet<String> = rows.into_iter().chain(renamed).collect();
    Ok(all.into_iter().collect())
}
