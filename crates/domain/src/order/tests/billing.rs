//! What of an order is due at a time, and what follows when it is paid and when it is not.

use super::builders::*;
use super::effects::{debits, words};
use crate::id::DomainId;
use crate::money::Cents;
use crate::order::{Domain, Effect, Order, OrderDomain, Renewal, RenewalFacts, Told, renew};
use crate::status::{OrderDomainState, OrderStatus};
use crate::time::Timestamp;
use crate::wallet::{Funding, Wallet};

/// The facts of a live order of these domains with their names.
pub(super) fn facts(parts: &[OrderDomain], wallet: Wallet) -> RenewalFacts {
    let charged = parts.iter().filter(|domain| domain.is_charged());
    RenewalFacts {
        order: order_of(parts),
        domains: charged.map(domain_of).collect(),
        parts: parts.to_vec(),
        wallet,
    }
}

/// A Google domain, and a Microsoft one whose registration ends then.
fn ending(until: Timestamp) -> RenewalFacts {
    let mut facts = facts(&[live(google(0)), live(microsoft(1))], FULL);
    facts.domains[1].registered_until = Some(until);
    facts
}

fn month(number: i32) -> Timestamp {
    NOW.plus_months(number)
}

fn run(facts: RenewalFacts, now: Timestamp) -> Renewal {
    renew(facts, now).unwrap().unwrap()
}

fn message(renewal: &Renewal) -> &str {
    let message = renewal.effects.iter().find_map(|effect| match effect {
        Effect::EmitOrder { told, .. } => told.as_ref().map(|told| told.message.as_str()),
        _ => None,
    });
    message.unwrap()
}

fn renewing(renewal: &Renewal) -> Vec<&DomainId> {
    renewal.domains.iter().map(|domain| &domain.id).collect()
}

#[test]
fn an_order_that_has_ended_or_is_to_end_has_no_renewal() {
    for (status, renews_at) in [
        (OrderStatus::CancelScheduled, Some(month(1))),
        (OrderStatus::Cancelled, Some(month(1))),
        (OrderStatus::Failed, Some(month(1))),
        (OrderStatus::Completed, None),
    ] {
        let mut facts = facts(&[live(google(0))], FULL);
        facts.order = Order {
            status,
            renews_at,
            ..facts.order
        };
        assert!(renew(facts, month(2)).unwrap().is_none(), "{status}");
    }
}

#[test]
fn a_month_is_due_from_its_beginning_and_pays_what_stays() {
    let leaving = OrderDomain {
        leaves_at: Some(month(1)),
        ..live(google(2))
    };
    let gone = OrderDomain {
        state: OrderDomainState::Left,
        ..google(3)
    };
    let coming = coming_in(microsoft(4), "in");
    let came = coming_in(live(microsoft(5)), "before");
    let all = [live(google(0)), microsoft(1), leaving, gone, coming, came];
    let paid = run(facts(&all, FULL), month(1));
    assert_eq!(words(&paid.effects), ["debit $20.00", "order.renewed"]);
    let expected = format!(
        "The month until {} is paid: 2 Google licenses, 2 Microsoft licenses",
        month(2)
    );
    assert_eq!(message(&paid), expected);
    assert_eq!(
        (paid.order.months_paid, paid.order.renews_at),
        (2, Some(month(2)))
    );
    assert_eq!(paid.next, Some(month(2)));
    assert!(paid.parts.is_empty() && paid.domains.is_empty());
    let Some(Effect::EmitOrder {
        told: Some(told), ..
    }) = paid.effects.get(1)
    else {
        panic!("{:?}", paid.effects);
    };
    assert_eq!(told.amount, Some(Cents(-2_000)));
}

#[test]
fn a_month_pays_the_registrations_that_end_before_the_next() {
    let just_before = month(2).plus_millis(-1);
    for (until, years) in [
        (month(1), 1),
        (just_before, 1),
        (month(2), 0),
        (days(-3), 1),
    ] {
        let paid = run(ending(until), month(1));
        assert_eq!(
            debits(&paid.effects),
            Cents(200 + 900) + RENEWAL * years,
            "{until}"
        );
        assert_eq!(renewing(&paid).len(), years as usize);
    }
    let paid = run(ending(just_before), month(1));
    let job = format!("registration dom_d1 {}", month(1));
    assert_eq!(words(&paid.effects)[2..], [job]);
    assert_eq!(
        paid.domains[0].renewing_until,
        Some(just_before.plus_months(12))
    );
    let expected = "2 Google licenses, 1 Microsoft license, 1 registration";
    assert_eq!(
        message(&paid),
        format!("The month until {} is paid: {expected}", month(2))
    );
}

#[test]
fn a_registration_that_ends_before_the_month_does_is_paid_alone_a_day_before() {
    let until = days(5);
    let early = run(ending(until), days(4).plus_millis(-1));
    assert_eq!(
        (words(&early.effects), early.next),
        (vec![], Some(month(1)))
    );
    let paid = run(ending(until), days(4));
    assert_eq!(debits(&paid.effects), RENEWAL);
    assert_eq!(message(&paid), "Another year is paid: 1 registration");
    assert_eq!(
        (paid.order.months_paid, paid.order.renews_at),
        (1, Some(month(1)))
    );
    assert_eq!(
        (paid.next, renewing(&paid)),
        (Some(month(1)), vec![&domain_id("d1")])
    );
    // One that ends with the month or after it is left to the month.
    let left = run(ending(month(1)), month(1).plus_seconds(-60));
    assert_eq!(words(&left.effects), Vec::<String>::new());
}

#[test]
fn no_year_is_paid_twice_or_in_vain() {
    let changes: [fn(&mut Domain); 4] = [
        |domain| domain.renewing_until = Some(days(400)),
        |domain| domain.renewal_refused = true,
        |domain| domain.owned = false,
        |domain| domain.registered_until = None,
    ];
    for change in changes {
        let mut facts = ending(days(40));
        change(&mut facts.domains[1]);
        let paid = run(facts, month(1));
        assert_eq!(debits(&paid.effects), Cents(200 + 900));
        assert!(paid.domains.is_empty());
    }
}

#[test]
fn nothing_to_pay_is_paid_from_an_empty_wallet() {
    let mut free = facts(&[live(google(0))], Wallet::EMPTY);
    free.order.google_license_cents = Cents::ZERO;
    let paid = run(free, month(1));
    assert_eq!(paid.order.months_paid, 2);
    let Some(Effect::EmitOrder {
        told: Some(Told { amount: None, .. }),
        ..
    }) = paid.effects.get(1)
    else {
        panic!("{:?}", paid.effects);
    };
    let nobody_stays = OrderDomain {
        leaves_at: Some(month(1)),
        ..live(google(0))
    };
    let paid = run(facts(&[nobody_stays], Wallet::EMPTY), month(1));
    assert_eq!(
        message(&paid),
        format!("The month until {} is paid: nothing to pay", month(2))
    );
}

#[test]
fn months_are_counted_from_the_day_of_the_order() {
    // 31 January 2026
    let created_at = Timestamp::from_millis(1_769_860_800_000);
    let mut order = Order {
        created_at,
        renews_at: Some(created_at.plus_months(1)),
        ..order_of(&[live(google(0))])
    };
    let mut days_of_month = Vec::new();
    for _ in 0..4 {
        let now = order.renews_at.unwrap();
        days_of_month.push(now.to_string()[5..10].to_owned());
        let facts = RenewalFacts {
            order,
            ..facts(&[live(google(0))], FULL)
        };
        order = run(facts, now).order;
    }
    assert_eq!(days_of_month, ["02-28", "03-31", "04-30", "05-31"]);
}

/// An order of one Google domain whose wallet lacks a cent of a month, or has it.
fn short(overdue_since: Option<Timestamp>, balance: i64) -> RenewalFacts {
    let wallet = Wallet {
        balance: Cents(balance),
        funding: Funding::Prepaid,
    };
    let mut facts = facts(&[live(google(0)), live(google(1))], wallet);
    facts.order.overdue_since = overdue_since;
    facts
}

#[test]
fn a_bill_that_cannot_be_paid_is_tried_every_day() {
    let due = month(1);
    let at = |hours: i64| due.plus_seconds(hours * 3_600);
    for (overdue_since, now, since, next) in [
        (None, due, due, at(24)),
        (None, at(5), due, at(24)),
        (None, at(24), due, at(48)),
        // A server that was down for long gives the days from its first try.
        (None, at(25), at(25), at(49)),
        (Some(due), at(24), due, at(48)),
        (Some(due), at(50), due, at(72)),
        (Some(due), at(7 * 24 - 1), due, at(7 * 24)),
    ] {
        let unpaid = run(short(overdue_since, 399), now);
        let mut expected = vec!["order.renewal_failed"];
        // Told once, with the first try.
        expected.extend(overdue_since.is_none().then_some("wallet low"));
        assert_eq!(words(&unpaid.effects), expected);
        let expected = "The wallet holds $3.99 of $4.00, $0.01 are missing; it is tried again every day for 7 days";
        assert_eq!(message(&unpaid), expected);
        assert_eq!(
            (unpaid.order.overdue_since, unpaid.next),
            (Some(since), Some(next))
        );
        assert_eq!(
            (unpaid.order.months_paid, unpaid.order.renews_at),
            (1, Some(due))
        );
        assert!(unpaid.parts.is_empty() && unpaid.domains.is_empty());
    }
    let paid = run(short(Some(due), 400), at(70));
    assert_eq!(debits(&paid.effects), Cents(400));
    assert_eq!(
        (paid.order.overdue_since, paid.next),
        (None, Some(month(2)))
    );
}

#[test]
fn after_seven_days_the_order_has_seven_more() {
    let (due, now) = (month(1), month(1).plus_seconds(7 * DAY));
    let gone = run(short(Some(due), 399), now);
    let ends_at = now.plus_seconds(7 * DAY);
    let cancel = format!("cancel ord_1 {ends_at}");
    let expected = ["order.renewal_failed", &cancel, "order.cancel_scheduled"];
    assert_eq!(words(&gone.effects), expected);
    assert!(message(&gone).ends_with("it was tried for 7 days, so the order will be cancelled"));
    assert_eq!(gone.next, None);
    assert_eq!(gone.order.status, OrderStatus::CancelScheduled);
    assert_eq!(
        (gone.order.cancels_at, gone.order.overdue_since),
        (Some(ends_at), None)
    );
    assert!(
        gone.parts
            .iter()
            .all(|domain| domain.leaves_at == Some(ends_at))
    );
    assert_eq!(gone.parts.len(), 2);
}

#[test]
fn a_registration_that_was_not_paid_and_is_needed_no_longer_is_forgotten() {
    let mut facts = ending(days(5));
    facts.wallet = Wallet::EMPTY;
    let unpaid = run(facts, days(4));
    assert_eq!(
        (unpaid.order.overdue_since, unpaid.next),
        (Some(days(4)), Some(days(5)))
    );
    let mut later = ending(days(5));
    later.order = unpaid.order;
    later.domains[1].renewal_refused = true;
    let nothing = run(later, days(5));
    assert_eq!(
        (nothing.order.overdue_since, nothing.next),
        (None, Some(month(1)))
    );
    assert!(nothing.effects.is_empty());
}
