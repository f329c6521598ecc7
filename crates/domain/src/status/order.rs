//! The statuses of orders, of what is on them, and of what they wait for.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::declare::{stored_enum, transitions};

stored_enum! {
    /// The life of an order (contract §4).
    OrderStatus {
        /// Accepted, being set up.
        InProgress = "in_progress",
        /// Every domain and inbox is live.
        Completed = "completed",
        /// Broken for good; work stopped, what was not delivered is refunded.
        Failed = "failed",
        /// Waits for the partner or the customer.
        ActionRequired = "action_required",
        /// Ends at `cancels_at`.
        CancelScheduled = "cancel_scheduled",
        /// Ended; its domains are free again.
        Cancelled = "cancelled",
    }
}

impl OrderStatus {
    /// Whether the order holds its domains, so that no other order may take them.
    pub const fn is_active(self) -> bool {
        !matches!(self, Self::Failed | Self::Cancelled)
    }
}

transitions! {
    "order": OrderStatus {
        InProgress => [Completed, Failed, ActionRequired, CancelScheduled],
        Completed => [ActionRequired, CancelScheduled],
        ActionRequired => [InProgress, Completed, Failed, CancelScheduled],
        // Its work goes on until the end and may fail. Undoing the cancellation gives the order back the status that its
        // work has.
        CancelScheduled => [Cancelled, Failed, InProgress, Completed, ActionRequired],
        Failed => [],
        Cancelled => [],
    }
}

stored_enum! {
    /// Why an order failed (contract §4). Stored: renaming one needs a migration.
    OrderFailureReason {
        /// The registrar refused to work for the order.
        RegistrarRefused = "registrar_refused",
        /// The DNS host did.
        DnsRefused = "dns_refused",
        /// The mail provider did.
        MailRefused = "mail_refused",
        /// The sequencer refused the log-in or the client.
        SequencerRefused = "sequencer_refused",
        /// A provider did.
        ProviderRefused = "provider_refused",
    }
}

impl OrderFailureReason {
    /// What it means for the partner, and what to do.
    pub const fn message(self) -> &'static str {
        match self {
            Self::RegistrarRefused => {
                "The registrar refuses to work for this order; ask the operator, then order again"
            }
            Self::DnsRefused => {
                "The DNS host refuses to work for this order; ask the operator, then order again"
            }
            Self::MailRefused => {
                "The mail provider refuses to work for this order; ask the operator, then order again"
            }
            Self::SequencerRefused => {
                "The sequencer refuses the log-in or the client of this order; correct `sequencer` and order again"
            }
            Self::ProviderRefused => {
                "A provider refuses to work for this order; ask the operator, then order again"
            }
        }
    }
}

stored_enum! {
    /// How far a domain is on its order.
    OrderDomainState {
        /// There is work to be done.
        Pending = "pending",
        Active = "active",
        /// Waits for the partner or the customer.
        ActionRequired = "action_required",
        /// Taken back from an order that failed or was cancelled as a whole, which shows the domain for ever.
        Released = "released",
        /// Taken back from an order that goes on without it and shows it no longer.
        Left = "left",
    }
}

impl OrderDomainState {
    /// The states of a domain whose part in the order is over.
    pub const OVER: [Self; 2] = [Self::Released, Self::Left];

    /// Whether the domain's part in the order is over.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Released | Self::Left)
    }
}

stored_enum! {
    /// The state of an inbox.
    InboxStatus {
        /// Being made at the mail provider.
        InProgress = "in_progress",
        /// Live and handed to the sequencer.
        Active = "active",
        /// Removed at the mail provider.
        Removed = "removed",
    }
}

stored_enum! {
    /// The state of a pending action (contract §4).
    ActionStatus {
        /// Waits for the partner or the customer.
        Open = "open",
        Resolved = "resolved",
    }
}

stored_enum! {
    /// What blocks a domain (contract §4).
    ActionReason {
        /// The customer's nameservers do not point to the zone.
        UpdateNameservers = "update_nameservers",
        /// The domain cannot be set up; a swap replaces it.
        ReplaceDomain = "replace_domain",
        /// A persona's picture cannot be loaded.
        ProfilePictureNotAccessible = "profile_picture_not_accessible",
    }
}

stored_enum! {
    /// What kind of thing has to be mended.
    ActionKind {
        /// Where a domain's nameservers point.
        Nameservers = "nameservers",
        DomainReplacement = "domain_replacement",
        /// A picture that Google shows.
        GoogleProfilePicture = "google_profile_picture",
    }
}

impl ActionReason {
    /// What kind of thing has to be mended.
    pub const fn kind(self) -> ActionKind {
        match self {
            Self::UpdateNameservers => ActionKind::Nameservers,
            Self::ReplaceDomain => ActionKind::DomainReplacement,
            Self::ProfilePictureNotAccessible => ActionKind::GoogleProfilePicture,
        }
    }
}
