//! Answers kept for the `Idempotency-Key` header (contract §1).

use peeker_domain::Timestamp;
use peeker_domain::id::AccountId;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter,
};

use crate::entity::idempotency_keys::{ActiveModel, Column, Entity, Model};
use crate::environment::EnvironmentDb;
use crate::error::Result;

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It was free; it is claimed now.
    Claimed,
    /// Its first request still runs.
    Running {
        /// The digest of that request.
        fingerprint: String,
    },
    /// It was answered.
    Answered {
        /// The digest of the request.
        fingerprint: String,
        /// HTTP status of the answer.
        status: u16,
        /// The answer.
        body: String,
    },
}

/// Claims a key that is new or lapsed, until `claimed_until`; else says what is known of it.
pub async fn claim(
    db: &EnvironmentDb,
    account: &AccountId,
    key: &str,
    fingerprint: &str,
    now: Timestamp,
    claimed_until: Timestamp,
) -> Result<Known> {
    let row = Model {
        account_id: account.to_string(),
        key: key.to_owned(),
        fingerprint: fingerprint.to_owned(),
        status: None,
        body: None,
        expires_at: claimed_until.as_millis(),
    };
    let lapsed = OnConflict::columns([Column::AccountId, Column::Key])
        .update_columns([
            Column::Fingerprint,
            Column::Status,
            Column::Body,
            Column::ExpiresAt,
        ])
        .action_and_where(Expr::col((Entity, Column::ExpiresAt)).lte(now.as_millis()))
        .to_owned();
    let written = Entity::insert_many([row.into_active_model().reset_all()])
        .on_conflict(lapsed)
        .exec_without_returning(&db.pools.writer)
        .await?;
    if written > 0 {
        return Ok(Known::Claimed);
    }
    let held = Entity::find_by_id((account.to_string(), key.to_owned()))
        .one(&db.pools.writer)
        .await?;
    Ok(match held {
        Some(Model {
            fingerprint,
            status: Some(status),
            body,
            ..
        }) => Known::Answered {
            fingerprint,
            status: u16::try_from(status).unwrap_or(500),
            body: body.unwrap_or_default(),
        },
        Some(row) => Known::Running {
            fingerprint: row.fingerprint,
        },
        // Given back between the two statements; the caller comes again in a moment.
        None => Known::Running {
            fingerprint: fingerprint.to_owned(),
        },
    })
}

/// Keeps the answer of a claimed key until `expires_at`.
pub async fn answer(
    db: &EnvironmentDb,
    account: &AccountId,
    key: &str,
    status: u16,
    body: String,
    expires_at: Timestamp,
) -> Result<()> {
    let change = ActiveModel {
        status: Set(Some(i32::from(status))),
        body: Set(Some(body)),
        expires_at: Set(expires_at.as_millis()),
        ..Default::default()
    };
    Entity::update_many()
        .set(change)
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::Key.eq(key))
        .exec(&db.pools.writer)
        .await?;
    Ok(())
}

/// Gives a claimed key back.
pub async fn give_back(db: &EnvironmentDb, account: &AccountId, key: &str) -> Result<()> {
    Entity::delete_many()
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::Key.eq(key))
        .filter(Column::Status.is_null())
        .exec(&db.pools.writer)
        .await?;
    Ok(())
}
