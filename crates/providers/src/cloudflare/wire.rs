//! Cloudflare's bodies.

use peeker_domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What every answer holds, whatever it is about.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Head {
    pub(super) success: bool,
    pub(super) errors: Option<Vec<Fault>>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Fault {
    pub(super) code: u32,
    pub(super) message: String,
}

#[derive(Deserialize)]
pub(super) struct Envelope<T> {
    pub(super) result: Option<T>,
    pub(super) result_info: Option<PageInfo>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(super) struct PageInfo {
    pub(super) total_count: u64,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Zone {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) status: String,
    pub(super) name_servers: Option<Vec<String>>,
    pub(super) created_on: Option<Timestamp>,
}

#[derive(Serialize)]
pub(super) struct NewZone<'a> {
    pub(super) account: AccountId<'a>,
    pub(super) name: &'a str,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
}

#[derive(Serialize)]
pub(super) struct AccountId<'a> {
    pub(super) id: &'a str,
}

/// A record as it stands in a zone.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Record {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) content: String,
    pub(super) priority: Option<u16>,
    pub(super) ttl: u32,
    pub(super) proxied: Option<bool>,
}

/// A record as it is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct NewRecord {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) name: String,
    /// A text in quotes; everything else as it is.
    pub(super) content: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) priority: Option<u16>,
    pub(super) ttl: u32,
    pub(super) proxied: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) comment: Option<&'static str>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Batch {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) deletes: Vec<RecordId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) puts: Vec<Replacement>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) posts: Vec<NewRecord>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct RecordId {
    pub(super) id: String,
}

/// A record that takes the place of the one with this id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Replacement {
    pub(super) id: String,
    #[serde(flatten)]
    pub(super) record: NewRecord,
}

/// The rules of a phase. Those of others are kept as they came.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ruleset {
    pub(super) rules: Option<Vec<Value>>,
}

#[derive(Serialize)]
pub(super) struct NewRuleset {
    pub(super) rules: Vec<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Token {
    pub(super) status: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct AccountName {
    pub(super) name: String,
}
