//! Where events go and whether they arrive there.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use crate::delivery::PauseReason;
use crate::status::stored_enum;
use crate::time::Timestamp;

stored_enum! {
    /// Whether events are delivered.
    EndpointStatus {
        /// Events are sent as they happen.
        Active = "active",
        /// Events are kept until the endpoint works again.
        Paused = "paused",
        /// No address is set; events are not delivered.
        None = "none",
    }
}

/// The partner's endpoint, as this environment's events find it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WebhookEndpoint {
    /// Where events are sent.
    #[schema(
        required = true,
        format = "uri",
        example = "https://partner.example/hooks/peeker"
    )]
    pub url: Option<String>,
    /// Whether they are.
    pub status: EndpointStatus,
    /// Since when it is paused.
    #[schema(required = true)]
    pub paused_at: Option<Timestamp>,
    /// Why it is paused.
    #[schema(required = true)]
    pub paused_reason: Option<PauseReason>,
    /// The first failure since the last success; `null` when the last attempt succeeded.
    #[schema(required = true)]
    pub failing_since: Option<Timestamp>,
    /// Events kept until it is resumed.
    #[schema(example = 0)]
    pub waiting_count: u64,
    /// When it last answered with a 2xx.
    #[schema(required = true)]
    pub last_success_at: Option<Timestamp>,
    /// When a paused endpoint is tried next.
    #[schema(required = true)]
    pub next_probe_at: Option<Timestamp>,
}
