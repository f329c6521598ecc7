//! The samples in docs/verify check real deliveries, each in its own language. A language that is not installed is
//! skipped and named. The official Standard Webhooks libraries join in when `scripts/verify-samples` has fetched them.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use peeker_app::clock::SystemClock;
use peeker_domain::Clock;
use peeker_testkit::{EPOCH, Engine, Receiver, TestApp, custom_order, names};
use peeker_webhooks::SigningSecret;
use serde_json::{Value, json};

#[path = "../../../../docs/verify/verify.rs"]
mod sample;

/// A delivery, or what somebody made of one.
struct Case {
    what: &'static str,
    secret: String,
    headers: BTreeMap<String, String>,
    body: String,
    now: i64,
    authentic: bool,
}

/// All deliveries of an order, received at the real time, which the libraries go by.
async fn deliveries() -> (SigningSecret, Vec<(BTreeMap<String, String>, String)>) {
    let app = TestApp::start(Engine::Sqlite).await;
    app.advance_seconds(SystemClock.now().as_seconds() - EPOCH.as_seconds());
    let receiver = Receiver::start().await;
    let secret = app.set_webhook(&receiver.url).await;
    let mut order = custom_order(&names("sample", 2));
    order["personas"][0]["first_name"] = json!("Zoë");
    app.client().post("/orders", order).await.expect(200);
    app.run_until_idle().await;
    let text = |received: &peeker_testkit::Received| {
        let header = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
            (name.to_string(), value.to_str().unwrap().to_owned())
        };
        let headers = received.headers.iter().map(header).collect();
        (headers, String::from_utf8(received.body.to_vec()).unwrap())
    };
    let deliveries: Vec<_> = receiver.received().iter().map(text).collect();
    assert_eq!(deliveries.len(), 4);
    app.finish().await;
    (secret, deliveries)
}

fn cases(secret: &SigningSecret, received: &[(BTreeMap<String, String>, String)]) -> Vec<Case> {
    let now = received[0].0["peeker-timestamp"].parse().unwrap();
    let good = |(headers, body): &(BTreeMap<String, String>, String)| Case {
        what: "as it came",
        secret: secret.expose().to_owned(),
        headers: headers.clone(),
        body: body.clone(),
        now,
        authentic: true,
    };
    let mut cases: Vec<Case> = received.iter().map(good).collect();
    let mut with = |what, authentic, change: &dyn Fn(&mut Case)| {
        let mut case = Case {
            what,
            authentic,
            ..good(&received[0])
        };
        change(&mut case);
        cases.push(case);
    };
    let other = SigningSecret::generate().unwrap();
    with("another body", false, &|case| case.body.push('\n'));
    with("another secret", false, &|case| {
        case.secret = other.expose().to_owned();
    });
    with("just in time", true, &|case| case.now += 300);
    with("too old", false, &|case| case.now += 301);
    with("too new", false, &|case| case.now -= 301);
    for name in ["peeker-signature", "peeker-timestamp", "peeker-event-id"] {
        with("without a header", false, &|case| {
            case.headers.remove(name);
        });
    }
    for junk in ["", "v1=", "v1=zz", "v2=00", "v1=Zoë"] {
        with("with junk for a signature", false, &|case| {
            case.headers.insert("peeker-signature".into(), junk.into());
        });
    }
    with("with a word for a timestamp", false, &|case| {
        case.headers
            .insert("peeker-timestamp".into(), "soon".into());
    });
    with("with two signatures", true, &|case| {
        let signature = case.headers["peeker-signature"].clone();
        let listed = format!("v1={}, {signature}", "0".repeat(64));
        case.headers.insert("peeker-signature".into(), listed);
    });
    cases
}

fn to_json(cases: &[Case]) -> String {
    let rows = cases.iter().map(|case| {
        json!({ "secret": case.secret, "headers": case.headers, "body": case.body, "now": case.now })
    });
    Value::Array(rows.collect()).to_string()
}

/// Runs a program with the cases on its stdin; it prints a list of what it holds for authentic.
fn run(command: &mut Command, cases: &[Case]) -> Vec<bool> {
    let mut process = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = process.stdin.take().unwrap();
    stdin.write_all(to_json(cases).as_bytes()).unwrap();
    drop(stdin);
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

fn is_installed(program: &str) -> bool {
    let version = if program == "go" {
        "version"
    } else {
        "--version"
    };
    let found = Command::new(program)
        .arg(version)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    found.is_ok_and(|status| status.success())
}

const PYTHON: &str = "
import email.message, json, sys
from verify import is_authentic
def headers(pairs):
    message = email.message.Message()
    for name, value in pairs.items():
        message[name] = value
    return message
print(json.dumps([is_authentic(c['secret'], headers(c['headers']), c['body'].encode(), c['now']) for c in json.load(sys.stdin)]))
";
const NODE: &str = "
import { readFileSync } from 'node:fs';
import { isAuthentic } from './verify.mjs';
const cases = JSON.parse(readFileSync(0, 'utf8'));
console.log(JSON.stringify(cases.map((c) => isAuthentic(c.secret, c.headers, Buffer.from(c.body), c.now))));
";
const PHP: &str = "
require 'verify.php';
$cases = json_decode(stream_get_contents(STDIN), true);
echo json_encode(array_map(fn($c) => is_authentic($c['secret'], $c['headers'], $c['body'], $c['now']), $cases));
";
const RUBY: &str = "
require 'json'
require './verify'
puts JSON.parse(STDIN.read).map { |c| authentic?(c['secret'], c['headers'], c['body'], now: c['now']) }.to_json
";
const GO: &str = r#"package main

import ("encoding/json"; "net/http"; "os"; "time")

func main() {
    var cases []struct { Secret, Body string; Headers map[string]string; Now int64 }
    if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil { panic(err) }
    found := []bool{}
    for _, one := range cases {
        headers := http.Header{}
        for name, value := range one.Headers { headers.Set(name, value) }
        found = append(found, IsAuthentic(one.Secret, headers, []byte(one.Body), time.Unix(one.Now, 0)))
    }
    json.NewEncoder(os.Stdout).Encode(found)
}
"#;

/// How each language runs its sample, which stands in the working folder.
fn commands(folder: &Path) -> Vec<(&'static str, Command)> {
    std::fs::write(folder.join("main.go"), GO).unwrap();
    std::fs::write(folder.join("go.mod"), "module sample\n\ngo 1.19\n").unwrap();
    let command = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder);
        command
    };
    vec![
        ("python3", command("python3", &["-c", PYTHON])),
        (
            "node",
            command("node", &["--input-type=module", "-e", NODE]),
        ),
        ("php", command("php", &["-r", PHP])),
        ("ruby", command("ruby", &["-e", RUBY])),
        ("go", command("go", &["run", "."])),
    ]
}

#[tokio::test]
async fn each_sample_believes_what_is_authentic_and_nothing_else() {
    let (secret, received) = deliveries().await;
    let cases = cases(&secret, &received);
    let expected: Vec<bool> = cases.iter().map(|case| case.authentic).collect();
    let in_rust = cases.iter().map(|case| {
        let header = |name: &str| case.headers.get(name).map(String::as_str);
        sample::is_authentic(&case.secret, header, case.body.as_bytes(), case.now)
    });
    assert_eq!(in_rust.collect::<Vec<_>>(), expected, "rust");

    let folder = tempfile::tempdir().unwrap();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/verify");
    for extension in ["py", "mjs", "php", "rb", "go"] {
        let name = format!("verify.{extension}");
        std::fs::copy(samples.join(&name), folder.path().join(&name)).unwrap();
    }
    let mut ran = vec!["rust"];
    let mut skipped = Vec::new();
    for (language, mut command) in commands(folder.path()) {
        if !is_installed(language) {
            skipped.push(language);
            continue;
        }
        let found = run(&mut command, &cases);
        for (case, found) in cases.iter().zip(&found) {
            assert_eq!(
                *found, case.authentic,
                "{language}: a delivery {}",
                case.what
            );
        }
        assert_eq!(found.len(), cases.len(), "{language}");
        ran.push(language);
    }
    eprintln!("samples that ran: {ran:?}; not installed: {skipped:?}");
}

const LIBRARY_IN_PYTHON: &str = "
import json, sys
from standardwebhooks import Webhook
def verifies(case):
    try:
        Webhook(case['secret']).verify(case['body'], case['headers'])
        return True
    except Exception:
        return False
print(json.dumps([verifies(case) for case in json.load(sys.stdin)]))
";
const LIBRARY_IN_NODE: &str = "
const { Webhook } = require('standardwebhooks');
const verifies = (c) => { try { new Webhook(c.secret).verify(c.body, c.headers); return true; } catch { return false; } };
const cases = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(cases.map(verifies)));
";

#[tokio::test]
async fn the_standard_webhooks_libraries_verify_our_deliveries() {
    let libraries = [
        ("PEEKER_VERIFY_PYTHON", LIBRARY_IN_PYTHON),
        ("PEEKER_VERIFY_NODE_FOLDER", LIBRARY_IN_NODE),
    ];
    let (secret, received) = deliveries().await;
    let mut cases: Vec<Case> = cases(&secret, &received).into_iter().take(6).collect();
    assert_eq!(cases[5].what, "another secret");
    cases[4].body = cases[4].body.replace("order", "0rder");
    let expected: Vec<bool> = cases.iter().map(|case| case.authentic).collect();
    for (variable, program) in libraries {
        let Some(place) = std::env::var_os(variable) else {
            eprintln!("skipped: {variable} is not set; scripts/verify-samples sets it");
            continue;
        };
        let mut command = if variable == "PEEKER_VERIFY_PYTHON" {
            let mut command = Command::new(&place);
            command.args(["-c", program]);
            command
        } else {
            let mut command = Command::new("node");
            command.args(["-e", program]).current_dir(&place);
            command
        };
        assert_eq!(run(&mut command, &cases), expected, "{variable}");
        eprintln!("{variable}: {} cases", cases.len());
    }
}
