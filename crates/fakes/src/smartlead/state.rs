//! What Smartlead holds.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::call::{Answer, Call};
use crate::lag::Lag;

/// All accounts, by id.
#[derive(Default)]
pub(crate) struct State {
    pub accounts: BTreeMap<String, Account>,
    /// Log-ins that fail because a mailbox is too new, by the user's id with the mailbox provider.
    pub too_new: BTreeMap<String, Lag>,
    pub next_id: u64,
}

/// Which of Smartlead's descriptions it keeps to; they differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Edition {
    Current,
    Older,
}

/// One customer of Smartlead.
pub(crate) struct Account {
    /// Which one it is, from 0 on in the order they were opened.
    pub number: usize,
    pub api_key: String,
    pub refused: bool,
    pub edition: Edition,
    pub log_in_failure_status: u16,
    /// Whether writes answer in plain text.
    pub plain_answers: bool,
    pub mailboxes: BTreeMap<u64, Mailbox>,
    pub clients: BTreeMap<u64, Client>,
}

/// A connected mailbox, which Smartlead calls an e-mail account.
#[derive(Clone)]
pub(crate) struct Mailbox {
    pub from_name: String,
    pub from_email: String,
    pub username: String,
    pub kind: String,
    /// None with OAuth.
    pub servers: Option<Servers>,
    pub per_day: u64,
    pub wait_minutes: u64,
    pub tracking: Option<String>,
    pub bcc: Option<String>,
    pub signature: Option<String>,
    pub reply_to: Option<String>,
    pub client_id: Option<u64>,
    pub suspended: bool,
    pub smtp_works: bool,
    pub imap_works: bool,
    pub warmup: Warmup,
    pub created: String,
    pub updated: String,
}

/// Servers with a password.
#[derive(Clone)]
pub(crate) struct Servers {
    pub password: String,
    pub smtp_host: String,
    pub smtp_port: u64,
    pub imap_host: String,
    pub imap_port: u64,
    pub imap_username: Option<String>,
    pub imap_password: Option<String>,
}

/// How a mailbox is warmed up.
#[derive(Clone)]
pub(crate) struct Warmup {
    pub enabled: bool,
    pub per_day: u64,
    pub rampup: u64,
    pub reply_rate: u64,
    pub reputation: u64,
    pub spam: u64,
    pub blocked_reason: Option<String>,
    /// When it began, if ever, in milliseconds since 1970.
    pub since_ms: Option<u64>,
}

/// A sub-account.
pub(crate) struct Client {
    pub name: String,
    pub email: String,
    pub permission: Vec<String>,
    pub logo: Option<String>,
    pub logo_url: Option<String>,
    pub created: String,
}

impl State {
    /// The account that asks. `authenticate` has found it.
    pub fn of(&mut self, call: &Call) -> Result<&mut Account, Answer> {
        let account = self.accounts.get_mut(&call.account);
        account.ok_or_else(super::error::unauthorized)
    }

    /// Ids are numbers that everything shares.
    pub fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        1_000 + self.next_id
    }
}
