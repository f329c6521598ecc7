//! The DNS: records of a zone, as resolvers answer them.

use hickory_resolver::config::ConnectionConfig;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;
use reqwest::Method;
use serde_json::json;

use crate::client::start;
use crate::cloudflare;
use crate::dns::{asking, resolve};

#[tokio::test]
async fn records_of_every_type_are_answered_as_they_were_written() {
    let fakes = start().await;
    let zone = cloudflare::active_zone(&fakes, "a.com").await;
    let long = "k".repeat(600);
    let records = json!({ "posts": [
        { "type": "A", "name": "a.com", "content": "192.0.2.1", "proxied": true },
        { "type": "A", "name": "plain", "content": "192.0.2.7" },
        { "type": "CNAME", "name": "www", "content": "a.com", "proxied": true },
        { "type": "CNAME", "name": "track", "content": "open.sleadtrack.com" },
        { "type": "TXT", "name": "track", "content": "beside an alias" },
        { "type": "CNAME", "name": "loop", "content": "loop.a.com" },
        { "type": "MX", "name": "a.com", "content": "smtp.google.com", "priority": 1 },
        { "type": "TXT", "name": "a.com", "content": "v=spf1 include:_spf.google.com ~all" },
        { "type": "TXT", "name": "sel._domainkey", "content": format!("\"{long}\"") },
        { "type": "TXT", "name": "*.wild", "content": "w" },
    ] });
    let (status, _) = cloudflare::post(
        &fakes,
        &format!("/zones/{}/dns_records/batch", zone.id),
        records,
    )
    .await;
    assert_eq!(status, 200);
    for (name, kind, answer) in [
        ("a.com", RecordType::A, vec!["198.51.100.10"]),
        ("plain.a.com", RecordType::A, vec!["192.0.2.7"]),
        ("PLAIN.a.com", RecordType::A, vec!["192.0.2.7"]),
        ("www.a.com", RecordType::A, vec!["198.51.100.10"]),
        ("www.a.com", RecordType::CNAME, vec![]),
        (
            "track.a.com",
            RecordType::CNAME,
            vec!["open.sleadtrack.com."],
        ),
        (
            "track.a.com",
            RecordType::A,
            vec!["open.sleadtrack.com.", "192.0.2.50"],
        ),
        ("track.a.com", RecordType::TXT, vec!["beside an alias"]),
        ("a.com", RecordType::MX, vec!["1 smtp.google.com."]),
        (
            "a.com",
            RecordType::TXT,
            vec!["v=spf1 include:_spf.google.com ~all"],
        ),
        ("sel._domainkey.a.com", RecordType::TXT, vec![long.as_str()]),
        ("any.wild.a.com", RecordType::TXT, vec!["w"]),
        ("_domainkey.a.com", RecordType::TXT, vec![]),
    ] {
        let answer = answer.into_iter().map(str::to_owned).collect();
        assert_eq!(
            resolve(&fakes, name, kind).await,
            Ok(answer),
            "{name} {kind}"
        );
    }
    assert_eq!(
        resolve(&fakes, "none.a.com", RecordType::A).await,
        Err(ResponseCode::NXDomain)
    );
    assert_eq!(
        resolve(&fakes, "loop.a.com", RecordType::A).await,
        Err(ResponseCode::ServFail)
    );
}

#[tokio::test]
async fn a_long_text_is_split_into_strings_and_comes_by_tcp_too() {
    let fakes = start().await;
    let zone = cloudflare::active_zone(&fakes, "a.com").await;
    let long = "k".repeat(1900);
    let record = json!({ "type": "TXT", "name": "long", "content": long });
    cloudflare::post(&fakes, &format!("/zones/{}/dns_records", zone.id), record).await;
    let found = asking(fakes.dns().cloudflare, ConnectionConfig::tcp())
        .lookup("long.a.com.", RecordType::TXT)
        .await
        .unwrap();
    let hickory_resolver::proto::rr::RData::TXT(text) = &found.answers()[0].data else {
        panic!("a TXT was asked for");
    };
    let lengths: Vec<_> = text.txt_data.iter().map(|string| string.len()).collect();
    assert_eq!(lengths, [255, 255, 255, 255, 255, 255, 255, 115]);
}

#[tokio::test]
async fn an_alias_at_the_apex_is_flattened() {
    let fakes = start().await;
    let zone = cloudflare::active_zone(&fakes, "a.com").await;
    let records = json!({ "posts": [
        { "type": "CNAME", "name": "@", "content": "open.sleadtrack.com" },
        { "type": "MX", "name": "@", "content": "smtp.google.com", "priority": 1 },
    ] });
    cloudflare::post(
        &fakes,
        &format!("/zones/{}/dns_records/batch", zone.id),
        records,
    )
    .await;
    assert_eq!(
        resolve(&fakes, "a.com", RecordType::A).await,
        Ok(vec!["192.0.2.50".to_owned()])
    );
    assert_eq!(
        resolve(&fakes, "a.com", RecordType::MX).await,
        Ok(vec!["1 smtp.google.com.".to_owned()])
    );
    assert_eq!(
        resolve(&fakes, "a.com", RecordType::CNAME).await,
        Ok(vec![])
    );
}

#[tokio::test]
async fn a_deleted_zone_is_answered_for_a_week() {
    let fakes = start().await;
    let zone = cloudflare::active_zone(&fakes, "a.com").await;
    let record = json!({ "type": "A", "name": "a.com", "content": "192.0.2.7" });
    cloudflare::post(&fakes, &format!("/zones/{}/dns_records", zone.id), record).await;
    let path = format!("/zones/{}", zone.id);
    cloudflare::send(&fakes, Method::DELETE, &path, json!({})).await;
    assert_eq!(
        resolve(&fakes, "a.com", RecordType::A).await,
        Ok(vec!["192.0.2.7".to_owned()])
    );
    fakes.advance_seconds(7 * 24 * 3600);
    assert_eq!(
        resolve(&fakes, "a.com", RecordType::A).await,
        Err(ResponseCode::ServFail)
    );
}
