//! Answers kept for the `Idempotency-Key` header (contract §1).

use peeker_domain::Timestamp;
use peeker_domain::id::AccountId;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult,
    IntoActiveModel, QueryFilter, Statement,
};

use crate::entity::idempotency_keys::{ActiveModel, Column, Entity, Model};
use crate::environment::EnvironmentDb;
use crate::error::Result;

/// What is known of a key that is not free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Its first request still runs.
    Running {
        /// The digest of that request.
        fingerprint: String,
    },
    Answered {
        /// The digest of the request.
        fingerprint: String,
        answer: Answer,
    },
}

/// The answer that a key was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// The body; `None` when it is not kept, since it was too large or the account had too much.
    pub body: Option<String>,
    /// The id of the record that it is about, if it is about one.
    pub record_id: Option<String>,
}

/// How much is kept for an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Keys that are not free.
    pub keys: u64,
    /// Bytes of all kept answers.
    pub answer_bytes: u64,
    /// When the first of the answered keys becomes free, if there is one.
    pub next_free_at: Option<Timestamp>,
}

impl Known {
    fn of(row: Model) -> Self {
        let fingerprint = row.fingerprint;
        match row.status {
            None => Self::Running { fingerprint },
            Some(status) => Self::Answered {
                fingerprint,
                answer: Answer {
                    status: u16::try_from(status).unwrap_or(500),
                    body: row.body,
                    record_id: row.record_id,
                },
            },
        }
    }
}

/// Claims a key that is new or lapsed, until `claimed_until`; else says what is known of it.
pub async fn claim(
    db: &EnvironmentDb,
    account: &AccountId,
    key: &str,
    fingerprint: &str,
    now: Timestamp,
    claimed_until: Timestamp,
) -> Result<Option<Known>> {
    let row = Model {
        account_id: account.clone(),
        key: key.to_owned(),
        fingerprint: fingerprint.to_owned(),
        status: None,
        body: None,
        expires_at: claimed_until,
        body_bytes: None,
        record_id: None,
    };
    let lapsed = OnConflict::columns([Column::AccountId, Column::Key])
        .update_columns([
            Column::Fingerprint,
            Column::Status,
            Column::Body,
            Column::ExpiresAt,
            Column::BodyBytes,
            Column::RecordId,
        ])
        .action_and_where(Expr::col((Entity, Column::ExpiresAt)).lte(now))
        .to_owned();
    let written = Entity::insert_many([row.into_active_model().reset_all()])
        .on_conflict(lapsed)
        .exec_without_returning(&db.pools.writer)
        .await?;
    if written > 0 {
        return Ok(None);
    }
    let held = Entity::find_by_id((account.clone(), key.to_owned()))
        .one(&db.pools.writer)
        .await?;
    // Given back between the two statements; the caller comes again in a moment.
    let gone = || Known::Running {
        fingerprint: fingerprint.to_owned(),
    };
    Ok(Some(held.map_or_else(gone, Known::of)))
}

/// What is known of a key, without claiming it; `None` when it is free.
pub async fn find(
    db: &EnvironmentDb,
    account: &AccountId,
    key: &str,
    now: Timestamp,
) -> Result<Option<Known>> {
    let held = Entity::find_by_id((account.clone(), key.to_owned()))
        .filter(Column::ExpiresAt.gt(now))
        .one(&db.pools.reader)
        .await?;
    Ok(held.map(Known::of))
}

/// Keeps the answer of a claimed key until `expires_at`.
pub async fn answer(
    db: &EnvironmentDb,
    account: &AccountId,
    key: &str,
    answer: Answer,
    expires_at: Timestamp,
) -> Result<()> {
    keep(&db.pools.writer, account, key, answer, expires_at).await
}

pub(crate) async fn keep(
    connection: &impl ConnectionTrait,
    account: &AccountId,
    key: &str,
    answer: Answer,
    expires_at: Timestamp,
) -> Result<()> {
    let bytes = answer.body.as_deref().map_or(0, str::len);
    let change = ActiveModel {
        status: Set(Some(i32::from(answer.status))),
        body: Set(answer.body),
        body_bytes: Set(Some(i64::try_from(bytes).unwrap_or(i64::MAX))),
        record_id: Set(answer.record_id),
        expires_at: Set(expires_at),
        ..Default::default()
    };
    Entity::update_many()
        .set(change)
        .filter(Column::AccountId.eq(account))
        .filter(Column::Key.eq(key))
        .filter(Column::Status.is_null())
        .exec(connection)
        .await?;
    Ok(())
}

/// Gives a claimed key back.
pub async fn give_back(db: &EnvironmentDb, account: &AccountId, key: &str) -> Result<()> {
    Entity::delete_many()
        .filter(Column::AccountId.eq(account))
        .filter(Column::Key.eq(key))
        .filter(Column::Status.is_null())
        .exec(&db.pools.writer)
        .await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Sums {
    keys: i64,
    answer_bytes: i64,
    next_free_at: Option<Timestamp>,
}

/// How much is kept for an account at `now` of its clock.
pub async fn usage(db: &EnvironmentDb, account: &AccountId, now: Timestamp) -> Result<Usage> {
    let sql = "SELECT COUNT(*) AS keys, CAST(COALESCE(SUM(body_bytes), 0) AS BIGINT) AS answer_bytes, \
        MIN(CASE WHEN body_bytes IS NOT NULL THEN expires_at END) AS next_free_at \
        FROM idempotency_keys WHERE account_id = $1 AND expires_at > $2";
    let reader = &db.pools.reader;
    let values = [account.into(), now.into()];
    let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
    let sums = Sums::find_by_statement(statement).one(reader).await?;
    Ok(sums.map_or_else(Usage::default, |sums| Usage {
        keys: u64::try_from(sums.keys).unwrap_or(0),
        answer_bytes: u64::try_from(sums.answer_bytes).unwrap_or(0),
        next_free_at: sums.next_free_at,
    }))
}

/// Drops the account's oldest answers until at most `bytes` are left. Their keys stay, so nothing that was done once is done
/// again.
pub async fn drop_oldest_answers(
    db: &EnvironmentDb,
    account: &AccountId,
    bytes: u64,
) -> Result<()> {
    let sql = "UPDATE idempotency_keys SET body = NULL, body_bytes = 0 WHERE account_id = $1 AND key IN (\
        SELECT key FROM (SELECT key, SUM(body_bytes) OVER (ORDER BY expires_at DESC, key) AS from_here_on \
        FROM idempotency_keys WHERE account_id = $1 AND body_bytes > 0) AS kept WHERE from_here_on > $2)";
    let writer = &db.pools.writer;
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    let values = [account.into(), bytes.into()];
    let statement = Statement::from_sql_and_values(writer.get_database_backend(), sql, values);
    writer.execute_raw(statement).await?;
    Ok(())
}
