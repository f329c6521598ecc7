//! Where a partner's webhooks go and what signs them, in the `control` database.

use peeker_domain::id::AccountId;
use peeker_domain::{Environment, Timestamp};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};

use crate::connect::Pools;
use crate::entity::{webhook_endpoints, webhook_secrets};
use crate::error::Result;

/// The partner's endpoint, if one is set.
pub async fn endpoint(control: &Pools, account: &AccountId) -> Result<Option<String>> {
    let row = webhook_endpoints::Entity::find_by_id(account.to_string())
        .one(&control.reader)
        .await?;
    Ok(row.map(|row| row.url))
}

/// Sets the partner's endpoint.
pub async fn set_endpoint(
    control: &Pools,
    account: &AccountId,
    url: &str,
    now: Timestamp,
) -> Result<()> {
    use webhook_endpoints::{Column, Entity, Model};
    let row = Model {
        account_id: account.to_string(),
        url: url.to_owned(),
        updated_at: now.as_millis(),
    };
    Entity::insert(row.into_active_model().reset_all())
        .on_conflict(
            OnConflict::column(Column::AccountId)
                .update_columns([Column::Url, Column::UpdatedAt])
                .to_owned(),
        )
        .exec_without_returning(&control.writer)
        .await?;
    Ok(())
}

/// The sealed secrets that sign now, newest first.
pub async fn sealed_secrets(
    control: &Pools,
    account: &AccountId,
    environment: Environment,
    now: Timestamp,
) -> Result<Vec<String>> {
    use webhook_secrets::{Column, Entity};
    let rows = Entity::find()
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::Environment.eq(environment.as_str()))
        .filter(
            Condition::any()
                .add(Column::ExpiresAt.is_null())
                .add(Column::ExpiresAt.gt(now.as_millis())),
        )
        .order_by_desc(Column::CreatedAt)
        .all(&control.reader)
        .await?;
    Ok(rows.into_iter().map(|row| row.sealed_secret).collect())
}

/// Adds a sealed secret.
pub async fn add_secret(
    control: &Pools,
    account: &AccountId,
    environment: Environment,
    sealed_secret: String,
    now: Timestamp,
) -> Result<()> {
    let row = webhook_secrets::Model {
        account_id: account.to_string(),
        environment: environment.to_string(),
        created_at: now.as_millis(),
        sealed_secret,
        expires_at: None,
    };
    webhook_secrets::Entity::insert(row.into_active_model().reset_all())
        .exec_without_returning(&control.writer)
        .await?;
    Ok(())
}
