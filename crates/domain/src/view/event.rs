//! Events as they are read back, with what became of their delivery (contract §6).

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object as ObjectSchema;

use super::{any_object_schema, words_schema};
use crate::access::Environment;
use crate::delivery::FailureClass;
use crate::event::EventType;
use crate::status::EventReplayStatus;
use crate::time::Timestamp;

/// An event of the account: what its webhook says, and what became of the delivery.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Event {
    /// `evt_…`; the same on every attempt and every replay.
    #[schema(example = "evt_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub id: String,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// When it happened.
    pub created_at: Timestamp,
    /// Which environment it happened in.
    pub environment: Environment,
    /// Its place in the account's gap-free sequence.
    #[schema(example = 7, minimum = 1)]
    pub sequence: i64,
    /// The order that it is about, when it is about one.
    #[schema(required = true, example = "ord_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub order_id: Option<String>,
    /// The object that changed, byte for byte as in the webhook.
    #[schema(schema_with = data_schema)]
    pub data: Box<RawValue>,
    /// What became of the webhook.
    pub delivery: EventDelivery,
}

/// What became of an event's webhook.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventDelivery {
    /// `pending` while it is to be sent or sent again, `delivered` after a 2xx, `failed` after the last retry, `skipped`
    /// when the account had no address to send it to.
    #[schema(schema_with = delivery_status_schema)]
    pub status: String,
    /// Attempts made, those of replays included.
    #[schema(example = 1)]
    pub attempts: u32,
    /// When the next attempt is due; `null` when none is, and while one is under way.
    #[schema(required = true)]
    pub next_attempt_at: Option<Timestamp>,
}

/// The document then has a schema for each kind of object.
fn data_schema() -> ObjectSchema {
    any_object_schema("The object that changed, byte for byte as in the webhook.")
}

/// What is kept until its endpoint is resumed is still to be sent: partners see one word for both.
fn delivery_status_schema() -> ObjectSchema {
    let what = "`pending` while it is to be sent or sent again, `delivered` after a 2xx, `failed` after the last retry, \
        `skipped` when the account had no address to send it to.";
    words_schema(what, &["delivered", "pending", "failed", "skipped"])
}

/// One attempt to deliver an event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeliveryAttempt {
    /// `whd_…`
    #[schema(example = "whd_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub id: String,
    /// Which attempt it was, from 1; goes on counting over replays.
    #[schema(example = 1, minimum = 1)]
    pub number: u32,
    /// When it started.
    pub started_at: Timestamp,
    /// The status of the receiver's answer; `null` when there was none.
    #[schema(required = true, example = 200, minimum = 100, maximum = 599)]
    pub status_code: Option<u16>,
    /// Why it failed: `refused`, `dns`, `connect`, `tls`, `timeout`, `status` or `other`; `null` for a success.
    #[schema(required = true, value_type = Option<FailureClass>)]
    pub failure: Option<String>,
    /// The same in words, which say whether the receiver refused or this service did not send; `null` for a success.
    #[schema(
        required = true,
        example = "The receiver answered with a status outside 2xx"
    )]
    pub failure_message: Option<&'static str>,
    /// Milliseconds until the answer was there or the failure was known.
    #[schema(example = 84)]
    pub latency_ms: u64,
    /// The first 1 KiB of the answer.
    #[schema(example = "ok")]
    pub response_excerpt: String,
}

/// A job that sends the events of a window of time again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EventReplay {
    /// `rpl_…`
    #[schema(example = "rpl_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub id: String,
    /// Where the job stands.
    pub status: EventReplayStatus,
    /// Events that matched when the job was accepted.
    #[schema(example = 42, minimum = 0)]
    pub matched_count: i64,
    /// Events that it has put in line to be sent so far.
    #[schema(example = 42, minimum = 0)]
    pub replayed_count: i64,
    /// The window starts with this second.
    pub since: Timestamp,
    /// The window ends before this second.
    pub until: Timestamp,
    /// The types it is about; `null` for all.
    #[schema(required = true)]
    pub types: Option<Vec<EventType>>,
    /// Whether it is about events that never arrived only: `failed` and `skipped` ones.
    pub only_failed: bool,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When the last event was put in line; `null` before.
    #[schema(required = true)]
    pub completed_at: Option<Timestamp>,
}

/// What an event shows as its `data`: the object as it is after the change.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Object {
    Order(Box<super::OrderDetail>),
    Domain(Box<super::Domain>),
    WaitingDomain(Box<super::Waiting<super::Domain>>),
    Swap(Box<super::Swap>),
    WaitingSwap(Box<super::Waiting<super::Swap>>),
}
