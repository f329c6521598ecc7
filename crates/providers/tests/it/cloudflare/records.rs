//! Records of a zone.

use peeker_fakes::Vendor as Fake;
use peeker_providers::{Dns, DnsRecord, RecordKind};
use reqwest::Method;
use serde_json::json;

use super::{BATCH, by_hand, change_account, first, mail_set, sorted, with_zone};
use crate::world::{World, account_id, class, domain, is_retry, lost_answers};

#[tokio::test]
async fn records_are_there_as_they_were_put_and_written_once() {
    let world = World::new().await;
    let cloudflare = with_zone(&world, "acme.com").await;
    let name = domain("acme.com");
    assert_eq!(
        cloudflare.records(world.call("k"), &name).await.unwrap(),
        []
    );
    let wanted = mail_set("acme.com");
    for _ in 0..3 {
        cloudflare
            .put_records(world.call("k"), &name, &wanted)
            .await
            .unwrap();
        let there = cloudflare.records(world.call("k"), &name).await.unwrap();
        assert_eq!(there, sorted(wanted.clone()));
    }
    assert_eq!(world.fakes.counts().requests(Fake::Cloudflare, BATCH), 1);
    let other = [DnsRecord::mx("acme.com", 5, "mx.elsewhere.example")];
    cloudflare
        .put_records(world.call("k"), &name, &other)
        .await
        .unwrap();
    let mut expected = wanted[1..].to_vec();
    expected.extend_from_slice(&other);
    let there = cloudflare.records(world.call("k"), &name).await.unwrap();
    assert_eq!(there, sorted(expected));
    let unmade = cloudflare
        .put_records(world.call("k"), &domain("unmade.com"), &other)
        .await;
    assert!(is_retry(class(unmade)));
    let none = cloudflare
        .records(world.call("k"), &domain("unmade.com"))
        .await;
    assert_eq!(none.unwrap(), []);
}

#[tokio::test]
async fn records_whose_answer_was_lost_are_not_written_again() {
    let world = World::new().await;
    for (n, kind) in lost_answers().into_iter().enumerate() {
        let name = domain(&format!("lost{n}.com"));
        let cloudflare = with_zone(&world, name.as_str()).await;
        let wanted = mail_set(name.as_str());
        world.fail_next(Fake::Cloudflare, BATCH, kind);
        let lost = cloudflare
            .put_records(world.call("k"), &name, &wanted)
            .await;
        assert!(is_retry(class(lost)));
        cloudflare
            .put_records(world.call("k"), &name, &wanted)
            .await
            .unwrap();
        let there = cloudflare.records(world.call("k"), &name).await.unwrap();
        assert_eq!(there, sorted(wanted));
        assert_eq!(
            world.fakes.counts().requests(Fake::Cloudflare, BATCH),
            n as u64 + 1
        );
    }
}

#[tokio::test]
async fn two_who_write_the_same_at_the_same_time_both_succeed() {
    let world = World::new().await;
    let name = domain("acme.com");
    let [one, other] = [with_zone(&world, "acme.com").await, first(&world)];
    let wanted = mail_set("acme.com");
    let (a, b) = tokio::join!(
        one.put_records(world.call("a"), &name, &wanted),
        other.put_records(world.call("b"), &name, &wanted),
    );
    a.unwrap();
    b.unwrap();
    let there = one.records(world.call("k"), &name).await.unwrap();
    assert_eq!(there, sorted(wanted));
}

#[tokio::test]
async fn what_others_left_behind_gives_way_and_the_rest_stays() {
    let world = World::new().await;
    let cloudflare = with_zone(&world, "acme.com").await;
    let name = domain("acme.com");
    let parking = json!({"posts": [
        {"type": "CNAME", "name": "track.acme.com", "content": "parking.example", "ttl": 300, "proxied": true},
        {"type": "TXT", "name": "acme.com", "content": "v=spf1 include:_spf.google.com ~all", "ttl": 3600},
        {"type": "TXT", "name": "acme.com", "content": "old-proof", "ttl": 3600},
        {"type": "CNAME", "name": "_dmarc.acme.com", "content": "dmarc.parking.example", "ttl": 300},
        {"type": "A", "name": "shop.acme.com", "content": "203.0.113.9", "ttl": 300},
    ]});
    by_hand(
        &world,
        "acme.com",
        Method::POST,
        "/dns_records/batch",
        &parking,
    )
    .await;
    let wanted = mail_set("acme.com");
    cloudflare
        .put_records(world.call("k"), &name, &wanted)
        .await
        .unwrap();
    let mut expected = wanted;
    expected.push(DnsRecord {
        kind: RecordKind::A,
        name: "shop.acme.com".to_owned(),
        content: "203.0.113.9".to_owned(),
        priority: None,
        ttl: 300,
    });
    let there = cloudflare.records(world.call("k"), &name).await.unwrap();
    assert_eq!(there, sorted(expected));
}

#[tokio::test]
async fn a_token_that_does_not_know_a_new_zone_yet_is_not_called_refused() {
    let world = World::new().await;
    let cloudflare = with_zone(&world, "acme.com").await;
    let (name, wanted) = (domain("acme.com"), mail_set("acme.com"));
    // What Cloudflare says of a zone that the token does not know, it says of a permission that is missing too.
    change_account(&world, &json!({"permissions_missing": ["/dns_records"]}));
    let unknown = cloudflare
        .put_records(world.call("k"), &name, &wanted)
        .await;
    assert!(is_retry(class(unknown)));
    assert_eq!(world.memory.attention(&account_id(0)), None);
    change_account(&world, &json!({"permissions_missing": []}));
    let known = cloudflare
        .put_records(world.call("k"), &name, &wanted)
        .await;
    known.unwrap();
}

#[tokio::test]
async fn a_zone_that_is_seen_late_gets_its_records_all_the_same() {
    let world = World::with_lag(3).await;
    let cloudflare = with_zone(&world, "acme.com").await;
    let (name, wanted) = (domain("acme.com"), mail_set("acme.com"));
    for _ in 0..3 {
        let unseen = cloudflare
            .put_records(world.call("k"), &name, &wanted)
            .await;
        assert!(is_retry(class(unseen)));
    }
    let seen = cloudflare
        .put_records(world.call("k"), &name, &wanted)
        .await;
    seen.unwrap();
}
