//! Registrations that come to their end, and the years that are paid for them.

use super::builders::*;
use super::effects::{refunds, words};
use crate::money::Cents;
use crate::order::{
    Domain, Look, Order, OrderDomain, RegistrarAnswer, look_after, settle_paid_year, watch,
};
use crate::status::{DomainCategory, DomainStatus, OrderStatus};
use crate::time::Timestamp;

fn ending(until: Timestamp) -> Domain {
    Domain {
        registered_until: Some(until),
        renewal_price_cents: RENEWAL,
        ..domain_of(&live(google(0)))
    }
}

#[test]
fn a_registration_is_looked_at_a_day_before_its_end() {
    let job = watch(&account(), &domain_id("d0"), days(9));
    assert_eq!((job.run_at, job.in_line, job.order), (days(8), false, None));
}

#[test]
fn what_was_not_bought_or_is_being_paid_for_is_not_looked_after() {
    let not_bought = Domain {
        registered_until: None,
        ..ending(NOW)
    };
    let renewing = Domain {
        renewing_until: Some(days(365)),
        ..ending(NOW)
    };
    for domain in [not_bought, renewing] {
        assert_eq!(look_after(&domain, None, NOW), Look::Over);
    }
}

#[test]
fn an_idle_one_leaves_the_inventory_at_its_end() {
    for (until, look) in [
        (days(9), Look::Again(days(8))),
        (days(1), Look::Again(days(1))),
        (days(1).plus_millis(1), Look::Again(NOW.plus_millis(1))),
        (NOW.plus_millis(1), Look::Again(NOW.plus_millis(1))),
        (NOW, Look::LeaveInventory),
        (days(-3), Look::LeaveInventory),
    ] {
        assert_eq!(look_after(&ending(until), None, NOW), look, "{until}");
    }
    let mut domain = Domain {
        registered_until: Some(NOW),
        ..idle("d0")
    };
    domain.leave_inventory(NOW.plus_millis(-1)).unwrap();
    assert!(domain.owned);
    domain.leave_inventory(NOW).unwrap();
    let expected = Domain {
        created_at: NOW,
        ..Domain::candidate(&account(), &domain_id("d0"), "d0.com", NOW)
    };
    assert_eq!(domain, expected);
    assert_eq!(domain.category, DomainCategory::Candidate);
    assert_eq!(domain.status, DomainStatus::Failed);
}

#[test]
fn one_on_an_order_is_left_to_its_order() {
    let part = live(google(0));
    let leaving = OrderDomain {
        leaves_at: Some(days(20)),
        ..part.clone()
    };
    let order = |renews_at: Option<Timestamp>| Order {
        renews_at,
        ..order_of(std::slice::from_ref(&part))
    };
    let with = |status: OrderStatus, overdue_since: Option<Timestamp>| Order {
        status,
        overdue_since,
        ..order(Some(days(20)))
    };
    let (good, refused) = (ending, |until| Domain {
        renewal_refused: true,
        ..ending(until)
    });
    let (soon, over) = (NOW.plus_seconds(3_600), days(-1));
    let (later, too_late) = (order(Some(NOW)), order(Some(days(20))));
    let (overdue, none) = (with(OrderStatus::Completed, Some(NOW)), order(None));
    let ending_order = with(OrderStatus::CancelScheduled, None);
    let again = Look::Again(days(1));
    for (domain, order, part, look) in [
        // The next month pays it in time, or comes too late.
        (good(soon), &later, Some(&part), Look::Again(soon)),
        (good(NOW), &later, Some(&part), again.clone()),
        (
            good(soon),
            &too_late,
            Some(&part),
            Look::RenewOrder(days(1)),
        ),
        (
            good(over),
            &too_late,
            Some(&part),
            Look::RenewOrder(days(1)),
        ),
        // The registrar refused: it works until its end.
        (refused(soon), &too_late, Some(&part), Look::Again(soon)),
        (refused(NOW), &too_late, Some(&part), Look::Lapse(days(1))),
        (refused(over), &later, Some(&part), Look::Lapse(days(1))),
        // It leaves anyway, or its order does.
        (refused(over), &too_late, Some(&leaving), again.clone()),
        (good(soon), &too_late, Some(&leaving), Look::Again(soon)),
        (good(soon), &too_late, None, Look::Again(soon)),
        (good(over), &ending_order, Some(&part), again.clone()),
        // The order has not paid, or does not any more.
        (good(soon), &overdue, Some(&part), again.clone()),
        (refused(over), &overdue, Some(&part), again.clone()),
        (good(soon), &none, Some(&part), again),
        (good(days(9)), &none, Some(&part), Look::Again(days(8))),
    ] {
        let found = look_after(&domain, Some((order, part)), NOW);
        assert_eq!(found, look, "{domain:?} {order:?}");
    }
}

fn renewing() -> Domain {
    Domain {
        renewing_until: Some(days(368)),
        ..ending(days(3))
    }
}

#[test]
fn a_year_is_taken_down_once() {
    let answer = RegistrarAnswer::Renewed(days(367));
    let mut domain = renewing();
    let effects = settle_paid_year(&mut domain, &order_id(), &answer, NOW);
    let watched = format!("expiry dom_d0 {}", days(366));
    assert_eq!(words(&effects), ["record domain.renewed", &watched]);
    // The registrar says when it ends, not we.
    let renewed = ending(days(367));
    assert_eq!(domain, renewed);
    for answer in [answer, RegistrarAnswer::Refused, RegistrarAnswer::Nothing] {
        let again = settle_paid_year(&mut domain, &order_id(), &answer, NOW);
        assert_eq!((again.len(), &domain), (0, &renewed));
    }
}

#[test]
fn a_year_that_is_refused_is_given_back_once() {
    let mut domain = renewing();
    let effects = settle_paid_year(&mut domain, &order_id(), &RegistrarAnswer::Refused, NOW);
    let end = format!("expiry dom_d0 {}", days(3));
    let expected = ["refund $22.00", &end];
    assert_eq!(words(&effects), expected);
    assert!(domain.renewal_refused && !domain.may_be_renewed());
    assert_eq!(
        (domain.renewing_until, domain.registered_until),
        (None, Some(days(3)))
    );
    let again = settle_paid_year(&mut domain, &order_id(), &RegistrarAnswer::Refused, NOW);
    assert_eq!(refunds(&again), Cents::ZERO);
}

#[test]
fn a_year_that_waits_for_its_answer_goes_on_waiting() {
    let mut domain = renewing();
    let effects = settle_paid_year(&mut domain, &order_id(), &RegistrarAnswer::Nothing, NOW);
    assert_eq!((effects.len(), domain), (0, renewing()));
}

#[test]
fn one_that_is_being_renewed_has_not_lapsed() {
    for (domain, lapsed, renewable) in [
        (ending(days(1)), false, true),
        (ending(NOW), true, true),
        (renewing(), false, false),
        (
            Domain {
                registered_until: Some(days(-1)),
                ..renewing()
            },
            false,
            false,
        ),
        (idle("d0"), false, false),
    ] {
        let found = (domain.has_lapsed(NOW), domain.may_be_renewed());
        assert_eq!(found, (lapsed, renewable), "{domain:?}");
    }
}
