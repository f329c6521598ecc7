//! Why a swap is not accepted (contract §5).

use super::builders::*;
use super::swaps::{BOUGHT, accepted, changed, facts, part, refused, request};
use crate::Tier;
use crate::mail::MailProvider;
use crate::order::{Domain, SwapOffer, SwapRefusal, SwapRequest, accept_swap, premium_since};
use crate::status::{DomainCategory, OrderDomainState, OrderStatus, SwapType};

#[test]
fn a_domain_that_is_not_there_to_be_swapped_is_refused() {
    use SwapRefusal::{NoDomain, NotConnected};
    let candidate = |domain: Domain| Domain {
        category: DomainCategory::Candidate,
        ..domain
    };
    for (facts, refusal) in [
        (changed(|facts| facts.domain = None), NoDomain),
        (
            changed(|facts| facts.domain = facts.domain.take().map(candidate)),
            NoDomain,
        ),
        (changed(|facts| facts.on = None), NotConnected),
        // A replacement that is not live yet is none that could be swapped, not even as a duplicate.
        (
            part(|old| {
                old.swap_in_id = Some(swap_id("before"));
                old.state = OrderDomainState::Pending;
            }),
            NotConnected,
        ),
        (part(|old| old.leaves_at = Some(days(10))), NotConnected),
        (
            changed(|facts| facts.on.as_mut().unwrap().0.status = OrderStatus::CancelScheduled),
            NotConnected,
        ),
    ] {
        assert_eq!(
            refused(&request(SwapType::Standard, BOUGHT), &facts),
            refusal
        );
        assert_eq!(
            refused(&request(SwapType::Premium, BOUGHT), &facts),
            refusal
        );
    }
}

#[test]
fn premium_is_for_microsoft_and_once_in_thirty_days() {
    let premium = request(SwapType::Premium, BOUGHT);
    assert_eq!(
        refused(&premium, &facts(google(1))),
        SwapRefusal::NotMicrosoft
    );
    assert_eq!(premium_since(NOW), days(-30));
    let last = days(-29);
    let lately = changed(|facts| facts.last_premium = Some(last));
    let available_at = days(1);
    assert_eq!(
        refused(&premium, &lately),
        SwapRefusal::Cooldown { available_at }
    );
    accepted(&request(SwapType::Standard, BOUGHT), &lately);
}

#[test]
fn the_quota_is_a_share_of_the_live_inboxes_rounded_down() {
    for (tier, microsoft_inboxes, used, limit) in [
        (Tier::Base, 250, 0, None),
        (Tier::Base, 249, 0, Some(49)),
        (Tier::Base, 250, 1, Some(50)),
        (Tier::Base, 0, 0, Some(0)),
        (Tier::Base, 500, 50, None),
        (Tier::Base, 500, 51, Some(100)),
        (Tier::Premium, 167, 0, None),
        (Tier::Premium, 166, 0, Some(49)),
        (Tier::Vip, 125, 0, None),
        (Tier::Vip, 124, 0, Some(49)),
        (Tier::VipPlus, 84, 0, None),
        (Tier::VipPlus, 83, 0, Some(49)),
        (Tier::VipPlus, 1_000, 551, Some(600)),
    ] {
        let request = SwapRequest {
            premium_percent: tier.premium_swap_percent(),
            ..request(SwapType::Premium, BOUGHT)
        };
        let facts = changed(|facts| {
            facts.microsoft_inboxes = microsoft_inboxes;
            facts.premium_inboxes = used;
        });
        let over = limit.map(|limit| SwapRefusal::OverQuota {
            limit,
            used,
            requested: 50,
        });
        let refusal = accept_swap(&request, &facts).unwrap().err();
        assert_eq!(refusal, over, "{tier}: {used} of {microsoft_inboxes}");
    }
}

#[test]
fn a_replacement_that_cannot_be_had_is_refused() {
    let standard = |offer| request(SwapType::Standard, offer);
    let known = |domain: Domain| changed(|facts| facts.replacement = Some(domain));
    let google_only = || Domain {
        google_only: true,
        ..idle("next")
    };
    let unusable = || SwapRefusal::Unusable {
        provider: MailProvider::Microsoft,
        usable_for: vec![MailProvider::Google],
    };
    let for_google = SwapOffer::Registrar {
        price: REGISTRATION,
        renewal_price: RENEWAL,
        google_only: true,
    };
    let taken = domain_of(&google(7));
    let holder = taken.order_id.clone().unwrap();
    let unknown = facts(microsoft(1));
    for (offer, facts, refusal) in [
        (BOUGHT, known(taken), SwapRefusal::Taken(holder)),
        (BOUGHT, known(google_only()), unusable()),
        (for_google, unknown.clone(), unusable()),
        (
            SwapOffer::Premium,
            unknown.clone(),
            SwapRefusal::PremiumName,
        ),
        (
            SwapOffer::Nowhere("unavailable"),
            unknown.clone(),
            SwapRefusal::NotToBeHad("unavailable"),
        ),
    ] {
        assert_eq!(refused(&standard(offer), &facts), refusal);
    }
    let mut for_a_google_domain = facts(google(1));
    accepted(&standard(for_google), &for_a_google_domain);
    for_a_google_domain.replacement = Some(google_only());
    accepted(
        &standard(SwapOffer::Nowhere("unknown")),
        &for_a_google_domain,
    );
}
