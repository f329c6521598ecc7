//! What each change comes to.

use super::{Applied, Blocker, Change, DomainOnOrder, JobFate, NewInbox, Next, Tries};
use crate::event::EventType;
use crate::mail::MailProvider;
use crate::order::waiting::ask;
use crate::order::{Effect, Inbox};
use crate::provisioning::ProvisionStep;
use crate::status::{
    DomainStatus, IllegalTransition, InboxStatus, OrderDomainState, OrderFailureReason, OrderStatus,
};
use crate::time::Timestamp;
use crate::view::{self, Source};

impl Applied {
    fn new(next: Next, job: JobFate) -> Self {
        Self {
            next,
            job,
            effects: Vec::new(),
        }
    }

    fn with(next: Next, job: JobFate, effects: Vec<Effect>) -> Self {
        Self { next, job, effects }
    }
}

impl DomainOnOrder<'_> {
    /// Applies what happened at `now`.
    pub fn apply(mut self, change: &Change, now: Timestamp) -> Result<Applied, IllegalTransition> {
        let has_left = self.part.deprovision_pending;
        let is_to_go =
            self.order.status == OrderStatus::Failed || has_left || self.part.is_leaving(now);
        let run_again = || Ok(Applied::new(Next::Stop, JobFate::RunAgain));
        match change {
            Change::Registered { until } => {
                // Even when the domain is to be taken back: what was bought is the partner's.
                let effects = self.registered(*until);
                let next = if is_to_go {
                    Next::Deprovision
                } else {
                    Next::Continue
                };
                Ok(Applied::with(next, JobFate::GotOn, effects))
            }
            Change::Retry {
                run_at,
                error,
                is_failure,
                reached,
            } => {
                let tries = if self.got_further(*reached) {
                    Tries::StartAnew
                } else if *is_failure {
                    Tries::Count
                } else {
                    Tries::Keep
                };
                let fate = JobFate::RetryAt(*run_at, error.clone(), tries);
                Ok(Applied::new(Next::Stop, fate))
            }
            Change::Released { redirect } if self.part.forwarding_url != *redirect => run_again(),
            Change::Released { .. } if has_left => {
                let effects = self.deprovisioned();
                // Whatever else there is to do for the domain comes now: another order may have it.
                Ok(Applied::with(Next::Stop, JobFate::RunAgain, effects))
            }
            Change::Released { .. } => {
                let effects = self.left(now)?;
                Ok(Applied::with(Next::Stop, JobFate::Dropped, effects))
            }
            _ if is_to_go => Ok(Applied::new(Next::Deprovision, JobFate::Held)),
            Change::InboxesNamed { personas, .. } if self.part.personas != *personas => run_again(),
            Change::InboxesNamed { inboxes, .. } => {
                let effects = self.inboxes_named(inboxes, now);
                Ok(Applied::with(Next::Continue, JobFate::GotOn, effects))
            }
            Change::Connected { redirect } if self.part.forwarding_url != *redirect => run_again(),
            Change::Connected { .. } => {
                let effects = self.connected(now)?;
                Ok(Applied::with(Next::Stop, JobFate::Ended, effects))
            }
            Change::Blocked(blockers) => {
                let effects = self.blocked(blockers, now)?;
                Ok(Applied::with(Next::Stop, JobFate::Ended, effects))
            }
            Change::SwapBegun => {
                let effects = self.swap_begun()?;
                Ok(Applied::with(Next::Continue, JobFate::Held, effects))
            }
            Change::SwapFailed => {
                let effects = self.swap_failed(now);
                Ok(Applied::with(Next::Deprovision, JobFate::Held, effects))
            }
            Change::OrderFailed { reason, message } => {
                let effects = self.order_failed(*reason, message)?;
                Ok(Applied::with(Next::Deprovision, JobFate::Held, effects))
            }
        }
    }

    /// Whether a try got further than those before it; then the next one begins there.
    fn got_further(&mut self, reached: ProvisionStep) -> bool {
        let is_set_up = self.part.state == OrderDomainState::Pending;
        let further = is_set_up && reached > self.part.step;
        if further {
            self.part.step = reached;
        }
        further
    }

    fn registered(&mut self, until: Option<Timestamp>) -> Vec<Effect> {
        self.part.step = ProvisionStep::Zone;
        self.domain.owned = true;
        // The purchase is followed by our own delegation, so there is nothing for a customer to do.
        self.domain.delegated = true;
        let Some(until) = until else {
            return Vec::new();
        };
        self.domain.registered_until = Some(until);
        self.domain.renewal_price_cents = self.part.renewal_price_cents;
        self.domain.renewal_refused = false;
        vec![self.watch_registration(until)]
    }

    fn watch_registration(&self, until: Timestamp) -> Effect {
        let domain = &self.domain;
        Effect::Enqueue(crate::order::watch(&domain.account_id, &domain.id, until))
    }

    fn inboxes_named(&mut self, new: &[NewInbox], now: Timestamp) -> Vec<Effect> {
        self.part.step = ProvisionStep::Inboxes;
        let part = &self.part;
        let inboxes = new.iter().map(|inbox| Inbox {
            account_id: part.account_id.clone(),
            id: inbox.id.clone(),
            order_id: part.order_id.clone(),
            domain_id: part.domain_id.clone(),
            email: inbox.email.clone(),
            first_name: inbox.first_name.clone(),
            last_name: inbox.last_name.clone(),
            provider: part.provider,
            status: InboxStatus::InProgress,
            created_at: now,
        });
        vec![Effect::AddInboxes(inboxes.collect())]
    }

    fn connected(&mut self, now: Timestamp) -> Result<Vec<Effect>, IllegalTransition> {
        self.part.state = OrderDomainState::Active;
        self.domain.turn(DomainStatus::Active)?;
        let mut effects = Vec::new();
        let from_inventory = self.part.source == Source::Imported;
        // One from the inventory may end within the day, when nobody would look before it does.
        if let (Some(until), true) = (self.domain.registered_until, from_inventory) {
            effects.push(self.watch_registration(until));
        }
        effects.push(self.emit_domain(EventType::DomainConnected));
        effects.push(Effect::TurnInboxes {
            domain: self.domain.id.clone(),
            status: InboxStatus::Active,
        });
        if self.part.provider == MailProvider::Microsoft {
            effects.push(Effect::CountMicrosoftInboxes(i64::from(self.part.inboxes)));
        }
        self.swap_joined(now, &mut effects);
        if self.part.personas.is_some() {
            effects.push(Effect::CompleteRenames(self.domain.id.clone()));
        }
        self.order.domains_active += 1;
        self.order.inboxes_active += self.part.inboxes;
        if self.order.is_set_up() {
            effects.extend(self.order.set_up()?);
        }
        Ok(effects)
    }

    fn emit_domain(&self, event: EventType) -> Effect {
        Effect::Emit {
            event,
            order: self.order.id.clone(),
            data: view::Object::Domain(Box::new(self.domain.view())),
        }
    }

    fn blocked(
        &mut self,
        blockers: &[Blocker],
        now: Timestamp,
    ) -> Result<Vec<Effect>, IllegalTransition> {
        self.part.state = OrderDomainState::ActionRequired;
        let asked = ask(self.order, self.part, self.open_actions, blockers, now);
        let mut effects = asked.effects;
        effects.extend(self.domain.wait(self.order, &asked.new)?);
        if let (Some(first), Some(swap)) = (blockers.first(), self.open_swap()) {
            let actions = asked.actions.clone();
            effects.extend(swap.wait(first.reason.into(), actions, now)?);
        }
        if self.part.personas.is_some() {
            let pictures = blockers.iter().zip(asked.actions);
            let pictures =
                pictures.filter_map(|(blocker, action)| Some((blocker.persona.clone()?, action)));
            effects.push(Effect::BlockRenames {
                domain: self.domain.id.clone(),
                pictures: pictures.collect(),
            });
        }
        effects.extend(self.order.wait(&asked.new)?);
        Ok(effects)
    }

    fn order_failed(
        &mut self,
        reason: OrderFailureReason,
        message: &str,
    ) -> Result<Vec<Effect>, IllegalTransition> {
        self.order.turn(OrderStatus::Failed)?;
        self.order.failure_reason = Some(reason);
        self.order.failure = Some(message.to_owned());
        self.order.sealed_password = None;
        self.order.renews_at = None;
        self.order.cancellation_scheduled_at = None;
        self.order.cancels_at = None;
        Ok(vec![
            self.order.free_fingerprint(),
            // Whoever is at work on another domain finds out with the next write, or at once after a pause.
            Effect::TakeBack(self.order.id.clone()),
            Effect::tell(
                EventType::OrderFailed,
                &self.order.id,
                reason.message().to_owned(),
                None,
            ),
        ])
    }
}
