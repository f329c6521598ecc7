//! Zones.

use peeker_domain::vendor::Bucket;
use peeker_fakes::{FaultKind, Vendor as Fake};
use peeker_providers::cloudflare::ZoneRoom;
use peeker_providers::{Dns, ErrorClass};
use serde_json::json;

use super::{ELSEWHERE, LOOK_NOW, MAKE, adapter, change_account, first, mail_set, with_zone};
use crate::world::{
    REFUSED, World, account_id, class, domain, is_retry, lost_answers, passing_failures,
};

#[tokio::test]
async fn a_zone_is_made_once_whoever_asks_how_often() {
    let world = World::new().await;
    let cloudflare = with_zone(&world, "acme.com").await;
    let name = domain("acme.com");
    let zone = cloudflare
        .ensure_zone(world.call("k1"), &name)
        .await
        .unwrap();
    assert_eq!(zone.nameservers.len(), 2);
    assert_eq!(
        first(&world)
            .ensure_zone(world.call("k2"), &name)
            .await
            .unwrap(),
        zone
    );
    assert_eq!(world.fakes.counts().requests(Fake::Cloudflare, MAKE), 1);
    let permits = world.memory.state().permits.clone();
    let making = permits
        .iter()
        .filter(|(_, buckets)| buckets.contains(&Bucket::Zone));
    assert_eq!(making.count(), 1);
    assert!(
        permits
            .iter()
            .all(|(_, buckets)| buckets.contains(&Bucket::Call))
    );
}

#[tokio::test]
async fn a_zone_whose_answer_was_lost_is_found() {
    let world = World::new().await;
    let cloudflare = first(&world);
    for (n, kind) in lost_answers().into_iter().enumerate() {
        let name = domain(&format!("lost{n}.com"));
        world.fakes.register_elsewhere(name.as_str(), &ELSEWHERE);
        world.fail_next(Fake::Cloudflare, MAKE, kind);
        let lost = cloudflare.ensure_zone(world.call("k"), &name).await;
        assert!(is_retry(class(lost)));
        cloudflare
            .ensure_zone(world.call("k"), &name)
            .await
            .unwrap();
        assert_eq!(
            world.fakes.counts().requests(Fake::Cloudflare, MAKE),
            n as u64 + 1
        );
    }
    let name = domain("again.com");
    world.fakes.register_elsewhere("again.com", &ELSEWHERE);
    for kind in passing_failures() {
        world.fail_next(Fake::Cloudflare, MAKE, kind);
        let failed = cloudflare.ensure_zone(world.call("k"), &name).await;
        assert!(is_retry(class(failed)));
    }
    cloudflare
        .ensure_zone(world.call("k"), &name)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_zone_that_the_list_does_not_show_yet_is_adopted_when_it_does() {
    for (lag, tries) in [(1, 0), (5, 2)] {
        let world = World::with_lag(lag).await;
        let cloudflare = first(&world);
        world.fakes.register_elsewhere("acme.com", &ELSEWHERE);
        let name = domain("acme.com");
        world.fail_next(Fake::Cloudflare, MAKE, FaultKind::TimeoutAfterItWorked);
        let lost = cloudflare.ensure_zone(world.call("k"), &name).await;
        assert!(is_retry(class(lost)));
        for _ in 0..tries {
            let hidden = cloudflare.ensure_zone(world.call("k"), &name).await;
            assert_eq!(class(hidden), ErrorClass::Conflict, "lag {lag}");
        }
        cloudflare
            .ensure_zone(world.call("k"), &name)
            .await
            .unwrap();
        assert_eq!(
            world
                .fakes
                .counts()
                .most_made(Fake::Cloudflare, "zones_created"),
            1
        );
    }
}

#[tokio::test]
async fn each_refusal_of_a_domain_has_its_class() {
    let world = World::new().await;
    let cloudflare = first(&world);
    let retry = ErrorClass::Retry { after_ms: None };
    let hours = |hours: i64| ErrorClass::Quota {
        after_ms: Some(hours * 3_600_000),
    };
    for (name, expected) in [
        ("lookup-a.com", retry),
        ("blocked-a.com", hours(3)),
        ("banned-a.com", REFUSED),
        ("held-a.com", REFUSED),
    ] {
        world.fakes.register_elsewhere(name, &ELSEWHERE);
        let refused = cloudflare.ensure_zone(world.call("k"), &domain(name)).await;
        assert_eq!(class(refused), expected, "{name}");
    }
    let unregistered = cloudflare
        .ensure_zone(world.call("k"), &domain("nobody.com"))
        .await;
    assert_eq!(class(unregistered), retry);
    world.fakes.register_elsewhere("acme.com", &ELSEWHERE);
    change_account(&world, &json!({"blocked": "1118"}));
    let refused = cloudflare
        .ensure_zone(world.call("k"), &domain("acme.com"))
        .await;
    assert_eq!(class(refused), hours(1));
    change_account(&world, &json!({"blocked": null}));
    world.fakes.set_limit(Fake::Cloudflare, "zones", Some(0));
    let refused = cloudflare
        .ensure_zone(world.call("k"), &domain("acme.com"))
        .await;
    assert!(matches!(
        class(refused),
        ErrorClass::Quota {
            after_ms: Some(1..)
        }
    ));
    assert_eq!(world.memory.attention(&account_id(0)), None);
}

#[tokio::test]
async fn the_room_for_zones_is_what_the_vendor_counts() {
    let world = World::new().await;
    world
        .fakes
        .set_limit(Fake::Cloudflare, "zones", Some(1_000));
    let cloudflare = first(&world);
    for n in 0..51 {
        let name = format!("zone{n}.com");
        world.fakes.register_elsewhere(&name, &ELSEWHERE);
        cloudflare
            .ensure_zone(world.call("k"), &domain(&name))
            .await
            .unwrap();
        if n == 2 {
            let room = ZoneRoom {
                total: 3,
                pending: 3,
                active: 0,
                takes_more: 48,
            };
            assert_eq!(cloudflare.zone_room().await.unwrap(), room);
            cloudflare.zone_capacity(world.call("k"), 48).await.unwrap();
            let full = cloudflare.zone_capacity(world.call("k"), 49).await;
            assert!(matches!(class(full), ErrorClass::Quota { .. }));
            let small = adapter(&world, 0, &[("capacity", "4")]);
            small.zone_capacity(world.call("k"), 1).await.unwrap();
            let full = small.zone_capacity(world.call("k"), 2).await;
            assert!(matches!(class(full), ErrorClass::Quota { .. }));
        }
    }
    let room = cloudflare.zone_room().await.unwrap();
    assert_eq!((room.total, room.takes_more), (51, 0));
    let full = cloudflare.zone_capacity(world.call("k"), 1).await;
    assert!(matches!(class(full), ErrorClass::Quota { .. }));
    world.fakes.register_elsewhere("more.com", &ELSEWHERE);
    let refused = cloudflare
        .ensure_zone(world.call("k"), &domain("more.com"))
        .await;
    assert!(matches!(class(refused), ErrorClass::Quota { .. }));
}

#[tokio::test]
async fn cloudflare_is_asked_to_look_at_a_delegation_and_may_refuse() {
    let mut world = World::new().await;
    let cloudflare = with_zone(&world, "acme.com").await;
    let name = domain("acme.com");
    let wanted = mail_set("acme.com");
    let asked = |world: &World| world.fakes.counts().requests(Fake::Cloudflare, LOOK_NOW);
    cloudflare
        .put_records(world.call("k"), &name, &wanted)
        .await
        .unwrap();
    assert_eq!(asked(&world), 0, "a delegation takes some minutes");
    world.advance_seconds(360);
    for n in 1..3 {
        cloudflare
            .put_records(world.call("k"), &name, &wanted)
            .await
            .unwrap();
        assert_eq!(asked(&world), n);
    }
    world.advance_seconds(900);
    cloudflare
        .put_records(world.call("k"), &name, &wanted)
        .await
        .unwrap();
    assert_eq!(asked(&world), 2, "not before the next hour");
    world.advance_seconds(2_700);
    world.fail_next(Fake::Cloudflare, LOOK_NOW, FaultKind::ServerError(500));
    cloudflare
        .ensure_zone(world.call("k"), &name)
        .await
        .unwrap();
    assert_eq!(asked(&world), 3);
}
