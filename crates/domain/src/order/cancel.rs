//! Cancelling an order or some of its domains: scheduled at once, carried out at the end of the paid month (contract §4).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Effect, Order, OrderDomain, Swap};
use crate::event::EventType;
use crate::id::DomainId;
use crate::job::{JobKind, NewJob};
use crate::status::{IllegalTransition, OrderDomainState, OrderStatus};
use crate::time::Timestamp;
use crate::view;

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

/// An entry that is no domain of the order, or that names one again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Misnamed {
    pub index: usize,
    /// The position of the entry that named the domain first.
    pub same_as: Option<usize>,
}

/// An order with the domains that are to leave it, as they are to be written.
#[derive(Debug)]
pub struct Removal {
    pub order: Order,
    pub domains: Vec<OrderDomain>,
    /// What the partner is shown.
    pub shown: view::OrderDetail,
    pub effects: Vec<Effect>,
}

/// Decides about a cancellation; again is the same. `domains` are all that the order ever had, `swaps` those that bring
/// one in, `email` the customer's address.
pub fn cancel(
    order: Order,
    domains: Vec<OrderDomain>,
    swaps: &[Swap],
    email: String,
    scope: &Scope,
    now: Timestamp,
) -> Result<Result<Removal, CancelRefusal>, IllegalTransition> {
    if !order.status.is_active() {
        return Ok(Err(CancelRefusal::Ended(order.status)));
    }
    let mut leaving = match named(&domains, scope) {
        Ok(leaving) => leaving,
        Err(misnamed) => return Ok(Err(CancelRefusal::Misnamed(misnamed))),
    };
    leaving.extend(coming_in_for(&domains, swaps, &leaving));
    let without_renewal = now.plus_seconds(DAYS_WITHOUT_RENEWAL * 24 * 60 * 60);
    let ends_at = order.renews_at.unwrap_or(without_renewal);
    schedule_removal(order, domains, &leaving, email, ends_at, now).map(Ok)
}

/// Lets the domains at these positions of an active order leave it at `ends_at`, or earlier where they do anyway. An order
/// that none stays on is scheduled to be cancelled; one that is scheduled so already keeps its time.
///
/// An order that is scheduled so has no renewal any more: what undoes it must enqueue `NewJob::renew` again.
pub fn schedule_removal(
    mut order: Order,
    mut domains: Vec<OrderDomain>,
    leaving: &BTreeSet<u32>,
    email: String,
    ends_at: Timestamp,
    now: Timestamp,
) -> Result<Removal, IllegalTransition> {
    domains.retain(|domain| domain.state != OrderDomainState::Left);
    let scheduled = order.status == OrderStatus::CancelScheduled;
    let is_named = |domain: &OrderDomain| leaving.contains(&domain.position);
    let mut changed = !scheduled && leave_by(&mut domains, is_named, ends_at);
    let whole = !scheduled && domains.iter().all(|domain| domain.leaves_at.is_some());
    if whole {
        order.turn(OrderStatus::CancelScheduled)?;
        order.overdue_since = None;
        // What a swap takes off does not stay longer than what it was replaced by.
        changed |= leave_by(&mut domains, |_| true, ends_at);
    }
    let cancelling = domains.iter().filter(|domain| domain.is_cancelling());
    let last = cancelling.filter_map(|domain| domain.leaves_at).max();
    if !scheduled && last.is_some() {
        order.cancels_at = last;
        order.cancellation_scheduled_at.get_or_insert(now);
    }
    let shown = order.detail(email, &domains);
    let mut effects = Vec::new();
    if let (true, Some(first)) = (changed, next_to_leave(&domains)) {
        let (account, id) = (&order.account_id, order.id.as_str());
        let job = NewJob::timer(account, JobKind::Cancel, id, first);
        effects.push(Effect::Enqueue(job));
    }
    if whole {
        effects.push(Effect::Emit {
            event: EventType::OrderCancelScheduled,
            order: order.id.clone(),
            data: view::Object::Order(Box::new(shown.clone())),
        });
    }
    Ok(Removal {
        order,
        domains,
        shown,
        effects,
    })
}

/// Which domains of an order are to be taken back now, and when others are.
pub fn due(domains: &[OrderDomain], now: Timestamp) -> (Vec<DomainId>, Option<Timestamp>) {
    let open = domains.iter().filter(|domain| !domain.is_over());
    let due = open.filter(|domain| domain.is_leaving(now));
    let due = due.map(|domain| domain.domain_id.clone()).collect();
    let later: Vec<OrderDomain> = domains
        .iter()
        .filter(|domain| !domain.is_leaving(now))
        .cloned()
        .collect();
    (due, next_to_leave(&later))
}

/// Lets these domains leave at that time, unless they do earlier. Gives back whether any was to stay longer.
fn leave_by(
    domains: &mut [OrderDomain],
    which: impl Fn(&OrderDomain) -> bool,
    ends_at: Timestamp,
) -> bool {
    let mut changed = false;
    for domain in domains.iter_mut().filter(|domain| which(domain)) {
        if domain.leaves_at.is_none_or(|at| at > ends_at) {
            domain.leaves_at = Some(ends_at);
            changed = true;
        }
    }
    changed
}

/// When the first of the domains that are to leave does.
fn next_to_leave(domains: &[OrderDomain]) -> Option<Timestamp> {
    let open = domains.iter().filter(|domain| !domain.is_over());
    open.filter_map(|domain| domain.leaves_at).min()
}

/// The positions that a scope names. Errors: every entry that is no domain of the order or names one again.
fn named(domains: &[OrderDomain], scope: &Scope) -> Result<BTreeSet<u32>, Vec<Misnamed>> {
    let on_order = domains
        .iter()
        .filter(|domain| domain.state != OrderDomainState::Left);
    let Scope::Domains(named) = scope else {
        return Ok(on_order.map(|domain| domain.position).collect());
    };
    let joined = on_order.filter(|domain| domain.has_joined());
    let positions: HashMap<&str, u32> = joined
        .flat_map(|domain| {
            let position = domain.position;
            [
                (domain.domain_id.as_str(), position),
                (domain.name.as_str(), position),
            ]
        })
        .collect();
    let (mut found, mut misnamed) = (BTreeMap::new(), Vec::new());
    for (index, wanted) in named.iter().enumerate() {
        let position = positions.get(wanted.as_str());
        let same_as = position.and_then(|position| found.get(position).copied());
        match position {
            Some(position) if same_as.is_none() => {
                found.insert(*position, index);
            }
            _ => misnamed.push(Misnamed { index, same_as }),
        }
    }
    if misnamed.is_empty() {
        Ok(found.into_keys().collect())
    } else {
        Err(misnamed)
    }
}

/// The positions of domains that swaps are bringing in for those that leave: they leave too.
pub fn coming_in_for(domains: &[OrderDomain], swaps: &[Swap], leaving: &BTreeSet<u32>) -> Vec<u32> {
    let old: BTreeSet<&DomainId> = domains
        .iter()
        .filter(|domain| leaving.contains(&domain.position))
        .map(|domain| &domain.domain_id)
        .collect();
    let for_leaving = |domain: &&OrderDomain| {
        swaps.iter().any(|swap| {
            domain.swap_in_id.as_ref() == Some(&swap.id) && old.contains(&swap.domain_id)
        })
    };
    let coming = domains
        .iter()
        .filter(|domain| domain.state != OrderDomainState::Left && !domain.has_joined());
    coming
        .filter(for_leaving)
        .map(|domain| domain.position)
        .collect()
}
