//! Inboxes that become others.

use peeker_domain::DomainName;
use peeker_fakes::Vendor as Fake;
use peeker_providers::{InboxRename, InboxSpec, Mail};
use secrecy::ExposeSecret;

use super::{MICROSOFT, Tenant, proven};
use crate::steps::{addresses, inboxes, numbered, until};
use crate::world::{REFUSED, World, class, is_retry, lost_answers, text};

const RENAME: &str = "PATCH /v1.0/users/{}";

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

fn john(address: &str) -> InboxSpec<'_> {
    InboxSpec {
        address,
        first_name: "John",
        last_name: "Roe",
        picture_url: None,
    }
}

fn names(world: &World, tenant: &Tenant) -> Vec<String> {
    let users = tenant.held(world, "users");
    let users = users.as_array().unwrap().iter();
    let mut names: Vec<_> = users.map(|user| text(user, "upn").to_owned()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn an_inbox_keeps_its_mailbox_under_its_new_name() {
    let world = World::new().await;
    let (tenant, name, old) = with_inboxes(&world, 2).await;
    let (microsoft, call) = (&tenant.microsoft, world.call("k"));
    let password = world.memory.state().mailboxes[&old[0]].password.clone();
    let renames = [
        InboxRename {
            from: &old[0],
            to: john("john@acme-mail.com"),
        },
        InboxRename {
            from: &old[1],
            to: john(&old[1]),
        },
    ];
    for _ in 0..2 {
        microsoft
            .rename_inboxes(call, MICROSOFT, &name, &renames)
            .await
            .unwrap();
    }
    assert_eq!(
        names(&world, &tenant),
        [old[1].as_str(), "john@acme-mail.com"]
    );
    assert_eq!(world.fakes.counts().requests(Fake::Microsoft, RENAME), 2);
    let state = world.memory.state();
    let kept = &state.mailboxes["john@acme-mail.com"];
    assert_eq!(kept.password.expose_secret(), password.expose_secret());
    assert!(!state.mailboxes.contains_key(&old[0]));
}

#[tokio::test]
async fn a_renaming_whose_answer_was_lost_is_found() {
    let world = World::new().await;
    let (tenant, name, old) = with_inboxes(&world, 3).await;
    let (microsoft, call) = (&tenant.microsoft, world.call("k"));
    let new = addresses(&name, &["a", "b", "c"]);
    for ((kind, from), to) in lost_answers().into_iter().zip(&old).zip(&new) {
        let renames = [InboxRename { from, to: john(to) }];
        world.fail_next(Fake::Microsoft, RENAME, kind);
        let lost = microsoft
            .rename_inboxes(call, MICROSOFT, &name, &renames)
            .await;
        assert!(lost.is_ok() || is_retry(class(lost)), "{from}");
        microsoft
            .rename_inboxes(call, MICROSOFT, &name, &renames)
            .await
            .unwrap();
        assert!(world.memory.state().mailboxes.contains_key(to));
    }
    assert_eq!(names(&world, &tenant), new);
    assert_eq!(world.fakes.counts().requests(Fake::Microsoft, RENAME), 3);
}

#[tokio::test]
async fn renamings_that_are_killed_go_on_where_they_stopped() {
    let world = World::new().await;
    let (tenant, name, old) = with_inboxes(&world, 20).await;
    let mut new: Vec<_> = (0..20)
        .map(|number| format!("john{number}@{name}"))
        .collect();
    let pairs = old.iter().zip(&new);
    let renames: Vec<_> = pairs
        .map(|(from, to)| InboxRename { from, to: john(to) })
        .collect();
    let (microsoft, call) = (&tenant.microsoft, world.call("k"));
    let requests = || world.fakes.counts().requests(Fake::Microsoft, RENAME);
    for stop_at in [2, 11] {
        tokio::select! {
            done = microsoft.rename_inboxes(call, MICROSOFT, &name, &renames) => done.unwrap(),
            () = until(|| requests() >= stop_at) => {}
        }
    }
    microsoft
        .rename_inboxes(call, MICROSOFT, &name, &renames)
        .await
        .unwrap();
    let state = world.memory.state();
    let kept: Vec<_> = state.mailboxes.keys().cloned().collect();
    drop(state);
    new.sort_unstable();
    assert_eq!(names(&world, &tenant), new);
    assert_eq!(kept, new);
}

#[tokio::test]
async fn an_address_that_is_anothers_is_refused_before_anything_is_done() {
    let world = World::new().await;
    let (tenant, name, old) = with_inboxes(&world, 3).await;
    let call = world.call("k");
    let fine = InboxRename {
        from: &old[2],
        to: john("john@acme-mail.com"),
    };
    for (from, to) in [
        (old[0].as_str(), old[1].as_str()),
        ("nobody@acme-mail.com", "new@acme-mail.com"),
    ] {
        let renames = [fine, InboxRename { from, to: john(to) }];
        let refused = tenant
            .microsoft
            .rename_inboxes(call, MICROSOFT, &name, &renames)
            .await;
        assert_eq!(class(refused), REFUSED, "{from}");
    }
    assert_eq!(world.fakes.counts().requests(Fake::Microsoft, RENAME), 0);
}
