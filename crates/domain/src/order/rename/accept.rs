//! Whether inboxes can be renamed, and which takes which name.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{AccountId, DomainId, SwapId};
use crate::inbox_names::{InboxName, inbox_names};
use crate::job::NewJob;
use crate::money::Cents;
use crate::order::{Cause, Domain, Effect, Inbox, Order, OrderDomain, Personas, Swap};
use crate::status::{
    ActionReason, IllegalTransition, OrderDomainState, SwapReason, SwapStatus, SwapType,
};
use crate::time::Timestamp;
use crate::view;

/// A wish to rename the inboxes of a domain.
#[derive(Debug, Clone)]
pub struct RenameRequest {
    pub account: AccountId,
    pub domain: DomainId,
    /// Whose names the inboxes are to bear, in turns.
    pub personas: Personas,
    pub now: Timestamp,
}

/// All that the decision about a renaming goes by.
#[derive(Debug)]
pub struct RenameFacts {
    pub domain: Domain,
    pub order: Order,
    /// The domain's part in the order, which is not over.
    pub part: OrderDomain,
    /// Whether a picture keeps its inboxes from being made.
    pub waits_for_picture: bool,
    /// Its renamings that are not over, oldest first.
    pub open: Vec<Swap>,
    /// Its inboxes that are not removed, oldest first.
    pub inboxes: Vec<Inbox>,
    /// The part in the order of a domain that a swap is bringing in for this one; `None` when there is none, and when its
    /// inboxes have their names already.
    pub coming_in: Option<OrderDomain>,
}

/// A renaming as it is to be written.
#[derive(Debug)]
pub struct Renaming {
    pub swaps: Vec<Swap>,
    pub shown: Vec<view::Swap>,
    pub effects: Vec<Effect>,
    /// What changes beside the new swaps; `None` when they are duplicates, and have failed.
    pub accepted: Option<AcceptedRenaming>,
}

/// What a renaming changes that repeats none in flight.
#[derive(Debug)]
pub struct AcceptedRenaming {
    pub part: OrderDomain,
    /// Renamings whose place this one takes.
    pub superseded: Vec<Swap>,
    /// The domain that a swap is bringing in gets the new names too.
    pub coming_in: Option<OrderDomain>,
}

/// Decides about a renaming. While one of the domain is in flight, the swaps are duplicates and have failed. One that waits
/// for a picture gives way to one with other personas (contract §4). `None` when the inboxes cannot be renamed: the domain
/// is about to leave, or still being set up for another reason than a picture.
pub fn accept_rename(
    request: &RenameRequest,
    facts: RenameFacts,
) -> Result<Option<Renaming>, IllegalTransition> {
    let part = &facts.part;
    let is_waiting = part.state == OrderDomainState::ActionRequired;
    let is_live = part.state == OrderDomainState::Active;
    let can_be = is_live || (is_waiting && facts.waits_for_picture);
    if part.leaves_at.is_some() || !can_be {
        return Ok(None);
    }
    let in_flight = is_in_flight(&facts.open, part, &request.personas);
    let mut renaming = Renaming {
        swaps: Vec::new(),
        shown: Vec::new(),
        effects: Vec::new(),
        accepted: None,
    };
    for mut swap in new_swaps(request, &facts) {
        let (status, reason) = if in_flight {
            (SwapStatus::Failed, Some(SwapReason::Duplicate))
        } else {
            (SwapStatus::Created, None)
        };
        renaming.effects.push(swap.turn(status, reason)?);
        renaming.shown.push(swap.view());
        renaming.swaps.push(swap);
    }
    if !in_flight {
        renaming.accept(request, facts)?;
    }
    Ok(Some(renaming))
}

impl Renaming {
    fn accept(
        &mut self,
        request: &RenameRequest,
        facts: RenameFacts,
    ) -> Result<(), IllegalTransition> {
        let RenameFacts {
            mut part,
            open: mut superseded,
            order,
            mut coming_in,
            ..
        } = facts;
        let is_waiting = part.state == OrderDomainState::ActionRequired;
        let was_blocked = is_waiting || !superseded.is_empty();
        for domain in std::iter::once(&mut part).chain(&mut coming_in) {
            domain.personas = Some(request.personas.clone());
        }
        for swap in &mut superseded {
            let reason = Some(SwapReason::Superseded);
            self.effects.push(swap.turn(SwapStatus::Failed, reason)?);
        }
        let job = NewJob::provision(&request.account, &order.id, &request.domain, request.now);
        self.effects.push(Effect::Enqueue(job));
        // What pictures of the former personas blocked goes on with the new ones.
        let blocked = was_blocked.then_some(&part).into_iter().chain(&coming_in);
        let domains: BTreeSet<_> = blocked.map(|part| part.domain_id.clone()).collect();
        if !domains.is_empty() {
            self.effects.push(Effect::ReleaseActions {
                order: order.id.clone(),
                domains,
                cause: Cause::Reason(ActionReason::ProfilePictureNotAccessible),
            });
        }
        self.accepted = Some(AcceptedRenaming {
            part,
            superseded,
            coming_in,
        });
        Ok(())
    }
}

/// Whether a renaming would repeat or disturb those that are open: it has the same personas, or inboxes are being renamed
/// right now. While a domain waits for a picture, none is.
fn is_in_flight(open: &[Swap], part: &OrderDomain, personas: &Personas) -> bool {
    let is_same = part.personas.as_ref() == Some(personas);
    let is_moving = open
        .iter()
        .any(|swap| swap.status != SwapStatus::ActionRequired);
    let is_waiting = part.state == OrderDomainState::ActionRequired;
    !open.is_empty() && (is_same || (is_moving && !is_waiting))
}

fn new_swaps(request: &RenameRequest, facts: &RenameFacts) -> Vec<Swap> {
    let names = inbox_names(&request.personas.0, facts.part.inboxes);
    let domain = &facts.domain.name;
    paired(&names, &facts.inboxes, domain)
        .into_iter()
        .map(|(name, inbox)| Swap {
            account_id: request.account.clone(),
            id: SwapId::new(request.now),
            kind: SwapType::UserNames,
            status: SwapStatus::Created,
            reason: None,
            order_id: facts.order.id.clone(),
            user_id: facts.order.user_id.clone(),
            domain_id: request.domain.clone(),
            replacement_domain: None,
            replacement_domain_id: None,
            inbox_id: inbox.map(|inbox| inbox.id.clone()),
            persona: request.personas.0.get(name.persona).cloned(),
            old_email: inbox.map(|inbox| inbox.email.clone()),
            new_email: Some(address(name, domain)),
            inboxes: 1,
            price_cents: Cents::ZERO,
            license_cents: Cents::ZERO,
            retires_at: None,
            created_at: request.now,
        })
        .collect()
}

fn address(name: &InboxName, domain: &str) -> String {
    format!("{}@{domain}", name.local_part)
}

/// Which inbox takes which name: one that has a name's address keeps it, so that no address moves between inboxes; the
/// others take what is left, in order. An inbox that is not made yet is `None`.
fn paired<'f>(
    names: &'f [InboxName],
    existing: &'f [Inbox],
    domain: &str,
) -> Vec<(&'f InboxName, Option<&'f Inbox>)> {
    let wanted: BTreeSet<String> = names.iter().map(|name| address(name, domain)).collect();
    let (kept, rest): (Vec<_>, Vec<_>) = existing
        .iter()
        .partition(|inbox| wanted.contains(&inbox.email));
    let mut kept: BTreeMap<&str, &Inbox> = kept
        .into_iter()
        .map(|inbox| (inbox.email.as_str(), inbox))
        .collect();
    let mut rest = rest.into_iter();
    names
        .iter()
        .map(|name| {
            let same = kept.remove(address(name, domain).as_str());
            (name, same.or_else(|| rest.next()))
        })
        .collect()
}
