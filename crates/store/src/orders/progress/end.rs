//! The end of a domain's part in an order: taken back from one that failed, cancelled, replaced, or lapsed.

use std::collections::BTreeSet;

use peeker_domain::view::{Category, Source};
use peeker_domain::{Cents, DomainStatus, InboxStatus, MailProvider, OrderStatus, ProvisionStep};

use crate::domains::{CANDIDATE, disown, has_lapsed};
use crate::entity::order_domains;
use crate::error::Result;
use crate::work::Work;

use super::rows::{Freed, Rows, key, license_share};
use super::{ACTIVE, LEFT, RELEASED, Step, has_joined};

impl Rows {
    /// Takes the domain off a failed order and refunds what was not delivered. A domain that a swap was bringing in has no
    /// licenses of its own yet.
    pub(super) fn released(&mut self, work: &mut Work<'_>, step: &Step) -> Result<()> {
        let place = self.free_domain(step, RELEASED)?;
        let order = self.order(step)?;
        let mut refund = if has_joined(&place) {
            license_share(&place, order)?
        } else {
            Cents::ZERO
        };
        refund = refund + never_bought(&place);
        work.refund(&step.job.account, refund, step.job.order.as_str(), step.now)
    }

    /// Takes a cancelled or replaced domain off its order, which shrinks by it unless all of the order is cancelled.
    /// What was paid for a purchase that never came about is given back; the licenses ran until now.
    pub(super) fn left(&mut self, work: &mut Work<'_>, step: &Step) -> Result<()> {
        let cancelled = self.order(step)?.status == OrderStatus::CancelScheduled.as_str();
        let whole = cancelled && self.place(step)?.swap_out_id.is_none();
        let place = self.free_domain(step, if whole { RELEASED } else { LEFT })?;
        let order = step.job.order.as_str();
        work.refund(&step.job.account, never_bought(&place), order, step.now)?;
        if whole || !has_joined(&place) {
            return Ok(());
        }
        self.shrink(step, &place)
    }

    /// The order goes on without a place that it had.
    fn shrink(&mut self, step: &Step, place: &order_domains::Model) -> Result<()> {
        let order = self.order(step)?;
        order.total_cents -= license_share(place, order)?.0;
        if place.source == Source::Registered.as_str() {
            order.total_cents -= place.price_cents;
        }
        order.domain_count -= 1;
        order.inbox_count -= place.inboxes;
        match place.provider.parse()? {
            MailProvider::Google => order.google_licenses -= place.inboxes,
            MailProvider::Microsoft => order.microsoft_licenses -= 1,
        }
        Ok(())
    }

    /// Ends the domain's part in the order. Gives back its place as it was.
    fn free_domain(&mut self, step: &Step, state: &str) -> Result<order_domains::Model> {
        let place = self.place(step)?;
        let before = place.clone();
        // An order never shows a domain that did not come in.
        place.state = if has_joined(place) { state } else { LEFT }.to_owned();
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
        domain.status = domain
            .status
            .parse::<DomainStatus>()?
            .transition(status)?
            .to_string();
        domain.category = if owned {
            Category::Inventory.as_str()
        } else {
            CANDIDATE
        }
        .to_owned();
        domain.order_id = None;
        domain.user_id = None;
        domain.provider = None;
        domain.forwarding_url = None;
        self.inbox_changes.push((
            key(&step.job.account, step.job.domain.as_str()),
            InboxStatus::Removed,
        ));
        self.end_job(step);
        // Whoever asked for this job meanwhile asked for a place that is no more.
        self.job(step)?.wanted_again = false;
        let freed = self
            .freed
            .entry(key(&step.job.account, step.job.order.as_str()));
        let freed = freed.or_insert_with(|| Freed {
            domains: BTreeSet::new(),
            now: step.now,
        });
        freed.domains.insert(step.job.domain.to_string());
        if before.state == ACTIVE {
            if before.provider == MailProvider::Microsoft.as_str() {
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
    let bought = Source::Registered.as_str();
    if place.source == bought && place.step == ProvisionStep::Register.as_str() {
        Cents(place.price_cents)
    } else {
        Cents::ZERO
    }
}
