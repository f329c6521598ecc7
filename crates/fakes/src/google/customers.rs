//! Customers of a reseller.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::{body, error, forbidden, invalid, not_found, query};
use super::state::{Account, Customer, State};
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::strict::is_domain;
use crate::vendor::Vendor;

const KEPT: [&str; 7] = [
    "alternateEmail",
    "customerType",
    "kind",
    "phoneNumber",
    "postalAddress",
    "primaryAdmin",
    "resourceUiUrl",
];

const ADDRESS: [&str; 10] = [
    "addressLine1",
    "addressLine2",
    "addressLine3",
    "contactName",
    "countryCode",
    "kind",
    "locality",
    "organizationName",
    "postalCode",
    "region",
];

const ADDRESS_NEEDS: [&str; 4] = [
    "contactName",
    "organizationName",
    "countryCode",
    "postalCode",
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    customer_domain: Option<String>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// The reseller who asks; other tenants have no resold customers.
pub(crate) fn reseller<'a>(google: &'a mut State, call: &Call) -> Result<&'a mut Account, Answer> {
    let account = google.of(call)?;
    if account.reseller {
        Ok(account)
    } else {
        Err(forbidden())
    }
}

/// A customer by id or primary domain.
pub(crate) fn find<'a>(
    account: &'a mut Account,
    key: &str,
) -> Result<(&'a String, &'a mut Customer), Answer> {
    let mut customers = account.customers.iter_mut();
    customers
        .find(|(id, customer)| *id == key || customer.domain == key.to_lowercase())
        .ok_or_else(|| not_found("customerId"))
}

fn shown(id: &str, customer: &Customer, verified: bool) -> Value {
    let mut shown = json!({
        "kind": "reseller#customer",
        "customerId": id,
        "customerDomain": customer.domain,
        "customerDomainVerified": verified,
        "customerType": "domain",
    });
    for (name, value) in &customer.more {
        shown[name.as_str()] = value.clone();
    }
    shown
}

pub(crate) fn get(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let account = reseller(&mut world.google, call)?;
    let primary = account.primary_domain.clone();
    let (id, customer) = find(account, call.param(0))?;
    let verified = customer.domain == primary;
    Ok(Answer::json(200, &shown(id, customer, verified)))
}

pub(crate) fn insert(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let wanted: Wanted = body(call)?;
    let domain = wanted
        .customer_domain
        .clone()
        .unwrap_or_default()
        .to_lowercase();
    reseller(&mut world.google, call)?;
    if !is_domain(&domain) || domain.starts_with("www.") {
        return Err(invalid("Invalid customerDomain"));
    }
    check(&wanted, &domain)?;
    let mut accounts = world.google.accounts.values();
    let known = |account: &Account| {
        let mut customers = account.customers.values();
        account.domains.contains_key(&domain) || customers.any(|one| one.domain == domain)
    };
    if accounts.any(known) {
        let message = "Customer already exists; a customerAuthToken is needed to transfer it.";
        return Err(error(409, "duplicate", message));
    }
    let id = format!("C0{}", world.hex(7));
    let customer = Customer {
        domain: domain.clone(),
        more: wanted.more,
        subscriptions: BTreeMap::new(),
    };
    let answer = Answer::json(200, &shown(&id, &customer, false));
    let customers = &mut world.google.of(call)?.customers;
    customers.insert(id, customer);
    world.counts.add(Vendor::Google, "customers", &domain, 1);
    Ok(answer)
}

fn check(wanted: &Wanted, domain: &str) -> Result<(), Answer> {
    if let Some(unknown) = wanted
        .more
        .keys()
        .find(|name| !KEPT.contains(&name.as_str()))
    {
        return Err(unknown_name(unknown));
    }
    let alternate = wanted.more.get("alternateEmail").and_then(Value::as_str);
    let alternate = alternate.and_then(|email| email.rsplit_once('@'));
    if alternate.is_none_or(|(_, host)| host.eq_ignore_ascii_case(domain)) {
        return Err(invalid("Invalid alternateEmail"));
    }
    let Some(Value::Object(address)) = wanted.more.get("postalAddress") else {
        return Err(error(400, "required", "Required: postalAddress"));
    };
    if let Some(unknown) = address
        .keys()
        .find(|name| !ADDRESS.contains(&name.as_str()))
    {
        return Err(unknown_name(unknown));
    }
    let filled = |name: &&str| {
        address
            .get(*name)
            .and_then(Value::as_str)
            .is_some_and(|text| !text.is_empty())
    };
    match ADDRESS_NEEDS.iter().find(|name| !filled(name)) {
        Some(missing) => Err(error(
            400,
            "required",
            &format!("Required: postalAddress.{missing}"),
        )),
        None => Ok(()),
    }
}

fn unknown_name(name: &str) -> Answer {
    let message =
        format!("Invalid JSON payload received. Unknown name \"{name}\": Cannot find field.");
    error(400, "badRequest", &message)
}
