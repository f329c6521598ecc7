//! Inboxes that go, for good.

use peeker_domain::DomainName;
use peeker_fakes::{FaultKind, Vendor as Fake};
use peeker_providers::Mail;
use serde_json::json;

use super::{MICROSOFT, Tenant, made, proven, totals};
use crate::steps::{inboxes, numbered, persist, until};
use crate::world::{World, class, is_retry, lost_answers};

const REMOVE: &str = "DELETE /v1.0/users/{}";
const PURGE: &str = "DELETE /v1.0/directory/deletedItems/{}";

async fn with_inboxes(world: &World, count: usize) -> (Tenant, DomainName, Vec<String>) {
    let tenant = Tenant::first(world, &[("dkim", "off")]);
    let name = proven(world, &tenant, "acme-mail.com").await;
    let addresses = numbered(&name, count);
    let specs = inboxes(&addresses, None);
    let ensured = tenant
        .microsoft
        .ensure_inboxes(world.call("k"), MICROSOFT, &name, &specs);
    ensured.await.unwrap();
    (tenant, name, addresses)
}

#[tokio::test]
async fn a_removed_inbox_is_gone_for_good_and_its_address_free() {
    let world = World::new().await;
    let (tenant, name, addresses) = with_inboxes(&world, 3).await;
    let (microsoft, call) = (&tenant.microsoft, world.call("k"));
    let removed = [addresses[0].clone(), format!("nobody@{name}")];
    for _ in 0..2 {
        microsoft
            .remove_inboxes(call, MICROSOFT, &name, &removed)
            .await
            .unwrap();
    }
    assert_eq!(totals(&world, "users_deleted"), (1, 1));
    assert_eq!(totals(&world, "users_purged"), (1, 1));
    assert_eq!(tenant.held(&world, "deleted_users"), json!([]));
    assert!(!world.memory.state().mailboxes.contains_key(&addresses[0]));
    let specs = inboxes(&addresses, None);
    microsoft
        .ensure_inboxes(call, MICROSOFT, &name, &specs)
        .await
        .unwrap();
    assert_eq!(made(&world, "users", &addresses[0]), 2);
}

#[tokio::test]
async fn an_address_that_a_removed_user_holds_is_freed() {
    let world = World::new().await;
    let (tenant, name, addresses) = with_inboxes(&world, 1).await;
    let (microsoft, call) = (&tenant.microsoft, world.call("k"));
    // The user is removed, and what would end it for good is not carried out.
    world.fail_next(Fake::Microsoft, PURGE, FaultKind::TimeoutBefore);
    let cut_off = microsoft
        .remove_inboxes(call, MICROSOFT, &name, &addresses)
        .await;
    assert!(is_retry(class(cut_off)));
    assert_eq!(tenant.held(&world, "deleted_users"), json!(addresses));
    let specs = inboxes(&addresses, None);
    persist(async || {
        microsoft
            .ensure_inboxes(call, MICROSOFT, &name, &specs)
            .await
    })
    .await;
    assert_eq!(tenant.held(&world, "deleted_users"), json!([]));
    assert_eq!(made(&world, "users", &addresses[0]), 2);
}

#[tokio::test]
async fn a_removal_whose_answer_was_lost_is_brought_to_its_end() {
    let world = World::new().await;
    let (tenant, name, addresses) = with_inboxes(&world, 6).await;
    let (microsoft, call) = (&tenant.microsoft, world.call("k"));
    let routes = [REMOVE, PURGE].into_iter().flat_map(|route| {
        let lost = lost_answers().into_iter();
        lost.map(move |kind| (route, kind))
    });
    for ((route, kind), address) in routes.zip(&addresses) {
        let removed = std::slice::from_ref(address);
        world.fail_next(Fake::Microsoft, route, kind);
        let lost = microsoft
            .remove_inboxes(call, MICROSOFT, &name, removed)
            .await;
        assert!(lost.is_ok() || is_retry(class(lost)), "{route} {address}");
        microsoft
            .remove_inboxes(call, MICROSOFT, &name, removed)
            .await
            .unwrap();
        assert_eq!(made(&world, "users_deleted", address), 1);
        assert_eq!(made(&world, "users_purged", address), 1);
    }
    assert!(world.memory.state().mailboxes.is_empty());
}

#[tokio::test]
async fn removals_that_are_killed_go_on_where_they_stopped() {
    let world = World::new().await;
    let (tenant, name, addresses) = with_inboxes(&world, 30).await;
    let (microsoft, call) = (&tenant.microsoft, world.call("k"));
    for (what, stop_at) in [
        ("users_deleted", 1),
        ("users_purged", 9),
        ("users_deleted", 20),
    ] {
        tokio::select! {
            done = microsoft.remove_inboxes(call, MICROSOFT, &name, &addresses) => done.unwrap(),
            () = until(|| totals(&world, what).0 >= stop_at) => {}
        }
    }
    let remove = async || {
        microsoft
            .remove_inboxes(call, MICROSOFT, &name, &addresses)
            .await
    };
    persist(remove).await;
    assert_eq!(totals(&world, "users_deleted"), (30, 1));
    assert_eq!(totals(&world, "users_purged"), (30, 1));
}
