//! Where the limits of accounts at vendors stand, shared by all servers: rows of the `control` database.
//!
//! A counter may be lost with the machine: the vendor keeps its own, and says so. So on PostgreSQL the commit does not wait
//! for the disk.

use peeker_domain::Timestamp;
use peeker_domain::id::ProviderAccountId;
use peeker_domain::vendor::{Bucket, Cursor, Turn};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect, Statement,
};

use crate::connect::Pools;
use crate::connections::WriteTransaction;
use crate::entity::{provider_paces, provider_permits};
use crate::error::Result;

/// A rate that a call counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub bucket: Bucket,
    /// Which of the limits on the bucket.
    pub position: i32,
    /// Calls in a window of `window_ms`.
    pub most: u32,
    pub window_ms: u32,
}

/// Asks for at most `calls` calls under all of these rates at once; the longest wait decides. One that comes no later than
/// `patience_ms` is booked, and those that need not wait at all are booked with it. Of one that comes later only the end of
/// the line is kept. Gives back how many were booked, and the wait of the first.
pub async fn book(
    control: &Pools,
    account: &ProviderAccountId,
    rates: &[Rate],
    calls: u32,
    patience_ms: i64,
    now: Timestamp,
) -> Result<(u32, Turn)> {
    let tx = lock(control, account).await?;
    let rows = provider_paces::Entity::find()
        .filter(provider_paces::Column::ProviderAccountId.eq(account))
        .all(&tx)
        .await?;
    let cursor_of = |rate: &Rate| {
        let row = rows
            .iter()
            .find(|row| (row.bucket, row.position) == (rate.bucket, rate.position));
        row.map_or_else(Cursor::default, |row| Cursor {
            arrival_ms: row.arrival_ms,
            tail_ms: row.tail_ms,
        })
    };
    let mut cursors: Vec<Cursor> = rates.iter().map(cursor_of).collect();
    let first = ask(&cursors, rates, patience_ms, now.as_millis());
    let (mut booked, turn) = (u32::from(first.is_booked), first.turn);
    cursors = first.cursors;
    while turn == Turn::Now && booked < calls {
        let next = ask(&cursors, rates, 0, now.as_millis());
        if !next.is_booked {
            break;
        }
        booked += 1;
        cursors = next.cursors;
    }
    write(&tx, account, rates, &cursors).await?;
    tx.commit().await?;
    Ok((booked, turn))
}

struct Asked {
    cursors: Vec<Cursor>,
    turn: Turn,
    is_booked: bool,
}

/// One call under every rate. One that must wait too long under one of them takes nothing of the others.
fn ask(cursors: &[Cursor], rates: &[Rate], patience_ms: i64, now_ms: i64) -> Asked {
    let asked: Vec<(Cursor, Turn)> = cursors
        .iter()
        .zip(rates)
        .map(|(cursor, rate)| cursor.ask(rate.most, rate.window_ms, patience_ms, now_ms))
        .collect();
    let wait = |turn: &Turn| match turn {
        Turn::Now => 0,
        Turn::After(ms) => *ms,
    };
    let longest = asked.iter().map(|(_, turn)| wait(turn)).max().unwrap_or(0);
    let is_booked = longest <= patience_ms;
    let cursors = asked
        .iter()
        .zip(cursors)
        .map(|((after, turn), before)| match is_booked {
            true => *after,
            false if wait(turn) > patience_ms => *after,
            false => *before,
        })
        .collect();
    let turn = if longest == 0 {
        Turn::Now
    } else {
        Turn::After(longest)
    };
    Asked {
        cursors,
        turn,
        is_booked,
    }
}

async fn write(
    tx: &WriteTransaction,
    account: &ProviderAccountId,
    rates: &[Rate],
    cursors: &[Cursor],
) -> Result<()> {
    use provider_paces::Column;
    let rows = rates.iter().zip(cursors).map(|(rate, cursor)| {
        let row = provider_paces::Model {
            provider_account_id: account.clone(),
            bucket: rate.bucket,
            position: rate.position,
            arrival_ms: cursor.arrival_ms,
            tail_ms: cursor.tail_ms,
        };
        row.into_active_model().reset_all()
    });
    let again = OnConflict::columns([Column::ProviderAccountId, Column::Bucket, Column::Position])
        .update_columns([Column::ArrivalMs, Column::TailMs])
        .to_owned();
    provider_paces::Entity::insert_many(rows)
        .on_conflict(again)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Takes one of `most` permits that are not held, until `until` at the latest. Gives back its number; `None` when all are
/// held.
pub async fn take_permit(
    control: &Pools,
    account: &ProviderAccountId,
    bucket: Bucket,
    most: u32,
    until: Timestamp,
    now: Timestamp,
) -> Result<Option<i32>> {
    use provider_permits::{Column, Entity, Model};
    let tx = lock(control, account).await?;
    let held: Vec<i32> = Entity::find()
        .select_only()
        .column(Column::Number)
        .filter(Column::ProviderAccountId.eq(account))
        .filter(Column::Bucket.eq(bucket))
        .filter(Column::HeldUntil.gt(now))
        .into_tuple()
        .all(&tx)
        .await?;
    let most = i32::try_from(most).unwrap_or(i32::MAX);
    let Some(number) = (0..most).find(|number| !held.contains(number)) else {
        return Ok(None);
    };
    let row = Model {
        provider_account_id: account.clone(),
        bucket,
        number,
        held_until: until,
    };
    let again = OnConflict::columns([Column::ProviderAccountId, Column::Bucket, Column::Number])
        .update_column(Column::HeldUntil)
        .to_owned();
    Entity::insert(row.into_active_model().reset_all())
        .on_conflict(again)
        .exec_without_returning(&tx)
        .await?;
    tx.commit().await?;
    Ok(Some(number))
}

/// Gives a permit back that was taken until `until`.
pub async fn give_back(
    control: &Pools,
    account: &ProviderAccountId,
    bucket: Bucket,
    number: i32,
    until: Timestamp,
) -> Result<()> {
    use provider_permits::{Column, Entity};
    Entity::delete_many()
        .filter(Column::ProviderAccountId.eq(account))
        .filter(Column::Bucket.eq(bucket))
        .filter(Column::Number.eq(number))
        // Another may have it since it came free by its time.
        .filter(Column::HeldUntil.eq(until))
        .exec(&control.writer)
        .await?;
    Ok(())
}

/// A transaction in which nobody else asks for this account.
async fn lock(control: &Pools, account: &ProviderAccountId) -> Result<WriteTransaction> {
    let tx = control.begin().await?;
    if !control.is_sqlite() {
        tx.execute_unprepared("SET LOCAL synchronous_commit = off")
            .await?;
        let lock = "SELECT pg_advisory_xact_lock(hashtext($1))";
        let lock =
            Statement::from_sql_and_values(tx.get_database_backend(), lock, [account.into()]);
        tx.execute_raw(lock).await?;
    }
    Ok(tx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_waits_for_one_rate_takes_nothing_of_another() {
        let rates = [
            Rate {
                bucket: Bucket::Call,
                position: 0,
                most: 100,
                window_ms: 1_000,
            },
            Rate {
                bucket: Bucket::Zone,
                position: 0,
                most: 2,
                window_ms: 60_000,
            },
        ];
        let mut cursors = vec![Cursor::default(); 2];
        let first = ask(&cursors, &rates, 0, 0);
        assert!(first.is_booked);
        cursors = first.cursors;
        let second = ask(&cursors, &rates, 0, 0);
        assert!(!second.is_booked);
        assert_eq!(second.turn, Turn::After(60_000));
        assert_eq!(second.cursors[0], cursors[0]);
        assert_ne!(second.cursors[1], cursors[1]);
    }
}
