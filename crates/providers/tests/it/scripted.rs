//! A vendor that answers what it is told to, for what the fakes have no reason to say.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// `METHOD /path`, without a query, and what is answered there: one answer after the other, the last one for good.
pub type Script = Vec<(&'static str, u16, Value)>;

pub struct Scripted {
    pub url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// Starts one, which runs as long as the test. What is not in the script is a 404 without a body.
    pub async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (script, asked) = (Arc::new(script), Arc::new(Mutex::default()));
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&script), Arc::clone(&log)));
            }
        });
        Self { url, asked }
    }

    /// Every `METHOD /path` that was asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(mut stream: TcpStream, script: Arc<Script>, log: Arc<Mutex<Vec<String>>>) {
    let request = read(&mut stream).await;
    let mut words = request.split([' ', '?', '\r']);
    let [method, path] = [words.next().unwrap(), words.next().unwrap()];
    let asked = format!("{method} {path}");
    let before = log
        .lock()
        .unwrap()
        .iter()
        .filter(|one| **one == asked)
        .count();
    let mut answers = script.iter().filter(|(route, _, _)| *route == asked);
    let last = answers.clone().next_back();
    let found = answers.nth(before).or(last);
    let (status, body) = found.map_or((404, String::new()), |(_, status, body)| {
        (*status, body.to_string())
    });
    log.lock().unwrap().push(asked);
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status} -\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
}

/// The whole request, body included.
async fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .split_once("content-length: ")
                .map_or("0", |(_, rest)| rest);
            let length = length.lines().next().unwrap_or("0");
            if body.len() >= length.parse().unwrap() {
                return String::from_utf8(bytes).unwrap();
            }
        }
        let mut chunk = [0; 4_096];
        let read = stream.read(&mut chunk).await.unwrap();
        assert!(read > 0, "the request broke off");
        bytes.extend_from_slice(&chunk[..read]);
    }
}
