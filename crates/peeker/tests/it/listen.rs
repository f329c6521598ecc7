//! `peeker listen` and `peeker trigger` against a server of their own, over real connections.

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use peeker_domain::Clock;
use peeker_webhooks::{SignatureFamily, SigningSecret, verify};
use serde_json::Value;

use super::{json, peeker};

const PATIENCE: Duration = Duration::from_mins(1);

/// A process that ends with the test, and the lines it prints.
struct Running {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut process = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    fn line(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }

    /// The next line about an event of this type.
    fn event(&mut self, kind: &str) -> Value {
        loop {
            let line = self.line();
            if line["type"] == kind {
                return line;
            }
        }
    }

    fn signal(&mut self, name: &str) -> Option<i32> {
        let pid = self.process.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &pid])
                .status()
                .unwrap()
                .success()
        );
        self.process.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn serve(folder: &Path, listen: &str) -> (Running, String) {
    let mut server = Running::start(peeker(folder).args(["serve", "--listen", listen, "--json"]));
    let started = server.line();
    let url = started["listening"]["api"].as_str().unwrap().to_owned();
    (server, url)
}

/// A partner's key and id.
fn partner(folder: &Path) -> (String, String) {
    let (created, _) = json(folder, &["partner", "create", "--name", "Acme"]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (
        text(&created["keys"]["test"]),
        text(&created["partner"]["id"]),
    )
}

/// One request, as it came.
struct Request {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Answers 204 and passes on what came. The port stays taken until the process ends.
fn receiver() -> (String, Receiver<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "http://localhost:{}/hook",
        listener.local_addr().unwrap().port()
    );
    let (sender, requests) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let sender = sender.clone();
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                while let Some(request) = read(&mut reader) {
                    let _ = sender.send(request);
                    stream
                        .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                        .unwrap();
                }
            });
        }
    });
    (url, requests)
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader
        .read_line(&mut line)
        .ok()
        .filter(|length| *length > 0)?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else {
            break;
        };
        headers.push((name.to_owned(), value.to_owned()));
    }
    let request = Request {
        headers,
        body: Vec::new(),
    };
    let length = request.header("content-length")?.parse().unwrap();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { body, ..request })
}

fn listen(folder: &Path, url: &str, key: &str, more: &[&str]) -> Running {
    let mut command = peeker(folder);
    command
        .args(["listen", "--url", url, "--json"])
        .env("PEEKER_API_KEY", key)
        .args(more);
    Running::start(&mut command)
}

fn trigger(folder: &Path, url: &str, key: &str, kind: &str) -> Value {
    let file = key_file(folder, key);
    let (answer, status) = json(
        folder,
        &["trigger", kind, "--url", url, "--key-file", &file],
    );
    assert_eq!(status, Some(0), "{answer}");
    assert_eq!(answer["event"]["type"], kind);
    answer["event"].clone()
}

/// A file with this key, as an editor leaves it: with an end of line.
fn key_file(folder: &Path, key: &str) -> String {
    let name: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
    let file = folder.join(format!("{name:.60}.txt"));
    std::fs::write(&file, format!("{key}\n")).unwrap();
    file.to_str().unwrap().to_owned()
}

fn replay(url: &str, key: &str, event: &str) {
    let address = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    let path = format!("/partner/v1/events/{event}/replay");
    write!(stream, "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: 0\r\n\r\n").unwrap();
    let mut answer = [0; 1024];
    let length = stream.read(&mut answer).unwrap();
    assert!(
        answer[..length].starts_with(b"HTTP/1.1 200"),
        "{}",
        String::from_utf8_lossy(&answer[..length])
    );
}

fn refused(folder: &Path, arguments: &[&str]) -> (String, String) {
    let (answer, status) = json(folder, arguments);
    assert_eq!(status, Some(1), "{answer}");
    let text = |field: &str| answer["error"][field].as_str().unwrap().to_owned();
    (text("code"), text("message"))
}

#[test]
fn events_reach_a_local_receiver_signed_and_go_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (key, _) = partner(folder);
    let (mut server, url) = serve(folder, "127.0.0.1:0");
    let (target, requests) = receiver();
    let mut listener = listen(
        folder,
        &url,
        &key,
        &["--forward-to", &target, "--after-sequence", "0"],
    );
    let started = listener.line();
    let secret = SigningSecret::parse(started["listening"]["secret"].as_str().unwrap()).unwrap();
    assert_eq!(started["listening"]["partner"], "Acme");

    let event = trigger(folder, &url, &key, "order.completed");
    let line = listener.event("order.completed");
    assert_eq!(
        (&line["id"], &line["status"], &line["replay"]),
        (&event["id"], &204.into(), &false.into())
    );
    let arrived: Vec<Request> =
        std::iter::from_fn(|| requests.recv_timeout(Duration::from_millis(200)).ok()).collect();
    assert_eq!(arrived.len(), 3);
    for request in &arrived {
        let now = peeker_app::clock::SystemClock.now().as_seconds();
        for family in [SignatureFamily::Peeker, SignatureFamily::StandardWebhooks] {
            verify(
                &secret,
                family,
                |name| request.header(name),
                &request.body,
                now,
                300,
            )
            .unwrap();
        }
    }

    let address = url.trim_start_matches("http://").to_owned();
    assert_eq!(
        server.signal("-TERM"),
        Some(0),
        "an open stream does not hold the server up"
    );
    let (_server, url) = serve(folder, &address);
    let missed = trigger(folder, &url, &key, "domain_import.failed");
    let line = listener.event("domain_import.failed");
    assert_eq!(
        (&line["id"], &line["sequence"]),
        (&missed["id"], &4.into()),
        "nothing twice, nothing left out"
    );

    replay(&url, &key, missed["id"].as_str().unwrap());
    let line = listener.event("domain_import.failed");
    assert_eq!(
        (&line["id"], &line["replay"]),
        (&missed["id"], &true.into())
    );
    let again = requests.recv_timeout(PATIENCE).unwrap();
    assert_eq!(
        again.body,
        requests.recv_timeout(PATIENCE).unwrap().body,
        "the same bytes"
    );
    assert_eq!(listener.signal("-INT"), Some(0));
}

#[test]
fn a_receiver_that_is_down_is_told_of_and_the_listener_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (key, _) = partner(folder);
    let (_server, url) = serve(folder, "127.0.0.1:0");
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let target = format!("http://{free}/hook");
    let options = [
        "--forward-to",
        &target,
        "--after-sequence",
        "0",
        "--types",
        "order.completed,domain_import.failed",
    ];
    let mut listener = listen(folder, &url, &key, &options);
    let first = listener.line()["listening"]["secret"].clone();
    trigger(folder, &url, &key, "order.completed");
    let line = listener.line();
    assert_eq!(
        (&line["type"], &line["status"]),
        (&"order.completed".into(), &Value::Null)
    );
    assert!(
        line["error"].as_str().unwrap().contains("nobody answers"),
        "{line}"
    );
    trigger(folder, &url, &key, "domain_import.failed");
    assert_eq!(listener.line()["sequence"], 4);
    let mut again = listen(folder, &url, &key, &options);
    assert_eq!(
        again.line()["listening"]["secret"],
        first,
        "the secret is the same on every start"
    );
}

#[test]
fn what_cannot_work_is_said_plainly() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let to = ["--forward-to", "http://127.0.0.1:9/x"];
    let cannot_listen = |more: &[&str]| refused(folder, &[&["listen"], &to[..], more].concat());
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let nobody = format!("http://{nobody}");
    for command in ["listen", "trigger"] {
        let what: &[&str] = if command == "listen" {
            &to
        } else {
            &["order.completed"]
        };
        let with = |more: &[&str]| refused(folder, &[&[command], what, more].concat());
        let file = |key: &str| key_file(folder, key);
        let (code, message) = with(&["--url", &nobody, "--key-file", &file("pk_test_x")]);
        assert_eq!(code, "unreachable");
        assert!(message.contains("peeker serve"), "{message}");
        assert_eq!(with(&["--url", &nobody]).0, "no_key");
        assert_eq!(with(&["--key-file", &file(" ")]).0, "no_key");
        assert_eq!(with(&["--key-file", &file("pk_live_x")]).0, "live_key");
        for nonsense in ["pk_test_x\npk_test_y", "pk_test_é", &"x".repeat(2_000)] {
            let (code, message) = with(&["--key-file", &file(nonsense)]);
            assert_eq!(code, "key_file");
            assert!(!message.contains("pk_test_"), "{message}");
        }
        assert_eq!(with(&["--key-file", "no such file"]).0, "key_file");
        let (error, status) = json(
            folder,
            &[&[command], what, &["--key", "pk_test_x"]].concat(),
        );
        let message = error["error"]["message"].as_str().unwrap();
        assert_eq!(status, Some(2), "a key that every user can read");
        assert!(
            message.contains("--key-file") && !message.contains("pk_test_x"),
            "{message}"
        );
    }
    let (key, _) = partner(folder);
    let (_server, url) = serve(folder, "127.0.0.1:0");
    let end = if key.ends_with('0') { '1' } else { '0' };
    let wrong = format!("{}{end}", &key[..key.len() - 1]);
    let (code, message) = cannot_listen(&["--url", &url, "--key-file", &key_file(folder, &wrong)]);
    assert_eq!(code, "unauthorized");
    assert!(!message.contains(&key[..20]), "{message}");
    let file = key_file(folder, &key);
    for (wrong, word) in [
        (["--types", "order.lost"], "order.lost"),
        (["--url", "nowhere"], "origin"),
        (["--after-sequence", "-1"], "whole number"),
        (["--after-sequence", "x"], "whole number"),
    ] {
        let (error, status) = json(
            folder,
            &[&["listen"], &to[..], &["--key-file", &file], &wrong[..]].concat(),
        );
        assert_eq!(status, Some(2), "{wrong:?}");
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains(word), "{message}");
    }
    let ahead = [
        "--forward-to",
        "http://127.0.0.1:9/x",
        "--after-sequence",
        "1",
    ];
    let mut listener = listen(folder, &url, &key, &ahead);
    listener.line();
    let error = listener.line()["error"]["message"].to_string();
    assert!(error.contains("the last event, which is 0"), "{error}");
}

#[test]
fn a_revoked_key_ends_the_listener() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (_, partner) = partner(folder);
    let (created, _) = json(
        folder,
        &[
            "key",
            "create",
            &partner,
            "--environment",
            "test",
            "--preset",
            "read",
        ],
    );
    let (_server, url) = serve(folder, "127.0.0.1:0");
    let key = created["secret"].as_str().unwrap();
    let mut listener = listen(folder, &url, key, &["--forward-to", "http://127.0.0.1:9/x"]);
    listener.line();
    let id = created["id"].as_str().unwrap();
    let (_, status) = json(folder, &["key", "revoke", id]);
    assert_eq!(status, Some(0));
    assert_eq!(listener.line()["error"]["code"], "unauthorized");
    assert_eq!(listener.process.wait().unwrap().code(), Some(1));
}

#[test]
fn every_event_type_that_needs_no_clock_can_be_triggered() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (key, _) = partner(folder);
    let (_server, url) = serve(folder, "127.0.0.1:0");
    let (list, _) = json(folder, &["trigger", "--list"]);
    let types: Vec<&str> = list["types"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["type"].as_str().unwrap())
        .collect();
    assert_eq!(types.len(), 23);
    let with_clock = [
        "order.cancelled",
        "order.domains_cancelled",
        "order.renewed",
        "order.renewal_failed",
        "wallet.low",
        "domain_import.action_required",
    ];
    for kind in types.iter().filter(|kind| !with_clock.contains(kind)) {
        trigger(folder, &url, &key, kind);
    }
}

#[test]
fn a_key_can_come_by_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = peeker(folder.path());
    command.args(["trigger", "order.completed", "--key-file", "-", "--json"]);
    // The file comes before the variable.
    command.env("PEEKER_API_KEY", "pk_test_x");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut trigger = command.spawn().unwrap();
    let mut stdin = trigger.stdin.take().unwrap();
    stdin.write_all(b"pk_live_x\n").unwrap();
    drop(stdin);
    let output = trigger.wait_with_output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["error"]["code"], "live_key");
}
