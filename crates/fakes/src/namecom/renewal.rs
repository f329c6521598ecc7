//! Renewing a domain, for which there is no key: each call that works buys more years.

use serde::Deserialize;
use serde_json::{Value, json};

use super::catalog::{dollars, is_price};
use super::domain::{owned, show};
use super::error::{invalid, refuse};
use super::payment::{later, pay};
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::strict;
use crate::vendor::Vendor;

const MOST_YEARS: u32 = 10;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Renew {
    purchase_price: Option<f64>,
    years: Option<u32>,
}

pub(crate) fn renew(world: &mut World, call: &Call) -> Outcome {
    let asked: Renew = strict::json(call).map_err(|why| refuse(&why))?;
    let name = owned(world, call)?;
    let years = asked.years.unwrap_or(1);
    let now = world.clock.now();
    let held = world.namecom.domains.get(&name.domain);
    let until = later(held.map_or(now, |domain| domain.expires), years);
    if !(1..=MOST_YEARS).contains(&years) || until > later(now, MOST_YEARS) {
        return Err(invalid("a domain is registered for at most 10 years"));
    }
    let fits = |price| {
        [1, years]
            .iter()
            .any(|&n| is_price(price, name.renewal_cents(n)))
    };
    match asked.purchase_price {
        None if name.is_premium() => {
            let details =
                "Purchase price is required for premium domains in order to complete this request";
            return Err(invalid(details));
        }
        Some(price) if !fits(price) => {
            return Err(invalid("Purchase price does not match"));
        }
        _ => {}
    }
    let lines = vec![("renewal", years, name.renewal_cents(years))];
    let (order, paid) = pay(world, &call.account, &name, lines)?;
    let mut shown = Value::Null;
    if let Some(domain) = world.namecom.domains.get_mut(&name.domain) {
        domain.expires = until;
        shown = show(&name, domain);
    }
    world
        .counts
        .add(Vendor::NameCom, "renewals", &name.domain, 1);
    let end = until.to_string();
    let term = format!(
        "{} until {}",
        name.domain,
        end.get(..10).unwrap_or_default()
    );
    world.counts.add(Vendor::NameCom, "renewed_terms", &term, 1);
    let body = json!({ "domain": shown, "order": order, "totalPaid": dollars(paid) });
    Ok(Answer::json(200, &body))
}
