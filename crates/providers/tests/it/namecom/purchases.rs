//! Buying domains.

use peeker_domain::Cents;
use peeker_fakes::Vendor as Fake;
use peeker_providers::{Bought, Registrar};
use serde_json::json;

use super::{CREATE, PRICE, adapter, change_account, first};
use crate::world::{REFUSED, World, class, domain, is_retry, lost_answers};

#[tokio::test]
async fn a_domain_is_bought_once_whoever_asks_how_often() {
    let mut world = World::new().await;
    let name = domain("acme.com");
    let bought = first(&world)
        .register(world.call("k1"), &name, PRICE)
        .await
        .unwrap();
    let receipt = bought.receipt.clone().unwrap();
    assert_eq!(receipt.paid, PRICE);
    assert!(receipt.reference.is_some());
    let year = world.now().plus_months(12);
    assert!(bought.registration.expires_at.millis_since(year).abs() < 60_000);
    let held = Bought::held(bought.registration);
    // Long after the vendor has forgotten the key, too.
    for (key, price) in [("k1", PRICE), ("k2", PRICE), ("k3", Cents(1))] {
        let again = first(&world).register(world.call(key), &name, price).await;
        assert_eq!(again.unwrap(), held);
        world.advance_seconds(13 * 3_600);
    }
    assert_eq!(
        world
            .fakes
            .counts()
            .made(Fake::NameCom, "registrations", "acme.com"),
        1
    );
    let holdings = world.fakes.holdings(Fake::NameCom);
    let (user, _) = adapter(&world, 0, &[]);
    assert_eq!(holdings[&user]["domains"]["acme.com"]["autorenew"], false);
    assert_eq!(holdings[&user]["balance_cents"], 1_000_000 - 1_099);
}

#[tokio::test]
async fn two_purchases_at_the_same_time_are_one() {
    let world = World::new().await;
    let (user, one) = adapter(&world, 0, &[]);
    let (_, other) = adapter(&world, 0, &[("privacy", "off")]);
    let name = domain("acme.com");
    // The same key with another body: the one that comes second is refused, and finds what the first one bought.
    let (one, other, again) = tokio::join!(
        one.register(world.call("k"), &name, PRICE),
        other.register(world.call("k"), &name, PRICE),
        one.register(world.call("k"), &name, PRICE),
    );
    let ends = [one, other, again].map(|bought| bought.unwrap().registration.expires_at);
    assert_eq!(ends, [ends[0]; 3]);
    assert_eq!(
        world
            .fakes
            .counts()
            .made(Fake::NameCom, "registrations", "acme.com"),
        1
    );
    assert_eq!(
        world
            .fakes
            .counts()
            .made(Fake::NameCom, "cents_paid", &user),
        1_099
    );
}

#[tokio::test]
async fn a_purchase_whose_answer_was_lost_is_found() {
    let world = World::new().await;
    let namecom = first(&world);
    for (n, kind) in lost_answers().into_iter().enumerate() {
        let name = domain(&format!("lost{n}.com"));
        world.fail_next(Fake::NameCom, CREATE, kind);
        let lost = namecom.register(world.call("k"), &name, PRICE).await;
        assert!(is_retry(class(lost)), "{name}");
        let found = namecom
            .register(world.call("k"), &name, PRICE)
            .await
            .unwrap();
        assert_eq!(found.receipt, None);
        let counts = world.fakes.counts();
        assert_eq!(
            counts.made(Fake::NameCom, "registrations", name.as_str()),
            1
        );
        assert_eq!(counts.requests(Fake::NameCom, CREATE), n as u64 + 1);
    }
}

#[tokio::test]
async fn nothing_is_bought_at_another_price() {
    let world = World::new().await;
    let namecom = first(&world);
    for (name, price) in [
        ("acme.com", Cents(1_098)),
        ("acme.com", Cents(1_100)),
        ("premium-acme.com", Cents(34_995)),
        ("premium-acme.com", PRICE),
        ("unknown-acme.com", PRICE),
        ("taken-acme.com", PRICE),
    ] {
        let refused = namecom
            .register(world.call("k"), &domain(name), price)
            .await;
        assert_eq!(class(refused), REFUSED, "{name} {price}");
    }
    let dearer = namecom
        .register(world.call("k"), &domain("acme.com"), Cents(1_098))
        .await;
    assert_eq!(
        dearer.unwrap_err().to_string(),
        "acme.com costs $10.99, not $10.98"
    );
    assert!(world.fakes.counts().of(Fake::NameCom).made.is_empty());
}

#[tokio::test]
async fn what_is_paid_is_what_the_vendor_took() {
    let world = World::new().await;
    let (user, private) = adapter(&world, 0, &[("privacy", "on")]);
    let (_, public) = adapter(&world, 0, &[]);
    change_account(&world, &user, &json!({"privacy_cents": 499}));
    for (namecom, name, paid) in [
        (&private, "private.com", 1_598),
        (&public, "public.com", 1_099),
    ] {
        let bought = namecom
            .register(world.call("k"), &domain(name), PRICE)
            .await;
        assert_eq!(bought.unwrap().receipt.unwrap().paid, Cents(paid));
    }
}
