//! Any sequence of work, refusals, swaps, imports, cancellations, renewals and time on one order of one to four domains.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;

use super::aggregate::{numbers, sums_without};
use super::builders::*;
use super::cases;
use super::worker::Providers;
use super::world::World;
use crate::id::{ActionId, DomainId, SwapId};
use crate::mail::MailProvider;
use crate::money::Cents;
use crate::order::{OrderDomain, PendingAction, Scope, Swap, SwapOffer};
use crate::status::{
    ActionStatus, InboxStatus, OrderDomainState, OrderStatus, SwapStatus, SwapType,
};
use crate::wallet::Wallet;

#[derive(Debug, Clone)]
enum Act {
    Work(Index, Providers, bool),
    Resolve(Index),
    Swap(Index, SwapType, &'static str, SwapOffer),
    Import(Index),
    Withdraw(Index),
    Cancel(Option<Vec<Index>>),
    Advance { hours: i64, registrar_refuses: bool },
    Fill(Wallet),
}

fn any_work() -> impl Strategy<Value = Act> {
    let providers = prop_oneof![
        40 => Just(Providers::Willing),
        3 => Just(Providers::Busy),
        5 => Just(Providers::Waiting),
        2 => Just(Providers::RefuseDomain),
        1 => Just(Providers::RefuseOrder),
    ];
    (any::<Index>(), providers, any::<bool>())
        .prop_map(|(domain, providers, before)| Act::Work(domain, providers, before))
}

fn any_swap() -> impl Strategy<Value = Act> {
    let kinds = prop::sample::select(vec![SwapType::Standard, SwapType::Premium]);
    let names = prop::sample::select(vec!["idle", "new", "other", "d0", "d1"]);
    let bought = SwapOffer::Registrar {
        price: REGISTRATION,
        renewal_price: RENEWAL,
        google_only: false,
    };
    let offers = prop::sample::select(vec![bought, bought, SwapOffer::Elsewhere]);
    (any::<Index>(), kinds, names, offers)
        .prop_map(|(domain, kind, name, offer)| Act::Swap(domain, kind, name, offer))
}

fn any_act() -> impl Strategy<Value = Act> {
    let some = prop::collection::vec(any::<Index>(), 1..3).prop_map(Some);
    let scope = prop_oneof![1 => Just(None), 2 => some];
    let hours = prop_oneof![4 => 0i64..30, 2 => 30i64..24 * 15, 1 => 24i64 * 15..24 * 400];
    let wallet = prop::sample::select(vec![Wallet::EMPTY, FULL]);
    prop_oneof![
        40 => any_work(),
        5 => any::<Index>().prop_map(Act::Resolve),
        6 => any_swap(),
        2 => any::<Index>().prop_map(Act::Import),
        2 => any::<Index>().prop_map(Act::Withdraw),
        2 => scope.prop_map(Act::Cancel),
        8 => (hours, prop::bool::weighted(0.2)).prop_map(|(hours, registrar_refuses)| {
            Act::Advance { hours, registrar_refuses }
        }),
        1 => wallet.prop_map(Act::Fill),
    ]
}

/// One to four domains, of either provider, bought or owned.
fn any_order() -> impl Strategy<Value = Vec<OrderDomain>> {
    prop::collection::vec(any::<(bool, bool)>(), 1..=4).prop_map(|kinds| {
        let domains = (0..).zip(kinds).map(|(position, (is_google, is_owned))| {
            let domain = if is_google {
                google(position)
            } else {
                microsoft(position)
            };
            if is_owned { owned(domain) } else { domain }
        });
        domains.collect()
    })
}

fn perform(world: &mut World, act: &Act) {
    let at_work = |part: &&OrderDomain| !part.is_over() || part.deprovision_pending;
    let part: Vec<DomainId> = world
        .parts
        .iter()
        .filter(at_work)
        .map(|domain| domain.domain_id.clone())
        .collect();
    let pick = |index: &Index| (!part.is_empty()).then(|| index.get(&part).clone());
    match act {
        Act::Work(index, providers, before) => {
            if let Some(domain) = pick(index) {
                world.work(&domain, *providers, *before);
            }
        }
        Act::Resolve(index) => {
            let open = |action: &&PendingAction| action.status == ActionStatus::Open;
            let open: Vec<ActionId> = world
                .actions
                .iter()
                .filter(open)
                .map(|action| action.id.clone())
                .collect();
            if !open.is_empty() {
                world.resolve(index.get(&open));
            }
        }
        Act::Swap(index, kind, name, offer) => {
            if let Some(domain) = pick(index) {
                let paid = world.paid;
                let events = world.events.len();
                if world.swap(&domain, *kind, name, *offer).is_err() {
                    assert_eq!((world.paid, world.events.len()), (paid, events));
                }
            }
        }
        Act::Import(index) => {
            let waits = |swap: &&Swap| {
                swap.status == SwapStatus::ActionRequired && swap.replacement_domain_id.is_none()
            };
            let waiting: Vec<SwapId> = world
                .swaps
                .values()
                .filter(waits)
                .map(|swap| swap.id.clone())
                .collect();
            if !waiting.is_empty() {
                world.import(index.get(&waiting));
            }
        }
        Act::Withdraw(index) => {
            let all: Vec<SwapId> = world.swaps.keys().cloned().collect();
            if !all.is_empty() {
                world.withdraw(index.get(&all));
            }
        }
        Act::Cancel(None) => world.cancel(&Scope::Order),
        Act::Cancel(Some(indices)) => {
            let mut named: Vec<String> = indices.iter().filter_map(pick).map(Into::into).collect();
            named.sort();
            named.dedup();
            world.cancel(&Scope::Domains(named));
        }
        Act::Advance {
            hours,
            registrar_refuses,
        } => {
            let to = world.now.plus_seconds(hours * 3_600);
            world.advance(to, *registrar_refuses);
        }
        Act::Fill(wallet) => world.wallet = *wallet,
    }
}

/// What is true at every moment.
fn check(world: &World) {
    let order = &world.order;
    let shown =
        |domain: &&OrderDomain| domain.state != OrderDomainState::Left && domain.has_joined();
    let shown: Vec<&OrderDomain> = world.parts.iter().filter(shown).collect();
    let refunded = |part: &OrderDomain| part.is_over() && world.uncharged.contains(&part.position);
    assert_eq!(numbers(order), sums_without(&shown, refunded));
    let live = || {
        world
            .parts
            .iter()
            .filter(|domain| domain.state == OrderDomainState::Active)
    };
    assert_eq!(order.domains_active as usize, live().count());
    assert_eq!(
        order.inboxes_active,
        live().map(|domain| domain.inboxes).sum::<u32>()
    );
    let microsoft = live().filter(|domain| domain.provider == MailProvider::Microsoft);
    let microsoft: i64 = microsoft.map(|domain| i64::from(domain.inboxes)).sum();
    assert_eq!(world.microsoft_inboxes, microsoft);
    let is_open = |action: &PendingAction| action.status == ActionStatus::Open;
    let waits = world.actions.iter().any(is_open);
    let part_waits = |part: &OrderDomain| part.state == OrderDomainState::ActionRequired;
    assert_eq!(waits, world.parts.iter().any(part_waits));
    let all_live = shown
        .iter()
        .all(|domain| domain.state == OrderDomainState::Active);
    match order.status {
        OrderStatus::InProgress => assert!(!waits),
        OrderStatus::Completed => assert!(all_live && !waits && order.sealed_password.is_none()),
        OrderStatus::ActionRequired => assert!(waits),
        OrderStatus::CancelScheduled => {
            assert!(
                world
                    .staying()
                    .iter()
                    .all(|domain| domain.leaves_at.is_some())
            );
            assert!(order.cancels_at.is_some() && order.overdue_since.is_none());
        }
        OrderStatus::Failed => assert!(order.cancels_at.is_none() && order.renews_at.is_none()),
        OrderStatus::Cancelled => {
            // What may just be bought leaves when its job has found out.
            let leaves = |part: &OrderDomain| part.is_leaving(world.now) && !part.is_live();
            assert!(world.staying().iter().all(leaves) && order.renews_at.is_none());
        }
    }
    assert_eq!(world.fingerprint_stands, order.status.is_active());
    // What the registrar got does not come back, and of the rest no more than was paid.
    assert!(world.refunded + world.bought <= world.paid, "{world:?}");
    for domain in world.domains.values() {
        assert_eq!(
            domain.order_id.is_some(),
            world.position(&domain.id).is_some(),
            "{domain:?}"
        );
    }
}

/// What a moment is compared with by the next.
struct Before {
    status: OrderStatus,
    paid: Cents,
    refunded: Cents,
    parts: Vec<OrderDomain>,
    swaps: BTreeMap<SwapId, Swap>,
}

impl Before {
    fn of(world: &World) -> Self {
        Self {
            status: world.order.status,
            paid: world.paid,
            refunded: world.refunded,
            parts: world.parts.clone(),
            swaps: world.swaps.clone(),
        }
    }
}

/// What may follow the moment before.
fn check_after(before: &Before, now: &World) {
    let (was, is) = (before.status, now.order.status);
    assert!(was.is_active() || was == is, "{was} became {is}");
    assert!(before.paid <= now.paid && before.refunded <= now.refunded);
    assert!(
        was.is_active() || before.paid == now.paid,
        "an order that has ended was charged"
    );
    for (old, new) in before.parts.iter().zip(&now.parts) {
        let stays_longer = match (old.leaves_at, new.leaves_at) {
            (Some(old), Some(new)) => new > old,
            (Some(_), None) => true,
            (None, _) => false,
        };
        assert!(!stays_longer, "{old:?} became {new:?}");
        let as_old = OrderDomain {
            deprovision_pending: old.deprovision_pending,
            ..new.clone()
        };
        assert!(!old.is_over() || *old == as_old, "{old:?} became {new:?}");
    }
    for (id, swap) in &before.swaps {
        assert!(swap.status.is_open() || swap == &now.swaps[id]);
    }
}

/// The partner cancels, providers are willing, and time goes on: everything comes to its end.
fn finish(world: &mut World) {
    world.cancel(&Scope::Order);
    for _ in 0..4 {
        for _ in 0..8 {
            let all: Vec<DomainId> = world.domains.keys().cloned().collect();
            for domain in all {
                world.work(&domain, Providers::Willing, false);
                check(world);
            }
        }
        let to = world.now.plus_seconds(40 * DAY);
        world.advance(to, false);
        check(world);
    }
    assert!(!world.order.status.is_active(), "{:?}", world.order);
    assert_eq!(world.staying(), []);
    assert!(world.swaps.values().all(|swap| !swap.status.is_open()));
    assert!(
        world
            .actions
            .iter()
            .all(|action| action.status == ActionStatus::Resolved)
    );
    assert!(
        world
            .inboxes
            .iter()
            .all(|inbox| inbox.status == InboxStatus::Removed)
    );
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn an_order_keeps_its_rules_whatever_happens(
        part in any_order(),
        acts in prop::collection::vec(any_act(), 1..120),
    ) {
        let mut world = World::new(part);
        let spare = idle("idle");
        world.domains.insert(spare.id.clone(), spare);
        check(&world);
        for act in acts {
            let before = Before::of(&world);
            perform(&mut world, &act);
            check(&world);
            check_after(&before, &world);
        }
        finish(&mut world);
    }
}
