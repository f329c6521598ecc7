//! A pending action: a blocker that needs the partner or the customer (contract §4).

use serde::Serialize;
use utoipa::ToSchema;

use super::order::Persona;
use crate::status::{ActionKind, ActionReason, ActionStatus};
use crate::time::Timestamp;

/// What blocks domains of an order, and what to do about it.
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
    /// The domain's id; of the first, when there are several.
    #[schema(example = "dom_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub domain_id: String,
    /// The domain's name.
    #[schema(example = "acme-mail.com")]
    pub domain: String,
    /// All domains that wait for it: several, when they show the same picture.
    pub domains: Vec<ActionDomain>,
    /// The persona, when the blocker is a picture.
    #[schema(required = true)]
    pub user: Option<Persona>,
    /// What to do, in plain English.
    #[schema(example = "Set the nameservers of acme-mail.com at its registrar")]
    pub message: String,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was resolved; left out while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub resolved_at: Option<Timestamp>,
}

/// A domain that waits.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct ActionDomain {
    /// `dom_…`
    #[schema(example = "dom_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub id: String,
    /// The name.
    #[schema(example = "acme-mail.com")]
    pub domain: String,
}

/// A pending action in short, as the events that ask for it name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OpenAction {
    /// `act_…`; `GET /orders/pending` has more.
    #[schema(example = "act_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub id: String,
    /// What blocks the domain.
    pub reason: ActionReason,
    /// The domain's name.
    #[schema(example = "acme-mail.com")]
    pub domain: String,
}

/// An object that waits, with what it waits for: the `data` of `*.action_required`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Waiting<T> {
    #[serde(flatten)]
    pub object: T,
    /// The pending actions that the event tells of.
    pub actions: Vec<OpenAction>,
}
