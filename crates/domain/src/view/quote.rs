//! `POST /orders/quote`: the plan, the price and every problem of an order, without placing it (contract §4).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::order::OrderCosts;
use crate::error::Code;
use crate::mail::MailProvider;
use crate::money::Cents;
use crate::status::stored_enum;

/// What an order would do and cost.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Quote {
    /// Domains, licenses and inboxes by provider.
    pub plan: QuotePlan,
    /// Each domain, in submitted order.
    pub domains: Vec<QuotedDomain>,
    /// What it would cost.
    pub costs: OrderCosts,
    /// What it would leave in the wallet.
    pub wallet: QuotedWallet,
    /// Everything that would make `POST /orders` refuse it; empty when it would be accepted.
    pub problems: Vec<Problem>,
}

/// The plan by provider.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct QuotePlan {
    /// On Google.
    pub google: PlannedProvider,
    /// On Microsoft.
    pub microsoft: PlannedProvider,
}

/// One provider's part of the plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlannedProvider {
    /// Domains.
    pub domains: u32,
    /// Licenses.
    pub licenses: u32,
    /// Inboxes.
    pub inboxes: u32,
}

stored_enum! {
    /// Where an order's domain comes from.
    Source {
        /// Bought with the order.
        Registered = "registered",
        /// In the account's inventory before it.
        Imported = "imported",
    }
}

/// One domain of a quote.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QuotedDomain {
    /// The name.
    #[schema(example = "acme-mail.com")]
    pub domain: String,
    /// Where it would come from.
    pub source: Source,
    /// The provider it would host; `null` when it has no place in the plan.
    #[schema(required = true)]
    pub provider: Option<MailProvider>,
    /// First year; 0 when owned, `null` when it cannot be bought.
    #[schema(required = true)]
    pub price_cents: Option<Cents>,
}

/// The wallet before and after.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct QuotedWallet {
    /// Now.
    pub balance_cents: Cents,
    /// After the order; negative when the wallet does not hold enough.
    pub after_cents: Cents,
}

/// One reason to refuse the order.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// The code `POST /orders` would answer.
    pub code: Code,
    /// The sentence.
    pub message: String,
    /// The request field at fault.
    #[schema(required = true)]
    pub field: Option<String>,
    /// More, by code.
    #[schema(value_type = Object)]
    pub details: Map<String, Value>,
}
