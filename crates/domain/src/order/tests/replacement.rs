//! How a swap goes on and ends: its replacement is imported, it fails, it is done.

use super::builders::*;
use super::effects::words;
use crate::money::Cents;
use crate::order::{Domain, Import, Order, OrderDomain, Swap, imported};
use crate::status::{DomainCategory, DomainStatus, SwapReason, SwapStatus, SwapType};
use crate::view::Source;

/// One that waits for an import, paid for a month of licenses.
fn waiting_swap() -> Swap {
    Swap {
        kind: SwapType::Premium,
        status: SwapStatus::ActionRequired,
        reason: Some(SwapReason::DomainNotImported),
        replacement_domain: Some("next.com".to_owned()),
        replacement_domain_id: None,
        license_cents: Cents(900),
        ..swap("new", &microsoft(0), &microsoft(0))
    }
}

#[test]
fn an_import_that_is_of_no_use_ends_the_swap_and_gives_the_licenses_back() {
    let old = live(microsoft(0));
    let order = order_of(std::slice::from_ref(&old));
    let on: Option<(&Order, &OrderDomain, u32)> = Some((&order, &old, 0));
    let google_only = Domain {
        google_only: true,
        ..idle("next")
    };
    for (domain, on, reason) in [
        (idle("next"), None, SwapReason::OrderEnded),
        (
            domain_of(&google(7)),
            on,
            SwapReason::DomainAlreadyInActiveOrder,
        ),
        (google_only, on, SwapReason::DomainNotUsableForProvider),
    ] {
        let mut swap = waiting_swap();
        let Import::Failed(effects) = imported(&mut swap, &domain, on, NOW).unwrap() else {
            panic!("{reason}");
        };
        assert_eq!(
            (swap.status, swap.reason),
            (SwapStatus::Failed, Some(reason))
        );
        assert_eq!(words(&effects), ["refund $9.00", "swap.failed"]);
    }
}

#[test]
fn an_import_lets_the_swap_go_on_and_a_cancelled_domain_takes_the_new_one_along() {
    for leaves_at in [None, Some(days(20))] {
        let old = OrderDomain {
            leaves_at,
            ..live(microsoft(0))
        };
        let order = order_of(std::slice::from_ref(&old));
        let mut swap = waiting_swap();
        let on = Some((&order, &old, 3));
        let Import::Added(added, effects) = imported(&mut swap, &idle("next"), on, NOW).unwrap()
        else {
            panic!("failed");
        };
        let (domain, part) = *added;
        assert_eq!((swap.status, swap.reason), (SwapStatus::InProgress, None));
        assert_eq!(swap.replacement_domain_id.as_ref(), Some(&domain.id));
        assert_eq!(
            words(&effects),
            [&format!("provision dom_next {NOW}"), "swap.in_progress"]
        );
        assert_eq!((part.position, part.leaves_at), (4, leaves_at));
        assert_eq!(
            (part.source, part.price_cents),
            (Source::Imported, Cents::ZERO)
        );
        assert_eq!(domain.category, DomainCategory::Connected);
        assert_eq!(domain.status, DomainStatus::InProgress);
        assert_eq!(domain.provider, Some(part.provider));
        // Another swap that waited for the same name comes too late.
        let mut second = waiting_swap();
        let late = imported(&mut second, &domain, on, NOW).unwrap();
        assert!(matches!(late, Import::Failed(_)));
        assert_eq!(second.reason, Some(SwapReason::DomainAlreadyInActiveOrder));
    }
}

#[test]
fn a_failed_standard_swap_gives_nothing_back_by_itself() {
    let mut standard = swap("one", &google(0), &google(1));
    let effects = standard.fail(SwapReason::OrderEnded).unwrap();
    assert_eq!(words(&effects), ["swap.failed"]);
    let again = standard.fail(SwapReason::OrderEnded);
    assert_eq!(words(&again.unwrap()), ["swap.failed"]);
    assert!(standard.complete().is_err());
}

#[test]
fn a_swap_is_done_once_it_was_begun() {
    let mut new = swap("one", &google(0), &google(1));
    assert!(new.complete().is_err());
    new.status = SwapStatus::InProgress;
    let effects = new.complete().unwrap();
    assert_eq!(words(&effects), ["swap.completed", "record swap.completed"]);
    assert!(new.fail(SwapReason::OrderEnded).is_err());
}
