//! A server of its own for a test, with its log wherever the test wants it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::peeker;

/// Far longer than anything takes that is waited for here.
const PATIENCE: Duration = Duration::from_mins(1);

/// Ends with the test, whatever becomes of it.
pub(crate) struct Server {
    pub(crate) process: Child,
    /// What it printed when it started.
    pub(crate) started: Value,
}

impl Server {
    /// Starts a server, with these variables in its environment.
    pub(crate) fn start(folder: &Path, log: Stdio, variables: &[(&str, &str)]) -> Self {
        let mut command = peeker(folder);
        command.envs(variables.iter().copied());
        Self::run(command, log)
    }

    /// Starts a server by a command to which the arguments are still to be added.
    pub(crate) fn run(mut command: Command, log: Stdio) -> Self {
        let any_port = "127.0.0.1:0";
        command.args([
            "serve",
            "--json",
            "--listen",
            any_port,
            "--metrics-listen",
            any_port,
        ]);
        let mut process = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let started = serde_json::from_str(&line).unwrap();
        Self { process, started }
    }

    fn address(&self, of: &str) -> &str {
        let url = self.started["listening"][of].as_str().unwrap();
        let address = url.strip_prefix("http://").unwrap();
        address.strip_suffix("/metrics").unwrap_or(address)
    }

    /// The address of the API.
    pub(crate) fn api(&self) -> &str {
        self.address("api")
    }

    /// A new connection to the API.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.api()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    pub(crate) fn metrics(&self) -> String {
        let mut stream = TcpStream::connect(self.address("metrics")).unwrap();
        let request = "GET /metrics HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The value of a counter, 0 when it has not been counted yet. `series` is its name and labels.
    pub(crate) fn counter(&self, series: &str) -> u64 {
        let metrics = self.metrics();
        let value = metrics.lines().find_map(|line| line.strip_prefix(series));
        value.map_or(0, |value| value.trim().parse().unwrap())
    }

    /// Waits until a counter has come so far.
    pub(crate) fn await_counter(&self, series: &str, least: u64) {
        let start = Instant::now();
        while self.counter(series) < least {
            assert!(start.elapsed() < PATIENCE, "{series}: {}", self.metrics());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn terminate(&self) {
        let pid = self.process.id().to_string();
        let status = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(status.unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A log on a disk that is full.
pub(crate) fn full_disk() -> Stdio {
    File::options()
        .write(true)
        .open("/dev/full")
        .unwrap()
        .into()
}

/// Asks for something and gives the answer: all of it, when it has a length and a body.
pub(crate) fn get(stream: &mut TcpStream, path: &str) -> String {
    // In one piece: the second of two would wait for the answer to the first.
    let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut answer = String::new();
    let mut length = 0;
    while !answer.ends_with("\r\n\r\n") {
        let line = answer.len();
        assert_ne!(
            reader.read_line(&mut answer).unwrap(),
            0,
            "cut off: {answer}"
        );
        if let Some(value) = answer[line..].strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    answer + &String::from_utf8(body).unwrap()
}
