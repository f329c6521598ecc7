//! The whole way of a live order, and what each vendor holds after it.

use peeker_app::{cancel, vendor_spend};
use peeker_domain::id::OrderId;
use peeker_domain::vendor::Vendor;
use peeker_domain::{Cents, Timestamp};
use peeker_testkit::{LiveApp, apply, fake, live_on_both_engines};
use serde_json::{Value, json};

use super::{body, domain, get, place, post};

const OWNED: &str = "northwind-outreach.com";

/// Imports the customer's own domain; the customer moves it at his registrar.
async fn import(live: &LiveApp, name: &str) {
    let parked = ["ns1.parked.example", "ns2.parked.example"];
    live.fakes.register_elsewhere(name, &parked);
    let job = post(live, "/domains/import", json!({ "domains": [name] }), 200).await;
    assert_eq!(job["data"]["status"], "completed", "{job}");
    let servers = &job["data"]["nameserver_groups"][0]["nameservers"];
    let servers: Vec<&str> = servers
        .as_array()
        .unwrap()
        .iter()
        .map(|server| server.as_str().unwrap())
        .collect();
    assert!(servers.len() >= 2 && !servers.contains(&parked[0]));
    live.fakes.register_elsewhere(name, &servers);
}

#[apply(live_on_both_engines!)]
async fn an_order_a_swap_and_a_cancellation_go_over_the_wire(live: &LiveApp) {
    import(live, OWNED).await;
    let mut order = body(
        "dana@northwind.example",
        &["getnorthwind.com", OWNED, "trynorthwind.com"],
        4,
        1,
    );
    let picture = format!("{}/pictures/jane.jpg", live.fakes.web_url());
    order["personas"][0]["profile_picture_url"] = json!(picture);
    order["forwarding_url"] = json!(live.website());
    let id = place(live, order).await;
    let detail = live.run_order(&id, "completed").await;
    assert_eq!(detail["progress"]["inboxes_active"], 29);
    assert_eq!(detail["domains"]["imported"], json!([OWNED]));

    bought_once(live, &["getnorthwind.com", "trynorthwind.com"]);
    for name in ["getnorthwind.com", "trynorthwind.com", OWNED] {
        assert_eq!(domain(live, name).await["status"], "active");
    }
    let inboxes = get(live, &format!("/orders/{id}/inboxes?per_page=100")).await;
    for inbox in inboxes["data"].as_array().unwrap() {
        connected_once(live, inbox);
    }
    assert_bill(live, 2).await;

    let swapped = domain(live, "getnorthwind.com").await;
    let wish = json!({
        "type": "standard", "domain_id": swapped["id"], "replacement_domain": "meetnorthwind.com"
    });
    let swap = post(live, "/swaps", wish, 201).await;
    let path = format!("/swaps/{}", swap["data"]["id"].as_str().unwrap());
    live.run_until(async || {
        let swap = get(live, &path).await;
        swap["data"]["status"] == "completed"
    })
    .await;
    let detail = live.run_order(&id, "completed").await;
    assert_eq!(detail["progress"]["inboxes_active"], 29);
    assert_eq!(
        domain(live, "getnorthwind.com").await["category"],
        "inventory"
    );

    let cancelled = post(live, &format!("/orders/{id}/cancel"), json!({}), 200).await;
    assert_eq!(cancelled["data"]["status"], "cancel_scheduled");
    let order = OrderId::from_stored(id.clone());
    cancel::by_operator(&live.app, &order).await.unwrap();
    live.run_order(&id, "cancelled").await;
    live.run_rounds(20).await;
    nothing_is_left(live);
    assert_bill(live, 3).await;
    let events = live.event_types().await;
    for kind in ["order.completed", "swap.completed", "order.cancelled"] {
        assert!(
            events.iter().any(|event| event == kind),
            "{kind}: {events:?}"
        );
    }
}

fn bought_once(live: &LiveApp, names: &[&str]) {
    for name in names {
        assert_eq!(
            live.made(Vendor::NameCom, "registrations", name),
            1,
            "{name}"
        );
    }
    assert_eq!(live.made(Vendor::NameCom, "registrations", OWNED), 0);
}

/// At the vendors an inbox was made once, and saved once at the sequencer.
fn connected_once(live: &LiveApp, inbox: &Value) {
    let address = inbox["email"].as_str().unwrap();
    assert_eq!(inbox["status"], "active", "{address}");
    let vendor = match inbox["provider"].as_str() {
        Some("google") => Vendor::Google,
        _ => Vendor::Microsoft,
    };
    assert_eq!(live.made(vendor, "users", address), 1, "{address}");
    assert_eq!(
        live.made(Vendor::Smartlead, "mailboxes", address),
        1,
        "{address}"
    );
}

/// No inbox is left at any vendor, and no domain at a tenant but its own.
fn nothing_is_left(live: &LiveApp) {
    for vendor in [Vendor::Google, Vendor::Microsoft, Vendor::Smartlead] {
        let holdings = live.fakes.holdings(fake(vendor)).to_string();
        for name in [
            "getnorthwind.com",
            "trynorthwind.com",
            "meetnorthwind.com",
            OWNED,
        ] {
            assert!(
                !holdings.contains(name),
                "{vendor} still has {name}: {holdings}"
            );
        }
    }
}

/// The bill names every registration, and nothing is in doubt.
async fn assert_bill(live: &LiveApp, registrations: i64) {
    let (from, to) = (Timestamp::from_millis(0), live.app.now().plus_seconds(60));
    let bill = vendor_spend::bill(&live.app, from, to).await.unwrap();
    assert_eq!(bill.in_doubt, Cents::ZERO);
    assert_eq!(bill.unbilled, []);
    assert_eq!(bill.lines.len(), 1, "{bill:?}");
    assert_eq!(bill.lines[0].payments, registrations);
    assert_eq!(bill.paid, Cents(registrations * 1_099));
}
