//! The modes of the files in the data folder.

#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{json, peeker, run};

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn modes(folder: &Path) -> BTreeMap<String, u32> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                mode(&entry.path()),
            )
        })
        .collect()
}

/// A server whose umask takes nothing away. It ends with the test.
struct Server(Child);

impl Server {
    fn start(folder: &Path) -> Self {
        let peeker = peeker(folder);
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                "umask 0; exec \"$0\" serve --listen 127.0.0.1:0 --json",
            ])
            .arg(peeker.get_program())
            .current_dir(folder);
        for (name, value) in peeker.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let mut server = Self(
            command
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap(),
        );
        let mut started = String::new();
        BufReader::new(server.0.stdout.take().unwrap())
            .read_line(&mut started)
            .unwrap();
        assert!(started.contains("listening"), "{started}");
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn every_file_is_private_whatever_the_umask_and_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    set_mode(&data, 0o755);
    let _server = Server::start(folder.path());
    let mut files = modes(&data);
    while !files.contains_key("worker.lock") {
        // It is made after the server has said that it listens.
        std::thread::yield_now();
        files = modes(&data);
    }
    for name in ["control", "live", "sandbox"] {
        for ending in ["db", "db-wal", "db-shm"] {
            assert!(files.contains_key(&format!("{name}.{ending}")), "{files:?}");
        }
    }
    assert!(files.contains_key("master.key"), "{files:?}");
    assert!(files.values().all(|mode| *mode == 0o600), "{files:?}");
    assert_eq!(mode(&data), 0o755, "the operator's folder");
}

#[test]
fn a_folder_of_our_own_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::start(folder.path());
    assert_eq!(mode(&folder.path().join("data")), 0o700);
}

#[test]
fn files_that_are_open_are_told_of_and_closed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let data = folder.join("data");
    assert!(run(folder, &["partner", "list"]).status.success());
    set_mode(&data, 0o755);
    for name in ["control.db", "live.db", "master.key"] {
        set_mode(&data.join(name), 0o644);
    }
    let own = data.join("peeker.toml");
    fs::write(&own, "").unwrap();
    set_mode(&own, 0o640);
    // SQLite's own files beside a database come and go with whoever has it open.
    let lasting = || {
        let mut modes = modes(&data);
        modes.retain(|name, _| !name.ends_with("-wal") && !name.ends_with("-shm"));
        modes
    };
    let before = lasting();

    let check = |name: &str| {
        let (report, _) = json(folder, &["doctor"]);
        let checks = report["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["name"] == name).unwrap();
        (
            check["status"].as_str().unwrap().to_owned(),
            check["message"].as_str().unwrap().to_owned(),
        )
    };
    let (status, message) = check("data folder");
    assert_eq!(status, "warn");
    assert!(message.contains("control.db, live.db"), "{message}");
    assert_eq!(check("master key").0, "warn");
    assert_eq!(lasting(), before, "a check changes nothing");

    let output = run(folder, &["partner", "list"]);
    assert!(output.status.success());
    let notes = String::from_utf8(output.stderr).unwrap();
    for name in ["control.db", "live.db", "master.key"] {
        assert_eq!(mode(&data.join(name)), 0o600, "{name}");
        assert!(notes.contains(&format!("{name} could be read")), "{notes}");
    }
    assert!(!notes.contains("sandbox.db"), "{notes}");
    assert_eq!(
        (mode(&own), mode(&data)),
        (0o640, 0o755),
        "the operator's own"
    );
    assert_eq!(check("data folder").0, "ok");
    assert_eq!(check("master key").0, "ok");
    assert!(run(folder, &["partner", "list"]).stderr.is_empty());

    set_mode(&data, 0o775);
    let (status, message) = check("data folder");
    assert_eq!(status, "warn");
    assert!(message.contains("written to by others"), "{message}");
    set_mode(&data, 0o755);
}
