//! How far the set-up of a domain is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::status::stored_enum;

stored_enum! {
    /// The points that the set-up of a domain goes on from after a restart; what lies between two of them is done
    /// again. Stored: renaming one needs a migration.
    ProvisionStep {
        /// Nothing is bought yet, or our purchase was not heard of.
        Register = "register",
        /// The domain is ours. Zone, nameservers, mail domain and the names of the inboxes come next.
        Zone = "zone",
        /// The inboxes are named and may have been made. They, the redirect and the hand-over are left.
        Inboxes = "inboxes",
    }
}

impl ProvisionStep {
    /// Where every domain of an order begins.
    pub const FIRST: Self = Self::Register;
}
