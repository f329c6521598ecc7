//! What a cancellation ends at once: what was never live, swaps, and whatever an operator says.

use std::collections::BTreeSet;

use super::builders::*;
use super::cancel::{decide, decide_while, leaving, some};
use super::effects::{refunds, words};
use crate::money::Cents;
use crate::order::{
    CancelFacts, CancelRefusal, Cancellation, Misnamed, Order, OrderDomain, Scope, Swap, cancel_now,
};
use crate::provisioning::ProvisionStep;
use crate::status::{DomainCategory, OrderDomainState, OrderStatus, SwapStatus, SwapType};
use crate::time::Timestamp;

#[test]
fn what_was_never_live_leaves_at_once_and_ends_an_order_with_nothing_else() {
    let at_zone = |part: OrderDomain| OrderDomain {
        step: ProvisionStep::Zone,
        ..part
    };
    // Bought and blocked, owned, and not even tried.
    let domains = [at_zone(waiting(google(0))), owned(microsoft(1)), google(2)];
    let order = Order {
        status: OrderStatus::ActionRequired,
        ..order_of(&domains)
    };
    let ended = decide((&order, &domains), &[], &Scope::Order, NOW).unwrap();
    assert_eq!(ended.order.status, OrderStatus::Cancelled);
    assert_eq!(
        (&ended.order.sealed_password, ended.order.renews_at),
        (&None, None)
    );
    // Two Google and one Microsoft domain, and the purchase that was not tried; the one that was made is kept.
    assert_eq!(refunds(&ended.effects), Cents(200 + 900 + 200 + 3_300));
    assert_eq!(ended.order.total_cents, Cents(3_300));
    for part in &ended.parts {
        assert_eq!(part.state, OrderDomainState::Released);
        assert!(part.deprovision_pending);
    }
    let names = |category: DomainCategory| {
        let of = ended.domains.iter().filter(|row| row.category == category);
        of.map(|row| row.name.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(names(DomainCategory::Candidate), ["d2.com"]);
    assert_eq!(names(DomainCategory::Inventory), ["d0.com", "d1.com"]);
    assert!(ended.domains.iter().all(|row| row.order_id.is_none()));
    let all = words(&ended.effects);
    assert!(all.ends_with(&["free fingerprint".to_owned(), "order.cancelled".to_owned()]));
    // Every one has a job that removes what was made.
    assert_eq!(
        all.iter()
            .filter(|word| word.starts_with("provision "))
            .count(),
        3
    );
}

#[test]
fn what_may_just_be_bought_leaves_by_its_job() {
    // So may one that was tried until it was given up.
    let given_up = [waiting(google(0))];
    let order = order_of(&given_up);
    let ended = decide((&order, &given_up), &[], &Scope::Order, NOW).unwrap();
    assert_eq!(ended.parts[0].leaves_at, Some(NOW));
    assert_eq!(
        (ended.parts[0].is_over(), refunds(&ended.effects)),
        (false, Cents::ZERO)
    );

    let domains = [google(0), owned(google(1))];
    let order = Order {
        status: OrderStatus::InProgress,
        ..order_of(&domains)
    };
    let begun = ["d0", "d1"];
    let ended = decide_while((&order, &domains), &[], &begun, &Scope::Order, NOW).unwrap();
    assert_eq!(ended.order.status, OrderStatus::Cancelled);
    let states: Vec<_> = ended.parts.iter().map(|part| part.state).collect();
    assert_eq!(
        states,
        [OrderDomainState::Pending, OrderDomainState::Released]
    );
    assert_eq!(ended.parts[0].leaves_at, Some(NOW));
    assert_eq!(refunds(&ended.effects), Cents(200));
}

#[test]
fn of_an_order_that_goes_on_what_was_never_live_leaves_at_once() {
    let domains = [live(google(0)), live(google(1)), waiting(owned(google(2)))];
    let order = Order {
        status: OrderStatus::ActionRequired,
        ..order_of(&domains)
    };
    let scope = some(&["d1.com", "d2.com"]);
    let some_leave = decide((&order, &domains), &[], &scope, NOW).unwrap();
    let events = words(&some_leave.effects);
    let told = events
        .iter()
        .filter(|word| word.starts_with("order."))
        .collect::<Vec<_>>();
    assert_eq!(
        told,
        ["order.domains_cancel_scheduled", "order.domains_cancelled"]
    );
    assert_eq!(refunds(&some_leave.effects), Cents(200));
    assert_eq!(some_leave.order.domain_count, 2);
    assert_eq!(some_leave.order.cancels_at, order.renews_at);
    assert_eq!(some_leave.parts[2].state, OrderDomainState::Left);
}

#[test]
fn a_swap_ends_when_the_domain_that_it_replaces_is_cancelled() {
    let (old, new) = (live(google(0)), coming_in(google(2), "in"));
    let swaps = [swap("in", &old, &new)];
    let gone = OrderDomain {
        state: OrderDomainState::Left,
        ..coming_in(google(3), "in")
    };
    let domains = [old, live(google(1)), new, gone];
    let order = order_of(&domains);
    let ends_at = order.renews_at.unwrap();
    let outcome = |scope: &Scope| {
        let removal = decide((&order, &domains), &swaps, scope, NOW).unwrap();
        let leaving = removal.parts.iter().filter(|part| part.leaves_at.is_some());
        let leaving = leaving.map(|part| (part.name.clone(), part.leaves_at.unwrap()));
        let fails = words(&removal.effects).contains(&"fail swp_in cancelled".to_owned());
        (
            leaving.collect::<Vec<_>>(),
            fails,
            refunds(&removal.effects),
        )
    };
    let at = |name: &str, at: Timestamp| (format!("{name}.com"), at);
    // What it was bringing in leaves at once, and was not bought.
    assert_eq!(
        outcome(&some(&["d0.com"])),
        (vec![at("d0", ends_at), at("d2", NOW)], true, REGISTRATION)
    );
    assert_eq!(
        outcome(&some(&["d1.com"])),
        (vec![at("d1", ends_at)], false, Cents::ZERO)
    );
    let all = vec![at("d0", ends_at), at("d1", ends_at), at("d2", NOW)];
    assert_eq!(outcome(&Scope::Order), (all, true, REGISTRATION));
    let refused = decide(
        (&order, &domains),
        &swaps,
        &some(&["d2.com", "d3.com"]),
        NOW,
    );
    let unknown = |index| Misnamed {
        index,
        same_as: None,
    };
    assert_eq!(
        refused.unwrap_err(),
        CancelRefusal::Misnamed(vec![unknown(0), unknown(1)])
    );
}

#[test]
fn the_old_domain_of_a_premium_swap_leaves_now_when_it_is_cancelled() {
    let old = OrderDomain {
        leaves_at: Some(days(9)),
        swap_out_id: Some(swap_id("in")),
        ..live(microsoft(0))
    };
    let new = coming_in(live(microsoft(1)), "in");
    let warm = Swap {
        kind: SwapType::Premium,
        status: SwapStatus::InProgress,
        retires_at: Some(days(9)),
        ..swap("in", &old, &new)
    };
    let domains = [old, new];
    let order = order_of(&domains);
    let swaps = [warm];
    let removal = decide((&order, &domains), &swaps, &some(&["d0.com"]), NOW).unwrap();
    assert_eq!(leaving(&removal), [("d0.com", Some(NOW)), ("d1.com", None)]);
    assert_eq!(words(&removal.effects), [format!("provision dom_d0 {NOW}")]);
    assert_eq!(removal.order, order);
}

fn end_now(order: &Order, parts: &[OrderDomain]) -> Result<Cancellation, OrderStatus> {
    let facts = CancelFacts {
        order: order.clone(),
        parts: parts.to_vec(),
        domains: parts
            .iter()
            .filter(|part| !part.is_live())
            .map(domain_of)
            .collect(),
        swaps: Vec::new(),
        begun: BTreeSet::new(),
    };
    cancel_now(facts, NOW).unwrap()
}

#[test]
fn an_operator_ends_an_order_whatever_is_paid() {
    let live_and_not = [live(google(0)), waiting(owned(google(1)))];
    let fresh = order_of(&live_and_not);
    let ended = end_now(&fresh, &live_and_not).unwrap();
    assert_eq!(ended.order.status, OrderStatus::CancelScheduled);
    assert_eq!(ended.order.cancels_at, Some(NOW));
    assert_eq!(ended.parts[0].leaves_at, Some(NOW));
    assert!(ended.parts[1].is_over());
    assert_eq!(refunds(&ended.effects), Cents(200));
    let all = words(&ended.effects);
    assert_eq!(all[0], "record order.ended");
    assert!(all.contains(&format!("cancel ord_1 {NOW}")), "{all:?}");

    // One that was to end later ends now, and its cancellation is not told again.
    let scheduled = [OrderDomain {
        leaves_at: Some(days(9)),
        ..live(google(0))
    }];
    let order = Order {
        status: OrderStatus::CancelScheduled,
        cancels_at: Some(days(9)),
        ..order_of(&scheduled)
    };
    let ended = end_now(&order, &scheduled).unwrap();
    assert_eq!(
        (ended.order.cancels_at, ended.parts[0].leaves_at),
        (Some(NOW), Some(NOW))
    );
    let all = words(&ended.effects);
    assert_eq!(all, ["record order.ended", &format!("cancel ord_1 {NOW}")]);

    let nothing_live = [google(0)];
    let ended = end_now(&order_of(&nothing_live), &nothing_live).unwrap();
    assert_eq!(ended.order.status, OrderStatus::Cancelled);
    for status in [OrderStatus::Failed, OrderStatus::Cancelled] {
        let over = Order {
            status,
            ..order.clone()
        };
        assert_eq!(end_now(&over, &[]).unwrap_err(), status);
    }
}
