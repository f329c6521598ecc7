//! The wallet of an account (contract §8).

use serde::Serialize;
use utoipa::ToSchema;

use crate::money::Cents;
use crate::time::Timestamp;
use crate::wallet::LedgerReason;

/// What the wallet holds.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Wallet {
    /// In cents. Orders, renewals and swaps are paid from it.
    #[schema(example = 500_000)]
    pub balance_cents: Cents,
    /// `usd`
    #[schema(example = "usd")]
    pub currency: &'static str,
}

/// A wallet that is low: what `wallet.low` tells.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LowWallet {
    /// What it holds, in cents.
    #[schema(example = 4_200)]
    pub balance_cents: Cents,
    /// Below what it counts as low, in cents.
    #[schema(example = 10_000)]
    pub low_below_cents: Cents,
    /// What is due and could not be paid, in cents; `null` when everything is paid.
    #[schema(required = true)]
    pub required_cents: Option<Cents>,
    /// `usd`
    #[schema(example = "usd")]
    pub currency: &'static str,
}

/// One change of the wallet.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WalletTransaction {
    /// `txn_…`
    #[schema(example = "txn_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub id: String,
    /// What the wallet paid (negative) or got.
    #[schema(example = 500_000)]
    pub amount_cents: Cents,
    /// `order`, `renewal`, `swap`, `refund`, `credit`, `debit`, `correction`; in the sandbox also `sandbox_funding`.
    #[schema(value_type = LedgerReason)]
    pub reason: String,
    /// The order it was for; null when it was for none.
    #[schema(required = true, pattern = "^ord_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
    pub order_id: Option<String>,
    /// The operator's name for a booking; null for everything else.
    #[schema(required = true, example = "invoice 2026-118")]
    pub reference: Option<String>,
    /// Why the operator booked it, in words; null when nothing was said.
    #[schema(required = true)]
    pub note: Option<String>,
    /// When.
    pub created_at: Timestamp,
}
