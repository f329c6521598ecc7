//! What happens to accounts and domains from outside of the API.
//!
//! `PUT /accounts/namecom/{username}` takes any of:
//! `credentials_refused`, `permissions_missing` (texts; a route with one in its pattern answers 403), `balance_cents`,
//! `privacy_cents` (a year of Whois privacy), `omits_defaults` (answers leave out what is false, zero or empty).
//! `PUT /namecom/domains/{domain}` takes any of:
//! `client_hold` (takes it out of the DNS), `expires` (a date and time).

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::contact::Contact;
use super::state::Account;
use crate::World;

/// What a new account has to spend, unless the admin says otherwise.
const BALANCE_CENTS: u64 = 1_000_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountChange {
    credentials_refused: Option<bool>,
    permissions_missing: Option<Vec<String>>,
    omits_defaults: Option<bool>,
    balance_cents: Option<u64>,
    privacy_cents: Option<u64>,
}

impl AccountChange {
    fn apply(self, account: &mut Account) {
        if let Some(refused) = self.credentials_refused {
            account.credentials_refused = refused;
        }
        if let Some(missing) = self.permissions_missing {
            account.permissions_missing = missing;
        }
        if let Some(omits) = self.omits_defaults {
            account.omits_defaults = omits;
        }
        if let Some(cents) = self.balance_cents {
            account.balance_cents = cents;
        }
        if let Some(cents) = self.privacy_cents {
            account.privacy_cents = cents;
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DomainChange {
    client_hold: Option<bool>,
    expires: Option<String>,
}

pub(crate) fn open_account(world: &mut World, wishes: &Value) -> Result<Value, String> {
    let wishes = AccountChange::deserialize(wishes).map_err(|error| error.to_string())?;
    let user = format!("reseller-{}", world.hex(8));
    let contact = default_contact();
    let mut account = Account {
        number: world.namecom.next_id(),
        token: world.hex(40),
        credentials_refused: false,
        permissions_missing: Vec::new(),
        omits_defaults: false,
        balance_cents: BALANCE_CENTS,
        privacy_cents: 0,
        verified: contact.email.clone().into_iter().collect(),
        contact,
    };
    wishes.apply(&mut account);
    let opened = credentials(&user, &account);
    world.namecom.accounts.insert(user, account);
    Ok(opened)
}

fn credentials(user: &str, account: &Account) -> Value {
    json!({ "username": user, "token": account.token })
}

/// Of all accounts, the oldest first.
pub(crate) fn all_credentials(world: &World) -> Vec<Value> {
    let mut accounts: Vec<_> = world.namecom.accounts.iter().collect();
    accounts.sort_by_key(|(_, account)| account.number);
    let shown = accounts.into_iter();
    shown
        .map(|(user, account)| credentials(user, account))
        .collect()
}

fn default_contact() -> Contact {
    let text = |text: &str| Some(text.to_owned());
    Contact {
        first_name: text("Robin"),
        last_name: text("Reseller"),
        company_name: text("Reseller Inc."),
        address1: text("1 Market Street"),
        address2: None,
        city: text("Denver"),
        state: text("CO"),
        zip: text("80202"),
        country: text("US"),
        email: text("domains@reseller.example"),
        phone: text("+13035550100"),
        fax: None,
    }
}

pub(crate) fn change(
    world: &mut World,
    what: &str,
    id: &str,
    change: &Value,
) -> Result<(), String> {
    let unknown = || format!("there is no {id} in {what}");
    match what {
        "accounts" => {
            let change = AccountChange::deserialize(change).map_err(|error| error.to_string())?;
            change.apply(world.namecom.accounts.get_mut(id).ok_or_else(unknown)?);
        }
        "domains" => {
            let change = DomainChange::deserialize(change).map_err(|error| error.to_string())?;
            let domain = world.namecom.domains.get_mut(id).ok_or_else(unknown)?;
            if let Some(expires) = change.expires {
                let expires: Timestamp = expires.parse().map_err(|_| "expires is no time")?;
                domain.expires = expires;
            }
            if let Some(hold) = change.client_hold {
                domain.client_hold = hold;
                world.registry.hold(id, hold);
            }
        }
        _ => return Err(unknown()),
    }
    Ok(())
}
