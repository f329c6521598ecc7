//! Domains that are to leave an order at a time: cancelled, or not paid for any more.

use std::collections::BTreeSet;

use crate::event::EventType;
use crate::id::DomainId;
use crate::job::{JobKind, NewJob};
use crate::order::{Effect, Order, OrderDomain, Swap};
use crate::status::{IllegalTransition, OrderDomainState, OrderStatus};
use crate::time::Timestamp;

/// An order with the domains that are to leave it, as they are to be written.
#[derive(Debug)]
pub struct Removal {
    pub order: Order,
    pub parts: Vec<OrderDomain>,
    pub effects: Vec<Effect>,
}

/// Lets the domains at these positions of an active order leave it at `ends_at`, or earlier where they do anyway. An order
/// that none stays on is scheduled to be cancelled; one that is scheduled so already keeps its time.
///
/// An order that is scheduled so has no renewal any more: what undoes it must enqueue `NewJob::renew` again.
pub fn schedule_removal(
    mut order: Order,
    mut parts: Vec<OrderDomain>,
    leaving: &BTreeSet<u32>,
    ends_at: Timestamp,
    now: Timestamp,
) -> Result<Removal, IllegalTransition> {
    let scheduled = order.status == OrderStatus::CancelScheduled;
    let is_named = |part: &OrderDomain| !part.is_over() && leaving.contains(&part.position);
    let mut later = if scheduled {
        Vec::new()
    } else {
        leave_by(&mut parts, is_named, ends_at)
    };
    let mut on_order = parts.iter().filter(|part| !part.is_over());
    let whole = !scheduled && on_order.all(|part| part.leaves_at.is_some());
    if whole {
        order.turn(OrderStatus::CancelScheduled)?;
        order.overdue_since = None;
        // What a swap takes off does not stay longer than what it was replaced by.
        later.extend(leave_by(&mut parts, |part| !part.is_over(), ends_at));
    }
    let cancelling = parts.iter().filter(|part| part.is_cancelling());
    let last = cancelling.filter_map(|part| part.leaves_at).max();
    if !scheduled && last.is_some() {
        order.cancels_at = last;
        order.cancellation_scheduled_at.get_or_insert(now);
    }
    let mut effects = Vec::new();
    if let (false, Some(first)) = (later.is_empty(), next_to_leave(&parts)) {
        let (account, id) = (&order.account_id, order.id.as_str());
        let job = NewJob::timer(account, JobKind::Cancel, id, first);
        effects.push(Effect::Enqueue(job));
    }
    if whole {
        effects.push(Effect::emit(EventType::OrderCancelScheduled, &order.id));
    } else if !later.is_empty() {
        let message = format!("{} will leave the order at {ends_at}", later.join(", "));
        let event = EventType::OrderDomainsCancelScheduled;
        effects.push(Effect::tell(event, &order.id, message, None));
    }
    Ok(Removal {
        order,
        parts,
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

/// Lets these domains leave at that time, unless they do earlier. Gives back the names of those that were to stay longer.
fn leave_by(
    parts: &mut [OrderDomain],
    which: impl Fn(&OrderDomain) -> bool,
    ends_at: Timestamp,
) -> Vec<String> {
    let mut later = Vec::new();
    for part in parts.iter_mut().filter(|part| which(part)) {
        if part.leaves_at.is_none_or(|at| at > ends_at) {
            part.leaves_at = Some(ends_at);
            later.push(part.name.clone());
        }
    }
    later
}

/// When the first of the domains that are to leave does.
fn next_to_leave(domains: &[OrderDomain]) -> Option<Timestamp> {
    let open = domains.iter().filter(|domain| !domain.is_over());
    open.filter_map(|domain| domain.leaves_at).min()
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
