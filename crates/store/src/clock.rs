//! The clocks of accounts: the system's, and in the sandbox however far each was advanced (contract §7).

use std::collections::{BTreeSet, HashMap};

use peeker_domain::id::AccountId;
use peeker_domain::{ClockOffset, Environment};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::entity::accounts::{Column, Entity};
use crate::environment::EnvironmentDb;
use crate::error::Result;

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
