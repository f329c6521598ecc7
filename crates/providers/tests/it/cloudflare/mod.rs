//! Cloudflare.

mod account;
mod answers;
mod records;
mod redirects;
mod zones;

use peeker_domain::vendor::Vendor;
use peeker_fakes::Vendor as Fake;
use peeker_providers::cloudflare::Cloudflare;
use peeker_providers::{Dns, DnsRecord};
use serde_json::Value;

use crate::world::{World, domain, text};

pub const MAKE: &str = "POST /client/v4/zones";
pub const BATCH: &str = "POST /client/v4/zones/{}/dns_records/batch";
pub const LOOK_NOW: &str = "PUT /client/v4/zones/{}/activation_check";
pub const ELSEWHERE: [&str; 2] = ["ns1.host.example", "ns2.host.example"];

/// An adapter for an account of the fake.
pub fn adapter(world: &World, index: usize, settings: &[(&str, &str)]) -> Cloudflare {
    let all = world.fakes.credentials(Fake::Cloudflare);
    let mut settings = settings.to_vec();
    settings.push(("account_id", text(&all[index], "account_id")));
    let id = format!("pacc_{index}");
    let token = text(&all[index], "api_token").to_owned();
    let account = world.account(Vendor::Cloudflare, &id, token, &settings);
    Cloudflare::new(account, &world.memory.services()).unwrap()
}

pub fn first(world: &World) -> Cloudflare {
    adapter(world, 0, &[])
}

/// The adapter, and a domain with a zone there.
pub async fn with_zone(world: &World, name: &str) -> Cloudflare {
    let cloudflare = first(world);
    world.fakes.register_elsewhere(name, &ELSEWHERE);
    cloudflare
        .ensure_zone(world.call("k"), &domain(name))
        .await
        .unwrap();
    cloudflare
}

pub fn change_account(world: &World, change: &Value) {
    let all = world.fakes.credentials(Fake::Cloudflare);
    let id = text(&all[0], "account_id");
    world
        .fakes
        .change(Fake::Cloudflare, "accounts", id, change)
        .unwrap();
}

/// What the first account has of a zone.
pub fn held(world: &World, zone: &str) -> Value {
    let all = world.fakes.credentials(Fake::Cloudflare);
    let holdings = world.fakes.holdings(Fake::Cloudflare);
    holdings[text(&all[0], "account_id")]["zones"][zone].clone()
}

/// Writes to the first account's zone as somebody else does. Gives back what the fake answered.
pub async fn by_hand(
    world: &World,
    zone: &str,
    method: reqwest::Method,
    path: &str,
    body: &Value,
) -> Value {
    let all = world.fakes.credentials(Fake::Cloudflare);
    let base = format!("{}/client/v4/zones", world.fakes.url(Fake::Cloudflare));
    let http = world.memory.services().http;
    let token = text(&all[0], "api_token");
    let found = http
        .get(format!("{base}?name={zone}"))
        .bearer_auth(token)
        .send();
    let found: Value = found.await.unwrap().json().await.unwrap();
    let id = text(&found["result"][0], "id");
    let written = http
        .request(method, format!("{base}/{id}{path}"))
        .bearer_auth(token)
        .json(body);
    let answer: Value = written.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["success"], true, "{answer}");
    answer
}

/// Records as a mail provider wants them.
pub fn mail_set(name: &str) -> Vec<DnsRecord> {
    let key = format!("v=DKIM1; k=rsa; p={}", "A".repeat(600));
    vec![
        DnsRecord::mx(name, 1, "smtp.google.com"),
        DnsRecord::txt(name, "google-site-verification=abc"),
        DnsRecord::txt(name, "v=spf1 include:_spf.google.com ~all"),
        DnsRecord::txt(format!("google._domainkey.{name}"), key),
        DnsRecord::txt(
            format!("_dmarc.{name}"),
            "v=DMARC1; p=none; rua=mailto:\"x\"\\y",
        ),
        DnsRecord::cname(format!("track.{name}"), "open.host.example"),
    ]
}

pub fn sorted(mut records: Vec<DnsRecord>) -> Vec<DnsRecord> {
    records.sort();
    records
}
