//! What the set-up of a domain means for the swap that brings it in (contract §5).

use super::DomainOnOrder;
use crate::job::{JobKind, NewJob};
use crate::order::{Effect, Retirement, Swap};
use crate::status::{IllegalTransition, SwapReason, SwapStatus, SwapType};
use crate::time::Timestamp;

/// How long the old domain of a premium swap stays warm beside the new one.
const WARM_SECONDS: i64 = 14 * 24 * 60 * 60;

impl DomainOnOrder<'_> {
    /// The swap that brings the domain in, while it is not over.
    pub(super) fn open_swap(&mut self) -> Option<&mut Swap> {
        let swap = self.swap_in.as_deref_mut();
        swap.filter(|swap| swap.status.is_open())
    }

    pub(super) fn swap_begun(&mut self) -> Result<Vec<Effect>, IllegalTransition> {
        match self.open_swap() {
            Some(swap) if swap.status == SwapStatus::Created => swap
                .turn(SwapStatus::InProgress, None)
                .map(|event| vec![event]),
            _ => Ok(Vec::new()),
        }
    }

    /// The replacement cannot be set up: the old domain stays as it was, the new one is taken back by its job.
    pub(super) fn swap_failed(&mut self, now: Timestamp) -> Vec<Effect> {
        let reason = if self.domain.owned {
            SwapReason::ReplacementRefused
        } else {
            SwapReason::ReplacementNotRegistered
        };
        self.part.leave_now(now);
        let swap = self.open_swap().map(|swap| swap.id.clone());
        swap.map(|swap| Effect::FailSwap { swap, reason })
            .into_iter()
            .collect()
    }

    /// The new domain is live: the order shows it from now on, and the old one is to leave.
    pub(super) fn swap_joined(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let Some(swap) = self.open_swap() else {
            return;
        };
        let is_premium = swap.kind == SwapType::Premium;
        let at = now.plus_seconds(if is_premium { WARM_SECONDS } else { 0 });
        swap.retires_at = Some(at);
        let (account, order) = (&swap.account_id, &swap.order_id);
        let job = if is_premium {
            NewJob::timer(account, JobKind::Retire, swap.id.as_str(), at)
        } else {
            NewJob::provision(account, order, &swap.domain_id, at)
        };
        effects.push(Effect::Retire(Retirement {
            order: order.clone(),
            domain: swap.domain_id.clone(),
            swap: Some(swap.id.clone()),
            at,
            job,
        }));
        self.order.grow(self.part);
    }
}
