//! The wallet's side of a unit of work: two entries of the ledger that add up to nothing, for whatever moves.

use peeker_domain::id::{AccountId, OrderId, TransactionId};
use peeker_domain::money::CURRENCY;
use peeker_domain::wallet::{self, Wallet, turns_low};
use peeker_domain::{Cents, EventType, LedgerAccount, LedgerReason, Timestamp, view};

use super::{UnitOfWork, not_begun_for};
use crate::entity::ledger_entries;
use crate::error::{Result, StoreError};

/// What an operator books.
#[derive(Debug, Clone, Copy)]
pub struct Booking<'a> {
    /// Into the wallet, or out of it when negative.
    pub amount: Cents,
    pub reason: LedgerReason,
    /// The operator's name for it.
    pub reference: Option<&'a str>,
    /// Why, in words.
    pub note: Option<&'a str>,
}

impl<'a> Booking<'a> {
    /// A payment of the partner.
    pub fn payment(amount: Cents, reference: Option<&'a str>) -> Self {
        Self {
            amount,
            reason: LedgerReason::Credit,
            reference,
            note: None,
        }
    }
}

impl UnitOfWork<'_> {
    /// What the account's wallet holds, and what fills it up. Errors: the work was not begun for the account.
    pub(crate) fn wallet(&self, account: &AccountId) -> Result<Wallet> {
        let row = self.accounts.get(account);
        let row = row.ok_or_else(|| not_begun_for(account))?;
        Ok(Wallet {
            balance: row.balance_cents,
            funding: self.db.rules.funding,
        })
    }

    /// Takes `amount` from the wallet for `order`, for `reason`.
    /// Errors: [`StoreError::InsufficientFunds`]; nothing has changed then.
    pub fn debit(
        &mut self,
        account: &AccountId,
        amount: Cents,
        reason: LedgerReason,
        order: &OrderId,
        now: Timestamp,
    ) -> Result<()> {
        let balance = self.account(account)?.balance_cents;
        let Some(top_up) = self.db.rules.funding.top_up(balance, amount) else {
            return Err(StoreError::InsufficientFunds {
                required: amount,
                balance,
            });
        };
        self.transfer(
            account,
            top_up,
            LedgerAccount::Funding,
            LedgerReason::SandboxFunding,
            None,
            now,
        )?;
        let before = self.account(account)?.balance_cents;
        self.transfer(
            account,
            -amount,
            LedgerAccount::Sales,
            reason,
            Some(order),
            now,
        )?;
        if turns_low(before, before - amount) {
            self.tell_wallet_low(account, order, None, now)?;
        }
        Ok(())
    }

    /// Tells the partner what little the wallet holds, and what of an order it could not pay.
    pub(super) fn tell_wallet_low(
        &mut self,
        account: &AccountId,
        order: &OrderId,
        required: Option<Cents>,
        now: Timestamp,
    ) -> Result<()> {
        let low = view::LowWallet {
            balance_cents: self.account(account)?.balance_cents,
            low_below_cents: wallet::LOW,
            required_cents: required,
            currency: CURRENCY,
        };
        self.emit(account, EventType::WalletLow, Some(order), &low, now)
    }

    /// Gives back what was paid for something that `order` did not get.
    pub fn refund(
        &mut self,
        account: &AccountId,
        amount: Cents,
        order: &OrderId,
        now: Timestamp,
    ) -> Result<()> {
        self.transfer(
            account,
            amount,
            LedgerAccount::Sales,
            LedgerReason::Refund,
            Some(order),
            now,
        )
    }

    /// Books what the operator has decided. Errors: [`StoreError::InsufficientFunds`] when more is to be taken out than
    /// there is; at the commit, [`StoreError::Unique`] when the account has a booking with this reference.
    pub fn book(
        &mut self,
        account: &AccountId,
        booking: &Booking<'_>,
        now: Timestamp,
    ) -> Result<()> {
        let balance = self.account(account)?.balance_cents;
        if booking.amount < Cents::ZERO && balance + booking.amount < Cents::ZERO {
            return Err(StoreError::InsufficientFunds {
                required: -booking.amount,
                balance,
            });
        }
        let before = self.ledger.len();
        self.transfer(
            account,
            booking.amount,
            LedgerAccount::Funding,
            booking.reason,
            None,
            now,
        )?;
        for entry in &mut self.ledger[before..] {
            entry.reference = booking.reference.map(str::to_owned);
            entry.note = booking.note.map(str::to_owned);
        }
        Ok(())
    }

    /// Moves `amount` into the wallet (out of it when negative), from `counterpart`: two entries that add up to zero.
    fn transfer(
        &mut self,
        account: &AccountId,
        amount: Cents,
        counterpart: LedgerAccount,
        reason: LedgerReason,
        order: Option<&OrderId>,
        now: Timestamp,
    ) -> Result<()> {
        if amount == Cents::ZERO {
            return Ok(());
        }
        self.account(account)?.balance_cents += amount;
        let transaction = TransactionId::new(now);
        for (ledger_account, amount) in [(LedgerAccount::Wallet, amount), (counterpart, -amount)] {
            self.ledger.push(ledger_entries::Model {
                account_id: account.clone(),
                transaction_id: transaction.clone(),
                ledger_account,
                amount_cents: amount,
                reason,
                order_id: order.cloned(),
                created_at: now,
                reference: None,
                note: None,
            });
        }
        Ok(())
    }
}
