//! Further years of domains.

use peeker_domain::Cents;
use peeker_fakes::Vendor as Fake;
use peeker_providers::{Bought, ErrorClass, Registrar};

use super::{PRICE, RENEW, RENEWAL, first};
use crate::services::now;
use crate::world::{REFUSED, World, class, domain, is_retry, lost_answers, passing_failures};

#[tokio::test]
async fn a_year_is_paid_once_for_each_end() {
    let world = World::new().await;
    let namecom = first(&world);
    let name = domain("acme.com");
    let unheld = namecom.renew(world.call("k"), &name, now(), RENEWAL).await;
    assert_eq!(class(unheld), REFUSED);
    let bought = namecom
        .register(world.call("k"), &name, PRICE)
        .await
        .unwrap();
    let end = bought.registration.expires_at;
    let dearer = namecom
        .renew(world.call("k"), &name, end, Cents(1_298))
        .await;
    assert_eq!(class(dearer), REFUSED);
    let early = namecom
        .renew(world.call("k"), &name, end.plus_months(1), RENEWAL)
        .await;
    assert_eq!(class(early), REFUSED);
    // What was stored of the end may differ by the part of a second that the vendor does not tell.
    let stored = end.plus_millis(999);
    let renewed = namecom
        .renew(world.call("k"), &name, stored, RENEWAL)
        .await
        .unwrap();
    assert_eq!(renewed.registration.expires_at, end.plus_months(12));
    assert_eq!(renewed.receipt.as_ref().unwrap().paid, RENEWAL);
    for end in [end, stored, end.plus_millis(-999)] {
        let again = namecom.renew(world.call("k2"), &name, end, RENEWAL).await;
        assert_eq!(again.unwrap(), Bought::held(renewed.registration));
    }
    let counts = world.fakes.counts();
    assert_eq!(counts.made(Fake::NameCom, "renewals", "acme.com"), 1);
    assert_eq!(counts.requests(Fake::NameCom, RENEW), 1);
}

#[tokio::test]
async fn a_renewal_whose_answer_was_lost_is_paid_once() {
    let world = World::new().await;
    let namecom = first(&world);
    for (n, kind) in lost_answers().into_iter().enumerate() {
        let name = domain(&format!("lost{n}.com"));
        let bought = namecom
            .register(world.call("k"), &name, PRICE)
            .await
            .unwrap();
        let end = bought.registration.expires_at;
        world.fail_next(Fake::NameCom, RENEW, kind);
        let lost = namecom.renew(world.call("k"), &name, end, RENEWAL).await;
        // Nobody looks again while the vendor may still be at work on it.
        let ErrorClass::Retry {
            after_ms: Some(after_ms),
        } = class(lost)
        else {
            panic!("it may have worked")
        };
        assert!(after_ms >= 300_000);
        let found = namecom
            .renew(world.call("k"), &name, end, RENEWAL)
            .await
            .unwrap();
        assert_eq!(
            (found.registration.expires_at, found.receipt),
            (end.plus_months(12), None)
        );
        assert_eq!(
            world
                .fakes
                .counts()
                .made(Fake::NameCom, "renewals", name.as_str()),
            1
        );
    }
    for (n, kind) in passing_failures().into_iter().enumerate() {
        let name = domain(&format!("again{n}.com"));
        let bought = namecom
            .register(world.call("k"), &name, PRICE)
            .await
            .unwrap();
        let end = bought.registration.expires_at;
        world.fail_next(Fake::NameCom, RENEW, kind);
        let failed = namecom.renew(world.call("k"), &name, end, RENEWAL).await;
        assert!(is_retry(class(failed)));
        let renewed = namecom
            .renew(world.call("k"), &name, end, RENEWAL)
            .await
            .unwrap();
        assert_eq!(renewed.receipt.unwrap().paid, RENEWAL);
        assert_eq!(
            world
                .fakes
                .counts()
                .made(Fake::NameCom, "renewals", name.as_str()),
            1
        );
    }
}

#[tokio::test]
async fn a_term_that_has_ended_is_renewed_and_not_bought() {
    let mut world = World::new().await;
    let name = domain("acme.com");
    let namecom = first(&world);
    let bought = namecom
        .register(world.call("k"), &name, PRICE)
        .await
        .unwrap();
    let end = bought.registration.expires_at;
    world.advance_seconds(370 * 86_400);
    assert_eq!(namecom.find(world.call("k"), &name).await.unwrap(), None);
    let refused = namecom.register(world.call("k"), &name, PRICE).await;
    assert_eq!(class(refused), REFUSED);
    let servers = ["ada.ns.cloudflare.com".to_owned()];
    let refused = namecom
        .set_nameservers(world.call("k"), &name, &servers)
        .await;
    assert_eq!(class(refused), REFUSED);
    let renewed = namecom
        .renew(world.call("k"), &name, end, RENEWAL)
        .await
        .unwrap();
    assert_eq!(renewed.registration.expires_at, end.plus_months(12));
    assert!(
        namecom
            .find(world.call("k"), &name)
            .await
            .unwrap()
            .is_some()
    );
}
