//! A receiver on loopback that answers every request with fixed bytes, written without an HTTP library so that it
//! can also answer badly.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use peeker_domain::web_url::WebUrl;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What to do with each request.
#[derive(Clone)]
pub struct Reply {
    /// Bytes written at once.
    pub bytes: Vec<u8>,
    /// How long to hold the connection afterwards without writing anything.
    pub hold: Duration,
    /// How long to wait before the bytes.
    pub delay: Duration,
    /// The pause after each byte, for a receiver that drips.
    pub drip: Option<Duration>,
}

impl Reply {
    /// `head` with its lines separated by CRLF, then `body` with its length announced.
    pub fn new(head: &str, body: &[u8]) -> Self {
        let mut bytes =
            format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
        bytes.extend_from_slice(body);
        Self {
            bytes,
            hold: Duration::ZERO,
            delay: Duration::ZERO,
            drip: None,
        }
    }

    async fn write(&self, stream: &mut TcpStream) {
        let Some(pause) = self.drip else {
            // The client may hang up in the middle of a long answer; that is its right.
            let _ = stream.write_all(&self.bytes).await;
            return;
        };
        for byte in &self.bytes {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(pause).await;
        }
    }
}

/// A running receiver; stops with the test's runtime.
pub struct Receiver {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    pub async fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            requests: Arc::default(),
        };
        let (connections, requests) = (receiver.connections.clone(), receiver.requests.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, reply.clone(), requests.clone()));
            }
        });
        receiver
    }

    pub fn url(&self, path: &str) -> WebUrl {
        WebUrl::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Every request so far: head and body as text.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, reply: Reply, requests: Arc<Mutex<Vec<String>>>) {
    let mut pending = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        pending.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&pending).into_owned();
        if !is_complete(&text) {
            continue;
        }
        requests.lock().unwrap().push(text);
        pending.clear();
        tokio::time::sleep(reply.delay).await;
        reply.write(&mut stream).await;
        tokio::time::sleep(reply.hold).await;
        if reply.bytes.is_empty() {
            return;
        }
    }
}

/// Whether the announced body has arrived; bytes that are no HTTP request count as complete.
fn is_complete(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return !text.starts_with("POST ");
    };
    let announced = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    announced.is_none_or(|length| body.len() >= length.parse::<usize>().unwrap())
}
