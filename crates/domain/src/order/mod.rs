//! An order and everything that its rules are about: its domains, their inboxes, swaps, pending actions, months and
//! cancellation.
//!
//! Nothing here reads or writes. A use-case reads *facts*, calls one of the functions here, which *decides*, and writes the
//! *effects* it is given, all in one transaction. An order can have 12,000 domains, so a decision gets the part that it is
//! about (one domain and its order, with counters for the others), not the whole.

mod accept;
mod action;
mod aggregate;
mod availability;
mod billing;
mod cancel;
mod decide;
mod detail;
mod domain;
mod effect;
mod facts;
mod offer;
mod pending_action;
mod problems;
mod progress;
mod registration;
mod rename;
mod request;
mod settle;
mod swap;
#[cfg(test)]
mod tests;
mod waiting;

pub use crate::client_id::ClientId;
pub use crate::persona::{Persona, Personas, personas_of_domain};
pub use crate::sizing::{GoogleSizing, MAX_DOMAINS, MicrosoftSizing, Sizing};
pub use accept::{Acceptance, NewOrder, NewOrderDomain};
pub use action::resume;
pub use aggregate::{Inbox, Order, OrderDomain};
pub use availability::OwnNames;
pub use billing::{Renewal, RenewalFacts, renew};
pub use cancel::{
    CancelFacts, CancelRefusal, Cancellation, Misnamed, Removal, Scope, cancel, cancel_now,
    coming_in_for, due, schedule_removal,
};
pub use decide::{
    NextStep, OrderBasis, OrderCase, OrderDecision, OrderIdentity, PlannedDomain, basis, decide,
    usable,
};
pub use domain::Domain;
pub use effect::{Cause, Effect, Retirement, Told};
pub use facts::{
    Holding, KnownBundle, KnownCustomer, KnownDomain, OrderAnswers, OrderFacts, OrderTerms,
    RegistrarOffer, RouteRefusal,
};
pub use pending_action::{ActionDomain, PendingAction};
pub use problems::{already_in_active_order, insufficient_funds};
pub use progress::{Applied, Blocker, Change, DomainOnOrder, JobFate, NewInbox, Next, Tries};
pub use registration::{
    EXPIRY_LEAD_SECONDS, Look, RegistrarAnswer, look_after, settle_paid_year, watch,
};
pub use rename::{
    AcceptedRenaming, OpenRename, RenameFacts, RenameOutcome, RenameRequest, Renaming,
    accept_rename, block_renames, complete_renames, fail_renames, record_rename, resume_renames,
    start_renames,
};
pub use request::*;
pub use settle::{after_leaving, swaps_after_leaving};
pub use swap::{
    Import, Swap, SwapAcceptance, SwapFacts, SwapOffer, SwapRefusal, SwapRequest, WithdrawFacts,
    Withdrawal, Withdrawn, accept_swap, imported, premium_since, withdraw,
};
pub use waiting::LiveDomain;
