//! The end of a domain's part in an order: taken back from one that failed, cancelled, replaced, or lapsed.

use std::collections::BTreeSet;

use peeker_domain::view::Source;
use peeker_domain::{
    Cents, DomainCategory, DomainStatus, InboxStatus, MailProvider, OrderDomainState, OrderStatus,
    ProvisionStep,
};

use crate::domains::{disown, has_lapsed};
use crate::entity::order_domains;
use crate::error::Result;
use crate::work::Work;

use super::rows::{Freed, Rows, license_share};
use super::{Step, has_joined};

impl Rows {
    /// Takes the domain off a failed order and refunds what was not delivered. A domain that a swap was bringing in has no
    /// licenses of its own yet.
    pub(super) fn released(&mut self, work: &mut Work<'_>, step: &Step) -> Result<()> {
        let place = self.free_domain(step, OrderDomainState::Released)?;
        let order = self.order(step)?;
        let mut refund = if has_joined(&place) {
            license_share(&place, order)?
        } else {
            Cents::ZERO
        };
        refund += never_bought(&place);
        work.refund(&step.job.account, refund, &step.job.order, step.now)
    }

    /// Takes a cancelled or replaced domain off its order, which shrinks by it unless all of the order is cancelled.
    /// What was paid for a purchase that never came about is given back; the licenses ran until now.
    pub(super) fn left(&mut self, work: &mut Work<'_>, step: &Step) -> Result<()> {
        let cancelled = self.order(step)?.status == OrderStatus::CancelScheduled;
        let whole = cancelled && self.place(step)?.swap_out_id.is_none();
        let state = if whole {
            OrderDomainState::Released
        } else {
            OrderDomainState::Left
        };
        let place = self.free_domain(step, state)?;
        let order = &step.job.order;
        work.refund(&step.job.account, never_bought(&place), order, step.now)?;
        if whole || !has_joined(&place) {
            return Ok(());
        }
        self.shrink(step, &place)
    }

    /// The order goes on without a place that it had.
    fn shrink(&mut self, step: &Step, place: &order_domains::Model) -> Result<()> {
        let order = self.order(step)?;
        order.total_cents -= license_share(place, order)?;
        if place.source == Source::Registered {
            order.total_cents -= place.price_cents;
        }
        order.domain_count -= 1;
        order.inbox_count -= place.inboxes;
        match place.provider {
            MailProvider::Google => order.google_licenses -= place.inboxes,
            MailProvider::Microsoft => order.microsoft_licenses -= 1,
        }
        Ok(())
    }

    /// Ends the domain's part in the order. Gives back its place as it was.
    fn free_domain(
        &mut self,
        step: &Step,
        state: OrderDomainState,
    ) -> Result<order_domains::Model> {
        let place = self.place(step)?;
        let before = place.clone();
        // An order never shows a domain that did not come in.
        place.state = if has_joined(place) {
            state
        } else {
            OrderDomainState::Left
        };
        let domain = self.domain(step)?;
        if has_lapsed(domain, step.now) {
            disown(domain);
        }
        let owned = domain.owned;
        let status = match (owned, domain.delegated) {
            (true, true) => DomainStatus::Available,
            (true, false) => DomainStatus::ActionRequired,
            (false, _) => DomainStatus::Failed,
        };
        domain.status = domain.status.transition(status)?;
        domain.category = if owned {
            DomainCategory::Inventory
        } else {
            DomainCategory::Candidate
        };
        domain.order_id = None;
        domain.user_id = None;
        domain.provider = None;
        domain.forwarding_url = None;
        self.inbox_changes
            .push((step.job.domain_key(), InboxStatus::Removed));
        self.end_job(step);
        // Whoever asked for this job meanwhile asked for a place that is no more.
        self.job(step)?.wanted_again = false;
        let freed = self.freed.entry(step.job.order_key());
        let freed = freed.or_insert_with(|| Freed {
            domains: BTreeSet::new(),
            now: step.now,
        });
        freed.domains.insert(step.job.domain.clone());
        if before.state == OrderDomainState::Active {
            if before.provider == MailProvider::Microsoft {
                self.count_microsoft(step, -before.inboxes);
            }
            let order = self.order(step)?;
            order.domains_active -= 1;
            order.inboxes_active -= before.inboxes;
        }
        Ok(before)
    }
}

/// What was paid for a purchase that never came about. The place says so, not the domain: a name may be imported while it
/// waits to be bought, and then the account has it all the same.
fn never_bought(place: &order_domains::Model) -> Cents {
    if place.source == Source::Registered && place.step == ProvisionStep::Register {
        place.price_cents
    } else {
        Cents::ZERO
    }
}
