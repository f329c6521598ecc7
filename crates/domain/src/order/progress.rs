//! How the set-up of one domain changes it, its order and the swap that it is part of.

use super::{Domain, Effect, Inbox, Order, OrderDomain, PendingAction, Retirement, Swap};
use crate::event::EventType;
use crate::id::{ActionId, InboxId};
use crate::job::{JobKind, NewJob};
use crate::mail::MailProvider;
use crate::money::Cents;
use crate::order::{Persona, Personas};
use crate::provisioning::ProvisionStep;
use crate::status::{
    ActionReason, ActionStatus, DomainStatus, IllegalTransition, InboxStatus, OrderDomainState,
    OrderStatus, SwapReason, SwapStatus, SwapType,
};
use crate::time::Timestamp;
use crate::view::{self, Source};

/// How long the old domain of a premium swap stays warm beside the new one.
const WARM_SECONDS: i64 = 14 * 24 * 60 * 60;

/// What happened to a domain of an order.
#[derive(Debug)]
pub enum Change {
    /// The domain is ours at the registrar; its set-up goes on with `ProvisionStep::Zone`.
    Registered {
        /// Until when the registration is paid; `None` when it was ours before.
        until: Option<Timestamp>,
    },
    /// The inboxes are about to be made; the set-up goes on with `ProvisionStep::Inboxes`.
    InboxesNamed {
        /// The inboxes; those that are there already stay.
        inboxes: Vec<NewInbox>,
        /// The personas that they are named after. Should the domain have others by now, the job runs again.
        personas: Option<Personas>,
    },
    /// Domain and inboxes are live and handed over. Ends the job, unless the domain is to redirect elsewhere by now.
    Connected {
        /// Where it redirects to.
        redirect: Option<String>,
    },
    /// A provider asked for patience. The job runs again at `run_at`.
    Retry {
        /// When, on the account's clock.
        run_at: Timestamp,
        /// Why, for the operator.
        error: String,
    },
    /// The domain waits for the partner or the customer. Ends the job; resolving the actions starts it again.
    Blocked(Vec<Blocker>),
    /// Nothing of this order can be set up. Fails the order; the job goes on with taking back.
    OrderFailed {
        /// Why, for the operator.
        message: String,
    },
    /// Everything that was made for the domain is removed. Ends the job, unless the domain redirects elsewhere by now.
    Released {
        /// The redirect that was removed with it.
        redirect: Option<String>,
    },
    /// Work on the swap that brings the domain in has begun.
    SwapBegun,
    /// The domain cannot take the place of another. The swap fails, nothing else; the job goes on with taking back.
    SwapFailed,
}

/// What a domain waits for.
#[derive(Debug, Clone)]
pub struct Blocker {
    /// The id of the action about it.
    pub id: ActionId,
    /// What has to be mended.
    pub reason: ActionReason,
    /// What to do, for the partner.
    pub message: String,
    /// Whose picture it is, when it is one.
    pub persona: Option<Persona>,
}

/// An inbox to be made.
#[derive(Debug, Clone)]
pub struct NewInbox {
    pub id: InboxId,
    pub email: String,
    pub first_name: String,
    pub last_name: String,
}

/// What the worker is to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Go on with the next step.
    Continue,
    /// The order failed or the domain is to leave it: take the domain back.
    Deprovision,
    /// Nothing: the job ended, waits, or belongs to somebody else by now.
    Stop,
}

/// What becomes of the domain's job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobFate {
    Held,
    /// It runs on, and its attempts are counted anew.
    GotOn,
    /// It runs again at once: what it did is not what is wanted by now.
    RunAgain,
    /// It runs again at that time, because of this error; at once if somebody asked for it meanwhile.
    RetryAt(Timestamp, String),
    /// It is over, unless somebody asked for it meanwhile.
    Ended,
    /// It is over: whoever asked for it meanwhile asked for something that is no more.
    Dropped,
}

/// What a change comes to.
#[derive(Debug)]
pub struct Applied {
    pub next: Next,
    pub job: JobFate,
    pub effects: Vec<Effect>,
}

/// One domain of an order, with what its set-up can change.
#[derive(Debug)]
pub struct DomainOnOrder<'a> {
    pub order: &'a mut Order,
    pub part: &'a mut OrderDomain,
    pub domain: &'a mut Domain,
    /// The swap that brings it in.
    pub swap_in: Option<&'a mut Swap>,
}

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
        let failed = self.order.status == OrderStatus::Failed;
        let is_to_go = failed || self.part.is_leaving(now);
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
            Change::Retry { run_at, error } => {
                let retry = JobFate::RetryAt(*run_at, error.clone());
                Ok(Applied::new(Next::Stop, retry))
            }
            Change::Released { redirect } if self.part.forwarding_url != *redirect => run_again(),
            Change::Released { .. } => {
                let effects = if failed {
                    self.released(now)?
                } else {
                    self.left(now)?
                };
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
            Change::OrderFailed { message } => {
                let effects = self.order_failed(message)?;
                Ok(Applied::with(Next::Deprovision, JobFate::Held, effects))
            }
        }
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
        Effect::Enqueue(super::watch(&domain.account_id, &domain.id, until))
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

    fn emit_order(&self, event: EventType) -> Effect {
        let order = self.order.id.clone();
        Effect::EmitOrder { event, order }
    }

    fn blocked(
        &mut self,
        blockers: &[Blocker],
        now: Timestamp,
    ) -> Result<Vec<Effect>, IllegalTransition> {
        self.part.state = OrderDomainState::ActionRequired;
        self.domain.turn(DomainStatus::ActionRequired)?;
        let mut effects = Vec::new();
        for blocker in blockers {
            let action = self.action(blocker, now);
            effects.extend(action.watch(now).map(Effect::Enqueue));
            effects.push(Effect::OpenAction(action));
            effects.push(self.emit_domain(EventType::DomainActionRequired));
        }
        if let (Some(first), Some(swap)) = (blockers.first(), self.open_swap()) {
            let reason = Some(first.reason.into());
            effects.push(swap.turn(SwapStatus::ActionRequired, reason)?);
        }
        if self.part.personas.is_some() {
            let personas = blockers
                .iter()
                .filter_map(|blocker| blocker.persona.clone());
            effects.push(Effect::BlockRenames {
                domain: self.domain.id.clone(),
                personas: personas.collect(),
            });
        }
        if self.order.status != OrderStatus::CancelScheduled {
            self.order.turn(OrderStatus::ActionRequired)?;
            let events = blockers
                .iter()
                .map(|_| self.emit_order(EventType::OrderActionRequired));
            effects.extend(events);
        }
        Ok(effects)
    }

    fn action(&self, blocker: &Blocker, now: Timestamp) -> PendingAction {
        PendingAction {
            account_id: self.order.account_id.clone(),
            id: blocker.id.clone(),
            order_id: self.order.id.clone(),
            domain_id: self.domain.id.clone(),
            kind: blocker.reason.kind(),
            reason: blocker.reason,
            status: ActionStatus::Open,
            message: blocker.message.clone(),
            created_at: now,
            persona: blocker.persona.clone(),
            domain: self.part.name.clone(),
            user_id: self.order.user_id.clone(),
            resolved_at: None,
        }
    }

    fn order_failed(&mut self, message: &str) -> Result<Vec<Effect>, IllegalTransition> {
        self.order.turn(OrderStatus::Failed)?;
        self.order.failure = Some(message.to_owned());
        self.order.sealed_password = None;
        self.order.renews_at = None;
        self.order.cancellation_scheduled_at = None;
        self.order.cancels_at = None;
        Ok(vec![
            self.order.free_fingerprint(),
            // Whoever is at work on another domain finds out with the next write, or at once after a pause.
            Effect::TakeBack(self.order.id.clone()),
            self.emit_order(EventType::OrderFailed),
        ])
    }

    /// Takes the domain off a failed order and refunds what was not delivered. A domain that a swap was bringing in has no
    /// licenses of its own yet, and one whose replacement took its place has none any more: a standard swap pays none.
    fn released(&mut self, now: Timestamp) -> Result<Vec<Effect>, IllegalTransition> {
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
    fn left(&mut self, now: Timestamp) -> Result<Vec<Effect>, IllegalTransition> {
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

    /// The swap that brings the domain in, while it is not over.
    fn open_swap(&mut self) -> Option<&mut Swap> {
        let swap = self.swap_in.as_deref_mut();
        swap.filter(|swap| swap.status.is_open())
    }

    fn swap_begun(&mut self) -> Result<Vec<Effect>, IllegalTransition> {
        match self.open_swap() {
            Some(swap) if swap.status == SwapStatus::Created => swap
                .turn(SwapStatus::InProgress, None)
                .map(|event| vec![event]),
            _ => Ok(Vec::new()),
        }
    }

    /// The replacement cannot be set up: the old domain stays as it was, the new one is taken back by its job.
    fn swap_failed(&mut self, now: Timestamp) -> Vec<Effect> {
        let reason = if self.domain.owned {
            SwapReason::ReplacementRefused
        } else {
            SwapReason::ReplacementNotRegistered
        };
        self.part.leaves_at = Some(now);
        let swap = self.open_swap().map(|swap| swap.id.clone());
        swap.map(|swap| Effect::FailSwap { swap, reason })
            .into_iter()
            .collect()
    }

    /// The new domain is live: the order shows it from now on, and the old one is to leave.
    fn swap_joined(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
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
