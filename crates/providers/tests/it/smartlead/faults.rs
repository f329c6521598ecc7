//! What gets lost on the way.

use peeker_domain::MailProvider;
use peeker_fakes::{Fault, FaultKind, Vendor as Fake};
use peeker_providers::{ErrorClass, SequencerPort};

use super::{Sender, made, totals};
use crate::steps::{inboxes, numbered, persist};
use crate::world::{World, class, is_retry, lost_answers, passing_failures};

const CONNECT: &str = "POST /api/v1/email-accounts/save";
const LIST: &str = "GET /api/v1/email-accounts/";
const REMOVE: &str = "DELETE /api/v1/email-accounts/{}";

#[tokio::test]
async fn an_inbox_whose_answer_was_lost_is_found() {
    let world = World::new().await;
    let sender = Sender::at(&world, MailProvider::Google);
    let addresses = numbered(&sender.name, 3);
    sender.host(&world, &addresses).await;
    for (kind, address) in lost_answers().into_iter().zip(&addresses) {
        let address = std::slice::from_ref(address);
        let specs = inboxes(address, None);
        world.fail_next(Fake::Smartlead, CONNECT, kind.clone());
        let first = sender.hand_over(&world, None, &specs).await;
        // Half an answer that is taken for a sentence is looked up at once.
        assert!(first.is_ok() || is_retry(class(first)), "{kind:?}");
        sender.hand_over(&world, None, &specs).await.unwrap();
        assert_eq!(made(&world, "mailboxes", &address[0]), 1, "{kind:?}");
        world.fail_next(Fake::Smartlead, REMOVE, kind.clone());
        let call = world.call("k");
        let lost = sender
            .smartlead
            .disconnect(call, &sender.name, address)
            .await;
        assert!(lost.is_ok() || is_retry(class(lost)), "{kind:?}");
        sender
            .smartlead
            .disconnect(call, &sender.name, address)
            .await
            .unwrap();
        assert_eq!(
            made(&world, "mailboxes_deleted", &address[0]),
            1,
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn what_did_not_work_is_done_again_at_the_vendors_pace() {
    let world = World::new().await;
    let sender = Sender::at(&world, MailProvider::Google);
    let addresses = numbered(&sender.name, 2);
    sender.host(&world, &addresses).await;
    for (kind, address) in passing_failures().into_iter().zip(&addresses) {
        let specs = inboxes(std::slice::from_ref(address), None);
        world.fail_next(Fake::Smartlead, CONNECT, kind);
        assert!(is_retry(class(
            sender.hand_over(&world, None, &specs).await
        )));
        sender.hand_over(&world, None, &specs).await.unwrap();
    }
    let specs = inboxes(&addresses, None);
    world.fail_next(
        Fake::Smartlead,
        LIST,
        FaultKind::TooManyRequests { retry_after: 9 },
    );
    let refused = sender.hand_over(&world, None, &specs).await;
    let ErrorClass::Quota {
        after_ms: Some(after_ms),
    } = class(refused)
    else {
        panic!("the account has a pace")
    };
    assert!((7_000..=9_000).contains(&after_ms), "{after_ms}");
}

#[tokio::test]
async fn nothing_is_connected_twice_on_the_worst_of_days() {
    let world = World::new().await;
    let sender = Sender::at(&world, MailProvider::Google);
    let addresses = numbered(&sender.name, 8);
    sender.host(&world, &addresses).await;
    let specs = inboxes(&addresses, None);
    let kinds = [
        FaultKind::TimeoutAfterItWorked,
        FaultKind::HalfAnswer,
        FaultKind::ServerError(503),
    ];
    for (seed, kind) in (0..).zip(kinds) {
        let fault = Fault::share(Fake::Smartlead, 10, seed, kind);
        world.fakes.add_fault(fault.hold_ms(5));
    }
    persist(async || sender.hand_over(&world, None, &specs).await).await;
    assert_eq!(totals(&world, "mailboxes"), (8, 1));
    let (smartlead, name) = (&sender.smartlead, &sender.name);
    persist(async || {
        smartlead
            .disconnect(world.call("k"), name, &addresses)
            .await
    })
    .await;
    assert_eq!(totals(&world, "mailboxes_deleted"), (8, 1));
}

#[tokio::test]
async fn no_error_tells_the_key() {
    let world = World::new().await;
    let sender = Sender::at(&world, MailProvider::Google);
    let addresses = numbered(&sender.name, 1);
    sender.host(&world, &addresses).await;
    let specs = inboxes(&addresses, None);
    let kinds = [
        FaultKind::TimeoutBefore,
        FaultKind::ServerError(500),
        FaultKind::ServerError(501),
        FaultKind::HalfAnswer,
        FaultKind::TooManyRequests { retry_after: 1 },
    ];
    let mut said = Vec::new();
    for kind in kinds {
        world.fail_next(Fake::Smartlead, LIST, kind);
        let error = sender.hand_over(&world, None, &specs).await.unwrap_err();
        said.push(format!("{error} {error:?}"));
    }
    sender.change(&world, &serde_json::json!({"credentials_refused": true}));
    let error = sender.hand_over(&world, None, &specs).await.unwrap_err();
    said.push(format!("{error} {error:?}"));
    let state = world.memory.state();
    said.extend(state.reports.iter().map(|report| format!("{report:?}")));
    for said in said {
        assert!(
            !said.contains(&sender.key) && !said.contains("api_key"),
            "{said}"
        );
    }
}
