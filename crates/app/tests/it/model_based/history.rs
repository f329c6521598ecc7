//! What has happened, read from its end: events in a legal order, money that was owed, providers with nothing too much.

use std::collections::BTreeMap;

use peeker_domain::view::Source;
use peeker_domain::{
    Cents, EventType, LedgerReason, MailProvider, OrderDomainState, ProvisionStep, SwapStatus,
};
use peeker_store::entity::{order_domains, orders};
use peeker_testkit::TestApp;
use serde_json::Value;

use super::world::{World, has_joined, is_over};
use crate::books::paid;
use crate::matrix::State;

/// Statuses of something, as its events told of them.
type Told = Vec<String>;

/// Events are numbered without a gap, show what they tell of, and tell of nothing that is over.
pub async fn check_events(app: &TestApp) {
    let mut last = None;
    let mut told: BTreeMap<String, Told> = BTreeMap::new();
    for event in app.events().await {
        assert!(
            last.is_none_or(|last| event.sequence == last + 1),
            "{} follows {last:?}",
            event.sequence
        );
        last = Some(event.sequence);
        let body: Value = serde_json::from_str(&event.body).unwrap();
        let (noun, what) = event.kind.as_str().split_once('.').unwrap();
        let data = &body["data"];
        let status = match what {
            "connected" => "active",
            "forwarding_updated" | "forwarding_failed" | "low" => continue,
            "domains_cancel_scheduled" | "domains_cancelled" | "renewed" | "renewal_failed" => {
                continue;
            }
            what => what,
        };
        // Steps that are recorded together show an order as it is after all of them.
        let overtaken =
            [EventType::OrderActionRequired, EventType::OrderCompleted].contains(&event.kind);
        assert!(
            data["status"] == status || overtaken,
            "{} shows {data}",
            event.kind
        );
        let id = data["id"].as_str().unwrap();
        // A domain has a life of its own on each order.
        let key = if noun == "domain" {
            format!("{id} on {}", data["order_id"])
        } else {
            id.to_owned()
        };
        told.entry(format!("{noun} {key}"))
            .or_default()
            .push(what.to_owned());
    }
    for (what, told) in &told {
        let is_legal = match what.split_once(' ').unwrap().0 {
            "order" => order_is_legal(told),
            "swap" => swap_is_legal(told),
            "domain_import" => import_is_legal(told),
            _ => true,
        };
        assert!(is_legal, "{what}: {told:?}");
    }
}

fn ends_with(told: &Told, finals: &[&str]) -> bool {
    let end = told.iter().position(|status| finals.contains(&&**status));
    end.is_none_or(|end| end + 1 == told.len())
}

fn order_is_legal(told: &Told) -> bool {
    let scheduled = told.iter().position(|status| status == "cancel_scheduled");
    let after = scheduled.map_or(&[][..], |at| &told[at + 1..]);
    let twice = told
        .windows(2)
        .any(|pair| pair[0] == pair[1] && pair[0] != "action_required");
    told[0] == "in_progress"
        && !told[1..].contains(&told[0])
        && ends_with(told, &["failed", "cancelled"])
        && after
            .iter()
            .all(|status| ["failed", "cancelled"].contains(&&**status))
        && !twice
}

fn swap_is_legal(told: &Told) -> bool {
    let repeated = told.windows(2).any(|pair| pair[0] == pair[1]);
    let begins = told[0] == "created" || told == &["failed"];
    begins
        && !told[1..].contains(&"created".to_owned())
        && ends_with(told, &["failed", "completed"])
        && !repeated
}

fn import_is_legal(told: &Told) -> bool {
    match &told[0][..] {
        "failed" => told.len() == 1,
        first => {
            first == "completed"
                && told[1..].iter().all(|status| status == "action_required")
                && told.len() <= 2
        }
    }
}

/// No order got back more than it paid, and one that was served to its end got back what was never bought.
pub async fn check_money(app: &TestApp, world: &World) {
    for order in &world.orders {
        let db = &app.app.store().sandbox.db;
        let entries = peeker_store::wallet::entries_of_order(db, &app.partner.id, &order.id)
            .await
            .unwrap();
        let refunded: Cents = entries
            .iter()
            .filter(|(reason, _)| *reason == LedgerReason::Refund)
            .map(|(_, amount)| *amount)
            .sum();
        let net = paid(app, order.id.as_str()).await.0;
        assert!(
            net >= 0,
            "{} got back more than it paid: {entries:?}",
            order.id
        );
        let places: Vec<_> = world
            .places
            .iter()
            .filter(|place| place.order_id == order.id)
            .collect();
        let never_bought = places.iter().filter(|place| {
            is_over(place)
                && place.source == Source::Registered
                && place.step == ProvisionStep::Register
        });
        let registrations: Cents = never_bought.map(|place| place.price_cents).sum();
        let failed = world
            .swaps
            .iter()
            .filter(|swap| swap.order_id == order.id && swap.status == SwapStatus::Failed);
        let swapped: Cents = failed.map(|swap| swap.license_cents).sum();
        let undelivered = places.iter().filter(|place| {
            let shown_or_left = place.state == OrderDomainState::Released
                || (place.state == OrderDomainState::Left && place.swap_out_id.is_none());
            shown_or_left && has_joined(place) && world.is_uncharged(place)
        });
        let licenses: Cents = undelivered
            .map(|place| license(order, place) * months_charged(order, place, world))
            .sum();
        assert_eq!(
            refunded,
            registrations + swapped + licenses,
            "refunds of {order:?}: {entries:?}, {places:?}"
        );
    }
}

fn license(order: &orders::Model, place: &order_domains::Model) -> Cents {
    match place.provider {
        MailProvider::Google => order.google_license_cents * u32::try_from(place.inboxes).unwrap(),
        MailProvider::Microsoft => order.microsoft_license_cents,
    }
}

/// Months that were paid for a place before it was to leave; the first, of one that was live when its order failed.
fn months_charged(order: &orders::Model, place: &order_domains::Model, world: &World) -> u32 {
    if world.was_live(place) || place.swap_out_id.is_some() {
        return 1;
    }
    let begins = |month: i32| order.created_at.plus_months(month);
    let charged = |month: &i32| place.leaves_at.is_none_or(|leaves| begins(*month) < leaves);
    1 + u32::try_from((1..order.months_paid).filter(charged).count()).unwrap()
}

/// The simulated providers have what the rows say, and nothing else.
pub async fn check_providers(app: &TestApp) {
    State::read(app).await.assert_whole(app).await;
}
