//! The kinds and statuses of swaps.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ActionReason;
use super::declare::{stored_enum, transitions};

stored_enum! {
    /// What a swap changes (contract §5).
    SwapType {
        /// The domain; the old one is retired when the new one is live.
        Standard = "standard",
        /// The domain; the old one stays warm for 14 days beside the new one.
        Premium = "premium",
        /// The names of a domain's inboxes; one swap per inbox.
        UserNames = "user_names",
    }
}

stored_enum! {
    /// The state of a swap (contract §5).
    SwapStatus {
        Created = "created",
        InProgress = "in_progress",
        /// The new is up, the old is off.
        Completed = "completed",
        /// Broken for good; the old stays as it was.
        Failed = "failed",
        /// Waits for the partner or the customer.
        ActionRequired = "action_required",
    }
}

impl SwapStatus {
    /// Whether the swap still holds its domain, so that no other may begin.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Completed | Self::Failed)
    }
}

transitions! {
    "swap": SwapStatus {
        Created => [InProgress, Failed, ActionRequired],
        InProgress => [Completed, Failed, ActionRequired],
        ActionRequired => [InProgress, Completed, Failed],
        Completed => [],
        Failed => [],
    }
}

stored_enum! {
    /// Why a swap waits or failed (contract §5).
    SwapReason {
        /// It repeats one in flight.
        Duplicate = "duplicate",
        /// Its replacement is registered elsewhere and not imported yet.
        DomainNotImported = "domain_not_imported",
        /// Its replacement was imported, and is on an active order by now.
        DomainAlreadyInActiveOrder = "domain_already_in_active_order",
        /// Its replacement was imported, and cannot host what the old domain hosts.
        DomainNotUsableForProvider = "domain_not_usable_for_provider",
        /// The order that it is part of has ended, or goes on without the domain.
        OrderEnded = "order_ended",
        /// It was cancelled, or the domain that it was to replace was.
        Cancelled = "cancelled",
        /// It waited for 14 days.
        Expired = "expired",
        /// A renaming with other personas takes the place of this one, which waited for a picture.
        Superseded = "superseded",
        /// The mail provider refused the new name.
        ProviderRefused = "provider_refused",
        /// The replacement could not be registered.
        ReplacementNotRegistered = "replacement_not_registered",
        /// The replacement is registered and cannot be set up.
        ReplacementRefused = "replacement_refused",
        /// The replacement waits for its nameservers.
        UpdateNameservers = "update_nameservers",
        /// The replacement has to be replaced itself.
        ReplaceDomain = "replace_domain",
        /// A persona's picture cannot be loaded.
        ProfilePictureNotAccessible = "profile_picture_not_accessible",
    }
}

impl From<ActionReason> for SwapReason {
    fn from(reason: ActionReason) -> Self {
        match reason {
            ActionReason::UpdateNameservers => Self::UpdateNameservers,
            ActionReason::ReplaceDomain => Self::ReplaceDomain,
            ActionReason::ProfilePictureNotAccessible => Self::ProfilePictureNotAccessible,
        }
    }
}
