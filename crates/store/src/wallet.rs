//! The wallet of an account. It changes only inside a [`crate::Work`], with the entries that explain the change.

use peeker_domain::id::AccountId;
use peeker_domain::{Cents, Environment};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::entity::{accounts, ledger_entries};
use crate::environment::EnvironmentDb;
use crate::error::Result;

/// What the sandbox wallet is filled up to when an order needs more than it holds (contract §8: it never runs out).
pub(crate) const SANDBOX_FUNDS: Cents = Cents(1_000_000_000);

/// What the wallet holds.
pub async fn balance(db: &EnvironmentDb, account: &AccountId) -> Result<Cents> {
    let row = accounts::Entity::find_by_id(account.to_string())
        .one(&db.pools.reader)
        .await?;
    Ok(row.map_or(Cents::ZERO, |row| Cents(row.balance_cents)))
}

/// What an order of `required` would find in the wallet: in the sandbox, after it was filled up for it.
pub async fn spendable(db: &EnvironmentDb, account: &AccountId, required: Cents) -> Result<Cents> {
    let balance = balance(db, account).await?;
    let filled_up = db.environment == Environment::Test && balance < required;
    Ok(if filled_up {
        SANDBOX_FUNDS.max(required)
    } else {
        balance
    })
}

/// The amounts booked on the wallet for an order, debits negative, oldest first.
pub async fn entries_of_order(
    db: &EnvironmentDb,
    account: &AccountId,
    order: &str,
) -> Result<Vec<(String, Cents)>> {
    use sea_orm::QueryOrder;
    let rows: Vec<(String, i64)> = ledger_entries::Entity::find()
        .select_only()
        .columns([
            ledger_entries::Column::Reason,
            ledger_entries::Column::AmountCents,
        ])
        .filter(ledger_entries::Column::AccountId.eq(account.as_str()))
        .filter(ledger_entries::Column::OrderId.eq(order))
        .filter(ledger_entries::Column::LedgerAccount.eq("wallet"))
        .order_by_asc(ledger_entries::Column::TransactionId)
        .into_tuple()
        .all(&db.pools.reader)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(reason, amount)| (reason, Cents(amount)))
        .collect())
}
