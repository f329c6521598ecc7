//! Many live orders at once, while every vendor fails one request in twenty in each way there is.

use futures::future::join_all;
use peeker_app::{provider_accounts, vendor_spend};
use peeker_domain::vendor::Vendor;
use peeker_domain::{Cents, Timestamp};
use peeker_fakes::{Fault, FaultKind};
use peeker_testkit::{LiveApp, apply, fake, live_on_both_engines};
use serde_json::json;

use super::{body, get};

const ORDERS: usize = 200;
/// Accounts at each vendor that may have several: one that asks for a pause holds up its own domains alone.
const ACCOUNTS: usize = 4;
/// Most tries of a request that a vendor has to answer first.
const TRIES: usize = 200;

fn name(number: usize) -> String {
    format!("northwind-{number}.com")
}

#[apply(live_on_both_engines!)]
async fn two_hundred_orders_end_as_they_must_whatever_fails(live: &LiveApp) {
    let kinds = [
        FaultKind::TimeoutAfterItWorked,
        FaultKind::TimeoutBefore,
        FaultKind::ServerError(503),
        FaultKind::AfterItWorked5xx(502),
        FaultKind::TooManyRequests { retry_after: 0 },
        FaultKind::HalfAnswer,
    ];
    for vendor in [Vendor::NameCom, Vendor::Cloudflare, Vendor::Google] {
        for number in 1..ACCOUNTS {
            live.fakes.open_account(fake(vendor), &json!({})).unwrap();
            let account = live.nth_account(vendor, number);
            provider_accounts::add(&live.app, account).await.unwrap();
        }
    }
    for (seed, &vendor) in (1..).zip(Vendor::ALL) {
        for (step, kind) in (0..).zip(kinds.clone()) {
            let fault = Fault::share(fake(vendor), 5, seed * 10 + step, kind);
            live.fakes.add_fault(fault.hold_ms(0));
        }
    }
    let orders = join_all((0..ORDERS).map(|number| place(live, number)));
    let orders = orders.await;
    live.run_until(async || {
        let list = get(live, "/orders?status=in_progress").await;
        list["data"] == json!([])
    })
    .await;
    let done = get(live, "/orders?status=completed&per_page=100").await;
    assert_eq!(done["meta"]["returned"], 100);
    for (number, order) in orders.iter().enumerate() {
        let order = get(live, &format!("/orders/{order}")).await;
        assert_eq!(order["data"]["status"], "completed", "{}", name(number));
    }
    once_each(live);
    let (from, to) = (Timestamp::from_millis(0), live.app.now().plus_seconds(60));
    let bill = vendor_spend::bill(&live.app, from, to).await.unwrap();
    assert_eq!((bill.in_doubt, bill.unbilled), (Cents::ZERO, Vec::new()));
    assert_eq!(bill.paid, Cents(1_099 * i64::try_from(ORDERS).unwrap()));
}

/// Places an order, again while a vendor that has to be asked first does not answer. Gives back its id.
async fn place(live: &LiveApp, number: usize) -> String {
    let customer = format!("c{number}@northwind.example");
    let order = body(&customer, &[&name(number)], 2, 0);
    for _ in 0..TRIES {
        let placed = live.client().post("/orders", order.clone()).await;
        if placed.status == 200 {
            return placed.body["data"]["id"].as_str().unwrap().to_owned();
        }
        assert_eq!(placed.status, 503, "{}", placed.text);
        live.let_time_pass(&live.app).await;
    }
    panic!("order {number} is never accepted");
}

/// Nothing was bought, made or connected twice.
fn once_each(live: &LiveApp) {
    for number in 0..ORDERS {
        assert_eq!(
            live.made(Vendor::NameCom, "registrations", &name(number)),
            1
        );
    }
    let counts = live.fakes.counts();
    for (vendor, what) in [
        (Vendor::NameCom, "registrations"),
        (Vendor::Cloudflare, "zones_created"),
        (Vendor::Google, "users"),
        (Vendor::Smartlead, "mailboxes"),
    ] {
        assert_eq!(counts.most_made(fake(vendor), what), 1, "{vendor} {what}");
    }
}
