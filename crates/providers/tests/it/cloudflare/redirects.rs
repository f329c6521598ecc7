//! Redirects of a domain's web address.

use peeker_domain::WebUrl;
use peeker_fakes::Vendor as Fake;
use peeker_providers::{Dns, DnsRecord};
use reqwest::Method;
use serde_json::{Value, json};

use super::{BATCH, LOOK_NOW, by_hand, first, held, with_zone};
use crate::world::{World, class, domain, is_retry, lost_answers};

const PUT: &str = "PUT /client/v4/zones/{}/rulesets/phases/{}/entrypoint";
const PHASE: &str = "/rulesets/phases/http_request_dynamic_redirect/entrypoint";

fn target(text: &str) -> WebUrl {
    WebUrl::parse(text).unwrap()
}

/// Type, name, content and whether Cloudflare serves it, of every record of the zone.
fn records(zone: &Value) -> Vec<String> {
    let records = zone["records"].as_array().unwrap().iter();
    let mut said: Vec<String> = records
        .map(|record| {
            let proxied = if record["proxied"] == true {
                " proxied"
            } else {
                ""
            };
            let text = |field: &str| record[field].as_str().unwrap();
            format!(
                "{} {} {}{proxied}",
                text("type"),
                text("name"),
                text("content")
            )
        })
        .collect();
    said.sort();
    said
}

/// Where each rule of the zone leads.
fn targets(zone: &Value) -> Vec<&str> {
    let rules = zone["redirects"].as_array().into_iter().flatten();
    rules
        .filter_map(|rule| rule["action_parameters"]["from_value"]["target_url"]["value"].as_str())
        .collect()
}

#[tokio::test]
async fn a_redirect_is_written_once_and_replaced_by_another() {
    let world = World::new().await;
    let cloudflare = with_zone(&world, "acme.com").await;
    let name = domain("acme.com");
    let writes = |world: &World| {
        let counts = world.fakes.counts();
        (
            counts.requests(Fake::Cloudflare, PUT),
            counts.requests(Fake::Cloudflare, BATCH),
        )
    };
    for _ in 0..3 {
        cloudflare
            .set_redirect(world.call("k"), &name, &target("https://brand.com/"))
            .await
            .unwrap();
    }
    assert_eq!(writes(&world), (1, 1));
    let zone = held(&world, "acme.com");
    let served = [
        "A acme.com 192.0.2.1 proxied",
        "CNAME www.acme.com acme.com proxied",
    ];
    assert_eq!(records(&zone), served);
    assert_eq!(targets(&zone), ["https://brand.com/"]);
    let rule = &zone["redirects"][0];
    assert_eq!(
        rule["expression"],
        r#"(http.host eq "acme.com") or (http.host eq "www.acme.com")"#
    );
    assert_eq!(
        rule["action_parameters"]["from_value"]["preserve_query_string"],
        true
    );
    cloudflare
        .set_redirect(world.call("k"), &name, &target("https://other.com/x"))
        .await
        .unwrap();
    assert_eq!(writes(&world), (2, 1));
    assert_eq!(targets(&held(&world, "acme.com")), ["https://other.com/x"]);
    assert_eq!(
        world.fakes.counts().requests(Fake::Cloudflare, LOOK_NOW),
        2,
        "it works in active zones only"
    );
}

#[tokio::test]
async fn a_redirect_ends_and_leaves_what_is_not_its_own() {
    let world = World::new().await;
    let cloudflare = with_zone(&world, "acme.com").await;
    let name = domain("acme.com");
    let others = json!({"rules": [{
        "ref": "shop", "expression": "(http.request.uri.path eq \"/shop\")", "action": "redirect",
        "action_parameters": {"from_value": {"target_url": {"value": "https://shop.example/"}}},
    }]});
    by_hand(&world, "acme.com", Method::PUT, PHASE, &others).await;
    let mail = [
        DnsRecord::mx("acme.com", 1, "smtp.google.com"),
        DnsRecord::txt("acme.com", "proof"),
    ];
    cloudflare
        .put_records(world.call("k"), &name, &mail)
        .await
        .unwrap();
    cloudflare
        .set_redirect(world.call("k"), &name, &target("https://brand.com/"))
        .await
        .unwrap();
    assert_eq!(
        targets(&held(&world, "acme.com")),
        ["https://brand.com/", "https://shop.example/"]
    );
    let mut expected = mail.to_vec();
    expected.sort();
    // The redirect's own records are no records of ours.
    assert_eq!(
        cloudflare.records(world.call("k"), &name).await.unwrap(),
        expected
    );
    for _ in 0..2 {
        cloudflare
            .clear_redirect(world.call("k"), &name)
            .await
            .unwrap();
        let zone = held(&world, "acme.com");
        assert_eq!(targets(&zone), ["https://shop.example/"]);
        assert_eq!(zone["redirects"][0]["ref"], "shop");
        assert_eq!(records(&zone).len(), 2);
    }
    assert_eq!(world.fakes.counts().requests(Fake::Cloudflare, PUT), 3);
}

#[tokio::test]
async fn a_redirect_takes_the_place_of_a_parking_page() {
    let world = World::new().await;
    let cloudflare = with_zone(&world, "acme.com").await;
    let parking = json!({"posts": [
        {"type": "A", "name": "acme.com", "content": "203.0.113.9", "ttl": 300},
        {"type": "A", "name": "acme.com", "content": "203.0.113.10", "ttl": 300},
        {"type": "AAAA", "name": "acme.com", "content": "2001:db8::9", "ttl": 300},
        {"type": "A", "name": "www.acme.com", "content": "203.0.113.9", "ttl": 300},
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
    let name = domain("acme.com");
    cloudflare
        .set_redirect(world.call("k"), &name, &target("https://brand.com/"))
        .await
        .unwrap();
    let expected = [
        "A acme.com 192.0.2.1 proxied",
        "A shop.acme.com 203.0.113.9",
        "CNAME www.acme.com acme.com proxied",
    ];
    assert_eq!(records(&held(&world, "acme.com")), expected);
}

#[tokio::test]
async fn there_is_nothing_to_end_without_a_zone_or_a_redirect() {
    let world = World::new().await;
    let name = domain("nobody.com");
    first(&world)
        .clear_redirect(world.call("k"), &name)
        .await
        .unwrap();
    let cloudflare = with_zone(&world, "acme.com").await;
    cloudflare
        .clear_redirect(world.call("k"), &domain("acme.com"))
        .await
        .unwrap();
    let counts = world.fakes.counts();
    assert_eq!(counts.requests(Fake::Cloudflare, PUT), 0);
    assert_eq!(counts.requests(Fake::Cloudflare, BATCH), 0);
}

#[tokio::test]
async fn a_redirect_whose_answer_was_lost_is_there_once() {
    let world = World::new().await;
    let target = target("https://brand.com/");
    for (n, kind) in lost_answers().into_iter().enumerate() {
        for (m, route) in [PUT, BATCH].into_iter().enumerate() {
            let text = format!("lost{n}{m}.com");
            let (name, cloudflare) = (domain(&text), with_zone(&world, &text).await);
            world.fail_next(Fake::Cloudflare, route, kind.clone());
            let lost = cloudflare
                .set_redirect(world.call("k"), &name, &target)
                .await;
            assert!(is_retry(class(lost)));
            cloudflare
                .set_redirect(world.call("k"), &name, &target)
                .await
                .unwrap();
            assert_eq!(targets(&held(&world, &text)), ["https://brand.com/"]);
            assert_eq!(records(&held(&world, &text)).len(), 2);
            world.fail_next(Fake::Cloudflare, route, kind.clone());
            let lost = cloudflare.clear_redirect(world.call("k"), &name).await;
            assert!(is_retry(class(lost)));
            cloudflare
                .clear_redirect(world.call("k"), &name)
                .await
                .unwrap();
            assert_eq!(targets(&held(&world, &text)), Vec::<&str>::new());
            assert_eq!(records(&held(&world, &text)).len(), 0);
        }
    }
}
