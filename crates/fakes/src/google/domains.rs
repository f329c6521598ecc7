//! Domains of a tenant.

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{body, domain_not_found, duplicate, error, forbidden, invalid, query};
use super::state::{Domain, State};
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::lag::Lag;
use crate::strict::is_domain;
use crate::vendor::Vendor;

/// Domains with a name that begins so are always somebody else's.
const OTHER_TENANT: &str = "othertenant-";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wanted {
    domain_name: Option<String>,
    #[serde(rename = "kind")]
    _kind: Option<String>,
    #[serde(rename = "etag")]
    _etag: Option<String>,
    #[serde(rename = "creationTime")]
    _creation_time: Option<String>,
    #[serde(rename = "isPrimary")]
    _is_primary: Option<bool>,
    #[serde(rename = "verified")]
    _verified: Option<bool>,
    #[serde(rename = "domainAliases")]
    _domain_aliases: Option<Vec<Value>>,
}

/// The customer in a path is the tenant itself, by its id or as `my_customer`.
fn check_customer(call: &Call) -> Result<(), Answer> {
    let asked = call.param(0);
    if asked == "my_customer" || asked == call.account {
        Ok(())
    } else {
        Err(forbidden())
    }
}

fn shown(name: &str, domain: &mut Domain) -> Value {
    let verified = domain.verified && !domain.unverified.hides();
    json!({
        "kind": "admin#directory#domain",
        "domainName": name,
        "creationTime": domain.created_ms.to_string(),
        "isPrimary": domain.primary,
        "verified": verified,
    })
}

pub(crate) fn list(world: &mut World, call: &Call) -> Outcome {
    check_customer(call)?;
    query(call, &[])?;
    let account = world.google.of(call)?;
    let domains = account.domains.iter_mut();
    let domains: Vec<_> = domains
        .filter_map(|(name, domain)| (!domain.unseen.hides()).then(|| shown(name, domain)))
        .collect();
    let body = json!({ "kind": "admin#directory#domains", "domains": domains });
    Ok(Answer::json(200, &body))
}

pub(crate) fn get(world: &mut World, call: &Call) -> Outcome {
    check_customer(call)?;
    query(call, &[])?;
    let name = call.param(1).to_lowercase();
    let domain = world.google.of(call)?.domains.get_mut(&name);
    let domain = domain.and_then(|domain| (!domain.unseen.hides()).then_some(domain));
    let domain = domain.ok_or_else(domain_not_found)?;
    Ok(Answer::json(200, &shown(&name, domain)))
}

pub(crate) fn insert(world: &mut World, call: &Call) -> Outcome {
    check_customer(call)?;
    query(call, &[])?;
    let wanted: Wanted = body(call)?;
    let name = wanted.domain_name.unwrap_or_default().to_lowercase();
    if !is_domain(&name) {
        return Err(invalid("Invalid Input: domain_name"));
    }
    match world.google.owner_of(&name) {
        Some(owner) if owner == call.account => return Err(duplicate()),
        Some(_) => return Err(elsewhere()),
        None if name.starts_with(OTHER_TENANT) => return Err(elsewhere()),
        None => {}
    }
    let lag = world.lag(Vendor::Google);
    let mut domain = Domain {
        created_ms: world.clock.now_ms(),
        primary: false,
        verified: is_proved(&world.google, call, &name),
        unseen: Lag::of(lag),
        unverified: Lag::of(lag),
        dkim: None,
    };
    let answer = Answer::json(200, &shown(&name, &mut domain));
    let account = world.google.of(call)?;
    account.domains.insert(name.clone(), domain);
    world.counts.add(Vendor::Google, "domains", &name, 1);
    Ok(answer)
}

fn elsewhere() -> Answer {
    let message = "Domain is already in use by another Google Workspace customer.";
    error(409, "conflict", message)
}

/// Whether an admin of the tenant has proved the domain before it was added.
fn is_proved(google: &State, call: &Call, name: &str) -> bool {
    let account = google.accounts.get(&call.account);
    account.is_some_and(|account| {
        let key = (account.admin.clone(), name.to_owned());
        account.sites.get(&key).is_some_and(|site| site.verified)
    })
}

pub(crate) fn delete(world: &mut World, call: &Call) -> Outcome {
    check_customer(call)?;
    query(call, &[])?;
    let name = call.param(1).to_lowercase();
    let account = world.google.of(call)?;
    let Some(domain) = account.domains.get(&name) else {
        return Err(domain_not_found());
    };
    let of_domain = format!("@{name}");
    let mut addresses = account.users.values().flat_map(|user| {
        let aliases = user.aliases.iter().map(String::as_str);
        aliases.chain([user.email.as_str()])
    });
    let used = addresses.any(|address| address.ends_with(&of_domain));
    if domain.primary || used {
        let message = "Domain cannot be deleted: it is primary or still has users.";
        return Err(error(400, "badRequest", message));
    }
    account.domains.remove(&name);
    world
        .counts
        .add(Vendor::Google, "domains_deleted", &name, 1);
    Ok(Answer::empty(204))
}
