//! The events that partners hear of (contract §6) and the envelope they come in.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::access::Environment;
use crate::id::{EventId, OrderId};
use crate::status::stored_enum;
use crate::time::Timestamp;

stored_enum! {
    /// What happened.
    EventType {
        /// An order was accepted.
        OrderInProgress = "order.in_progress",
        /// Every domain and inbox of an order is live.
        OrderCompleted = "order.completed",
        /// An order failed for good.
        OrderFailed = "order.failed",
        /// An order waits for the partner or the customer.
        OrderActionRequired = "order.action_required",
        /// A cancellation was accepted.
        OrderCancelScheduled = "order.cancel_scheduled",
        /// A cancellation is final.
        OrderCancelled = "order.cancelled",
        /// Some domains of an order are to leave it.
        OrderDomainsCancelScheduled = "order.domains_cancel_scheduled",
        /// Some domains have left an order that goes on.
        OrderDomainsCancelled = "order.domains_cancelled",
        /// A month of an order, or a year of some of its domains, was paid.
        OrderRenewed = "order.renewed",
        /// The wallet could not pay what was due of an order.
        OrderRenewalFailed = "order.renewal_failed",
        /// A domain and its inboxes are live.
        DomainConnected = "domain.connected",
        /// A domain waits for the partner or the customer.
        DomainActionRequired = "domain.action_required",
        /// A forwarding job updated its domains.
        DomainForwardingUpdated = "domain.forwarding_updated",
        /// A forwarding job could not update a domain.
        DomainForwardingFailed = "domain.forwarding_failed",
        /// An import is finished.
        DomainImportCompleted = "domain_import.completed",
        DomainImportFailed = "domain_import.failed",
        /// An import waits for nameservers.
        DomainImportActionRequired = "domain_import.action_required",
        /// A swap was accepted.
        SwapCreated = "swap.created",
        /// A swap is being worked on.
        SwapInProgress = "swap.in_progress",
        /// A swap is done.
        SwapCompleted = "swap.completed",
        SwapFailed = "swap.failed",
        /// A swap waits for the partner or the customer.
        SwapActionRequired = "swap.action_required",
        /// The wallet holds little, or less than is due.
        WalletLow = "wallet.low",
    }
}

impl EventType {
    /// What happened, in a few plain words, for the history of an order.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::OrderInProgress => "The order was accepted and paid",
            Self::OrderCompleted => "Every domain and inbox is live",
            Self::OrderFailed => "The order failed; what was not delivered is refunded",
            Self::OrderActionRequired => "The order waits for the partner or the customer",
            Self::OrderCancelScheduled => "The order will be cancelled",
            Self::OrderCancelled => "The order was cancelled",
            Self::OrderDomainsCancelScheduled => "Domains will leave the order",
            Self::OrderDomainsCancelled => "Domains have left the order",
            Self::OrderRenewed => "The order was renewed",
            Self::OrderRenewalFailed => "The wallet could not pay what is due",
            Self::DomainConnected => "A domain and its inboxes are live",
            Self::DomainActionRequired => "A domain waits for the partner or the customer",
            Self::DomainForwardingUpdated => "Domains were forwarded",
            Self::DomainForwardingFailed => "Domains could not be forwarded",
            Self::DomainImportCompleted => "An import is finished",
            Self::DomainImportFailed => "An import failed",
            Self::DomainImportActionRequired => "An import waits for nameservers",
            Self::SwapCreated => "A swap was accepted",
            Self::SwapInProgress => "A swap has begun",
            Self::SwapCompleted => "A swap is done",
            Self::SwapFailed => "A swap failed",
            Self::SwapActionRequired => "A swap waits for the partner or the customer",
            Self::WalletLow => "The wallet holds little",
        }
    }
}

/// The body of a webhook. Serialised once, in the transaction of the change; those bytes are what is signed and sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventBody<'a> {
    /// The event; the same on every retry.
    #[schema(value_type = String, example = "evt_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub id: &'a EventId,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// When it happened.
    pub created_at: Timestamp,
    /// Which environment it happened in.
    pub environment: Environment,
    /// Its place in the account's gap-free sequence.
    #[schema(example = 7, minimum = 1)]
    pub sequence: i64,
    /// The order that it is about, when it is about one.
    #[schema(required = true, value_type = Option<String>, example = "ord_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub order_id: Option<&'a OrderId>,
    /// The object that changed, as the API would show it.
    #[schema(value_type = Object)]
    pub data: &'a RawValue,
}
