//! Cancelling an order, or some of its domains.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::builders::*;
use super::cases;
use super::effects::words;
use crate::order::{
    CancelFacts, CancelRefusal, Cancellation, Misnamed, Order, OrderDomain, Scope, Swap, cancel,
    due,
};
use crate::status::{OrderDomainState, OrderStatus};
use crate::time::Timestamp;

pub(super) fn decide(
    (order, parts): (&Order, &[OrderDomain]),
    swaps: &[Swap],
    scope: &Scope,
    now: Timestamp,
) -> Result<Cancellation, CancelRefusal> {
    decide_while((order, parts), swaps, &[], scope, now)
}

/// As [`decide`], while the jobs of these domains have begun.
pub(super) fn decide_while(
    (order, parts): (&Order, &[OrderDomain]),
    swaps: &[Swap],
    begun: &[&str],
    scope: &Scope,
    now: Timestamp,
) -> Result<Cancellation, CancelRefusal> {
    let on_order = |part: &&OrderDomain| !part.is_over() && !part.is_live();
    let facts = CancelFacts {
        order: order.clone(),
        parts: parts.to_vec(),
        domains: parts.iter().filter(on_order).map(domain_of).collect(),
        swaps: swaps.to_vec(),
        begun: begun.iter().map(|name| domain_id(name)).collect(),
    };
    cancel(facts, scope, now).unwrap()
}

pub(super) fn some(names: &[&str]) -> Scope {
    Scope::Domains(names.iter().map(|name| (*name).to_owned()).collect())
}

pub(super) fn leaving(cancellation: &Cancellation) -> Vec<(&str, Option<Timestamp>)> {
    cancellation
        .parts
        .iter()
        .map(|part| (part.name.as_str(), part.leaves_at))
        .collect()
}

fn cancelling(cancellation: &Cancellation) -> Vec<&str> {
    let parts = cancellation.parts.iter();
    parts
        .filter(|part| part.is_cancelling())
        .map(|part| part.name.as_str())
        .collect()
}

#[test]
fn an_order_that_has_ended_is_not_cancelled() {
    for status in [OrderStatus::Failed, OrderStatus::Cancelled] {
        let domains = [google(0)];
        let order = Order {
            status,
            ..order_of(&domains)
        };
        for scope in [Scope::Order, some(&["nothing.com"])] {
            let refusal = decide((&order, &domains), &[], &scope, NOW).unwrap_err();
            assert_eq!(refusal, CancelRefusal::Ended(status));
        }
    }
}

#[test]
fn a_whole_order_ends_with_the_month_that_is_paid() {
    for (status, renews_at, ends_at) in [
        (OrderStatus::InProgress, Some(days(12)), days(12)),
        (OrderStatus::Completed, Some(days(12)), days(12)),
        (OrderStatus::ActionRequired, Some(days(-2)), days(-2)),
        (OrderStatus::Completed, None, days(30)),
    ] {
        let domains = [live(google(0)), live(google(1))];
        let order = Order {
            status,
            renews_at,
            overdue_since: Some(NOW),
            ..order_of(&domains)
        };
        let removal = decide((&order, &domains), &[], &Scope::Order, NOW).unwrap();
        assert_eq!(
            leaving(&removal),
            [("d0.com", Some(ends_at)), ("d1.com", Some(ends_at))]
        );
        let expected = Order {
            status: OrderStatus::CancelScheduled,
            cancels_at: Some(ends_at),
            cancellation_scheduled_at: Some(NOW),
            overdue_since: None,
            ..order
        };
        assert_eq!(removal.order, expected);
        assert_eq!(cancelling(&removal), ["d0.com", "d1.com"]);
        let job = format!("cancel ord_1 {ends_at}");
        assert_eq!(words(&removal.effects), [&*job, "order.cancel_scheduled"]);
    }
}

#[test]
fn some_domains_leave_and_the_order_keeps_its_status() {
    let domains = [live(google(0)), live(google(1)), live(google(2))];
    let order = order_of(&domains);
    let first = decide((&order, &domains), &[], &some(&["d1.com"]), NOW).unwrap();
    let ends_at = order.renews_at;
    let expected = [("d0.com", None), ("d1.com", ends_at), ("d2.com", None)];
    assert_eq!(leaving(&first), expected);
    assert_eq!(first.order.status, OrderStatus::Completed);
    assert_eq!(
        (
            first.order.cancels_at,
            first.order.cancellation_scheduled_at
        ),
        (ends_at, Some(NOW))
    );
    let job = format!("cancel ord_1 {}", ends_at.unwrap());
    assert_eq!(
        words(&first.effects),
        [&*job, "order.domains_cancel_scheduled"]
    );
    // Ids do as well, and the last ones take the order with them.
    let rest = some(&["dom_d0", "d2.com"]);
    let all = decide((&first.order, &first.parts), &[], &rest, days(1)).unwrap();
    assert_eq!(all.order.status, OrderStatus::CancelScheduled);
    assert_eq!(all.order.cancellation_scheduled_at, Some(NOW));
}

#[test]
fn what_a_swap_takes_off_does_not_outstay_what_it_was_replaced_by() {
    let old = OrderDomain {
        leaves_at: Some(days(40)),
        swap_out_id: Some(swap_id("in")),
        ..live(microsoft(0))
    };
    let new = coming_in(live(microsoft(1)), "in");
    let domains = [old, new];
    let order = order_of(&domains);
    let removal = decide((&order, &domains), &[], &some(&["d1.com"]), NOW).unwrap();
    assert_eq!(removal.order.status, OrderStatus::CancelScheduled);
    let ends_at = order.renews_at;
    assert_eq!(
        leaving(&removal),
        [("d0.com", ends_at), ("d1.com", ends_at)]
    );
    assert_eq!(cancelling(&removal), ["d1.com"]);
}

#[test]
fn an_order_that_was_given_days_keeps_them() {
    // It was not paid: its month is over, and its notice is not.
    let domains = [OrderDomain {
        leaves_at: Some(days(7)),
        ..live(google(0))
    }];
    let order = Order {
        status: OrderStatus::CancelScheduled,
        renews_at: Some(days(-7)),
        cancels_at: Some(days(7)),
        ..order_of(&domains)
    };
    for scope in [Scope::Order, some(&["d0.com"])] {
        let removal = decide((&order, &domains), &[], &scope, NOW).unwrap();
        assert_eq!(
            (removal.order, &removal.parts[..]),
            (order.clone(), &domains[..])
        );
        assert!(removal.effects.is_empty());
    }
}

#[test]
fn domains_are_taken_back_when_their_time_has_come() {
    let at = |position, day| OrderDomain {
        leaves_at: day,
        ..live(google(position))
    };
    let over = OrderDomain {
        state: OrderDomainState::Released,
        ..at(4, Some(NOW))
    };
    let later_over = OrderDomain {
        state: OrderDomainState::Left,
        ..at(5, Some(days(1)))
    };
    let domains = [
        at(0, Some(days(-1))),
        at(1, Some(NOW)),
        at(2, Some(days(3))),
        at(3, None),
        over,
        later_over,
        at(6, Some(days(2))),
    ];
    let names = vec![domain_id("d0"), domain_id("d1")];
    assert_eq!(due(&domains, NOW), (names, Some(days(2))));
    assert_eq!(due(&domains[3..5], NOW), (vec![], None));
}

/// Domains in every state that they can have on an active order, some cancelled before.
fn any_domains() -> impl Strategy<Value = Vec<OrderDomain>> {
    let domain = (0u8..6, prop::option::weighted(0.3, 0i64..60));
    prop::collection::vec(domain, 1..=6).prop_map(|all| {
        let domains = (0..).zip(all).map(|(position, (kind, day))| {
            let domain = match kind {
                0 => google(position),
                1 => owned(waiting(google(position))),
                2 => coming_in(live(google(position)), "before"),
                3 => coming_in(google(position), "now"),
                4 => OrderDomain {
                    state: OrderDomainState::Left,
                    ..google(position)
                },
                _ => live(microsoft(position)),
            };
            OrderDomain {
                leaves_at: day.map(days),
                ..domain
            }
        });
        domains.collect()
    })
}

fn any_entries() -> impl Strategy<Value = Vec<String>> {
    let entry = (0usize..8, any::<bool>()).prop_map(|(number, by_id)| {
        if by_id {
            format!("dom_d{number}")
        } else {
            format!("d{number}.com")
        }
    });
    prop::collection::vec(entry, 1..6)
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn cancelling_is_for_good_and_again_is_the_same(domains in any_domains(), entries in any_entries(), whole: bool) {
        let order = order_of(&domains);
        let scope = if whole { Scope::Order } else { Scope::Domains(entries) };
        let Ok(first) = decide((&order, &domains), &[], &scope, NOW) else { return Ok(()) };
        let ends_at = order.renews_at.unwrap();
        for (before, after) in domains.iter().zip(&first.parts) {
            let is_named = !before.is_over() && match &scope {
                Scope::Order => true,
                Scope::Domains(named) => named.contains(&after.name) || named.contains(&after.domain_id.to_string()),
            };
            // Nobody stays longer than was asked before or now; what is not live leaves at once.
            let by = if before.is_live() { ends_at } else { NOW };
            if is_named && before.is_live() {
                prop_assert_eq!(after.leaves_at, Some(before.leaves_at.map_or(by, |at| at.min(by))));
            } else if is_named {
                prop_assert!(after.is_over() && after.deprovision_pending);
            } else {
                prop_assert!(before.leaves_at.is_none_or(|at| after.leaves_at.is_some_and(|now| now <= at)));
            }
        }
        let all_leave = first.parts.iter().all(|part| part.is_over() || part.leaves_at.is_some());
        let ends = matches!(first.order.status, OrderStatus::CancelScheduled | OrderStatus::Cancelled);
        prop_assert_eq!(ends, all_leave);
        let any_live = domains.iter().any(OrderDomain::is_live);
        prop_assert_eq!(first.order.status == OrderStatus::Cancelled, all_leave && !any_live);
        // What has left is not on the order any more, so it cannot be named again.
        let has_left = first.parts.iter().zip(&domains).any(|(after, before)| after.is_over() && !before.is_over());
        if has_left || first.order.status == OrderStatus::Cancelled { return Ok(()) }

        let again = decide((&first.order, &first.parts), &[], &scope, days(1)).unwrap();
        prop_assert_eq!(&again.order, &first.order);
        prop_assert_eq!(&again.parts, &first.parts);
        prop_assert_eq!(words(&again.effects), Vec::<String>::new());
    }

    #[test]
    fn every_entry_that_cannot_be_followed_is_named(domains in any_domains(), entries in any_entries()) {
        let order = order_of(&domains);
        let is_shown = |domain: &&OrderDomain| domain.state != OrderDomainState::Left && domain.has_joined();
        let shown: BTreeSet<usize> = domains.iter().filter(is_shown).map(|domain| domain.position as usize).collect();
        let number = |entry: &String| {
            let digit = entry.chars().find(char::is_ascii_digit).unwrap();
            digit as usize - '0' as usize
        };
        let expected: Vec<Misnamed> = entries.iter().enumerate().filter_map(|(index, entry)| {
            let before = entries[..index].iter().position(|other| number(other) == number(entry));
            let is_there = shown.contains(&number(entry));
            let same_as = before.filter(|_| is_there);
            (!is_there || same_as.is_some()).then_some(Misnamed { index, same_as })
        }).collect();
        match decide((&order, &domains), &[], &Scope::Domains(entries), NOW) {
            Ok(_) => prop_assert_eq!(expected, vec![]),
            Err(refusal) => prop_assert_eq!(refusal, CancelRefusal::Misnamed(expected)),
        }
    }
}
