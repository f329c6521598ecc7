//! Whether a domain swap is accepted, and what it costs: every rule of contract §5.

use super::replacement::{Incoming, bring_in};
use super::{Effect, Swap};
use crate::history::HistoryKind;
use crate::id::{AccountId, DomainId, OrderId, SwapId};
use crate::mail::MailProvider;
use crate::money::Cents;
use crate::name::DomainName;
use crate::order::{Domain, Order, OrderDomain};
use crate::status::{
    DomainCategory, IllegalTransition, OrderStatus, SwapReason, SwapStatus, SwapType,
};
use crate::time::Timestamp;
use crate::view::{self, Source};
use crate::wallet::{InsufficientFunds, LedgerReason, Wallet};

/// For so long premium swaps count towards the quota, and a domain cannot be premium-swapped again.
const PREMIUM_WINDOW_SECONDS: i64 = 30 * 24 * 60 * 60;

/// Premium swaps that were accepted after this count.
pub fn premium_since(now: Timestamp) -> Timestamp {
    now.plus_seconds(-PREMIUM_WINDOW_SECONDS)
}

/// A wish to replace a domain.
#[derive(Debug, Clone)]
pub struct SwapRequest {
    pub account: AccountId,
    /// The swap's id, should it be accepted.
    pub id: SwapId,
    pub kind: SwapType,
    /// The domain that is to go.
    pub domain: DomainId,
    /// The domain that is to come.
    pub replacement: DomainName,
    /// Its id, should the name be new to the account.
    pub new_domain_id: DomainId,
    /// Where it comes from, unless the account owns it by the time of the decision.
    pub offer: SwapOffer,
    /// Share of the live Microsoft inboxes that may be premium-swapped in 30 days, in percent.
    pub premium_percent: u8,
    pub now: Timestamp,
}

/// Where a domain comes from that the account does not own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SwapOffer {
    /// It can be bought.
    Registrar {
        price: Cents,
        renewal_price: Cents,
        /// Whether it can host nothing but Google.
        google_only: bool,
    },
    /// It is registered elsewhere and has to be imported.
    Elsewhere,
    /// It is for sale at a premium price, which swaps do not pay.
    Premium,
    /// It cannot be had, for this reason in the words of `domains_not_submittable`.
    Nowhere(&'static str),
}

/// All that the decision about a swap goes by.
#[derive(Debug, Clone)]
pub struct SwapFacts {
    /// The domain that is to go.
    pub domain: Option<Domain>,
    /// The active order that it is on, and its part there.
    pub on: Option<(Order, OrderDomain)>,
    /// The last position on that order.
    pub last_position: u32,
    /// Whether a swap of the domain is in flight.
    pub in_flight: bool,
    /// When the domain was last premium-swapped, as the old or the new one, since [`premium_since`].
    pub last_premium: Option<Timestamp>,
    /// Inboxes of the account that were premium-swapped since [`premium_since`].
    pub premium_inboxes: i64,
    /// Live Microsoft inboxes of the account.
    pub microsoft_inboxes: i64,
    /// What the account knows of the replacement's name.
    pub replacement: Option<Domain>,
    pub wallet: Wallet,
}

/// A swap as it is to be written.
#[derive(Debug)]
pub struct SwapAcceptance {
    pub swap: Swap,
    /// What the partner is shown: the swap as it was accepted, even when it waits for an import at once.
    pub shown: view::Swap,
    /// The replacement and its part in the order; `None` for a duplicate, and while it has to be imported.
    pub incoming: Option<(Domain, OrderDomain)>,
    pub effects: Vec<Effect>,
}

/// Why a swap is not accepted; nothing is to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SwapRefusal {
    /// The account has no such domain.
    NoDomain,
    /// The domain is on no active order, or about to leave it.
    NotConnected,
    /// Premium, but the domain is not a Microsoft one.
    NotMicrosoft,
    /// Premium, but the domain was premium-swapped lately.
    Cooldown {
        available_at: Timestamp,
    },
    /// Premium, but too many inboxes were premium-swapped lately.
    OverQuota {
        /// Inboxes that may be, in 30 days.
        limit: i64,
        used: i64,
        /// Inboxes of this domain.
        requested: i64,
    },
    /// The replacement is on this active order.
    Taken(OrderId),
    /// The replacement cannot host the provider.
    Unusable {
        /// What it would have to host.
        provider: MailProvider,
        /// What it can host.
        usable_for: Vec<MailProvider>,
    },
    /// The replacement is a premium name.
    PremiumName,
    /// The replacement cannot be had, for this reason in the words of `domains_not_submittable`.
    NotToBeHad(&'static str),
    InsufficientFunds(InsufficientFunds),
}

/// Decides about a domain swap. A duplicate of one in flight is accepted, and has failed.
pub fn accept_swap(
    request: &SwapRequest,
    facts: &SwapFacts,
) -> Result<Result<SwapAcceptance, SwapRefusal>, IllegalTransition> {
    let (order, old) = match subject(facts) {
        Ok(subject) => subject,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut swap = new_swap(request, order, old);
    if facts.in_flight {
        let event = swap.turn(SwapStatus::Failed, Some(SwapReason::Duplicate))?;
        return Ok(Ok(SwapAcceptance {
            shown: swap.view(),
            swap,
            incoming: None,
            effects: vec![event],
        }));
    }
    let incoming = match check(request, facts, order, old) {
        Ok(incoming) => incoming,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if request.kind == SwapType::Premium {
        swap.license_cents = old.license_share(order);
    }
    swap.price_cents = incoming
        .as_ref()
        .map_or(Cents::ZERO, |incoming| incoming.price);
    let cost = swap.price_cents + swap.license_cents;
    if let Err(missing) = facts.wallet.covers(cost) {
        return Ok(Err(SwapRefusal::InsufficientFunds(missing)));
    }
    let position = facts.last_position + 1;
    accepted(request, swap, (order, old), cost, incoming, position).map(Ok)
}

/// The order and the old domain. A replacement that is not live yet is none that could be swapped.
fn subject(facts: &SwapFacts) -> Result<(&Order, &OrderDomain), SwapRefusal> {
    let known = facts.domain.as_ref();
    if known.is_none_or(|domain| domain.category == DomainCategory::Candidate) {
        return Err(SwapRefusal::NoDomain);
    }
    let on = facts.on.as_ref().filter(|(_, old)| old.has_joined());
    on.map(|(order, old)| (order, old))
        .ok_or(SwapRefusal::NotConnected)
}

/// What comes in; `None` when it has to be imported first.
fn check(
    request: &SwapRequest,
    facts: &SwapFacts,
    order: &Order,
    old: &OrderDomain,
) -> Result<Option<Incoming>, SwapRefusal> {
    if old.leaves_at.is_some() || order.status == OrderStatus::CancelScheduled {
        return Err(SwapRefusal::NotConnected);
    }
    if request.kind == SwapType::Premium {
        check_premium(request, facts, old)?;
    }
    incoming(request, facts, old)
}

fn check_premium(
    request: &SwapRequest,
    facts: &SwapFacts,
    old: &OrderDomain,
) -> Result<(), SwapRefusal> {
    if old.provider != MailProvider::Microsoft {
        return Err(SwapRefusal::NotMicrosoft);
    }
    if let Some(last) = facts.last_premium {
        let available_at = last.plus_seconds(PREMIUM_WINDOW_SECONDS);
        return Err(SwapRefusal::Cooldown { available_at });
    }
    let limit = facts.microsoft_inboxes * i64::from(request.premium_percent) / 100;
    let (used, requested) = (facts.premium_inboxes, i64::from(old.inboxes));
    if used + requested > limit {
        return Err(SwapRefusal::OverQuota {
            limit,
            used,
            requested,
        });
    }
    Ok(())
}

fn incoming(
    request: &SwapRequest,
    facts: &SwapFacts,
    old: &OrderDomain,
) -> Result<Option<Incoming>, SwapRefusal> {
    let mut known = facts.replacement.clone();
    if let Some(domain) = known.as_mut().filter(|known| known.has_lapsed(request.now)) {
        domain.disown();
    }
    if let Some(order) = known.as_ref().and_then(|known| known.order_id.clone()) {
        return Err(SwapRefusal::Taken(order));
    }
    let provider = old.provider;
    if let Some(domain) = known.as_ref().filter(|known| known.owned) {
        let usable_for = domain.usable_for();
        if !usable_for.contains(&provider) {
            return Err(SwapRefusal::Unusable {
                provider,
                usable_for,
            });
        }
        return Ok(Some(Incoming::owned(domain.clone())));
    }
    match request.offer {
        SwapOffer::Premium => Err(SwapRefusal::PremiumName),
        SwapOffer::Nowhere(reason) => Err(SwapRefusal::NotToBeHad(reason)),
        SwapOffer::Elsewhere => Ok(None),
        SwapOffer::Registrar {
            google_only: true, ..
        } if provider == MailProvider::Microsoft => Err(SwapRefusal::Unusable {
            provider,
            usable_for: vec![MailProvider::Google],
        }),
        SwapOffer::Registrar {
            price,
            renewal_price,
            google_only,
        } => {
            let new = || {
                let (id, name) = (&request.new_domain_id, request.replacement.as_str());
                Domain::candidate(&request.account, id, name, request.now)
            };
            let mut domain = known.unwrap_or_else(new);
            domain.google_only = google_only;
            Ok(Some(Incoming {
                domain,
                source: Source::Registered,
                price,
                renewal_price,
            }))
        }
    }
}

fn new_swap(request: &SwapRequest, order: &Order, old: &OrderDomain) -> Swap {
    Swap {
        account_id: request.account.clone(),
        id: request.id.clone(),
        kind: request.kind,
        status: SwapStatus::Created,
        reason: None,
        order_id: order.id.clone(),
        user_id: order.user_id.clone(),
        domain_id: request.domain.clone(),
        replacement_domain: Some(request.replacement.to_string()),
        replacement_domain_id: None,
        inbox_id: None,
        persona: None,
        old_email: None,
        new_email: None,
        inboxes: old.inboxes,
        price_cents: Cents::ZERO,
        license_cents: Cents::ZERO,
        retires_at: None,
        created_at: request.now,
    }
}

fn accepted(
    request: &SwapRequest,
    mut swap: Swap,
    (order, old): (&Order, &OrderDomain),
    cost: Cents,
    incoming: Option<Incoming>,
    position: u32,
) -> Result<SwapAcceptance, IllegalTransition> {
    let mut effects = vec![
        Effect::Debit {
            amount: cost,
            reason: LedgerReason::Swap,
            order: order.id.clone(),
        },
        Effect::Record {
            order: order.id.clone(),
            kind: HistoryKind::SwapCreated,
            message: format!(
                "A {} swap of {} to {} was accepted",
                request.kind, old.name, request.replacement
            ),
            amount: Some(-cost),
        },
        swap.turn(SwapStatus::Created, None)?,
    ];
    let shown = swap.view();
    let incoming = if let Some(incoming) = incoming {
        let added = bring_in(order, old, &mut swap, incoming, position, request.now)?;
        effects.push(added.job);
        Some((added.domain, added.part))
    } else {
        let reason = SwapReason::DomainNotImported;
        effects.extend(swap.wait(reason, Vec::new(), request.now)?);
        None
    };
    Ok(SwapAcceptance {
        swap,
        shown,
        incoming,
        effects,
    })
}
