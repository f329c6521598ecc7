//! The profile belongs to the installation, not to each command's flags and environment.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json as value};

use super::server::Server;
use super::{json, peeker, run};

const LOOPBACK: &str = "http://127.0.0.1:9000/hook";

fn partner(folder: &Path) -> String {
    let (created, _) = json(folder, &["partner", "create", "--name", "Acme"]);
    created["partner"]["id"].as_str().unwrap().to_owned()
}

/// Runs a command with this master key. Gives back its answer and whether it succeeded.
fn with_key(folder: &Path, key: &str, arguments: &[&str]) -> (Value, bool) {
    let mut command = peeker(folder);
    command.env("PEEKER_MASTER_KEY", key).args(arguments);
    answer(command)
}

fn answer(mut command: Command) -> (Value, bool) {
    let output = command.arg("--json").output().unwrap();
    let parsed = serde_json::from_slice(&output.stdout).unwrap();
    (parsed, output.status.success())
}

fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap()
}

#[test]
fn commands_go_by_the_profile_of_the_first_server() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let key = "7".repeat(64);
    let variables = [
        ("PEEKER_MASTER_KEY", key.as_str()),
        ("PEEKER_PUBLIC_URL", "https://api.example.com"),
        ("PEEKER_PROFILE", "production"),
    ];
    let server = Server::start(folder, Stdio::null(), &variables);
    assert_eq!(server.started["profile"], "production");
    let (created, _) = with_key(folder, &key, &["partner", "create", "--name", "Acme"]);
    let partner = created["partner"]["id"].as_str().unwrap();
    let (refused, done) = with_key(
        folder,
        &key,
        &["webhook", "set", partner, "--url", LOOPBACK],
    );
    assert_eq!((&refused["error"]["field"], done), (&value!("url"), false));
    let (report, _) = with_key(folder, &key, &["doctor"]);
    let profile = check(&report, "profile");
    assert_eq!(profile["message"], "production, on record");
    let (shown, _) = with_key(folder, &key, &["profile", "show"]);
    assert_eq!(shown, value!({ "profile": "production", "recorded": true }));
    drop(server);

    // A loopback address alone makes no production server one of development.
    let server = Server::start(folder, Stdio::null(), &variables[..2]);
    assert_eq!(server.started["profile"], "production");
    drop(server);
    let mut other = peeker(folder);
    other.envs(variables);
    other.args([
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--profile",
        "development",
    ]);
    let (refused, done) = answer(other);
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(!done);
    assert!(
        message.contains("production") && message.contains("peeker profile set development"),
        "{message}"
    );
}

#[test]
fn an_installation_in_development_does_not_go_public_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    drop(Server::start(folder, Stdio::null(), &[]));
    let (refused, status) = json(folder, &["serve", "--listen", "0.0.0.0:0"]);
    let message = refused["error"]["message"].as_str().unwrap();
    assert_eq!(status, Some(1));
    assert!(
        message.contains("peeker profile set production"),
        "{message}"
    );
}

#[test]
fn a_change_of_the_profile_names_what_it_refuses_and_doctor_fails_on_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    drop(Server::start(folder, Stdio::null(), &[]));
    let partner = partner(folder);
    let set = ["webhook", "set", &partner, "--url", LOOPBACK];
    assert!(run(folder, &set).status.success());
    let (report, status) = json(folder, &["doctor"]);
    assert_eq!((report["status"].as_str(), status), (Some("warn"), Some(0)));

    let key = std::fs::read_to_string(folder.join("data/master.key")).unwrap();
    let (changed, done) = with_key(folder, &key, &["profile", "set", "production"]);
    assert!(done);
    assert_eq!(
        (&changed["profile"], &changed["before"]),
        (&value!("production"), &value!("development"))
    );
    let refused: Vec<_> = changed["refused_addresses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["partner"], &one["url"]))
        .collect();
    assert_eq!(refused, [(&value!(partner), &value!(LOOPBACK)); 2]);
    let (report, done) = with_key(folder, &key, &["doctor"]);
    let addresses = check(&report, "webhook addresses");
    assert_eq!((&addresses["status"], done), (&value!("fail"), false));
    assert!(addresses["message"].as_str().unwrap().contains(&partner));
    // The key that development made is pointed at, so that nobody makes another.
    let without = run(folder, &["partner", "list"]);
    let said = String::from_utf8_lossy(&without.stderr).into_owned();
    assert!(said.contains("master.key"), "{said}");
}

#[test]
fn before_the_first_server_the_profile_can_be_set() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let expected = value!({ "profile": "development", "recorded": false });
    assert_eq!(json(folder, &["profile", "show"]).0, expected);
    assert!(!folder.join("data").exists());
    let key = "7".repeat(64);
    let (changed, done) = with_key(folder, &key, &["profile", "set", "production"]);
    assert_eq!((&changed["before"], done), (&Value::Null, true));
    assert!(!folder.join("data/master.key").exists());
    let (shown, _) = with_key(folder, &key, &["profile", "show"]);
    assert_eq!(shown, value!({ "profile": "production", "recorded": true }));
}
