//! The account itself: greeting, balance, orders, subscriptions, addresses to verify.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::catalog::dollars;
use super::domain::date;
use super::error::{error, invalid, not_found, refuse};
use super::idempotency;
use super::paging::Page;
use super::state::{Order, Subscription};
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::strict;

const EVENTS: [&str; 5] = [
    "account.credit.balance_change",
    "contact.verification.status_change",
    "domain.lock.status_change",
    "domain.registry.rejection",
    "domain.transfer.status_change",
];

/// Days within which an address has to be verified.
const VERIFY_HOURS: i64 = 15 * 24;

pub(crate) fn hello(world: &mut World, call: &Call) -> Outcome {
    let body = json!({
        "motd": "Welcome to the name.com Core API.",
        "serverName": "namecom-api-1",
        "serverTime": date(world.clock.now()),
        "username": call.account,
    });
    Ok(Answer::json(200, &body))
}

pub(crate) fn balance(world: &mut World, call: &Call) -> Outcome {
    let account = world.namecom.accounts.get(&call.account);
    let cents = account.map_or(0, |account| account.balance_cents);
    Ok(Answer::json(200, &json!({ "balance": dollars(cents) })))
}

pub(crate) fn orders(world: &mut World, call: &Call) -> Outcome {
    let query = strict::query(call, &["page", "perPage", "sort", "dir"]);
    let query = query.map_err(|why| refuse(&why))?;
    let orders = world.namecom.orders.iter();
    let mine = orders.filter(|(_, order)| order.account == call.account);
    let shown: Vec<_> = mine.map(|(id, order)| show_order(*id, order)).collect();
    Page::of(&query, 1000)?.answer(call, "orders", &shown)
}

pub(crate) fn order(world: &mut World, call: &Call) -> Outcome {
    let id = call
        .param(0)
        .parse()
        .map_err(|_| invalid("orderId is a number"))?;
    match world.namecom.orders.get(&id) {
        Some(order) if order.account == call.account => {
            Ok(Answer::json(200, &show_order(id, order)))
        }
        _ => Err(not_found()),
    }
}

fn show_order(id: u32, order: &Order) -> Value {
    let items: Vec<_> = order
        .items
        .iter()
        .map(|item| {
            json!({
                "id": item.id,
                "name": item.name,
                "tld": item.tld,
                "type": item.kind,
                "status": "success",
                "duration": item.years,
                "interval": "year",
                "quantity": 1,
                "price": dollars(item.cents),
                "originalPrice": dollars(item.cents),
            })
        })
        .collect();
    let total = dollars(order.cents());
    json!({
        "id": id,
        "createDate": date(order.created),
        "status": "success",
        "currency": "USD",
        "registrar": "Name.com, Inc.",
        "authAmount": total,
        "totalCapture": total,
        "finalAmount": total,
        "orderItems": items,
    })
}

pub(crate) fn subscriptions(world: &mut World, call: &Call) -> Outcome {
    let all = world.namecom.subscriptions.iter();
    let mine = all.filter(|(_, one)| one.account == call.account);
    let shown: Vec<_> = mine.map(|(id, one)| show_subscription(*id, one)).collect();
    Ok(Answer::json(200, &json!({ "subscriptions": shown })))
}

fn show_subscription(id: u32, one: &Subscription) -> Value {
    json!({
        "id": id,
        "eventName": one.event,
        "url": one.url,
        "active": one.active,
        "createDate": date(one.created),
        "updateDate": one.updated.map(date),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Subscribe {
    event_name: String,
    url: String,
    active: bool,
}

pub(crate) fn subscribe(world: &mut World, call: &Call) -> Outcome {
    let asked: Subscribe = strict::json(call).map_err(|why| refuse(&why))?;
    if !EVENTS.contains(&asked.event_name.as_str()) || !is_url(&asked.url) {
        return Err(invalid("eventName or url is not valid"));
    }
    let created = world.clock.now();
    let state = &mut world.namecom;
    let mut all = state.subscriptions.values();
    if all.any(|one| one.account == call.account && one.event == asked.event_name) {
        let details = "You are attempting to subscribe to an event you have already subscribed to.";
        return Err(error(409, "Conflict", Some(details)));
    }
    let id = state.next_id();
    let one = Subscription {
        account: call.account.clone(),
        event: asked.event_name,
        url: asked.url,
        active: asked.active,
        created,
        updated: None,
    };
    let body = json!({ "subscription": show_subscription(id, &one) });
    state.subscriptions.insert(id, one);
    Ok(Answer::json(201, &body))
}

fn is_url(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Modify {
    url: Option<String>,
    active: Option<bool>,
}

pub(crate) fn modify(world: &mut World, call: &Call) -> Outcome {
    let asked: Modify = strict::json(call).map_err(|why| refuse(&why))?;
    let empty = asked.url.is_none() && asked.active.is_none();
    if empty || asked.url.as_deref().is_some_and(|url| !is_url(url)) {
        return Err(invalid("url or active is required"));
    }
    let (id, now) = (subscription(world, call)?, world.clock.now());
    let Some(one) = world.namecom.subscriptions.get_mut(&id) else {
        return Err(not_found());
    };
    one.url = asked.url.unwrap_or_else(|| one.url.clone());
    one.active = asked.active.unwrap_or(one.active);
    one.updated = Some(now);
    let body = json!({ "subscription": show_subscription(id, one) });
    Ok(Answer::json(200, &body))
}

pub(crate) fn unsubscribe(world: &mut World, call: &Call) -> Outcome {
    let id = subscription(world, call)?;
    world.namecom.subscriptions.remove(&id);
    Ok(Answer::empty(204))
}

fn subscription(world: &World, call: &Call) -> Result<u32, Answer> {
    let id = call
        .param(0)
        .parse()
        .map_err(|_| invalid("id is a number"))?;
    let one = world.namecom.subscriptions.get(&id);
    one.filter(|one| one.account == call.account)
        .map(|_| id)
        .ok_or_else(not_found)
}

/// A new one appears after some listings, as it does after some minutes.
pub(crate) fn unverified(world: &mut World, call: &Call) -> Outcome {
    let query = strict::query(call, &["page", "perPage"]).map_err(|why| refuse(&why))?;
    let mut shown = Vec::new();
    for (id, one) in &mut world.namecom.verifications {
        if one.account != call.account || one.unseen.hides() {
            continue;
        }
        let by = one.created + SignedDuration::from_hours(VERIFY_HOURS);
        shown.push(json!({
            "verificationId": id,
            "createDate": date(one.created),
            "verifyBy": date(by),
            "email": one.email,
            "domains": one.domains,
        }));
    }
    Page::of(&query, 100)?.answer(call, "unverifiedContacts", &shown)
}

pub(crate) fn verify(world: &mut World, call: &Call) -> Outcome {
    idempotency::once(world, call, verify_once)
}

fn verify_once(world: &mut World, call: &Call) -> Outcome {
    let id = call.param(0).parse().unwrap_or_default();
    let waiting = world.namecom.verifications.get(&id);
    if waiting.is_none_or(|one| one.account != call.account) {
        return Err(not_found());
    }
    if let Some(one) = world.namecom.verifications.remove(&id)
        && let Some(account) = world.namecom.accounts.get_mut(&one.account)
    {
        account.verified.insert(one.email);
    }
    Ok(Answer::empty(204))
}

/// What each account holds, by user name.
pub(crate) fn holdings(world: &World) -> Value {
    let accounts = world.namecom.accounts.iter();
    let shown = accounts.map(|(user, account)| {
        let domains = world.namecom.domains.iter();
        let domains: Map<_, _> = domains
            .filter(|(_, domain)| domain.account == *user)
            .map(|(name, domain)| {
                let shown = json!({
                    "expires": date(domain.expires),
                    "autorenew": domain.autorenew,
                    "nameservers": domain.nameservers,
                    "client_hold": domain.client_hold,
                });
                (name.clone(), shown)
            })
            .collect();
        let shown = json!({ "balance_cents": account.balance_cents, "domains": domains });
        (user.clone(), shown)
    });
    shown.collect::<Map<_, _>>().into()
}
