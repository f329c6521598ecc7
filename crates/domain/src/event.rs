//! The events that partners hear of (contract §6) and the envelope they come in.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::access::Environment;
use crate::id::EventId;
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
        /// An import failed.
        DomainImportFailed = "domain_import.failed",
        /// An import waits for nameservers.
        DomainImportActionRequired = "domain_import.action_required",
        /// A swap was accepted.
        SwapCreated = "swap.created",
        /// A swap is being worked on.
        SwapInProgress = "swap.in_progress",
        /// A swap is done.
        SwapCompleted = "swap.completed",
        /// A swap failed.
        SwapFailed = "swap.failed",
        /// A swap waits for the partner or the customer.
        SwapActionRequired = "swap.action_required",
    }
}

/// The body of a webhook. Serialised once, in the transaction of the change; those bytes are what is signed and sent.
#[derive(Debug, Serialize)]
pub struct EventBody<'a> {
    /// The event; the same on every retry.
    pub id: &'a EventId,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// When it happened.
    pub created_at: Timestamp,
    /// Which environment it happened in.
    pub environment: Environment,
    /// Its place in the account's gap-free sequence.
    pub sequence: i64,
    /// The object that changed, as the API would show it.
    pub data: &'a RawValue,
}
