//! What Microsoft holds: a tenant for each account, and who has which access token.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::call::{Answer, Call};
use crate::lag::Lag;

/// All tenants, by id, and the access tokens that were given out.
#[derive(Default)]
pub(crate) struct State {
    pub accounts: BTreeMap<String, Account>,
    pub grants: BTreeMap<String, Grant>,
    /// Photo requests that are being answered, by mailbox.
    pub photos_at_once: BTreeMap<String, u32>,
}

/// For which service an access token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    Graph,
    /// The Exchange admin API.
    Exchange,
    /// SMTP and IMAP of one user.
    Mail,
}

/// What an access token allows.
pub(crate) struct Grant {
    pub account: String,
    pub audience: Audience,
    /// Roles of an app, or scopes of a user.
    pub allowed: BTreeSet<String>,
    /// The user's id; none for an app.
    pub user: Option<String>,
    pub refresh_token: Option<String>,
    /// In seconds since 1970, as the machine has it.
    pub expires_at: u64,
}

/// One tenant with the app that is registered in it.
pub(crate) struct Account {
    /// Which one it is, from 0 on in the order they were opened.
    pub number: usize,
    /// The first label of its `onmicrosoft.com` domain.
    pub name: String,
    pub app: App,
    pub ropc_refused: bool,
    /// Whether users may send with a password.
    pub smtp_auth: bool,
    /// How long a photo request takes.
    pub photo_hold_ms: u64,
    pub domains: BTreeMap<String, Domain>,
    /// By id.
    pub users: BTreeMap<String, User>,
    /// Deleted users by id, until they are deleted for good.
    pub deleted: BTreeMap<String, User>,
    /// By id.
    pub skus: BTreeMap<String, Sku>,
}

/// A registered application and its secret.
pub(crate) struct App {
    pub client_id: String,
    pub secret: String,
    pub refused: bool,
    pub secret_expired: bool,
    pub roles: BTreeSet<String>,
    pub exchange_roles: BTreeSet<String>,
    pub delegated_scopes: BTreeSet<String>,
}

/// A domain of a tenant.
pub(crate) struct Domain {
    pub initial: bool,
    pub verified: bool,
    pub services: Vec<String>,
    /// What its verification record holds.
    pub text: String,
    /// The unpredictable part of its mail server's name.
    pub mx_part: String,
    pub unseen: Lag,
    /// Reads that still call it unverified.
    pub unverified: Lag,
    /// Reads that do not show its mail records yet.
    pub no_records: Lag,
    /// Commands for which Exchange does not know it yet.
    pub not_accepted: Lag,
    /// Set when it is deleted by force; reads that still show it.
    pub leaving: Option<Lag>,
    pub dkim: Option<Dkim>,
}

/// How a domain's mail is signed.
pub(crate) struct Dkim {
    pub enabled: bool,
    /// What each selector must be an alias for.
    pub targets: [String; 2],
    pub unseen: Lag,
}

/// A product of which there are so many seats.
pub(crate) struct Sku {
    pub part: String,
    pub seats: u32,
}

/// One person.
pub(crate) struct User {
    pub id: String,
    pub upn: String,
    pub display_name: String,
    pub nickname: String,
    pub enabled: bool,
    pub usage_location: Option<String>,
    pub password: String,
    pub must_change_password: bool,
    /// Everything else that was written, as it was written.
    pub more: Map<String, Value>,
    pub created: String,
    pub deleted: Option<String>,
    pub licences: BTreeSet<String>,
    pub photo: Option<Vec<u8>>,
    pub unseen: Lag,
    /// Log-ins that fail because the user is too new.
    pub no_log_in: Lag,
    /// Photo requests for which the mailbox is not there yet; begins with the licence.
    pub no_mailbox: Lag,
}

impl State {
    /// The tenant that asks. `authenticate` has found it.
    pub fn of(&mut self, call: &Call) -> Result<&mut Account, Answer> {
        let account = self.accounts.get_mut(&call.account);
        account.ok_or_else(super::error::denied)
    }

    /// The tenant that has proved a domain.
    pub fn owner_of(&self, domain: &str) -> Option<&str> {
        let mut accounts = self.accounts.iter();
        let proved =
            |account: &Account| account.domains.get(domain).is_some_and(|one| one.verified);
        accounts
            .find(|(_, account)| proved(account))
            .map(|(id, _)| id.as_str())
    }

    /// The person behind a user principal name, and the tenant, for those who log in.
    pub fn mailbox(&self, upn: &str) -> Option<(&Account, &User)> {
        self.accounts.values().find_map(|account| {
            let mut users = account.users.values();
            let user = users.find(|user| user.upn.eq_ignore_ascii_case(upn))?;
            Some((account, user))
        })
    }
}

impl Account {
    pub fn initial_domain(&self) -> String {
        format!("{}.onmicrosoft.com", self.name)
    }

    /// Whether a path means this tenant, by its id or one of its domains.
    pub fn is_called(&self, id: &str, asked: &str) -> bool {
        let domain = self.domains.get(&asked.to_lowercase());
        asked.eq_ignore_ascii_case(id) || domain.is_some_and(|domain| domain.verified)
    }

    /// A user by id or user principal name.
    pub fn user(&mut self, key: &str) -> Option<&mut User> {
        let mut users = self.users.values_mut();
        users.find(|user| user.id == key || user.upn.eq_ignore_ascii_case(key))
    }

    /// How many users hold a licence.
    pub fn consumed(&self, sku: &str) -> usize {
        let users = self.users.values();
        users.filter(|user| user.licences.contains(sku)).count()
    }
}
