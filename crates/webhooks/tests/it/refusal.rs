//! Targets the client must not reach, in every spelling.

use peeker_domain::{FailureClass, WebUrl};
use peeker_webhooks::{AddressPolicy, OutboundClient, TargetRefused};

use crate::receiver::{Receiver, Reply};

fn url(text: &str) -> WebUrl {
    WebUrl::parse(text).unwrap()
}

#[tokio::test]
async fn the_public_policy_reaches_loopback_in_no_spelling() {
    let receiver = Receiver::start(Reply::new("200 OK", b"")).await;
    let client = OutboundClient::new(AddressPolicy::public_only(), false).unwrap();
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.0.1.",
        "localhost",
        "LOCALHOST",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "0.0.0.0",
        "[::]",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
    ] {
        let target = url(&format!("http://{host}:{}/", receiver.address.port()));
        let outcome = client.post(&target, &[], "{}").await;
        assert_eq!(
            (outcome.status, outcome.failure),
            (None, Some(FailureClass::Refused)),
            "{host}"
        );
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn the_development_policy_reaches_localhost_by_name() {
    let receiver = Receiver::start(Reply::new("200 OK", b"")).await;
    let client = OutboundClient::new(AddressPolicy::development(), false).unwrap();
    let target = url(&format!("http://localhost:{}/", receiver.address.port()));
    assert!(client.post(&target, &[], "{}").await.is_success());
    let target = url("http://169.254.169.254/latest/meta-data");
    assert_eq!(
        client.post(&target, &[], "{}").await.failure,
        Some(FailureClass::Refused)
    );
}

#[tokio::test]
async fn plain_http_is_refused_where_https_is_required() {
    let receiver = Receiver::start(Reply::new("200 OK", b"")).await;
    let client = OutboundClient::new(AddressPolicy::development(), true).unwrap();
    let outcome = client.post(&receiver.url("/"), &[], "{}").await;
    assert_eq!(outcome.failure, Some(FailureClass::Refused));
    assert_eq!(receiver.connections(), 0);
}

#[test]
fn targets_are_judged_without_the_network() {
    let client = OutboundClient::new(AddressPolicy::public_only(), true).unwrap();
    for good in [
        "https://hooks.example.com/",
        "https://hooks.example.com:80/",
        "https://hooks.example.com:8443/",
        "https://hooks.example.com:1024/",
        "https://1.1.1.1/",
        "https://localhost/",
    ] {
        assert_eq!(client.check_target(&url(good)), Ok(()), "{good}");
    }
    assert_eq!(
        client.check_target(&url("http://hooks.example.com/")),
        Err(TargetRefused::Scheme)
    );
    for port in [0, 22, 25, 444, 1023] {
        let target = url(&format!("https://hooks.example.com:{port}/"));
        assert_eq!(client.check_target(&target), Err(TargetRefused::Port(port)));
    }
    for host in ["10.0.0.1", "0x0a000001", "[::1]", "[fe80::1]"] {
        let result = client.check_target(&url(&format!("https://{host}/")));
        assert!(matches!(result, Err(TargetRefused::Address(_))), "{host}");
    }
}
