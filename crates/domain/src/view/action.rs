//! A pending action: a blocker that needs the partner or the customer (contract §4).

use serde::Serialize;
use utoipa::ToSchema;

use super::order::Persona;
use crate::status::{ActionKind, ActionReason, ActionStatus};
use crate::time::Timestamp;

/// What blocks a domain of an order, and what to do about it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PendingAction {
    /// `act_…`
    #[schema(example = "act_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub id: String,
    /// `nameservers`, `domain_replacement` or `google_profile_picture`.
    #[serde(rename = "type")]
    #[schema(value_type = ActionKind)]
    pub kind: String,
    /// What blocks it.
    pub reason: ActionReason,
    /// Whether it still does.
    pub status: ActionStatus,
    /// The order.
    #[schema(example = "ord_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub order_id: String,
    /// The domain's id.
    #[schema(example = "dom_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub domain_id: String,
    /// The domain's name.
    #[schema(example = "acme-mail.com")]
    pub domain: String,
    /// The persona, when the blocker is a picture.
    #[schema(required = true)]
    pub user: Option<Persona>,
    /// What to do, in plain English.
    #[schema(example = "Set the nameservers of acme-mail.com at its registrar")]
    pub message: String,
    /// When it was opened.
    pub created_at: Timestamp,
}
