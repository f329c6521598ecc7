//! The numbers that an order keeps of its domains.

use proptest::prelude::*;

use super::builders::*;
use super::cases;
use crate::mail::MailProvider;
use crate::money::Cents;
use crate::order::{Order, OrderDomain};
use crate::status::OrderDomainState;
use crate::view::Source;

/// What an order that shows these domains has to say: domains, inboxes, licenses of Google and Microsoft, total.
pub(super) fn sums(shown: &[&OrderDomain]) -> (u32, u32, u32, u32, Cents) {
    sums_without(shown, |_| false)
}

/// As [`sums`], where the licenses of some were refunded.
pub(super) fn sums_without(
    shown: &[&OrderDomain],
    refunded: impl Fn(&OrderDomain) -> bool,
) -> (u32, u32, u32, u32, Cents) {
    let mut sums = (0, 0, 0, 0, Cents::ZERO);
    for domain in shown {
        sums.0 += 1;
        sums.1 += domain.inboxes;
        let licenses = match domain.provider {
            _ if refunded(domain) => Cents::ZERO,
            MailProvider::Google => {
                sums.2 += domain.inboxes;
                Cents(100) * domain.inboxes
            }
            MailProvider::Microsoft => {
                sums.3 += 1;
                Cents(900)
            }
        };
        sums.4 += licenses;
        if domain.source == Source::Registered && !(domain.is_over() && domain.is_unbought()) {
            sums.4 += domain.price_cents;
        }
    }
    sums
}

pub(super) fn numbers(order: &Order) -> (u32, u32, u32, u32, Cents) {
    (
        order.domain_count,
        order.inbox_count,
        order.google_licenses,
        order.microsoft_licenses,
        order.total_cents,
    )
}

fn any_domain() -> impl Strategy<Value = OrderDomain> {
    let google = (2u32..=3).prop_map(|inboxes| OrderDomain {
        inboxes,
        ..google(0)
    });
    let layouts = prop::sample::select(vec![25u32, 50, 75, 99]);
    let microsoft = layouts.prop_map(|inboxes| OrderDomain {
        inboxes,
        ..microsoft(0)
    });
    (prop_oneof![google, microsoft], 0i64..10_000, any::<bool>()).prop_map(
        |(domain, price, bought)| {
            let price_cents = Cents(price);
            let domain = OrderDomain {
                price_cents,
                ..domain
            };
            if bought { domain } else { owned(domain) }
        },
    )
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn an_order_always_says_what_its_domains_say(
        steps in prop::collection::vec((any_domain(), any::<Option<prop::sample::Index>>()), 1..40),
    ) {
        let (mut order, mut shown) = (order_of(&[]), Vec::new());
        for (domain, removed) in steps {
            let before = order.clone();
            order.grow(&domain);
            let mut back = order.clone();
            back.shrink(&domain);
            prop_assert_eq!(&back, &before);
            shown.push(domain);
            if let Some(index) = removed {
                let gone: OrderDomain = shown.swap_remove(index.index(shown.len()));
                order.shrink(&gone);
            }
            prop_assert_eq!(numbers(&order), sums(&shown.iter().collect::<Vec<_>>()));
        }
    }
}

#[test]
fn what_a_domain_is_to_its_order_follows_from_its_state_and_its_swaps() {
    use OrderDomainState::{ActionRequired, Active, Left, Pending, Released};
    let leaving = |domain: OrderDomain| OrderDomain {
        leaves_at: Some(NOW),
        ..domain
    };
    let swapped_out = |domain: OrderDomain| OrderDomain {
        swap_out_id: Some(swap_id("out")),
        ..leaving(domain)
    };
    let coming = || coming_in(google(0), "in");
    for (state, domain, joined, cancelling, charged) in [
        (Pending, google(0), true, false, true),
        (ActionRequired, google(0), true, false, true),
        (Active, google(0), true, false, true),
        (Released, google(0), true, false, false),
        (Left, google(0), true, false, false),
        (Pending, coming(), false, false, false),
        (ActionRequired, coming(), false, false, false),
        (Active, coming(), true, false, true),
        (Released, coming(), true, false, false),
        (Left, coming(), false, false, false),
        (Pending, leaving(google(0)), true, true, false),
        (Active, leaving(google(0)), true, true, false),
        (Released, leaving(google(0)), true, false, false),
        (Pending, leaving(coming()), false, false, false),
        (Active, leaving(coming()), true, true, false),
        (Active, swapped_out(google(0)), true, false, false),
    ] {
        let domain = OrderDomain { state, ..domain };
        let found = (
            domain.has_joined(),
            domain.is_cancelling(),
            domain.is_charged(),
        );
        assert_eq!(found, (joined, cancelling, charged), "{domain:?}");
    }
}

#[test]
fn the_detail_adds_up_and_shows_neither_who_left_nor_who_is_coming() {
    let gone = OrderDomain {
        state: OrderDomainState::Left,
        ..google(1)
    };
    let cancelled = OrderDomain {
        leaves_at: Some(days(3)),
        ..live(microsoft(2))
    };
    let coming = coming_in(owned(microsoft(4)), "in");
    let domains = [live(google(0)), gone, cancelled, owned(google(3)), coming];
    let order = order_of(&domains);
    let shown = order.detail(EMAIL.to_owned(), &domains);
    assert_eq!(shown.costs.total_cents, Cents(200 + 900 + 200 + 2 * 3_300));
    assert_eq!(shown.costs.total_cents, order.total_cents);
    assert_eq!(shown.domains.registered, ["d0.com", "d2.com"]);
    assert_eq!(shown.domains.imported, ["d3.com"]);
    let cancelling: Vec<_> = shown
        .cancelling_domains
        .iter()
        .map(|row| &*row.domain)
        .collect();
    assert_eq!(cancelling, ["d2.com"]);
    let progress = shown.progress;
    assert_eq!((progress.domains_total, progress.domains_active), (3, 2));
    assert_eq!((progress.inboxes_total, progress.inboxes_active), (54, 52));
}
