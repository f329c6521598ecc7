//! Where a partner's webhooks go and what signs them, in the `control` database.

use peeker_domain::id::AccountId;
use peeker_domain::{Environment, Timestamp};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect, Set,
};

use crate::connect::Pools;
use crate::connections::WriteTransaction;
use crate::entity::webhook_secrets::{Column, Entity, Model};
use crate::entity::{partners, webhook_urls};
use crate::error::Result;
use crate::insert::insert_all;

/// Where a partner's events of an environment go, if anywhere.
pub async fn url(
    control: &Pools,
    account: &AccountId,
    environment: Environment,
) -> Result<Option<String>> {
    let row = webhook_urls::Entity::find_by_id((account.clone(), environment))
        .one(&control.reader)
        .await?;
    Ok(row.map(|row| row.url))
}

/// Sets where a partner's events of these environments go: of all of them, or of none.
pub async fn set_url(
    control: &Pools,
    account: &AccountId,
    environments: &[Environment],
    url: &str,
    now: Timestamp,
) -> Result<()> {
    use webhook_urls::{Column, Entity, Model};
    let rows = environments.iter().map(|environment| {
        let row = Model {
            account_id: account.clone(),
            environment: *environment,
            url: url.to_owned(),
            updated_at: now,
        };
        row.into_active_model().reset_all()
    });
    let changed = OnConflict::columns([Column::AccountId, Column::Environment])
        .update_columns([Column::Url, Column::UpdatedAt])
        .to_owned();
    Entity::insert_many(rows)
        .on_conflict(changed)
        .exec_without_returning(&control.writer)
        .await?;
    Ok(())
}

/// All addresses of all partners.
pub async fn urls_unscoped(control: &Pools) -> Result<Vec<(AccountId, Environment, String)>> {
    use webhook_urls::{Column, Entity};
    let rows = Entity::find()
        .order_by_asc(Column::AccountId)
        .order_by_asc(Column::Environment)
        .all(&control.reader)
        .await?;
    let row = |row: webhook_urls::Model| (row.account_id, row.environment, row.url);
    Ok(rows.into_iter().map(row).collect())
}

/// A secret as it is stored.
#[derive(Debug, Clone)]
pub struct StoredSecret {
    pub sealed: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops to sign; `None` for the present one.
    pub expires_at: Option<Timestamp>,
}

/// What may be shown of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretAge {
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops to sign; `None` for the present one.
    pub expires_at: Option<Timestamp>,
}

impl StoredSecret {
    /// What may be shown of it.
    pub fn age(&self) -> SecretAge {
        SecretAge {
            created_at: self.created_at,
            expires_at: self.expires_at,
        }
    }
}

fn of_account(account: &AccountId, environment: Environment) -> Condition {
    Condition::all()
        .add(Column::AccountId.eq(account))
        .add(Column::Environment.eq(environment))
}

fn signing(now: Timestamp) -> Condition {
    Condition::any()
        .add(Column::ExpiresAt.is_null())
        .add(Column::ExpiresAt.gt(now))
}

/// The secrets that sign now, newest first.
pub async fn secrets(
    control: &Pools,
    account: &AccountId,
    environment: Environment,
    now: Timestamp,
) -> Result<Vec<StoredSecret>> {
    let rows = Entity::find()
        .filter(of_account(account, environment))
        .filter(signing(now))
        .order_by_desc(Column::CreatedAt)
        .all(&control.reader)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| StoredSecret {
            sealed: row.sealed_secret,
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
        .collect())
}

/// Adds a partner's first secrets, those of all environments or none. Gives back whether it did: `false` when it has secrets
/// already.
pub async fn add_first_secrets(
    control: &Pools,
    account: &AccountId,
    sealed: &[(Environment, String)],
    now: Timestamp,
) -> Result<bool> {
    let tx = begin_changing(control, account).await?;
    let known = Entity::find()
        .filter(Column::AccountId.eq(account))
        .one(&tx)
        .await?;
    if known.is_some() {
        return Ok(false);
    }
    let rows = sealed.iter().map(|(environment, sealed)| Model {
        account_id: account.clone(),
        environment: *environment,
        created_at: now,
        sealed_secret: sealed.clone(),
        expires_at: None,
    });
    insert_all::<Entity, _>(&tx, rows.collect(), None).await?;
    tx.commit().await?;
    Ok(true)
}

/// A transaction that changes the secrets of an account. The partner's row is the lock that two of them take turns on.
async fn begin_changing(control: &Pools, account: &AccountId) -> Result<WriteTransaction> {
    let tx = control.begin().await?;
    partners::Entity::find_by_id(account.clone())
        .lock_exclusive()
        .one(&tx)
        .await?;
    Ok(tx)
}

/// What came of a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotated {
    /// The new secret signs.
    Done,
    /// There is none to rotate.
    NoSecret,
    /// As many as may sign at once do; the next one ends at this time.
    TooMany(Timestamp),
}

/// Adds a secret that signs from now on. Those that sign now end at `until`, or at their own end if that comes first.
/// Secrets that have ended are removed. At most `most` sign at once.
pub async fn rotate(
    control: &Pools,
    account: &AccountId,
    environment: Environment,
    sealed_secret: String,
    now: Timestamp,
    until: Timestamp,
    most: usize,
) -> Result<Rotated> {
    let tx = begin_changing(control, account).await?;
    let known = Entity::find()
        .filter(of_account(account, environment))
        .order_by_desc(Column::CreatedAt)
        .all(&tx)
        .await?;
    let Some(newest) = known.first() else {
        return Ok(Rotated::NoSecret);
    };
    // One for each millisecond, since the time is part of the key.
    let created_at = now.max(newest.created_at.plus_millis(1));
    let ends_at = |row: &Model| row.expires_at.map_or(until, |end| end.min(until));
    let kept: Vec<Timestamp> = known.iter().map(ends_at).filter(|end| *end > now).collect();
    if kept.len() >= most {
        let next_end = kept.into_iter().min().unwrap_or(until);
        return Ok(Rotated::TooMany(next_end));
    }
    for row in known {
        let end = ends_at(&row);
        let mut row = row.into_active_model();
        if end > now {
            row.expires_at = Set(Some(end));
            row.update(&tx).await?;
        } else {
            row.delete(&tx).await?;
        }
    }
    let row = Model {
        account_id: account.clone(),
        environment,
        created_at,
        sealed_secret,
        expires_at: None,
    };
    Entity::insert(row.into_active_model().reset_all())
        .exec_without_returning(&tx)
        .await?;
    tx.commit().await?;
    Ok(Rotated::Done)
}
