//! What is done from outside: opening tenants, changing them, and what they hold.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::domain_records::mail_server;
use super::domains;
use super::state::{Account, App, Sku};
use crate::World;

const ROLES: [&str; 4] = [
    "Domain.ReadWrite.All",
    "User.ReadWrite.All",
    "User.DeleteRestore.All",
    "Organization.Read.All",
];
const EXCHANGE_ROLES: [&str; 1] = ["Exchange.ManageAsApp"];
const DELEGATED: [&str; 2] = ["SMTP.Send", "IMAP.AccessAsUser.All"];

/// What can be bought, and how many seats a new tenant has of it.
const SKUS: [(&str, &str, u32); 2] = [
    (
        "4b9405b0-7788-4568-add1-99614e613b69",
        "EXCHANGESTANDARD",
        100,
    ),
    (
        "3b555118-da6a-4418-894f-7df1e2096870",
        "O365_BUSINESS_ESSENTIALS",
        0,
    ),
];

/// What can be wished for a new tenant, and changed later.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    credentials_refused: Option<bool>,
    secret_expired: Option<bool>,
    revoke_tokens: Option<bool>,
    roles: Option<BTreeSet<String>>,
    exchange_roles: Option<BTreeSet<String>>,
    delegated_scopes: Option<BTreeSet<String>>,
    ropc_refused: Option<bool>,
    smtp_auth: Option<bool>,
    photo_hold_ms: Option<u64>,
    /// By part number.
    seats: Option<BTreeMap<String, u32>>,
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

pub(crate) fn open(world: &mut World, wishes: &Value) -> Result<Value, String> {
    let wishes = Change::deserialize(wishes).map_err(|error| error.to_string())?;
    let (id, name) = (world.uuid(), format!("tenant{}", world.hex(6)));
    let skus = SKUS.iter().map(|(id, part, seats)| {
        let part = (*part).to_owned();
        (
            (*id).to_owned(),
            Sku {
                part,
                seats: *seats,
            },
        )
    });
    let account = Account {
        number: world.microsoft.accounts.len(),
        app: App {
            client_id: world.uuid(),
            secret: world.word(40),
            refused: false,
            secret_expired: false,
            roles: set(&ROLES),
            exchange_roles: set(&EXCHANGE_ROLES),
            delegated_scopes: set(&DELEGATED),
        },
        ropc_refused: false,
        smtp_auth: true,
        photo_hold_ms: 0,
        domains: BTreeMap::from([(format!("{name}.onmicrosoft.com"), domains::new(world, true))]),
        users: BTreeMap::new(),
        deleted: BTreeMap::new(),
        skus: skus.collect(),
        name,
    };
    world.microsoft.accounts.insert(id.clone(), account);
    apply(world, &id, wishes)?;
    let account = &world.microsoft.accounts[&id];
    Ok(credentials_of(&id, account))
}

fn apply(world: &mut World, id: &str, change: Change) -> Result<(), String> {
    let microsoft = &mut world.microsoft;
    let account = microsoft.accounts.get_mut(id);
    let account = account.ok_or_else(|| format!("there is no account {id}"))?;
    for (part, seats) in change.seats.into_iter().flatten() {
        let mut skus = account.skus.values_mut();
        let sku = skus.find(|sku| sku.part == part);
        sku.ok_or_else(|| format!("there is no product {part}"))?
            .seats = seats;
    }
    let app = &mut account.app;
    app.refused = change.credentials_refused.unwrap_or(app.refused);
    app.secret_expired = change.secret_expired.unwrap_or(app.secret_expired);
    if let Some(roles) = change.roles {
        app.roles = roles;
    }
    if let Some(roles) = change.exchange_roles {
        app.exchange_roles = roles;
    }
    if let Some(scopes) = change.delegated_scopes {
        app.delegated_scopes = scopes;
    }
    account.ropc_refused = change.ropc_refused.unwrap_or(account.ropc_refused);
    account.smtp_auth = change.smtp_auth.unwrap_or(account.smtp_auth);
    account.photo_hold_ms = change.photo_hold_ms.unwrap_or(account.photo_hold_ms);
    if change.revoke_tokens == Some(true) {
        microsoft.grants.retain(|_, grant| grant.account != id);
    }
    Ok(())
}

pub(crate) fn change(
    world: &mut World,
    what: &str,
    id: &str,
    change: &Value,
) -> Result<(), String> {
    if what != "accounts" {
        return Err(format!("there are no {what}"));
    }
    let change = Change::deserialize(change).map_err(|error| error.to_string())?;
    apply(world, id, change)
}

pub(crate) fn credentials(world: &World) -> Vec<Value> {
    let mut accounts: Vec<_> = world.microsoft.accounts.iter().collect();
    accounts.sort_by_key(|(_, account)| account.number);
    let accounts = accounts.into_iter();
    accounts
        .map(|(id, account)| credentials_of(id, account))
        .collect()
}

fn credentials_of(id: &str, account: &Account) -> Value {
    json!({
        "tenant_id": id,
        "tenant_domain": account.initial_domain(),
        "client_id": account.app.client_id,
        "client_secret": account.app.secret,
        "sku_id": SKUS[0].0,
    })
}

pub(crate) fn holdings(world: &World) -> Value {
    let accounts = world.microsoft.accounts.iter();
    accounts
        .map(|(id, account)| (id.clone(), held(account)))
        .collect::<Map<_, _>>()
        .into()
}

fn held(account: &Account) -> Value {
    let domains = account.domains.iter().map(|(name, domain)| {
        json!({
            "domain": name,
            "verified": domain.verified,
            "services": domain.services,
            "mail_server": mail_server(name, &domain.mx_part),
            "dkim_enabled": domain.dkim.as_ref().map(|dkim| dkim.enabled),
        })
    });
    let users = account.users.values().map(|user| {
        json!({
            "upn": user.upn,
            "enabled": user.enabled,
            "licences": user.licences.len(),
            "photo": user.photo.is_some(),
        })
    });
    let deleted = account.deleted.values().map(|user| &user.upn);
    let seats = account.skus.iter().map(|(id, sku)| {
        let seats = json!({ "seats": sku.seats, "consumed": account.consumed(id) });
        (sku.part.clone(), seats)
    });
    json!({
        "domains": domains.collect::<Vec<_>>(),
        "users": users.collect::<Vec<_>>(),
        "deleted_users": deleted.collect::<Vec<_>>(),
        "products": seats.collect::<Map<_, _>>(),
    })
}
