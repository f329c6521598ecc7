//! What each of name.com's answers means.

use peeker_domain::vendor::Vendor;
use peeker_providers::namecom::NameCom;
use peeker_providers::{Bought, ErrorClass, Registrar};
use serde_json::{Value, json};

use super::{PRICE, RENEWAL};
use crate::scripted::{Script, Scripted};
use crate::services::now;
use crate::world::{REFUSED, World, account_id, class, domain, is_retry};

const READ: &str = "GET /core/v1/domains/acme.com";
const PRICES: &str = "GET /core/v1/domains/acme.com:getPricing";
const CREATE: &str = "POST /core/v1/domains";
const RENEW: &str = "POST /core/v1/domains/acme.com:renew";
const DELEGATE: &str = "POST /core/v1/domains/acme.com:setNameservers";
const KEYS: &str = "GET /core/v1/domains/acme.com/dnssec";

async fn speaking(world: &World, script: Script) -> (Scripted, NameCom) {
    let vendor = Scripted::start(script).await;
    let mut account = world.account(Vendor::NameCom, "pacc_0", "us:to".to_owned(), &[]);
    account.base_url = Some(vendor.url.parse().unwrap());
    let namecom = NameCom::new(account, &world.memory.services()).unwrap();
    (vendor, namecom)
}

fn priced() -> (&'static str, u16, Value) {
    let prices = json!({"premium": false, "purchasePrice": 10.99, "renewalPrice": 12.99});
    (PRICES, 200, prices)
}

fn held(extra: &Value) -> Value {
    let end = now().plus_months(6).to_string();
    let mut domain = json!({"domainName": "acme.com", "expireDate": end});
    let fields = extra.as_object().unwrap().clone();
    domain.as_object_mut().unwrap().extend(fields);
    domain
}

#[tokio::test]
async fn each_refusal_of_a_purchase_has_its_class() {
    let world = World::new().await;
    let said = |message: &str, details: &str| json!({"message": message, "details": details});
    let bad = |details: &str| said("Invalid argument", details);
    for (status, body, expected) in [
        (
            400,
            bad("Purchase price is required for premium domains"),
            Some(REFUSED),
        ),
        (400, bad("Domain is not available"), Some(REFUSED)),
        (
            400,
            bad("registrant.phone is invalid"),
            Some(ErrorClass::NeedsHuman),
        ),
        (401, said("Unauthorized", ""), Some(ErrorClass::NeedsHuman)),
        (
            402,
            said("Payment failed", "Insufficient Funds"),
            Some(ErrorClass::NeedsHuman),
        ),
        (403, said("Permission denied", ""), Some(REFUSED)),
        (404, said("Not Found", ""), Some(REFUSED)),
        (
            409,
            said(
                "Idempotency key has been reused for a different request",
                "",
            ),
            Some(ErrorClass::Conflict),
        ),
        (415, said("Unsupported", ""), None),
        (
            422,
            said("Domain pricing unavailable", "try again in a few minutes"),
            None,
        ),
        (423, said("Locked", ""), None),
        (451, said("Unavailable", ""), Some(REFUSED)),
        (500, said("Internal Server Error", ""), None),
        (501, said("Unimplemented", ""), Some(REFUSED)),
        (502, said("Registry Connection Unavailable", ""), None),
        (200, json!("half of"), None),
    ] {
        let hello = ("GET /core/v1/hello", 200, json!({"username": "us"}));
        let script = vec![priced(), hello, (CREATE, status, body)];
        let (_, namecom) = speaking(&world, script).await;
        let refused = namecom
            .register(world.call("k"), &domain("acme.com"), PRICE)
            .await;
        let class = class(refused);
        match expected {
            Some(expected) => assert_eq!(class, expected, "{status}"),
            None => assert!(is_retry(class), "{status}: {class:?}"),
        }
    }
}

#[tokio::test]
async fn an_account_that_may_do_nothing_is_told_from_a_domain_of_others() {
    let world = World::new().await;
    let refusal = json!({"message": "Permission denied"});
    let script = vec![
        (READ, 403, refusal.clone()),
        ("GET /core/v1/hello", 403, refusal),
    ];
    let (_, namecom) = speaking(&world, script).await;
    let refused = namecom.find(world.call("k"), &domain("acme.com")).await;
    assert_eq!(class(refused), ErrorClass::NeedsHuman);
    assert!(world.memory.attention(&account_id(0)).is_some());
}

#[tokio::test]
async fn an_answer_that_says_little_is_enough() {
    let world = World::new().await;
    let domain_only = json!({"domain": held(&json!({}))});
    let script = vec![priced(), (CREATE, 200, domain_only)];
    let (_, namecom) = speaking(&world, script).await;
    let bought = namecom
        .register(world.call("k"), &domain("acme.com"), PRICE)
        .await;
    let receipt = bought.unwrap().receipt.unwrap();
    assert_eq!((receipt.paid, receipt.reference), (PRICE, None));
    let nulls = json!({"nameservers": null, "locks": null, "contacts": null});
    let (_, namecom) = speaking(&world, vec![(READ, 200, held(&nulls))]).await;
    assert!(
        namecom
            .find(world.call("k"), &domain("acme.com"))
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn a_price_that_is_not_named_is_not_paid() {
    let world = World::new().await;
    let end = now().plus_months(6);
    let unsold = json!({"premium": false, "purchasePrice": null, "renewalPrice": null});
    let script = vec![(PRICES, 200, unsold.clone())];
    let (vendor, namecom) = speaking(&world, script).await;
    let refused = namecom
        .register(world.call("k"), &domain("acme.com"), PRICE)
        .await;
    assert_eq!(class(refused), REFUSED);
    assert!(!vendor.asked().contains(&CREATE.to_owned()));
    let script = vec![(PRICES, 200, unsold), (READ, 200, held(&json!({})))];
    let (vendor, namecom) = speaking(&world, script).await;
    let refused = namecom
        .renew(world.call("k"), &domain("acme.com"), end, RENEWAL)
        .await;
    assert_eq!(class(refused), REFUSED);
    assert!(!vendor.asked().contains(&RENEW.to_owned()));
}

#[tokio::test]
async fn a_purchase_that_clashes_with_one_that_went_through_is_that_one() {
    let world = World::new().await;
    let reused = json!({"message": "Idempotency key has been reused for a different request"});
    let script = vec![
        (READ, 404, json!({"message": "Not Found"})),
        priced(),
        (CREATE, 409, reused),
        (READ, 200, held(&json!({}))),
    ];
    let (vendor, namecom) = speaking(&world, script).await;
    let found = namecom
        .register(world.call("k"), &domain("acme.com"), PRICE)
        .await;
    let found = found.unwrap();
    assert_eq!(found, Bought::held(found.registration));
    assert_eq!(vendor.asked(), [READ, PRICES, CREATE, READ]);
}

#[tokio::test]
async fn signatures_of_the_old_servers_go_before_the_new_ones_come() {
    let world = World::new().await;
    let servers = ["ada.ns.example".to_owned(), "bob.ns.example".to_owned()];
    let old = held(&json!({"nameservers": ["old.ns.example"]}));
    let keys = json!({"dnssec": [{"digest": "aa11"}, {"digest": "bb22"}]});
    let remove = "DELETE /core/v1/domains/acme.com/dnssec/aa11";
    let gone = "DELETE /core/v1/domains/acme.com/dnssec/bb22";
    let done = (DELEGATE, 200, json!({}));
    let script = vec![
        (READ, 200, old.clone()),
        (KEYS, 200, keys.clone()),
        (remove, 204, json!("")),
        done.clone(),
    ];
    let (vendor, namecom) = speaking(&world, script).await;
    namecom
        .set_nameservers(world.call("k"), &domain("acme.com"), &servers)
        .await
        .unwrap();
    assert_eq!(vendor.asked(), [READ, KEYS, remove, gone, DELEGATE]);
    // While a key cannot be removed, the servers stay.
    let script = vec![
        (READ, 200, old.clone()),
        (KEYS, 200, keys),
        (remove, 403, json!({})),
        done.clone(),
    ];
    let (vendor, namecom) = speaking(&world, script).await;
    let kept = namecom
        .set_nameservers(world.call("k"), &domain("acme.com"), &servers)
        .await;
    assert!(is_retry(class(kept)));
    assert_eq!(vendor.asked(), [READ, KEYS, remove]);
    // A registry without DNSSEC has no keys.
    for status in [403, 501] {
        let script = vec![
            (READ, 200, old.clone()),
            (KEYS, status, json!({})),
            done.clone(),
        ];
        let (vendor, namecom) = speaking(&world, script).await;
        namecom
            .set_nameservers(world.call("k"), &domain("acme.com"), &servers)
            .await
            .unwrap();
        assert_eq!(vendor.asked(), [READ, KEYS, DELEGATE]);
    }
}

#[tokio::test]
async fn servers_that_a_registry_does_not_take_yet_are_set_later() {
    let world = World::new().await;
    let script = vec![
        (READ, 200, held(&json!({"nameservers": ["old.ns.example"]}))),
        (
            DELEGATE,
            400,
            json!({"message": "Invalid argument", "details": "nameserver does not respond"}),
        ),
    ];
    let (_, namecom) = speaking(&world, script).await;
    let servers = ["ada.ns.example".to_owned()];
    let later = namecom
        .set_nameservers(world.call("k"), &domain("acme.com"), &servers)
        .await;
    assert!(is_retry(class(later)));
}
