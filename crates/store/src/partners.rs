//! Partners and their API keys, in the `control` database.

use peeker_domain::id::{AccountId, KeyId};
use peeker_domain::{Environment, PartnerStatus, Preset, Tier, Timestamp};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};

use crate::connect::Pools;
use crate::entity::{api_keys, partners};
use crate::error::Result;
use crate::number::{small, unsigned};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partner {
    /// `org_…`
    pub id: AccountId,
    pub name: String,
    pub tier: Tier,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it may use the API.
    pub status: PartnerStatus,
}

/// What an operator changes of a partner; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct PartnerPatch {
    pub name: Option<String>,
    pub tier: Option<Tier>,
    pub status: Option<PartnerStatus>,
}

/// An API key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// `key_…`
    pub id: KeyId,
    pub account: AccountId,
    pub environment: Environment,
    /// What it may do.
    pub preset: Preset,
    /// What the partner calls it.
    pub label: Option<String>,
    /// Requests per rolling minute.
    pub requests_per_minute: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

fn partner(row: partners::Model) -> Partner {
    Partner {
        id: row.id,
        name: row.name,
        tier: row.tier,
        created_at: row.created_at,
        status: row.status,
    }
}

fn key(row: api_keys::Model) -> Result<ApiKey> {
    Ok(ApiKey {
        id: row.id,
        account: row.account_id,
        environment: row.environment,
        preset: row.preset,
        label: row.label,
        requests_per_minute: unsigned(row.requests_per_minute)?,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        revoked_at: row.revoked_at,
    })
}

pub async fn insert(control: &Pools, partner: &Partner) -> Result<()> {
    let row = partners::Model {
        id: partner.id.clone(),
        name: partner.name.clone(),
        tier: partner.tier,
        created_at: partner.created_at,
        status: partner.status,
    };
    partners::Entity::insert(row.into_active_model().reset_all())
        .exec_without_returning(&control.writer)
        .await?;
    Ok(())
}

pub async fn find(control: &Pools, id: &AccountId) -> Result<Option<Partner>> {
    let row = partners::Entity::find_by_id(id.clone())
        .one(&control.reader)
        .await?;
    Ok(row.map(partner))
}

/// Changes the given fields. Gives back the partner as it was and as it is; `None` when there is none.
pub async fn update(
    control: &Pools,
    id: &AccountId,
    patch: PartnerPatch,
) -> Result<Option<(Partner, Partner)>> {
    let PartnerPatch { name, tier, status } = patch;
    let tx = control.begin().await?;
    let row = partners::Entity::find_by_id(id.clone())
        .lock_exclusive()
        .one(&tx)
        .await?;
    let Some(before) = row else { return Ok(None) };
    let mut change = before.clone().into_active_model();
    if let Some(name) = name {
        change.name = Set(name);
    }
    if let Some(tier) = tier {
        change.tier = Set(tier);
    }
    if let Some(status) = status {
        change.status = Set(status);
    }
    let after = change.update(&tx).await?;
    tx.commit().await?;
    Ok(Some((partner(before), partner(after))))
}

/// All partners, oldest first.
pub async fn list_unscoped(control: &Pools) -> Result<Vec<Partner>> {
    let rows = partners::Entity::find()
        .order_by_asc(partners::Column::Id)
        .all(&control.reader)
        .await?;
    Ok(rows.into_iter().map(partner).collect())
}

/// Makes a key. `secret_hash` is the keyed hash of its secret.
pub async fn insert_key(control: &Pools, key: &ApiKey, secret_hash: &str) -> Result<()> {
    let row = api_keys::Model {
        id: key.id.clone(),
        account_id: key.account.clone(),
        environment: key.environment,
        preset: key.preset,
        label: key.label.clone(),
        secret_hash: secret_hash.to_owned(),
        requests_per_minute: small(key.requests_per_minute)?,
        created_at: key.created_at,
        last_used_at: None,
        revoked_at: None,
    };
    api_keys::Entity::insert(row.into_active_model().reset_all())
        .exec_without_returning(&control.writer)
        .await?;
    Ok(())
}

/// The key with this hash, revoked or not, and whether its partner may use it. The account is what this look-up finds out.
pub async fn find_by_secret_unscoped(
    control: &Pools,
    secret_hash: &str,
) -> Result<Option<(ApiKey, PartnerStatus)>> {
    let row = api_keys::Entity::find()
        .filter(api_keys::Column::SecretHash.eq(secret_hash))
        .find_also_related(partners::Entity)
        .one(&control.reader)
        .await?;
    row.map(with_status).transpose()
}

/// One key of a partner, revoked or not, and whether the partner may use it.
pub async fn find_key(
    control: &Pools,
    account: &AccountId,
    id: &KeyId,
) -> Result<Option<(ApiKey, PartnerStatus)>> {
    let row = api_keys::Entity::find_by_id(id.clone())
        .filter(api_keys::Column::AccountId.eq(account))
        .find_also_related(partners::Entity)
        .one(&control.reader)
        .await?;
    row.map(with_status).transpose()
}

/// A key cannot be without its partner, so one that is belongs to nobody who may use it.
fn with_status(
    (row, partner): (api_keys::Model, Option<partners::Model>),
) -> Result<(ApiKey, PartnerStatus)> {
    let status = partner.map_or(PartnerStatus::Closed, |partner| partner.status);
    Ok((key(row)?, status))
}

/// The keys of a partner, newest first.
pub async fn list_keys(control: &Pools, account: &AccountId) -> Result<Vec<ApiKey>> {
    let rows = api_keys::Entity::find()
        .filter(api_keys::Column::AccountId.eq(account))
        .order_by_desc(api_keys::Column::Id)
        .all(&control.reader)
        .await?;
    rows.into_iter().map(key).collect()
}

/// Revokes a key; again is the same. `None` when there is no such key.
pub async fn revoke_key_unscoped(
    control: &Pools,
    id: &KeyId,
    now: Timestamp,
) -> Result<Option<ApiKey>> {
    api_keys::Entity::update_many()
        .set(api_keys::ActiveModel {
            revoked_at: Set(Some(now)),
            ..Default::default()
        })
        .filter(api_keys::Column::Id.eq(id))
        .filter(api_keys::Column::RevokedAt.is_null())
        .exec(&control.writer)
        .await?;
    let row = api_keys::Entity::find_by_id(id.clone())
        .one(&control.writer)
        .await?;
    row.map(key).transpose()
}

/// Remembers when a key was last used.
pub async fn touch_key(
    control: &Pools,
    account: &AccountId,
    id: &KeyId,
    now: Timestamp,
) -> Result<()> {
    api_keys::Entity::update_many()
        .set(api_keys::ActiveModel {
            last_used_at: Set(Some(now)),
            ..Default::default()
        })
        .filter(api_keys::Column::AccountId.eq(account))
        .filter(api_keys::Column::Id.eq(id))
        .exec(&control.writer)
        .await?;
    Ok(())
}
