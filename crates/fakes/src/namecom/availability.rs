//! What can be bought, and for how much.

use std::collections::BTreeSet;

use rand::seq::SliceRandom;
use serde::Deserialize;
use serde_json::{Value, json};

use super::catalog::{Name, TLDS, dollars};
use super::error::{error, invalid, refuse};
use super::paging::Page;
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::strict;

const MOST_CHECKED: usize = 50;
const MOST_IN_ZONES: usize = 500;
const MOST_YEARS: u32 = 10;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Check {
    domain_names: Vec<String>,
    purchase_type: Option<String>,
}

/// Up to 50 names; what is not offered is missing, and the order is any.
pub(crate) fn check(world: &mut World, call: &Call) -> Outcome {
    let asked: Check = strict::json(call).map_err(|why| refuse(&why))?;
    if asked.domain_names.is_empty() || asked.domain_names.len() > MOST_CHECKED {
        return Err(invalid("domainNames must hold between 1 and 50 names"));
    }
    let names = parse(&asked.domain_names);
    if names.is_empty() {
        let details = "The request contains no valid domains to check.";
        return Err(error(422, "Unprocessable Entity", Some(details)));
    }
    let kind = asked.purchase_type.as_deref().unwrap_or("registration");
    let offered = names
        .iter()
        .filter(|name| name.is_offered() && kind == "registration");
    let mut results: Vec<_> = offered.map(|name| result(world, name)).collect();
    results.shuffle(&mut world.dice);
    Ok(Answer::json(200, &json!({ "results": results })))
}

fn parse(names: &[String]) -> Vec<Name> {
    let names: BTreeSet<_> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    names.iter().filter_map(|name| Name::parse(name)).collect()
}

/// Prices are told of what can be bought only.
fn result(world: &World, name: &Name) -> Value {
    let mut result = json!({
        "domainName": name.domain,
        "sld": name.sld,
        "tld": name.tld.name,
        "purchasable": false,
    });
    if name.is_taken(world) {
        result["reason"] = json!("Domain is not available");
        return result;
    }
    result["purchasable"] = json!(true);
    result["premium"] = json!(name.is_premium());
    result["purchaseType"] = json!("registration");
    result["purchasePrice"] = dollars(name.purchase_cents(1));
    result["renewalPrice"] = dollars(name.renewal_cents(1));
    result
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ZoneCheck {
    domain_names: Vec<String>,
}

/// Up to 500 names by what the zones hold: fast, and not the last word.
pub(crate) fn zone_check(world: &mut World, call: &Call) -> Outcome {
    let asked: ZoneCheck = strict::json(call).map_err(|why| refuse(&why))?;
    if asked.domain_names.is_empty() || asked.domain_names.len() > MOST_IN_ZONES {
        return Err(invalid("domainNames must hold between 1 and 500 names"));
    }
    let names = parse(&asked.domain_names);
    if names.is_empty() {
        return Err(error(422, "Unprocessable Entity", Some("no valid domains")));
    }
    let results: Vec<_> = names
        .iter()
        .map(|name| {
            let available = name.is_offered().then(|| !name.is_taken(world));
            json!({ "domainName": name.domain, "available": available })
        })
        .collect();
    let removed = asked.domain_names.len() - results.len();
    let body = json!({ "results": results, "total": results.len(), "removed": removed });
    Ok(Answer::json(200, &body))
}

/// Prices of one name; null where it is not sold.
pub(crate) fn pricing(_: &mut World, call: &Call) -> Outcome {
    let query = strict::query(call, &["years"]).map_err(|why| refuse(&why))?;
    let years = query.parse::<u32>("years").map_err(|why| refuse(&why))?;
    let years = years.unwrap_or(1);
    let name = Name::wanted(call.param(0))?;
    if !(1..=MOST_YEARS).contains(&years) {
        return Err(invalid("years must be between 1 and 10"));
    }
    let price = |cents| {
        if name.is_offered() {
            dollars(cents)
        } else {
            Value::Null
        }
    };
    let body = json!({
        "premium": name.is_premium(),
        "purchasePrice": price(name.purchase_cents(years)),
        "renewalPrice": price(name.renewal_cents(years)),
        "transferPrice": price(name.renewal_cents(1)),
    });
    Ok(Answer::json(200, &body))
}

/// What the account pays for each TLD.
pub(crate) fn tld_pricing(_: &mut World, call: &Call) -> Outcome {
    let wanted: Vec<_> = call
        .query
        .iter()
        .filter(|(name, _)| name == "tlds")
        .collect();
    let mut rest = call.clone();
    rest.query.retain(|(name, _)| name != "tlds");
    let query = strict::query(&rest, &["page", "perPage", "duration"]);
    let query = query.map_err(|why| refuse(&why))?;
    let years = query.parse::<u32>("duration").map_err(|why| refuse(&why))?;
    let years = years.unwrap_or(1);
    if !(1..=MOST_YEARS).contains(&years) || wanted.len() > 25 {
        return Err(invalid(
            "duration must be between 1 and 10, and tlds at most 25",
        ));
    }
    let is_wanted = |tld: &str| wanted.is_empty() || wanted.iter().any(|(_, name)| name == tld);
    let prices: Vec<_> = TLDS
        .iter()
        .filter(|tld| is_wanted(tld.name))
        .map(|tld| {
            let all = |cents| dollars(cents * u64::from(years));
            json!({
                "tld": tld.name,
                "duration": years,
                "registrationPrice": all(tld.first_year),
                "registrationOriginalPrice": all(tld.first_year.max(tld.renewal)),
                "renewalPrice": all(tld.renewal),
                "domainRestorationPrice": dollars(12_099),
                "transferInPrice": dollars(tld.renewal),
            })
        })
        .collect();
    if prices.is_empty() {
        return Err(invalid("none of the tlds is supported"));
    }
    Page::of(&query, 25)?.answer(call, "pricing", &prices)
}
