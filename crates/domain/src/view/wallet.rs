//! The wallet of an account (contract §8).

use serde::Serialize;
use utoipa::ToSchema;

use crate::money::Cents;
use crate::time::Timestamp;

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

/// One change of the wallet.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WalletTransaction {
    /// `txn_…`
    #[schema(example = "txn_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub id: String,
    /// What the wallet paid (negative) or got.
    #[schema(example = -11_200)]
    pub amount_cents: Cents,
    /// `order`, `renewal`, `swap`, `refund`, `credit`, `debit`, `correction`; in the sandbox also `sandbox_funding`.
    #[schema(example = "order")]
    pub reason: String,
    /// The order it was for; null when it was for none.
    #[schema(required = true, example = "ord_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub order_id: Option<String>,
    /// The operator's name for a booking; null for everything else.
    #[schema(required = true)]
    pub reference: Option<String>,
    /// Why the operator booked it, in words; null when nothing was said.
    #[schema(required = true)]
    pub note: Option<String>,
    /// When.
    pub created_at: Timestamp,
}
