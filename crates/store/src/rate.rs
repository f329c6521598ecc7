//! Tokens counted per key and second in the `control` database: how several servers on one PostgreSQL keep one
//! limit. With SQLite there is one server, which counts in memory and never comes here.

use peeker_domain::id::KeyId;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect, Statement,
};

use crate::connect::Pools;
use crate::connections::WriteTransaction;
use crate::entity::rate_windows::{Column, Entity, Model};
use crate::error::Result;

/// Length of the rolling window.
pub const WINDOW_SECONDS: i64 = 60;

/// What the database says about a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shared {
    /// Tokens of all servers in the window, those just reported and granted included.
    pub used: u32,
    /// Whether what was asked for is granted.
    pub granted: bool,
    /// The second from which on it would be, when it is not.
    pub room_at: Option<i64>,
}

/// Reports tokens that this server gave out, or took back, and asks for more, one server at a time.
///
/// `reported` are (second, tokens) pairs; they happened, so they count whatever the limit is. Those that are asked for
/// count only when all of them fit.
pub async fn report_and_ask(
    control: &Pools,
    key: &KeyId,
    reported: &[(i64, i32)],
    now_second: i64,
    tokens: u32,
    limit: u32,
) -> Result<Shared> {
    let tx = control.begin().await?;
    // A counter may be lost with the machine: nothing is owed for it, so the commit need not wait for the disk.
    tx.execute_unprepared("SET LOCAL synchronous_commit = off")
        .await?;
    let lock = Statement::from_sql_and_values(
        tx.get_database_backend(),
        "SELECT pg_advisory_xact_lock(hashtext($1))",
        [key.into()],
    );
    tx.execute_raw(lock).await?;
    add(&tx, key, reported).await?;
    let counts: Vec<(i64, i32)> = Entity::find()
        .select_only()
        .columns([Column::Second, Column::Requests])
        .filter(Column::KeyId.eq(key))
        .filter(Column::Second.gt(now_second - WINDOW_SECONDS))
        // The clocks of other servers may be a little ahead. What lies further ahead was counted by one that was wrong.
        .filter(Column::Second.lte(now_second + WINDOW_SECONDS))
        .order_by_asc(Column::Second)
        .into_tuple()
        .all(&tx)
        .await?;
    let counts = counts.into_iter();
    let counts: Vec<(i64, u32)> = counts
        .map(|(second, tokens)| (second, u32::try_from(tokens).unwrap_or(0)))
        .collect();
    let used = counts.iter().map(|(_, tokens)| tokens).sum::<u32>();
    let granted = used.saturating_add(tokens) <= limit;
    if granted {
        add(
            &tx,
            key,
            &[(now_second, i32::try_from(tokens).unwrap_or(i32::MAX))],
        )
        .await?;
    }
    Entity::delete_many()
        .filter(Column::KeyId.eq(key))
        .filter(Column::Second.lte(now_second - 2 * WINDOW_SECONDS))
        .exec(&tx)
        .await?;
    tx.commit().await?;
    Ok(Shared {
        used: if granted { used + tokens } else { used },
        granted,
        room_at: (!granted).then(|| room_at(&counts, tokens, limit)),
    })
}

/// The second from which on so many more tokens fit, when nothing else comes. `counts` are (second, tokens) pairs of the
/// window, oldest first.
pub fn room_at(counts: &[(i64, u32)], tokens: u32, limit: u32) -> i64 {
    let used = counts.iter().map(|(_, tokens)| tokens).sum::<u32>();
    let mut too_many = used.saturating_add(tokens).saturating_sub(limit);
    let mut room_at = 0;
    for (second, leaving) in counts {
        if too_many == 0 {
            break;
        }
        too_many = too_many.saturating_sub(*leaving);
        room_at = second + WINDOW_SECONDS;
    }
    room_at
}

async fn add(tx: &WriteTransaction, key: &KeyId, counts: &[(i64, i32)]) -> Result<()> {
    if counts.is_empty() {
        return Ok(());
    }
    let rows = counts.iter().map(|(second, tokens)| {
        Model {
            key_id: key.clone(),
            second: *second,
            requests: *tokens,
        }
        .into_active_model()
        .reset_all()
    });
    let sum = OnConflict::columns([Column::KeyId, Column::Second])
        .value(
            Column::Requests,
            Expr::cust("rate_windows.requests + excluded.requests"),
        )
        .to_owned();
    Entity::insert_many(rows)
        .on_conflict(sum)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}
