//! What a wallet gives when it holds too little, and what its ledger says.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Cents;
use crate::status::stored_enum;

stored_enum! {
    /// The side of a ledger entry. The two entries of a transaction add up to nothing.
    LedgerAccount {
        /// What the partner has.
        Wallet = "wallet",
        /// What was paid in.
        Funding = "funding",
        Sales = "sales",
    }
}

stored_enum! {
    /// Why money moved.
    LedgerReason {
        /// A payment was booked.
        Credit = "credit",
        /// A sandbox's wallet was filled up.
        SandboxFunding = "sandbox_funding",
        /// An order was accepted.
        Order = "order",
        /// A month of an order, or a year of its domains, was due.
        Renewal = "renewal",
        /// A swap was accepted.
        Swap = "swap",
        /// What was paid for was not delivered.
        Refund = "refund",
        /// The operator took money out, as when it was paid back.
        Debit = "debit",
        /// The operator put a wrong booking right.
        Correction = "correction",
    }
}

/// Where the money of an environment's wallets comes from (contract §8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Funding {
    /// From payments alone: what is not covered is refused.
    Prepaid,
    /// From payments, and from nowhere when those do not suffice: the wallet never runs out.
    FilledUp {
        /// What a wallet holds after that, unless more is to be paid.
        to: Cents,
    },
}

impl Funding {
    /// What is put into a wallet of `balance` so that `required` can be taken from it; `None` when it does not suffice.
    pub fn top_up(self, balance: Cents, required: Cents) -> Option<Cents> {
        match self {
            _ if balance >= required => Some(Cents::ZERO),
            Self::Prepaid => None,
            Self::FilledUp { to } => Some(to.max(required) - balance),
        }
    }
}

/// What a wallet holds, and what fills it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wallet {
    pub balance: Cents,
    pub funding: Funding,
}

/// Below this a wallet is low, which partners are told of once, when a payment takes it there.
pub const LOW: Cents = Cents(10_000);

/// Whether a payment that leaves `after` of `before` makes a wallet low.
pub fn turns_low(before: Cents, after: Cents) -> bool {
    after < LOW && before >= LOW
}

/// A wallet that cannot pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the wallet holds {balance} of {required}")]
pub struct InsufficientFunds {
    pub required: Cents,
    pub balance: Cents,
}

impl Wallet {
    /// One that never has anything, which a sandbox simulates for some customers.
    pub const EMPTY: Self = Self {
        balance: Cents::ZERO,
        funding: Funding::Prepaid,
    };

    /// What it holds when `required` is to be paid, filled up where it is.
    pub fn spendable(&self, required: Cents) -> Cents {
        let top_up = self.funding.top_up(self.balance, required);
        self.balance + top_up.unwrap_or(Cents::ZERO)
    }

    /// Whether it can pay that. Nothing can always be paid.
    pub fn covers(&self, required: Cents) -> Result<(), InsufficientFunds> {
        match self.funding.top_up(self.balance, required) {
            Some(_) => Ok(()),
            None => Err(InsufficientFunds {
                required,
                balance: self.balance,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wallet_turns_low_once() {
        for (before, after, turns) in [
            (10_000, 10_000, false),
            (10_000, 9_999, true),
            (9_999, 5_000, false),
            (50_000, 0, true),
        ] {
            assert_eq!(
                turns_low(Cents(before), Cents(after)),
                turns,
                "{before} → {after}"
            );
        }
    }

    #[test]
    fn a_wallet_is_filled_up_when_it_holds_too_little_and_only_then() {
        let to = Cents(1_000);
        for (funding, balance, required, top_up) in [
            (Funding::Prepaid, 5, 5, Some(0)),
            (Funding::Prepaid, 5, 6, None),
            (Funding::Prepaid, 0, 0, Some(0)),
            (Funding::FilledUp { to }, 5, 5, Some(0)),
            (Funding::FilledUp { to }, 5, 6, Some(995)),
            (Funding::FilledUp { to }, 5, 3_000, Some(2_995)),
        ] {
            assert_eq!(
                funding.top_up(Cents(balance), Cents(required)),
                top_up.map(Cents),
                "{funding:?}: {balance} for {required}"
            );
        }
    }
}
