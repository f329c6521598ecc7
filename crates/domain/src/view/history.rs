//! The history of an order, for people.

use serde::Serialize;
use utoipa::ToSchema;

use crate::history::HistoryKind;
use crate::money::Cents;
use crate::time::Timestamp;

/// One thing that happened to an order.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HistoryEntry {
    /// `hst_…`
    #[schema(example = "hst_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub id: String,
    /// The type of the event that told of it, or a word of its own for what no event tells of, such as `order.renewed`.
    #[serde(rename = "type")]
    #[schema(value_type = HistoryKind)]
    pub kind: String,
    /// What happened, in plain English.
    #[schema(example = "The order was accepted and paid")]
    pub message: String,
    /// What the wallet paid (negative) or got back; null when no money moved.
    #[schema(required = true)]
    pub amount_cents: Option<Cents>,
    /// When.
    pub created_at: Timestamp,
}
