//! Pending actions: what they block goes on by itself when they are resolved (contract §4).

use super::Effect;
use super::progress::DomainOnOrder;
use crate::id::{AccountId, ActionId, DomainId, OrderId, UserId};
use crate::job::{JobKind, NewJob};
use crate::order::Persona;
use crate::status::{
    ActionReason, ActionStatus, DomainStatus, IllegalTransition, OrderDomainState, SwapStatus,
};
use crate::time::Timestamp;
use crate::view;

/// When a picture that cannot be loaded is looked at again.
pub(super) const PICTURE_RECHECK_SECONDS: i64 = 10 * 60;

/// What keeps a domain of an order from going on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingAction {
    pub account_id: AccountId,
    pub id: ActionId,
    pub order_id: OrderId,
    pub domain_id: DomainId,
    pub reason: ActionReason,
    pub status: ActionStatus,
    /// What to do, for the partner.
    pub message: String,
    pub created_at: Timestamp,
    /// Whose picture it is, when it is one.
    pub persona: Option<Persona>,
    /// The domain's name.
    pub domain: String,
    pub user_id: UserId,
    pub resolved_at: Option<Timestamp>,
}

impl PendingAction {
    /// What looks by itself whether the partner has done it; nothing for a domain that has to be replaced.
    pub(super) fn watch(&self, now: Timestamp) -> Option<NewJob> {
        let account = &self.account_id;
        match self.reason {
            ActionReason::UpdateNameservers => {
                let domain = self.domain_id.as_str();
                Some(NewJob::new(account, JobKind::Delegation, domain, now))
            }
            ActionReason::ProfilePictureNotAccessible => {
                let at = now.plus_seconds(PICTURE_RECHECK_SECONDS);
                let id = self.id.as_str();
                Some(NewJob::timer(account, JobKind::Picture, id, at))
            }
            ActionReason::ReplaceDomain => None,
        }
    }

    /// As partners see it.
    pub fn view(&self) -> view::PendingAction {
        view::PendingAction {
            id: self.id.to_string(),
            kind: self.reason.kind().to_owned(),
            reason: self.reason,
            status: self.status,
            order_id: self.order_id.to_string(),
            domain_id: self.domain_id.to_string(),
            domain: self.domain.clone(),
            user: self.persona.as_ref().map(Into::into),
            message: self.message.clone(),
            created_at: self.created_at,
        }
    }
}

/// The last action about a domain is resolved: it goes on, and the swap that brings it in. The order's status is decided
/// by [`super::Order::resume`] when no other domain of it waits.
pub fn resume(
    on: &mut DomainOnOrder<'_>,
    now: Timestamp,
) -> Result<Vec<Effect>, IllegalTransition> {
    let mut effects = Vec::new();
    if on.place.state != OrderDomainState::ActionRequired {
        return Ok(effects);
    }
    on.place.state = OrderDomainState::Pending;
    on.domain.turn(DomainStatus::InProgress)?;
    if let Some(swap) = &mut on.swap_in
        && swap.status == SwapStatus::ActionRequired
    {
        effects.push(swap.turn(SwapStatus::InProgress, None)?);
    }
    let (account, order) = (&on.place.account_id, &on.place.order_id);
    let job = NewJob::provision(account, order, &on.place.domain_id, now);
    effects.push(Effect::Enqueue(job));
    Ok(effects)
}
