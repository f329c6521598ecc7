//! The DNS: a registry, zone servers, hosts elsewhere, two resolvers; and look-ups through the first resolver.

mod lookups;
mod registry;
pub(crate) mod resolve;
mod server;
mod zone;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

pub(crate) use lookups::Lookups;
pub(crate) use registry::{Delegation, Registry};
pub(crate) use server::{bind, serve};
pub(crate) use zone::{Zone, ZoneRecord};

/// Where the servers of the DNS listen: one port on several addresses, because NS records hold no port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DnsAddresses {
    /// Parent of every domain.
    pub registry: SocketAddr,
    /// Cloudflare's zone servers.
    pub cloudflare: SocketAddr,
    /// The hosts of domains that are registered or hosted elsewhere.
    pub foreign: SocketAddr,
    /// Recursive resolvers.
    pub resolvers: [SocketAddr; 2],
}

const REGISTRY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const CLOUDFLARE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);
const FOREIGN: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 4);
const RESOLVERS: [Ipv4Addr; 2] = [Ipv4Addr::new(127, 0, 0, 5), Ipv4Addr::new(127, 0, 0, 6)];

/// Where the traffic of proxied records ends: an address that nobody has.
const EDGE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 10);

impl DnsAddresses {
    fn on(port: u16) -> Self {
        let at = |address| SocketAddr::new(IpAddr::V4(address), port);
        Self {
            registry: at(REGISTRY),
            cloudflare: at(CLOUDFLARE),
            foreign: at(FOREIGN),
            resolvers: RESOLVERS.map(at),
        }
    }
}
