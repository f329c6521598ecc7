use std::io::Read;
use std::process::Stdio;

use serde_json::Value;

use super::server::{Server, get};
use super::{json, run};

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
    let mut server = Server::start(folder.path(), Stdio::piped(), &[]);
    assert_eq!(
        (
            server.started["profile"].as_str(),
            server.started["role"].as_str()
        ),
        (Some("development"), Some("all"))
    );

    let mut idle = server.connect();
    assert!(get(&mut idle, "/readyz").starts_with("HTTP/1.1 200"));
    let _silent = server.connect();
    assert!(server.metrics().contains("http_requests_total"));
    // Commands work beside a running server.
    assert!(
        run(folder.path(), &["partner", "create", "--name", "Acme"])
            .status
            .success()
    );

    server.terminate();
    assert_eq!(server.process.wait().unwrap().code(), Some(0));
    let mut log = String::new();
    let mut stderr = server.process.stderr.take().unwrap();
    stderr.read_to_string(&mut log).unwrap();
    assert!(
        log.lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok()),
        "not JSON: {log}"
    );
}
