//! What the history of an order tells of (contract §4).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::event::EventType;
use crate::status::stored_enum;

stored_enum! {
    /// What happened to an order. The first six are its events.
    HistoryKind {
        OrderInProgress = "order.in_progress",
        OrderCompleted = "order.completed",
        OrderFailed = "order.failed",
        OrderActionRequired = "order.action_required",
        OrderCancelScheduled = "order.cancel_scheduled",
        OrderCancelled = "order.cancelled",
        /// A month, or a year of domains, was paid.
        OrderRenewed = "order.renewed",
        /// The wallet could not pay.
        OrderRenewalFailed = "order.renewal_failed",
        /// The registrar has confirmed another year.
        DomainRenewed = "domain.renewed",
        /// The registrar refused another year.
        DomainRenewalFailed = "domain.renewal_failed",
        /// A registration is over.
        DomainLapsed = "domain.lapsed",
        SwapCreated = "swap.created",
        SwapCompleted = "swap.completed",
        SwapFailed = "swap.failed",
    }
}

impl HistoryKind {
    /// What the history says of an event; only those about an order as a whole are part of it.
    pub const fn of(event: EventType) -> Option<Self> {
        match event {
            EventType::OrderInProgress => Some(Self::OrderInProgress),
            EventType::OrderCompleted => Some(Self::OrderCompleted),
            EventType::OrderFailed => Some(Self::OrderFailed),
            EventType::OrderActionRequired => Some(Self::OrderActionRequired),
            EventType::OrderCancelScheduled => Some(Self::OrderCancelScheduled),
            EventType::OrderCancelled => Some(Self::OrderCancelled),
            _ => None,
        }
    }
}
