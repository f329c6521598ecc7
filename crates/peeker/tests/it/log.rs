//! A log that cannot be written, or that nobody reads, costs nobody a request.

use std::fs::File;
use std::io::pipe;
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::peeker;
use super::server::{Server, full_disk, get};

/// Their log lines are more than what fits in a pipe.
const REQUESTS: usize = 1000;

fn assert_serves(server: &Server) {
    let mut stream = server.connect();
    for number in 0..REQUESTS {
        let answer = get(&mut stream, "/healthz");
        assert!(
            answer.starts_with("HTTP/1.1 200"),
            "request {number}: {answer}"
        );
    }
}

#[test]
fn requests_are_answered_while_the_log_is_lost_and_lines_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, gone) = pipe().unwrap();
    drop(reader);
    for log in [full_disk(), gone.into()] {
        let server = Server::start(folder.path(), log, &[]);
        assert_serves(&server);
        server.await_counter("log_lines_lost_total", REQUESTS as u64);
    }
}

#[test]
fn requests_are_answered_while_nobody_reads_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let (_unread, log) = pipe().unwrap();
    let mut server = Server::start(folder.path(), log.into(), &[]);
    assert_serves(&server);
    server.terminate();
    assert_eq!(server.process.wait().unwrap().code(), Some(0));
}

#[test]
fn requests_are_answered_without_stderr() {
    let folder = tempfile::tempdir().unwrap();
    let binary = peeker(folder.path());
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "exec \"$0\" \"$@\" 2>&-"])
        .arg(binary.get_program());
    shell.env("PEEKER_DATA_DIR", folder.path().join("data"));
    assert_serves(&Server::run(shell, Stdio::inherit()));
}

#[test]
fn a_server_starts_where_nothing_can_be_printed() {
    let folder = tempfile::tempdir().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let mut command = peeker(folder.path());
    command.args(["serve", "--listen", &address.to_string()]);
    let full: File = File::options().write(true).open("/dev/full").unwrap();
    let mut process = command.stdout(full).stderr(full_disk()).spawn().unwrap();
    let connected = (0..600).find_map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        assert!(process.try_wait().unwrap().is_none(), "it has ended");
        TcpStream::connect(address).ok()
    });
    let answer = get(&mut connected.unwrap(), "/healthz");
    process.kill().unwrap();
    process.wait().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
