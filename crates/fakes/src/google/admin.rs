//! What is done from outside: opening accounts, changing them, the console, and what they hold.

use std::collections::{BTreeMap, BTreeSet};

use hickory_proto::rr::{RData, RecordType};
use rand::RngExt;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::key::Key;
use super::state::{Account, Customer, Domain, Service, User};
use super::subscription::{Plan, Subscription};
use crate::World;
use crate::dkim;
use crate::dns::resolve::{self, Role};
use crate::lag::Lag;
use crate::vendor::Vendor;

/// What the admin of a new tenant has delegated.
const DELEGATED: [&str; 7] = [
    "https://www.googleapis.com/auth/admin.directory.domain",
    "https://www.googleapis.com/auth/admin.directory.user",
    "https://www.googleapis.com/auth/admin.directory.user.alias",
    "https://www.googleapis.com/auth/siteverification",
    "https://www.googleapis.com/auth/apps.order",
    "https://www.googleapis.com/auth/gmail.settings.sharing",
    "https://mail.google.com/",
];

const SELECTOR: &str = "google";

/// What can be wished for a new account, and changed later.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    primary_domain: Option<String>,
    credentials_refused: Option<bool>,
    delegated_scopes: Option<BTreeSet<String>>,
    users_max: Option<usize>,
    reseller: Option<bool>,
    seats_max: Option<u32>,
    subscription: Option<Wish>,
    revoke_tokens: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    plan: Plan,
    seats: u32,
}

pub(crate) fn open(world: &mut World, wishes: &Value) -> Result<Value, String> {
    let wishes = Change::deserialize(wishes).map_err(|error| error.to_string())?;
    let id = format!("C0{}", world.hex(7));
    let name = world.hex(6);
    let primary_domain = wishes.primary_domain.clone();
    let primary_domain = primary_domain.unwrap_or_else(|| format!("tenant-{name}.example"));
    let admin = format!("admin@{primary_domain}");
    let project = format!("project-{name}");
    let service = Service {
        email: format!("provisioning@{project}.iam.gserviceaccount.com"),
        client_id: world.digits(21),
        project,
        key_id: world.hex(40),
        key_seed: world.dice.random(),
        refused: false,
    };
    let user = administrator(world, &admin);
    let account = Account {
        number: world.google.accounts.len(),
        service,
        admin,
        domains: BTreeMap::from([(primary_domain.clone(), primary(world))]),
        users: BTreeMap::from([(user.id.clone(), user)]),
        delegated_scopes: DELEGATED.iter().map(|&scope| scope.to_owned()).collect(),
        users_max: None,
        reseller: true,
        seats_max: 1_000,
        sites: BTreeMap::new(),
        customers: BTreeMap::from([(id.clone(), own(&primary_domain))]),
        primary_domain,
    };
    world.google.accounts.insert(id.clone(), account);
    apply(world, &id, wishes)?;
    credentials_of(world, &id)
}

fn administrator(world: &mut World, email: &str) -> User {
    User {
        id: world.digits(21),
        email: email.to_owned(),
        given_name: "Ada".to_owned(),
        family_name: "Admin".to_owned(),
        password: world.word(20),
        hash_function: None,
        admin: true,
        suspended: false,
        change_password: false,
        created: world.clock.now().to_string(),
        aliases: Vec::new(),
        photo: None,
        more: Map::new(),
        unseen: Lag::default(),
        incomplete: Lag::default(),
    }
}

fn primary(world: &World) -> Domain {
    Domain {
        created_ms: world.clock.now_ms(),
        primary: true,
        verified: true,
        unseen: Lag::default(),
        unverified: Lag::default(),
        dkim: None,
    }
}

fn own(domain: &str) -> Customer {
    Customer {
        domain: domain.to_owned(),
        more: Map::new(),
        subscriptions: BTreeMap::new(),
    }
}

fn apply(world: &mut World, id: &str, change: Change) -> Result<(), String> {
    let subscription_id = world.hex(12);
    let created_ms = world.clock.now_ms();
    let google = &mut world.google;
    let account = google.accounts.get_mut(id);
    let account = account.ok_or_else(|| format!("there is no account {id}"))?;
    if let Some(refused) = change.credentials_refused {
        account.service.refused = refused;
    }
    if let Some(scopes) = change.delegated_scopes {
        account.delegated_scopes = scopes;
    }
    account.users_max = change.users_max.or(account.users_max);
    account.reseller = change.reseller.unwrap_or(account.reseller);
    account.seats_max = change.seats_max.unwrap_or(account.seats_max);
    if let Some(wish) = change.subscription
        && let Some(customer) = account.customers.get_mut(id)
    {
        let subscription = Subscription {
            sku: "1010020027".to_owned(),
            plan: wish.plan,
            seats: wish.seats,
            created_ms,
            purchase_order: String::new(),
            renewal: None,
        };
        customer.subscriptions = BTreeMap::from([(subscription_id, subscription)]);
    }
    if change.revoke_tokens == Some(true) {
        google.grants.retain(|_, grant| grant.account != id);
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
    if change.primary_domain.is_some() {
        return Err("the primary domain stays".to_owned());
    }
    apply(world, id, change)
}

pub(crate) fn credentials(world: &World) -> Vec<Value> {
    let mut accounts: Vec<_> = world.google.accounts.iter().collect();
    accounts.sort_by_key(|(_, account)| account.number);
    let ids = accounts.into_iter().map(|(id, _)| id);
    ids.filter_map(|id| credentials_of(world, id).ok())
        .collect()
}

/// A service account's file, as Google hands it out, and for whom it acts.
fn credentials_of(world: &World, id: &str) -> Result<Value, String> {
    let account = world.google.accounts.get(id);
    let account = account.ok_or_else(|| format!("there is no account {id}"))?;
    let service = &account.service;
    let key = Key::of(service.key_seed)?;
    Ok(json!({
        "customer_id": id,
        "admin_email": account.admin,
        "primary_domain": account.primary_domain,
        "service_account": {
            "type": "service_account",
            "project_id": service.project,
            "private_key_id": service.key_id,
            "private_key": key.pem,
            "client_email": service.email,
            "client_id": service.client_id,
            "token_uri": format!("{}/token", world.url(Vendor::Google)),
        },
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DkimInput {
    domain: String,
}

/// The console's only page here: it makes a DKIM key for a verified domain once, and shows the record.
pub(crate) fn console(
    world: &mut World,
    account: &str,
    what: &str,
    input: &Value,
) -> Result<Value, String> {
    if what != "dkim" {
        return Err(format!("the console has no {what}"));
    }
    let DkimInput { domain } = DkimInput::deserialize(input).map_err(|error| error.to_string())?;
    let fresh = dkim::record(world);
    let account = world.google.accounts.get_mut(account);
    let account = account.ok_or("there is no such account")?;
    let found = account.domains.get_mut(&domain.to_lowercase());
    let found = found.filter(|found| found.verified);
    let found = found.ok_or_else(|| format!("{domain} is no verified domain of the account"))?;
    let value = found.dkim.get_or_insert(fresh).clone();
    Ok(json!({ "selector": SELECTOR, "value": value }))
}

pub(crate) fn holdings(world: &World) -> Value {
    let accounts = world.google.accounts.iter();
    accounts
        .map(|(id, account)| (id.clone(), held(world, account)))
        .collect::<Map<_, _>>()
        .into()
}

fn held(world: &World, account: &Account) -> Value {
    let domains = account.domains.iter().map(|(name, domain)| {
        let published = domain
            .dkim
            .as_ref()
            .map(|value| is_published(world, name, value));
        json!({ "domain": name, "verified": domain.verified, "dkim_published": published })
    });
    let users = account.users.values().map(|user| {
        json!({
            "email": user.email,
            "aliases": user.aliases,
            "suspended": user.suspended,
            "photo": user.photo.is_some(),
        })
    });
    let customers = account.customers.iter().map(|(id, customer)| {
        let seats = customer.subscriptions.values().map(|one| one.seats);
        json!({ "id": id, "domain": customer.domain, "seats": seats.collect::<Vec<_>>() })
    });
    json!({
        "primary_domain": account.primary_domain,
        "domains": domains.collect::<Vec<_>>(),
        "users": users.collect::<Vec<_>>(),
        "customers": customers.collect::<Vec<_>>(),
    })
}

/// Whether a resolver finds the record of a domain's key.
fn is_published(world: &World, domain: &str, value: &str) -> bool {
    let name = format!("{SELECTOR}._domainkey.{domain}");
    let reply = resolve::answer(world, Role::Resolver, &name, RecordType::TXT);
    let mut texts = reply
        .answers
        .iter()
        .filter_map(|record| match &record.data {
            RData::TXT(text) => Some(text.to_string()),
            _ => None,
        });
    texts.any(|text| text == value)
}
