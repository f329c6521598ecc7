use std::time::Duration;

use peeker_webhooks::AddressPolicy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and the rest";

fn probes(policy: AddressPolicy) -> WebProbes {
    let timeout = Duration::from_millis(500);
    WebProbes::new(OutboundClient::with_timeout(policy, false, timeout).unwrap())
}

/// Answers every connection with these bytes, and keeps it open.
async fn answering(answer: Vec<u8>) -> WebUrl {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/me.png", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(&answer).await;
            held.push(stream);
        }
    });
    WebUrl::parse(&url).unwrap()
}

async fn serving(head: &str, body: &[u8]) -> WebUrl {
    let head = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n", body.len());
    answering([head.as_bytes(), body].concat()).await
}

async fn closed() -> WebUrl {
    let address = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    WebUrl::parse(&format!("http://{address}/")).unwrap()
}

#[tokio::test]
async fn a_picture_is_what_says_so_and_begins_like_one() {
    let probes = probes(AddressPolicy::development());
    for (head, body, reachable) in [
        ("200 OK\r\ncontent-type: image/png", PNG, true),
        ("200 OK\r\ncontent-type: IMAGE/PNG; q=1", PNG, true),
        (
            "200 OK\r\ncontent-type: image/jpeg",
            &[0xff, 0xd8, 0xff, 0xe0][..],
            true,
        ),
        ("200 OK\r\ncontent-type: image/gif", b"GIF89a", true),
        (
            "200 OK\r\ncontent-type: image/png",
            b"<html>sign in</html>",
            false,
        ),
        ("200 OK\r\ncontent-type: image/png", b"", false),
        ("200 OK\r\ncontent-type: text/html", PNG, false),
        ("200 OK\r\ncontent-type: image/svg+xml", b"<svg/>", false),
        ("200 OK", PNG, false),
        ("404 Not Found\r\ncontent-type: image/png", PNG, false),
        (
            "302 Found\r\nlocation: /other.png\r\ncontent-type: image/png",
            PNG,
            false,
        ),
    ] {
        let url = serving(head, body).await;
        assert_eq!(probes.picture_reachable(&url).await, reachable, "{head}");
    }
    assert!(!probes.picture_reachable(&closed().await).await);
    assert!(
        !probes.picture_reachable(&answering(Vec::new()).await).await,
        "never answers"
    );
}

#[tokio::test]
async fn a_target_is_there_when_somebody_answers() {
    let probes = probes(AddressPolicy::development());
    for head in [
        "200 OK",
        "301 Moved\r\nlocation: https://example.com/",
        "403 Forbidden",
        "500 Oops",
    ] {
        let url = serving(head, b"").await;
        assert_eq!(probes.target_problem(&url).await, None, "{head}");
    }
    for nobody in [
        closed().await,
        answering(Vec::new()).await,
        WebUrl::parse("http://nobody.invalid/").unwrap(),
    ] {
        let problem = probes.target_problem(&nobody).await;
        assert_eq!(problem, Some(TargetProblem::Unreachable), "{nobody:?}");
    }
}

#[tokio::test]
async fn what_is_not_public_is_no_target_and_no_picture() {
    let probes = probes(AddressPolicy::public_only());
    let here = serving("200 OK\r\ncontent-type: image/png", PNG).await;
    for url in [
        here,
        WebUrl::parse("http://169.254.169.254/latest/").unwrap(),
        WebUrl::parse("http://[::ffff:10.0.0.1]/").unwrap(),
    ] {
        assert_eq!(
            probes.target_problem(&url).await,
            Some(TargetProblem::Invalid),
            "{url:?}"
        );
        assert!(!probes.picture_reachable(&url).await, "{url:?}");
    }
}
