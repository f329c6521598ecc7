//! What the client makes of answers, and of their absence.

use std::time::{Duration, Instant};

use peeker_domain::web_url::WebUrl;
use peeker_domain::{FailureClass, Timestamp};
use peeker_webhooks::{
    AddressPolicy, OutboundClient, Outcome, RetryAfter, SignatureFamily, SigningSecret, headers,
    verify,
};
use tokio::net::TcpListener;

use crate::receiver::{Receiver, Reply};

fn client() -> OutboundClient {
    OutboundClient::new(AddressPolicy::development(), false).unwrap()
}

fn impatient_client() -> OutboundClient {
    let timeout = Duration::from_millis(300);
    OutboundClient::with_timeout(AddressPolicy::development(), false, timeout).unwrap()
}

async fn post_to(reply: Reply) -> Outcome {
    let receiver = Receiver::start(reply).await;
    client().post(&receiver.url("/"), &[], "{}").await
}

#[tokio::test]
async fn a_signed_delivery_arrives_verifiable_in_both_families() {
    let receiver = Receiver::start(Reply::new("200 OK", b"thanks")).await;
    let secret = SigningSecret::generate().unwrap();
    let event_id = "evt_01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
    let body = r#"{"type":"order.completed","note":"Zoë"}"#;
    let sent = headers(
        std::slice::from_ref(&secret),
        &event_id,
        1_778_241_600,
        body.as_bytes(),
    );

    let outcome = client()
        .post(&receiver.url("/hooks?x=1"), &sent, body)
        .await;

    assert!(outcome.is_success());
    assert_eq!((outcome.status, outcome.failure), (Some(200), None));
    assert_eq!(outcome.response_excerpt, "thanks");
    let requests = receiver.requests();
    let (head, raw_body) = requests[0].split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /hooks?x=1 HTTP/1.1\r\n"), "{head}");
    assert_eq!(raw_body, body);
    let header = |name: &str| {
        let pairs = head.lines().filter_map(|line| line.split_once(": "));
        pairs
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .next()
    };
    assert_eq!(header("content-type"), Some("application/json"));
    for family in [SignatureFamily::Peeker, SignatureFamily::StandardWebhooks] {
        assert_eq!(
            verify(
                &secret,
                family,
                header,
                raw_body.as_bytes(),
                1_778_241_601,
                300
            ),
            Ok(())
        );
    }
}

#[tokio::test]
async fn only_2xx_is_success() {
    for (head, success) in [
        ("200 OK", true),
        ("202 Accepted", true),
        ("299 Custom", true),
        ("304 Not Modified", false),
        ("400 Bad Request", false),
        ("410 Gone", false),
        ("503 Service Unavailable", false),
    ] {
        let outcome = post_to(Reply::new(head, b"")).await;
        assert_eq!(outcome.is_success(), success, "{head}");
        assert_eq!(outcome.status.unwrap().to_string(), head[..3]);
        assert_eq!(
            outcome.failure,
            (!success).then_some(FailureClass::Status),
            "{head}"
        );
    }
}

#[tokio::test]
async fn retry_after_is_read_from_the_answer() {
    let date = RetryAfter::At(Timestamp::from_millis(1_792_567_680_000));
    for (head, asked) in [
        (
            "429 Too Many Requests\r\nretry-after: 120",
            Some(RetryAfter::Seconds(120)),
        ),
        ("429 Too Many Requests\r\nretry-after: -1", None),
        (
            "429 Too Many Requests\r\nretry-after: Wed, 21 Oct 2026 07:28:00 GMT",
            Some(date),
        ),
        ("429 Too Many Requests", None),
    ] {
        assert_eq!(
            post_to(Reply::new(head, b"")).await.retry_after,
            asked,
            "{head}"
        );
    }
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    let second = Receiver::start(Reply::new("200 OK", b"")).await;
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Temporary",
        "308 Permanent",
    ] {
        let outcome = post_to(Reply::new(
            &format!("{status}\r\nlocation: {}", second.url("/")),
            b"",
        ))
        .await;
        assert_eq!(outcome.failure, Some(FailureClass::Status), "{status}");
    }
    assert_eq!(second.connections(), 0);
}

#[tokio::test]
async fn a_long_body_is_cut_at_1_kib() {
    let outcome = post_to(Reply::new("200 OK", &vec![b'x'; 1_000_000])).await;
    assert!(outcome.is_success());
    assert_eq!(outcome.response_excerpt, "x".repeat(1024));
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_times_out() {
    let mut reply = Reply::new("200 OK", b"");
    reply.delay = Duration::from_secs(30);
    let receiver = Receiver::start(reply).await;
    let started = Instant::now();
    let outcome = impatient_client().post(&receiver.url("/"), &[], "{}").await;
    assert_eq!(
        (outcome.status, outcome.failure),
        (None, Some(FailureClass::Timeout))
    );
    assert!(
        (300..5000).contains(&outcome.latency_ms),
        "{}",
        outcome.latency_ms
    );
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_stalled_body_does_not_undo_the_status() {
    let reply = Reply {
        bytes: b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec(),
        hold: Duration::from_secs(30),
        delay: Duration::ZERO,
        drip: None,
    };
    let receiver = Receiver::start(reply).await;
    let started = Instant::now();
    let outcome = impatient_client().post(&receiver.url("/"), &[], "{}").await;
    assert!(outcome.is_success());
    assert_eq!(outcome.response_excerpt, "half");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_receiver_that_drips_gets_no_more_time() {
    let drip = Some(Duration::from_millis(10));
    let head = Reply {
        drip,
        ..Reply::new(&format!("200 OK\r\nx-long: {}", "x".repeat(2_000)), b"")
    };
    let receiver = Receiver::start(head).await;
    let outcome = impatient_client().post(&receiver.url("/"), &[], "{}").await;
    assert_eq!(
        (outcome.status, outcome.failure),
        (None, Some(FailureClass::Timeout))
    );
    // The status is known here, and the rest is not waited for.
    let body = Reply {
        drip,
        ..Reply::new("200 OK", &[b'x'; 2_000])
    };
    let receiver = Receiver::start(body).await;
    let started = Instant::now();
    let patient =
        OutboundClient::with_timeout(AddressPolicy::development(), false, Duration::from_secs(15));
    let outcome = patient.unwrap().post(&receiver.url("/"), &[], "{}").await;
    assert!(outcome.is_success() && outcome.response_excerpt.len() > 10);
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn an_oversized_head_is_a_failure() {
    let many = "\r\nx: y".repeat(2_000);
    let long = format!("\r\nx: {}", "y".repeat(4_000_000));
    for headers in [many, long] {
        let outcome = post_to(Reply::new(&format!("200 OK{headers}"), b"")).await;
        assert_eq!(
            (outcome.status, outcome.failure),
            (None, Some(FailureClass::Other))
        );
    }
}

#[tokio::test]
async fn a_compressed_body_is_not_unpacked() {
    let reply = Reply::new("200 OK\r\ncontent-encoding: gzip", b"\x1f\x8b not gzip");
    let outcome = post_to(reply).await;
    assert!(outcome.is_success());
    assert!(outcome.response_excerpt.ends_with(" not gzip"));
}

#[tokio::test]
async fn connections_are_reused() {
    let receiver = Receiver::start(Reply::new("200 OK", b"ok")).await;
    let client = client();
    for _ in 0..10 {
        assert!(
            client
                .post(&receiver.url("/"), &[], "{}")
                .await
                .is_success()
        );
    }
    assert_eq!(receiver.requests().len(), 10);
    // Not exactly 1: a connection goes back to the pool a moment after its answer was read.
    assert!(receiver.connections() <= 3, "{}", receiver.connections());
}

#[tokio::test]
async fn failures_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let plain = Receiver::start(Reply::new("400 Bad Request", b"")).await;
    let hangs_up = Receiver::start(Reply {
        bytes: vec![],
        hold: Duration::ZERO,
        delay: Duration::ZERO,
        drip: None,
    })
    .await;
    // Too long for a label, so that resolving fails without asking the network.
    let no_name = format!("{}.example", "a".repeat(64));
    for (url, class) in [
        (format!("http://{closed}/"), FailureClass::Connect),
        (format!("https://{}/", plain.address), FailureClass::Tls),
        (format!("http://{}/", hangs_up.address), FailureClass::Other),
        (format!("http://{no_name}/"), FailureClass::Dns),
    ] {
        let outcome = client()
            .post(&WebUrl::parse(&url).unwrap(), &[], "{}")
            .await;
        assert_eq!(
            (outcome.status, outcome.failure),
            (None, Some(class)),
            "{url}"
        );
    }
}

#[tokio::test]
async fn a_header_value_that_would_split_the_request_is_not_sent() {
    let receiver = Receiver::start(Reply::new("200 OK", b"")).await;
    let headers = [("x-note", "a\r\nx-injected: 1".to_owned())];
    let outcome = client().post(&receiver.url("/"), &headers, "{}").await;
    assert_eq!(outcome.failure, Some(FailureClass::Other));
    assert_eq!(receiver.connections(), 0);
}
