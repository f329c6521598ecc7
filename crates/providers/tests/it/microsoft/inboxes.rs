//! Inboxes: made, licensed, pictured.

use peeker_domain::vendor::Bucket;
use peeker_fakes::Vendor as Fake;
use peeker_providers::{ErrorClass, Mail};
use serde_json::json;

use super::{MICROSOFT, PRODUCT, Tenant, made, proven, totals};
use crate::steps::{inboxes, numbered, persist};
use crate::world::{World, class, is_retry};

const MAKE: &str = "POST /v1.0/users";
const LICENSE: &str = "POST /v1.0/users/{}/assignLicense";

const NO_DKIM: [(&str, &str); 1] = [("dkim", "off")];

#[tokio::test]
async fn inboxes_are_made_once_with_licence_and_picture() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &NO_DKIM);
    let name = proven(&world, &tenant, "acme-mail.com").await;
    let (microsoft, call) = (&tenant.microsoft, world.call("k"));
    let addresses = numbered(&name, 9);
    let picture = format!("{}/pictures/jane.jpg", world.fakes.web_url());
    let specs = inboxes(&addresses, Some(&picture));
    microsoft
        .ensure_inboxes(call, MICROSOFT, &name, &specs[..5])
        .await
        .unwrap();
    for _ in 0..2 {
        microsoft
            .ensure_inboxes(call, MICROSOFT, &name, &specs)
            .await
            .unwrap();
    }
    for what in ["users", "licences", "photos"] {
        assert_eq!(totals(&world, what), (9, 1), "{what}");
    }
    let users = tenant.held(&world, "users");
    let complete = |user: &serde_json::Value| {
        user["enabled"] == json!(true)
            && user["licences"] == json!(1)
            && user["photo"] == json!(true)
    };
    assert!(users.as_array().unwrap().iter().all(complete), "{users}");
    let state = world.memory.state();
    let pictures = state
        .permits
        .iter()
        .filter(|(_, of)| of.contains(&Bucket::Picture));
    assert!(
        pictures
            .clone()
            .all(|(_, of)| of[..] == [Bucket::Write, Bucket::Picture])
    );
    assert_eq!(pictures.count(), 9);
}

#[tokio::test]
async fn a_picture_that_microsoft_cannot_read_holds_nothing_up() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &NO_DKIM);
    let name = proven(&world, &tenant, "acme-mail.com").await;
    let addresses = numbered(&name, 1);
    for path in ["/pictures/jane.png", "/nothing.jpg"] {
        let url = format!("{}{path}", world.fakes.web_url());
        let specs = inboxes(&addresses, Some(&url));
        let ensured = tenant
            .microsoft
            .ensure_inboxes(world.call("k"), MICROSOFT, &name, &specs);
        ensured.await.unwrap();
    }
    assert_eq!(totals(&world, "photos"), (0, 0));
}

#[tokio::test]
async fn lists_of_many_pages_are_read_whole() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &NO_DKIM);
    tenant.change(&world, &json!({"seats": {PRODUCT: 2_000}}));
    let name = proven(&world, &tenant, "acme-mail.com").await;
    let addresses = numbered(&name, 1_000);
    let specs = inboxes(&addresses, None);
    let call = world.call("k");
    tenant
        .microsoft
        .ensure_inboxes(call, MICROSOFT, &name, &specs)
        .await
        .unwrap();
    let before = world.fakes.counts();
    tenant
        .microsoft
        .ensure_inboxes(call, MICROSOFT, &name, &specs)
        .await
        .unwrap();
    let after = world.fakes.counts();
    let since =
        |route| after.requests(Fake::Microsoft, route) - before.requests(Fake::Microsoft, route);
    assert_eq!(
        (since("GET /v1.0/users"), since(MAKE), since(LICENSE)),
        (2, 0, 0)
    );
}

#[tokio::test]
async fn what_the_directory_shows_late_is_waited_for() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &NO_DKIM);
    let name = proven(&world, &tenant, "acme-mail.com").await;
    world.fakes.set_lag(Fake::Microsoft, 2);
    let (microsoft, call) = (&tenant.microsoft, world.call("k"));
    let addresses = numbered(&name, 3);
    let picture = format!("{}/pictures/jane.jpg", world.fakes.web_url());
    let specs = inboxes(&addresses, Some(&picture));
    persist(async || {
        microsoft
            .ensure_inboxes(call, MICROSOFT, &name, &specs)
            .await
    })
    .await;
    for what in ["users", "licences", "photos"] {
        assert_eq!(totals(&world, what), (3, 1), "{what}");
    }
}

#[tokio::test]
async fn a_mailbox_that_is_not_there_yet_holds_up_its_picture_alone() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &NO_DKIM);
    let name = proven(&world, &tenant, "acme-mail.com").await;
    let (microsoft, call) = (&tenant.microsoft, world.call("k"));
    let addresses = numbered(&name, 2);
    let picture = format!("{}/pictures/jane.jpg", world.fakes.web_url());
    let specs = inboxes(&addresses, Some(&picture));
    let first = inboxes(&addresses[..1], None);
    microsoft
        .ensure_inboxes(call, MICROSOFT, &name, &first)
        .await
        .unwrap();
    world.fakes.set_lag(Fake::Microsoft, 2);
    let mut waited = false;
    while let Err(error) = microsoft
        .ensure_inboxes(call, MICROSOFT, &name, &specs)
        .await
    {
        if error.message.contains("every mailbox") {
            waited = true;
            assert_eq!(made(&world, "photos", &addresses[0]), 1);
            assert_eq!(totals(&world, "licences"), (2, 1));
        }
        assert!(is_retry(error.class), "{error}");
    }
    assert!(waited, "the second mailbox takes its time");
    assert_eq!(totals(&world, "photos"), (2, 1));
}

#[tokio::test]
async fn licences_that_run_out_need_the_operator() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &NO_DKIM);
    tenant.change(&world, &json!({"seats": {PRODUCT: 2}}));
    let name = proven(&world, &tenant, "acme-mail.com").await;
    let (microsoft, call) = (&tenant.microsoft, world.call("k"));
    let addresses = numbered(&name, 3);
    let specs = inboxes(&addresses, None);
    let ensure = async || {
        microsoft
            .ensure_inboxes(call, MICROSOFT, &name, &specs)
            .await
    };
    assert_eq!(class(ensure().await), ErrorClass::NeedsHuman);
    let reason = Tenant::attention(&world).unwrap();
    assert!(
        reason.contains("EXCHANGESTANDARD") && reason.contains("2 of 2 taken"),
        "{reason}"
    );
    tenant.change(&world, &json!({"seats": {PRODUCT: 3}}));
    persist(ensure).await;
    assert_eq!(totals(&world, "users"), (3, 1));
    assert_eq!(totals(&world, "licences"), (3, 1));
}
