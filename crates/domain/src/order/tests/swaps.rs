//! Whether a swap is accepted, and what it costs (contract §5).

use proptest::prelude::*;

use super::builders::*;
use super::cases;
use super::effects::{debits, words};
use crate::money::Cents;
use crate::name::DomainName;
use crate::order::{
    Domain, OrderDomain, SwapAcceptance, SwapFacts, SwapOffer, SwapRefusal, SwapRequest,
    accept_swap,
};
use crate::provisioning::ProvisionStep;
use crate::status::{DomainCategory, DomainStatus, SwapReason, SwapStatus, SwapType};
use crate::view::Source;
use crate::wallet::{Funding, InsufficientFunds, Wallet};

pub(super) fn request(kind: SwapType, offer: SwapOffer) -> SwapRequest {
    SwapRequest {
        account: account(),
        id: swap_id("new"),
        kind,
        domain: domain_id("d1"),
        replacement: DomainName::parse("next.com").unwrap(),
        new_domain_id: domain_id("next"),
        offer,
        premium_percent: 20,
        now: NOW,
    }
}

pub(super) const BOUGHT: SwapOffer = SwapOffer::Registrar {
    price: REGISTRATION,
    renewal_price: RENEWAL,
    google_only: false,
};

/// All that speaks for swapping this domain of an order: it is live, and so is another; 250 inboxes allow 50 to be
/// premium-swapped.
pub(super) fn facts(old: OrderDomain) -> SwapFacts {
    let old = live(old);
    SwapFacts {
        domain: Some(domain_of(&old)),
        on: Some((order_of(&[live(google(0)), old.clone()]), old)),
        last_position: 4,
        in_flight: false,
        last_premium: None,
        premium_inboxes: 0,
        microsoft_inboxes: 250,
        replacement: None,
        wallet: FULL,
    }
}

pub(super) fn accepted(request: &SwapRequest, facts: &SwapFacts) -> SwapAcceptance {
    accept_swap(request, facts).unwrap().unwrap()
}

pub(super) fn refused(request: &SwapRequest, facts: &SwapFacts) -> SwapRefusal {
    accept_swap(request, facts).unwrap().unwrap_err()
}

/// Facts of a Microsoft domain, changed.
pub(super) fn changed(change: impl FnOnce(&mut SwapFacts)) -> SwapFacts {
    let mut facts = facts(microsoft(1));
    change(&mut facts);
    facts
}

pub(super) fn part(change: impl FnOnce(&mut OrderDomain)) -> SwapFacts {
    changed(|facts| change(&mut facts.on.as_mut().unwrap().1))
}

#[test]
fn a_duplicate_is_accepted_and_has_failed_whatever_else_could_be_said() {
    let facts = changed(|facts| {
        facts.in_flight = true;
        facts.last_premium = Some(NOW);
        facts.wallet = Wallet::EMPTY;
        facts.on.as_mut().unwrap().1.leaves_at = Some(days(10));
    });
    let duplicate = accepted(&request(SwapType::Premium, SwapOffer::Premium), &facts);
    assert_eq!(duplicate.swap.status, SwapStatus::Failed);
    assert_eq!(duplicate.swap.reason, Some(SwapReason::Duplicate));
    assert_eq!(duplicate.shown.status, SwapStatus::Failed);
    assert_eq!(duplicate.shown.reason.as_deref(), Some("duplicate"));
    assert!(duplicate.incoming.is_none());
    assert_eq!(words(&duplicate.effects), ["swap.failed"]);
    let SwapAcceptance { swap, .. } = duplicate;
    assert_eq!(
        (swap.price_cents, swap.license_cents),
        (Cents::ZERO, Cents::ZERO)
    );
}

#[test]
fn one_that_has_lapsed_is_bought_again() {
    let lapsed = Domain {
        registered_until: Some(NOW),
        renewal_refused: true,
        google_only: true,
        ..idle("next")
    };
    let facts = changed(|facts| facts.replacement = Some(lapsed.clone()));
    let refusal = refused(
        &request(SwapType::Standard, SwapOffer::Nowhere("unavailable")),
        &facts,
    );
    assert_eq!(refusal, SwapRefusal::NotToBeHad("unavailable"));
    let swap = accepted(&request(SwapType::Standard, BOUGHT), &facts);
    let (domain, part) = swap.incoming.unwrap();
    assert_eq!(domain.id, lapsed.id);
    assert!(!domain.owned && !domain.renewal_refused && !domain.google_only);
    assert_eq!(
        (domain.registered_until, part.source),
        (None, Source::Registered)
    );
}

#[test]
fn a_swap_costs_the_registration_and_premium_a_month_of_licenses() {
    let owned = Some(idle("next"));
    for (kind, old, replacement, price, license) in [
        (SwapType::Standard, google(1), None, 3_300, 0),
        (SwapType::Standard, google(1), owned.clone(), 0, 0),
        (SwapType::Standard, microsoft(1), None, 3_300, 0),
        (SwapType::Premium, microsoft(1), None, 3_300, 900),
        (SwapType::Premium, microsoft(1), owned, 0, 900),
    ] {
        let facts = SwapFacts {
            replacement,
            ..facts(old)
        };
        let swap = accepted(&request(kind, BOUGHT), &facts);
        let cost = Cents(price + license);
        assert_eq!(swap.swap.price_cents, Cents(price));
        assert_eq!(swap.swap.license_cents, Cents(license));
        let part = swap.incoming.unwrap().1;
        let provision = format!("provision {} {NOW}", part.domain_id);
        let expected = [
            &format!("debit {cost}"),
            "record swap.created",
            "swap.created",
            &provision,
        ];
        assert_eq!(words(&swap.effects), expected);
        assert_eq!(part.price_cents, Cents(price));
    }
}

#[test]
fn the_new_domain_takes_the_layout_of_the_old() {
    let old = OrderDomain {
        forwarding_url: Some("https://acme.com".to_owned()),
        inboxes: 25,
        ..microsoft(1)
    };
    let swap = accepted(&request(SwapType::Standard, BOUGHT), &facts(old));
    let (domain, part) = swap.incoming.unwrap();
    let expected = OrderDomain {
        position: 5,
        domain_id: domain_id("next"),
        name: "next.com".to_owned(),
        inboxes: 25,
        step: ProvisionStep::Register,
        forwarding_url: Some("https://acme.com".to_owned()),
        // As the old one's: 25 names on, the second persona's turn comes first.
        personas: Some(personas(&["Bob", "Ann"])),
        ..coming_in(microsoft(1), "new")
    };
    assert_eq!(part, expected);
    let expected = Domain {
        category: DomainCategory::Connected,
        status: DomainStatus::InProgress,
        owned: false,
        delegated: false,
        registered_until: None,
        renewal_price_cents: Cents::ZERO,
        ..domain_of(&part)
    };
    assert_eq!(domain, expected);
    assert_eq!(swap.swap.replacement_domain_id, Some(domain.id));
    assert_eq!(swap.swap.inboxes, 25);
}

#[test]
fn one_that_is_registered_elsewhere_waits_and_is_shown_as_accepted() {
    let swap = accepted(
        &request(SwapType::Premium, SwapOffer::Elsewhere),
        &facts(microsoft(1)),
    );
    assert_eq!(swap.shown.status, SwapStatus::Created);
    assert_eq!(swap.swap.status, SwapStatus::ActionRequired);
    assert_eq!(swap.swap.reason, Some(SwapReason::DomainNotImported));
    assert!(swap.incoming.is_none() && swap.swap.replacement_domain_id.is_none());
    let deadline = format!("swap_deadline swp_new {}", days(14));
    let expected = [
        "debit $9.00",
        "record swap.created",
        "swap.created",
        "swap.action_required",
        &deadline,
    ];
    assert_eq!(words(&swap.effects), expected);
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn what_the_wallet_covers_is_taken_and_nothing_else(
        price in 0i64..10_000, license in 0i64..2_000, is_premium: bool, is_owned: bool, over in -3i64..3,
    ) {
        let kind = if is_premium { SwapType::Premium } else { SwapType::Standard };
        let offer = SwapOffer::Registrar {
            price: Cents(price),
            renewal_price: RENEWAL,
            google_only: false,
        };
        let registration = if is_owned { 0 } else { price };
        let cost = Cents(registration + if is_premium { license } else { 0 });
        let balance = Cents((cost.0 + over).max(0));
        let facts = changed(|facts| {
            facts.on.as_mut().unwrap().0.microsoft_license_cents = Cents(license);
            facts.replacement = is_owned.then(|| idle("next"));
            facts.wallet = Wallet { balance, funding: Funding::Prepaid };
        });
        match accept_swap(&request(kind, offer), &facts).unwrap() {
            Ok(swap) => {
                prop_assert!(balance >= cost);
                prop_assert_eq!(debits(&swap.effects), cost);
                prop_assert_eq!(swap.swap.price_cents + swap.swap.license_cents, cost);
            }
            Err(refusal) => {
                prop_assert!(balance < cost);
                let missing = InsufficientFunds { required: cost, balance };
                prop_assert_eq!(refusal, SwapRefusal::InsufficientFunds(missing));
            }
        }
    }
}
