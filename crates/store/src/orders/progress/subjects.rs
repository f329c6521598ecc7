//! What provisioning jobs are about, read for many jobs at a time.

use peeker_domain::OrderDomainState;
use peeker_domain::order::{Domain, Order, OrderDomain};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::aggregate::rows::all;
use crate::entity::{domains, order_domains, orders};
use crate::error::Result;
use crate::jobs::DomainJob;
use crate::keys::any_of;

/// What jobs are about.
pub(super) struct Subjects {
    pub orders: Vec<Order>,
    /// Their domains' parts in these orders. A domain that left an order may have come back to it by a swap: a job is
    /// about the part that is not over.
    pub parts: Vec<OrderDomain>,
    pub domains: Vec<Domain>,
}

impl Subjects {
    /// Reads what is there of what the jobs are about.
    pub async fn read(db: &impl ConnectionTrait, jobs: &[&DomainJob]) -> Result<Self> {
        let of_orders = jobs.iter().map(|job| (&job.account, &job.order));
        let of_domains = || jobs.iter().map(|job| (&job.account, &job.domain));
        let orders = orders::Entity::find()
            .filter(any_of(
                orders::Column::AccountId,
                orders::Column::Id,
                of_orders,
            ))
            .all(db)
            .await?;
        let (account, domain) = (
            order_domains::Column::AccountId,
            order_domains::Column::DomainId,
        );
        let mut parts = order_domains::Entity::find()
            .filter(any_of(account, domain, of_domains()))
            .filter(order_domains::Column::State.is_not_in(OrderDomainState::OVER))
            .all(db)
            .await?;
        // A domain may have a part in another order too.
        parts.retain(|row| {
            let key = (&row.account_id, &row.order_id, &row.domain_id);
            jobs.iter()
                .any(|job| (&job.account, &job.order, &job.domain) == key)
        });
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
            parts: all(parts)?,
            domains: all(domains)?,
        })
    }
}
