//! The end of a domain's part in an order: taken back from one that failed, cancelled, replaced, or lapsed.

use super::DomainOnOrder;
use crate::mail::MailProvider;
use crate::money::Cents;
use crate::order::Effect;
use crate::status::{IllegalTransition, InboxStatus, OrderDomainState, OrderStatus};
use crate::time::Timestamp;

impl DomainOnOrder<'_> {
    /// Takes the domain off a failed order and refunds what was not delivered. A domain that a swap was bringing in has no
    /// licenses of its own yet, and one whose replacement took its place has none any more: a standard swap pays none.
    pub(super) fn released(&mut self, now: Timestamp) -> Result<Vec<Effect>, IllegalTransition> {
        let is_replaced = self.part.swap_out_id.is_some() && self.part.is_leaving(now);
        let licenses = if self.part.has_joined() && !is_replaced {
            self.part.license_share(self.order)
        } else {
            Cents::ZERO
        };
        let mut effects = vec![self.refund(licenses + self.part.never_bought())];
        effects.extend(self.free(OrderDomainState::Released, now)?);
        Ok(effects)
    }

    /// Takes a cancelled or replaced domain off its order, which shrinks by it unless all of the order is cancelled. What was
    /// paid for a purchase that never came about is given back; the licenses ran until now.
    pub(super) fn left(&mut self, now: Timestamp) -> Result<Vec<Effect>, IllegalTransition> {
        let cancelled = self.order.status == OrderStatus::CancelScheduled;
        let whole = cancelled && self.part.swap_out_id.is_none();
        let had_joined = self.part.has_joined();
        let mut effects = vec![self.refund(self.part.never_bought())];
        let state = if whole {
            OrderDomainState::Released
        } else {
            OrderDomainState::Left
        };
        effects.extend(self.free(state, now)?);
        if !whole && had_joined {
            self.order.shrink(self.part);
        }
        Ok(effects)
    }

    fn refund(&self, amount: Cents) -> Effect {
        let order = self.order.id.clone();
        Effect::Refund { amount, order }
    }

    /// Ends the domain's part in the order.
    fn free(
        &mut self,
        state: OrderDomainState,
        now: Timestamp,
    ) -> Result<Vec<Effect>, IllegalTransition> {
        let was_live = self.part.state == OrderDomainState::Active;
        // An order never shows a domain that did not come in.
        self.part.state = if self.part.has_joined() {
            state
        } else {
            OrderDomainState::Left
        };
        self.domain.leave(now)?;
        let domain = self.domain.id.clone();
        let mut effects = vec![
            Effect::TurnInboxes {
                domain: domain.clone(),
                status: InboxStatus::Removed,
            },
            Effect::Left {
                order: self.order.id.clone(),
                domain,
            },
        ];
        if was_live {
            self.order.domains_active -= 1;
            self.order.inboxes_active -= self.part.inboxes;
            if self.part.provider == MailProvider::Microsoft {
                effects.push(Effect::CountMicrosoftInboxes(-i64::from(self.part.inboxes)));
            }
        }
        Ok(effects)
    }
}
