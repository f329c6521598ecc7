//! An order and everything that its rules are about: its domains, their inboxes, swaps, pending actions, months and
//! cancellation.
//!
//! Nothing here reads or writes. A use-case reads *facts*, calls one of the functions here, which *decides*, and writes the
//! *effects* it is given, all in one transaction. An order can have 12,000 domains, so a decision gets the part that it is
//! about (one domain and its order, with counters for the others), not the whole.

mod action;
mod aggregate;
mod billing;
mod cancel;
mod detail;
mod domain;
mod effect;
mod progress;
mod registration;
mod rename;
mod request;
mod settle;
mod swap;
#[cfg(test)]
mod tests;

pub use action::{PendingAction, resume};
pub use aggregate::{Inbox, Order, OrderDomain};
pub use billing::{Renewal, RenewalFacts, renew};
pub use cancel::{
    CancelRefusal, Misnamed, Removal, Scope, cancel, coming_in_for, due, schedule_removal,
};
pub use domain::Domain;
pub use effect::{Effect, Retirement};
pub use progress::{Applied, Blocker, Change, DomainOnOrder, JobFate, NewInbox, Next};
pub use registration::{
    EXPIRY_LEAD_SECONDS, Look, RegistrarAnswer, look_after, settle_paid_year, watch,
};
pub use rename::{AcceptedRenaming, RenameFacts, RenameRequest, Renaming, accept_rename};
pub use request::*;
pub use settle::{after_leaving, swaps_after_leaving};
pub use swap::{
    Import, Swap, SwapAcceptance, SwapFacts, SwapOffer, SwapRefusal, SwapRequest, accept_swap,
    imported, premium_since,
};
