//! Cancelling an order or some of its domains (contract §4): what is live leaves at the end of the paid month, what was never
//! delivered leaves at once.

mod named;
mod removal;

pub use named::Misnamed;
pub use removal::{Removal, coming_in_for, due, schedule_removal};

use std::collections::{BTreeMap, BTreeSet};

use super::progress::let_go;
use super::{Domain, Effect, Order, OrderDomain, Swap};
use crate::event::EventType;
use crate::history::HistoryKind;
use crate::id::DomainId;
use crate::job::{JobKind, NewJob};
use crate::status::{IllegalTransition, OrderStatus, SwapReason};
use crate::time::Timestamp;
use named::named;

/// Without a renewal date an order ends after so many days.
const DAYS_WITHOUT_RENEWAL: i64 = 30;

/// What is to be cancelled.
#[derive(Debug, Clone)]
pub enum Scope {
    Order,
    /// These domains: names or `dom_` ids, as submitted.
    Domains(Vec<String>),
}

/// Why nothing is cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancelRefusal {
    /// The order has ended already.
    Ended(OrderStatus),
    /// These entries cannot be followed.
    Misnamed(Vec<Misnamed>),
}

/// All that a cancellation goes by.
#[derive(Debug)]
pub struct CancelFacts {
    pub order: Order,
    /// All domains that the order ever had, by position.
    pub parts: Vec<OrderDomain>,
    /// Those of them that are on the order and not live.
    pub domains: Vec<Domain>,
    /// The order's domain swaps that are not over.
    pub swaps: Vec<Swap>,
    /// Domains whose job has begun: those that are to be bought may be bought by now.
    pub begun: BTreeSet<DomainId>,
}

/// An order with its domains after a cancellation, as they are to be written.
#[derive(Debug)]
pub struct Cancellation {
    pub order: Order,
    pub parts: Vec<OrderDomain>,
    pub domains: Vec<Domain>,
    pub effects: Vec<Effect>,
}

/// Decides about a cancellation; again is the same.
pub fn cancel(
    facts: CancelFacts,
    scope: &Scope,
    now: Timestamp,
) -> Result<Result<Cancellation, CancelRefusal>, IllegalTransition> {
    let status = facts.order.status;
    if !status.is_active() {
        return Ok(Err(CancelRefusal::Ended(status)));
    }
    let leaving = match named(&facts.parts, scope) {
        Ok(leaving) => leaving,
        Err(misnamed) => return Ok(Err(CancelRefusal::Misnamed(misnamed))),
    };
    let without_renewal = now.plus_seconds(DAYS_WITHOUT_RENEWAL * 24 * 60 * 60);
    let ends_at = facts.order.renews_at.unwrap_or(without_renewal);
    let mut cancelling = Cancelling::of(facts, leaving, ends_at, now);
    if status != OrderStatus::CancelScheduled {
        cancelling.end_swaps(matches!(scope, Scope::Order));
        cancelling.leave()?;
    }
    Ok(Ok(cancelling.done()))
}

/// Ends an order now, whatever its month has paid for: an operator's decision. One that is to be cancelled later ends now too.
/// `Err` is the status of one that has ended already.
pub fn cancel_now(
    facts: CancelFacts,
    now: Timestamp,
) -> Result<Result<Cancellation, OrderStatus>, IllegalTransition> {
    let status = facts.order.status;
    if !status.is_active() {
        return Ok(Err(status));
    }
    let on_order = facts.parts.iter().filter(|part| !part.is_over());
    let leaving = on_order.map(|part| part.position).collect();
    let mut cancelling = Cancelling::of(facts, leaving, now, now);
    cancelling.effects.push(Effect::Record {
        order: cancelling.order.id.clone(),
        kind: HistoryKind::OrderEnded,
        message: "The operator ended the order at once".to_owned(),
        amount: None,
    });
    cancelling.end_swaps(true);
    if status == OrderStatus::CancelScheduled {
        cancelling.bring_forward()?;
    } else {
        cancelling.leave()?;
    }
    Ok(Ok(cancelling.done()))
}

/// A cancellation while it is decided.
struct Cancelling {
    order: Order,
    parts: Vec<OrderDomain>,
    domains: BTreeMap<DomainId, Domain>,
    swaps: Vec<Swap>,
    begun: BTreeSet<DomainId>,
    /// The positions of the domains that are cancelled.
    leaving: BTreeSet<u32>,
    effects: Vec<Effect>,
    /// When what is live leaves.
    ends_at: Timestamp,
    now: Timestamp,
}

impl Cancelling {
    fn of(facts: CancelFacts, leaving: BTreeSet<u32>, ends_at: Timestamp, now: Timestamp) -> Self {
        let domains = facts.domains.into_iter();
        Self {
            order: facts.order,
            parts: facts.parts,
            domains: domains.map(|domain| (domain.id.clone(), domain)).collect(),
            swaps: facts.swaps,
            begun: facts.begun,
            leaving,
            effects: Vec::new(),
            ends_at,
            now,
        }
    }

    /// Ends the swaps that are replacing a domain that is cancelled; what they were bringing in leaves too. The old domain of
    /// a premium swap leaves now instead of after its warm days, unless all of the order is cancelled.
    fn end_swaps(&mut self, whole: bool) {
        self.leaving
            .extend(coming_in_for(&self.parts, &self.swaps, &self.leaving));
        for swap in &self.swaps {
            let old = self
                .parts
                .iter_mut()
                .find(|part| part.domain_id == swap.domain_id && !part.is_over());
            let Some(old) = old.filter(|part| self.leaving.contains(&part.position)) else {
                continue;
            };
            if swap.retires_at.is_none() {
                self.effects.push(Effect::FailSwap {
                    swap: swap.id.clone(),
                    reason: SwapReason::Cancelled,
                });
            } else if !whole {
                self.leaving.remove(&old.position);
                old.leave_now(self.now);
                let (account, order) = (&old.account_id, &old.order_id);
                let job = NewJob::provision(account, order, &old.domain_id, self.now);
                self.effects.push(Effect::Enqueue(job));
            }
        }
    }

    fn leave(&mut self) -> Result<(), IllegalTransition> {
        let on_order = || self.parts.iter().filter(|part| !part.is_over());
        let stays =
            |part: &OrderDomain| part.leaves_at.is_none() && !self.leaving.contains(&part.position);
        let whole = !on_order().any(stays);
        let anything_live = on_order().any(OrderDomain::is_live);
        let is_named = |part: &&OrderDomain| self.leaving.contains(&part.position);
        let (later, at_once): (Vec<_>, Vec<_>) = on_order()
            .filter(is_named)
            .map(|part| (part.position, part.is_live()))
            .partition(|(_, live)| *live);
        let positions = |parts: Vec<(u32, bool)>| parts.into_iter().map(|(position, _)| position);
        let names = self.leave_at_once(&positions(at_once).collect(), whole)?;
        if whole && !anything_live {
            self.end_order()?;
        } else {
            self.leave_later(&positions(later).collect())?;
        }
        if !whole && !names.is_empty() {
            let message = format!("{} left the order", names.join(", "));
            let event = EventType::OrderDomainsCancelled;
            self.effects
                .push(Effect::tell(event, &self.order.id, message, None));
        }
        Ok(())
    }

    /// Nothing of it was delivered: it has ended.
    fn end_order(&mut self) -> Result<(), IllegalTransition> {
        let order = &mut self.order;
        order.turn(OrderStatus::CancelScheduled)?;
        order.turn(OrderStatus::Cancelled)?;
        (order.sealed_password, order.renews_at) = (None, None);
        order.overdue_since = None;
        order.cancellation_scheduled_at.get_or_insert(self.now);
        order.cancels_at = Some(self.now);
        let event = Effect::emit(EventType::OrderCancelled, &order.id);
        self.effects.extend([order.free_fingerprint(), event]);
        Ok(())
    }

    fn leave_later(&mut self, leaving: &BTreeSet<u32>) -> Result<(), IllegalTransition> {
        let (order, parts) = (self.order.clone(), std::mem::take(&mut self.parts));
        let removal = schedule_removal(order, parts, leaving, self.ends_at, self.now)?;
        self.order = removal.order;
        self.parts = removal.parts;
        self.effects.extend(removal.effects);
        Ok(())
    }

    /// The end that was scheduled comes now.
    fn bring_forward(&mut self) -> Result<(), IllegalTransition> {
        let on_order = || self.parts.iter().filter(|part| !part.is_over());
        let waiting = on_order().filter(|part| !part.is_live());
        let waiting = waiting.map(|part| part.position).collect();
        self.leave_at_once(&waiting, true)?;
        let mut live = self
            .parts
            .iter_mut()
            .filter(|part| part.is_live())
            .peekable();
        if live.peek().is_none() {
            return self.end_order();
        }
        live.for_each(|part| part.leave_now(self.now));
        self.order.cancels_at = Some(self.now);
        let (account, id) = (&self.order.account_id, self.order.id.as_str());
        let job = NewJob::new(account, JobKind::Cancel, id, self.now);
        self.effects.push(Effect::Enqueue(job));
        Ok(())
    }

    /// Lets these go. Gives back the names of those that have left.
    fn leave_at_once(
        &mut self,
        leaving: &BTreeSet<u32>,
        order_ends: bool,
    ) -> Result<Vec<String>, IllegalTransition> {
        let mut names = Vec::new();
        let parts = self.parts.iter_mut();
        for part in parts.filter(|part| leaving.contains(&part.position)) {
            let Some(domain) = self.domains.get_mut(&part.domain_id) else {
                continue;
            };
            let had_joined = part.has_joined();
            let how = (self.begun.contains(&part.domain_id), order_ends);
            let effects = let_go(&mut self.order, part, domain, how, self.now)?;
            self.effects.extend(effects);
            if had_joined && part.is_over() {
                names.push(part.name.clone());
            }
        }
        Ok(names)
    }

    fn done(self) -> Cancellation {
        Cancellation {
            order: self.order,
            parts: self.parts,
            domains: self.domains.into_values().collect(),
            effects: self.effects,
        }
    }
}
