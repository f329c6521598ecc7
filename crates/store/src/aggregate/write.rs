//! Writing back parts of an order that were read in the same unit of work.

use peeker_domain::order::{Domain, Order, OrderDomain, Swap};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, ModelTrait};

use super::rows::all;
use crate::entity::{domains, order_domains, orders, swaps};
use crate::error::{Result, StoreError};
use crate::insert::{insert_all, write_back};
use crate::unit_of_work::UnitOfWork;

pub(crate) async fn write_order(work: &UnitOfWork<'_>, order: Order) -> Result<()> {
    write_all::<orders::Model, _, _>(work, vec![order]).await
}

pub(crate) async fn write_order_domains(
    work: &UnitOfWork<'_>,
    domains: Vec<OrderDomain>,
) -> Result<()> {
    write_all::<order_domains::Model, _, _>(work, domains).await
}

pub(crate) async fn write_domains(work: &UnitOfWork<'_>, domains: Vec<Domain>) -> Result<()> {
    write_all::<domains::Model, _, _>(work, domains).await
}

pub(crate) async fn write_swaps(work: &UnitOfWork<'_>, swaps: Vec<Swap>) -> Result<()> {
    write_all::<swaps::Model, _, _>(work, swaps).await
}

/// Puts a domain on an order that did not have it.
pub(crate) async fn add_to_order(
    work: &UnitOfWork<'_>,
    domain: Domain,
    on_order: OrderDomain,
) -> Result<()> {
    write_domains(work, vec![domain]).await?;
    let rows = all(vec![on_order])?;
    insert_all::<order_domains::Entity, _>(work.tx(), rows, None).await
}

pub(crate) async fn add_swaps(work: &UnitOfWork<'_>, swaps: Vec<Swap>) -> Result<()> {
    insert_all::<swaps::Entity, _>(work.tx(), all(swaps)?, None).await
}

/// Writes nouns back as rows.
pub(crate) async fn write_all<M, A, N>(work: &UnitOfWork<'_>, nouns: Vec<N>) -> Result<()>
where
    M: ModelTrait + IntoActiveModel<A> + TryFrom<N, Error = StoreError>,
    M::Entity: EntityTrait<Model = M>,
    A: ActiveModelTrait<Entity = M::Entity> + Send,
{
    let rows: Vec<M> = nouns.into_iter().map(M::try_from).collect::<Result<_>>()?;
    write_back::<M::Entity, A>(work.tx(), rows).await
}
