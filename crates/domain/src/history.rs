//! What the history of an order tells of.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::event::EventType;
use crate::status::stored_enum;

stored_enum! {
    // Stored: renaming one needs a migration.
    /// What happened to an order: what an event told of the whole of it, and what no event tells of.
    HistoryKind {
        /// The order was accepted.
        OrderInProgress = "order.in_progress",
        /// Every domain and inbox is live.
        OrderCompleted = "order.completed",
        /// The order failed for good.
        OrderFailed = "order.failed",
        /// The order waits for the partner or the customer.
        OrderActionRequired = "order.action_required",
        /// A cancellation was accepted.
        OrderCancelScheduled = "order.cancel_scheduled",
        /// The cancellation is final.
        OrderCancelled = "order.cancelled",
        /// An operator ended it at once.
        OrderEnded = "order.ended",
        /// Some domains are to leave the order.
        OrderDomainsCancelScheduled = "order.domains_cancel_scheduled",
        /// Some domains have left the order, which goes on.
        OrderDomainsCancelled = "order.domains_cancelled",
        /// What was not delivered was given back.
        OrderRefunded = "order.refunded",
        /// A month, or a year of some domains, was paid.
        OrderRenewed = "order.renewed",
        /// The wallet could not pay what was due.
        OrderRenewalFailed = "order.renewal_failed",
        /// The registrar registered a domain for another year.
        DomainRenewed = "domain.renewed",
        /// The registrar refused another year of a domain.
        DomainRenewalFailed = "domain.renewal_failed",
        /// The registration of a domain is over.
        DomainLapsed = "domain.lapsed",
        /// A swap was accepted and paid.
        SwapCreated = "swap.created",
        /// A swap is done.
        SwapCompleted = "swap.completed",
        /// A swap failed; its licenses were refunded.
        SwapFailed = "swap.failed",
        /// The operator resolved an action in the partner's or the customer's place.
        ActionResolved = "action.resolved",
        /// The operator had work that failed on our side tried again.
        JobRetried = "job.retried",
    }
}

impl HistoryKind {
    /// What an event about an order as a whole is in its history; `None` for any other event.
    pub const fn of(event: EventType) -> Option<Self> {
        match event {
            EventType::OrderInProgress => Some(Self::OrderInProgress),
            EventType::OrderCompleted => Some(Self::OrderCompleted),
            EventType::OrderFailed => Some(Self::OrderFailed),
            EventType::OrderActionRequired => Some(Self::OrderActionRequired),
            EventType::OrderCancelScheduled => Some(Self::OrderCancelScheduled),
            EventType::OrderCancelled => Some(Self::OrderCancelled),
            EventType::OrderDomainsCancelScheduled => Some(Self::OrderDomainsCancelScheduled),
            EventType::OrderDomainsCancelled => Some(Self::OrderDomainsCancelled),
            EventType::OrderRenewed => Some(Self::OrderRenewed),
            EventType::OrderRenewalFailed => Some(Self::OrderRenewalFailed),
            EventType::DomainConnected
            | EventType::DomainActionRequired
            | EventType::DomainForwardingUpdated
            | EventType::DomainForwardingFailed
            | EventType::DomainImportCompleted
            | EventType::DomainImportFailed
            | EventType::DomainImportActionRequired
            | EventType::SwapCreated
            | EventType::SwapInProgress
            | EventType::SwapCompleted
            | EventType::SwapFailed
            | EventType::SwapActionRequired
            | EventType::WalletLow => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_about_an_order_keeps_its_word() {
        for event in EventType::ALL {
            let kind = HistoryKind::of(*event).map(HistoryKind::as_str);
            let of_order = event.as_str().starts_with("order.");
            assert_eq!(kind, of_order.then_some(event.as_str()));
        }
    }
}
