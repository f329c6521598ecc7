//! The binary, and how the fakes start and stop.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use peeker_fakes::{Fakes, Options, Pace, Vendor};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{admin, client, read, start};
use crate::cloudflare::{code, create};

/// A process that ends with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn the_binary_tells_where_it_is_and_how_to_log_in() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peeker-fakes"));
    let started = command
        .args(["--json", "--vendor-pace"])
        .stdout(Stdio::piped())
        .spawn();
    let mut process = Process(started.unwrap());
    let mut line = String::new();
    let output = process.0.stdout.take().unwrap();
    BufReader::new(output).read_line(&mut line).unwrap();
    let shown: Value = serde_json::from_str(&line).unwrap();
    let namecom = &shown["vendors"]["namecom"];
    let account = &namecom["accounts"][0];
    let url = format!("{}/core/v1/hello", namecom["url"].as_str().unwrap());
    let hello = client().get(url).basic_auth(
        account["username"].as_str().unwrap(),
        account["token"].as_str(),
    );
    assert_eq!(
        read(hello.send().await.unwrap()).await.1["username"],
        account["username"]
    );
    assert_eq!(shown["dns"]["resolvers"].as_array().unwrap().len(), 2);
    let counts = client().get(format!("{}/counts", shown["admin"].as_str().unwrap()));
    assert_eq!(counts.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn credentials_differ_from_start_to_start() {
    let first = Fakes::start(Options::default()).await.unwrap();
    let second = Fakes::start(Options::default()).await.unwrap();
    for vendor in [Vendor::NameCom, Vendor::Cloudflare] {
        assert_ne!(first.credentials(vendor), second.credentials(vendor));
    }
    assert_ne!(first.dns(), second.dns());
}

#[tokio::test]
async fn what_is_dropped_listens_no_more() {
    let fakes = start().await;
    let url = format!("{}/", fakes.web_url());
    assert_eq!(client().get(&url).send().await.unwrap().status(), 200);
    drop(fakes);
    tokio::task::yield_now().await;
    assert!(client().get(&url).send().await.unwrap_err().is_connect());
}

/// Starts at some base whose seven ports are free, which other processes may spoil a few times.
async fn based() -> (u16, Fakes) {
    for base in (20_000..30_000).step_by(97) {
        let options = Options {
            port_base: Some(base),
            ..Options::default()
        };
        if let Ok(fakes) = Fakes::start(options).await {
            return (base, fakes);
        }
    }
    panic!("no base is free");
}

#[tokio::test]
async fn ports_follow_each_other_from_a_base() {
    let (base, fakes) = based().await;
    assert_eq!(
        fakes.url(Vendor::NameCom),
        format!("http://127.0.0.1:{base}")
    );
    assert_eq!(
        fakes.url(Vendor::Web),
        format!("http://127.0.0.1:{}", base + 5)
    );
    assert_eq!(fakes.admin_url(), format!("http://127.0.0.1:{}", base + 6));
}

#[tokio::test]
async fn limits_have_the_vendors_numbers_at_the_vendors_pace() {
    let options = Options {
        pace: Pace::Vendor,
        lag: 0,
        ..Options::default()
    };
    let fakes = Fakes::start(options).await.unwrap();
    for n in 0..26 {
        fakes.register_elsewhere(&format!("z{n}.com"), &["ns1.host.example"]);
    }
    for n in 0..25 {
        assert_eq!(create(&fakes, &format!("z{n}.com")).await.0, 200);
    }
    assert_eq!(code(&create(&fakes, "z25.com").await), (429, 971));
    fakes.advance_seconds(600);
    assert_eq!(create(&fakes, "z25.com").await.0, 200);
}

#[tokio::test]
async fn what_a_vendor_holds_is_shown_without_secrets() {
    let fakes = start().await;
    fakes.register_elsewhere("a.com", &["ns1.host.example"]);
    assert_eq!(create(&fakes, "a.com").await.0, 200);
    let shown = admin(&fakes, Method::GET, "/holdings")
        .send()
        .await
        .unwrap();
    let (status, shown) = read(shown).await;
    assert_eq!(status, 200);
    let account = fakes.credentials(Vendor::Cloudflare)[0]["account_id"].clone();
    let zone = &shown["cloudflare"][account.as_str().unwrap()]["zones"]["a.com"];
    assert_eq!(
        (&zone["status"], &zone["records"]),
        (&json!("pending"), &json!([]))
    );
    let shown = shown.to_string();
    for (vendor, secret) in [
        (Vendor::NameCom, "token"),
        (Vendor::Cloudflare, "api_token"),
    ] {
        let secret = fakes.credentials(vendor)[0][secret]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(!shown.contains(&secret));
    }
}
