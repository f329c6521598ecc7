//! The sockets, UDP and TCP, and the handler behind them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;
use hickory_proto::op::{Edns, Metadata, OpCode, ResponseCode};
use hickory_server::Server;
use hickory_server::net::runtime::Time;
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

use super::resolve::{Role, answer};
use super::zone::Reply;
use super::{CLOUDFLARE, DnsAddresses, FOREIGN, REGISTRY, RESOLVERS};
use crate::Shared;

/// How often a port is looked for that is free on all addresses.
const TRIES: u8 = 50;

/// A TCP connection without a question is closed after this.
const IDLE: Duration = Duration::from_secs(10);

/// The size of an answer over UDP that is offered.
const PAYLOAD: u16 = 1232;

/// The sockets of one address.
pub(crate) struct Sockets {
    role: Role,
    udp: UdpSocket,
    tcp: TcpListener,
}

/// Binds all addresses on one port, or on any that is free on all of them.
pub(crate) async fn bind(port: Option<u16>) -> io::Result<(Vec<Sockets>, DnsAddresses)> {
    let mut tries = 0;
    loop {
        tries += 1;
        match bind_all(port.unwrap_or_default()).await {
            Ok((sockets, port)) => return Ok((sockets, DnsAddresses::on(port))),
            Err(error) if port.is_some() || tries == TRIES => return Err(error),
            Err(_) => {}
        }
    }
}

async fn bind_all(wanted: u16) -> io::Result<(Vec<Sockets>, u16)> {
    let roles = [
        (REGISTRY, Role::Registry),
        (CLOUDFLARE, Role::Cloudflare),
        (FOREIGN, Role::Foreign),
        (RESOLVERS[0], Role::Resolver),
        (RESOLVERS[1], Role::Resolver),
    ];
    let (mut port, mut bound) = (wanted, Vec::new());
    for (address, role) in roles {
        let sockets = bind_one(address, port, role).await?;
        port = sockets.tcp.local_addr()?.port();
        bound.push(sockets);
    }
    Ok((bound, port))
}

async fn bind_one(address: Ipv4Addr, port: u16, role: Role) -> io::Result<Sockets> {
    let tcp = TcpListener::bind((address, port)).await?;
    let same: SocketAddr = tcp.local_addr()?;
    let udp = UdpSocket::bind(same).await?;
    Ok(Sockets { role, udp, tcp })
}

/// Serves the sockets until `servers` is dropped.
pub(crate) fn serve(sockets: Vec<Sockets>, shared: &Shared, servers: &mut JoinSet<()>) {
    for Sockets { role, udp, tcp } in sockets {
        let shared = shared.clone();
        let mut server = Server::new(Answering { role, shared });
        server.register_socket(udp);
        server.register_listener(tcp, IDLE, 64);
        servers.spawn(async move {
            // Ends when it is aborted; a socket that breaks shows in every look-up.
            let _ = server.block_until_done().await;
        });
    }
}

struct Answering {
    role: Role,
    shared: Shared,
}

impl Answering {
    fn reply(&self, request: &Request) -> Reply {
        let Ok(info) = request.request_info() else {
            return Reply::code(ResponseCode::FormErr);
        };
        if request.metadata.op_code != OpCode::Query {
            return Reply::code(ResponseCode::NotImp);
        }
        let name = info.query.name().to_string();
        let name = name.trim_end_matches('.');
        answer(
            &self.shared.world(),
            self.role,
            name,
            info.query.query_type(),
        )
    }
}

#[async_trait]
impl RequestHandler for Answering {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        mut response_handle: R,
    ) -> ResponseInfo {
        let reply = self.reply(request);
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.response_code = reply.code;
        metadata.authoritative = reply.authoritative;
        metadata.recursion_available = self.role == Role::Resolver;
        let mut edns = Edns::new();
        edns.set_max_payload(request.max_payload().min(PAYLOAD));
        let mut builder = MessageResponseBuilder::from_message_request(request);
        if request.edns.is_some() {
            builder.edns(&edns);
        }
        let response = builder.build(
            metadata,
            &reply.answers,
            &reply.authorities,
            [],
            &reply.additionals,
        );
        let sent = response_handle.send_response(response).await;
        // A client that went away needs no answer; the return value is only for the server's statistics.
        sent.unwrap_or_else(|_| {
            hickory_proto::op::Header {
                metadata,
                counts: hickory_proto::op::HeaderCounts::default(),
            }
            .into()
        })
    }
}
