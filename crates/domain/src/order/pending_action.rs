//! Pending actions: what keeps a domain from going on until the partner or the customer has done something (contract §4).

use crate::id::{AccountId, ActionId, DomainId, OrderId, UserId};
use crate::job::{JobKind, NewJob};
use crate::persona::Persona;
use crate::status::{ActionKind, ActionReason, ActionStatus};
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
    pub kind: ActionKind,
    pub reason: ActionReason,
    pub status: ActionStatus,
    /// What to do, for the partner.
    pub message: String,
    pub created_at: Timestamp,
    /// Whose picture it is, when it is one.
    pub persona: Option<Persona>,
    pub domain: String,
    pub user_id: UserId,
    pub resolved_at: Option<Timestamp>,
}

impl PendingAction {
    /// What looks by itself whether the partner has done it; nothing for a domain that has to be replaced.
    pub fn watch(&self, now: Timestamp) -> Option<NewJob> {
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

    /// The partner or the customer has done it.
    pub fn resolve(&mut self, now: Timestamp) {
        self.status = ActionStatus::Resolved;
        self.resolved_at = Some(now);
    }

    /// As partners see it.
    pub fn view(&self) -> view::PendingAction {
        view::PendingAction {
            id: self.id.to_string(),
            kind: self.kind.to_string(),
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
