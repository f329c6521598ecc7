//! A swap (contract §5).

use serde::Serialize;
use utoipa::ToSchema;

use crate::status::{SwapReason, SwapStatus, SwapType};
use crate::time::Timestamp;

/// The replacement of a domain, or the renaming of one inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Swap {
    /// `swp_…`
    #[schema(example = "swp_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub id: String,
    /// What it changes.
    #[serde(rename = "type")]
    pub kind: SwapType,
    /// The order of the domain.
    #[schema(example = "ord_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub order_id: String,
    /// The domain that is replaced, or whose inbox is renamed.
    #[schema(example = "dom_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub domain_id: String,
    /// The name that comes in; null for `user_names`.
    #[schema(required = true, example = "acme-next.com")]
    pub replacement_domain: Option<String>,
    /// The inbox that is renamed; left out while it is not made, and for other types.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "inb_01KJZ4V1B6E8N2Q4R6S8T0V2W4", nullable = false)]
    pub inbox_id: Option<String>,
    /// The address that the inbox has: the new one when the row is `completed`; left out for other types.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "sam.lee@acme-mail.com", nullable = false)]
    pub email: Option<String>,
    /// How far it is.
    pub status: SwapStatus,
    /// Why it failed or what it waits for; left out otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = SwapReason, required = false)]
    pub reason: Option<String>,
    /// When it was accepted.
    pub created_at: Timestamp,
}

/// The swaps of one renaming, one per inbox of the domain.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SwapList {
    /// In the order of the inboxes.
    pub swaps: Vec<Swap>,
}
