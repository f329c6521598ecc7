//! One domain with all that its set-up can change.

use super::builders::*;
use crate::order::{
    Applied, Change, Domain, DomainOnOrder, Order, OrderDomain, PendingAction, Swap,
};
use crate::status::{IllegalTransition, OrderFailureReason, OrderStatus, SwapStatus};

/// A domain with its order and, when a swap brings it in, that swap.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Case {
    pub order: Order,
    pub part: OrderDomain,
    pub domain: Domain,
    pub swap: Option<Swap>,
    /// The open actions about pictures of the order.
    pub actions: Vec<PendingAction>,
}

impl Case {
    pub fn of(part: OrderDomain, others: &[OrderDomain]) -> Self {
        let all: Vec<_> = others.iter().chain([&part]).cloned().collect();
        let swap = part.swap_in_id.is_some().then(|| Swap {
            status: SwapStatus::InProgress,
            ..swap("in", &others[0], &part)
        });
        Self {
            order: order_of(&all),
            domain: domain_of(&part),
            part,
            swap,
            actions: Vec::new(),
        }
    }

    pub fn failed(mut self) -> Self {
        self.order.status = OrderStatus::Failed;
        self
    }

    pub fn leaving(mut self) -> Self {
        self.part.leaves_at = Some(NOW);
        self
    }

    pub fn try_apply(&mut self, change: &Change) -> Result<Applied, IllegalTransition> {
        let on = DomainOnOrder {
            order: &mut self.order,
            part: &mut self.part,
            domain: &mut self.domain,
            swap_in: self.swap.as_mut(),
            open_actions: &mut self.actions,
        };
        on.apply(change, NOW)
    }

    pub fn apply(&mut self, change: &Change) -> Applied {
        self.try_apply(change).unwrap()
    }
}

pub(super) const CONNECTED: Change = Change::Connected { redirect: None };
pub(super) const RELEASED: Change = Change::Released { redirect: None };

pub(super) fn order_failed() -> Change {
    Change::OrderFailed {
        reason: OrderFailureReason::MailRefused,
        message: "refused".to_owned(),
    }
}
