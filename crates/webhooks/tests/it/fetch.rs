//! Loading the start of a page, and using connections again.

use std::time::{Duration, Instant};

use peeker_domain::FailureClass;
use peeker_webhooks::{AddressPolicy, OutboundClient};

use crate::receiver::{Receiver, Reply};

fn client() -> OutboundClient {
    let timeout = Duration::from_millis(500);
    OutboundClient::with_timeout(AddressPolicy::development(), false, timeout).unwrap()
}

#[tokio::test]
async fn status_type_and_start_of_the_body_are_told() {
    let head = "404 Not Found\r\ncontent-type: Image/PNG; charset=x";
    let receiver = Receiver::start(Reply::new(head, b"0123456789")).await;
    let fetched = client().get(&receiver.url("/a.png"), 4).await.unwrap();
    assert_eq!(fetched.status, 404);
    assert_eq!(fetched.content_type.as_deref(), Some("image/png"));
    assert_eq!(&fetched.start[..], b"0123");
    let request = receiver.requests().remove(0).to_lowercase();
    assert!(request.starts_with("get /a.png http/1.1"), "{request}");
    assert!(request.contains("user-agent: peeker/"), "{request}");
    assert!(
        !request.contains("cookie") && !request.contains("referer"),
        "{request}"
    );
}

#[tokio::test]
async fn an_endless_body_is_left_alone() {
    let mut reply = Reply::new("200 OK", &vec![b'x'; 200_000]);
    reply.hold = Duration::from_mins(1);
    let receiver = Receiver::start(reply).await;
    let fetched = client().get(&receiver.url("/"), 1024).await.unwrap();
    assert_eq!(fetched.start.len(), 1024);
}

#[tokio::test]
async fn a_body_that_does_not_come_runs_into_the_limit() {
    let mut reply = Reply::new("200 OK", b"");
    reply.bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec();
    reply.hold = Duration::from_mins(1);
    let receiver = Receiver::start(reply).await;
    let started = Instant::now();
    let failed = client().get(&receiver.url("/"), 1024).await.unwrap_err();
    assert_eq!(failed, FailureClass::Timeout);
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn deliveries_to_one_host_share_a_connection() {
    for length in [0, 2, 1_000, 1_024, 1_025, 30_000] {
        let receiver = Receiver::start(Reply::new("200 OK", &vec![b'x'; length])).await;
        let client = OutboundClient::new(AddressPolicy::development(), false).unwrap();
        for _ in 0..20 {
            let outcome = client.post(&receiver.url("/"), &[], "{}").await;
            assert!(outcome.is_success());
            assert_eq!(outcome.response_excerpt.len(), length.min(1024));
        }
        assert_eq!(receiver.requests().len(), 20);
        assert_eq!(receiver.connections(), 1, "an answer of {length} bytes");
    }
}

#[tokio::test]
async fn as_many_connections_are_kept_as_an_endpoint_may_have_sends_under_way() {
    let mut reply = Reply::new("200 OK", b"ok");
    reply.delay = Duration::from_millis(50);
    let receiver = Receiver::start(reply).await;
    let client = OutboundClient::new(AddressPolicy::development(), false).unwrap();
    for _ in 0..4 {
        let sends: Vec<_> = (0..16)
            .map(|_| {
                let (client, url) = (client.clone(), receiver.url("/"));
                tokio::spawn(async move { client.post(&url, &[], "{}").await.is_success() })
            })
            .collect();
        for send in sends {
            assert!(send.await.unwrap());
        }
    }
    assert_eq!(receiver.requests().len(), 64);
    assert_eq!(receiver.connections(), 16);
}
