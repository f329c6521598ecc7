//! An order: the lean receipt and the full detail (contract §4).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::mail::MailProvider;
use crate::money::Cents;
use crate::status::{InboxStatus, OrderFailureReason, OrderStatus, stored_enum};
use crate::time::Timestamp;

/// The lean receipt that create and list give.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderReceipt {
    /// `ord_…`
    #[schema(example = "ord_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub id: String,
    /// The customer.
    #[schema(example = "usr_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub user_id: String,
    /// The customer's address.
    #[schema(format = "email", example = "client@example.com")]
    pub email: String,
    /// The bundle; `null` on a custom order.
    #[schema(required = true, example = "bun_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub bundle_id: Option<String>,
    /// Where the order stands.
    pub status: OrderStatus,
    /// Domains on the order.
    #[schema(example = 1, minimum = 1)]
    pub domain_count: u32,
    /// What it costs.
    pub costs: Costs,
    /// When the next month is billed.
    #[schema(required = true, example = "2026-06-08T12:00:00Z")]
    pub renews_at: Option<Timestamp>,
    /// When it was accepted.
    pub created_at: Timestamp,
}

/// A total.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Costs {
    /// In cents.
    #[schema(example = 1_900)]
    pub total_cents: Cents,
    /// `usd`
    #[schema(example = "usd")]
    pub currency: &'static str,
}

/// A total and what it is made of.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderCosts {
    /// In cents; the sum of the line items.
    #[schema(example = 1_900)]
    pub total_cents: Cents,
    /// `usd`
    #[schema(example = "usd")]
    pub currency: &'static str,
    /// The parts; a part of quantity 0 is left out.
    #[schema(example = json!([
        {"type": "google_license", "quantity": 2, "amount_cents": 700},
        {"type": "domain_registration", "quantity": 1, "amount_cents": 1_200}
    ]))]
    pub line_items: Vec<LineItem>,
}

stored_enum! {
    /// What a line item is for.
    LineItemType {
        /// Google licenses, by the month.
        GoogleLicense = "google_license",
        /// Microsoft licenses, by the month.
        MicrosoftLicense = "microsoft_license",
        /// Domain registrations, by the year.
        DomainRegistration = "domain_registration",
    }
}

/// One part of the price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LineItem {
    /// What for.
    #[serde(rename = "type")]
    pub kind: LineItemType,
    /// How many.
    #[schema(example = 2)]
    pub quantity: u32,
    /// Together, in cents.
    #[schema(example = 700)]
    pub amount_cents: Cents,
}

/// The full order, as `GET /orders/{id}`, cancel and the order webhooks show it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderDetail {
    /// `ord_…`
    #[schema(example = "ord_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub id: String,
    /// The customer.
    #[schema(example = "usr_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub user_id: String,
    /// The customer's address.
    #[schema(format = "email", example = "client@example.com")]
    pub email: String,
    /// The bundle; `null` on a custom order.
    #[schema(required = true, example = "bun_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub bundle_id: Option<String>,
    /// Where the order stands.
    pub status: OrderStatus,
    /// Domains on the order.
    #[schema(example = 1, minimum = 1)]
    pub domain_count: u32,
    /// What it costs, with its parts.
    pub costs: OrderCosts,
    /// The names, by where they come from.
    pub domains: OrderDomains,
    /// The personas.
    pub users: Vec<Persona>,
    /// Inboxes that the order gives when it is complete.
    #[schema(example = 2)]
    pub inbox_count: u32,
    /// How far the work is.
    pub progress: Progress,
    /// When the next month is billed.
    #[schema(required = true, example = "2026-06-08T12:00:00Z")]
    pub renews_at: Option<Timestamp>,
    /// When a cancellation was asked for.
    #[schema(required = true)]
    pub cancellation_scheduled_at: Option<Timestamp>,
    /// When the cancellation takes effect.
    #[schema(required = true)]
    pub cancels_at: Option<Timestamp>,
    /// Why it failed; `null` for any other order.
    #[schema(required = true)]
    pub failure: Option<OrderFailure>,
    /// Domains that leave at `cancels_at`.
    #[schema(example = json!([]))]
    pub cancelling_domains: Vec<CancellingDomain>,
    /// When it was accepted.
    pub created_at: Timestamp,
}

/// Why an order failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OrderFailure {
    /// Who refused.
    pub reason: OrderFailureReason,
    /// What it means and what to do, in plain English.
    #[schema(
        example = "The sequencer refuses the log-in or the client of this order; correct `sequencer` and order again"
    )]
    pub message: String,
}

impl From<OrderFailureReason> for OrderFailure {
    fn from(reason: OrderFailureReason) -> Self {
        Self {
            reason,
            message: reason.message().to_owned(),
        }
    }
}

/// The names of an order.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderDomains {
    /// Bought with this order.
    #[schema(example = json!(["acme-mail.com"]))]
    pub registered: Vec<String>,
    /// Owned before it.
    #[schema(example = json!([]))]
    pub imported: Vec<String>,
}

/// A person whose name the inboxes bear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Persona {
    /// Given name.
    #[schema(example = "Sam")]
    pub first_name: String,
    /// Family name.
    #[schema(example = "Lee")]
    pub last_name: String,
    /// A public picture, or `null`.
    #[schema(
        required = true,
        format = "uri",
        example = "https://www.example.com/sam.jpg"
    )]
    pub profile_picture_url: Option<String>,
}

/// How far the work on an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Progress {
    /// Domains on the order.
    #[schema(example = 1)]
    pub domains_total: u32,
    /// Domains that are live.
    #[schema(example = 1)]
    pub domains_active: u32,
    /// Inboxes of the plan.
    #[schema(example = 2)]
    pub inboxes_total: u32,
    /// Inboxes that are live.
    #[schema(example = 2)]
    pub inboxes_active: u32,
}

/// A domain that leaves the order.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CancellingDomain {
    /// `dom_…`
    #[schema(example = "dom_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub id: String,
    /// The name.
    #[schema(example = "acme-mail.com")]
    pub domain: String,
}

/// An inbox of an order.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Inbox {
    /// `inb_…`
    #[schema(example = "inb_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub id: String,
    /// The address.
    #[schema(format = "email", example = "sam.lee@acme-mail.com")]
    pub email: String,
    /// Given name shown to recipients.
    #[schema(example = "Sam")]
    pub first_name: String,
    /// Family name shown to recipients.
    #[schema(example = "Lee")]
    pub last_name: String,
    /// Where it lives.
    pub provider: MailProvider,
    /// The domain it is on.
    #[schema(example = "dom_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub domain_id: String,
    /// The domain's name.
    #[schema(example = "acme-mail.com")]
    pub domain: String,
    /// Its state.
    pub status: InboxStatus,
    /// When it was laid down.
    pub created_at: Timestamp,
}
