//! What concerns an account as a whole.

use peeker_fakes::{FaultKind, Vendor as Fake};
use peeker_providers::{ErrorClass, Registrar};
use serde_json::json;

use super::{CREATE, PRICE, RENEWAL, adapter, change_account, first};
use crate::world::{
    REFUSED, World, account_id, class, domain, is_retry, look, passing_failures, text,
};

#[tokio::test]
async fn a_call_that_did_not_work_is_made_again() {
    let world = World::new().await;
    let namecom = first(&world);
    for (n, kind) in passing_failures().into_iter().enumerate() {
        let name = domain(&format!("again{n}.com"));
        world.fail_next(Fake::NameCom, CREATE, kind);
        let failed = namecom.register(world.call("k"), &name, PRICE).await;
        assert!(is_retry(class(failed)));
        let bought = namecom
            .register(world.call("k"), &name, PRICE)
            .await
            .unwrap();
        assert_eq!(bought.receipt.unwrap().paid, PRICE);
    }
    world.fail_next(
        Fake::NameCom,
        "GET /core/v1/domains/{}",
        FaultKind::TooManyRequests { retry_after: 7 },
    );
    let refused = namecom.find(world.call("k"), &domain("again0.com")).await;
    // It names a time of day, in seconds.
    let ErrorClass::Quota {
        after_ms: Some(after_ms),
    } = class(refused)
    else {
        panic!("the account has a pace")
    };
    assert!((5_000..=7_000).contains(&after_ms), "{after_ms}");
}

#[tokio::test]
async fn an_account_that_cannot_pay_or_sign_in_waits_for_the_operator() {
    let world = World::new().await;
    let (user, namecom) = adapter(&world, 0, &[]);
    let name = domain("acme.com");
    change_account(&world, &user, &json!({"balance_cents": 0}));
    let refused = namecom.register(world.call("k"), &name, PRICE).await;
    assert_eq!(class(refused), ErrorClass::NeedsHuman);
    assert!(
        world
            .memory
            .attention(&account_id(0))
            .unwrap()
            .contains("funds")
    );
    change_account(&world, &user, &json!({"balance_cents": 5_000}));
    namecom
        .register(world.call("k"), &name, PRICE)
        .await
        .unwrap();
    change_account(&world, &user, &json!({"balance_cents": 0}));
    let end = namecom
        .find(world.call("k"), &name)
        .await
        .unwrap()
        .unwrap()
        .expires_at;
    let refused = namecom.renew(world.call("k"), &name, end, RENEWAL).await;
    assert_eq!(class(refused), ErrorClass::NeedsHuman);
    change_account(&world, &user, &json!({"credentials_refused": true}));
    let refused = namecom.find(world.call("k"), &name).await;
    let said = refused.as_ref().unwrap_err().to_string();
    assert!(said.contains("pacc_0") && said.contains("token"), "{said}");
    assert!(!said.contains(text(&world.fakes.credentials(Fake::NameCom)[0], "token")));
    assert_eq!(class(refused), ErrorClass::NeedsHuman);
}

#[tokio::test]
async fn what_is_refused_of_one_domain_does_not_stop_the_account() {
    let world = World::new().await;
    let (user, namecom) = adapter(&world, 0, &[]);
    let missing = json!({"permissions_missing": ["GET /core/v1/domains/{}"]});
    change_account(&world, &user, &missing);
    let found = namecom.find(world.call("k"), &domain("acme.com")).await;
    assert_eq!(found.unwrap(), None);
    assert_eq!(world.memory.attention(&account_id(0)), None);
}

#[tokio::test]
async fn accounts_hold_their_own_domains() {
    let world = World::new().await;
    world.fakes.open_account(Fake::NameCom, &json!({})).unwrap();
    let [one, other] = [0, 1].map(|index| adapter(&world, index, &[]).1);
    let name = domain("acme.com");
    let bought = one.register(world.call("k"), &name, PRICE).await.unwrap();
    assert_eq!(other.find(world.call("k"), &name).await.unwrap(), None);
    let refused = other.register(world.call("k"), &name, PRICE).await;
    assert_eq!(class(refused), REFUSED);
    let end = bought.registration.expires_at;
    let refused = other.renew(world.call("k"), &name, end, RENEWAL).await;
    assert_eq!(class(refused), REFUSED);
    assert_eq!(
        one.find(world.call("k"), &name).await.unwrap(),
        Some(bought.registration)
    );
}

#[tokio::test]
async fn a_contact_of_ones_own_is_taken_and_has_to_be_verified() {
    let world = World::new().await;
    let settings = [
        ("contact.first_name", "Jane"),
        ("contact.last_name", "Doe"),
        ("contact.company", "Acme Inc."),
        ("contact.address1", "1 Main Street"),
        ("contact.city", "Denver"),
        ("contact.state", "CO"),
        ("contact.zip", "80202"),
        ("contact.country", "US"),
        ("contact.phone", "+13035551212"),
        ("contact.email", "jane@acme.example"),
    ];
    let (_, namecom) = adapter(&world, 0, &settings);
    namecom
        .register(world.call("k"), &domain("acme.com"), PRICE)
        .await
        .unwrap();
    let report = look(&namecom).await.unwrap();
    let unverified = ("unverified contacts", "1".to_owned());
    assert!(report.facts.contains(&unverified));
}

#[tokio::test]
async fn a_look_at_the_account_says_what_it_has_and_lacks() {
    let world = World::new().await;
    let (user, namecom) = adapter(&world, 0, &[]);
    change_account(&world, &user, &json!({"balance_cents": 12_345}));
    let report = look(&namecom).await.unwrap();
    assert_eq!(report.missing, Vec::<String>::new());
    let expected = [
        ("username", user.as_str()),
        ("balance", "$123.45"),
        ("domains", "0"),
        ("unverified contacts", "0"),
    ];
    let facts: Vec<_> = report
        .facts
        .iter()
        .map(|(name, fact)| (*name, fact.as_str()))
        .collect();
    assert_eq!(facts, expected);
    let routes = json!({"permissions_missing": ["/accountinfo/balance", "/contacts/unverified"]});
    change_account(&world, &user, &routes);
    let report = look(&namecom).await.unwrap();
    assert_eq!(report.missing, ["read the account balance"]);
    change_account(&world, &user, &json!({"credentials_refused": true}));
    assert_eq!(class(look(&namecom).await), ErrorClass::NeedsHuman);
}
