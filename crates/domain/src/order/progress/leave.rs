//! The end of a domain's part in an order: taken back from one that failed, cancelled, replaced, or lapsed.

use super::DomainOnOrder;
use crate::history::HistoryKind;
use crate::job::NewJob;
use crate::mail::MailProvider;
use crate::money::Cents;
use crate::order::{Domain, Effect, Order, OrderDomain};
use crate::status::{IllegalTransition, InboxStatus, OrderDomainState, OrderStatus};
use crate::time::Timestamp;

/// Lets a domain go that was never live. It leaves its order before what was made for it at the providers is removed: its job
/// does that next, whatever else becomes of the domain meanwhile. One that may be bought without our hearing of it, since its job
/// has `begun` or was given up, leaves when the job has found out. `order_ends` says that all of the order ends with it.
pub(in crate::order) fn let_go(
    order: &mut Order,
    part: &mut OrderDomain,
    domain: &mut Domain,
    (begun, order_ends): (bool, bool),
    now: Timestamp,
) -> Result<Vec<Effect>, IllegalTransition> {
    part.leave_now(now);
    let mut effects = Vec::new();
    let was_tried = begun || part.state == OrderDomainState::ActionRequired;
    if !(was_tried && part.is_unbought()) {
        let mut leaving = DomainOnOrder {
            order,
            part,
            domain,
            swap_in: None,
            open_actions: &mut Vec::new(),
        };
        effects.extend(leaving.leave(true, order_ends, now)?);
        part.deprovision_pending = true;
    }
    let job = NewJob::provision(&part.account_id, &part.order_id, &part.domain_id, now);
    effects.push(Effect::Enqueue(job));
    Ok(effects)
}

impl DomainOnOrder<'_> {
    /// Takes the domain off its order, now that nothing is left of it at the providers. What was not delivered is refunded:
    /// every license of an order that failed, else those of a domain that was never live, and a purchase that never came
    /// about.
    pub(super) fn left(&mut self, now: Timestamp) -> Result<Vec<Effect>, IllegalTransition> {
        let failed = self.order.status == OrderStatus::Failed;
        let mut effects = self.leave(failed || !self.part.is_live(), false, now)?;
        effects.push(self.inboxes_removed());
        Ok(effects)
    }

    /// What was made for a domain that has left before is removed. The domain may be on another order by now.
    pub(super) fn deprovisioned(&mut self) -> Vec<Effect> {
        self.part.deprovision_pending = false;
        vec![self.inboxes_removed()]
    }

    fn inboxes_removed(&self) -> Effect {
        Effect::TurnInboxes {
            domain: self.domain.id.clone(),
            status: InboxStatus::Removed,
        }
    }

    fn leave(
        &mut self,
        refunds_licenses: bool,
        order_ends: bool,
        now: Timestamp,
    ) -> Result<Vec<Effect>, IllegalTransition> {
        let is_swapped = self.part.swap_out_id.is_some();
        let is_replaced = is_swapped && self.part.is_leaving(now);
        let had_joined = self.part.has_joined();
        let stays_shown = had_joined
            && match self.order.status {
                OrderStatus::Failed => !is_replaced,
                OrderStatus::CancelScheduled | OrderStatus::Cancelled => !is_swapped,
                _ => order_ends && !is_swapped,
            };
        // One whose replacement took its place has no licenses any more: a standard swap pays none.
        let licenses = refunds_licenses && had_joined && !is_replaced;
        let mut effects = vec![self.refund(licenses)];
        if stays_shown {
            self.order.uncharge(self.part, licenses);
        } else if had_joined {
            self.order.shrink(self.part);
        }
        effects.extend(self.free(stays_shown, now)?);
        Ok(effects)
    }

    fn refund(&self, licenses: bool) -> Effect {
        let (part, name) = (&*self.part, &self.part.name);
        let purchase = part.never_bought();
        let licenses = if licenses {
            part.license_share(self.order) * part.months_undelivered(self.order)
        } else {
            Cents::ZERO
        };
        let what = match (licenses > Cents::ZERO, purchase > Cents::ZERO) {
            (true, true) => "The licenses and the registration",
            (_, true) => "The registration",
            _ => "The licenses",
        };
        Effect::Refund {
            amount: licenses + purchase,
            order: self.order.id.clone(),
            kind: HistoryKind::OrderRefunded,
            message: format!("{what} of {name} were not delivered and are refunded"),
        }
    }

    /// Ends the domain's part in the order.
    fn free(
        &mut self,
        stays_shown: bool,
        now: Timestamp,
    ) -> Result<Vec<Effect>, IllegalTransition> {
        let was_live = self.part.is_live();
        self.part.state = if stays_shown {
            OrderDomainState::Released
        } else {
            OrderDomainState::Left
        };
        self.domain.leave(now)?;
        let mut effects = vec![Effect::Left {
            order: self.order.id.clone(),
            domain: self.domain.id.clone(),
        }];
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

impl Order {
    /// It goes on showing a domain whose licenses, or purchase, were refunded.
    fn uncharge(&mut self, domain: &OrderDomain, licenses: bool) {
        self.total_cents -= domain.never_bought();
        if licenses {
            self.total_cents -= domain.license_share(self);
            match domain.provider {
                MailProvider::Google => self.google_licenses -= domain.inboxes,
                MailProvider::Microsoft => self.microsoft_licenses -= 1,
            }
        }
    }
}
