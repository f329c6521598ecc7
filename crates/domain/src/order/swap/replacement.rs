//! The domain that a swap brings in.

use super::{Effect, Swap};
use crate::job::NewJob;
use crate::money::Cents;
use crate::order::{Domain, Order, OrderDomain, Personas};
use crate::provisioning::ProvisionStep;
use crate::status::{IllegalTransition, OrderDomainState, SwapReason, SwapStatus};
use crate::time::Timestamp;
use crate::view::Source;

/// What comes in beside the old domain.
#[derive(Debug, Clone)]
pub struct Incoming {
    pub domain: Domain,
    pub source: Source,
    /// First year; nothing when owned.
    pub price: Cents,
    /// Further years; nothing when owned.
    pub renewal_price: Cents,
}

impl Incoming {
    /// One that the account has.
    pub fn owned(domain: Domain) -> Self {
        Self {
            domain,
            source: Source::Imported,
            price: Cents::ZERO,
            renewal_price: Cents::ZERO,
        }
    }
}

/// The replacement on its order.
pub(super) struct Added {
    pub domain: Domain,
    pub part: OrderDomain,
    pub job: Effect,
}

/// Puts the replacement on the swap's order, with the layout of the domain that it replaces.
pub(super) fn bring_in(
    order: &Order,
    old: &OrderDomain,
    swap: &mut Swap,
    incoming: Incoming,
    position: u32,
    now: Timestamp,
) -> Result<Added, IllegalTransition> {
    let mut domain = incoming.domain;
    domain.join(order, old)?;
    let part = OrderDomain {
        position,
        domain_id: domain.id.clone(),
        name: domain.name.clone(),
        source: incoming.source,
        price_cents: incoming.price,
        renewal_price_cents: incoming.renewal_price,
        step: ProvisionStep::FIRST,
        state: OrderDomainState::Pending,
        // Cancelled meanwhile, the old domain takes the new one along; else the new one stays.
        leaves_at: old.leaves_at,
        deprovision_pending: false,
        // The new inboxes bear the same names, in the same order.
        personas: Some(Personas(old.personas_on(order))),
        swap_in_id: Some(swap.id.clone()),
        swap_out_id: None,
        ..old.clone()
    };
    swap.replacement_domain_id = Some(domain.id.clone());
    let job = NewJob::provision(&order.account_id, &order.id, &domain.id, now);
    Ok(Added {
        domain,
        part,
        job: Effect::Enqueue(job),
    })
}

/// What becomes of a swap whose replacement was imported.
#[derive(Debug)]
pub enum Import {
    /// The replacement is on the order.
    Added(Box<(Domain, OrderDomain)>, Vec<Effect>),
    /// The swap has failed.
    Failed(Vec<Effect>),
}

/// Lets a swap go on that waited for the import of `domain`. `on` is the active order of the old domain with the last
/// position there; `None` when the order has ended or goes on without it.
pub fn imported(
    swap: &mut Swap,
    domain: &Domain,
    on: Option<(&Order, &OrderDomain, u32)>,
    now: Timestamp,
) -> Result<Import, IllegalTransition> {
    let Some((order, old, last_position)) = on else {
        return swap.fail(SwapReason::OrderEnded).map(Import::Failed);
    };
    if domain.order_id.is_some() {
        let failed = swap.fail(SwapReason::DomainAlreadyInActiveOrder);
        return failed.map(Import::Failed);
    }
    if !domain.usable_for().contains(&old.provider) {
        let failed = swap.fail(SwapReason::DomainNotUsableForProvider);
        return failed.map(Import::Failed);
    }
    let incoming = Incoming::owned(domain.clone());
    let added = bring_in(order, old, swap, incoming, last_position + 1, now)?;
    let event = swap.turn(SwapStatus::InProgress, None)?;
    let part = Box::new((added.domain, added.part));
    Ok(Import::Added(part, vec![added.job, event]))
}
