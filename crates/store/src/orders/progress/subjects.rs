//! What provisioning jobs are about, read for many jobs at a time.

use peeker_domain::OrderDomainState;
use peeker_domain::order::{Domain, Order, OrderDomain};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};

use crate::aggregate::rows::all;
use crate::entity::{domains, order_domains, orders};
use crate::error::Result;
use crate::jobs::DomainJob;
use crate::keys::any_of;

/// What jobs are about.
pub(super) struct Subjects {
    pub orders: Vec<Order>,
    /// The part of each domain that its job is about: one that has left and is to be deprovisioned; after that the one in the
    /// job's order that is not over. A domain may have left an order and come back to it, or be on another by now.
    pub parts: Vec<OrderDomain>,
    pub domains: Vec<Domain>,
}

impl Subjects {
    /// Reads what is there of what the jobs are about.
    pub async fn read(db: &impl ConnectionTrait, jobs: &[&DomainJob]) -> Result<Self> {
        let of_domains = || jobs.iter().map(|job| (&job.account, &job.domain));
        let (account, domain) = (
            order_domains::Column::AccountId,
            order_domains::Column::DomainId,
        );
        let there_is_work = Condition::any()
            .add(order_domains::Column::State.is_not_in(OrderDomainState::OVER))
            .add(order_domains::Column::DeprovisionPending.eq(true));
        let parts = order_domains::Entity::find()
            .filter(any_of(account, domain, of_domains()))
            .filter(there_is_work)
            .all(db)
            .await?;
        let parts: Vec<OrderDomain> = all(parts)?;
        let parts: Vec<OrderDomain> = jobs
            .iter()
            .filter_map(|job| subject(job, &parts).cloned())
            .collect();
        let of_orders = parts.iter().map(|part| (&part.account_id, &part.order_id));
        let orders = orders::Entity::find()
            .filter(any_of(
                orders::Column::AccountId,
                orders::Column::Id,
                of_orders,
            ))
            .all(db)
            .await?;
        let domains = domains::Entity::find()
            .filter(any_of(
                domains::Column::AccountId,
                domains::Column::Id,
                of_domains(),
            ))
            .all(db)
            .await?;
        Ok(Self {
            orders: all(orders)?,
            parts,
            domains: all(domains)?,
        })
    }
}

fn subject<'p>(job: &DomainJob, parts: &'p [OrderDomain]) -> Option<&'p OrderDomain> {
    let of_domain = || {
        parts
            .iter()
            .filter(|part| (&part.account_id, &part.domain_id) == (&job.account, &job.domain))
    };
    // The oldest first: no later one has inboxes, since its set-up would have had to clear the domain before it named any.
    let left = of_domain().filter(|part| part.deprovision_pending);
    let left = left.min_by_key(|part| (&part.order_id, part.position));
    left.or_else(|| of_domain().find(|part| part.order_id == job.order))
}
