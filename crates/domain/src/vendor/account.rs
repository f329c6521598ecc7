//! What a vendor is for, and in which state an account there is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::mail::MailProvider;
use crate::status::stored_enum;

stored_enum! {
    /// A company whose API the live environment speaks.
    Vendor {
        Cloudflare = "cloudflare",
        NameCom = "namecom",
        Google = "google",
        Microsoft = "microsoft",
        Smartlead = "smartlead",
    }
}

impl Vendor {
    /// The vendor's own spelling of its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cloudflare => "Cloudflare",
            Self::NameCom => "name.com",
            Self::Google => "Google Workspace",
            Self::Microsoft => "Microsoft 365",
            Self::Smartlead => "Smartlead",
        }
    }

    /// What an account there does for a domain.
    pub const fn slot(self) -> Slot {
        match self {
            Self::NameCom => Slot::Registrar,
            Self::Cloudflare => Slot::Dns,
            Self::Google => Slot::Google,
            Self::Microsoft => Slot::Microsoft,
            Self::Smartlead => Slot::Sequencer,
        }
    }

    /// Whether each partner brings an account of its own, instead of sharing the operator's.
    pub const fn is_of_partner(self) -> bool {
        matches!(self, Self::Smartlead)
    }
}

stored_enum! {
    /// What an account at a vendor does for a domain.
    Slot {
        Registrar = "registrar",
        Dns = "dns",
        Google = "google",
        Microsoft = "microsoft",
        Sequencer = "sequencer",
    }
}

impl Slot {
    /// The vendor whose adapter fills this slot. There is one of each now; a second registrar would be chosen here.
    pub const fn vendor(self) -> Vendor {
        match self {
            Self::Registrar => Vendor::NameCom,
            Self::Dns => Vendor::Cloudflare,
            Self::Google => Vendor::Google,
            Self::Microsoft => Vendor::Microsoft,
            Self::Sequencer => Vendor::Smartlead,
        }
    }
}

impl From<MailProvider> for Slot {
    fn from(provider: MailProvider) -> Self {
        match provider {
            MailProvider::Google => Self::Google,
            MailProvider::Microsoft => Self::Microsoft,
        }
    }
}

stored_enum! {
    /// Whether an account at a vendor is used.
    AccountState {
        Active = "active",
        /// Takes no new domains; those it has go on.
        Draining = "draining",
        /// Not called at all: the operator said so.
        Paused = "paused",
        /// Not called at all: the vendor refuses it, for the reason beside it. Ends by `check`, `rotate` or `resume`.
        NeedsAttention = "needs_attention",
    }
}

impl AccountState {
    /// Whether calls about the domains that it has are made.
    pub const fn is_called(self) -> bool {
        matches!(self, Self::Active | Self::Draining)
    }

    /// Whether it may be chosen for a new domain.
    pub const fn takes_domains(self) -> bool {
        matches!(self, Self::Active)
    }
}

/// How the last calls to an account went: the breaker. One success closes it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Health {
    /// Failures since the last success.
    pub failures: u32,
}

/// Failures in a row after which an account is left alone for a while.
const FAILURES_TO_OPEN: u32 = 10;
/// How long it is left alone first; doubled with each failure after that, up to [`LONGEST_REST_MS`].
const FIRST_REST_MS: i64 = 30_000;
const LONGEST_REST_MS: i64 = 10 * 60_000;

impl Health {
    /// After another failure. Gives back for how many milliseconds the account is left alone, if it is.
    pub fn failed(self) -> (Self, Option<i64>) {
        let failures = self.failures.saturating_add(1);
        let beyond = failures.checked_sub(FAILURES_TO_OPEN);
        let rest = beyond.map(|beyond| (FIRST_REST_MS << beyond.min(10)).min(LONGEST_REST_MS));
        (Self { failures }, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_has_its_vendor_and_back() {
        for slot in Slot::ALL {
            assert_eq!(slot.vendor().slot(), *slot);
        }
        for vendor in Vendor::ALL {
            assert_eq!(vendor.slot().vendor(), *vendor);
        }
    }

    #[test]
    fn an_account_that_only_fails_is_left_alone_longer_and_longer() {
        let (mut health, mut rests) = (Health::default(), Vec::new());
        for _ in 0..16 {
            let (next, rest) = health.failed();
            health = next;
            rests.push(rest);
        }
        assert!(rests[..9].iter().all(Option::is_none));
        assert_eq!(
            rests[9..],
            [30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000].map(Some)
        );
    }
}
