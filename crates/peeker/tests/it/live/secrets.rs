//! No secret is in a log, in what a command prints, in an answer, in a webhook, or readable in a data file (invariant 9),
//! whatever vendors answer: live orders with refused calls, lost answers and credentials that are wrong for a while.
//!
//! What is secret is heard on the wire to the vendors: passwords and tokens, beside the credentials themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use peeker_fakes::{Fault, FaultKind, Vendor};
use peeker_testkit::Engine;
use serde_json::{Value, json};

use super::tap::Tap;
use super::{LOGIN_PASSWORD, Stage, VENDORS, label};

/// Everything that our crates have to say, and nothing of others'.
const TRACE: &str = "peeker=trace,peeker_api=trace,peeker_app=trace,peeker_providers=trace,peeker_store=trace,\
                     peeker_webhooks=trace";
const PATIENCE: Duration = Duration::from_mins(2);
const GOOGLE: [&str; 2] = ["getnorthwind.com", "trynorthwind.com"];
const MICROSOFT: &str = "meetnorthwind.com";
const REPLACEMENT: &str = "usenorthwind.com";
/// The inboxes of the order, and those of the replacement.
const INBOXES: usize = 4 + 25 + 2;
/// No part of a secret that is longer may be seen.
const PART: usize = 20;
/// What is shorter is no secret.
const SHORTEST: usize = 8;

/// Each vendor's next calls go wrong in each way, and of those that send something too.
fn go_wrong(stage: &Stage) {
    let kinds = [
        FaultKind::ServerError(401),
        FaultKind::ServerError(403),
        FaultKind::ServerError(500),
        FaultKind::HalfAnswer,
    ];
    for vendor in VENDORS {
        for kind in &kinds {
            let fault = Fault::next(vendor, 1, kind.clone());
            stage.fakes.add_fault(fault.clone());
            stage.fakes.add_fault(fault.on("POST"));
        }
    }
}

/// Places an order, and mends what it is refused for. Gives back its id.
async fn place(stage: &Stage, wish: &Value) -> String {
    let started = Instant::now();
    loop {
        let (status, answer) = stage.api.ask("/orders", Some(wish)).await.unwrap();
        if status == 200 {
            return answer["data"]["id"].as_str().unwrap().to_owned();
        }
        let no_sequencer = answer["error"]["code"] == "smartlead_connection_required";
        assert!(status == 503 || no_sequencer, "{status}: {answer}");
        assert!(started.elapsed() < PATIENCE, "{answer}");
        stage.hurry();
    }
}

/// Does what waits for the operator until something has this status.
async fn work_until(stage: &Stage, path: &str, status: &str) {
    let started = Instant::now();
    while stage.get(path).await["status"] != status {
        assert!(started.elapsed() < PATIENCE, "{path}: {}", stage.log());
        stage.do_tasks();
        stage.hurry();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Credentials that vendors refuse for a while, and others that are wrong. Gives back the wrong ones.
fn refuse_credentials(stage: &Stage) -> Vec<String> {
    let mut wrong = Vec::new();
    for vendor in VENDORS {
        let setup = stage.fakes.setups(vendor).remove(0);
        let label = label(vendor);
        let check = ["provider", "check", &label];
        for (refused, status) in [(true, 1), (false, 0)] {
            let mut change = json!({ "credentials_refused": refused });
            if refused && matches!(vendor, Vendor::Google | Vendor::Microsoft) {
                change["revoke_tokens"] = json!(true);
            }
            let changed = stage.fakes.change(vendor, "accounts", &setup.id, &change);
            changed.unwrap();
            let (answer, exit) = stage.command_with(&check, None);
            assert_eq!(exit, Some(status), "{vendor}: {answer}");
        }
        let rotate = ["provider", "rotate", &label, "--secret-file", "-"];
        let secret = format!("wrong:canary-c41-{vendor}-credentials");
        let (answer, exit) = stage.command_with(&rotate, Some(&secret));
        assert_eq!(exit, Some(1), "{vendor}: {answer}");
        let (answer, exit) = stage.command_with(&rotate, Some(&setup.secret));
        assert_eq!(exit, Some(0), "{vendor}: {answer}");
        wrong.push(secret);
    }
    wrong
}

/// What stands behind `before` up to one of `ends`, everywhere.
fn behind(text: &str, before: &str, ends: &[char]) -> BTreeSet<String> {
    let found = text.split(before).skip(1);
    let found = found.filter_map(|rest| rest.split(ends).next());
    found
        .filter(|value| value.len() >= SHORTEST)
        .map(ToOwned::to_owned)
        .collect()
}

/// What must not be seen, by what it is. All of it may have been heard by vendors alone.
fn secrets(stage: &Stage, heard: &str, wrong: Vec<String>) -> BTreeMap<String, BTreeSet<String>> {
    let mut secrets = BTreeMap::new();
    for vendor in VENDORS {
        let setup = stage.fakes.setups(vendor).remove(0);
        let parts = match vendor {
            Vendor::NameCom => vec![setup.secret.split_once(':').unwrap().1.to_owned()],
            Vendor::Google => {
                let key: Value = serde_json::from_str(&setup.secret).unwrap();
                private_key_parts(key["private_key"].as_str().unwrap())
            }
            _ => vec![setup.secret],
        };
        secrets.insert(format!("{vendor} credentials"), parts.into_iter().collect());
    }
    let passwords = behind(heard, "\"password\":\"", &['"']);
    assert!(
        passwords.len() >= INBOXES,
        "only {} passwords",
        passwords.len()
    );
    secrets.insert("mailbox passwords".to_owned(), passwords);
    let mut tokens = behind(heard, "\"access_token\":\"", &['"']);
    tokens.extend(behind(heard, "\"refresh_token\":\"", &['"']));
    tokens.extend(behind(heard, "assertion=", &['&', '\r', '\n']));
    for scheme in ["Basic ", "Bearer "] {
        let sent = behind(heard, scheme, &['\r']);
        assert!(!sent.is_empty(), "{scheme}");
        tokens.extend(sent);
    }
    secrets.insert("tokens".to_owned(), tokens);
    let of_partner = [&stage.api.key, &stage.secret];
    secrets.insert(
        "partner's key and webhook secret".to_owned(),
        of_partner.map(Clone::clone).into(),
    );
    let wrong = wrong.into_iter().chain([LOGIN_PASSWORD.to_owned()]);
    secrets.insert("what was entered".to_owned(), wrong.collect());
    secrets
}

/// Whole pieces of the lines of a key: some are in every longer part of it.
fn private_key_parts(pem: &str) -> Vec<String> {
    let lines = pem.lines().filter(|line| !line.contains("PRIVATE KEY"));
    let parts = lines.flat_map(|line| line.as_bytes().chunks_exact(PART));
    parts
        .map(|part| String::from_utf8(part.to_vec()).unwrap())
        .collect()
}

/// A secret as it is, as it stands in an address, and in base64.
fn spellings(secret: &str) -> BTreeSet<String> {
    let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    BTreeSet::from([secret.to_owned(), encoded, base64(secret.as_bytes())])
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    // Whole groups only: how the last one ends depends on what follows.
    let groups = bytes.chunks_exact(3);
    groups
        .flat_map(|group| {
            let bits = u32::from_be_bytes([0, group[0], group[1], group[2]]);
            [18, 12, 6, 0].map(|shift| char::from(ALPHABET[(bits >> shift) as usize & 63]))
        })
        .collect()
}

/// Where secrets might be seen, by where it is.
fn places(stage: &Stage) -> BTreeMap<String, String> {
    let webhooks = stage.receiver.received();
    let webhooks = webhooks.iter().map(|webhook| {
        format!(
            "{:?} {}",
            webhook.headers,
            String::from_utf8_lossy(&webhook.body)
        )
    });
    let webhooks: Vec<String> = webhooks.collect();
    let mut places = BTreeMap::from([
        ("log".to_owned(), stage.log()),
        (
            "commands".to_owned(),
            stage.printed.lock().unwrap().join("\n"),
        ),
        (
            "answers".to_owned(),
            stage.api.answers.lock().unwrap().join("\n"),
        ),
        ("webhooks".to_owned(), webhooks.join("\n")),
    ]);
    read_all(&stage.data_folder(), &mut places);
    places
}

fn read_all(folder: &Path, places: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, places);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            places.insert(path.display().to_string(), text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn live_secrets_are_seen_by_vendors_alone() {
    let tap = Tap::default();
    let mut stage = Stage::open(Engine::Sqlite, TRACE, |fakes, vendor| {
        tap.on(&fakes.url(vendor))
    })
    .await;
    go_wrong(&stage);
    stage.start();
    let wish = stage.order("dana@northwind.example", &GOOGLE, &[MICROSOFT]);
    let order = place(&stage, &wish).await;
    let path = format!("/orders/{order}");
    work_until(&stage, &path, "completed").await;
    let wrong = refuse_credentials(&stage);

    let domains = stage.get(&format!("/domains?domain={}", GOOGLE[0])).await;
    let wish = json!({
        "type": "standard", "domain_id": domains[0]["id"], "replacement_domain": REPLACEMENT
    });
    let (status, swap) = stage.api.ask("/swaps", Some(&wish)).await.unwrap();
    assert_eq!(status, 201, "{swap}");
    let swap = format!("/swaps/{}", swap["data"]["id"].as_str().unwrap());
    work_until(&stage, &swap, "completed").await;
    work_until(&stage, &path, "completed").await;
    stage.get("/events?per_page=100").await;
    for command in ["list", "check", "spend"] {
        stage.command(&["provider", command]);
    }

    let heard = tap.heard();
    let (secrets, places) = (secrets(&stage, &heard, wrong), places(&stage));
    for place in ["log", "answers", "webhooks"] {
        assert!(
            places[place].contains(&order),
            "{place} has all that happened"
        );
    }
    for (what, values) in &secrets {
        for secret in values {
            for spelling in spellings(secret) {
                let seen = places.iter().filter(|(_, text)| text.contains(&spelling));
                let seen: Vec<&String> = seen.map(|(place, _)| place).collect();
                assert!(seen.is_empty(), "{what}: {spelling} in {seen:?}");
            }
        }
    }
    stage.close().await;
}
