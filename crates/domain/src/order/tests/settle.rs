//! What follows for an order and its swaps from the domains that it has and has not.

use super::builders::*;
use super::effects::words;
use crate::job::JobKind;
use crate::order::{
    Effect, Order, OrderDomain, Retirement, Swap, after_leaving, resume, swaps_after_leaving,
};
use crate::status::{
    DomainStatus, OrderDomainState, OrderStatus, SwapReason, SwapStatus, SwapType,
};
use crate::time::Timestamp;

fn cancelling(domain: OrderDomain) -> OrderDomain {
    OrderDomain {
        leaves_at: Some(days(9)),
        ..domain
    }
}

#[test]
fn an_order_is_what_its_domains_are() {
    use OrderStatus::{ActionRequired, CancelScheduled, Cancelled, Completed, Failed, InProgress};
    let (done, todo, waits) = (live(google(0)), google(1), waiting(google(2)));
    for (status, domains, to, event) in [
        (
            InProgress,
            vec![done.clone()],
            Completed,
            &["order.completed"][..],
        ),
        (
            InProgress,
            vec![done.clone(), todo.clone()],
            InProgress,
            &[],
        ),
        (
            ActionRequired,
            vec![done.clone(), todo.clone()],
            InProgress,
            &[],
        ),
        (
            ActionRequired,
            vec![done.clone()],
            Completed,
            &["order.completed"],
        ),
        (
            ActionRequired,
            vec![done.clone(), waits.clone()],
            ActionRequired,
            &[],
        ),
        // One that a swap brings in waits for somebody, though every domain that is shown is live.
        (
            ActionRequired,
            vec![done.clone(), coming_in(waits.clone(), "in")],
            ActionRequired,
            &[],
        ),
        (Completed, vec![done.clone()], Completed, &[]),
        (CancelScheduled, vec![done.clone()], CancelScheduled, &[]),
        (Failed, vec![done.clone()], Failed, &[]),
        (Cancelled, vec![], Cancelled, &[]),
    ] {
        let mut order = Order {
            status,
            sealed_password: Some("sealed".to_owned()),
            ..order_of(&domains)
        };
        let waits = |domain: &OrderDomain| domain.state == OrderDomainState::ActionRequired;
        let effect = order.settle(domains.iter().any(waits)).unwrap();
        assert_eq!(order.status, to, "{status} of {}", domains.len());
        assert_eq!(words(effect.as_slice()), event);
        assert_eq!(order.sealed_password.is_none(), !event.is_empty());
    }
}

#[test]
fn the_last_domain_to_leave_ends_a_cancelled_order() {
    let scheduled = Order {
        status: OrderStatus::CancelScheduled,
        sealed_password: Some("sealed".to_owned()),
        cancels_at: Some(days(9)),
        cancellation_scheduled_at: Some(NOW),
        ..order_of(&[google(0)])
    };
    let mut order = scheduled.clone();
    let none = after_leaving(&mut order, &[cancelling(live(google(1)))], false).unwrap();
    assert_eq!((words(&none), &order), (vec![], &scheduled));
    let effects = after_leaving(&mut order, &[], false).unwrap();
    assert_eq!(words(&effects), ["free fingerprint", "order.cancelled"]);
    let cancelled = Order {
        status: OrderStatus::Cancelled,
        sealed_password: None,
        renews_at: None,
        ..scheduled
    };
    assert_eq!(order, cancelled);
}

#[test]
fn an_order_that_goes_on_forgets_a_cancellation_that_is_carried_out() {
    let staying = [live(google(0)), live(google(1))];
    let order = Order {
        cancels_at: Some(days(9)),
        cancellation_scheduled_at: Some(NOW),
        ..order_of(&staying)
    };
    let [first, second] = staying;
    let mut later = order.clone();
    after_leaving(
        &mut later,
        &[first.clone(), cancelling(second.clone())],
        false,
    )
    .unwrap();
    assert_eq!(later.cancels_at, Some(days(9)));
    let mut done = order.clone();
    // What a swap takes off is not cancelled.
    let replaced = OrderDomain {
        swap_out_id: Some(swap_id("out")),
        ..cancelling(second)
    };
    let effects = after_leaving(&mut done, &[first, replaced], false).unwrap();
    assert_eq!(words(&effects), ["order.domains_cancelled"]);
    assert_eq!(
        (done.cancels_at, done.cancellation_scheduled_at),
        (None, None)
    );
    let mut failed = Order {
        status: OrderStatus::Failed,
        ..order
    };
    after_leaving(&mut failed, &[], false).unwrap();
    assert_eq!(failed.status, OrderStatus::Failed);
}

#[test]
fn the_others_are_complete_without_the_one_that_waited() {
    let mut order = order_of(&[live(google(0)), waiting(google(1))]);
    order.shrink(&google(1));
    let effects = after_leaving(&mut order, &[live(google(0))], false).unwrap();
    assert_eq!(words(&effects), ["order.completed"]);
    assert_eq!(order.status, OrderStatus::Completed);
}

#[test]
fn swaps_end_with_the_domains_that_left() {
    let standard = swap("one", &google(0), &google(1));
    let is_live = Swap {
        status: SwapStatus::InProgress,
        retires_at: Some(NOW),
        ..standard.clone()
    };
    let waits_for_import = Swap {
        replacement_domain_id: None,
        ..standard.clone()
    };
    let back = format!("retire dom_d1 {NOW}");
    let renamed = renaming(
        "two",
        &google(0),
        &persona("Eve", None),
        SwapStatus::Created,
    );
    for (swap, left, expected) in [
        (&is_live, &["d0"][..], vec!["complete swp_one"]),
        (&is_live, &["d0", "d1"], vec!["complete swp_one"]),
        // The new one was cancelled while the old one is still there.
        (&is_live, &["d1"], vec![]),
        (&standard, &["d0"], vec!["fail swp_one order_ended", &back]),
        (&standard, &["d0", "d1"], vec!["fail swp_one order_ended"]),
        (&standard, &["d1"], vec!["fail swp_one order_ended"]),
        (&waits_for_import, &["d0"], vec!["fail swp_one order_ended"]),
        (&renamed, &["d0"], vec!["fail renames of dom_d0"]),
    ] {
        let left = left.iter().map(|name| domain_id(name)).collect();
        let effects = swaps_after_leaving(std::slice::from_ref(swap), &left, NOW);
        assert_eq!(words(&effects), expected, "{swap:?} {left:?}");
        for effect in effects {
            if let Effect::Retire(Retirement { swap, job, .. }) = effect {
                assert_eq!(
                    (swap, job.kind, job.run_at),
                    (None, JobKind::Provision, NOW)
                );
            }
        }
    }
}

#[test]
fn one_that_was_cancelled_is_not_kept_by_a_swap() {
    let retirement = |at: Timestamp| Retirement {
        order: order_id(),
        domain: domain_id("d0"),
        swap: Some(swap_id("out")),
        at,
        job: crate::job::NewJob::new(&account(), JobKind::Retire, "swp_out", at),
    };
    for (cancelled, at, leaves_at) in [
        (None, days(14), days(14)),
        (Some(days(9)), days(14), days(9)),
        (Some(days(20)), days(14), days(14)),
    ] {
        let mut domain = OrderDomain {
            leaves_at: cancelled,
            ..live(google(0))
        };
        domain.retire(&retirement(at));
        assert_eq!(domain.leaves_at, Some(leaves_at));
        assert!(domain.swap_out_id.is_some() && !domain.is_cancelling());
    }
}

#[test]
fn a_domain_goes_on_when_its_last_action_is_resolved_and_the_swap_that_brings_it_in() {
    for (part, swap_status, expected) in [
        (waiting(google(0)), None, vec!["provision"]),
        (
            coming_in(waiting(google(0)), "one"),
            Some(SwapStatus::ActionRequired),
            vec!["swap.in_progress", "provision"],
        ),
        (
            coming_in(waiting(google(0)), "one"),
            Some(SwapStatus::Failed),
            vec!["provision"],
        ),
        (google(0), None, vec![]),
        (live(google(0)), None, vec![]),
    ] {
        let waited = part.state == OrderDomainState::ActionRequired;
        let (mut domain, mut part) = (domain_of(&part), part);
        let before = (part.clone(), domain.clone());
        let mut swap = swap_status.map(|status| Swap {
            kind: SwapType::Standard,
            status,
            reason: Some(SwapReason::UpdateNameservers),
            ..swap("one", &google(1), &google(0))
        });
        let effects = resume(&mut part, &mut domain, swap.as_mut(), NOW).unwrap();
        let first = |word: &String| word.split(' ').next().unwrap_or_default().to_owned();
        assert_eq!(
            words(&effects).iter().map(first).collect::<Vec<_>>(),
            expected
        );
        if waited {
            assert_eq!(part.state, OrderDomainState::Pending);
            assert_eq!(domain.status, DomainStatus::InProgress);
        } else {
            assert_eq!((part, domain), before);
        }
    }
}

#[test]
fn a_live_domain_that_waited_for_a_picture_is_renamed() {
    let mut part = live(google(0));
    let mut domain = domain_of(&part);
    domain.turn(DomainStatus::ActionRequired).unwrap();
    let effects = resume(&mut part, &mut domain, None, NOW).unwrap();
    assert_eq!(words(&effects), [format!("provision dom_d0 {NOW}")]);
    assert_eq!(
        (part.state, domain.status),
        (OrderDomainState::Active, DomainStatus::Active)
    );
}
