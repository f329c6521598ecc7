//! What name.com holds.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::contact::{Contact, Contacts};
use crate::call::Answer;
use crate::lag::Lag;

/// All accounts, by user name, and what belongs to them.
#[derive(Default)]
pub(crate) struct State {
    pub accounts: BTreeMap<String, Account>,
    /// By name.
    pub domains: BTreeMap<String, Domain>,
    /// By id.
    pub orders: BTreeMap<u32, Order>,
    /// By id.
    pub subscriptions: BTreeMap<u32, Subscription>,
    /// By id.
    pub verifications: BTreeMap<u64, Verification>,
    /// Answers that are given again, by account and key.
    pub kept: BTreeMap<(String, String), Kept>,
    last_id: u32,
}

impl State {
    /// The next number for an order, an item, a subscription or a verification.
    pub fn next_id(&mut self) -> u32 {
        self.last_id += 1;
        10_000_000 + self.last_id
    }
}

/// One customer of name.com.
pub(crate) struct Account {
    /// Older accounts have lower ones.
    pub number: u32,
    pub token: String,
    pub credentials_refused: bool,
    /// Routes with one of these in their pattern answer 403.
    pub permissions_missing: Vec<String>,
    /// Answers leave out what is false, zero or empty.
    pub omits_defaults: bool,
    pub balance_cents: u64,
    /// What a year of Whois privacy costs.
    pub privacy_cents: u64,
    /// Stands in for each contact that a purchase does not name.
    pub contact: Contact,
    /// Addresses whose owners have said that they are theirs.
    pub verified: BTreeSet<String>,
}

/// One registered domain.
#[expect(clippy::struct_excessive_bools, reason = "the description has as many")]
pub(crate) struct Domain {
    pub account: String,
    pub created: Timestamp,
    pub expires: Timestamp,
    pub autorenew: bool,
    pub locked: bool,
    pub privacy: bool,
    pub premium: bool,
    pub client_hold: bool,
    pub nameservers: Vec<String>,
    pub contacts: Contacts,
    pub order: u32,
}

/// One purchase.
pub(crate) struct Order {
    pub account: String,
    pub created: Timestamp,
    pub items: Vec<Item>,
}

/// A line of a purchase.
pub(crate) struct Item {
    pub id: u32,
    pub name: String,
    pub tld: String,
    /// `registration`, `renewal` or `whois_privacy`.
    pub kind: &'static str,
    pub years: u32,
    pub cents: u64,
}

impl Order {
    pub fn cents(&self) -> u64 {
        self.items.iter().map(|item| item.cents).sum()
    }
}

/// Where events go to.
pub(crate) struct Subscription {
    pub account: String,
    pub event: String,
    pub url: String,
    pub active: bool,
    pub created: Timestamp,
    pub updated: Option<Timestamp>,
}

/// An address whose owner has not said yet that it is theirs.
pub(crate) struct Verification {
    pub account: String,
    pub email: String,
    pub domains: BTreeSet<String>,
    pub created: Timestamp,
    /// Listings that do not show it yet.
    pub unseen: Lag,
}

/// An answer under an idempotency key.
pub(crate) struct Kept {
    pub route: &'static str,
    pub params: Vec<String>,
    pub body: Value,
    pub answer: Answer,
    pub until_ms: u64,
}
