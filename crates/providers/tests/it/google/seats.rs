//! Seats: raised when they run out, paid once.

use peeker_domain::Cents;
use peeker_domain::vendor::PaymentKind;
use peeker_fakes::{FaultKind, Vendor as Fake};
use peeker_providers::vendor::Settled;
use peeker_providers::{ErrorClass, Mail};
use serde_json::{Value, json};

use super::{GOOGLE, Tenant, made, with_seats};
use crate::steps::{inboxes, numbered, persist};
use crate::world::{World, class, is_retry, lost_answers, text};

const RAISE: &str = "POST /apps/reseller/v1/customers/{}/subscriptions/{}/changeSeats";
const SKU: &str = "1010020027";

/// A tenant whose seats can be raised, at 600 cents.
fn reseller(world: &World, wishes: &Value) -> Tenant {
    let credentials = world.fakes.open_account(Fake::Google, wishes).unwrap();
    let customer = text(&credentials, "customer_id").to_owned();
    let settings = [
        ("reseller_customer", customer.as_str()),
        ("reseller_subscription", SKU),
        ("seat_price_cents", "600"),
    ];
    Tenant::of(world, credentials, &settings)
}

fn paid(seats: i64) -> Settled {
    Settled::Paid {
        amount: Cents(600 * seats),
        reference: None,
    }
}

fn payments(world: &World) -> Vec<(PaymentKind, Option<Settled>)> {
    let state = world.memory.state();
    let payments = state.payments.iter();
    payments
        .map(|payment| (payment.kind, payment.settled.clone()))
        .collect()
}

#[tokio::test]
async fn seats_that_are_missing_are_bought_and_no_more() {
    for plan in ["FLEXIBLE", "ANNUAL_MONTHLY_PAY", "ANNUAL_YEARLY_PAY"] {
        let world = World::new().await;
        // The administrator has one of the three.
        let tenant = reseller(&world, &with_seats(plan, 3));
        let name = tenant.own_domain();
        let addresses = numbered(&name, 9);
        let specs = inboxes(&addresses, None);
        let (google, call) = (&tenant.google, world.call("k"));
        let bought = google.ensure_inboxes(call, GOOGLE, &name, &specs).await;
        assert!(is_retry(class(bought)), "{plan}");
        for _ in 0..2 {
            google
                .ensure_inboxes(call, GOOGLE, &name, &specs)
                .await
                .unwrap();
        }
        assert_eq!(tenant.seats(&world), json!([10]), "{plan}");
        assert_eq!(made(&world, "seat_changes", &tenant.id), 1, "{plan}");
        assert_eq!(
            payments(&world),
            [(PaymentKind::Seats, Some(paid(7)))],
            "{plan}"
        );
        assert_eq!(Tenant::attention(&world), None);
    }
}

#[tokio::test]
async fn seats_whose_answer_was_lost_are_not_bought_again() {
    for kind in lost_answers() {
        let world = World::new().await;
        let tenant = reseller(&world, &with_seats("FLEXIBLE", 2));
        let name = tenant.own_domain();
        let addresses = numbered(&name, 4);
        let specs = inboxes(&addresses, None);
        world.fail_next(Fake::Google, RAISE, kind);
        let ensure = async || {
            let call = world.call("k");
            tenant
                .google
                .ensure_inboxes(call, GOOGLE, &name, &specs)
                .await
        };
        persist(ensure).await;
        assert_eq!(tenant.seats(&world), json!([5]));
        assert_eq!(made(&world, "seat_changes", &tenant.id), 1);
        // What may have been paid stays on the bill as intended.
        assert_eq!(payments(&world), [(PaymentKind::Seats, None)]);
    }
}

#[tokio::test]
async fn a_purchase_that_did_not_work_is_made_again_under_the_same_intent() {
    let world = World::new().await;
    let tenant = reseller(&world, &with_seats("FLEXIBLE", 2));
    let name = tenant.own_domain();
    let addresses = numbered(&name, 4);
    let specs = inboxes(&addresses, None);
    world.fail_next(Fake::Google, RAISE, FaultKind::TimeoutBefore);
    let ensure = async || {
        let call = world.call("k");
        tenant
            .google
            .ensure_inboxes(call, GOOGLE, &name, &specs)
            .await
    };
    persist(ensure).await;
    assert_eq!(payments(&world), [(PaymentKind::Seats, Some(paid(3)))]);
}

#[tokio::test]
async fn seats_that_google_refuses_need_the_operator() {
    let world = World::new().await;
    let mut wishes = with_seats("FLEXIBLE", 2);
    wishes["seats_max"] = json!(2);
    let tenant = reseller(&world, &wishes);
    let name = tenant.own_domain();
    let addresses = numbered(&name, 4);
    let specs = inboxes(&addresses, None);
    let refused = tenant
        .google
        .ensure_inboxes(world.call("k"), GOOGLE, &name, &specs)
        .await;
    assert_eq!(class(refused), ErrorClass::NeedsHuman);
    assert_eq!(
        payments(&world),
        [(PaymentKind::Seats, Some(Settled::NotPaid))]
    );
    assert!(Tenant::attention(&world).unwrap().contains("5 seats"));
}

#[tokio::test]
async fn without_a_reseller_the_operator_buys_seats() {
    let world = World::new().await;
    let tenant = Tenant::opened(&world, &json!({"users_max": 2}), &[]);
    let name = tenant.own_domain();
    let addresses = numbered(&name, 3);
    let specs = inboxes(&addresses, None);
    let full = tenant
        .google
        .ensure_inboxes(world.call("k"), GOOGLE, &name, &specs)
        .await;
    assert_eq!(class(full), ErrorClass::NeedsHuman);
    assert!(Tenant::attention(&world).unwrap().contains("buy seats"));
    assert_eq!(payments(&world), []);
}

#[tokio::test]
async fn a_subscription_that_is_not_there_needs_the_operator() {
    let world = World::new().await;
    let tenant = reseller(&world, &json!({"users_max": 1}));
    let name = tenant.own_domain();
    let addresses = numbered(&name, 1);
    let specs = inboxes(&addresses, None);
    let full = tenant
        .google
        .ensure_inboxes(world.call("k"), GOOGLE, &name, &specs)
        .await;
    assert_eq!(class(full), ErrorClass::NeedsHuman);
    assert!(
        Tenant::attention(&world)
            .unwrap()
            .contains("reseller_subscription")
    );
}

/// Google may count users late, or limit them by something else.
#[tokio::test]
async fn seats_that_are_free_are_not_bought() {
    let world = World::new().await;
    let mut wishes = with_seats("FLEXIBLE", 10);
    wishes["users_max"] = json!(2);
    let tenant = reseller(&world, &wishes);
    let name = tenant.own_domain();
    let addresses = numbered(&name, 3);
    let specs = inboxes(&addresses, None);
    let call = world.call("k");
    for _ in 0..2 {
        let full = tenant
            .google
            .ensure_inboxes(call, GOOGLE, &name, &specs)
            .await;
        assert!(is_retry(class(full)));
    }
    assert_eq!(tenant.seats(&world), json!([10]));
    assert_eq!(world.fakes.counts().requests(Fake::Google, RAISE), 0);
    assert_eq!(payments(&world), []);
}
