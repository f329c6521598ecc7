//! What each step changes in the rows of its job.

use peeker_domain::id::ActionId;
use peeker_domain::view::Source;
use peeker_domain::{
    ActionReason, ActionStatus, DomainStatus, EventType, InboxStatus, JobKind, MailProvider,
    OrderDomainState, OrderStatus, ProvisionStep, Timestamp,
};

use crate::domains::to_view;
use crate::entity::{inboxes, pending_actions};
use crate::error::Result;
use crate::jobs::NewJob;
use crate::registrations;
use crate::work::Work;

use super::rows::Rows;
use super::swap::Renames;
use super::{Blocker, Change, NewInbox, Next, PICTURE_RECHECK_SECONDS, Step, is_leaving};

impl Rows {
    pub(super) fn apply(&mut self, work: &mut Work<'_>, step: &Step) -> Result<Next> {
        let failed = self.order(step)?.status == OrderStatus::Failed;
        let leaving = is_leaving(self.place(step)?, step.now);
        match &step.change {
            Change::Registered { until } => {
                // Even when the domain is to be taken back: what was bought is the partner's.
                self.registered(work, step, *until)?;
                Ok(if failed || leaving {
                    Next::Deprovision
                } else {
                    Next::Continue
                })
            }
            Change::Retry { run_at, error } => {
                let clock = work.clock(&step.job.account);
                let job = self.job(step)?;
                // Who asked for the job meanwhile may want something else of it, so it does not wait first.
                job.run_at = if job.wanted_again {
                    job.created_at
                } else {
                    clock.system_time(*run_at)
                };
                job.lease_token = None;
                job.last_error = Some(error.clone());
                Ok(Next::Stop)
            }
            Change::Released { redirect } if self.place(step)?.forwarding_url != *redirect => {
                self.run_now(step).map(|()| Next::Stop)
            }
            Change::Released { .. } if failed => self.released(work, step).map(|()| Next::Stop),
            Change::Released { .. } => self.left(work, step).map(|()| Next::Stop),
            _ if failed || leaving => Ok(Next::Deprovision),
            Change::InboxesNamed { personas, .. } if self.place(step)?.personas != *personas => {
                self.run_now(step).map(|()| Next::Stop)
            }
            Change::InboxesNamed { inboxes, .. } => {
                self.inboxes_named(step, inboxes)?;
                Ok(Next::Continue)
            }
            Change::Connected { redirect } if self.place(step)?.forwarding_url != *redirect => {
                self.run_now(step).map(|()| Next::Stop)
            }
            Change::Connected { .. } => self.connected(work, step).map(|()| Next::Stop),
            Change::Blocked(blockers) => self.blocked(work, step, blockers).map(|()| Next::Stop),
            Change::SwapBegun => self.swap_begun(work, step).map(|()| Next::Continue),
            Change::SwapFailed => self.swap_failed(step).map(|()| Next::Deprovision),
            Change::OrderFailed { message } => {
                self.order_failed(step, message).map(|()| Next::Deprovision)
            }
        }
    }

    /// The job runs again: what it did is not what is wanted by now.
    fn run_now(&mut self, step: &Step) -> Result<()> {
        let job = self.job(step)?;
        job.run_at = job.created_at;
        job.lease_token = None;
        Ok(())
    }

    fn registered(
        &mut self,
        work: &mut Work<'_>,
        step: &Step,
        until: Option<Timestamp>,
    ) -> Result<()> {
        let place = self.place(step)?;
        place.step = ProvisionStep::Zone;
        let renewal_price = place.renewal_price_cents;
        let domain = self.domain(step)?;
        domain.owned = true;
        // The purchase is followed by our own delegation, so there is nothing for a customer to do.
        domain.delegated = true;
        if let Some(until) = until {
            domain.registered_until = Some(until);
            domain.renewal_price_cents = renewal_price;
            domain.renewal_refused = false;
            work.enqueue(registrations::watch(
                &step.job.account,
                &step.job.domain,
                until,
            ));
        }
        self.job(step)?.attempts = 0;
        Ok(())
    }

    fn inboxes_named(&mut self, step: &Step, new: &[NewInbox]) -> Result<()> {
        let place = self.place(step)?;
        place.step = ProvisionStep::Inboxes;
        let provider = place.provider;
        self.job(step)?.attempts = 0;
        self.new_inboxes
            .extend(new.iter().map(|inbox| inboxes::Model {
                account_id: step.job.account.clone(),
                id: inbox.id.clone(),
                order_id: step.job.order.clone(),
                domain_id: step.job.domain.clone(),
                email: inbox.email.clone(),
                first_name: inbox.first_name.clone(),
                last_name: inbox.last_name.clone(),
                provider,
                status: InboxStatus::InProgress,
                created_at: step.now,
            }));
        Ok(())
    }

    fn connected(&mut self, work: &mut Work<'_>, step: &Step) -> Result<()> {
        let place = self.place(step)?;
        place.state = OrderDomainState::Active;
        let inboxes = place.inboxes;
        let is_microsoft = place.provider == MailProvider::Microsoft;
        let from_inventory = place.source == Source::Imported;
        let (is_replacement, renamed) = (place.swap_in_id.is_some(), place.personas.is_some());
        let domain = self.domain(step)?;
        domain.status = domain.status.transition(DomainStatus::Active)?;
        let until = domain.registered_until;
        let shown = to_view(domain);
        // One from the inventory may end within the day, when nobody would look before it does.
        if let (Some(until), true) = (until, from_inventory) {
            let domain = &step.job.domain;
            work.enqueue(registrations::watch(&step.job.account, domain, until));
        }
        let order = Some(&step.job.order);
        work.emit(
            &step.job.account,
            EventType::DomainConnected,
            order,
            &shown,
            step.now,
        )?;
        self.inbox_changes
            .push((step.job.domain_key(), InboxStatus::Active));
        self.end_job(step);
        if is_microsoft {
            self.count_microsoft(step, inboxes);
        }
        if is_replacement {
            self.swap_joined(step)?;
        }
        if renamed {
            let domain = step.job.domain_key();
            self.renames.push((domain, Renames::Live, step.now));
        }
        let order = self.order(step)?;
        order.domains_active += 1;
        order.inboxes_active += inboxes;
        self.complete_if_all_active(step)
    }

    pub(super) fn count_microsoft(&mut self, step: &Step, inboxes: i32) {
        let account = step.job.account.clone();
        *self.microsoft_inboxes.entry(account).or_default() += i64::from(inboxes);
    }

    fn complete_if_all_active(&mut self, step: &Step) -> Result<()> {
        let order = self.order(step)?;
        if order.domains_active < order.domain_count {
            return Ok(());
        }
        order.sealed_password = None;
        match order.status {
            OrderStatus::InProgress => {
                order.status = order.status.transition(OrderStatus::Completed)?;
                self.tell(step, EventType::OrderCompleted);
            }
            // A domain that a swap brings in may wait for somebody.
            OrderStatus::ActionRequired => {
                let key = step.job.order_key();
                self.perhaps_complete.insert(key, step.now);
            }
            // One that is to be cancelled stays so, however far its work is.
            _ => {}
        }
        Ok(())
    }

    fn blocked(&mut self, work: &mut Work<'_>, step: &Step, blockers: &[Blocker]) -> Result<()> {
        let place = self.place(step)?;
        place.state = OrderDomainState::ActionRequired;
        let name = place.name.clone();
        let renamed = place.personas.is_some();
        let domain = self.domain(step)?;
        domain.status = domain.status.transition(DomainStatus::ActionRequired)?;
        let shown = to_view(domain);
        let order = Some(&step.job.order);
        let user_id = self.order(step)?.user_id.clone();
        for blocker in blockers {
            let id = ActionId::new(step.now);
            self.actions.push(pending_actions::Model {
                account_id: step.job.account.clone(),
                id: id.clone(),
                order_id: step.job.order.clone(),
                domain_id: step.job.domain.clone(),
                kind: blocker.reason.kind(),
                reason: blocker.reason,
                status: ActionStatus::Open,
                message: blocker.message.clone(),
                created_at: step.now,
                persona: blocker
                    .persona
                    .as_ref()
                    .map(serde_json::to_string)
                    .transpose()?,
                domain: name.clone(),
                user_id: user_id.clone(),
                resolved_at: None,
            });
            let account = &step.job.account;
            match blocker.reason {
                ActionReason::UpdateNameservers => {
                    work.enqueue(NewJob::new(
                        account,
                        JobKind::Delegation,
                        step.job.domain.as_str(),
                        step.now,
                    ));
                }
                ActionReason::ProfilePictureNotAccessible => {
                    let at = step.now.plus_seconds(PICTURE_RECHECK_SECONDS);
                    work.enqueue(NewJob::timer(account, JobKind::Picture, id.as_str(), at));
                }
                ActionReason::ReplaceDomain => {}
            }
            work.emit(
                account,
                EventType::DomainActionRequired,
                order,
                &shown,
                step.now,
            )?;
        }
        self.end_job(step);
        if let Some(first) = blockers.first() {
            self.swap_blocked(work, step, first.reason.into())?;
        }
        if renamed {
            let personas = blockers
                .iter()
                .filter_map(|blocker| blocker.persona.as_ref());
            let personas = personas
                .map(serde_json::to_string)
                .collect::<Result<_, _>>()?;
            let domain = step.job.domain_key();
            self.renames
                .push((domain, Renames::Blocked(personas), step.now));
        }
        let order = self.order(step)?;
        if order.status != OrderStatus::CancelScheduled {
            order.status = order.status.transition(OrderStatus::ActionRequired)?;
            for _ in blockers {
                self.tell(step, EventType::OrderActionRequired);
            }
        }
        Ok(())
    }

    fn order_failed(&mut self, step: &Step, message: &str) -> Result<()> {
        let order = self.order(step)?;
        order.status = order.status.transition(OrderStatus::Failed)?;
        order.failure = Some(message.to_owned());
        order.sealed_password = None;
        order.renews_at = None;
        order.cancellation_scheduled_at = None;
        order.cancels_at = None;
        let fingerprint = order.fingerprint.clone();
        self.failed_orders
            .push((step.job.order_key(), fingerprint, step.now));
        self.tell(step, EventType::OrderFailed);
        Ok(())
    }

    fn tell(&mut self, step: &Step, kind: EventType) {
        self.order_events
            .push((step.job.order_key(), kind, step.now));
    }
}
