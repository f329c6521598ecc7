//! Subscriptions of resold customers, and changes of their seats.

use serde::Deserialize;
use serde_json::json;

use super::customers::{find, reseller};
use super::error::{body, duplicate, error, invalid, max_results, not_found, query};
use super::state::Customer;
use super::subscription::{Plan, SKUS, Subscription, shown};
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::vendor::Vendor;

const TRIAL_SEATS: u32 = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seats {
    #[serde(rename = "kind")]
    _kind: Option<String>,
    #[serde(rename = "maximumNumberOfSeats")]
    most: Option<u32>,
    #[serde(rename = "numberOfSeats")]
    exactly: Option<u32>,
    #[serde(rename = "licensedNumberOfSeats")]
    _licensed: Option<u32>,
}

impl Seats {
    /// The one number that a plan takes; the other must be absent.
    fn of(&self, plan: Plan) -> Result<u32, Answer> {
        let (wanted, other) = if plan.is_annual() {
            (self.exactly, self.most)
        } else {
            (self.most, self.exactly)
        };
        match (wanted, other) {
            (Some(seats), None) if seats > 0 => Ok(seats),
            _ => Err(invalid(
                "Invalid number of seats for the subscription's plan.",
            )),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PlanWanted {
    plan_name: Plan,
    #[serde(rename = "isCommitmentPlan")]
    _is_commitment: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Renewal {
    #[serde(rename = "kind")]
    _kind: Option<String>,
    renewal_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wanted {
    #[serde(rename = "kind")]
    _kind: Option<String>,
    #[serde(rename = "customerId")]
    _customer_id: Option<String>,
    sku_id: String,
    plan: PlanWanted,
    seats: Seats,
    purchase_order_id: Option<String>,
    renewal_settings: Option<Renewal>,
    #[serde(rename = "dealCode")]
    _deal_code: Option<String>,
}

/// How many users hold a licence: the fakes know it of the tenant's own customer.
fn licensed(world: &World, call: &Call, customer: &str) -> usize {
    let account = world.google.accounts.get(&call.account);
    account
        .filter(|_| customer == call.account)
        .map_or(0, |account| account.users.len())
}

pub(crate) fn list(world: &mut World, call: &Call) -> Outcome {
    let query = query(
        call,
        &[
            "customerId",
            "customerNamePrefix",
            "maxResults",
            "pageToken",
        ],
    )?;
    let most = max_results(&query, 20, 100)?;
    let wanted = query.get("customerId");
    let prefix = query.get("customerNamePrefix").unwrap_or_default();
    let after = query.get("pageToken").unwrap_or_default();
    let own = licensed(world, call, &call.account);
    let account = reseller(&mut world.google, call)?;
    if let Some(key) = wanted {
        find(account, key)?;
    }
    let fits = |id: &String, customer: &Customer| {
        wanted.is_none_or(|key| id == key || customer.domain == key.to_lowercase())
            && customer.domain.starts_with(prefix)
    };
    let mut found = Vec::new();
    for (customer_id, customer) in account.customers.iter().filter(|(id, one)| fits(id, one)) {
        let licensed = if *customer_id == call.account { own } else { 0 };
        for (id, one) in &customer.subscriptions {
            found.push((id, shown(id, one, customer_id, &customer.domain, licensed)));
        }
    }
    found.sort_by_key(|(id, _)| (*id).clone());
    found.retain(|(id, _)| id.as_str() > after);
    let mut body = json!({ "kind": "reseller#subscriptions" });
    if found.len() > most {
        body["nextPageToken"] = json!(found[most - 1].0);
        found.truncate(most);
    }
    let shown: Vec<_> = found.into_iter().map(|(_, shown)| shown).collect();
    body["subscriptions"] = json!(shown);
    Ok(Answer::json(200, &body))
}

pub(crate) fn get(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let own = licensed(world, call, &call.account);
    let account = reseller(&mut world.google, call)?;
    let (customer_id, customer) = find(account, call.param(0))?;
    let licensed = if *customer_id == call.account { own } else { 0 };
    let one = customer.subscriptions.get(call.param(1));
    let one = one.ok_or_else(|| not_found("subscriptionId"))?;
    let shown = shown(call.param(1), one, customer_id, &customer.domain, licensed);
    Ok(Answer::json(200, &shown))
}

pub(crate) fn insert(world: &mut World, call: &Call) -> Outcome {
    query(call, &["action"])?;
    let wanted: Wanted = body(call)?;
    let plan = wanted.plan.plan_name;
    let seats = wanted.seats.of(plan)?;
    if !SKUS.iter().any(|(sku, _)| *sku == wanted.sku_id) {
        return Err(invalid("Invalid skuId"));
    }
    let (id, created_ms) = (world.hex(12), world.clock.now_ms());
    let account = reseller(&mut world.google, call)?;
    let most = account.seats_max;
    let (customer_id, customer) = find(account, call.param(0))?;
    if customer
        .subscriptions
        .values()
        .any(|one| one.sku == wanted.sku_id)
    {
        return Err(duplicate());
    }
    check_most(plan, seats, most)?;
    let renewal = wanted.renewal_settings.and_then(|one| one.renewal_type);
    let one = Subscription {
        sku: wanted.sku_id,
        plan,
        seats,
        created_ms,
        purchase_order: wanted.purchase_order_id.unwrap_or_default(),
        renewal: renewal.filter(|_| plan.is_annual()),
    };
    let (customer_id, domain) = (customer_id.clone(), customer.domain.clone());
    customer.subscriptions.insert(id.clone(), one);
    let counts = &mut world.counts;
    counts.add(Vendor::Google, "subscriptions", &customer_id, 1);
    answer(world, call, &customer_id, &domain, &id)
}

fn check_most(plan: Plan, seats: u32, most: u32) -> Result<(), Answer> {
    let most = if plan == Plan::Trial {
        TRIAL_SEATS
    } else {
        most
    };
    if seats <= most {
        Ok(())
    } else {
        let message = "The number of seats is larger than allowed.";
        Err(error(412, "conditionNotMet", message))
    }
}

fn answer(world: &mut World, call: &Call, customer: &str, domain: &str, id: &str) -> Outcome {
    let licensed = licensed(world, call, customer);
    let account = world.google.of(call)?;
    let one = account.customers.get(customer);
    let one = one.and_then(|one| one.subscriptions.get(id));
    let one = one.ok_or_else(|| not_found("subscriptionId"))?;
    Ok(Answer::json(
        200,
        &shown(id, one, customer, domain, licensed),
    ))
}

pub(crate) fn change_seats(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let wanted: Seats = body(call)?;
    let new_id = world.hex(12);
    let own = licensed(world, call, &call.account);
    let account = reseller(&mut world.google, call)?;
    let most = account.seats_max;
    let (customer_id, customer) = find(account, call.param(0))?;
    let used = if *customer_id == call.account { own } else { 0 };
    let found = customer.subscriptions.get(call.param(1));
    let one = found.ok_or_else(|| not_found("subscriptionId"))?;
    let seats = wanted.of(one.plan)?;
    check_most(one.plan, seats, most)?;
    if (one.plan.is_annual() && seats < one.seats) || (seats as usize) < used {
        let message = "The number of seats cannot be reduced so far.";
        return Err(error(412, "conditionNotMet", message));
    }
    let (customer_id, domain) = (customer_id.clone(), customer.domain.clone());
    if let Some(mut one) = customer.subscriptions.remove(call.param(1)) {
        one.seats = seats;
        customer.subscriptions.insert(new_id.clone(), one);
    }
    let counts = &mut world.counts;
    counts.add(Vendor::Google, "seat_changes", &customer_id, 1);
    answer(world, call, &customer_id, &domain, &new_id)
}
