//! One DNS record: what is asked for, what is held against the rules, what is shown.

mod content;

use hickory_proto::rr::RecordType;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::envelope::error;
use crate::call::Answer;
use crate::dns::ZoneRecord;
use content::{check_content, full_name, kept, strings};

/// A record of a zone.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub id: String,
    pub kind: Kind,
    /// In full and in lower case.
    pub name: String,
    pub content: String,
    pub ttl: u32,
    pub priority: Option<u16>,
    pub proxied: bool,
    pub comment: Option<String>,
    pub tags: Vec<String>,
    pub created: Timestamp,
    pub modified: Timestamp,
}

/// The types that this fake knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Kind {
    A,
    Aaaa,
    Cname,
    Mx,
    Ns,
    Txt,
}

impl Kind {
    /// Addresses and aliases, which are also those that clash.
    pub fn is_proxiable(self) -> bool {
        matches!(self, Self::A | Self::Aaaa | Self::Cname)
    }

    fn record_type(self) -> RecordType {
        match self {
            Self::A => RecordType::A,
            Self::Aaaa => RecordType::AAAA,
            Self::Cname => RecordType::CNAME,
            Self::Mx => RecordType::MX,
            Self::Ns => RecordType::NS,
            Self::Txt => RecordType::TXT,
        }
    }
}

/// Fields of a record as they are sent. `PATCH` changes those that are there; the other calls reset the rest.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    #[serde(rename = "type")]
    pub kind: Option<Kind>,
    pub name: Option<String>,
    pub content: Option<String>,
    pub ttl: Option<u32>,
    pub priority: Option<u16>,
    pub proxied: Option<bool>,
    pub comment: Option<String>,
    pub tags: Option<Vec<String>>,
}

impl Fields {
    /// The fields of a record that is there, for what a change leaves alone.
    pub fn of(record: &Record) -> Self {
        Self {
            kind: Some(record.kind),
            name: Some(record.name.clone()),
            content: Some(record.content.clone()),
            ttl: Some(record.ttl),
            priority: record.priority,
            proxied: Some(record.proxied),
            comment: record.comment.clone(),
            tags: Some(record.tags.clone()),
        }
    }

    /// These fields, and those of `old` where nothing is said.
    pub fn over(self, old: Self) -> Self {
        Self {
            kind: self.kind.or(old.kind),
            name: self.name.or(old.name),
            content: self.content.or(old.content),
            ttl: self.ttl.or(old.ttl),
            priority: self.priority.or(old.priority),
            proxied: self.proxied.or(old.proxied),
            comment: self.comment.or(old.comment),
            tags: self.tags.or(old.tags),
        }
    }

    /// A record of these fields, if each is right.
    pub fn record(self, id: String, zone: &str, now: Timestamp) -> Result<Record, Answer> {
        let (Some(kind), Some(name), Some(content)) = (self.kind, self.name, self.content) else {
            return Err(error(400, 9207, "type, name and content are required"));
        };
        let name = full_name(&name, zone)?;
        check_content(kind, &content)?;
        let proxied = self.proxied.unwrap_or_default();
        if proxied && !kind.is_proxiable() {
            return Err(error(400, 9041, "This record type cannot be proxied."));
        }
        let ttl = self.ttl.unwrap_or(1);
        if ttl != 1 && !(60..=86_400).contains(&ttl) {
            let why = "TTL must be between 60 and 86400 seconds, or 1 for Automatic.";
            return Err(error(400, 9021, why));
        }
        if kind == Kind::Mx && self.priority.is_none() {
            return Err(error(400, 9101, "priority is a required data field."));
        }
        if kind != Kind::Mx && self.priority.is_some() {
            return Err(error(400, 9101, "priority is not a field of this type."));
        }
        let tags = self.tags.unwrap_or_default();
        if !tags.is_empty() {
            return Err(error(
                400,
                9300,
                "DNS record has 1 tags, exceeding the quota of 0.",
            ));
        }
        let comment = self.comment.filter(|comment| !comment.is_empty());
        if comment
            .as_ref()
            .is_some_and(|comment| comment.chars().count() > 100)
        {
            return Err(error(
                400,
                9301,
                "The comment is longer than 100 characters.",
            ));
        }
        Ok(Record {
            id,
            kind,
            name,
            content: kept(kind, &content),
            ttl: if proxied { 1 } else { ttl },
            priority: self.priority,
            proxied,
            comment,
            tags,
            created: now,
            modified: now,
        })
    }
}

impl Record {
    pub fn show(&self) -> Value {
        let mut shown = Map::new();
        let fields = [
            ("id", json!(self.id)),
            ("name", json!(self.name)),
            ("type", json!(self.kind)),
            ("content", json!(self.content)),
            ("proxiable", json!(self.kind.is_proxiable())),
            ("proxied", json!(self.proxied)),
            ("ttl", json!(self.ttl)),
            ("settings", json!({})),
            ("meta", json!({})),
            ("comment", json!(self.comment)),
            ("tags", json!(self.tags)),
            ("created_on", json!(self.created.to_string())),
            ("modified_on", json!(self.modified.to_string())),
        ];
        shown.extend(fields.map(|(name, value)| (name.to_owned(), value)));
        if let Some(priority) = self.priority {
            shown.insert("priority".to_owned(), json!(priority));
        }
        if self.comment.is_some() {
            let at = json!(self.modified.to_string());
            shown.insert("comment_modified_on".to_owned(), at);
        }
        shown.into()
    }

    /// As the zone servers answer it.
    pub fn served(&self) -> ZoneRecord {
        ZoneRecord {
            name: self.name.clone(),
            kind: self.kind.record_type(),
            content: self.text(),
            priority: self.priority.unwrap_or_default(),
            ttl: if self.ttl == 1 { 300 } else { self.ttl },
            proxied: self.proxied,
        }
    }

    /// The content; a TXT's without its quotes.
    pub fn text(&self) -> String {
        if self.kind == Kind::Txt {
            strings(&self.content).unwrap_or_default().concat()
        } else {
            self.content.clone()
        }
    }

    /// Whether two records would say the same.
    pub fn is_same(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.name == other.name
            && self.priority == other.priority
            && self.text() == other.text()
    }
}
