//! A line to PostgreSQL that can be cut, closed and held up, at the very message that a test names.
//!
//! It reads as much of the protocol as it takes to tell messages apart and to know a COMMIT. It offers no encryption.

use std::collections::HashSet;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// First messages that ask for encryption; the answer is one byte.
const ENCRYPTION_REQUESTS: [u32; 2] = [80_877_103, 80_877_104];
const NO_ENCRYPTION: u8 = b'N';
/// What the server says when it waits for the next request.
const READY_FOR_QUERY: u8 = b'Z';

/// What gets lost, and the connection with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// A message to the server, whatever it says.
    Message,
    /// A COMMIT, which the server does not get.
    Commit,
    /// The answer to a COMMIT, which the server did.
    CommitAnswer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passage {
    Open,
    Held,
    Refused,
}

#[derive(Debug, Default)]
struct Script {
    messages: u64,
    commits: u64,
    losses: u64,
    plan: Option<(Loss, u64)>,
}

impl Script {
    /// Counts a message; says what is to be lost with it.
    fn meet(&mut self, is_commit: bool) -> Option<Loss> {
        self.messages += 1;
        self.commits += u64::from(is_commit);
        let (loss, nth) = self.plan.as_mut()?;
        if *loss != Loss::Message && !is_commit {
            return None;
        }
        *nth = nth.saturating_sub(1);
        if *nth > 0 {
            return None;
        }
        self.losses += 1;
        self.plan.take().map(|(loss, _)| loss)
    }
}

#[derive(Debug)]
struct Inner {
    server: (String, u16),
    passage: watch::Sender<Passage>,
    cuts: watch::Sender<u64>,
    script: Mutex<Script>,
}

impl Inner {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when messages may pass.
    async fn passed(&self) {
        let mut passage = self.passage.subscribe();
        // Its sender is in `self`.
        let _ = passage.wait_for(|passage| *passage != Passage::Held).await;
    }
}

/// A proxy in front of a PostgreSQL server.
#[derive(Debug, Clone)]
pub struct PostgresProxy {
    port: u16,
    inner: Arc<Inner>,
}

impl PostgresProxy {
    /// Starts to listen on a loopback port, for as long as the test's runtime lives.
    pub async fn start(host: &str, port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let inner = Arc::new(Inner {
            server: (host.to_owned(), port),
            passage: watch::Sender::new(Passage::Open),
            cuts: watch::Sender::new(0),
            script: Mutex::default(),
        });
        let port = listener.local_addr().unwrap().port();
        let accepting = Arc::clone(&inner);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *accepting.passage.borrow() == Passage::Refused {
                    continue;
                }
                let inner = Arc::clone(&accepting);
                tokio::spawn(async move {
                    let mut cuts = inner.cuts.subscribe();
                    // A line that breaks is what this is for; both ends see it by themselves.
                    tokio::select! {
                        _ = carry(client, &inner) => {}
                        _ = cuts.changed() => {}
                    }
                });
            }
        });
        Self { port, inner }
    }

    /// The port to connect to instead of the server's, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Cuts every connection. New ones are let through.
    pub fn cut(&self) {
        self.inner.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Closes new connections at once, until [`PostgresProxy::forward`]. Those that are there stay.
    pub fn refuse(&self) {
        self.inner.passage.send_replace(Passage::Refused);
    }

    /// Passes nothing on in either direction and says nothing, until [`PostgresProxy::forward`]: nobody can tell this from
    /// a slow network, and what was sent meanwhile arrives in the end.
    pub fn hold(&self) {
        self.inner.passage.send_replace(Passage::Held);
    }

    /// Passes everything on again.
    pub fn forward(&self) {
        self.inner.passage.send_replace(Passage::Open);
    }

    /// Loses the `nth` of these from now on, where the next one is 1. Takes the place of an earlier plan.
    pub fn lose(&self, loss: Loss, nth: u64) {
        self.inner.script().plan = Some((loss, nth));
    }

    /// How many planned losses have come up.
    pub fn losses(&self) -> u64 {
        self.inner.script().losses
    }

    /// How many messages were sent to the server.
    pub fn messages(&self) -> u64 {
        self.inner.script().messages
    }

    /// How many of them were a COMMIT.
    pub fn commits(&self) -> u64 {
        self.inner.script().commits
    }
}

/// Carries one connection until an end hangs up, or something on it is lost.
async fn carry(mut client: TcpStream, inner: &Inner) -> io::Result<()> {
    let first = first_message(&mut client).await?;
    inner.passed().await;
    let (host, port) = &inner.server;
    let mut server = TcpStream::connect((host.as_str(), *port)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    server.write_all(&first).await?;
    let (client_reader, client_writer) = client.into_split();
    let (server_reader, server_writer) = server.into_split();
    let is_lost = AtomicBool::new(false);
    tokio::select! {
        ended = carry_requests(client_reader, server_writer, inner, &is_lost) => ended,
        ended = carry_answers(server_reader, client_writer, inner, &is_lost) => ended,
    }
}

/// The message that opens a session: the only one that does not begin with its type.
async fn first_message(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    loop {
        let length = client.read_u32().await?;
        let mut body = vec![0; rest(length)?];
        client.read_exact(&mut body).await?;
        let asks_for = body.first_chunk().map(|code| u32::from_be_bytes(*code));
        if asks_for.is_some_and(|code| ENCRYPTION_REQUESTS.contains(&code)) {
            client.write_u8(NO_ENCRYPTION).await?;
            continue;
        }
        return Ok([&length.to_be_bytes(), body.as_slice()].concat());
    }
}

/// Bytes behind a length, which counts itself.
fn rest(length: u32) -> io::Result<usize> {
    let rest = length
        .checked_sub(4)
        .and_then(|rest| usize::try_from(rest).ok());
    rest.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// The next message: its type, its length, its body.
async fn message(reader: &mut OwnedReadHalf) -> io::Result<Vec<u8>> {
    let kind = reader.read_u8().await?;
    let length = reader.read_u32().await?;
    let mut message = vec![0; 5 + rest(length)?];
    message[0] = kind;
    message[1..5].copy_from_slice(&length.to_be_bytes());
    reader.read_exact(&mut message[5..]).await?;
    Ok(message)
}

async fn carry_requests(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    inner: &Inner,
    is_lost: &AtomicBool,
) -> io::Result<()> {
    let mut session = Session::default();
    loop {
        let message = message(&mut client).await?;
        inner.passed().await;
        match inner.script().meet(session.commits(&message)) {
            None => {}
            Some(Loss::CommitAnswer) => is_lost.store(true, Ordering::SeqCst),
            Some(Loss::Message | Loss::Commit) => return Ok(()),
        }
        server.write_all(&message).await?;
    }
}

async fn carry_answers(
    mut server: OwnedReadHalf,
    mut client: OwnedWriteHalf,
    inner: &Inner,
    is_lost: &AtomicBool,
) -> io::Result<()> {
    loop {
        let message = message(&mut server).await?;
        inner.passed().await;
        if !is_lost.load(Ordering::SeqCst) {
            client.write_all(&message).await?;
        } else if message[0] == READY_FOR_QUERY {
            return Ok(());
        }
    }
}

/// What one session has prepared.
#[derive(Default)]
struct Session {
    /// Names of statements that commit.
    statements: HashSet<Vec<u8>>,
    is_bound: bool,
}

impl Session {
    /// Whether the server commits on this message.
    fn commits(&mut self, message: &[u8]) -> bool {
        let mut texts = message[5..].split(|byte| *byte == 0);
        let mut text = || texts.next().unwrap_or_default();
        match message[0] {
            b'Q' => is_commit(text()),
            b'P' => {
                let (name, sql) = (text().to_vec(), text());
                if is_commit(sql) {
                    self.statements.insert(name);
                } else {
                    self.statements.remove(&name);
                }
                false
            }
            b'B' => {
                let (_portal, statement) = (text(), text());
                self.is_bound = self.statements.contains(statement);
                false
            }
            b'E' => self.is_bound,
            _ => false,
        }
    }
}

fn is_commit(sql: &[u8]) -> bool {
    let sql = String::from_utf8_lossy(sql);
    let sql = sql.trim().trim_end_matches(';').to_ascii_uppercase();
    sql.split([';', ' ', '\n']).next_back() == Some("COMMIT")
}
