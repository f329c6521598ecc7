//! Zones: finding them, changing them, and when they become active.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::zone_id;
use super::envelope::{error, page, refuse, success};
use super::state::{Status, Zone};
use crate::World;
use crate::call::{Call, Outcome};
use crate::limits::Limit;
use crate::strict;
use crate::vendor::Vendor;

/// Reads after which the delegation is looked at without being asked.
pub(crate) const READS_TO_CHECK: u32 = 4;

/// Days after which a zone on the free plan is deleted, by its status.
const PENDING_DAYS: i64 = 28;
const MOVED_DAYS: i64 = 7;

/// Days for which a deleted zone is still answered.
const ANSWERED_DAYS: u64 = 7;
const DAY_MS: u64 = 24 * 3600 * 1000;

const CHECKS: Limit = Limit {
    vendor: Vendor::Cloudflare,
    name: "activation_check",
    most: 1,
    seconds: 3600,
};

pub(crate) fn show(world: &World, id: &str, zone: &Zone) -> Value {
    let account = world.cloudflare.accounts.get(&zone.account);
    json!({
        "id": id,
        "name": zone.name,
        "status": zone.status.word(),
        "paused": zone.paused,
        "type": "full",
        "development_mode": 0,
        "name_servers": zone.nameservers,
        "original_name_servers": zone.original_nameservers,
        "original_registrar": null,
        "original_dnshost": null,
        "created_on": zone.created.to_string(),
        "modified_on": zone.modified.to_string(),
        "activated_on": zone.activated.map(|at| at.to_string()),
        "meta": { "step": 2, "custom_certificate_quota": 0, "page_rule_quota": 3, "phishing_detected": false },
        "owner": { "id": null, "type": "user", "email": null },
        "account": { "id": zone.account, "name": account.map(|account| &account.name) },
        "permissions": ["#zone:read", "#zone:edit", "#dns_records:read", "#dns_records:edit"],
        "plan": { "id": "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "name": "Free Website", "price": 0, "currency": "USD" },
    })
}

/// Looks at the delegation, if this read is the one that does.
fn look(world: &mut World, id: &str) {
    let now = world.clock.now();
    let Some(zone) = world.cloudflare.zones.get_mut(id) else {
        return;
    };
    if zone.reads_to_check > 0 {
        zone.reads_to_check -= 1;
        return;
    }
    zone.reads_to_check = READS_TO_CHECK;
    let delegation = world
        .registry
        .find(&zone.name)
        .filter(|delegation| !delegation.on_hold);
    let here: BTreeSet<_> = zone.nameservers.iter().collect();
    let there = delegation.map(|delegation| delegation.nameservers.iter().collect());
    zone.status = match zone.status {
        _ if there == Some(here) => Status::Active,
        Status::Pending => Status::Pending,
        Status::Active | Status::Moved => Status::Moved,
    };
    match zone.status {
        Status::Active => {
            zone.activated = zone.activated.or(Some(now));
            zone.moved = None;
        }
        Status::Moved => zone.moved = zone.moved.or(Some(now)),
        Status::Pending => {}
    }
}

pub(crate) fn get(world: &mut World, call: &Call) -> Outcome {
    let id = zone_id(world, call)?;
    look(world, &id);
    let zone = world.cloudflare.zones.get(&id);
    Ok(success(&zone.map(|zone| show(world, &id, zone))))
}

const FILTERS: &[&str] = &[
    "account.id",
    "account.name",
    "direction",
    "match",
    "name",
    "order",
    "page",
    "per_page",
    "status",
    "type",
];

pub(crate) fn list(world: &mut World, call: &Call) -> Outcome {
    let query = strict::query(call, FILTERS).map_err(|why| refuse(&why))?;
    let zones = world.cloudflare.zones.iter();
    let mine = zones.filter(|(_, zone)| zone.account == call.account);
    let ids: Vec<_> = mine.map(|(id, _)| id.clone()).collect();
    let mut shown = Vec::new();
    for id in ids {
        look(world, &id);
        let Some(zone) = world.cloudflare.zones.get_mut(&id) else {
            continue;
        };
        let fits = query.get("name").is_none_or(|name| name == zone.name)
            && query
                .get("status")
                .is_none_or(|status| status == zone.status.word())
            && query
                .get("account.id")
                .is_none_or(|account| account == zone.account)
            && query
                .get("type")
                .is_none_or(|types| types.split(',').any(|kind| kind == "full"));
        if fits && !zone.unseen.hides() {
            shown.extend(
                world
                    .cloudflare
                    .zones
                    .get(&id)
                    .map(|zone| show(world, &id, zone)),
            );
        }
    }
    let order = query.get("order").unwrap_or("name");
    shown.sort_by_key(|zone| zone[order].to_string());
    if query.get("direction") == Some("desc") {
        shown.reverse();
    }
    page(&query, &shown, 5..=50, 20)
}

pub(crate) fn delete(world: &mut World, call: &Call) -> Outcome {
    let id = zone_id(world, call)?;
    remove(world, &id);
    Ok(success(&json!({ "id": id })))
}

/// The name servers go on to answer a deleted zone for a week.
fn remove(world: &mut World, id: &str) {
    let until = world.clock.now_ms() + ANSWERED_DAYS * DAY_MS;
    if let Some(zone) = world.cloudflare.zones.remove(id) {
        world.cloudflare.deleted.push((until, zone));
    }
}

/// Deletes zones that were pending or moved for too long.
pub(crate) fn expire(world: &mut World) {
    let now = world.clock.now();
    let days = |since: Timestamp| now.duration_since(since).as_hours() / 24;
    let zones = world.cloudflare.zones.iter();
    let over = zones.filter(|(_, zone)| match zone.status {
        Status::Pending => days(zone.created) >= PENDING_DAYS,
        Status::Moved => zone.moved.is_some_and(|since| days(since) >= MOVED_DAYS),
        Status::Active => false,
    });
    let over: Vec<_> = over.map(|(id, _)| id.clone()).collect();
    for id in over {
        remove(world, &id);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    paused: Option<bool>,
    #[serde(rename = "type")]
    kind: Option<String>,
    vanity_name_servers: Option<Vec<String>>,
}

/// One property at a time; this plan has `paused` only.
pub(crate) fn edit(world: &mut World, call: &Call) -> Outcome {
    let asked: Edit = strict::json(call).map_err(|why| refuse(&why))?;
    let id = zone_id(world, call)?;
    let (Some(paused), None, None) = (asked.paused, asked.kind, asked.vanity_name_servers) else {
        let why = "Only one zone property can be changed at a time, and this plan allows paused.";
        return Err(error(400, 1007, why));
    };
    let now = world.clock.now();
    if let Some(zone) = world.cloudflare.zones.get_mut(&id) {
        zone.paused = paused;
        zone.modified = now;
    }
    let zone = world.cloudflare.zones.get(&id);
    Ok(success(&zone.map(|zone| show(world, &id, zone))))
}

/// Asks for the delegation to be looked at soon; for zones that are not active, once an hour.
pub(crate) fn activation_check(world: &mut World, call: &Call) -> Outcome {
    let id = zone_id(world, call)?;
    let (now, lag) = (world.clock.now_ms(), world.lag(Vendor::Cloudflare));
    let zone = world.cloudflare.zones.get(&id);
    if zone.is_some_and(|zone| zone.status == Status::Active) {
        return Err(error(400, 1223, "This zone is active already."));
    }
    if !world.limits.take(&CHECKS, &id, 1, now).within {
        let why = "You may only perform this action once per hour.";
        return Err(error(400, 1224, why));
    }
    if let Some(zone) = world.cloudflare.zones.get_mut(&id) {
        zone.reads_to_check = lag;
    }
    Ok(success(&json!({ "id": id })))
}
