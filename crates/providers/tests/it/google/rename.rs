//! Inboxes that become others.

use peeker_domain::DomainName;
use peeker_fakes::{FaultKind, Vendor as Fake};
use peeker_providers::{InboxRename, InboxSpec, Mail};
use serde_json::{Value, json};

use super::{GOOGLE, Tenant, made, with_domain};
use crate::steps::{addresses, inboxes, numbered, until};
use crate::world::{REFUSED, World, class, is_retry, lost_answers, text};

const RENAME: &str = "PATCH /admin/directory/v1/users/{}";
const FREE: &str = "DELETE /admin/directory/v1/users/{}/aliases/{}";

async fn with_inboxes(world: &World, addresses: &[String], name: &str) -> (Tenant, DomainName) {
    let tenant = Tenant::first(world, &[]);
    let name = with_domain(world, &tenant, name).await;
    tenant.prove(world, &name).await;
    let specs = inboxes(addresses, None);
    let ensured = tenant
        .google
        .ensure_inboxes(world.call("k"), GOOGLE, &name, &specs);
    ensured.await.unwrap();
    (tenant, name)
}

fn john(address: &str) -> InboxSpec<'_> {
    InboxSpec {
        address,
        first_name: "John",
        last_name: "Roe",
        picture_url: None,
    }
}

fn emails(users: &[Value]) -> Vec<(&str, &Value)> {
    let emails = users
        .iter()
        .map(|user| (text(user, "email"), &user["aliases"]));
    let mut emails: Vec<_> = emails.collect();
    emails.sort_unstable_by_key(|(email, _)| *email);
    emails
}

#[tokio::test]
async fn an_inbox_keeps_its_mailbox_and_frees_its_old_address() {
    let world = World::new().await;
    let old = ["jane@acme-mail.com", "doe@acme-mail.com"].map(str::to_owned);
    let (tenant, name) = with_inboxes(&world, &old, "acme-mail.com").await;
    let (google, call) = (&tenant.google, world.call("k"));
    let picture = format!("{}/pictures/jane.png", world.fakes.web_url());
    let password = format!("Pw-{}-1!", old[0]);
    let renames = [
        InboxRename {
            from: &old[0],
            to: InboxSpec {
                picture_url: Some(&picture),
                ..john("john@acme-mail.com")
            },
        },
        InboxRename {
            from: &old[1],
            to: john(&old[1]),
        },
    ];
    for _ in 0..2 {
        google
            .rename_inboxes(call, GOOGLE, &name, &renames)
            .await
            .unwrap();
    }
    let users = tenant.users(&world, "acme-mail.com");
    let none = json!([]);
    assert_eq!(
        emails(&users),
        [("doe@acme-mail.com", &none), ("john@acme-mail.com", &none)]
    );
    let counts = world.fakes.counts();
    assert_eq!(counts.requests(Fake::Google, RENAME), 2);
    assert_eq!(made(&world, "photos", "john@acme-mail.com"), 1);
    {
        use secrecy::ExposeSecret;
        let mailboxes = &world.memory.state().mailboxes;
        assert!(!mailboxes.contains_key(&old[0]));
        let kept = &mailboxes["john@acme-mail.com"];
        assert_eq!(
            kept.password.expose_secret(),
            password,
            "it is the same inbox"
        );
    }
    // The old address can be somebody else's.
    let again = inboxes(&old[..1], None);
    google
        .ensure_inboxes(call, GOOGLE, &name, &again)
        .await
        .unwrap();
    assert_eq!(made(&world, "users", &old[0]), 2);
}

#[tokio::test]
async fn a_renaming_whose_answer_was_lost_is_found() {
    let world = World::new().await;
    let old = numbered(&crate::world::domain("acme-mail.com"), 6);
    let (tenant, name) = with_inboxes(&world, &old, "acme-mail.com").await;
    let (google, call) = (&tenant.google, world.call("k"));
    let new = addresses(&name, &["a", "b", "c", "d", "e", "f"]);
    let routes = [RENAME, FREE].into_iter().flat_map(|route| {
        let lost = lost_answers().into_iter();
        lost.map(move |kind| (route, kind))
    });
    for (((route, kind), from), to) in routes.zip(&old).zip(&new) {
        let renames = [InboxRename { from, to: john(to) }];
        world.fail_next(Fake::Google, route, kind);
        let lost = google.rename_inboxes(call, GOOGLE, &name, &renames).await;
        assert!(lost.is_ok() || is_retry(class(lost)), "{route} {from}");
        google
            .rename_inboxes(call, GOOGLE, &name, &renames)
            .await
            .unwrap();
        assert!(world.memory.state().mailboxes.contains_key(to));
    }
    let users = tenant.users(&world, "acme-mail.com");
    assert!(
        users.iter().all(|user| user["aliases"] == json!([])),
        "{users:?}"
    );
    let counts = world.fakes.counts();
    assert_eq!(counts.requests(Fake::Google, RENAME), 6);
}

#[tokio::test]
async fn renamings_that_are_killed_go_on_where_they_stopped() {
    let world = World::new().await;
    let name = crate::world::domain("acme-mail.com");
    let old = numbered(&name, 20);
    let (tenant, name) = with_inboxes(&world, &old, name.as_str()).await;
    let new: Vec<_> = (0..20)
        .map(|number| format!("john{number}@{name}"))
        .collect();
    let renames: Vec<_> = old
        .iter()
        .zip(&new)
        .map(|(from, to)| InboxRename { from, to: john(to) })
        .collect();
    let (google, call) = (&tenant.google, world.call("k"));
    let requests = |route| world.fakes.counts().requests(Fake::Google, route);
    for (route, stop_at) in [(RENAME, 2), (FREE, 7)] {
        tokio::select! {
            done = google.rename_inboxes(call, GOOGLE, &name, &renames) => done.unwrap(),
            () = until(|| requests(route) >= stop_at) => {}
        }
    }
    google
        .rename_inboxes(call, GOOGLE, &name, &renames)
        .await
        .unwrap();
    let users = tenant.users(&world, "acme-mail.com");
    assert_eq!(users.len(), 20);
    for (email, aliases) in emails(&users) {
        assert!(email.starts_with("john"), "{email}");
        assert_eq!(*aliases, json!([]), "{email}");
    }
    let state = world.memory.state();
    assert!(
        state
            .mailboxes
            .keys()
            .all(|address| address.starts_with("john"))
    );
}

#[tokio::test]
async fn an_address_that_is_anothers_is_refused_before_anything_is_done() {
    let world = World::new().await;
    let old = ["jane", "doe", "joe"].map(|local| format!("{local}@acme-mail.com"));
    let (tenant, name) = with_inboxes(&world, &old, "acme-mail.com").await;
    let call = world.call("k");
    let fine = InboxRename {
        from: &old[2],
        to: john("john@acme-mail.com"),
    };
    for (from, to) in [
        ("jane@acme-mail.com", "doe@acme-mail.com"),
        ("nobody@acme-mail.com", "new@acme-mail.com"),
    ] {
        let renames = [fine, InboxRename { from, to: john(to) }];
        let refused = tenant
            .google
            .rename_inboxes(call, GOOGLE, &name, &renames)
            .await;
        assert_eq!(class(refused), REFUSED, "{from}");
    }
    assert_eq!(world.fakes.counts().requests(Fake::Google, RENAME), 0);
}

#[tokio::test]
async fn a_removal_takes_the_named_inboxes_and_no_other() {
    let world = World::new().await;
    let old = numbered(&crate::world::domain("acme-mail.com"), 3);
    let (tenant, name) = with_inboxes(&world, &old, "acme-mail.com").await;
    let (google, call) = (&tenant.google, world.call("k"));
    let to = john("john@acme-mail.com");
    let renames = [InboxRename { from: &old[1], to }];
    // It has its new name, and its old one as a second address.
    world.fail_next(Fake::Google, FREE, FaultKind::TimeoutBefore);
    let cut_off = google.rename_inboxes(call, GOOGLE, &name, &renames).await;
    assert!(is_retry(class(cut_off)));
    google
        .remove_inboxes(call, GOOGLE, &name, &old[..2])
        .await
        .unwrap();
    let users = tenant.users(&world, "acme-mail.com");
    let (none, second) = (json!([]), json!([old[1]]));
    let left = [(old[2].as_str(), &none), ("john@acme-mail.com", &second)];
    assert_eq!(emails(&users), left);
}
