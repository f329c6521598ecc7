//! One question to one DNS server: by UDP, and by TCP when the answer does not fit.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Edns, Message, Query};
use hickory_proto::rr::{Name, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// The largest answer by UDP that no network on the way breaks up.
const UDP_PAYLOAD: u16 = 1_232;
/// A packet that is lost is sent again after that.
const PATIENCE: Duration = Duration::from_millis(1_200);
const SENDS: usize = 2;

/// Who is to look for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whom {
    /// A resolver, which asks others.
    Resolver,
    /// A server that answers for its own zones only.
    Authority,
}

/// Asks `server`. Errors: it did not answer in time, or not to this.
pub(super) async fn ask(
    server: SocketAddr,
    whom: Whom,
    name: &Name,
    kind: RecordType,
) -> io::Result<Message> {
    let mut question = Message::query();
    question.metadata.recursion_desired = whom == Whom::Resolver;
    question.add_query(Query::query(name.clone(), kind));
    let mut edns = Edns::new();
    edns.set_max_payload(UDP_PAYLOAD);
    question.set_edns(edns);
    let bytes = question.to_vec().map_err(io::Error::other)?;
    let answer = by_udp(server, &question, &bytes).await?;
    if !answer.metadata.truncation {
        return Ok(answer);
    }
    let answer = timeout(PATIENCE, by_tcp(server, &bytes)).await??;
    accept(&question, &answer).ok_or_else(|| io::Error::other("no answer to the question"))
}

async fn by_udp(server: SocketAddr, question: &Message, bytes: &[u8]) -> io::Result<Message> {
    let local: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(local).await?;
    // From then on, packets of others do not get through.
    socket.connect(server).await?;
    for _ in 0..SENDS {
        socket.send(bytes).await?;
        if let Ok(answer) = timeout(PATIENCE, answer_to(&socket, question)).await {
            return answer;
        }
    }
    Err(io::ErrorKind::TimedOut.into())
}

/// The first packet that answers the question; others are no business of ours.
async fn answer_to(socket: &UdpSocket, question: &Message) -> io::Result<Message> {
    let mut buffer = vec![0; usize::from(u16::MAX)];
    loop {
        let length = socket.recv(&mut buffer).await?;
        if let Some(answer) = accept(question, &buffer[..length]) {
            return Ok(answer);
        }
    }
}

async fn by_tcp(server: SocketAddr, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(bytes.len()).map_err(io::Error::other)?;
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(bytes).await?;
    let length = stream.read_u16().await?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

fn accept(question: &Message, bytes: &[u8]) -> Option<Message> {
    let answer = Message::from_vec(bytes).ok()?;
    let is_answer = answer.metadata.id == question.metadata.id
        && answer.metadata.message_type == hickory_proto::op::MessageType::Response
        && answer.queries == question.queries;
    is_answer.then_some(answer)
}
