//! What follows for an order and its swaps from the domains that it has and has not.

use std::collections::BTreeSet;

use super::{Effect, Order, OrderDomain, Retirement, Swap};
use crate::event::EventType;
use crate::id::DomainId;
use crate::job::NewJob;
use crate::status::{IllegalTransition, OrderStatus, SwapReason, SwapType};
use crate::time::Timestamp;

impl Order {
    pub(super) fn free_fingerprint(&self) -> Effect {
        Effect::FreeFingerprint {
            order: self.id.clone(),
            fingerprint: self.fingerprint.clone(),
        }
    }

    /// Every domain that it shows is live. Something may be waited for all the same: for a domain that a swap brings in, or for
    /// the picture of a renaming.
    pub(super) fn set_up(&mut self) -> Result<Option<Effect>, IllegalTransition> {
        self.sealed_password = None;
        match self.status {
            OrderStatus::InProgress => self.settle(false),
            OrderStatus::ActionRequired => Ok(Some(Effect::SettleOrder(self.id.clone()))),
            // One that is to be cancelled stays so, however far its work is.
            _ => Ok(None),
        }
    }

    /// Gives it the status that its domains say it has. This is where an order is completed. `waits` says whether an action of
    /// it is open.
    pub fn settle(&mut self, waits: bool) -> Result<Option<Effect>, IllegalTransition> {
        let is_under_way = matches!(
            self.status,
            OrderStatus::InProgress | OrderStatus::ActionRequired
        );
        if !is_under_way || waits {
            return Ok(None);
        }
        if !self.is_set_up() {
            self.turn(OrderStatus::InProgress)?;
            return Ok(None);
        }
        self.sealed_password = None;
        self.turn(OrderStatus::Completed)?;
        Ok(Some(Effect::emit(EventType::OrderCompleted, &self.id)))
    }
}

impl OrderDomain {
    /// Lets it leave because of a swap. One that was cancelled leaves when it was to, should that be earlier.
    pub fn retire(&mut self, retirement: &Retirement) {
        let at = retirement.at;
        self.leaves_at = Some(self.leaves_at.map_or(at, |cancelled| cancelled.min(at)));
        self.swap_out_id.clone_from(&retirement.swap);
    }
}

/// What follows for an order from domains that left it; `staying` are those whose part in it is not over, `waits` says whether
/// an action of it is open. An order without a domain left is cancelled.
pub fn after_leaving(
    order: &mut Order,
    staying: &[OrderDomain],
    waits: bool,
) -> Result<Vec<Effect>, IllegalTransition> {
    match order.status {
        OrderStatus::CancelScheduled if staying.is_empty() => {
            order.turn(OrderStatus::Cancelled)?;
            order.sealed_password = None;
            order.renews_at = None;
            return Ok(vec![
                order.free_fingerprint(),
                Effect::emit(EventType::OrderCancelled, &order.id),
            ]);
        }
        OrderStatus::Failed | OrderStatus::CancelScheduled | OrderStatus::Cancelled => {
            return Ok(Vec::new());
        }
        _ => {}
    }
    let mut effects = Vec::new();
    if order.cancels_at.is_some() && !staying.iter().any(OrderDomain::is_cancelling) {
        order.cancels_at = None;
        order.cancellation_scheduled_at = None;
        let event = EventType::OrderDomainsCancelled;
        effects.push(Effect::emit(event, &order.id));
    }
    effects.extend(order.settle(waits)?);
    Ok(effects)
}

/// What becomes of open swaps whose domains left an order. A swap whose new domain is live is completed when the old one
/// goes; any other has lost its order, and what it was bringing in is taken back.
pub fn swaps_after_leaving(
    open: &[Swap],
    left: &BTreeSet<DomainId>,
    now: Timestamp,
) -> Vec<Effect> {
    let (mut effects, mut renamed) = (Vec::new(), BTreeSet::new());
    for swap in open {
        let fail = || Effect::FailSwap {
            swap: swap.id.clone(),
            reason: SwapReason::OrderEnded,
        };
        let Some(new) = &swap.replacement_domain_id else {
            if swap.kind == SwapType::UserNames {
                renamed.insert(swap.domain_id.clone());
            } else {
                effects.push(fail());
            }
            continue;
        };
        let is_live = swap.retires_at.is_some();
        if is_live && left.contains(&swap.domain_id) {
            effects.push(Effect::CompleteSwap(swap.id.clone()));
        } else if !is_live {
            effects.push(fail());
            if !left.contains(new) {
                effects.push(Effect::Retire(Retirement {
                    job: NewJob::provision(&swap.account_id, &swap.order_id, new, now),
                    order: swap.order_id.clone(),
                    domain: new.clone(),
                    swap: None,
                    at: now,
                }));
            }
        }
    }
    effects.extend(renamed.into_iter().map(Effect::FailRenames));
    effects
}
