//! Clients that have no key and mean no good: they say nothing, take nothing, or come in crowds.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::json;
use super::server::{Server, get};

const DOCUMENT: &str = "/openapi.json";

/// A server that has little patience, and no log that could fill a pipe.
fn impatient(folder: &std::path::Path, variables: &[(&str, &str)]) -> Server {
    let short = [
        ("PEEKER_CONNECTIONS_HEAD_SECONDS", "1"),
        ("PEEKER_CONNECTIONS_STALL_SECONDS", "1"),
    ];
    Server::start(folder, Stdio::null(), &[&short[..], variables].concat())
}

/// Whether the server closes the connection, politely or not.
fn is_closed(mut stream: &TcpStream) -> bool {
    let mut buffer = [0; 64];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return true,
            // The settings with which HTTP/2 begins.
            Ok(_) => {}
            Err(error) => return error.kind() == ErrorKind::ConnectionReset,
        }
    }
}

/// Connections whose clients have not sent a whole head of a request.
fn silent(server: &Server) -> Vec<TcpStream> {
    let beginnings = [
        "",
        "G",
        "PRI * HTTP/2.0\r\n\r\nS",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET / HTTP/1.1\r\n",
    ];
    let open = |beginning: &str| {
        let mut stream = server.connect();
        stream.write_all(beginning.as_bytes()).unwrap();
        stream
    };
    beginnings.into_iter().map(open).collect()
}

/// A connection over which so much was asked for that the answers fit into no buffer. None is read.
fn unread(server: &Server) -> TcpStream {
    let mut stream = server.connect();
    stream.set_nonblocking(true).unwrap();
    let request = format!("GET {DOCUMENT} HTTP/1.1\r\nhost: test\r\n\r\n").repeat(100);
    let asked = stream.write(request.as_bytes()).unwrap();
    assert_eq!(asked, request.len());
    stream
}

/// An HTTP/2 connection whose client leaves no window for answers and asks a hundred times for the document, whether it may
/// or not.
fn untaken(server: &Server) -> TcpStream {
    const SETTINGS: u8 = 4;
    const HEADERS: u8 = 1;
    const INITIAL_WINDOW: [u8; 6] = [0, 4, 0, 0, 0, 0];
    // GET, http, and literals for path and host, as HPACK has it.
    let mut head = vec![0x82, 0x86, 0x04, u8::try_from(DOCUMENT.len()).unwrap()];
    head.extend_from_slice(DOCUMENT.as_bytes());
    head.extend_from_slice(b"\x01\x04test");
    let mut sent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let mut frame = |kind, flags, stream: u32, payload: &[u8]| {
        sent.extend_from_slice(&u32::try_from(payload.len()).unwrap().to_be_bytes()[1..]);
        sent.extend_from_slice(&[kind, flags]);
        sent.extend_from_slice(&stream.to_be_bytes());
        sent.extend_from_slice(payload);
    };
    frame(SETTINGS, 0, 0, &INITIAL_WINDOW);
    for request in 0..100 {
        frame(HEADERS, 0x5, 2 * request + 1, &head);
    }
    let mut stream = server.connect();
    stream.write_all(&sent).unwrap();
    stream
}

/// What the server holds in memory, in MB.
#[cfg(target_os = "linux")]
fn memory(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process.id())).unwrap();
    let held = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = held.unwrap().trim().trim_end_matches(" kB");
    kilobytes.parse::<u64>().unwrap() / 1024
}

const ANSWERED: &str = r#"http_requests_total{method="GET",route="/openapi.json",status="200"}"#;

#[test]
fn connections_without_a_request_are_closed() {
    let folder = tempfile::tempdir().unwrap();
    let server = impatient(folder.path(), &[]);
    let silent = silent(&server);
    for (number, stream) in silent.iter().enumerate() {
        assert!(is_closed(stream), "number {number}");
    }
    let cut_off = server.counter(r#"clients_cut_off_total{reason="silent"}"#);
    assert_eq!(cut_off, silent.len() as u64);
}

#[test]
fn clients_that_take_none_of_their_answers_are_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let server = impatient(folder.path(), &[]);
    let _unread = unread(&server);
    server.await_counter(r#"clients_cut_off_total{reason="stalled"}"#, 1);
    let _untaken = untaken(&server);
    // Its streams, one by one.
    server.await_counter(r#"clients_cut_off_total{reason="stalled"}"#, 30);
    assert!(get(&mut server.connect(), "/healthz").starts_with("HTTP/1.1 200"));
}

#[cfg(target_os = "linux")]
#[test]
fn answers_that_nobody_takes_cost_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), Stdio::null(), &[]);
    assert!(get(&mut server.connect(), DOCUMENT).contains("openapi"));
    let before = memory(&server);
    let _untaken: Vec<_> = (0..10).map(|_| untaken(&server)).collect();
    server.await_counter(ANSWERED, 10 * 32);
    let after = memory(&server);
    assert!(after < before + 60, "from {before} to {after} MB");
}

#[test]
fn a_stop_waits_for_none_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), Stdio::null(), &[]);
    let _silent = silent(&server);
    let _unread = unread(&server);
    let _untaken = untaken(&server);
    let mut idle = server.connect();
    assert!(get(&mut idle, "/healthz").starts_with("HTTP/1.1 200"));
    let mut trickles = server.connect();
    let half = "POST /partner/v1/orders HTTP/1.1\r\nhost: test\r\ncontent-length: 9\r\n\r\n{";
    trickles.write_all(half.as_bytes()).unwrap();
    server.await_counter(ANSWERED, 1);
    let start = Instant::now();
    server.terminate();
    assert_eq!(server.process.wait().unwrap().code(), Some(0));
    // It is one second; clients that are waited for make it 25.
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn connections_beyond_the_limits_are_told_so() {
    let folder = tempfile::tempdir().unwrap();
    for (limit, reason) in [("MAX", "total"), ("MAX_PER_ADDRESS", "address")] {
        let limit = format!("PEEKER_CONNECTIONS_{limit}");
        let variables = [(limit.as_str(), "2"), ("PEEKER_CONNECTIONS_PROXIES", "")];
        let server = Server::start(folder.path(), Stdio::null(), &variables);
        let mut open: Vec<_> = (0..2).map(|_| server.connect()).collect();
        for stream in &mut open {
            assert!(get(stream, "/healthz").starts_with("HTTP/1.1 200"));
        }
        let mut refused = server.connect();
        let answer = get(&mut refused, "/partner/v1/me");
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        assert!(answer.contains("peeker-request-id: req_"), "{answer}");
        assert!(
            answer.contains(r#"{"error":{"code":"internal_error","message":"Too many"#),
            "{answer}"
        );
        assert!(is_closed(&refused));
        let series = format!("connections_refused_total{{reason=\"{reason}\"}}");
        assert_eq!(server.counter(&series), 1);
        drop(open);
        // The server sees their end a moment later.
        let start = Instant::now();
        while !get(&mut server.connect(), "/healthz").starts_with("HTTP/1.1 200") {
            assert!(
                start.elapsed() < Duration::from_secs(30),
                "places are not given back"
            );
        }
    }
}

/// What a client gets that sends everything before it reads, a body of this many bytes in the form of `head`.
fn sent_whole(server: &Server, head: &str, chunked: bool, bytes: usize) -> String {
    let mut stream = server.connect();
    let request = format!("POST /partner/v1/orders HTTP/1.1\r\nhost: test\r\n{head}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let piece = vec![b' '; 64 * 1024];
    for _ in 0..bytes / piece.len() {
        if chunked {
            stream.write_all(b"10000\r\n").unwrap();
        }
        stream.write_all(&piece).unwrap();
        if chunked {
            stream.write_all(b"\r\n").unwrap();
        }
    }
    if chunked {
        stream.write_all(b"0\r\n\r\n").unwrap();
    }
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

#[test]
fn whoever_sends_too_much_is_told_so() {
    const BYTES: usize = 8 * 1024 * 1024;
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), Stdio::null(), &[]);
    let length = format!("content-length: {BYTES}\r\nconnection: close");
    let answer = sent_whole(&server, &length, false, BYTES);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("must not be larger than 1 MiB"), "{answer}");
    let (made, _) = json(folder.path(), &["partner", "create", "--name", "Acme"]);
    let key = made["keys"]["test"].as_str().unwrap();
    let pieces =
        format!("authorization: Bearer {key}\r\ntransfer-encoding: chunked\r\nconnection: close");
    let answer = sent_whole(&server, &pieces, true, BYTES);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    // Bounded: a client that goes on for ever, or stops half-way, does not keep its place.
    let began = Instant::now();
    let mut slow = server.connect();
    let head = "POST /partner/v1/orders HTTP/1.1\r\nhost: test\r\ncontent-length: 2000000\r\n\r\n";
    slow.write_all(head.as_bytes()).unwrap();
    let mut start = [0; 12];
    slow.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 413");
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    // One that asks first is told before it sends anything.
    let began = Instant::now();
    let head = "content-length: 2000000\r\nexpect: 100-continue\r\nconnection: close";
    let answer = sent_whole(&server, head, false, 0);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
}
