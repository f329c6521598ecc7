//! Swaps: replacing a domain of an active order, and renaming the inboxes of one (contract §5).
//!
//! A domain swap adds a domain to the order, which is set up like any other; the order does not show it until it is live.
//! Then the old one leaves, at once or after 14 days, and with it the swap is completed. A renaming is a swap per inbox.

mod accept;
mod replacement;
mod withdraw;

pub use accept::{
    SwapAcceptance, SwapFacts, SwapOffer, SwapRefusal, SwapRequest, accept_swap, premium_since,
};
pub use replacement::{Import, imported};
pub use withdraw::{WithdrawFacts, Withdrawal, Withdrawn, withdraw};

use super::Effect;
use crate::event::EventType;
use crate::history::HistoryKind;
use crate::id::{AccountId, DomainId, InboxId, OrderId, SwapId, UserId};
use crate::job::{JobKind, NewJob};
use crate::money::Cents;
use crate::order::Persona;
use crate::status::{IllegalTransition, SwapReason, SwapStatus, SwapType};
use crate::time::Timestamp;
use crate::view;

/// How long a swap waits for somebody; then it ends.
const WAITING_SECONDS: i64 = 14 * 24 * 60 * 60;

/// The replacement of a domain, or the renaming of one inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swap {
    pub account_id: AccountId,
    pub id: SwapId,
    pub kind: SwapType,
    pub status: SwapStatus,
    pub reason: Option<SwapReason>,
    pub order_id: OrderId,
    pub user_id: UserId,
    /// The domain that is to go, or whose inbox is renamed.
    pub domain_id: DomainId,
    pub replacement_domain: Option<String>,
    /// Known from when the replacement is on the order.
    pub replacement_domain_id: Option<DomainId>,
    /// The inbox that is renamed; `None` while it is not made.
    pub inbox_id: Option<InboxId>,
    pub persona: Option<Persona>,
    pub old_email: Option<String>,
    pub new_email: Option<String>,
    /// Inboxes of the domain, which premium swaps are counted by.
    pub inboxes: u32,
    pub price_cents: Cents,
    /// A month of the old domain's licenses, which a premium swap pays.
    pub license_cents: Cents,
    /// When the old domain leaves; known from when the new one is live.
    pub retires_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

impl Swap {
    /// Gives it another status. The effect tells partners of it.
    pub(super) fn turn(
        &mut self,
        to: SwapStatus,
        reason: Option<SwapReason>,
    ) -> Result<Effect, IllegalTransition> {
        self.status = self.status.transition(to)?;
        self.reason = reason;
        let event = match to {
            SwapStatus::Created => EventType::SwapCreated,
            SwapStatus::InProgress => EventType::SwapInProgress,
            SwapStatus::Completed => EventType::SwapCompleted,
            SwapStatus::Failed => EventType::SwapFailed,
            SwapStatus::ActionRequired => EventType::SwapActionRequired,
        };
        Ok(Effect::Emit {
            event,
            order: self.order_id.clone(),
            data: view::Object::Swap(Box::new(self.view())),
        })
    }

    /// It waits for these actions, or for an import; not for ever. The effects tell partners of it.
    pub(super) fn wait(
        &mut self,
        reason: SwapReason,
        actions: Vec<view::OpenAction>,
        now: Timestamp,
    ) -> Result<Vec<Effect>, IllegalTransition> {
        self.status = self.status.transition(SwapStatus::ActionRequired)?;
        self.reason = Some(reason);
        let waiting = view::Waiting {
            object: self.view(),
            actions,
        };
        let event = Effect::Emit {
            event: EventType::SwapActionRequired,
            order: self.order_id.clone(),
            data: view::Object::WaitingSwap(Box::new(waiting)),
        };
        let until = now.plus_seconds(WAITING_SECONDS);
        let (account, id) = (&self.account_id, self.id.as_str());
        let deadline = NewJob::timer(account, JobKind::SwapDeadline, id, until);
        Ok(vec![event, Effect::Enqueue(deadline)])
    }

    /// Ends it without its replacement. What was paid for licenses is given back; the registration was refunded, or is the
    /// partner's, when the new domain is taken back.
    pub fn fail(&mut self, reason: SwapReason) -> Result<Vec<Effect>, IllegalTransition> {
        let mut effects = Vec::new();
        let refund = self.license_cents;
        if refund > Cents::ZERO {
            effects.push(Effect::Refund {
                amount: refund,
                order: self.order_id.clone(),
                kind: HistoryKind::SwapFailed,
                message: "The licenses of a failed swap were refunded".to_owned(),
            });
        }
        effects.push(self.turn(SwapStatus::Failed, Some(reason))?);
        Ok(effects)
    }

    /// Ends it: the new domain is live, the old one is off.
    pub fn complete(&mut self) -> Result<Vec<Effect>, IllegalTransition> {
        let event = self.turn(SwapStatus::Completed, None)?;
        let name = self.replacement_domain.as_deref().unwrap_or_default();
        let record = Effect::Record {
            order: self.order_id.clone(),
            kind: HistoryKind::SwapCompleted,
            message: format!("The swap to {name} is done"),
            amount: None,
        };
        Ok(vec![event, record])
    }

    /// The address that the inbox which is renamed has by now; of one that is not made, what it will have.
    fn email(&self) -> Option<&String> {
        let is_renamed = self.status == SwapStatus::Completed;
        let before = self.old_email.as_ref().filter(|_| !is_renamed);
        before.or(self.new_email.as_ref())
    }

    /// As partners see it.
    pub fn view(&self) -> view::Swap {
        view::Swap {
            id: self.id.to_string(),
            kind: self.kind,
            order_id: self.order_id.to_string(),
            domain_id: self.domain_id.to_string(),
            replacement_domain: self.replacement_domain.clone(),
            inbox_id: self.inbox_id.as_ref().map(ToString::to_string),
            email: self.email().cloned(),
            status: self.status,
            reason: self.reason.map(|reason| reason.to_string()),
            created_at: self.created_at,
        }
    }
}
