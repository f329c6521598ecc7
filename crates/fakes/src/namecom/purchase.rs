//! Buying a domain: once for each idempotency key, at the price that was named, out of the account's balance.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::catalog::{Name, dollars, is_price};
use super::contact::Contacts;
use super::domain::{nameservers, show};
use super::error::{error, invalid, refuse};
use super::idempotency;
use super::payment::{Line, later, pay};
use super::state::{Domain, Verification};
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::dns::Delegation;
use crate::lag::Lag;
use crate::strict;
use crate::vendor::Vendor;

/// Name servers of a domain that was bought without any.
const NAMESERVERS: [&str; 4] = [
    "ns1.name.com",
    "ns2.name.com",
    "ns3.name.com",
    "ns4.name.com",
];

const MOST_YEARS: u32 = 10;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Create {
    domain: NewDomain,
    purchase_price: Option<f64>,
    purchase_type: Option<String>,
    years: Option<u32>,
    #[expect(
        dead_code,
        reason = "known to the description, of no effect for these TLDs"
    )]
    tld_requirements: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewDomain {
    domain_name: String,
    autorenew_enabled: Option<bool>,
    locked: Option<bool>,
    privacy_enabled: Option<bool>,
    contacts: Option<Contacts>,
    nameservers: Option<Vec<String>>,
}

pub(crate) fn create(world: &mut World, call: &Call) -> Outcome {
    idempotency::once(world, call, buy)
}

fn buy(world: &mut World, call: &Call) -> Outcome {
    let asked: Create = strict::json(call).map_err(|why| refuse(&why))?;
    let name = Name::wanted(&asked.domain.domain_name)?;
    if !name.is_offered() {
        let details = "The pricing information required to process this request is unavailable.";
        return Err(error(422, "Domain pricing unavailable", Some(details)));
    }
    let years = asked.years.unwrap_or(1);
    if !(1..=MOST_YEARS).contains(&years) {
        return Err(invalid("years must be between 1 and 10"));
    }
    if let Some(contacts) = &asked.domain.contacts {
        contacts.check()?;
    }
    let hosts = asked
        .domain
        .nameservers
        .as_deref()
        .map(nameservers)
        .transpose()?;
    if name.is_taken(world) {
        return Err(invalid("Domain is not available for registration"));
    }
    price(&asked, &name, name.purchase_cents(years))?;
    let privacy = asked.domain.privacy_enabled.unwrap_or_default() && name.tld.privacy;
    let lines = lines(world, call, &name, years, privacy);
    let (order, paid) = pay(world, &call.account, &name, lines)?;
    let domain = registered(world, call, asked.domain, &name, years, order, hosts);
    let shown = show(&name, &domain);
    verify(world, call, &name, &domain.contacts);
    let delegation = Delegation {
        nameservers: domain.nameservers.clone(),
        ..Delegation::default()
    };
    world.registry.register(&name.domain, delegation);
    world
        .cloudflare
        .not_seen_yet(&name.domain, world.lag(Vendor::Cloudflare));
    world.namecom.domains.insert(name.domain.clone(), domain);
    world
        .counts
        .add(Vendor::NameCom, "registrations", &name.domain, 1);
    let body = json!({ "domain": shown, "order": order, "totalPaid": dollars(paid) });
    Ok(Answer::json(200, &body))
}

/// The price is needed for what is premium or no plain registration, and is right if it is there.
fn price(asked: &Create, name: &Name, cents: u64) -> Result<(), Answer> {
    let kind = asked.purchase_type.as_deref().unwrap_or("registration");
    match asked.purchase_price {
        None if name.is_premium() => Err(invalid(
            "Purchase price is required for premium domains in order to complete this request",
        )),
        None if kind != "registration" => Err(invalid(
            "Purchase price is required in order to complete this request",
        )),
        _ if kind != "registration" => Err(invalid("purchaseType is not what is offered")),
        Some(price) if !is_price(price, cents) => Err(invalid("Purchase price does not match")),
        _ => Ok(()),
    }
}

fn lines(world: &World, call: &Call, name: &Name, years: u32, privacy: bool) -> Vec<Line> {
    let mut lines = vec![("registration", years, name.purchase_cents(years))];
    let account = world.namecom.accounts.get(&call.account);
    let year = account.map_or(0, |account| account.privacy_cents);
    if privacy {
        lines.push(("whois_privacy", years, year * u64::from(years)));
    }
    lines
}

fn registered(
    world: &World,
    call: &Call,
    asked: NewDomain,
    name: &Name,
    years: u32,
    order: u32,
    hosts: Option<Vec<String>>,
) -> Domain {
    let now = world.clock.now();
    let default = world
        .namecom
        .accounts
        .get(&call.account)
        .map(|account| &account.contact);
    let contacts = match (asked.contacts, default) {
        (Some(contacts), Some(default)) => contacts.or(default),
        (Some(contacts), None) => contacts,
        (None, Some(default)) => Contacts::all(default),
        (None, None) => Contacts::none(),
    };
    Domain {
        account: call.account.clone(),
        created: now,
        expires: later(now, years),
        autorenew: asked.autorenew_enabled.unwrap_or(true),
        locked: asked.locked.unwrap_or(name.tld.lock),
        privacy: asked.privacy_enabled.unwrap_or_default() && name.tld.privacy,
        premium: name.is_premium(),
        client_hold: false,
        nameservers: hosts.unwrap_or_else(|| NAMESERVERS.map(str::to_owned).to_vec()),
        contacts,
        order,
    }
}

/// An address that was never verified has to be, within 15 days.
fn verify(world: &mut World, call: &Call, name: &Name, contacts: &Contacts) {
    let email = contacts.registrant_email();
    let known = world.namecom.accounts.get(&call.account);
    if known.is_some_and(|account| account.verified.contains(&email)) {
        return;
    }
    let (now, unseen) = (world.clock.now(), Lag::of(world.lag(Vendor::NameCom)));
    let state = &mut world.namecom;
    let mut waiting = state.verifications.values_mut();
    let same = waiting.find(|one| one.account == call.account && one.email == email);
    if let Some(verification) = same {
        verification.domains.insert(name.domain.clone());
        return;
    }
    let id = u64::from(state.next_id());
    let verification = Verification {
        account: call.account.clone(),
        email,
        domains: [name.domain.clone()].into(),
        created: now,
        unseen,
    };
    state.verifications.insert(id, verification);
}
