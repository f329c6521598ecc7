//! One account with one order in memory. It carries effects out as the store does with rows, so that what the rules say
//! can be watched over many changes, and compared with what a database holds.

use std::collections::{BTreeMap, BTreeSet};

use super::builders::*;
use crate::event::EventType;
use crate::id::{ActionId, DomainId, SwapId};
use crate::job::{JobKind, NewJob};
use crate::money::Cents;
use crate::order::{
    ActionDomain, Cause, Change, Domain, DomainOnOrder, Effect, Inbox, JobFate, Next, Order,
    OrderDomain, PendingAction, Persona, Swap, after_leaving, resume, swaps_after_leaving,
};
use crate::status::{ActionStatus, InboxStatus, OrderStatus, SwapReason, SwapStatus, SwapType};
use crate::time::Timestamp;
use crate::wallet::Wallet;

#[derive(Debug)]
pub(super) struct World {
    pub now: Timestamp,
    pub order: Order,
    /// All that the order ever had, by position.
    pub parts: Vec<OrderDomain>,
    pub domains: BTreeMap<DomainId, Domain>,
    pub swaps: BTreeMap<SwapId, Swap>,
    pub actions: Vec<PendingAction>,
    pub inboxes: Vec<Inbox>,
    /// What is left to do, by kind and subject.
    pub jobs: BTreeMap<(JobKind, String), NewJob>,
    pub events: Vec<EventType>,
    /// What the wallet paid for the order, and what it got back.
    pub paid: Cents,
    pub refunded: Cents,
    /// What of it the registrar has got.
    pub bought: Cents,
    pub microsoft_inboxes: i64,
    pub fingerprint_stands: bool,
    pub wallet: Wallet,
    /// Domains whose job has run.
    pub begun: BTreeSet<DomainId>,
    /// The positions of domains that were live.
    pub delivered: BTreeSet<u32>,
    /// The positions of domains that are over and whose licenses were refunded.
    pub uncharged: BTreeSet<u32>,
}

impl World {
    /// Right after the order of these domains was accepted and paid.
    pub fn new(parts: Vec<OrderDomain>) -> Self {
        let order = order_of(&parts);
        let domains = parts.iter().map(domain_of);
        let mut world = Self {
            now: NOW,
            paid: order.total_cents,
            domains: domains.map(|row| (row.id.clone(), row)).collect(),
            swaps: BTreeMap::new(),
            actions: Vec::new(),
            inboxes: Vec::new(),
            jobs: BTreeMap::new(),
            events: Vec::new(),
            refunded: Cents::ZERO,
            bought: Cents::ZERO,
            microsoft_inboxes: 0,
            fingerprint_stands: true,
            wallet: FULL,
            begun: BTreeSet::new(),
            delivered: BTreeSet::new(),
            uncharged: BTreeSet::new(),
            order,
            parts,
        };
        world.take_back();
        let renewal = NewJob::renew(&account(), &order_id(), NOW.plus_months(1));
        world.enqueue(renewal);
        world
    }

    /// The domains whose part in the order is not over.
    pub fn staying(&self) -> Vec<OrderDomain> {
        let staying = self.parts.iter().filter(|domain| !domain.is_over());
        staying.cloned().collect()
    }

    pub fn position(&self, domain: &DomainId) -> Option<usize> {
        let is_here = |row: &OrderDomain| row.domain_id == *domain && !row.is_over();
        self.parts.iter().position(is_here)
    }

    /// The part of a domain that its job is about.
    pub fn subject(&self, domain: &DomainId) -> Option<usize> {
        let has_left = |row: &OrderDomain| row.domain_id == *domain && row.deprovision_pending;
        let left = self.parts.iter().position(has_left);
        left.or_else(|| self.position(domain))
    }

    pub fn enqueue(&mut self, job: NewJob) {
        let key = (job.kind, job.subject.clone());
        match self.jobs.get(&key) {
            Some(before) if before.run_at <= job.run_at => {}
            _ => drop(self.jobs.insert(key, job)),
        }
    }

    /// Everything on the order has something to do.
    fn take_back(&mut self) {
        for domain in self.staying() {
            let job = NewJob::provision(&account(), &order_id(), &domain.domain_id, self.now);
            self.enqueue(job);
        }
    }

    /// What the job of a domain records.
    pub fn apply(&mut self, domain: &DomainId, change: &Change) -> Next {
        let at = self.subject(domain).unwrap();
        let part = &mut self.parts[at];
        let swap_in = part.swap_in_id.clone();
        let is_open = |action: &&PendingAction| action.status == ActionStatus::Open;
        let open = self.actions.iter().filter(is_open);
        let mut open: Vec<PendingAction> = open.cloned().collect();
        let on = DomainOnOrder {
            order: &mut self.order,
            part,
            domain: self.domains.get_mut(domain).unwrap(),
            swap_in: swap_in.and_then(|id| self.swaps.get_mut(&id)),
            open_actions: &mut open,
        };
        let applied = on.apply(change, self.now).unwrap();
        if self.parts[at].is_live() {
            let position = self.parts[at].position;
            self.delivered.insert(position);
        }
        let key = (JobKind::Provision, domain.to_string());
        match applied.job {
            JobFate::Ended | JobFate::Dropped => drop(self.jobs.remove(&key)),
            JobFate::RetryAt(at, ..) => {
                if let Some(job) = self.jobs.get_mut(&key) {
                    job.run_at = at;
                }
            }
            JobFate::Held | JobFate::GotOn | JobFate::RunAgain => {}
        }
        self.carry_out(applied.effects);
        applied.next
    }

    /// Somebody has done what an action asks for.
    pub fn resolve(&mut self, id: &ActionId) {
        let is_it = |action: &&mut PendingAction| action.id == *id;
        let action = self.actions.iter_mut().find(is_it).unwrap();
        action.status = ActionStatus::Resolved;
        let domains = action.domains.iter().map(|domain| domain.id.clone());
        let domains = domains.collect();
        self.resume(&domains);
    }

    fn open_actions(&self) -> impl Iterator<Item = &PendingAction> {
        let is_open = |action: &&PendingAction| action.status == ActionStatus::Open;
        self.actions.iter().filter(is_open)
    }

    fn resume(&mut self, domains: &BTreeSet<DomainId>) {
        for id in domains {
            let about = |action: &PendingAction| action.domains.iter().any(|of| of.id == *id);
            if self.open_actions().any(about) {
                continue;
            }
            let Some(at) = self.position(id) else {
                continue;
            };
            let part = &mut self.parts[at];
            let swap_in = part.swap_in_id.clone();
            let swap = swap_in.and_then(|id| self.swaps.get_mut(&id));
            let row = self.domains.get_mut(id).unwrap();
            let effects = resume(part, row, swap, self.now).unwrap();
            self.carry_out(effects);
        }
        self.settle();
    }

    fn settle(&mut self) {
        let waits = self.open_actions().next().is_some();
        let effect = self.order.settle(waits).unwrap();
        self.carry_out(effect.into_iter().collect());
    }

    fn release(&mut self, domains: &BTreeSet<DomainId>, cause: &Cause) {
        for action in &mut self.actions {
            let is_cause = match cause {
                Cause::Anything => true,
                Cause::Reason(reason) => action.reason == *reason,
                Cause::Picture(persona) => action.persona.as_ref() == Some(persona),
            };
            if !is_cause || action.status != ActionStatus::Open {
                continue;
            }
            let stays = |of: &ActionDomain| !domains.contains(&of.id);
            if action.domains.iter().any(stays) {
                action.domains.retain(stays);
            } else {
                action.status = ActionStatus::Resolved;
            }
        }
    }

    pub fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.carry_out_one(effect);
        }
    }

    fn carry_out_one(&mut self, effect: Effect) {
        match effect {
            Effect::Debit { amount, .. } => self.paid += amount,
            Effect::Refund { amount, .. } => self.refunded += amount,
            Effect::CountMicrosoftInboxes(number) => self.microsoft_inboxes += number,
            Effect::Emit { event, .. } => self.events.push(event),
            Effect::EmitOrder { event, .. } => self.emit_order(event),
            Effect::Record { .. } => {}
            Effect::Enqueue(job) => self.enqueue(job),
            Effect::AddInboxes(inboxes) => self.add_inboxes(inboxes),
            Effect::TurnInboxes { domain, status } => {
                for inbox in self.inboxes_of(&domain) {
                    inbox.status = status;
                }
            }
            Effect::TellWalletLow { .. } => self.events.push(EventType::WalletLow),
            Effect::OpenAction(action) => self.actions.push(action),
            Effect::JoinAction { action, domain } => {
                let mut all = self.actions.iter_mut();
                let action = all.find(|open| open.id == action).unwrap();
                if !action.domains.contains(&domain) {
                    action.domains.push(domain);
                }
            }
            Effect::ReleaseActions { domains, cause, .. } => {
                self.release(&domains, &cause);
                self.resume(&domains);
            }
            Effect::ResolveAction(action) => self.resolve(&action),
            Effect::FreeFingerprint { .. } => self.fingerprint_stands = false,
            Effect::TakeBack(_) => self.take_back(),
            Effect::Left { domain, .. } => self.left(&domain),
            Effect::SettleOrder(_) => self.settle(),
            Effect::Retire(retirement) => {
                if let Some(at) = self.position(&retirement.domain) {
                    self.parts[at].retire(&retirement);
                    self.enqueue(retirement.job);
                }
            }
            Effect::CompleteSwap(id) => {
                let effects = self.swaps.get_mut(&id).unwrap().complete().unwrap();
                self.carry_out(effects);
            }
            Effect::FailSwap { swap, reason } => {
                let effects = self.swaps.get_mut(&swap).unwrap().fail(reason).unwrap();
                self.carry_out(effects);
            }
            Effect::CompleteRenames(domain) => {
                self.turn_renames(&domain, SwapStatus::Completed, None, |swap| {
                    swap.inbox_id.is_none()
                });
            }
            Effect::BlockRenames { domain, pictures } => {
                let reason = Some(SwapReason::ProfilePictureNotAccessible);
                let names =
                    |persona: &Persona| pictures.iter().any(|(blocked, _)| blocked == persona);
                self.turn_renames(&domain, SwapStatus::ActionRequired, reason, |swap| {
                    swap.persona.as_ref().is_some_and(names)
                });
            }
            Effect::FailRenames(domain) => {
                let reason = Some(SwapReason::OrderEnded);
                self.turn_renames(&domain, SwapStatus::Failed, reason, |_| true);
            }
        }
    }

    /// An event about the order shows what it tells of.
    fn emit_order(&mut self, event: EventType) {
        let status = match event {
            EventType::OrderCompleted => OrderStatus::Completed,
            EventType::OrderFailed => OrderStatus::Failed,
            EventType::OrderActionRequired => OrderStatus::ActionRequired,
            EventType::OrderCancelled => OrderStatus::Cancelled,
            EventType::OrderCancelScheduled => OrderStatus::CancelScheduled,
            _ => self.order.status,
        };
        assert_eq!(self.order.status, status);
        self.events.push(event);
    }

    fn inboxes_of(&mut self, domain: &DomainId) -> impl Iterator<Item = &mut Inbox> {
        let is_there =
            |inbox: &&mut Inbox| inbox.domain_id == *domain && inbox.status != InboxStatus::Removed;
        self.inboxes.iter_mut().filter(is_there)
    }

    fn add_inboxes(&mut self, new: Vec<Inbox>) {
        let is_there = |inbox: &&Inbox| inbox.status != InboxStatus::Removed;
        let there = self.inboxes.iter().filter(is_there);
        let there: BTreeSet<String> = there.map(|inbox| inbox.email.clone()).collect();
        let is_new = |inbox: &Inbox| !there.contains(&inbox.email);
        self.inboxes.extend(new.into_iter().filter(is_new));
    }

    /// What follows from the end of a domain's part in the order.
    fn left(&mut self, domain: &DomainId) {
        let mut parts = self.parts.iter().rev();
        let part = parts.find(|part| part.domain_id == *domain && part.is_over());
        let position = part.unwrap().position;
        if self.order.status == OrderStatus::Failed || !self.delivered.contains(&position) {
            self.uncharged.insert(position);
        }
        let left = [domain.clone()].into();
        self.release(&left, &Cause::Anything);
        let concerns = |swap: &&Swap| {
            swap.domain_id == *domain || swap.replacement_domain_id.as_ref() == Some(domain)
        };
        let open = self.swaps.values().filter(|swap| swap.status.is_open());
        let open: Vec<Swap> = open.filter(concerns).cloned().collect();
        self.carry_out(swaps_after_leaving(&open, &left, self.now));
        let staying = self.staying();
        let waits = self.open_actions().next().is_some();
        let effects = after_leaving(&mut self.order, &staying, waits).unwrap();
        self.carry_out(effects);
    }

    fn turn_renames(
        &mut self,
        domain: &DomainId,
        to: SwapStatus,
        reason: Option<SwapReason>,
        which: impl Fn(&Swap) -> bool,
    ) {
        let is_renaming = |swap: &&mut Swap| {
            let is_open = swap.kind == SwapType::UserNames && swap.status.is_open();
            is_open && swap.domain_id == *domain && which(swap)
        };
        for swap in self.swaps.values_mut().filter(is_renaming) {
            if (swap.status, to) == (SwapStatus::Created, SwapStatus::Completed) {
                swap.turn(SwapStatus::InProgress, None).unwrap();
            }
            swap.turn(to, reason).unwrap();
        }
    }
}
