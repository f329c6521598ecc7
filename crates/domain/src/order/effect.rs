//! What a decision asks to be written, beside the rows that it was given and has changed.

use std::collections::BTreeSet;

use crate::event::EventType;
use crate::history::HistoryKind;
use crate::id::{ActionId, DomainId, OrderId, SwapId};
use crate::job::NewJob;
use crate::money::Cents;
use crate::order::{ActionDomain, Inbox, PendingAction, Persona};
use crate::status::{ActionReason, InboxStatus, SwapReason};
use crate::time::Timestamp;
use crate::view;
use crate::wallet::LedgerReason;

/// One thing that follows from a decision, all in the account that it is about. The store writes them set-wise, in the
/// transaction of the decision.
#[derive(Debug, Clone)]
pub enum Effect {
    /// The wallet pays.
    Debit {
        amount: Cents,
        reason: LedgerReason,
        order: OrderId,
    },
    /// The wallet gets back what was paid for something that the order did not get, and the history says so.
    Refund {
        amount: Cents,
        order: OrderId,
        kind: HistoryKind,
        message: String,
    },
    /// Partners hear that the wallet does not pay what is due of the order.
    TellWalletLow { order: OrderId, required: Cents },
    /// The number of live Microsoft inboxes, which quotas go by, changes by so many.
    CountMicrosoftInboxes(i64),
    /// Partners hear of an object as it is now.
    Emit {
        event: EventType,
        order: OrderId,
        data: view::Object,
    },
    /// Partners hear of the order, as it is when everything of the transaction is written.
    EmitOrder {
        event: EventType,
        order: OrderId,
        /// What the history says of it; `None` leaves it at the event's summary.
        told: Option<Told>,
        /// What the event asks for.
        actions: Vec<view::OpenAction>,
    },
    /// The history of the order says what happened.
    Record {
        order: OrderId,
        kind: HistoryKind,
        message: String,
        amount: Option<Cents>,
    },
    /// A job is to run.
    Enqueue(NewJob),
    /// Inboxes are to be made; those that are there already stay.
    AddInboxes(Vec<Inbox>),
    /// All inboxes of a domain that are not removed get another status.
    TurnInboxes {
        domain: DomainId,
        status: InboxStatus,
    },
    /// An action is opened, unless the same one is open.
    OpenAction(PendingAction),
    /// A domain waits for an action that is open.
    JoinAction {
        action: ActionId,
        domain: ActionDomain,
    },
    /// These domains wait no longer for this. What they alone waited for is resolved; they go on.
    ReleaseActions {
        order: OrderId,
        domains: BTreeSet<DomainId>,
        cause: Cause,
    },
    /// An action is resolved, if it is open; its domains go on.
    ResolveAction(ActionId),
    /// The fingerprint stands for the order no longer, so that the same body is a new order (contract §1).
    FreeFingerprint { order: OrderId, fingerprint: String },
    /// Every domain that is still on the order is taken back.
    TakeBack(OrderId),
    /// A domain's part in the order is over: see [`super::after_leaving`] and [`super::swaps_after_leaving`].
    Left { order: OrderId, domain: DomainId },
    /// What the order waited for may be over: see [`super::Order::settle`].
    SettleOrder(OrderId),
    /// A domain is to leave its order, unless its part there is over: see [`super::OrderDomain::retire`].
    Retire(Retirement),
    /// A swap is done.
    CompleteSwap(SwapId),
    /// A swap ends without its replacement.
    FailSwap { swap: SwapId, reason: SwapReason },
    /// The inboxes of a domain were made with the names that its open renamings ask for.
    CompleteRenames(DomainId),
    /// These personas' pictures cannot be loaded, so the renamings to them wait.
    BlockRenames {
        domain: DomainId,
        pictures: Vec<(Persona, view::OpenAction)>,
    },
    /// The inboxes of a domain that were to be renamed are gone.
    FailRenames(DomainId),
}

/// What domains wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    Anything,
    Reason(ActionReason),
    /// The picture of this persona.
    Picture(Persona),
}

/// What the history says of an event about an order.
#[derive(Debug, Clone)]
pub struct Told {
    pub message: String,
    /// What the wallet gave (negative) or got.
    pub amount: Option<Cents>,
}

/// A domain that is to leave: an old one whose replacement is live, or one that a swap was bringing in, in vain.
#[derive(Debug, Clone)]
pub struct Retirement {
    pub order: OrderId,
    pub domain: DomainId,
    /// The swap that takes it off, if one does.
    pub swap: Option<SwapId>,
    pub at: Timestamp,
    /// What sends it on its way.
    pub job: NewJob,
}

impl Effect {
    /// Partners hear of the order, and its history says no more than the event does.
    pub(super) fn emit(event: EventType, order: &OrderId) -> Self {
        Self::EmitOrder {
            event,
            order: order.clone(),
            told: None,
            actions: Vec::new(),
        }
    }

    /// Partners are asked for something that the order waits for.
    pub(super) fn ask(order: &OrderId, action: view::OpenAction) -> Self {
        Self::EmitOrder {
            event: EventType::OrderActionRequired,
            order: order.clone(),
            told: None,
            actions: vec![action],
        }
    }

    /// Partners hear of the order, and its history says this.
    pub(super) fn tell(
        event: EventType,
        order: &OrderId,
        message: String,
        amount: Option<Cents>,
    ) -> Self {
        Self::EmitOrder {
            event,
            order: order.clone(),
            told: Some(Told { message, amount }),
            actions: Vec::new(),
        }
    }
}
