//! What the views of orders need beside them.

use std::collections::{BTreeMap, BTreeSet};

use peeker_domain::id::{AccountId, OrderId};
use peeker_domain::order::{Order, OrderDomain};
use peeker_domain::view::OrderDetail;
use sea_orm::{EntityTrait, QueryFilter, QueryOrder};

use super::Orders;
use crate::aggregate::rows::all;
use crate::entity::order_domains;
use crate::error::Result;
use crate::keys::any_of;
use crate::unit_of_work::UnitOfWork;
use crate::users;

/// Customers and domains of some orders.
pub(super) struct Shown {
    emails: users::Emails,
    domains: BTreeMap<(AccountId, OrderId), Vec<OrderDomain>>,
}

impl Shown {
    pub async fn read(
        work: &UnitOfWork<'_>,
        orders: &Orders,
        keys: BTreeSet<(AccountId, OrderId)>,
    ) -> Result<Self> {
        let of = || keys.iter().filter_map(|key| orders.get(key));
        let users = of().map(|order| (&order.account_id, &order.user_id));
        let emails = users::emails(work.tx(), users).await?;
        let rows = order_domains::Entity::find()
            .filter(any_of(
                order_domains::Column::AccountId,
                order_domains::Column::OrderId,
                of().map(|order| (&order.account_id, &order.id)),
            ))
            .order_by_asc(order_domains::Column::Position)
            .all(work.tx())
            .await?;
        let mut domains: BTreeMap<_, Vec<OrderDomain>> = BTreeMap::new();
        for domain in all::<_, OrderDomain>(rows)? {
            let key = (domain.account_id.clone(), domain.order_id.clone());
            domains.entry(key).or_default().push(domain);
        }
        Ok(Self { emails, domains })
    }

    pub fn detail(&self, order: &Order) -> OrderDetail {
        let user = (order.account_id.clone(), order.user_id.clone());
        let email = self.emails.get(&user).cloned().unwrap_or_default();
        let key = (order.account_id.clone(), order.id.clone());
        let domains = self.domains.get(&key).map_or(&[][..], Vec::as_slice);
        order.detail(email, domains)
    }
}
