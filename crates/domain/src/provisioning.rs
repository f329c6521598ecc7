//! How far the set-up of a domain is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::status::stored_enum;

stored_enum! {
    /// The points that the set-up of a domain goes on from; what lies between two of them is done again. Purchase and
    /// names are recorded before anything else happens, the others when a try ends behind them: so they cost no write
    /// where nothing fails. Stored: renaming one needs a migration.
    ProvisionStep {
        /// Nothing is bought yet, or our purchase was not heard of.
        Register = "register",
        /// The domain is ours. Its zone and its nameservers come next.
        Zone = "zone",
        /// The domain points to its zone. The mail provider is told of it next, and its first records are published.
        Mail = "mail",
        /// The ownership proof is published. The provider looks for it next, and the other records are published.
        Verify = "verify",
        /// The inboxes are named and may have been made. They, the redirect and the hand-over are left.
        Inboxes = "inboxes",
        /// The inboxes are made. The redirect and the hand-over are left.
        HandOver = "hand_over",
    }
}

impl ProvisionStep {
    /// Where every domain of an order begins.
    pub const FIRST: Self = Self::Register;
}
