//! What waits, comes or leaves at a moment of a story: somebody is told of it, and something will see to it.

use peeker_domain::{
    ActionReason, ActionStatus, JobKind, JobState, OrderDomainState, OrderStatus, SwapReason,
    SwapStatus, SwapType,
};
use peeker_store::entity::{order_domains, swaps};

use super::world::{World, is_active, is_open, is_over};

impl World {
    /// What waits has an open action, and what is open is waited for.
    pub fn check_actions(&self) {
        let open: Vec<_> = self
            .actions
            .iter()
            .filter(|action| action.status == ActionStatus::Open)
            .collect();
        for action in &open {
            let domains: Vec<_> = self.domains_of(&action.id).collect();
            assert!(!domains.is_empty(), "{action:?} is about nothing");
            for domain in domains {
                let place = self.place(&action.order_id, domain);
                let place = place.unwrap_or_else(|| {
                    panic!("{action:?} is about a domain that is not on the order")
                });
                let renaming = self.swaps.iter().any(|swap| {
                    swap.domain_id == *domain
                        && swap.status == SwapStatus::ActionRequired
                        && swap.persona == action.persona
                });
                let holds = place.state == OrderDomainState::ActionRequired
                    || (place.state == OrderDomainState::Active && renaming);
                assert!(holds, "{action:?} holds nothing: {place:?}");
            }
        }
        for place in self
            .places
            .iter()
            .filter(|place| place.state == OrderDomainState::ActionRequired)
        {
            assert!(self.waits(place), "nobody is told why {} waits", place.name);
        }
    }

    /// A domain swap that is open has its places; one that is over has none left.
    pub fn check_swap(&self, swap: &swaps::Model) {
        let incoming = self
            .places
            .iter()
            .find(|place| place.swap_in_id.as_ref() == Some(&swap.id));
        let outgoing = self
            .places
            .iter()
            .find(|place| place.swap_out_id.as_ref() == Some(&swap.id));
        if !is_open(swap) {
            let completed = swap.status == SwapStatus::Completed;
            assert!(
                outgoing.is_none_or(is_over),
                "{swap:?} is over, {outgoing:?} is not"
            );
            assert_eq!(completed, outgoing.is_some(), "{swap:?}");
            let goes = |place: &order_domains::Model| is_over(place) || place.leaves_at.is_some();
            assert!(
                completed || incoming.is_none_or(goes),
                "{swap:?} failed, {incoming:?} stays"
            );
            return;
        }
        let old = self.place(&swap.order_id, &swap.domain_id);
        let old = old.unwrap_or_else(|| panic!("{swap:?} is open and its domain gone"));
        match (incoming, swap.retires_at) {
            (None, _) => assert_eq!(
                (swap.status, swap.reason),
                (
                    SwapStatus::ActionRequired,
                    Some(SwapReason::DomainNotImported)
                ),
                "{swap:?}"
            ),
            (Some(new), None) => {
                assert!(
                    [OrderDomainState::Pending, OrderDomainState::ActionRequired]
                        .contains(&new.state),
                    "{swap:?}: {new:?}"
                );
                assert_eq!(
                    swap.status == SwapStatus::ActionRequired,
                    new.state == OrderDomainState::ActionRequired,
                    "{swap:?}: {new:?}"
                );
            }
            (Some(_), Some(at)) => {
                assert_eq!(old.swap_out_id.as_ref(), Some(&swap.id), "{swap:?}");
                assert!(
                    old.leaves_at.is_some_and(|leaves| leaves <= at),
                    "{swap:?}: {old:?}"
                );
                assert_eq!(swap.status, SwapStatus::InProgress);
            }
        }
    }

    /// A renaming that waits says for what.
    pub fn check_renaming(&self, swap: &swaps::Model) {
        if !is_open(swap) {
            return;
        }
        let place = self.place(&swap.order_id, &swap.domain_id);
        assert!(place.is_some(), "{swap:?} is open and its domain gone");
        if swap.status == SwapStatus::ActionRequired {
            let is_told = self.actions.iter().any(|action| {
                self.is_about(action, &swap.domain_id)
                    && action.status == ActionStatus::Open
                    && action.persona == swap.persona
            });
            assert!(is_told, "nobody is told why {swap:?} waits");
        }
    }

    /// Everything that has to go on by itself has a job.
    pub fn check_timers(&self) {
        for job in &self.jobs {
            assert_eq!(
                (job.state, job.lease_token.as_ref()),
                (JobState::Ready, None),
                "{job:?}"
            );
        }
        for place in self.places.iter().filter(|place| place.deprovision_pending) {
            let work = self.job(JobKind::Provision, place.domain_id.as_str());
            assert!(is_over(place) && work.is_some(), "nobody clears {place:?}");
        }
        for swap in self
            .swaps
            .iter()
            .filter(|swap| swap.status == SwapStatus::ActionRequired)
        {
            let deadline = self.job(JobKind::SwapDeadline, swap.id.as_str());
            assert!(deadline.is_some(), "{swap:?} waits for ever");
        }
        for place in self.places.iter().filter(|place| !is_over(place)) {
            let work = self.job(JobKind::Provision, place.domain_id.as_str());
            assert!(
                work.is_none_or(|job| job.order_id.as_ref() == Some(&place.order_id)),
                "{place:?} is worked on for another order: {work:?}"
            );
            assert!(
                place.state != OrderDomainState::Pending || work.is_some(),
                "nobody works on {place:?}"
            );
            let swap = place.swap_out_id.as_ref();
            let ends = work.is_some()
                || self.job(JobKind::Cancel, place.order_id.as_str()).is_some()
                || swap.is_some_and(|swap| self.job(JobKind::Retire, swap.as_str()).is_some());
            assert!(place.leaves_at.is_none() || ends, "nobody ends {place:?}");
        }
        for order in self
            .orders
            .iter()
            .filter(|order| is_active(order) && order.status != OrderStatus::CancelScheduled)
        {
            assert!(
                self.job(JobKind::Renew, order.id.as_str()).is_some(),
                "nobody renews {}",
                order.id
            );
        }
        for domain in &self.domains {
            let looked_after = [JobKind::Expiry, JobKind::Registration]
                .iter()
                .any(|kind| self.job(*kind, domain.id.as_str()).is_some());
            assert!(
                domain.registered_until.is_none() || looked_after,
                "nobody looks after {domain:?}"
            );
        }
        for action in self
            .actions
            .iter()
            .filter(|action| action.status == ActionStatus::Open)
        {
            let watched = match action.reason {
                ActionReason::UpdateNameservers => self
                    .domains_of(&action.id)
                    .all(|domain| self.job(JobKind::Delegation, domain.as_str()).is_some()),
                ActionReason::ProfilePictureNotAccessible => {
                    self.job(JobKind::Picture, action.id.as_str()).is_some()
                }
                ActionReason::ReplaceDomain => true,
            };
            assert!(watched, "nobody watches {action:?}");
        }
    }

    /// What holds when everything that is due has been done.
    pub fn check_quiet(&self) {
        for job in &self.jobs {
            assert!(job.run_at > self.system, "{job:?} was due");
        }
        for place in &self.places {
            assert!(!place.deprovision_pending, "{place:?} should be cleared");
        }
        for place in self.places.iter().filter(|place| !is_over(place)) {
            let goes = !is_active(self.order(&place.order_id))
                || place.leaves_at.is_some_and(|at| at <= self.now());
            assert!(!goes, "{place:?} should have left");
        }
        for order in &self.orders {
            let ended = order.status != OrderStatus::CancelScheduled
                || order.cancels_at.is_some_and(|at| at > self.now());
            assert!(ended, "{order:?} should have ended");
        }
        for swap in self
            .swaps
            .iter()
            .filter(|swap| swap.kind == SwapType::UserNames)
        {
            let place = self.place(&swap.order_id, &swap.domain_id);
            let in_hand = [SwapStatus::Created, SwapStatus::InProgress].contains(&swap.status);
            assert!(
                !in_hand || place.is_some_and(|place| place.state != OrderDomainState::Active),
                "nobody does {swap:?}"
            );
        }
    }
}
