//! Reading parts of an order within a unit of work.

use peeker_domain::id::{AccountId, DomainId, OrderId};
use peeker_domain::order::{Domain, Order, OrderDomain, Swap};
use peeker_domain::{OrderDomainState, SwapType};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::rows::all;
use crate::entity::{domains, order_domains, orders, swaps};
use crate::error::Result;
use crate::unit_of_work::UnitOfWork;

/// Most ids in one query.
pub(crate) const CHUNK: usize = 10_000;

/// Swaps that are not over, `SwapStatus::is_open`, spelled out so that the planner can choose their index.
const OPEN: &str = "status IN ('created', 'in_progress', 'action_required')";

/// Swaps of this kind that are not over; spelled out, so that the planner can choose the index of open swaps.
const OPEN_RENAMES: &str =
    "type = 'user_names' AND status IN ('created', 'in_progress', 'action_required')";

pub(crate) async fn order(
    work: &UnitOfWork<'_>,
    account: &AccountId,
    id: &OrderId,
) -> Result<Option<Order>> {
    let row = orders::Entity::find_by_id((account.clone(), id.clone()));
    let row = row.one(work.tx()).await?;
    row.map(Order::try_from).transpose()
}

/// One domain of the account.
pub(crate) async fn domain(
    work: &UnitOfWork<'_>,
    account: &AccountId,
    id: &DomainId,
) -> Result<Option<Domain>> {
    let row = domains::Entity::find_by_id((account.clone(), id.clone()));
    let row = row.one(work.tx()).await?;
    row.map(Domain::try_from).transpose()
}

/// These domains of the account.
pub(crate) async fn domains(
    work: &UnitOfWork<'_>,
    account: &AccountId,
    ids: &[DomainId],
) -> Result<Vec<Domain>> {
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let rows = domains::Entity::find()
            .filter(domains::Column::AccountId.eq(account))
            .filter(domains::Column::Id.is_in(chunk))
            .all(work.tx())
            .await?;
        found.extend(all::<_, Domain>(rows)?);
    }
    Ok(found)
}

/// All domains that an order ever had, by position.
pub(crate) async fn domains_of(
    work: &UnitOfWork<'_>,
    account: &AccountId,
    order: &OrderId,
) -> Result<Vec<OrderDomain>> {
    let rows = order_domains::Entity::find()
        .filter(order_domains::Column::AccountId.eq(account))
        .filter(order_domains::Column::OrderId.eq(order))
        .order_by_asc(order_domains::Column::Position)
        .all(work.tx())
        .await?;
    all(rows)
}

/// The domains whose part in the order is not over.
pub(crate) async fn staying_on(
    work: &UnitOfWork<'_>,
    account: &AccountId,
    order: &OrderId,
) -> Result<Vec<OrderDomain>> {
    let rows = order_domains::Entity::find()
        .filter(order_domains::Column::AccountId.eq(account))
        .filter(order_domains::Column::OrderId.eq(order))
        .filter(order_domains::Column::State.is_not_in(OrderDomainState::OVER))
        .all(work.tx())
        .await?;
    all(rows)
}

/// The parts of these domains in an order that are not over.
pub(crate) async fn parts_of(
    work: &UnitOfWork<'_>,
    account: &AccountId,
    order: &OrderId,
    domains: &[DomainId],
) -> Result<Vec<OrderDomain>> {
    let mut found = Vec::new();
    for chunk in domains.chunks(CHUNK) {
        let rows = order_domains::Entity::find()
            .filter(order_domains::Column::AccountId.eq(account))
            .filter(order_domains::Column::DomainId.is_in(chunk))
            .filter(order_domains::Column::OrderId.eq(order))
            .filter(order_domains::Column::State.is_not_in(OrderDomainState::OVER))
            .all(work.tx())
            .await?;
        found.extend(all::<_, OrderDomain>(rows)?);
    }
    Ok(found)
}

/// A domain's part in an order, while it is not over.
pub(crate) async fn part_of(
    work: &UnitOfWork<'_>,
    account: &AccountId,
    order: &OrderId,
    domain: &DomainId,
) -> Result<Option<OrderDomain>> {
    let row = order_domains::Entity::find()
        .filter(order_domains::Column::AccountId.eq(account))
        .filter(order_domains::Column::DomainId.eq(domain))
        .filter(order_domains::Column::OrderId.eq(order))
        .filter(order_domains::Column::State.is_not_in(OrderDomainState::OVER))
        .one(work.tx())
        .await?;
    row.map(OrderDomain::try_from).transpose()
}

/// An active order and a domain's part in it; `None` when the order has ended or goes on without the domain.
pub(crate) async fn active_part(
    work: &UnitOfWork<'_>,
    account: &AccountId,
    order: &OrderId,
    domain: &DomainId,
) -> Result<Option<(Order, OrderDomain)>> {
    let part = part_of(work, account, order, domain).await?;
    let order = self::order(work, account, order).await?;
    let active = order.filter(|order| order.status.is_active());
    Ok(active.zip(part))
}

/// The last position on an order; `None` when it never had a domain.
pub(crate) async fn last_position(
    work: &UnitOfWork<'_>,
    account: &AccountId,
    order: &OrderId,
) -> Result<Option<u32>> {
    let last = order_domains::Entity::find()
        .filter(order_domains::Column::AccountId.eq(account))
        .filter(order_domains::Column::OrderId.eq(order))
        .order_by_desc(order_domains::Column::Position)
        .one(work.tx())
        .await?;
    let last = last.map(OrderDomain::try_from).transpose()?;
    Ok(last.map(|last| last.position))
}

/// The swaps that bring these domains in.
pub(crate) async fn swaps_in(work: &UnitOfWork<'_>, domains: &[OrderDomain]) -> Result<Vec<Swap>> {
    let coming = domains.iter().filter(|domain| !domain.has_joined());
    let ids: Vec<_> = coming
        .filter_map(|domain| domain.swap_in_id.clone())
        .collect();
    let (Some(first), false) = (domains.first(), ids.is_empty()) else {
        return Ok(Vec::new());
    };
    let rows = swaps::Entity::find()
        .filter(swaps::Column::AccountId.eq(&first.account_id))
        .filter(swaps::Column::Id.is_in(ids))
        .all(work.tx())
        .await?;
    all(rows)
}

/// Those of an order's domains that are charged and were bought.
pub(crate) async fn registered(
    work: &UnitOfWork<'_>,
    on_order: &[OrderDomain],
) -> Result<Vec<Domain>> {
    let charged: Vec<_> = on_order
        .iter()
        .filter(|domain| domain.is_charged())
        .collect();
    let mut found = Vec::new();
    for chunk in charged.chunks(CHUNK) {
        let ids = chunk.iter().map(|domain| &domain.domain_id);
        let rows = domains::Entity::find()
            .filter(domains::Column::AccountId.eq(&chunk[0].account_id))
            .filter(domains::Column::Id.is_in(ids))
            .filter(domains::Column::RegisteredUntil.is_not_null())
            .all(work.tx())
            .await?;
        found.extend(all::<_, Domain>(rows)?);
    }
    Ok(found)
}

/// Swaps that are not over and take one of these domains off or bring it in, oldest first.
pub(crate) async fn open_of_domains(
    work: &UnitOfWork<'_>,
    account: &AccountId,
    domains: impl IntoIterator<Item = &DomainId> + Clone,
) -> Result<Vec<Swap>> {
    let either = Condition::any()
        .add(swaps::Column::DomainId.is_in(domains.clone()))
        .add(swaps::Column::ReplacementDomainId.is_in(domains));
    open(work.tx(), account, either, OPEN).await
}

/// The domain swaps of an order that are not over, oldest first.
pub(crate) async fn open_replacements(
    work: &UnitOfWork<'_>,
    account: &AccountId,
    order: &OrderId,
) -> Result<Vec<Swap>> {
    let of_order = Condition::all()
        .add(swaps::Column::OrderId.eq(order))
        .add(swaps::Column::Kind.ne(SwapType::UserNames));
    open(work.tx(), account, of_order, OPEN).await
}

/// The open renamings of a domain, oldest first.
pub(crate) async fn open_renames(
    db: &impl ConnectionTrait,
    account: &AccountId,
    domain: &DomainId,
) -> Result<Vec<Swap>> {
    let of_domain = Condition::all().add(swaps::Column::DomainId.eq(domain));
    open(db, account, of_domain, OPEN_RENAMES).await
}

/// The open renamings of an order, oldest first.
pub(crate) async fn open_renames_of_order(
    db: &impl ConnectionTrait,
    account: &AccountId,
    order: &OrderId,
) -> Result<Vec<Swap>> {
    let of_order = Condition::all().add(swaps::Column::OrderId.eq(order));
    open(db, account, of_order, OPEN_RENAMES).await
}

/// These swaps of the account, of those that `open` is the condition of the index of, oldest first.
async fn open(
    db: &impl ConnectionTrait,
    account: &AccountId,
    which: Condition,
    open: &'static str,
) -> Result<Vec<Swap>> {
    let rows = swaps::Entity::find()
        .filter(swaps::Column::AccountId.eq(account))
        .filter(which)
        .filter(Expr::cust(open))
        .order_by_asc(swaps::Column::Id)
        .all(db)
        .await?;
    all(rows)
}
