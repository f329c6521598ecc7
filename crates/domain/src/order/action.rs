//! What a resolved action lets go on (contract §4).

use super::{Domain, Effect, OrderDomain, Swap};
use crate::job::NewJob;
use crate::status::{DomainStatus, IllegalTransition, OrderDomainState, SwapStatus};
use crate::time::Timestamp;

/// The last action about a domain is resolved: it goes on, and the swap that brings it in.
pub fn resume(
    part: &mut OrderDomain,
    domain: &mut Domain,
    swap_in: Option<&mut Swap>,
    now: Timestamp,
) -> Result<Vec<Effect>, IllegalTransition> {
    let mut effects = Vec::new();
    if part.is_live() && domain.status == DomainStatus::ActionRequired {
        // Its inboxes were to be renamed.
        domain.turn(DomainStatus::Active)?;
        let job = NewJob::provision(&part.account_id, &part.order_id, &part.domain_id, now);
        effects.push(Effect::Enqueue(job));
        return Ok(effects);
    }
    if part.state != OrderDomainState::ActionRequired {
        return Ok(effects);
    }
    part.state = OrderDomainState::Pending;
    domain.turn(DomainStatus::InProgress)?;
    if let Some(swap) = swap_in
        && swap.status == SwapStatus::ActionRequired
    {
        effects.push(swap.turn(SwapStatus::InProgress, None)?);
    }
    let job = NewJob::provision(&part.account_id, &part.order_id, &part.domain_id, now);
    effects.push(Effect::Enqueue(job));
    Ok(effects)
}
