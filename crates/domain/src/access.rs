//! Who may do what: environments, key presets and billing tiers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::status::stored_enum;

stored_enum! {
    /// Which world a key acts in. Each has its own database and its own providers (contract §1).
    Environment {
        /// The sandbox, reached with `pk_test_…`.
        Test = "test",
        /// The real thing, reached with `pk_live_…`.
        Live = "live",
    }
}

stored_enum! {
    /// What a key may do (contract §1).
    Preset {
        Full = "full",
        /// All reads; of the writes only availability checks and quotes.
        Limited = "limited",
        Read = "read",
    }
}

stored_enum! {
    /// Whether a partner may use the API, as the operator has decided.
    PartnerStatus {
        Active = "active",
        /// Its keys are known and refused; what was ordered goes on.
        Suspended = "suspended",
        /// Its keys are refused like unknown ones; what was ordered ends with its paid month.
        Closed = "closed",
    }
}

stored_enum! {
    /// A partner's billing tier; sets the premium swap quota (contract §5).
    Tier {
        /// 20 % of the active Microsoft inboxes.
        Base = "base",
        Premium = "premium",
        Vip = "vip",
        VipPlus = "vip_plus",
    }
}

impl Tier {
    /// Which share of the active Microsoft inboxes may be swapped with a premium swap in 30 days, in percent
    /// (contract §5).
    pub const fn premium_swap_percent(self) -> u8 {
        match self {
            Self::Base => 20,
            Self::Premium => 30,
            Self::Vip => 40,
            Self::VipPlus => 60,
        }
    }
}
