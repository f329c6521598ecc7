//! A domain leaves its order, which failed, was cancelled, or goes on without it.

use super::builders::*;
use super::case::{CONNECTED, Case, RELEASED, order_failed};
use super::effects::{refunds, words};
use super::world::World;
use crate::money::Cents;
use crate::order::{Change, JobFate, Next, OrderDomain};
use crate::provisioning::ProvisionStep;
use crate::status::{
    ActionReason, DomainCategory, DomainStatus, OrderDomainState, OrderStatus, SwapStatus,
};

#[test]
fn an_order_that_fails_takes_everything_back() {
    let mut case = Case::of(google(1), &[live(google(0))]);
    case.order.cancels_at = Some(days(9));
    case.order.cancellation_scheduled_at = Some(NOW);
    let applied = case.apply(&order_failed());
    assert_eq!(
        (applied.next, applied.job),
        (Next::Deprovision, JobFate::Held)
    );
    assert_eq!(
        words(&applied.effects),
        ["free fingerprint", "take back", "order.failed"]
    );
    let order = case.order;
    assert_eq!(
        (order.status, order.failure.as_deref()),
        (OrderStatus::Failed, Some("refused"))
    );
    assert_eq!((order.sealed_password, order.renews_at), (None, None));
    assert_eq!(
        (order.cancels_at, order.cancellation_scheduled_at),
        (None, None)
    );
    // What is delivered cannot fail any more.
    let mut completed = Case::of(live(google(0)), &[]);
    completed.order.status = OrderStatus::Completed;
    assert!(completed.try_apply(&order_failed()).is_err());
}

#[test]
fn what_was_not_delivered_is_refunded() {
    let replaced = |leaves_at| OrderDomain {
        leaves_at: Some(leaves_at),
        swap_out_id: Some(swap_id("out")),
        ..live(microsoft(1))
    };
    let at_zone = |domain: OrderDomain| OrderDomain {
        step: ProvisionStep::Zone,
        ..domain
    };
    for (part, failed, leaving) in [
        // One that was never live gives its licenses back however it leaves.
        (google(1), 200 + 3_300, 200 + 3_300),
        (owned(google(1)), 200, 200),
        (at_zone(google(1)), 200, 200),
        (live(microsoft(1)), 900, 0),
        (coming_in(google(1), "in"), 3_300, 3_300),
        (at_zone(coming_in(google(1), "in")), 0, 0),
        (coming_in(live(google(1)), "in"), 200, 0),
        // The old domain of a swap has licenses of its own while it is warm, and gives them to the new one then.
        (replaced(days(3)), 900, 0),
        (replaced(NOW), 0, 0),
    ] {
        let case = Case::of(part.clone(), &[live(google(0))]);
        let refund = |mut case: Case| refunds(&case.apply(&RELEASED).effects);
        assert_eq!(
            refund(case.clone().failed()),
            Cents(failed),
            "failed: {part:?}"
        );
        assert_eq!(refund(case.leaving()), Cents(leaving), "leaving: {part:?}");
    }
}

#[test]
fn a_domain_leaves_its_order_and_the_order_shrinks_unless_it_ends() {
    use OrderDomainState::{Left, Released};
    let replaced = |domain: OrderDomain| OrderDomain {
        swap_out_id: Some(swap_id("out")),
        ..domain
    };
    let coming = || coming_in(microsoft(1), "in");
    for (status, part, state, shown) in [
        (OrderStatus::Completed, live(microsoft(1)), Left, 1),
        (OrderStatus::InProgress, microsoft(1), Left, 1),
        (
            OrderStatus::CancelScheduled,
            live(microsoft(1)),
            Released,
            2,
        ),
        (
            OrderStatus::CancelScheduled,
            replaced(live(microsoft(1))),
            Left,
            1,
        ),
        (OrderStatus::Failed, live(microsoft(1)), Released, 2),
        (OrderStatus::Completed, coming(), Left, 1),
        (OrderStatus::CancelScheduled, coming(), Left, 1),
        (OrderStatus::Failed, coming(), Left, 1),
    ] {
        let was_live = part.state == OrderDomainState::Active;
        let mut case = Case::of(part, &[live(google(0))]).leaving();
        case.order.status = status;
        let applied = case.apply(&RELEASED);
        assert_eq!((applied.next, applied.job), (Next::Stop, JobFate::Dropped));
        let mut expected = vec!["left dom_d1"];
        expected.extend(was_live.then_some("microsoft -50"));
        expected.push("inboxes removed");
        assert_eq!(words(&applied.effects)[1..], expected);
        assert_eq!(
            (case.part.state, case.order.domain_count),
            (state, shown),
            "{status}"
        );
        assert_eq!(
            (case.order.domains_active, case.order.inboxes_active),
            (1, 2)
        );
    }
}

#[test]
fn a_domain_goes_to_where_it_belongs_when_it_leaves() {
    let ended = Some(NOW);
    for (owned, delegated, until, category, status) in [
        (
            true,
            true,
            None,
            DomainCategory::Inventory,
            DomainStatus::Available,
        ),
        (
            true,
            false,
            None,
            DomainCategory::Inventory,
            DomainStatus::ActionRequired,
        ),
        (
            false,
            false,
            None,
            DomainCategory::Candidate,
            DomainStatus::Failed,
        ),
        (
            true,
            true,
            ended,
            DomainCategory::Candidate,
            DomainStatus::Failed,
        ),
    ] {
        let mut case = Case::of(live(google(0)), &[]).leaving();
        (case.domain.owned, case.domain.delegated) = (owned, delegated);
        case.domain.registered_until = until;
        case.apply(&RELEASED);
        let domain = &case.domain;
        assert_eq!((domain.category, domain.status), (category, status));
        assert_eq!((&domain.order_id, &domain.user_id), (&None, &None));
        assert_eq!((domain.provider, &domain.forwarding_url), (None, &None));
        assert_eq!(domain.owned, category == DomainCategory::Inventory);
    }
}

#[test]
fn renamings_of_inboxes_that_are_not_made_follow_their_domain() {
    let part = OrderDomain {
        personas: Some(personas(&["Eve"])),
        ..google(0)
    };
    let renamed = |status| renaming("one", &part, &persona("Eve", None), status);
    let status_after = |changes: &[Change]| {
        let mut world = World::new(vec![part.clone()]);
        world
            .swaps
            .insert(swap_id("one"), renamed(SwapStatus::Created));
        for change in changes {
            world.apply(&part.domain_id, change);
        }
        world.swaps[&swap_id("one")].status
    };
    assert_eq!(status_after(&[CONNECTED]), SwapStatus::Completed);
    let other_picture = blocked(&[ActionReason::ProfilePictureNotAccessible]);
    assert_eq!(status_after(&[other_picture]), SwapStatus::Created);
    assert_eq!(
        status_after(&[order_failed(), RELEASED]),
        SwapStatus::Failed
    );
}
