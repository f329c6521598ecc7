//! Pending actions: what keeps domains from going on until the partner or the customer has done something (contract §4).

use crate::id::{AccountId, ActionId, DomainId, OrderId, UserId};
use crate::job::{JobKind, NewJob};
use crate::persona::Persona;
use crate::status::{ActionKind, ActionReason, ActionStatus};
use crate::time::Timestamp;
use crate::view;

/// When a picture that cannot be loaded is looked at again.
pub(super) const PICTURE_RECHECK_SECONDS: i64 = 10 * 60;

/// A domain that an action is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionDomain {
    pub id: DomainId,
    pub name: String,
}

/// What keeps domains of an order from going on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingAction {
    pub account_id: AccountId,
    pub id: ActionId,
    pub order_id: OrderId,
    /// At least one, by id.
    pub domains: Vec<ActionDomain>,
    pub kind: ActionKind,
    pub reason: ActionReason,
    pub status: ActionStatus,
    /// What to do, for the partner.
    pub message: String,
    pub created_at: Timestamp,
    /// Whose picture it is, when it is one.
    pub persona: Option<Persona>,
    pub user_id: UserId,
    pub resolved_at: Option<Timestamp>,
}

impl PendingAction {
    /// What looks by itself whether the partner has done it; nothing for a domain that has to be replaced.
    pub fn watch(&self, now: Timestamp) -> Option<NewJob> {
        let account = &self.account_id;
        match self.reason {
            ActionReason::UpdateNameservers => {
                let domain = self.domains.first()?;
                let job = JobKind::Delegation;
                Some(NewJob::new(account, job, domain.id.as_str(), now))
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
        let domain = |domain: &ActionDomain| view::ActionDomain {
            id: domain.id.to_string(),
            domain: domain.name.clone(),
        };
        let domains: Vec<_> = self.domains.iter().map(domain).collect();
        let first = domains.first().cloned().unwrap_or_default();
        view::PendingAction {
            id: self.id.to_string(),
            kind: self.kind.to_string(),
            reason: self.reason,
            status: self.status,
            order_id: self.order_id.to_string(),
            domain_id: first.id,
            domain: first.domain,
            domains,
            user: self.persona.as_ref().map(Into::into),
            message: self.message.clone(),
            created_at: self.created_at,
            resolved_at: self.resolved_at,
        }
    }
}
