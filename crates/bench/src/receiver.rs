//! A receiver of webhooks that does as little as it can, and notes when each event arrived.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const TAKEN: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const GONE: &[u8] = b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n";
/// How a body begins; the id follows.
const ID: &str = "{\"id\":\"evt_";
/// The characters of an id that hold its time.
const TIME_LENGTH: usize = 10;
const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// What arrived.
#[derive(Debug, Default)]
pub struct Arrivals {
    /// From the time in each event's id to its first arrival, in milliseconds.
    pub latencies_ms: Vec<u64>,
    /// Arrivals of events that had arrived before.
    pub repeated: usize,
    seen: HashSet<String>,
}

/// A listening receiver. Requests to `/0`, `/1`, … below `hanging` get no answer.
#[derive(Debug, Default)]
pub struct Receiver {
    hanging: usize,
    /// Whether everything is answered with 410, so that endpoints are paused.
    pub is_gone: AtomicBool,
    /// Connections so far.
    pub connections: AtomicUsize,
    arrivals: Mutex<Arrivals>,
}

/// The time, for comparison with that in the ids.
#[expect(
    clippy::disallowed_methods,
    reason = "it is compared with times that another process took from the same clock"
)]
fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Receiver {
    /// Listens until the process ends.
    pub async fn start(address: &str, hanging: usize) -> std::io::Result<Arc<Self>> {
        let listener = TcpListener::bind(address).await?;
        let receiver = Arc::new(Self {
            hanging,
            ..Self::default()
        });
        let serving = Arc::clone(&receiver);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.connections.fetch_add(1, Ordering::Relaxed);
                let serving = Arc::clone(&serving);
                // A connection that breaks is the sender's affair; it sends again.
                tokio::spawn(async move { drop(serving.serve(stream).await) });
            }
        });
        Ok(receiver)
    }

    /// What arrived since it was last asked.
    pub fn take(&self) -> Arrivals {
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = std::mem::take(&mut *arrivals);
        arrivals.seen.clone_from(&taken.seen);
        taken
    }

    /// How much arrived since then.
    pub fn count(&self) -> usize {
        let arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        arrivals.latencies_ms.len()
    }

    /// Which of these events have not arrived.
    pub fn missing<'i>(&self, events: impl Iterator<Item = &'i str>) -> Vec<&'i str> {
        let arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        let has_arrived = |id: &str| arrivals.seen.contains(id.trim_start_matches("evt_"));
        events.filter(|id| !has_arrived(id)).collect()
    }

    async fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let (mut pending, mut buffer) = (Vec::new(), vec![0; 16 * 1024]);
        loop {
            let length = stream.read(&mut buffer).await?;
            if length == 0 {
                return Ok(());
            }
            pending.extend_from_slice(&buffer[..length]);
            let text = String::from_utf8_lossy(&pending);
            let Some((path, body)) = request(&text) else {
                continue;
            };
            if path < self.hanging {
                tokio::time::sleep(Duration::from_hours(1)).await;
            }
            let is_gone = self.is_gone.load(Ordering::Relaxed);
            if !is_gone {
                self.note(body);
            }
            stream.write_all(if is_gone { GONE } else { TAKEN }).await?;
            pending.clear();
        }
    }

    fn note(&self, body: &str) {
        let arrived = now_ms();
        let id: String = body
            .strip_prefix(ID)
            .unwrap_or_default()
            .chars()
            .take(26)
            .collect();
        let made = id.bytes().take(TIME_LENGTH).fold(0, |ms, byte| {
            let value = ALPHABET.iter().position(|one| *one == byte).unwrap_or(0);
            ms * 32 + u64::try_from(value).unwrap_or(0)
        });
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        if arrivals.seen.insert(id) {
            arrivals.latencies_ms.push(arrived.saturating_sub(made));
        } else {
            arrivals.repeated += 1;
        }
    }
}

/// The number that is the path, and the body, once all of it is there.
fn request(text: &str) -> Option<(usize, &str)> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let path = head
        .split(' ')
        .nth(1)?
        .trim_start_matches('/')
        .parse()
        .ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    (body.len() >= length?).then_some((path, body))
}
