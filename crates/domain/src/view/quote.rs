//! `POST /orders/quote`: the plan, the price and every problem of an order, without placing it (contract §4).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::any_object_schema;
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
    #[schema(example = json!([{"domain": "acme-mail.com", "source": "registered", "provider": "google", "price_cents": 1_200}]))]
    pub domains: Vec<QuotedDomain>,
    /// What it would cost.
    pub costs: OrderCosts,
    /// What it would leave in the wallet.
    pub wallet: QuotedWallet,
    /// Everything that would make `POST /orders` refuse it; empty when it would be accepted.
    #[schema(example = json!([]))]
    pub problems: Vec<Problem>,
}

/// The plan by provider.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct QuotePlan {
    /// On Google.
    #[schema(example = json!({"domains": 1, "licenses": 2, "inboxes": 2}))]
    pub google: PlannedProvider,
    /// On Microsoft.
    #[schema(example = json!({"domains": 0, "licenses": 0, "inboxes": 0}))]
    pub microsoft: PlannedProvider,
}

/// One provider's part of the plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlannedProvider {
    /// Domains.
    #[schema(example = 1)]
    pub domains: u32,
    /// Licenses.
    #[schema(example = 2)]
    pub licenses: u32,
    /// Inboxes.
    #[schema(example = 2)]
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
    #[schema(example = 500_000)]
    pub balance_cents: Cents,
    /// After the order; negative when the wallet does not hold enough.
    #[schema(example = 498_100)]
    pub after_cents: Cents,
}

/// One reason to refuse the order.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// The code `POST /orders` would answer.
    pub code: Code,
    /// The sentence.
    #[schema(example = "domains must have 2 entries: the plan needs 2")]
    pub message: String,
    /// The request field at fault.
    #[schema(required = true)]
    pub field: Option<String>,
    /// More, by code.
    #[schema(schema_with = details_schema)]
    pub details: Map<String, Value>,
}

fn details_schema() -> Object {
    any_object_schema("More, by code.")
}
