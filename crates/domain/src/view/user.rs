//! A customer (contract §2).

use serde::Serialize;
use utoipa::ToSchema;

use crate::order::ClientId;
use crate::status::UserStatus;
use crate::time::Timestamp;

/// A customer of the partner: an identity that orders and domains belong to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct User {
    /// `usr_…`
    #[schema(example = "usr_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub id: String,
    /// Unique in the account and environment, lower case.
    #[schema(example = "client@example.com")]
    pub email: String,
    /// Given name.
    #[schema(required = true)]
    pub first_name: Option<String>,
    /// Family name.
    #[schema(required = true)]
    pub last_name: Option<String>,
    /// Whether the customer is deleted.
    pub status: UserStatus,
    /// Where inboxes of future orders go.
    pub sequencer: Sequencer,
    /// When the customer was made.
    pub created_at: Timestamp,
}

/// A customer's sequencer route.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Sequencer {
    /// The sequencer; only `smartlead`.
    #[schema(example = "smartlead")]
    pub provider: String,
    /// Number, text, or `null` for the default route.
    #[schema(required = true, value_type = Option<serde_json::Value>, example = 366_903)]
    pub client_id: Option<ClientId>,
}
