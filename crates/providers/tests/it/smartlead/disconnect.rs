//! Inboxes that are taken back.

use peeker_domain::MailProvider;
use peeker_providers::SequencerPort;
use serde_json::json;

use super::{Sender, made, totals};
use crate::steps::{inboxes, numbered};
use crate::world::World;

#[tokio::test]
async fn an_inbox_is_disconnected_remembered_or_not() {
    let world = World::new().await;
    let sender = Sender::at(&world, MailProvider::Google);
    let addresses = numbered(&sender.name, 4);
    sender.host(&world, &addresses).await;
    sender
        .hand_over(&world, None, &inboxes(&addresses, None))
        .await
        .unwrap();
    // One is not remembered as connected, and one not at all.
    {
        let mailboxes = &mut world.memory.state().mailboxes;
        mailboxes.get_mut(&addresses[1]).unwrap().sequencer_id = None;
        mailboxes.remove(&addresses[2]);
    }
    let gone = [&addresses[..3], &[format!("nobody@{}", sender.name)]].concat();
    for _ in 0..2 {
        let disconnected = sender
            .smartlead
            .disconnect(world.call("k"), &sender.name, &gone);
        disconnected.await.unwrap();
    }
    assert_eq!(totals(&world, "mailboxes_deleted"), (3, 1));
    let held = sender.held(&world);
    assert_eq!((held.len(), &held[0]["email"]), (1, &json!(addresses[3])));
    let mailboxes = &world.memory.state().mailboxes;
    assert_eq!(mailboxes[&addresses[0]].sequencer_id, None);
    assert!(mailboxes[&addresses[3]].sequencer_id.is_some());
}

#[tokio::test]
async fn answers_in_plain_text_are_answers() {
    let world = World::new().await;
    let sender = Sender::at(&world, MailProvider::Google);
    sender.change(&world, &json!({"plain_answers": true}));
    let addresses = numbered(&sender.name, 1);
    sender.host(&world, &addresses).await;
    let specs = inboxes(&addresses, None);
    let [one, other] = ["one", "other"];
    let one = sender.open_client(&world, one).await;
    let other = sender.open_client(&world, other).await;
    sender.hand_over(&world, Some(&one), &specs).await.unwrap();
    sender
        .hand_over(&world, Some(&other), &specs)
        .await
        .unwrap();
    assert_eq!(
        sender.held(&world)[0]["client_id"].to_string(),
        other.to_string()
    );
    let disconnected = sender
        .smartlead
        .disconnect(world.call("k"), &sender.name, &addresses);
    disconnected.await.unwrap();
    assert!(sender.held(&world).is_empty());
}

/// Smartlead adds what it is asked to add: a call that was cut off may come to its end after the next try has looked.
#[tokio::test]
async fn an_inbox_that_is_there_twice_is_kept_once_and_disconnected_whole() {
    let world = World::new().await;
    let sender = Sender::at(&world, MailProvider::Google);
    let addresses = numbered(&sender.name, 2);
    sender.host(&world, &addresses).await;
    let specs = inboxes(&addresses, None);
    let work = || sender.hand_over(&world, None, &specs);
    let (one, other) = tokio::join!(work(), work());
    one.unwrap();
    other.unwrap();
    assert_eq!(
        made(&world, "mailboxes", &addresses[0]),
        2,
        "both have looked before either asked"
    );
    sender.hand_over(&world, None, &specs[..1]).await.unwrap();
    assert_eq!(made(&world, "mailboxes_deleted", &addresses[0]), 1);
    let kept = sender.held(&world);
    let kept = kept
        .iter()
        .find(|held| held["email"] == json!(addresses[0]))
        .unwrap();
    let remembered = world.memory.state().mailboxes[&addresses[0]]
        .sequencer_id
        .clone();
    assert_eq!(remembered, Some(kept["id"].to_string()));
    let disconnected = sender
        .smartlead
        .disconnect(world.call("k"), &sender.name, &addresses);
    disconnected.await.unwrap();
    assert!(sender.held(&world).is_empty());
}
