//! Requests counted per key and second in the `control` database: how several servers on one PostgreSQL keep one
//! limit. With SQLite there is one server, which counts in memory and never comes here.

use peeker_domain::id::KeyId;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect, Statement,
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
    /// Requests of all servers in the window, those just reported and granted included.
    pub used: u32,
    /// Whether the request that was asked for is granted.
    pub granted: bool,
}

/// Reports requests that this server let through and asks for one more, one server at a time.
///
/// `reported` are (second, requests) pairs; they happened, so they count whatever the limit is. The one that is asked
/// for counts only when it fits.
pub async fn report_and_ask(
    control: &Pools,
    key: &KeyId,
    reported: &[(i64, u32)],
    now_second: i64,
    limit: u32,
) -> Result<Shared> {
    let tx = control.begin().await?;
    // A counter may be lost with the machine: nothing is owed for it, so the commit need not wait for the disk.
    tx.execute_unprepared("SET LOCAL synchronous_commit = off")
        .await?;
    let lock = Statement::from_sql_and_values(
        tx.get_database_backend(),
        "SELECT pg_advisory_xact_lock(hashtext($1))",
        [key.as_str().into()],
    );
    tx.execute_raw(lock).await?;
    add(&tx, key, reported).await?;
    let used: Option<Option<i64>> = Entity::find()
        .select_only()
        .column_as(
            Expr::cust("CAST(COALESCE(SUM(requests), 0) AS BIGINT)"),
            "used",
        )
        .filter(Column::KeyId.eq(key.as_str()))
        .filter(Column::Second.gt(now_second - WINDOW_SECONDS))
        .into_tuple()
        .one(&tx)
        .await?;
    let used = u32::try_from(used.flatten().unwrap_or(0)).unwrap_or(u32::MAX);
    let granted = used < limit;
    if granted {
        add(&tx, key, &[(now_second, 1)]).await?;
    }
    Entity::delete_many()
        .filter(Column::KeyId.eq(key.as_str()))
        .filter(Column::Second.lte(now_second - 2 * WINDOW_SECONDS))
        .exec(&tx)
        .await?;
    tx.commit().await?;
    Ok(Shared {
        used: used + u32::from(granted),
        granted,
    })
}

async fn add(tx: &WriteTransaction, key: &KeyId, counts: &[(i64, u32)]) -> Result<()> {
    if counts.is_empty() {
        return Ok(());
    }
    let rows = counts.iter().map(|(second, requests)| {
        let requests = i32::try_from(*requests).unwrap_or(i32::MAX);
        Model {
            key_id: key.to_string(),
            second: *second,
            requests,
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
