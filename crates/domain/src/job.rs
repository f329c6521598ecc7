//! What is left to do: the kinds of durable work, one job per account, kind and subject.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::{AccountId, DomainId, OrderId};
use crate::status::stored_enum;
use crate::time::Timestamp;

stored_enum! {
    /// What a job does, and to which subject. `app/src/job_dispatch.rs` says what runs for it. Stored: renaming one needs a
    /// migration.
    JobKind {
        /// Sets up one domain of an order, renames its inboxes, or takes it back. Subject: the domain.
        Provision = "provision",
        /// Makes the zones of an import. Subject: the import.
        Import = "import",
        /// Asks for the nameservers of an import when a day is over. Subject: the import.
        ImportDeadline = "import_deadline",
        /// Looks whether a domain is delegated. Subject: the domain.
        Delegation = "delegation",
        /// Looks whether a persona's picture can be loaded now. Subject: the pending action.
        Picture = "picture",
        /// Sets the redirects of a forwarding job. Subject: the forwarding job.
        Forward = "forward",
        /// Ends what was cancelled of an order. Subject: the order.
        Cancel = "cancel",
        /// Retires the old domain of a premium swap. Subject: the swap.
        Retire = "retire",
        /// Ends a swap that has waited for too long. Subject: the swap.
        SwapDeadline = "swap_deadline",
        /// Puts the events of a window of time in line again. Subject: the event replay.
        Replay = "replay",
        /// Charges the months and registrations of an order that are due. Subject: the order.
        Renew = "renew",
        /// Renews a domain at the registrar that was paid for. Subject: the domain.
        Registration = "registration",
        /// Looks after a bought domain whose registration comes to its end. Subject: the domain.
        Expiry = "expiry",
        /// Moves the sandbox clock to where it was advanced to. Subject: the account.
        Clock = "clock",
        /// Tries a paused webhook endpoint with the oldest event that waits for it. Subject: `endpoint`, as an account has
        /// one.
        Probe = "probe",
    }
}

stored_enum! {
    /// Whether a job is still to be done.
    JobState {
        /// It runs when its time has come.
        Ready = "ready",
        /// It failed on our own side too often; an operator has to look.
        Dead = "dead",
    }
}

/// A job to be put into the table.
#[derive(Debug, Clone)]
pub struct NewJob {
    pub account: AccountId,
    pub kind: JobKind,
    /// What to do it to; one job per kind and subject.
    pub subject: String,
    /// The order it is done for, if there is one.
    pub order: Option<OrderId>,
    /// When, at the earliest, on the account's clock.
    pub run_at: Timestamp,
    /// Whether that is now, so that it takes its place in line at once.
    pub in_line: bool,
}

impl NewJob {
    /// Work on one domain of an order.
    pub fn provision(
        account: &AccountId,
        order: &OrderId,
        domain: &DomainId,
        now: Timestamp,
    ) -> Self {
        Self {
            order: Some(order.clone()),
            ..Self::new(account, JobKind::Provision, domain.as_str(), now)
        }
    }

    /// The next renewal of an order.
    pub fn renew(account: &AccountId, order: &OrderId, renews_at: Timestamp) -> Self {
        Self {
            order: Some(order.clone()),
            ..Self::timer(account, JobKind::Renew, order.as_str(), renews_at)
        }
    }

    /// Another year of a domain, paid for with an order.
    pub fn registration(
        account: &AccountId,
        order: &OrderId,
        domain: &DomainId,
        now: Timestamp,
    ) -> Self {
        Self {
            order: Some(order.clone()),
            ..Self::new(account, JobKind::Registration, domain.as_str(), now)
        }
    }

    /// Work that belongs to no order, to be done now.
    pub fn new(
        account: &AccountId,
        kind: JobKind,
        subject: impl Into<String>,
        now: Timestamp,
    ) -> Self {
        Self {
            account: account.clone(),
            kind,
            subject: subject.into(),
            order: None,
            run_at: now,
            in_line: true,
        }
    }

    /// Work that belongs to no order, to be done when its time has come.
    pub fn timer(
        account: &AccountId,
        kind: JobKind,
        subject: impl Into<String>,
        run_at: Timestamp,
    ) -> Self {
        Self {
            in_line: false,
            ..Self::new(account, kind, subject, run_at)
        }
    }
}
