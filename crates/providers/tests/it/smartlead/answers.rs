//! What each of Smartlead's answers means, for those that the fake has no reason to give.

use peeker_domain::order::ClientId;
use peeker_domain::vendor::Vendor;
use peeker_domain::{EmailAddress, MailProvider};
use peeker_providers::smartlead::Smartlead;
use peeker_providers::{ErrorClass, HandOver, ProviderError, SequencerPort};
use serde_json::{Value, json};

use super::ACCOUNT;
use crate::scripted::{Script, Scripted};
use crate::steps::{inboxes, numbered};
use crate::world::{World, class, domain};

const CLIENTS: &str = "GET /api/v1/client";
const LIST: &str = "GET /api/v1/email-accounts/";
const CONNECT: &str = "POST /api/v1/email-accounts/save";
const LOOK: &str = "GET /api/v1/email-accounts/5/";

const PASSES: ErrorClass = ErrorClass::Retry { after_ms: None };
const FRESH: ErrorClass = ErrorClass::Retry {
    after_ms: Some(60_000),
};

async fn speaking(world: &World, script: Script) -> (Scripted, Smartlead) {
    let vendor = Scripted::start(script).await;
    let mut account = world.account(Vendor::Smartlead, ACCOUNT, "key".to_owned(), &[]);
    account.base_url = Some(vendor.url.parse().unwrap());
    let smartlead = Smartlead::new(account, &world.memory.services()).unwrap();
    (vendor, smartlead)
}

/// Hands one inbox over, to client 7.
async fn hand_over(world: &World, smartlead: &Smartlead) -> Result<(), ProviderError> {
    let name = domain("acme.com");
    let addresses = numbered(&name, 1);
    let hand_over = HandOver {
        domain: &name,
        client_id: Some(&ClientId::Number(7)),
        login_email: &EmailAddress::parse("login@client.com").unwrap(),
        login_password: None,
        provider: MailProvider::Google,
        inboxes: &inboxes(&addresses, None),
    };
    smartlead.hand_over(world.call("k"), &hand_over).await
}

fn remembered(world: &World) -> Option<String> {
    let state = world.memory.state();
    state.mailboxes["jane0@acme.com"].sequencer_id.clone()
}

fn account(address: &str) -> Value {
    json!({"id": 5, "from_email": address, "client_id": 7, "password": "canary"})
}

fn clients() -> (&'static str, u16, Value) {
    (CLIENTS, 200, json!({"data": [{"id": 7}]}))
}

#[tokio::test]
async fn each_refusal_of_an_inbox_has_its_class() {
    let said = json!({"message": "canary"});
    for (status, expected) in [
        (400, FRESH),
        (404, FRESH),
        (406, FRESH),
        (401, ErrorClass::NeedsHuman),
        (403, ErrorClass::NeedsHuman),
        (418, PASSES),
        (422, PASSES),
        (501, PASSES),
    ] {
        let world = World::new().await;
        let script = vec![
            clients(),
            (LIST, 200, json!([])),
            (CONNECT, status, said.clone()),
        ];
        let (_, smartlead) = speaking(&world, script).await;
        let refused = hand_over(&world, &smartlead).await;
        let sentence = refused.as_ref().unwrap_err().to_string();
        assert!(!sentence.contains("canary"), "{sentence}");
        assert_eq!(class(refused), expected, "{status}");
        assert_eq!(remembered(&world), None);
    }
}

#[tokio::test]
async fn an_id_is_taken_from_wherever_it_stands() {
    let listed = json!({"data": [account("jane0@acme.com")]});
    for (answer, there) in [
        (
            json!({"ok": true, "data": {"id": 5, "from_email": "jane0@acme.com"}}),
            json!([]),
        ),
        (json!({"ok": true, "emailAccountId": 5}), json!([])),
        (json!("Email account added"), listed.clone()),
        (
            json!({"ok": true, "message": "Email account added"}),
            listed.clone(),
        ),
    ] {
        let world = World::new().await;
        let script = vec![
            (LIST, 200, json!([])),
            (LIST, 200, there),
            (CONNECT, 200, answer.clone()),
        ];
        let (_, smartlead) = speaking(&world, script).await;
        hand_over(&world, &smartlead).await.unwrap();
        assert_eq!(remembered(&world).as_deref(), Some("5"), "{answer}");
    }
    // It is not to be seen yet: the next run finds it.
    let world = World::new().await;
    let script = vec![(LIST, 200, json!([])), (CONNECT, 200, json!("Added"))];
    let (_, smartlead) = speaking(&world, script).await;
    let lost = hand_over(&world, &smartlead).await;
    assert!(matches!(
        class(lost),
        ErrorClass::Retry { after_ms: Some(_) }
    ));
}

#[tokio::test]
async fn a_remembered_inbox_that_is_not_listed_is_looked_at() {
    for (status, body, connects) in [
        (200, account("jane0@acme.com"), false),
        (200, account("somebody@acme.com"), true),
        (404, json!({"error": "canary"}), true),
    ] {
        let world = World::new().await;
        let saved = json!({"data": {"id": 6}});
        let script = vec![
            (LIST, 200, json!([])),
            (LOOK, status, body),
            (CONNECT, 200, saved),
        ];
        let (vendor, smartlead) = speaking(&world, script).await;
        let name = domain("acme.com");
        let mailboxes = world.memory.services().mailboxes;
        let call = world.call("k");
        mailboxes
            .ensure(call, &name, &["jane0@acme.com"])
            .await
            .unwrap();
        mailboxes
            .connected(call, "jane0@acme.com", Some("5"))
            .await
            .unwrap();
        hand_over(&world, &smartlead).await.unwrap();
        assert_eq!(
            vendor.asked().iter().any(|asked| asked == CONNECT),
            connects,
            "{status}"
        );
        let id = if connects { "6" } else { "5" };
        assert_eq!(remembered(&world).as_deref(), Some(id));
    }
    // As long as that cannot be told, nothing is added.
    let world = World::new().await;
    let script = vec![(LIST, 200, json!([])), (LOOK, 418, json!({}))];
    let (vendor, smartlead) = speaking(&world, script).await;
    let name = domain("acme.com");
    let mailboxes = world.memory.services().mailboxes;
    mailboxes
        .ensure(world.call("k"), &name, &["jane0@acme.com"])
        .await
        .unwrap();
    mailboxes
        .connected(world.call("k"), "jane0@acme.com", Some("5"))
        .await
        .unwrap();
    assert_eq!(class(hand_over(&world, &smartlead).await), PASSES);
    assert!(!vendor.asked().iter().any(|asked| asked == CONNECT));
}
