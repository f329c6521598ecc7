//! The wallet of an account. It changes only inside a [`crate::UnitOfWork`], with the entries that explain the change.

use peeker_domain::id::{AccountId, OrderId};
use peeker_domain::{Cents, LedgerAccount, LedgerReason, Timestamp, view};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, Statement,
};

use crate::entity::{accounts, ledger_entries};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::paging::{PageRequest, Slice, page};
pub use crate::unit_of_work::Booking;
use crate::unit_of_work::UnitOfWork;

/// What the wallet holds.
pub async fn balance(db: &EnvironmentDb, account: &AccountId) -> Result<Cents> {
    let row = accounts::Entity::find_by_id(account.clone())
        .one(&db.pools.reader)
        .await?;
    Ok(row.map_or(Cents::ZERO, |row| row.balance_cents))
}

/// The amounts booked on the wallet for an order, debits negative, oldest first.
pub async fn entries_of_order(
    db: &EnvironmentDb,
    account: &AccountId,
    order: &OrderId,
) -> Result<Vec<(LedgerReason, Cents)>> {
    use sea_orm::QueryOrder;
    Ok(ledger_entries::Entity::find()
        .select_only()
        .columns([
            ledger_entries::Column::Reason,
            ledger_entries::Column::AmountCents,
        ])
        .filter(ledger_entries::Column::AccountId.eq(account))
        .filter(ledger_entries::Column::OrderId.eq(order))
        .filter(ledger_entries::Column::LedgerAccount.eq(LedgerAccount::Wallet))
        .order_by_asc(ledger_entries::Column::TransactionId)
        .into_tuple()
        .all(&db.pools.reader)
        .await?)
}

/// What became of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Booked {
    /// It is in the ledger.
    New,
    /// One with this reference was booked before; nothing has changed.
    Before {
        amount: Cents,
        reason: LedgerReason,
        at: Timestamp,
    },
}

/// Puts a payment into the wallet; one with the same reference is booked once.
pub async fn credit(
    db: &EnvironmentDb,
    account: &AccountId,
    amount: Cents,
    reference: Option<&str>,
    now: Timestamp,
) -> Result<Booked> {
    book(db, account, &Booking::payment(amount, reference), now).await
}

/// Books what the operator has decided, once for each reference.
/// Errors: [`crate::StoreError::InsufficientFunds`] when more is to be taken out than there is; nothing has changed then.
pub async fn book(
    db: &EnvironmentDb,
    account: &AccountId,
    booking: &Booking<'_>,
    now: Timestamp,
) -> Result<Booked> {
    let mut work = UnitOfWork::begin(db, [account]).await?;
    if let Some(reference) = booking.reference {
        // The account is locked, so nobody books it between this look and the write.
        let booked = ledger_entries::Entity::find()
            .filter(ledger_entries::Column::AccountId.eq(account))
            .filter(ledger_entries::Column::Reference.eq(reference))
            .filter(ledger_entries::Column::LedgerAccount.eq(LedgerAccount::Wallet))
            .one(work.tx())
            .await?;
        if let Some(entry) = booked {
            return Ok(Booked::Before {
                amount: entry.amount_cents,
                reason: entry.reason,
                at: entry.created_at,
            });
        }
    }
    work.book(account, booking, now)?;
    work.commit().await?;
    Ok(Booked::New)
}

/// A page of the wallet's changes, newest first.
pub async fn transactions(
    db: &EnvironmentDb,
    account: &AccountId,
    page: &PageRequest,
) -> Result<Slice<view::WalletTransaction>> {
    let query = ledger_entries::Entity::find()
        .filter(ledger_entries::Column::AccountId.eq(account))
        .filter(ledger_entries::Column::LedgerAccount.eq(LedgerAccount::Wallet));
    let query = page!(query, ledger_entries::Column::TransactionId, page);
    let turn = db.log_reader(account).await;
    let rows = query.all(&db.pools.reader).await?;
    drop(turn);
    let slice = Slice::new(page, rows, |row| row.transaction_id.as_str());
    Ok(slice.map(|row| view::WalletTransaction {
        id: row.transaction_id.into(),
        amount_cents: row.amount_cents,
        reason: row.reason.to_string(),
        order_id: row.order_id.map(Into::into),
        reference: row.reference,
        note: row.note,
        created_at: row.created_at,
    }))
}

/// A wallet held against the entries of its account.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Audit {
    pub account_id: AccountId,
    /// What the wallet holds.
    pub balance_cents: Cents,
    /// What its entries add up to.
    pub booked_cents: Cents,
    pub transactions: i64,
    /// Those whose entries do not add up to zero.
    pub unbalanced: i64,
}

impl Audit {
    /// Whether the balance is what the entries say, not below zero, and every transaction adds up.
    pub fn is_right(&self) -> bool {
        self.balance_cents == self.booked_cents
            && self.balance_cents >= Cents::ZERO
            && self.unbalanced == 0
    }
}

/// One statement, so that it sees one moment while orders go on. An account with entries and no row has no balance.
///
/// The wallet's entries are those of [`LedgerAccount::Wallet`].
const AUDIT: &str = "
SELECT COALESCE(accounts.account_id, sums.account_id) AS account_id,
    COALESCE(accounts.balance_cents, 0) AS balance_cents, COALESCE(sums.booked, 0) AS booked_cents,
    COALESCE(sums.transactions, 0) AS transactions, COALESCE(sums.unbalanced, 0) AS unbalanced
FROM accounts FULL OUTER JOIN (
    SELECT account_id, CAST(SUM(booked) AS BIGINT) AS booked, COUNT(*) AS transactions,
        SUM(CASE WHEN total <> 0 THEN 1 ELSE 0 END) AS unbalanced
    FROM (
        SELECT account_id, transaction_id, SUM(amount_cents) AS total,
            SUM(CASE WHEN ledger_account = 'wallet' THEN amount_cents ELSE 0 END) AS booked
        FROM ledger_entries {only} GROUP BY account_id, transaction_id
    ) AS by_transaction GROUP BY account_id
) AS sums ON sums.account_id = accounts.account_id
{where} ORDER BY 1";

/// Computes every wallet anew from its entries: of one account, or of all.
pub async fn audit_unscoped(db: &EnvironmentDb, account: Option<&AccountId>) -> Result<Vec<Audit>> {
    let (only, whose) = match account {
        Some(_) => (
            "WHERE ledger_entries.account_id = $1",
            "WHERE COALESCE(accounts.account_id, sums.account_id) = $1",
        ),
        None => ("", ""),
    };
    let sql = AUDIT.replace("{only}", only).replace("{where}", whose);
    let values = account.map(Into::into);
    let reader = db.pools.reader.unhurried();
    let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
    Ok(Audit::find_by_statement(statement).all(&reader).await?)
}
