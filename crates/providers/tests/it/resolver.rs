//! A resolver in front of the fakes' own, which knows who has the zones above registered domains.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::{A, NS};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use peeker_fakes::DnsAddresses;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// Zones that the registry has.
const TOP_LEVEL: [&str; 4] = ["com.", "net.", "example.", "uk."];
const REGISTRY: &str = "a.registry.invalid.";

/// What the resolver does with a question.
#[derive(Clone, PartialEq, Eq)]
pub enum Mood {
    /// Passes it on.
    Right,
    /// Says that nothing exists.
    Blank,
    /// Says that every domain is at these servers.
    Remembers(Vec<String>),
}

/// Starts one, which runs as long as the test.
pub async fn start(fakes: DnsAddresses, mood: Mood) -> SocketAddr {
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = tcp.local_addr().unwrap();
    let udp = Arc::new(UdpSocket::bind(here).await.unwrap());
    tokio::spawn(async move {
        let mut buffer = [0; 4_096];
        while let Ok((length, from)) = udp.recv_from(&mut buffer).await {
            let (udp, question) = (Arc::clone(&udp), buffer[..length].to_vec());
            let mood = mood.clone();
            tokio::spawn(async move {
                let answer = answer(fakes, &mood, &question).await;
                udp.send_to(&answer, from).await
            });
        }
    });
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = tcp.accept().await {
            tokio::spawn(async move {
                let mut upstream = TcpStream::connect(fakes.resolvers[0]).await?;
                copy_bidirectional(&mut stream, &mut upstream).await
            });
        }
    });
    here
}

async fn answer(fakes: DnsAddresses, mood: &Mood, bytes: &[u8]) -> Vec<u8> {
    let question = Message::from_vec(bytes).unwrap();
    let asked = question.queries[0].clone();
    let (name, kind) = (asked.name().to_lowercase().to_ascii(), asked.query_type());
    let mut answer = question.clone().into_response();
    if let (Mood::Remembers(hosts), RecordType::NS) = (mood, kind) {
        for host in hosts {
            let data = RData::NS(NS(Name::from_ascii(format!("{host}.")).unwrap()));
            answer.add_answer(Record::from_rdata(asked.name().clone(), 60, data));
        }
        return answer.to_vec().unwrap();
    }
    if *mood == Mood::Blank {
        answer.metadata.response_code = ResponseCode::NXDomain;
        return answer.to_vec().unwrap();
    }
    let known = match kind {
        RecordType::NS if TOP_LEVEL.contains(&name.as_str()) => {
            Some(RData::NS(NS(Name::from_ascii(REGISTRY).unwrap())))
        }
        RecordType::A if name == REGISTRY => match fakes.registry {
            SocketAddr::V4(address) => Some(RData::A(A(*address.ip()))),
            SocketAddr::V6(_) => None,
        },
        _ => None,
    };
    let Some(data) = known else {
        return pass_on(fakes.resolvers[0], bytes).await;
    };
    answer.add_answer(Record::from_rdata(asked.name().clone(), 60, data));
    answer.to_vec().unwrap()
}

async fn pass_on(to: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await.unwrap();
    socket.send_to(bytes, to).await.unwrap();
    let mut buffer = vec![0; 4_096];
    let length = socket.recv(&mut buffer).await.unwrap();
    buffer.truncate(length);
    buffer
}
