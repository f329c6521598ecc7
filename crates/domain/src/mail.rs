//! The two mail providers that inboxes are made at.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::status::stored_enum;

stored_enum! {
    /// Where a domain's inboxes live.
    MailProvider {
        Google = "google",
        Microsoft = "microsoft",
    }
}
