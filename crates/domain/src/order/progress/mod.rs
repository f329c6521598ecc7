//! How the set-up of one domain changes it, its order and the swap that it is part of.

mod apply;
mod leave;
mod swap;

pub(super) use leave::let_go;

use super::{Domain, Effect, Order, OrderDomain, PendingAction, Swap};
use crate::id::{ActionId, InboxId};
use crate::persona::{Persona, Personas};
use crate::provisioning::ProvisionStep;
use crate::status::{ActionReason, OrderFailureReason};
use crate::time::Timestamp;

/// What happened to a domain of an order.
#[derive(Debug)]
pub enum Change {
    /// The domain is ours at the registrar; its set-up goes on with `ProvisionStep::Zone`.
    Registered {
        /// Until when the registration is paid; `None` when it was ours before.
        until: Option<Timestamp>,
    },
    /// The inboxes are about to be made; the set-up goes on with `ProvisionStep::Inboxes`.
    InboxesNamed {
        /// The inboxes; those that are there already stay.
        inboxes: Vec<NewInbox>,
        /// The personas that they are named after. Should the domain have others by now, the job runs again.
        personas: Option<Personas>,
    },
    /// Domain and inboxes are live and handed over. Ends the job, unless the domain is to redirect elsewhere by now.
    Connected {
        /// Where it redirects to.
        redirect: Option<String>,
    },
    /// A provider asked for patience. The job runs again at `run_at`.
    Retry {
        /// When, on the account's clock.
        run_at: Timestamp,
        /// Why, for the operator.
        error: String,
        /// Whether it counts as a try. Waiting for an account of ours does not.
        is_failure: bool,
        /// How far this try got. One that got further than those before it is the first of its kind.
        reached: ProvisionStep,
    },
    /// The domain waits for the partner or the customer. Ends the job; resolving the actions starts it again.
    Blocked(Vec<Blocker>),
    /// Nothing of this order can be set up. Fails the order; the job goes on with taking back.
    OrderFailed {
        reason: OrderFailureReason,
        /// Why, for the operator.
        message: String,
    },
    /// Everything that was made for the domain is removed. Ends the job, unless the domain redirects elsewhere by now.
    Released {
        /// The redirect that was removed with it.
        redirect: Option<String>,
    },
    /// Work on the swap that brings the domain in has begun.
    SwapBegun,
    /// The domain cannot take the place of another. The swap fails, nothing else; the job goes on with taking back.
    SwapFailed,
}

/// What a domain waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// The id of the action about it.
    pub id: ActionId,
    /// What has to be mended.
    pub reason: ActionReason,
    /// What to do, for the partner.
    pub message: String,
    /// Whose picture it is, when it is one.
    pub persona: Option<Persona>,
}

/// An inbox to be made.
#[derive(Debug, Clone)]
pub struct NewInbox {
    pub id: InboxId,
    pub email: String,
    pub first_name: String,
    pub last_name: String,
}

/// What the worker is to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Go on with the next step.
    Continue,
    /// The order failed or the domain is to leave it: take the domain back.
    Deprovision,
    /// Nothing: the job ended, waits, or belongs to somebody else by now.
    Stop,
}

/// What becomes of the domain's job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobFate {
    Held,
    /// It runs on, and its attempts are counted anew.
    GotOn,
    /// It runs again at once: what it did is not what is wanted by now.
    RunAgain,
    /// It runs again at that time, because of this error; at once if somebody asked for it meanwhile.
    RetryAt(Timestamp, String, Tries),
    /// It is over, unless somebody asked for it meanwhile.
    Ended,
    /// It is over: whoever asked for it meanwhile asked for something that is no more.
    Dropped,
}

/// What a try that failed does to the count of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tries {
    /// It is one more.
    Count,
    /// It counts as none.
    Keep,
    /// It got on: they are counted anew.
    StartAnew,
}

/// What a change comes to.
#[derive(Debug)]
pub struct Applied {
    pub next: Next,
    pub job: JobFate,
    pub effects: Vec<Effect>,
}

/// One domain of an order, with what its set-up can change.
#[derive(Debug)]
pub struct DomainOnOrder<'a> {
    pub order: &'a mut Order,
    pub part: &'a mut OrderDomain,
    pub domain: &'a mut Domain,
    /// The swap that brings it in.
    pub swap_in: Option<&'a mut Swap>,
    /// The open actions about pictures of the order; read where something blocks the domain.
    pub open_actions: &'a mut Vec<PendingAction>,
}
