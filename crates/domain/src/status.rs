//! Statuses, and which one may follow which. A status changes only through `transition`, so an illegal change is an
//! error and never a write (invariant 5).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Declares an enum that is stored and sent as a fixed lower-case word.
macro_rules! stored_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:tt,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        #[cfg_attr(feature = "columns", derive(sea_orm::DeriveValueType))]
        #[cfg_attr(feature = "columns", sea_orm(value_type = "String"))]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant,)+ }

        impl $name {
            /// Every value, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that is stored and sent.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::status::UnknownWord;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::status::UnknownWord { kind: stringify!($name), word: text.to_owned() }),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        $crate::column::part_of_a_key!($name);
    };
}
pub(crate) use stored_enum;

/// A word that is none of an enum's values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is not a {kind}")]
pub struct UnknownWord {
    /// The enum's name.
    pub kind: &'static str,
    /// The word.
    pub word: String,
}

/// A change of status that the rules do not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{noun} may not go from {from} to {to}")]
pub struct IllegalTransition {
    /// What was to change.
    pub noun: &'static str,
    /// The status it has.
    pub from: &'static str,
    /// The status it was to get.
    pub to: &'static str,
}

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

    /// The new status, or why it may not follow this one. Staying as it is is always allowed.
    pub fn transition(self, to: Self) -> Result<Self, IllegalTransition> {
        use OrderStatus::{
            ActionRequired, CancelScheduled, Cancelled, Completed, Failed, InProgress,
        };
        let allowed = match self {
            InProgress => matches!(to, Completed | Failed | ActionRequired | CancelScheduled),
            Completed => matches!(to, ActionRequired | CancelScheduled),
            ActionRequired => matches!(to, InProgress | Completed | Failed | CancelScheduled),
            // Its work goes on until the end and may fail. Undoing the cancellation gives the order back the status that
            // its work has.
            CancelScheduled => matches!(
                to,
                Cancelled | Failed | InProgress | Completed | ActionRequired
            ),
            Failed | Cancelled => false,
        };
        if allowed || self == to {
            Ok(to)
        } else {
            Err(IllegalTransition {
                noun: "order",
                from: self.as_str(),
                to: to.as_str(),
            })
        }
    }
}

stored_enum! {
    /// The state of a domain in a partner's account (contract §3).
    DomainStatus {
        /// In inventory, on no order.
        Available = "available",
        /// Being set up.
        InProgress = "in_progress",
        /// Live.
        Active = "active",
        /// Broken for good.
        Failed = "failed",
        /// Waits for the partner or the customer.
        ActionRequired = "action_required",
    }
}

impl DomainStatus {
    /// The new status, or why it may not follow this one. Staying as it is is always allowed.
    pub fn transition(self, to: Self) -> Result<Self, IllegalTransition> {
        use DomainStatus::{ActionRequired, Active, Available, Failed, InProgress};
        let allowed = match self {
            Available => matches!(to, InProgress | ActionRequired | Failed),
            InProgress => matches!(to, Active | Failed | ActionRequired | Available),
            Active => matches!(to, ActionRequired | Available | Failed),
            ActionRequired => matches!(to, InProgress | Active | Available | Failed),
            Failed => matches!(to, InProgress | Available | ActionRequired),
        };
        if allowed || self == to {
            Ok(to)
        } else {
            Err(IllegalTransition {
                noun: "domain",
                from: self.as_str(),
                to: to.as_str(),
            })
        }
    }
}

stored_enum! {
    /// What a name is to the account that knows it.
    DomainCategory {
        /// Owned, on no order.
        Inventory = "inventory",
        /// On an active order.
        Connected = "connected",
        /// A name that an order failed to get: neither owned nor on an order, so partners do not see it.
        Candidate = "candidate",
    }
}

stored_enum! {
    /// How far a domain is on its order.
    OrderDomainState {
        /// There is work to be done.
        Pending = "pending",
        /// Live.
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
    /// The state of a customer (contract §2).
    UserStatus {
        /// In good standing.
        Active = "active",
        /// Marked as deleted; history stays attached.
        Deleted = "deleted",
    }
}

stored_enum! {
    /// The state of a bundle (contract §2).
    BundleStatus {
        /// Selectable for new orders.
        Active = "active",
        /// Read-only.
        Archived = "archived",
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
    /// The state of a domain import job (contract §3).
    ImportStatus {
        /// Zones are being made.
        InProgress = "in_progress",
        /// Every domain was tried and at least one has a zone.
        Completed = "completed",
        /// No domain has a zone.
        Failed = "failed",
        /// A day has passed and some domains are not delegated.
        ActionRequired = "action_required",
    }
}

impl ImportStatus {
    /// The new status, or why it may not follow this one. Staying as it is is always allowed.
    pub fn transition(self, to: Self) -> Result<Self, IllegalTransition> {
        use ImportStatus::{ActionRequired, Completed, Failed, InProgress};
        let allowed = match self {
            InProgress => matches!(to, Completed | Failed),
            Completed => matches!(to, ActionRequired),
            ActionRequired => matches!(to, Completed),
            Failed => false,
        };
        if allowed || self == to {
            Ok(to)
        } else {
            Err(IllegalTransition {
                noun: "import",
                from: self.as_str(),
                to: to.as_str(),
            })
        }
    }
}

stored_enum! {
    /// The state of a domain forwarding job (contract §3).
    ForwardingStatus {
        /// Redirects are being set.
        InProgress = "in_progress",
        /// All domains redirect.
        Completed = "completed",
        /// Some domains redirect.
        PartialSuccess = "partial_success",
        /// No domain redirects.
        Failed = "failed",
    }
}

impl ForwardingStatus {
    /// The new status, or why it may not follow this one. Staying as it is is always allowed.
    pub fn transition(self, to: Self) -> Result<Self, IllegalTransition> {
        if self == Self::InProgress || self == to {
            Ok(to)
        } else {
            Err(IllegalTransition {
                noun: "forwarding job",
                from: self.as_str(),
                to: to.as_str(),
            })
        }
    }
}

stored_enum! {
    /// The state of a job that sends events again.
    EventReplayStatus {
        /// Events are being put in line.
        InProgress = "in_progress",
        /// Every event of the window was put in line.
        Completed = "completed",
    }
}

impl EventReplayStatus {
    /// The new status, or why it may not follow this one. Staying as it is is always allowed.
    pub fn transition(self, to: Self) -> Result<Self, IllegalTransition> {
        if self == Self::InProgress || self == to {
            Ok(to)
        } else {
            Err(IllegalTransition {
                noun: "event replay",
                from: self.as_str(),
                to: to.as_str(),
            })
        }
    }
}

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
        /// Accepted.
        Created = "created",
        /// Being worked on.
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

    /// The new status, or why it may not follow this one. Staying as it is is always allowed.
    pub fn transition(self, to: Self) -> Result<Self, IllegalTransition> {
        let allowed = match self {
            Self::Created => to != Self::Completed,
            Self::InProgress | Self::ActionRequired => to != Self::Created,
            Self::Completed | Self::Failed => false,
        };
        if allowed || self == to {
            Ok(to)
        } else {
            Err(IllegalTransition {
                noun: "swap",
                from: self.as_str(),
                to: to.as_str(),
            })
        }
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

stored_enum! {
    /// The state of a pending action (contract §4).
    ActionStatus {
        /// Waits for the partner or the customer.
        Open = "open",
        /// Done.
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
        /// The domain itself.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn final_order_statuses_stay() {
        for end in [OrderStatus::Failed, OrderStatus::Cancelled] {
            for to in OrderStatus::ALL {
                assert_eq!(end.transition(*to).is_ok(), end == *to);
            }
        }
    }

    #[test]
    fn words_round_trip() {
        for status in OrderStatus::ALL {
            assert_eq!(status.as_str().parse::<OrderStatus>().as_ref(), Ok(status));
        }
        assert!("paused".parse::<OrderStatus>().is_err());
    }
}
