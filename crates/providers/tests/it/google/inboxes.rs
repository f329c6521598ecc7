//! Inboxes: made, pictured, removed.

use peeker_domain::DomainName;
use peeker_fakes::{Fault, FaultKind, Vendor as Fake};
use peeker_providers::vendor::{SignIn, SlowDown};
use peeker_providers::{ErrorClass, Mail, Purpose};
use secrecy::ExposeSecret;
use serde_json::json;

use super::{GOOGLE, Tenant, made, with_domain};
use crate::steps::{Published, inboxes, numbered, persist, until};
use crate::world::{World, class, domain, is_retry, lost_answers, passing_failures};

const MAKE: &str = "POST /admin/directory/v1/users";
const LIST: &str = "GET /admin/directory/v1/users";
const PICTURE: &str = "PUT /admin/directory/v1/users/{}/photos/thumbnail";
const REMOVE: &str = "DELETE /admin/directory/v1/users/{}";

async fn proven(world: &World) -> (Tenant, DomainName) {
    let tenant = Tenant::first(world, &[]);
    let name = with_domain(world, &tenant, "acme-mail.com").await;
    tenant.prove(world, &name).await;
    (tenant, name)
}

/// How often anything of a kind was done, and the most often to one thing.
fn totals(world: &World, what: &str) -> (u64, u64) {
    let counts = world.fakes.counts();
    let made = counts
        .of(Fake::Google)
        .made
        .get(what)
        .cloned()
        .unwrap_or_default();
    (made.values().sum(), counts.most_made(Fake::Google, what))
}

#[tokio::test]
async fn inboxes_are_made_once_with_their_passwords_and_pictures() {
    let world = World::new().await;
    let (tenant, name) = proven(&world).await;
    let (google, call) = (&tenant.google, world.call("k"));
    let addresses = numbered(&name, 9);
    let picture = format!("{}/pictures/jane.png", world.fakes.web_url());
    let specs = inboxes(&addresses, Some(&picture));
    google
        .ensure_inboxes(call, GOOGLE, &name, &specs[..5])
        .await
        .unwrap();
    for _ in 0..2 {
        google
            .ensure_inboxes(call, GOOGLE, &name, &specs)
            .await
            .unwrap();
    }
    assert_eq!(totals(&world, "users"), (9, 1));
    assert_eq!(totals(&world, "photos"), (9, 1));
    let users = tenant.users(&world, "acme-mail.com");
    assert_eq!(users.len(), 9);
    assert!(users.iter().all(|user| user["photo"] == json!(true)));
    let sign_in = google.sign_in(call, &name, &addresses[0]).await.unwrap();
    let SignIn::Password {
        password,
        smtp_host,
        imap_host,
    } = sign_in
    else {
        panic!("Google's inboxes have passwords")
    };
    let mailboxes = &world.memory.state().mailboxes;
    let kept = &mailboxes[&addresses[0]];
    assert_eq!(password.expose_secret(), kept.password.expose_secret());
    assert_eq!((smtp_host, imap_host), ("smtp.gmail.com", "imap.gmail.com"));
    assert_eq!(kept.picture_url.as_deref(), Some(picture.as_str()));
}

#[tokio::test]
async fn a_picture_that_cannot_be_loaded_holds_nothing_up() {
    let world = World::new().await;
    let (tenant, name) = proven(&world).await;
    let addresses = numbered(&name, 1);
    for path in ["/nothing.png", "/"] {
        let url = format!("{}{path}", world.fakes.web_url());
        let specs = inboxes(&addresses, Some(&url));
        let ensured = tenant
            .google
            .ensure_inboxes(world.call("k"), GOOGLE, &name, &specs);
        ensured.await.unwrap();
    }
    assert_eq!(totals(&world, "photos"), (0, 0));
}

#[tokio::test]
async fn lists_of_many_pages_are_read_whole() {
    let world = World::new().await;
    let (tenant, name) = proven(&world).await;
    let addresses = numbered(&name, 501);
    let specs = inboxes(&addresses, None);
    let google = &tenant.google;
    google
        .ensure_inboxes(world.call("k"), GOOGLE, &name, &specs)
        .await
        .unwrap();
    let before = world.fakes.counts().requests(Fake::Google, LIST);
    google
        .ensure_inboxes(world.call("k"), GOOGLE, &name, &specs)
        .await
        .unwrap();
    let counts = world.fakes.counts();
    assert_eq!(counts.requests(Fake::Google, LIST), before + 2);
    assert_eq!(counts.requests(Fake::Google, MAKE), 501);
}

#[tokio::test]
async fn an_inbox_whose_answer_was_lost_is_found() {
    let world = World::new().await;
    let (tenant, name) = proven(&world).await;
    let (google, call) = (&tenant.google, world.call("k"));
    let picture = format!("{}/pictures/jane.jpg", world.fakes.web_url());
    for (n, kind) in lost_answers().into_iter().enumerate() {
        let addresses = [format!("lost{n}@{name}")];
        let specs = inboxes(&addresses, Some(&picture));
        for route in [MAKE, PICTURE] {
            world.fail_next(Fake::Google, route, kind.clone());
            let lost = google.ensure_inboxes(call, GOOGLE, &name, &specs).await;
            assert!(is_retry(class(lost)), "{route} {n}");
        }
        google
            .ensure_inboxes(call, GOOGLE, &name, &specs)
            .await
            .unwrap();
        assert_eq!(made(&world, "users", &addresses[0]), 1);
        world.fail_next(Fake::Google, REMOVE, kind);
        let lost = google.remove_inboxes(call, GOOGLE, &name, &addresses).await;
        assert!(lost.is_ok() || is_retry(class(lost)), "{n}");
        google
            .remove_inboxes(call, GOOGLE, &name, &addresses)
            .await
            .unwrap();
        assert_eq!(made(&world, "users_deleted", &addresses[0]), 1);
        assert!(!world.memory.state().mailboxes.contains_key(&addresses[0]));
    }
    for (n, kind) in passing_failures().into_iter().enumerate() {
        let addresses = [format!("again{n}@{name}")];
        let specs = inboxes(&addresses, None);
        world.fail_next(Fake::Google, MAKE, kind);
        let failed = google.ensure_inboxes(call, GOOGLE, &name, &specs).await;
        assert!(is_retry(class(failed)));
        google
            .ensure_inboxes(call, GOOGLE, &name, &specs)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn work_that_is_killed_goes_on_where_it_stopped() {
    let world = World::new().await;
    let (tenant, name) = proven(&world).await;
    let (google, call) = (&tenant.google, world.call("k"));
    let addresses = numbered(&name, 40);
    let specs = inboxes(&addresses, None);
    for stop_at in [1, 8, 20] {
        tokio::select! {
            done = google.ensure_inboxes(call, GOOGLE, &name, &specs) => done.unwrap(),
            () = until(|| totals(&world, "users").0 >= stop_at) => {}
        }
    }
    google
        .ensure_inboxes(call, GOOGLE, &name, &specs)
        .await
        .unwrap();
    assert_eq!(totals(&world, "users"), (40, 1));
    for stop_at in [1, 20] {
        tokio::select! {
            done = google.remove_inboxes(call, GOOGLE, &name, &addresses) => done.unwrap(),
            () = until(|| totals(&world, "users_deleted").0 >= stop_at) => {}
        }
    }
    google
        .remove_inboxes(call, GOOGLE, &name, &addresses)
        .await
        .unwrap();
    assert_eq!(totals(&world, "users_deleted"), (40, 1));
    assert!(world.memory.state().mailboxes.is_empty());
}

#[tokio::test]
async fn two_at_once_make_each_inbox_once() {
    let world = World::new().await;
    let (tenant, name) = proven(&world).await;
    let addresses = numbered(&name, 20);
    let specs = inboxes(&addresses, None);
    let work = || {
        tenant
            .google
            .ensure_inboxes(world.call("k"), GOOGLE, &name, &specs)
    };
    let (one, other) = tokio::join!(work(), work());
    one.unwrap();
    other.unwrap();
    assert_eq!(totals(&world, "users"), (20, 1));
}

#[tokio::test]
async fn what_is_not_finished_yet_is_waited_for() {
    let world = World::new().await;
    world.fakes.set_lag(Fake::Google, 2);
    let google = Tenant::first(&world, &[("dkim", "off")]).google;
    let (call, name) = (world.call("k"), domain("acme-mail.com"));
    let prepare = async || {
        google
            .prepare_domain(call, GOOGLE, &name, Purpose::Order)
            .await
    };
    let published = Published::of(&world, &name).await;
    // The second time, it is there already and not to be seen.
    for _ in 0..2 {
        published.put(&world, &persist(prepare).await.records).await;
    }
    persist(async || google.verify_domain(call, GOOGLE, &name).await).await;
    let addresses = numbered(&name, 3);
    let picture = format!("{}/pictures/jane.png", world.fakes.web_url());
    let specs = inboxes(&addresses, Some(&picture));
    persist(async || google.ensure_inboxes(call, GOOGLE, &name, &specs).await).await;
    assert_eq!(totals(&world, "users"), (3, 1));
    persist(async || google.remove_inboxes(call, GOOGLE, &name, &addresses).await).await;
    persist(async || google.release_domain(call, GOOGLE, &name).await).await;
    assert_eq!(totals(&world, "users_deleted"), (3, 1));
}

#[tokio::test]
async fn nothing_is_made_twice_on_the_worst_of_days() {
    let world = World::new().await;
    let (tenant, name) = proven(&world).await;
    let (google, call) = (&tenant.google, world.call("k"));
    let addresses = numbered(&name, 12);
    let picture = format!("{}/pictures/jane.png", world.fakes.web_url());
    let specs = inboxes(&addresses, Some(&picture));
    let kinds = [
        FaultKind::TimeoutAfterItWorked,
        FaultKind::HalfAnswer,
        FaultKind::ServerError(503),
    ];
    for (seed, kind) in (0..).zip(kinds) {
        let fault = Fault::share(Fake::Google, 8, seed, kind);
        world.fakes.add_fault(fault.hold_ms(5));
    }
    persist(async || google.ensure_inboxes(call, GOOGLE, &name, &specs).await).await;
    assert_eq!(totals(&world, "users"), (12, 1));
    persist(async || google.remove_inboxes(call, GOOGLE, &name, &addresses).await).await;
    persist(async || google.release_domain(call, GOOGLE, &name).await).await;
    assert_eq!(totals(&world, "users_deleted"), (12, 1));
    assert_eq!(made(&world, "domains_deleted", name.as_str()), 1);
}

#[tokio::test]
async fn a_pace_is_kept_in_either_of_googles_ways() {
    let world = World::new().await;
    let (tenant, name) = proven(&world).await;
    let addresses = numbered(&name, 1);
    let specs = inboxes(&addresses, None);
    let ensure = || {
        tenant
            .google
            .ensure_inboxes(world.call("k"), GOOGLE, &name, &specs)
    };
    world.fail_next(
        Fake::Google,
        LIST,
        FaultKind::TooManyRequests { retry_after: 7 },
    );
    let after_ms = Some(7_000);
    assert_eq!(class(ensure().await), ErrorClass::Quota { after_ms });
    world.fakes.set_limit(Fake::Google, "minute", Some(0));
    assert!(matches!(class(ensure().await), ErrorClass::Quota { .. }));
    let state = world.memory.state();
    let asked: Vec<_> = state
        .slow_downs
        .iter()
        .map(|(_, slow_down)| *slow_down)
        .collect();
    assert_eq!(asked, [SlowDown::AfterMs(7_000), SlowDown::Unnamed]);
}
