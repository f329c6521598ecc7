//! Accounts at vendors, in the `control` database.

use peeker_domain::Timestamp;
use peeker_domain::id::{AccountId, ProviderAccountId};
use peeker_domain::vendor::{AccountState, Health, Vendor};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};

use crate::connect::Pools;
use crate::entity::{provider_accounts, provider_rests};
use crate::error::{Result, StoreError};
use crate::number::{small, unsigned};

/// An account at a vendor, its credentials sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderAccount {
    /// `pva_…`
    pub id: ProviderAccountId,
    pub vendor: Vendor,
    /// What the operator calls it.
    pub label: String,
    /// The partner that brought it; `None`: the operator's pool.
    pub partner: Option<AccountId>,
    pub base_url: Option<String>,
    /// A JSON object of texts.
    pub settings: String,
    pub sealed_credentials: String,
    /// Domains that it may have; `None`: any number.
    pub capacity: Option<u64>,
    pub state: AccountState,
    /// Why it needs attention.
    pub reason: Option<String>,
    pub created_at: Timestamp,
    /// When anything of it but its rest was changed.
    pub updated_at: Timestamp,
    /// Why and until when nothing is called there.
    pub rest: Option<Rest>,
}

/// A wait of a whole account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest {
    pub health: Health,
    pub until: Timestamp,
    pub reason: String,
}

/// What is changed of an account; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct AccountPatch {
    pub state: Option<(AccountState, Option<String>)>,
    pub sealed_credentials: Option<String>,
    pub settings: Option<String>,
    pub capacity: Option<Option<u64>>,
}

impl TryFrom<(provider_accounts::Model, Option<provider_rests::Model>)> for ProviderAccount {
    type Error = StoreError;

    fn try_from(
        (row, rest): (provider_accounts::Model, Option<provider_rests::Model>),
    ) -> Result<Self> {
        let capacity = row.capacity.map(u64::try_from).transpose();
        let rest = rest.map(|rest| {
            Ok::<_, StoreError>(Rest {
                health: Health {
                    failures: unsigned(rest.failures)?,
                },
                until: rest.until,
                reason: rest.reason,
            })
        });
        Ok(Self {
            id: row.id,
            vendor: row.vendor,
            label: row.label,
            partner: row.partner_id,
            base_url: row.base_url,
            settings: row.settings,
            sealed_credentials: row.sealed_credentials,
            capacity: capacity.map_err(|_| StoreError::Corrupt("a capacity below zero".into()))?,
            state: row.state,
            reason: row.reason,
            created_at: row.created_at,
            updated_at: row.updated_at,
            rest: rest.transpose()?,
        })
    }
}

fn stored_capacity(capacity: Option<u64>) -> Option<i64> {
    capacity.map(|capacity| i64::try_from(capacity).unwrap_or(i64::MAX))
}

/// Adds an account. Gives back whether it was added: not when the vendor has one of that label, or one of that partner.
pub async fn insert(control: &Pools, account: &ProviderAccount) -> Result<bool> {
    let account = account.clone();
    let row = provider_accounts::Model {
        id: account.id,
        vendor: account.vendor,
        label: account.label,
        partner_id: account.partner,
        base_url: account.base_url,
        settings: account.settings,
        sealed_credentials: account.sealed_credentials,
        capacity: stored_capacity(account.capacity),
        state: account.state,
        reason: account.reason,
        created_at: account.created_at,
        updated_at: account.updated_at,
    };
    let inserted = provider_accounts::Entity::insert(row.into_active_model().reset_all())
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(&control.writer)
        .await?;
    Ok(inserted > 0)
}

/// All accounts, oldest first: there are as many as an operator has set up by hand.
pub async fn list_unscoped(control: &Pools) -> Result<Vec<ProviderAccount>> {
    let rows = provider_accounts::Entity::find()
        .order_by_asc(provider_accounts::Column::Id)
        .all(&control.reader)
        .await?;
    let rests = provider_rests::Entity::find().all(&control.reader).await?;
    let rest_of = |id: &ProviderAccountId| {
        let rest = rests.iter().find(|rest| &rest.provider_account_id == id);
        rest.cloned()
    };
    rows.into_iter()
        .map(|row| {
            let rest = rest_of(&row.id);
            ProviderAccount::try_from((row, rest))
        })
        .collect()
}

/// Changes the given fields; `unless` leaves an account in that state as it is. Gives back whether there is such an account
/// and it was changed.
pub async fn update(
    control: &Pools,
    id: &ProviderAccountId,
    patch: AccountPatch,
    unless: Option<AccountState>,
    now: Timestamp,
) -> Result<bool> {
    use provider_accounts::{ActiveModel, Column, Entity};
    let mut change = ActiveModel {
        updated_at: Set(now),
        ..Default::default()
    };
    if let Some((state, reason)) = patch.state {
        change.state = Set(state);
        change.reason = Set(reason);
    }
    if let Some(sealed) = patch.sealed_credentials {
        change.sealed_credentials = Set(sealed);
    }
    if let Some(settings) = patch.settings {
        change.settings = Set(settings);
    }
    if let Some(capacity) = patch.capacity {
        change.capacity = Set(stored_capacity(capacity));
    }
    let mut update = Entity::update_many().set(change).filter(Column::Id.eq(id));
    if let Some(state) = unless {
        update = update.filter(Column::State.ne(state));
    }
    Ok(update.exec(&control.writer).await?.rows_affected > 0)
}

/// Records another failure of an account. `rest` says, from the failures so far, for how many milliseconds the account is
/// left alone. Gives back how many there were, and that.
pub async fn failed(
    control: &Pools,
    id: &ProviderAccountId,
    reason: &str,
    now: Timestamp,
) -> Result<(Health, Option<i64>)> {
    let tx = control.begin().await?;
    let row = provider_rests::Entity::find_by_id(id.clone())
        .lock_exclusive()
        .one(&tx)
        .await?;
    let before = row.as_ref().map_or(Ok(0), |row| unsigned(row.failures))?;
    if row.as_ref().is_some_and(|row| row.until > now) {
        // A call that was under way when the rest began.
        return Ok((Health { failures: before }, None));
    }
    let (health, rest_ms) = Health { failures: before }.failed();
    let until = row.map_or(now, |row| row.until);
    let until = rest_ms.map_or(until, |rest| until.max(now.plus_millis(rest)));
    write_rest(&tx, id, health, until, reason).await?;
    tx.commit().await?;
    Ok((health, rest_ms))
}

/// Leaves an account alone until then, or longer if that is said already. It is no failure.
pub async fn rest(
    control: &Pools,
    id: &ProviderAccountId,
    until: Timestamp,
    reason: &str,
) -> Result<()> {
    let tx = control.begin().await?;
    let row = provider_rests::Entity::find_by_id(id.clone())
        .lock_exclusive()
        .one(&tx)
        .await?;
    let failures = row.as_ref().map_or(Ok(0), |row| unsigned(row.failures))?;
    let until = row.map_or(until, |row| row.until.max(until));
    write_rest(&tx, id, Health { failures }, until, reason).await?;
    tx.commit().await
}

async fn write_rest(
    tx: &crate::WriteTransaction,
    id: &ProviderAccountId,
    health: Health,
    until: Timestamp,
    reason: &str,
) -> Result<()> {
    use provider_rests::Column;
    let row = provider_rests::Model {
        provider_account_id: id.clone(),
        failures: small(health.failures)?,
        until,
        reason: reason.to_owned(),
    };
    let again = OnConflict::column(Column::ProviderAccountId)
        .update_columns([Column::Failures, Column::Until, Column::Reason])
        .to_owned();
    provider_rests::Entity::insert(row.into_active_model().reset_all())
        .on_conflict(again)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// An account works: its failures and its rest are over.
pub async fn recovered(control: &Pools, id: &ProviderAccountId) -> Result<()> {
    provider_rests::Entity::delete_by_id(id.clone())
        .exec(&control.writer)
        .await?;
    Ok(())
}
