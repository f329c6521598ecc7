use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::{json, peeker, run};

/// Ends with the test, whatever becomes of it.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn production_names_everything_that_is_missing_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (error, status) = json(folder.path(), &["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(status, Some(1));
    let message = error["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("PEEKER_MASTER_KEY") && message.contains("PEEKER_PUBLIC_URL"),
        "{message}"
    );
    assert!(!folder.path().join("data").exists());
    let plain_http = [
        "serve",
        "--profile",
        "production",
        "--public-url",
        "http://api.example.com",
    ];
    assert!(String::from_utf8_lossy(&run(folder.path(), &plain_http).stderr).contains("https"));
}

#[test]
fn a_signal_ends_a_server_in_order_while_clients_are_connected() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = peeker(folder.path());
    command.args([
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--metrics-listen",
        "127.0.0.1:0",
        "--json",
    ]);
    let mut server = Server(
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut line = String::new();
    BufReader::new(server.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let started: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (started["profile"].as_str(), started["role"].as_str()),
        (Some("development"), Some("all"))
    );
    let address = started["listening"]["api"]
        .as_str()
        .unwrap()
        .trim_start_matches("http://")
        .to_owned();
    let metrics = started["listening"]["metrics"].as_str().unwrap().to_owned();

    let mut idle = TcpStream::connect(&address).unwrap();
    assert!(get(&mut idle, "/readyz").starts_with("HTTP/1.1 200"));
    let _silent = TcpStream::connect(&address).unwrap();
    let metrics = metrics
        .trim_start_matches("http://")
        .trim_end_matches("/metrics");
    let mut metrics = TcpStream::connect(metrics).unwrap();
    assert!(get(&mut metrics, "/metrics").contains("http_requests_total"));
    // Commands work beside a running server.
    assert!(
        run(folder.path(), &["partner", "create", "--name", "Acme"])
            .status
            .success()
    );

    let pid = server.0.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(server.0.wait().unwrap().code(), Some(0));
    let mut log = String::new();
    server
        .0
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut log)
        .unwrap();
    assert!(
        log.lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok()),
        "not JSON: {log}"
    );
}

fn get(stream: &mut TcpStream, path: &str) -> String {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
    let mut answer = [0; 16_384];
    let length = stream.read(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}
