//! What Google holds: a tenant for each account, and who has which access token.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::subscription::Subscription;
use crate::call::{Answer, Call};
use crate::lag::Lag;

/// All accounts, by customer id, and the access tokens that were given out.
#[derive(Default)]
pub(crate) struct State {
    pub accounts: BTreeMap<String, Account>,
    pub grants: BTreeMap<String, Grant>,
}

/// What an access token allows.
pub(crate) struct Grant {
    pub account: String,
    /// The user for whom the service account acts.
    pub subject: String,
    pub scopes: BTreeSet<String>,
    /// In seconds since 1970, as the machine has it.
    pub expires_at: u64,
}

/// One tenant with its service account, which may be a reseller too.
pub(crate) struct Account {
    /// Which one it is, from 0 on in the order they were opened.
    pub number: usize,
    pub service: Service,
    pub admin: String,
    pub primary_domain: String,
    /// What the admin has delegated to the service account.
    pub delegated_scopes: BTreeSet<String>,
    pub users_max: Option<usize>,
    pub reseller: bool,
    /// How many seats the reseller's contract allows for a subscription.
    pub seats_max: u32,
    pub domains: BTreeMap<String, Domain>,
    /// By id.
    pub users: BTreeMap<String, User>,
    /// Site verification, by the user who asked and the domain.
    pub sites: BTreeMap<(String, String), Site>,
    /// Resold customers by id, the tenant itself among them.
    pub customers: BTreeMap<String, Customer>,
}

/// A service account and its key.
pub(crate) struct Service {
    pub email: String,
    pub client_id: String,
    pub project: String,
    pub key_id: String,
    pub key_seed: u64,
    pub refused: bool,
}

/// A domain of a tenant.
pub(crate) struct Domain {
    pub created_ms: u64,
    pub primary: bool,
    pub verified: bool,
    pub unseen: Lag,
    /// Reads that still call it unverified.
    pub unverified: Lag,
    /// The record of its DKIM key, when the console has made one.
    pub dkim: Option<String>,
}

/// One account of a person.
pub(crate) struct User {
    pub id: String,
    pub email: String,
    pub given_name: String,
    pub family_name: String,
    pub password: String,
    pub hash_function: Option<String>,
    pub admin: bool,
    pub suspended: bool,
    pub change_password: bool,
    pub created: String,
    pub aliases: Vec<String>,
    pub photo: Option<Photo>,
    /// Everything else that was written, as it was written.
    pub more: Map<String, Value>,
    pub unseen: Lag,
    /// Writes that are refused because the user is not there whole.
    pub incomplete: Lag,
}

/// A picture, and of what kind.
pub(crate) struct Photo {
    pub bytes: Vec<u8>,
    pub mime_type: &'static str,
    pub unseen: Lag,
}

/// A domain that a user wants to prove, or has proved.
pub(crate) struct Site {
    pub token: String,
    pub verified: bool,
}

/// A customer of a reseller.
pub(crate) struct Customer {
    pub domain: String,
    pub more: Map<String, Value>,
    /// By an id that changes with each change.
    pub subscriptions: BTreeMap<String, Subscription>,
}

impl State {
    /// The account that asks. `authenticate` has found it.
    pub fn of(&mut self, call: &Call) -> Result<&mut Account, Answer> {
        let account = self.accounts.get_mut(&call.account);
        account.ok_or_else(super::error::forbidden)
    }

    /// The user whom an access token speaks for.
    pub fn subject(&self, call: &Call) -> String {
        let token = call.authorization("bearer").unwrap_or_default();
        let grant = self.grants.get(token);
        grant.map_or_else(String::new, |grant| grant.subject.clone())
    }

    /// Whether somebody, wherever, has an address.
    pub fn is_taken(&self, address: &str) -> bool {
        let mut users = self.accounts.values().flat_map(|one| one.users.values());
        users.any(|user| user.has(address))
    }

    /// The account that has a domain.
    pub fn owner_of(&self, domain: &str) -> Option<&str> {
        let mut accounts = self.accounts.iter();
        accounts
            .find(|(_, account)| account.domains.contains_key(domain))
            .map(|(id, _)| id.as_str())
    }

    /// The person behind a primary address, for those who log in.
    pub fn mailbox(&self, email: &str) -> Option<&User> {
        let mut users = self.accounts.values().flat_map(|one| one.users.values());
        users.find(|user| user.email.eq_ignore_ascii_case(email))
    }
}

impl Account {
    /// A user by id, primary address or alias.
    pub fn user(&mut self, key: &str) -> Option<&mut User> {
        let key = key.to_lowercase();
        let mut users = self.users.values_mut();
        users.find(|user| user.id == key || user.has(&key))
    }

    /// Whether addresses of a domain may be made.
    pub fn may_use(&self, domain: &str) -> Result<(), Answer> {
        match self.domains.get(domain) {
            None => Err(super::error::domain_not_found()),
            Some(found) if !found.verified => {
                Err(super::error::invalid("Invalid Input: Domain not verified."))
            }
            Some(_) => Ok(()),
        }
    }

    /// The seats of the tenant's own subscription, if it has one.
    pub fn seats(&self, customer_id: &str) -> Option<usize> {
        let subscriptions = &self.customers.get(customer_id)?.subscriptions;
        subscriptions.values().map(Subscription::seats).max()
    }
}

impl User {
    /// Whether an address is this user's.
    pub fn has(&self, address: &str) -> bool {
        self.email == address || self.aliases.iter().any(|alias| alias == address)
    }

    /// Whether a password opens the mailbox. Hashes that are not SHA-1 cannot be held against it.
    pub fn opens_with(&self, password: &str) -> bool {
        match self.hash_function.as_deref() {
            None => self.password == password,
            Some("SHA-1") => {
                let algorithm = &ring::digest::SHA1_FOR_LEGACY_USE_ONLY;
                let digest = ring::digest::digest(algorithm, password.as_bytes());
                let mut pairs = self.password.as_bytes().chunks(2);
                digest.as_ref().iter().all(|byte| {
                    let pair = pairs.next().and_then(|pair| str::from_utf8(pair).ok());
                    pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) == Some(*byte)
                })
            }
            Some(_) => false,
        }
    }
}
