//! Inboxes that are handed to clients.

use peeker_domain::MailProvider;
use peeker_domain::order::ClientId;
use peeker_fakes::Vendor as Fake;
use peeker_providers::{ErrorClass, InboxRename, InboxSpec, Mail, Scope, SequencerPort};
use serde_json::json;

use super::{Sender, made, totals};
use crate::steps::{addresses, inboxes, numbered, persist, until};
use crate::world::{World, class, text};

const CONNECT: &str = "POST /api/v1/email-accounts/save";
const MOVE: &str = "POST /api/v1/email-accounts/{}";

#[tokio::test]
async fn inboxes_are_connected_once_warmed_up_and_remembered() {
    for provider in [MailProvider::Google, MailProvider::Microsoft] {
        let world = World::new().await;
        let sender = Sender::at(&world, provider);
        let addresses = numbered(&sender.name, 4);
        sender.host(&world, &addresses).await;
        let client = sender.open_client(&world, "agency").await;
        let specs = inboxes(&addresses, None);
        sender
            .hand_over(&world, Some(&client), &specs[..2])
            .await
            .unwrap();
        for _ in 0..2 {
            sender
                .hand_over(&world, Some(&client), &specs)
                .await
                .unwrap();
        }
        assert_eq!(totals(&world, "mailboxes"), (4, 1), "{provider}");
        let held = sender.held(&world);
        let kind = match provider {
            MailProvider::Google => "GMAIL",
            MailProvider::Microsoft => "OUTLOOK",
        };
        for mailbox in &held {
            assert_eq!(mailbox["client_id"].to_string(), client.to_string());
            assert_eq!(mailbox["warmup_enabled"], json!(true));
            assert_eq!(mailbox["type"], json!(kind));
            let remembered = &world.memory.state().mailboxes[text(mailbox, "email")];
            assert_eq!(remembered.sequencer_id, Some(mailbox["id"].to_string()));
        }
    }
}

#[tokio::test]
async fn settings_say_how_inboxes_are_used() {
    let world = World::new().await;
    let settings = [
        ("warmup", "off"),
        ("max_per_day", "33"),
        ("warmup_per_day", "21"),
    ];
    let sender = Sender::with(&world, MailProvider::Google, &settings);
    let addresses = numbered(&sender.name, 1);
    sender.host(&world, &addresses).await;
    sender
        .hand_over(&world, None, &inboxes(&addresses, None))
        .await
        .unwrap();
    let held = &sender.held(&world)[0];
    assert_eq!(held["warmup_enabled"], json!(false));
    assert_eq!(held["per_day"], json!(33));
    assert_eq!(held["client_id"], json!(null));
}

#[tokio::test]
async fn an_inbox_that_is_there_is_adopted_and_moved_to_its_client() {
    let world = World::new().await;
    let sender = Sender::at(&world, MailProvider::Google);
    let addresses = numbered(&sender.name, 2);
    sender.host(&world, &addresses).await;
    let specs = inboxes(&addresses, None);
    let old = sender.open_client(&world, "old").await;
    let new = sender.open_client(&world, "new").await;
    sender.hand_over(&world, Some(&old), &specs).await.unwrap();
    for mailbox in world.memory.state().mailboxes.values_mut() {
        mailbox.sequencer_id = None;
    }
    for _ in 0..2 {
        sender.hand_over(&world, Some(&new), &specs).await.unwrap();
    }
    for mailbox in sender.held(&world) {
        assert_eq!(mailbox["client_id"].to_string(), new.to_string());
        let remembered = &world.memory.state().mailboxes[text(&mailbox, "email")];
        assert_eq!(remembered.sequencer_id, Some(mailbox["id"].to_string()));
    }
    assert_eq!(totals(&world, "mailboxes"), (2, 1));
    assert_eq!(world.fakes.counts().requests(Fake::Smartlead, MOVE), 2);
}

#[tokio::test]
async fn a_client_that_is_not_there_ends_the_order() {
    let world = World::new().await;
    let sender = Sender::at(&world, MailProvider::Google);
    let addresses = numbered(&sender.name, 1);
    sender.host(&world, &addresses).await;
    let specs = inboxes(&addresses, None);
    let scope = Scope::Order;
    for client in [
        ClientId::Number(999_999_999),
        ClientId::Text("agency".to_owned()),
    ] {
        let refused = sender.hand_over(&world, Some(&client), &specs).await;
        assert_eq!(class(refused), ErrorClass::Permanent { scope }, "{client}");
    }
    assert_eq!(totals(&world, "mailboxes"), (0, 0));
}

#[tokio::test]
async fn an_inbox_that_cannot_be_signed_in_to_yet_is_waited_for() {
    for change in [
        json!({}),
        json!({"log_in_failure_status": 400}),
        json!({"edition": "older"}),
    ] {
        let world = World::new().await;
        world.fakes.set_lag(Fake::Smartlead, 2);
        let sender = Sender::at(&world, MailProvider::Google);
        sender.change(&world, &change);
        let addresses = numbered(&sender.name, 2);
        sender.host(&world, &addresses).await;
        let specs = inboxes(&addresses, None);
        let early = sender.hand_over(&world, None, &specs).await;
        assert!(
            matches!(
                class(early),
                ErrorClass::Retry {
                    after_ms: Some(60_000)
                }
            ),
            "{change}"
        );
        persist(async || sender.hand_over(&world, None, &specs).await).await;
        assert_eq!(totals(&world, "mailboxes"), (2, 1), "{change}");
        assert_eq!(
            world.fakes.counts().requests(Fake::Smartlead, CONNECT),
            6,
            "{change}"
        );
        assert_eq!(Sender::attention(&world), None);
    }
}

#[tokio::test]
async fn every_edition_of_smartlead_tells_the_id_somewhere() {
    let world = World::new().await;
    let sender = Sender::at(&world, MailProvider::Google);
    sender.change(&world, &json!({"edition": "older", "plain_answers": true}));
    let addresses = numbered(&sender.name, 1);
    sender.host(&world, &addresses).await;
    sender
        .hand_over(&world, None, &inboxes(&addresses, None))
        .await
        .unwrap();
    let id = sender.held(&world)[0]["id"].to_string();
    let remembered = world.memory.state().mailboxes[&addresses[0]]
        .sequencer_id
        .clone();
    assert_eq!(remembered, Some(id));
    let disconnected = sender
        .smartlead
        .disconnect(world.call("k"), &sender.name, &addresses);
    disconnected.await.unwrap();
    assert!(sender.held(&world).is_empty());
}

#[tokio::test]
async fn work_that_is_killed_goes_on_where_it_stopped() {
    let world = World::new().await;
    let sender = Sender::at(&world, MailProvider::Google);
    let addresses = numbered(&sender.name, 12);
    sender.host(&world, &addresses).await;
    let specs = inboxes(&addresses, None);
    for stop_at in [1, 4, 9] {
        tokio::select! {
            done = sender.hand_over(&world, None, &specs) => done.unwrap(),
            () = until(|| totals(&world, "mailboxes").0 >= stop_at) => {}
        }
    }
    sender.hand_over(&world, None, &specs).await.unwrap();
    assert_eq!(totals(&world, "mailboxes"), (12, 1));
    for stop_at in [1, 7] {
        tokio::select! {
            done = sender.smartlead.disconnect(world.call("k"), &sender.name, &addresses) => done.unwrap(),
            () = until(|| totals(&world, "mailboxes_deleted").0 >= stop_at) => {}
        }
    }
    let disconnected = sender
        .smartlead
        .disconnect(world.call("k"), &sender.name, &addresses);
    disconnected.await.unwrap();
    assert_eq!(totals(&world, "mailboxes_deleted"), (12, 1));
}

/// A renamed inbox keeps what is remembered of it, the number of its old connection too.
#[tokio::test]
async fn a_renamed_inbox_is_connected_under_its_new_name() {
    let world = World::new().await;
    let sender = Sender::at(&world, MailProvider::Google);
    let [old, new] = ["jane", "john"].map(|local| addresses(&sender.name, &[local]).remove(0));
    let before = std::slice::from_ref(&old);
    sender.host(&world, before).await;
    sender
        .hand_over(&world, None, &inboxes(before, None))
        .await
        .unwrap();
    let to = InboxSpec {
        address: &new,
        first_name: "John",
        last_name: "Roe",
        picture_url: None,
    };
    let renames = [InboxRename { from: &old, to }];
    let call = world.call("k");
    for _ in 0..2 {
        let google = &sender.hosts.google;
        google
            .rename_inboxes(call, MailProvider::Google, &sender.name, &renames)
            .await
            .unwrap();
        sender
            .smartlead
            .disconnect(call, &sender.name, before)
            .await
            .unwrap();
        sender.hand_over(&world, None, &[to]).await.unwrap();
    }
    assert_eq!(
        (
            made(&world, "mailboxes", &old),
            made(&world, "mailboxes_deleted", &old)
        ),
        (1, 1)
    );
    assert_eq!(
        (
            made(&world, "mailboxes", &new),
            made(&world, "mailboxes_deleted", &new)
        ),
        (1, 0)
    );
    let held = sender.held(&world);
    assert_eq!((held.len(), text(&held[0], "email")), (1, new.as_str()));
    let remembered = world.memory.state().mailboxes[&new].sequencer_id.clone();
    assert_eq!(remembered, Some(held[0]["id"].to_string()));
}
