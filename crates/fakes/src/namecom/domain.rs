//! Domains that an account holds.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::catalog::{Name, dollars, is_host};
use super::contact::Contacts;
use super::error::{error, invalid, refuse};
use super::paging::Page;
use super::state::Domain;
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::strict::{self, Query};
use crate::vendor::Vendor;

/// What is sent of a domain.
pub(crate) fn show(name: &Name, domain: &Domain) -> Value {
    let locks = [
        ("clientTransferProhibited", domain.locked),
        ("clientHold", domain.client_hold),
    ];
    let locks: Vec<_> = locks.into_iter().filter(|(_, set)| *set).collect();
    json!({
        "domainName": name.domain,
        "createDate": date(domain.created),
        "expireDate": date(domain.expires),
        "autorenewEnabled": domain.autorenew,
        "locked": domain.locked,
        "locks": locks.iter().map(|(lock, _)| lock).collect::<Vec<_>>(),
        "privacyEnabled": domain.privacy,
        "nameservers": domain.nameservers,
        "contacts": domain.contacts.to_json(),
        "renewalPrice": dollars(name.renewal_cents(1)),
    })
}

/// A date and time in whole seconds.
pub(crate) fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The name in the path, if the account has it.
pub(crate) fn owned(world: &World, call: &Call) -> Result<Name, Answer> {
    let name = Name::parse(call.param(0));
    let owned = name.filter(|name| {
        let held = world.namecom.domains.get(&name.domain);
        held.is_some_and(|domain| domain.account == call.account)
    });
    owned.ok_or_else(|| {
        error(
            404,
            "Not Found",
            Some("The requested domain does not exist."),
        )
    })
}

/// The same, if it has not expired, so that it can be changed.
fn changeable<'a>(world: &'a mut World, call: &Call) -> Result<(Name, &'a mut Domain), Answer> {
    let name = owned(world, call)?;
    let now = world.clock.now();
    match world.namecom.domains.get_mut(&name.domain) {
        Some(domain) if domain.expires > now => Ok((name, domain)),
        _ => Err(error(
            403,
            "Permission denied",
            Some("The domain has expired."),
        )),
    }
}

pub(crate) fn get(world: &mut World, call: &Call) -> Outcome {
    let name = owned(world, call)?;
    let shown = world.namecom.domains.get(&name.domain);
    Ok(Answer::json(200, &shown.map(|domain| show(&name, domain))))
}

const FILTERS: &[&str] = &[
    "page",
    "perPage",
    "sort",
    "dir",
    "domainName",
    "tld",
    "locked",
    "createDate",
    "createDateStart",
    "createDateEnd",
    "expireDate",
    "expireDateStart",
    "expireDateEnd",
    "privacyEnabled",
    "isPremium",
    "autorenewEnabled",
    "orderId",
    "includeRenewalPrice",
];

pub(crate) fn list(world: &mut World, call: &Call) -> Outcome {
    let query = strict::query(call, FILTERS).map_err(|why| refuse(&why))?;
    let mut shown = Vec::new();
    for (name, domain) in &world.namecom.domains {
        let Some(name) = Name::parse(name).filter(|_| domain.account == call.account) else {
            continue;
        };
        if passes(&query, &name, domain)? {
            shown.push(show(&name, domain));
        }
    }
    let order = |value: &Value| match query.get("sort") {
        Some(field) => value[field].to_string(),
        None => String::new(),
    };
    shown.sort_by_key(order);
    if query.get("dir") == Some("desc") {
        shown.reverse();
    }
    Page::of(&query, 1000)?.answer(call, "domains", &shown)
}

fn passes(query: &Query<'_>, name: &Name, domain: &Domain) -> Result<bool, Answer> {
    let flag = |field: &str, has: bool| {
        let asked = query.parse::<bool>(field).map_err(|why| refuse(&why))?;
        Ok::<_, Answer>(asked.is_none_or(|asked| asked == has))
    };
    let order = query.parse::<u32>("orderId").map_err(|why| refuse(&why))?;
    let named = query.get("domainName").is_none_or(|asked| {
        let asked = asked.to_lowercase();
        match asked.strip_prefix('*') {
            Some(end) => name.domain.ends_with(end),
            None => name.domain == asked,
        }
    });
    Ok(named
        && query.get("tld").is_none_or(|tld| tld == name.tld.name)
        && order.is_none_or(|order| order == domain.order)
        && flag("locked", domain.locked)?
        && flag("privacyEnabled", domain.privacy)?
        && flag("isPremium", domain.premium)?
        && flag("autorenewEnabled", domain.autorenew)?
        && within(query, "createDate", &date(domain.created))
        && within(query, "expireDate", &date(domain.expires)))
}

/// Days of both ends belong to a range.
fn within(query: &Query<'_>, field: &str, date: &str) -> bool {
    let day = date.get(..10).unwrap_or_default();
    let asked = |end: &str| {
        let asked = query.get(&format!("{field}{end}"))?;
        Some(asked.get(..10).unwrap_or(asked))
    };
    asked("").is_none_or(|on| day == on)
        && asked("Start").is_none_or(|start| day >= start)
        && asked("End").is_none_or(|end| day <= end)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hosts {
    nameservers: Vec<String>,
}

/// Hosts in lower case, each once and well-formed.
pub(crate) fn nameservers(asked: &[String]) -> Result<Vec<String>, Answer> {
    let hosts: Vec<_> = asked.iter().map(|host| host.to_ascii_lowercase()).collect();
    let different: BTreeSet<_> = hosts.iter().collect();
    let fits = (1..=13).contains(&hosts.len()) && different.len() == hosts.len();
    if !fits || !hosts.iter().all(|host| is_host(host)) {
        return Err(invalid(
            "nameservers must be between 1 and 13 different host names",
        ));
    }
    Ok(hosts)
}

pub(crate) fn set_nameservers(world: &mut World, call: &Call) -> Outcome {
    let asked: Hosts = strict::json(call).map_err(|why| refuse(&why))?;
    let hosts = nameservers(&asked.nameservers)?;
    let (name, domain) = changeable(world, call)?;
    domain.nameservers.clone_from(&hosts);
    let shown = show(&name, domain);
    world.registry.set_nameservers(&name.domain, hosts);
    world
        .counts
        .add(Vendor::NameCom, "nameserver_changes", &name.domain, 1);
    Ok(Answer::json(200, &shown))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Update {
    autorenew_enabled: Option<bool>,
    privacy_enabled: Option<bool>,
    locked: Option<bool>,
}

/// All that is asked, or nothing.
pub(crate) fn update(world: &mut World, call: &Call) -> Outcome {
    let asked: Update = strict::json(call).map_err(|why| refuse(&why))?;
    if asked
        .autorenew_enabled
        .or(asked.privacy_enabled)
        .or(asked.locked)
        .is_none()
    {
        let details = "one of autorenewEnabled, privacyEnabled and locked is required";
        return Err(invalid(details));
    }
    let (name, domain) = changeable(world, call)?;
    if asked.locked.is_some() && !name.tld.lock {
        return Err(error(409, "Domain cannot be locked by the registrar", None));
    }
    if asked.privacy_enabled == Some(true) && !name.tld.privacy {
        return Err(error(
            409,
            "WHOIS Privacy is not available for this domain",
            None,
        ));
    }
    domain.autorenew = asked.autorenew_enabled.unwrap_or(domain.autorenew);
    domain.privacy = asked.privacy_enabled.unwrap_or(domain.privacy);
    domain.locked = asked.locked.unwrap_or(domain.locked);
    Ok(Answer::json(200, &show(&name, domain)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetContacts {
    contacts: Contacts,
}

/// All four at once, each complete.
pub(crate) fn set_contacts(world: &mut World, call: &Call) -> Outcome {
    let asked: SetContacts = strict::json(call).map_err(|why| refuse(&why))?;
    asked.contacts.check()?;
    let (name, domain) = changeable(world, call)?;
    domain.contacts = asked.contacts;
    Ok(Answer::json(200, &show(&name, domain)))
}
