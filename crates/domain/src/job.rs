//! What is left to do: the kinds of durable work, one job per account, kind and subject.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::status::stored_enum;

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
