//! The clocks of accounts: the system's, and in the sandbox however far each was advanced (contract §7).

use std::collections::{BTreeSet, HashMap};

use peeker_domain::id::AccountId;
use peeker_domain::{ClockOffset, Environment, Timestamp};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::entity::accounts::{Column, Entity};
use crate::environment::EnvironmentDb;
use crate::error::{Result, StoreError};
use crate::jobs::{CLOCK, NewJob};
use crate::work::Work;

/// The clock of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AccountClock {
    /// How far it is ahead of the system's.
    pub offset: ClockOffset,
    /// Where it is on its way to; `None` while it runs as usual.
    pub target: Option<Timestamp>,
}

/// An account's clock.
pub async fn find(db: &EnvironmentDb, account: &AccountId) -> Result<AccountClock> {
    let row = Entity::find_by_id(account.to_string())
        .one(&db.pools.reader)
        .await?;
    Ok(row.map_or_else(AccountClock::default, |row| AccountClock {
        offset: ClockOffset(row.clock_offset_ms),
        target: row.clock_target.map(Timestamp::from_millis),
    }))
}

/// Sends a sandbox's clock `seconds` on: from now, or from where it is on its way to. `system` is the system's time.
/// `None`, and nothing has changed, when it would come to lie later than `latest`. Errors: in the live environment, always.
pub async fn advance(
    db: &EnvironmentDb,
    account: &AccountId,
    seconds: i64,
    system: Timestamp,
    latest: Timestamp,
) -> Result<Option<AccountClock>> {
    if db.environment != Environment::Test {
        return Err(StoreError::Corrupt(
            "only the clock of a sandbox can be advanced".to_owned(),
        ));
    }
    let mut work = Work::begin(db, [account]).await?;
    let row = work.account(account)?;
    let offset = ClockOffset(row.clock_offset_ms);
    let now = offset.account_time(system);
    let from = row.clock_target.map_or(now, Timestamp::from_millis);
    let target = from.max(now).plus_seconds(seconds);
    if target > latest {
        return Ok(None);
    }
    row.clock_target = Some(target.as_millis());
    work.enqueue(NewJob::new(account, CLOCK, account.as_str(), now));
    work.commit().await?;
    Ok(Some(AccountClock {
        offset,
        target: Some(target),
    }))
}

/// How far an account's clock is ahead of the system's.
pub async fn offset(db: &EnvironmentDb, account: &AccountId) -> Result<ClockOffset> {
    let clocks = of(db, [account.as_str()]).await?;
    Ok(clocks.into_values().next().unwrap_or_default())
}

/// The clocks of some accounts; one that is not in the answer is the system's. No query in the live environment.
pub(crate) async fn of(
    db: &EnvironmentDb,
    accounts: impl IntoIterator<Item = &str>,
) -> Result<HashMap<String, ClockOffset>> {
    let accounts: BTreeSet<&str> = accounts.into_iter().collect();
    if db.environment == Environment::Live || accounts.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(String, i64)> = Entity::find()
        .select_only()
        .columns([Column::AccountId, Column::ClockOffsetMs])
        .filter(Column::AccountId.is_in(accounts))
        .into_tuple()
        .all(&db.pools.reader)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(account, ms)| (account, ClockOffset(ms)))
        .collect())
}
