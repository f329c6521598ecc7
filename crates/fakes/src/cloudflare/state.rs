//! What Cloudflare holds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::record::Record;
use crate::lag::Lag;

/// All accounts and zones, by id.
#[derive(Default)]
pub(crate) struct State {
    pub accounts: BTreeMap<String, Account>,
    pub zones: BTreeMap<String, Zone>,
    /// Zones that were deleted, and until which time of the world they are answered still.
    pub deleted: Vec<(u64, Zone)>,
    /// How often a domain that was registered just now is still not found in the registry.
    unseen: BTreeMap<String, Lag>,
    /// How many pairs of name servers there are.
    pub pairs: u32,
}

impl State {
    /// A domain that was registered just now is not found in the registry for some tries.
    pub fn not_seen_yet(&mut self, domain: &str, tries: u32) {
        self.unseen.insert(domain.to_owned(), Lag::of(tries));
    }

    /// Whether a try to find a domain in the registry fails because it is too new.
    pub fn is_too_new(&mut self, domain: &str) -> bool {
        self.unseen.get_mut(domain).is_some_and(Lag::hides)
    }
}

/// An account with one API token.
pub(crate) struct Account {
    /// Older accounts have lower ones.
    pub number: usize,
    pub name: String,
    pub token: String,
    pub token_id: String,
    pub credentials_refused: bool,
    /// Routes with one of these in their pattern answer 403.
    pub permissions_missing: Vec<String>,
    /// The code with which new zones are refused.
    pub blocked: Option<u32>,
    /// What zones of the account are delegated to, unless that would be no proof.
    pub nameservers: [String; 2],
    /// No call is answered before this time of the world.
    pub throttled_until_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Pending,
    Active,
    Moved,
}

impl Status {
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Moved => "moved",
        }
    }
}

/// A domain with an account.
pub(crate) struct Zone {
    pub account: String,
    pub name: String,
    pub status: Status,
    pub created: Timestamp,
    pub modified: Timestamp,
    pub activated: Option<Timestamp>,
    /// When it was found to be delegated elsewhere.
    pub moved: Option<Timestamp>,
    pub nameservers: [String; 2],
    pub original_nameservers: Vec<String>,
    pub paused: bool,
    /// Calls that do not know of the zone yet.
    pub unseen: Lag,
    /// Reads until the delegation is looked at again.
    pub reads_to_check: u32,
    pub records: Vec<Record>,
    pub redirects: Option<Ruleset>,
}

/// The rules of a zone, as they were last put.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ruleset {
    pub id: String,
    pub name: String,
    pub description: String,
    pub kind: &'static str,
    pub phase: &'static str,
    pub version: String,
    pub last_updated: String,
    pub rules: Vec<Value>,
}
