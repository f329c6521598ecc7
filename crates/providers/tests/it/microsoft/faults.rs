//! What gets lost on the way to inboxes.

use peeker_fakes::{Fault, FaultKind, Vendor as Fake};
use peeker_providers::Mail;

use super::{MICROSOFT, Tenant, made, proven, totals};
use crate::steps::{inboxes, numbered, persist, until};
use crate::world::{World, class, is_retry, lost_answers, passing_failures};

const MAKE: &str = "POST /v1.0/users";
const LICENSE: &str = "POST /v1.0/users/{}/assignLicense";
const PICTURE: &str = "PUT /v1.0/users/{}/photo/$value";

const NO_DKIM: [(&str, &str); 1] = [("dkim", "off")];

#[tokio::test]
async fn an_inbox_whose_answer_was_lost_is_found() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &NO_DKIM);
    let name = proven(&world, &tenant, "acme-mail.com").await;
    let (microsoft, call) = (&tenant.microsoft, world.call("k"));
    let picture = format!("{}/pictures/jane.jpg", world.fakes.web_url());
    for (n, kind) in lost_answers().into_iter().enumerate() {
        let addresses = [format!("lost{n}@{name}")];
        let specs = inboxes(&addresses, Some(&picture));
        for route in [MAKE, LICENSE, PICTURE] {
            world.fail_next(Fake::Microsoft, route, kind.clone());
            let lost = microsoft
                .ensure_inboxes(call, MICROSOFT, &name, &specs)
                .await;
            // The answer to a picture has no body that could be cut in half.
            assert!(lost.is_ok() || is_retry(class(lost)), "{route} {n}");
        }
        microsoft
            .ensure_inboxes(call, MICROSOFT, &name, &specs)
            .await
            .unwrap();
        for what in ["users", "licences"] {
            assert_eq!(made(&world, what, &addresses[0]), 1, "{what} {n}");
        }
    }
    for (n, kind) in passing_failures().into_iter().enumerate() {
        let addresses = [format!("again{n}@{name}")];
        let specs = inboxes(&addresses, None);
        for route in [MAKE, LICENSE] {
            world.fail_next(Fake::Microsoft, route, kind.clone());
        }
        persist(async || {
            microsoft
                .ensure_inboxes(call, MICROSOFT, &name, &specs)
                .await
        })
        .await;
        assert_eq!(made(&world, "licences", &addresses[0]), 1);
    }
}

#[tokio::test]
async fn work_that_is_killed_goes_on_where_it_stopped() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &NO_DKIM);
    let name = proven(&world, &tenant, "acme-mail.com").await;
    let (microsoft, call) = (&tenant.microsoft, world.call("k"));
    let addresses = numbered(&name, 40);
    let specs = inboxes(&addresses, None);
    for (what, stop_at) in [
        ("users", 1),
        ("licences", 6),
        ("users", 20),
        ("licences", 33),
    ] {
        tokio::select! {
            done = microsoft.ensure_inboxes(call, MICROSOFT, &name, &specs) => done.unwrap(),
            () = until(|| totals(&world, what).0 >= stop_at) => {}
        }
    }
    microsoft
        .ensure_inboxes(call, MICROSOFT, &name, &specs)
        .await
        .unwrap();
    assert_eq!(totals(&world, "users"), (40, 1));
    assert_eq!(totals(&world, "licences"), (40, 1));
}

#[tokio::test]
async fn two_at_once_make_each_inbox_once() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &NO_DKIM);
    let name = proven(&world, &tenant, "acme-mail.com").await;
    let addresses = numbered(&name, 20);
    let specs = inboxes(&addresses, None);
    let work = || {
        tenant
            .microsoft
            .ensure_inboxes(world.call("k"), MICROSOFT, &name, &specs)
    };
    let (one, other) = tokio::join!(work(), work());
    one.unwrap();
    other.unwrap();
    assert_eq!(totals(&world, "users"), (20, 1));
    assert_eq!(totals(&world, "licences"), (20, 1));
}

#[tokio::test]
async fn nothing_is_made_twice_on_the_worst_of_days() {
    let world = World::new().await;
    let tenant = Tenant::first(&world, &NO_DKIM);
    let name = proven(&world, &tenant, "acme-mail.com").await;
    let (microsoft, call) = (&tenant.microsoft, world.call("k"));
    let addresses = numbered(&name, 10);
    let picture = format!("{}/pictures/jane.jpg", world.fakes.web_url());
    let specs = inboxes(&addresses, Some(&picture));
    let kinds = [
        FaultKind::TimeoutAfterItWorked,
        FaultKind::HalfAnswer,
        FaultKind::ServerError(503),
    ];
    for (seed, kind) in (0..).zip(kinds) {
        let fault = Fault::share(Fake::Microsoft, 7, seed, kind);
        world.fakes.add_fault(fault.hold_ms(5));
    }
    persist(async || {
        microsoft
            .ensure_inboxes(call, MICROSOFT, &name, &specs)
            .await
    })
    .await;
    assert_eq!(totals(&world, "users"), (10, 1));
    assert_eq!(totals(&world, "licences"), (10, 1));
    persist(async || {
        microsoft
            .remove_inboxes(call, MICROSOFT, &name, &addresses)
            .await
    })
    .await;
    persist(async || microsoft.release_domain(call, MICROSOFT, &name).await).await;
    for what in ["users_deleted", "users_purged"] {
        assert_eq!(totals(&world, what), (10, 1), "{what}");
    }
    assert_eq!(made(&world, "domains_deleted", name.as_str()), 1);
}
