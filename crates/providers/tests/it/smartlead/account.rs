//! The account as a whole: its key, its clients, what it holds.

use peeker_domain::MailProvider;
use peeker_domain::order::ClientId;
use peeker_fakes::{FaultKind, Vendor as Fake};
use peeker_providers::smartlead::{SETTINGS, Smartlead};
use peeker_providers::{ErrorClass, RouteError, SequencerPort};
use serde_json::json;

use super::{ACCOUNT, Sender};
use crate::steps::{inboxes, numbered};
use crate::world::{World, class, look};

#[tokio::test]
async fn a_route_is_a_client_of_the_account_or_none() {
    let world = World::new().await;
    let sender = Sender::at(&world, MailProvider::Google);
    let client = sender.open_client(&world, "agency").await;
    let check = async |client| sender.smartlead.check_route(world.call("k"), client).await;
    check(None).await.unwrap();
    check(Some(&client)).await.unwrap();
    let unknown = [
        ClientId::Number(1),
        ClientId::Text(client.to_string() + "a"),
    ];
    for unknown in &unknown {
        let refused = check(Some(unknown)).await.unwrap_err();
        let is_unknown = matches!(refused, RouteError::ClientNotFound);
        assert!(is_unknown, "{unknown}: {refused}");
    }
    world.fail_next(
        Fake::Smartlead,
        "GET /api/v1/client",
        FaultKind::ServerError(503),
    );
    let failed = check(Some(&client)).await.unwrap_err();
    let RouteError::Provider(error) = failed else {
        panic!("that says nothing of the client: {failed}")
    };
    assert!(matches!(error.class, ErrorClass::Retry { .. }));
    assert_eq!(Sender::attention(&world), None);
    sender.change(&world, &json!({"credentials_refused": true}));
    let refused = check(None).await.unwrap_err();
    assert!(
        matches!(refused, RouteError::ConnectionRequired),
        "{refused}"
    );
    assert!(Sender::attention(&world).unwrap().contains("API key"));
}

#[tokio::test]
async fn a_key_that_is_refused_needs_the_operator_and_fails_no_order() {
    let world = World::new().await;
    let sender = Sender::at(&world, MailProvider::Google);
    sender.change(&world, &json!({"credentials_refused": true}));
    let addresses = numbered(&sender.name, 1);
    let client = ClientId::Number(1);
    let specs = inboxes(&addresses, None);
    let refused = sender.hand_over(&world, Some(&client), &specs).await;
    assert_eq!(class(refused), ErrorClass::NeedsHuman);
    let refused = sender
        .smartlead
        .disconnect(world.call("k"), &sender.name, &addresses)
        .await;
    assert_eq!(class(refused), ErrorClass::NeedsHuman);
    assert_eq!(class(look(&sender.smartlead).await), ErrorClass::NeedsHuman);
}

#[tokio::test]
async fn a_look_counts_clients_and_inboxes() {
    let world = World::new().await;
    let sender = Sender::at(&world, MailProvider::Google);
    let addresses = numbered(&sender.name, 2);
    sender.host(&world, &addresses).await;
    sender
        .hand_over(&world, None, &inboxes(&addresses, None))
        .await
        .unwrap();
    sender.open_client(&world, "agency").await;
    let report = look(&sender.smartlead).await.unwrap();
    let facts = [("clients", "1".to_owned()), ("inboxes", "2".to_owned())];
    assert_eq!((report.facts, report.missing), (facts.to_vec(), Vec::new()));
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused_by_name() {
    let world = World::new().await;
    let smartlead = peeker_domain::vendor::Vendor::Smartlead;
    let bad = [
        ("warmup", "yes"),
        ("smtp_port", "0"),
        ("reply_rate", "101"),
        ("max_per_day", "x"),
    ];
    for (key, value) in bad {
        let account = world.account(smartlead, ACCOUNT, "key".to_owned(), &[(key, value)]);
        let refused = Smartlead::new(account, &world.memory.services())
            .err()
            .unwrap();
        assert_eq!(refused.field, key);
        assert!(SETTINGS.iter().any(|setting| setting.key == key));
    }
    let account = world.account(smartlead, ACCOUNT, " ".to_owned(), &[]);
    let refused = Smartlead::new(account, &world.memory.services())
        .err()
        .unwrap();
    assert_eq!(refused.field, "credentials");
}
