//! The clocks of accounts: the system's, and in the sandbox however far each was advanced (contract §7).

use std::collections::{BTreeSet, HashMap};

use peeker_domain::id::AccountId;
use peeker_domain::{ClockOffset, JobKind, Timestamp};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::entity::accounts::{Column, Entity, Model};
use crate::environment::EnvironmentDb;
use crate::error::{Result, StoreError};
use crate::unit_of_work::UnitOfWork;
use peeker_domain::NewJob;

/// The clock of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AccountClock {
    /// How far it is ahead of the system's.
    pub offset: ClockOffset,
    /// Where it is on its way to; `None` while it runs as usual.
    pub target: Option<Timestamp>,
}

impl AccountClock {
    fn of(row: &Model) -> Self {
        Self {
            offset: row.clock_offset_ms,
            target: row.clock_target,
        }
    }

    /// The time that it shows, or the one that it is on its way to. `system` is the system's time.
    pub fn destination(self, system: Timestamp) -> Timestamp {
        let now = self.offset.account_time(system);
        self.target.map_or(now, |target| target.max(now))
    }
}

/// An account's clock. No query where clocks cannot be advanced.
pub async fn find(db: &EnvironmentDb, account: &AccountId) -> Result<AccountClock> {
    if !db.rules.movable_clocks {
        return Ok(AccountClock::default());
    }
    let row = Entity::find_by_id(account.clone())
        .one(&db.pools.reader)
        .await?;
    Ok(row.as_ref().map(AccountClock::of).unwrap_or_default())
}

/// Sends a sandbox's clock `seconds` on: from now, or from where it is on its way to. `system` is the system's time.
/// `None`, and nothing has changed, when it would come to lie later than `latest`. Errors: where clocks cannot be advanced.
pub async fn advance(
    db: &EnvironmentDb,
    account: &AccountId,
    seconds: i64,
    system: Timestamp,
    latest: Timestamp,
) -> Result<Option<AccountClock>> {
    if !db.rules.movable_clocks {
        return Err(StoreError::Corrupt(
            "only the clock of a sandbox can be advanced".to_owned(),
        ));
    }
    let mut work = UnitOfWork::begin(db, [account]).await?;
    let row = work.account(account)?;
    let clock = AccountClock::of(row);
    let target = clock.destination(system).plus_seconds(seconds);
    if target > latest {
        return Ok(None);
    }
    row.clock_target = Some(target);
    let now = clock.offset.account_time(system);
    work.enqueue(NewJob::new(account, JobKind::Clock, account.as_str(), now));
    work.commit().await?;
    Ok(Some(AccountClock {
        target: Some(target),
        ..clock
    }))
}

/// How far an account's clock is ahead of the system's.
pub async fn offset(db: &EnvironmentDb, account: &AccountId) -> Result<ClockOffset> {
    let clocks = of(db, [account]).await?;
    Ok(clocks.into_values().next().unwrap_or_default())
}

/// The clocks of some accounts; one that is not in the answer is the system's. No query where clocks cannot be
/// advanced.
pub(crate) async fn of(
    db: &EnvironmentDb,
    accounts: impl IntoIterator<Item = &AccountId>,
) -> Result<HashMap<AccountId, ClockOffset>> {
    let accounts: BTreeSet<&AccountId> = accounts.into_iter().collect();
    if !db.rules.movable_clocks || accounts.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(AccountId, ClockOffset)> = Entity::find()
        .select_only()
        .columns([Column::AccountId, Column::ClockOffsetMs])
        .filter(Column::AccountId.is_in(accounts))
        .into_tuple()
        .all(&db.pools.reader)
        .await?;
    Ok(rows.into_iter().collect())
}
