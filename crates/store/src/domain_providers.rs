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
use crate::entity::domains;
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

/// Gives `domain` to an account, unless another one has it. Gives back the one that has it now; `None` when the domain is
/// another partner's here.
pub async fn assign(
    db: &EnvironmentDb,
    account: &AccountId,
    domain: &str,
    slot: Slot,
    provider_account: &ProviderAccountId,
    now: Timestamp,
) -> Result<Option<ProviderAccountId>> {
    let row = Model {
        account_id: account.clone(),
        domain: domain.to_owned(),
        slot,
        provider_account_id: provider_account.clone(),
        assigned_at: now,
    };
    let tx = db.pools.begin().await?;
    // The key and the unique index on the name: whoever is first has it.
    Entity::insert(row.into_active_model().reset_all())
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(&tx)
        .await?;
    let holder = Entity::find()
        .filter(Column::Domain.eq(domain))
        .filter(Column::Slot.eq(slot))
        .lock_exclusive()
        .one(&tx)
        .await?;
    let ours = match holder {
        Some(row) if row.account_id == *account => Some(row.provider_account_id),
        Some(row) if has_lapsed(&tx, &row).await? => {
            Entity::delete_many()
                .filter(Column::AccountId.eq(&row.account_id))
                .filter(Column::Domain.eq(domain))
                .exec(&tx)
                .await?;
            let own = Model {
                account_id: account.clone(),
                provider_account_id: provider_account.clone(),
                assigned_at: now,
                ..row
            };
            Entity::insert(own.into_active_model().reset_all())
                .exec_without_returning(&tx)
                .await?;
            Some(provider_account.clone())
        }
        _ => None,
    };
    tx.commit().await?;
    Ok(ours)
}

/// Whether the partner that had a domain has it no longer: its registration came to its end.
async fn has_lapsed(tx: &crate::WriteTransaction, row: &Model) -> Result<bool> {
    let domain = domains::Entity::find()
        .filter(domains::Column::AccountId.eq(&row.account_id))
        .filter(domains::Column::Name.eq(&row.domain))
        .one(tx)
        .await?;
    Ok(domain.is_some_and(|domain| !domain.owned && domain.order_id.is_none()))
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
