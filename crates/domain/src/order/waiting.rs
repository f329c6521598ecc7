//! What keeps a domain of an order waiting, as actions: one per cause, so that a picture which many domains use is asked for
//! once (contract §4).

use super::{ActionDomain, Blocker, Domain, Effect, Order, OrderDomain, PendingAction, Swap};
use crate::event::EventType;
use crate::status::{ActionStatus, DomainStatus, IllegalTransition, OrderStatus, SwapReason};
use crate::time::Timestamp;
use crate::view;

/// The actions that a domain waits for.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub effects: Vec<Effect>,
    /// One for each blocker.
    pub actions: Vec<view::OpenAction>,
    /// Those that nobody was asked for before.
    pub new: Vec<view::OpenAction>,
}

/// Asks for what a domain waits for. `open` are the open actions about pictures of its order, with those that are opened here.
pub(super) fn ask(
    order: &Order,
    part: &OrderDomain,
    open: &mut Vec<PendingAction>,
    blockers: &[Blocker],
    now: Timestamp,
) -> Asked {
    let mut asked = Asked::default();
    let domain = ActionDomain {
        id: part.domain_id.clone(),
        name: part.name.clone(),
    };
    for blocker in blockers {
        let same = open.iter().find(|action| {
            action.persona.is_some()
                && (action.reason, &action.persona) == (blocker.reason, &blocker.persona)
        });
        if let Some(action) = same {
            asked.actions.push(action.summary(&domain));
            asked.effects.push(Effect::JoinAction {
                action: action.id.clone(),
                domain: domain.clone(),
            });
            continue;
        }
        let action = PendingAction::new(order, &domain, blocker, now);
        let summary = action.summary(&domain);
        asked.actions.push(summary.clone());
        asked.new.push(summary);
        asked.effects.extend(action.watch(now).map(Effect::Enqueue));
        asked.effects.push(Effect::OpenAction(action.clone()));
        open.push(action);
    }
    asked
}

impl Order {
    /// It waits for what its domains wait for. Partners hear of each action that is new.
    pub(super) fn wait(
        &mut self,
        new: &[view::OpenAction],
    ) -> Result<Vec<Effect>, IllegalTransition> {
        if self.status == OrderStatus::CancelScheduled {
            return Ok(Vec::new());
        }
        self.turn(OrderStatus::ActionRequired)?;
        let ask = |action: &view::OpenAction| Effect::ask(&self.id, action.clone());
        Ok(new.iter().map(ask).collect())
    }
}

impl Domain {
    /// It waits. Partners hear of each action that is new.
    pub(super) fn wait(
        &mut self,
        order: &Order,
        new: &[view::OpenAction],
    ) -> Result<Vec<Effect>, IllegalTransition> {
        self.turn(DomainStatus::ActionRequired)?;
        let event = |action: &view::OpenAction| {
            let waiting = view::Waiting {
                object: self.view(),
                actions: vec![action.clone()],
            };
            Effect::Emit {
                event: EventType::DomainActionRequired,
                order: order.id.clone(),
                data: view::Object::WaitingDomain(Box::new(waiting)),
            }
        };
        Ok(new.iter().map(event).collect())
    }
}

/// A domain with live inboxes that are to be renamed.
#[derive(Debug)]
pub struct LiveDomain<'a> {
    pub order: &'a mut Order,
    pub part: &'a OrderDomain,
    pub domain: &'a mut Domain,
    /// The open actions about pictures of the order.
    pub open_actions: &'a mut Vec<PendingAction>,
}

impl LiveDomain<'_> {
    /// A persona's picture keeps these inboxes from being renamed. They go on sending as they are; order and domain read
    /// `action_required` until somebody has mended the picture.
    pub fn renames_wait(
        self,
        renames: &mut [Swap],
        blocker: &Blocker,
        now: Timestamp,
    ) -> Result<Vec<Effect>, IllegalTransition> {
        let blockers = std::slice::from_ref(blocker);
        let asked = ask(self.order, self.part, self.open_actions, blockers, now);
        let mut effects = asked.effects;
        effects.extend(self.domain.wait(self.order, &asked.new)?);
        effects.extend(self.order.wait(&asked.new)?);
        let reason = SwapReason::ProfilePictureNotAccessible;
        for swap in renames {
            effects.extend(swap.wait(reason, asked.actions.clone(), now)?);
        }
        Ok(effects)
    }
}

impl PendingAction {
    fn new(order: &Order, domain: &ActionDomain, blocker: &Blocker, now: Timestamp) -> Self {
        Self {
            account_id: order.account_id.clone(),
            id: blocker.id.clone(),
            order_id: order.id.clone(),
            domains: vec![domain.clone()],
            kind: blocker.reason.kind(),
            reason: blocker.reason,
            status: ActionStatus::Open,
            message: blocker.message.clone(),
            created_at: now,
            persona: blocker.persona.clone(),
            user_id: order.user_id.clone(),
            resolved_at: None,
        }
    }

    /// In short, for what is told of this one of its domains.
    pub fn summary(&self, domain: &ActionDomain) -> view::OpenAction {
        view::OpenAction {
            id: self.id.to_string(),
            reason: self.reason,
            domain: domain.name.clone(),
        }
    }
}
