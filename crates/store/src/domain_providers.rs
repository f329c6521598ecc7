//! Which account at a vendor has a domain. Recorded once, before the first call about the domain.

use std::collections::BTreeMap;

use peeker_domain::Timestamp;
use peeker_domain::id::{AccountId, ProviderAccountId};
use peeker_domain::vendor::Slot;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
};

use crate::entity::domain_providers::{Column, Entity, Model};
use crate::environment::EnvironmentDb;
use crate::error::Result;

/// The account that has `domain` in this slot.
pub async fn find(
    db: &EnvironmentDb,
    account: &AccountId,
    domain: &str,
    slot: Slot,
) -> Result<Option<ProviderAccountId>> {
    let key = (account.clone(), domain.to_owned(), slot);
    let row = Entity::find_by_id(key).one(&db.pools.reader).await?;
    Ok(row.map(|row| row.provider_account_id))
}

/// Gives `domain` to an account, unless another one has it. Gives back the one that has it now.
pub async fn assign(
    db: &EnvironmentDb,
    account: &AccountId,
    domain: &str,
    slot: Slot,
    provider_account: &ProviderAccountId,
    now: Timestamp,
) -> Result<ProviderAccountId> {
    let row = Model {
        account_id: account.clone(),
        domain: domain.to_owned(),
        slot,
        provider_account_id: provider_account.clone(),
        assigned_at: now,
    };
    let first = OnConflict::columns([Column::AccountId, Column::Domain, Column::Slot])
        .do_nothing()
        .to_owned();
    Entity::insert(row.into_active_model().reset_all())
        .on_conflict(first)
        .exec_without_returning(&db.pools.writer)
        .await?;
    let key = (account.clone(), domain.to_owned(), slot);
    let row = Entity::find_by_id(key).one(&db.pools.writer).await?;
    Ok(row.map_or_else(|| provider_account.clone(), |row| row.provider_account_id))
}

/// No account has `domain` in this slot any more.
pub async fn release(
    db: &EnvironmentDb,
    account: &AccountId,
    domain: &str,
    slot: Slot,
) -> Result<()> {
    Entity::delete_by_id((account.clone(), domain.to_owned(), slot))
        .exec(&db.pools.writer)
        .await?;
    Ok(())
}

/// How many domains each account has.
pub async fn count_unscoped(db: &EnvironmentDb) -> Result<BTreeMap<ProviderAccountId, u64>> {
    let rows: Vec<(ProviderAccountId, i64)> = Entity::find()
        .select_only()
        .column(Column::ProviderAccountId)
        .column_as(Expr::col(Column::Domain).count(), "domains")
        .group_by(Column::ProviderAccountId)
        .into_tuple()
        .all(&db.pools.reader)
        .await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|(id, count)| (id, u64::try_from(count).unwrap_or(0)))
        .collect())
}

/// Whose each of these domains is that an account has in this slot.
pub async fn holders_unscoped(
    db: &EnvironmentDb,
    provider_account: &ProviderAccountId,
    slot: Slot,
    domains: &[String],
) -> Result<Vec<(AccountId, String)>> {
    Ok(Entity::find()
        .select_only()
        .columns([Column::AccountId, Column::Domain])
        .filter(Column::ProviderAccountId.eq(provider_account))
        .filter(Column::Slot.eq(slot))
        .filter(Column::Domain.is_in(domains))
        .into_tuple()
        .all(&db.pools.reader)
        .await?)
}
