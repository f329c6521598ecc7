//! A domain, and the answer about a domain that may be ordered (contract §3).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::mail::MailProvider;
use crate::money::Cents;
use crate::status::{DomainCategory, DomainStatus, stored_enum};
use crate::time::Timestamp;

stored_enum! {
    /// Whether a domain is on an order.
    Category {
        /// Owned, on no order.
        Inventory = "inventory",
        /// On an active order.
        Connected = "connected",
    }
}

impl From<Category> for DomainCategory {
    fn from(category: Category) -> Self {
        match category {
            Category::Inventory => Self::Inventory,
            Category::Connected => Self::Connected,
        }
    }
}

/// A domain of the partner.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "dom_01KJZ4V1B6E8N2Q4R6S8T0V2W4", "domain": "acme-mail.com", "category": "connected", "status": "active",
    "usable_for": [], "provider": "google", "user_id": "usr_01KJZ4V1B6E8N2Q4R6S8T0V2W4",
    "order_id": "ord_01KJZ4V1B6E8N2Q4R6S8T0V2W4", "forwarding_url": "https://www.example.com/",
    "created_at": "2026-05-08T12:00:00Z"
}))]
pub struct Domain {
    /// `dom_…`; stays with the name for ever.
    #[schema(example = "dom_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub id: String,
    /// The name, lower case, IDNA-encoded.
    #[schema(example = "acme-mail.com")]
    pub domain: String,
    /// On an order or not.
    pub category: Category,
    /// Its state.
    pub status: DomainStatus,
    /// Providers that a new order could put on it.
    pub usable_for: Vec<MailProvider>,
    /// Only when connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub provider: Option<MailProvider>,
    /// Only when connected: the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "usr_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub user_id: Option<String>,
    /// Only when connected: the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "ord_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub order_id: Option<String>,
    /// Only when connected: where its web address redirects to; `null` when nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uri", example = "https://www.example.com/")]
    pub forwarding_url: Option<Option<String>>,
    /// When the domain came into the account.
    pub created_at: Timestamp,
}

stored_enum! {
    /// Why a domain cannot be ordered.
    UnavailableReason {
        /// Somebody has it.
        Taken = "taken",
        /// Only for sale at a premium price.
        Premium = "premium",
        /// Not a registrable domain name.
        Invalid = "invalid",
        /// The registrar could not say.
        Errored = "errored",
        /// The last answer is too old; it is being refreshed, ask again.
        Stale = "stale",
        /// An active order of yours holds it.
        InActiveOrder = "in_active_order",
    }
}

/// Whether a domain can be ordered, and for how much.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "domain": "acme-mail.com", "available": true, "price_cents": 1_200, "renewal_price_cents": 1_200, "currency": "usd",
    "usable_for": ["google", "microsoft"], "premium": false
}))]
pub struct Availability {
    /// The name as it would be ordered; as submitted when it is invalid.
    #[schema(example = "acme-mail.com")]
    pub domain: String,
    /// Whether it can be ordered now.
    pub available: bool,
    /// `true` when it is yours already, in inventory or on an order; left out when it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owned: Option<bool>,
    /// First year, and nothing for a domain of yours; only when available.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub price_cents: Option<Cents>,
    /// Every further year; only when available.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub renewal_price_cents: Option<Cents>,
    /// `usd`; only when available.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub currency: Option<String>,
    /// Providers it can host; only when available.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub usable_for: Option<Vec<MailProvider>>,
    /// Whether the registrar asks a premium price.
    pub premium: bool,
    /// Why not; only when not available.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<UnavailableReason>,
    /// Which order holds it; only with the reason `in_active_order`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ord_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub order_id: Option<String>,
}

impl Availability {
    /// A name that cannot be ordered.
    pub fn refused(domain: String, reason: UnavailableReason) -> Self {
        Self {
            domain,
            available: false,
            owned: None,
            price_cents: None,
            renewal_price_cents: None,
            currency: None,
            usable_for: None,
            premium: reason == UnavailableReason::Premium,
            reason: Some(reason),
            order_id: None,
        }
    }
}

/// The answer to `POST /domains/availability`, in request order.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AvailabilityList {
    /// One entry per submitted name.
    pub domains: Vec<Availability>,
}
