//! Who answers what: the registry, the servers behind a delegation, and the resolvers that follow it.

use std::net::Ipv4Addr;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record, RecordType};

use super::registry::Delegation;
use super::zone::{Reply, Zone, nameservers, record};
use super::{CLOUDFLARE, FOREIGN, REGISTRY};
use crate::World;

/// How many aliases a resolver follows.
const ALIASES: u8 = 8;

/// Which of the servers is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Registry,
    Cloudflare,
    Foreign,
    Resolver,
}

/// What a server answers for a name in lower case without a dot at the end.
pub(crate) fn answer(world: &World, role: Role, asked: &str, kind: RecordType) -> Reply {
    match role {
        Role::Registry => registry(world, asked, kind),
        Role::Cloudflare => cloudflare_zone(world, asked, kind),
        Role::Foreign => foreign(world, asked, kind),
        Role::Resolver => resolver(world, asked, kind, ALIASES),
    }
}

/// Who has every zone above a registered domain.
const REGISTRY_HOST: &str = "a.registry.invalid";
/// First labels of the endings that people register below, such as `co.uk`.
const SECOND_LEVEL: [&str; 6] = ["ac", "co", "com", "gov", "net", "org"];

/// Whether a name is a zone of the registry: what it delegates stands right below.
fn is_ending(asked: &str) -> bool {
    match asked.rsplit_once('.') {
        None => !asked.is_empty(),
        Some((first, last)) => last.len() == 2 && SECOND_LEVEL.contains(&first),
    }
}

/// The name server hosts that have an address, and which of the servers that is.
fn address(world: &World, host: &str) -> Option<Ipv4Addr> {
    if host == REGISTRY_HOST {
        return Some(REGISTRY);
    }
    if host.ends_with(".ns.cloudflare.com") {
        return Some(CLOUDFLARE);
    }
    world.registry.is_nameserver(host).then_some(FOREIGN)
}

fn registry(world: &World, asked: &str, kind: RecordType) -> Reply {
    if let Some(address) = address(world, asked) {
        return at_address(asked, kind, address);
    }
    match delegated(world, asked) {
        Some((domain, delegation)) => Reply {
            authorities: nameservers(domain, &delegation.nameservers),
            additionals: glue(world, delegation),
            ..Reply::code(ResponseCode::NoError)
        },
        None if asked.contains('.') => Reply::none(ResponseCode::NXDomain, parent(asked)),
        None => Reply::none(ResponseCode::NoError, asked),
    }
}

fn parent(asked: &str) -> &str {
    asked.rsplit_once('.').map_or(asked, |(_, last)| last)
}

/// The domain at or above a name, if its parent's zone has it.
fn delegated<'a>(world: &'a World, asked: &str) -> Option<(&'a str, &'a Delegation)> {
    let found = world.registry.above(asked);
    found.filter(|(_, delegation)| !delegation.on_hold && !delegation.nameservers.is_empty())
}

fn at_address(asked: &str, kind: RecordType, address: Ipv4Addr) -> Reply {
    if kind == RecordType::A {
        Reply::with(
            record(asked, 86_400, RData::A(A(address)))
                .into_iter()
                .collect(),
        )
    } else {
        Reply::none(ResponseCode::NoError, asked)
    }
}

fn glue(world: &World, delegation: &Delegation) -> Vec<Record> {
    let hosts = delegation.nameservers.iter();
    let addresses = hosts.filter_map(|host| Some((host, address(world, host)?)));
    addresses
        .filter_map(|(host, address)| record(host, 86_400, RData::A(A(address))))
        .collect()
}

fn cloudflare_zone(world: &World, asked: &str, kind: RecordType) -> Reply {
    let Some(zone) = world.cloudflare_zone(asked) else {
        return Reply::code(ResponseCode::Refused);
    };
    match zone.flattened(asked).filter(|_| kind == RecordType::A) {
        Some(target) => flattened(world, asked, &target),
        None => zone.answer(asked, kind),
    }
}

/// The addresses of an alias at the apex, as if they were its own.
fn flattened(world: &World, apex: &str, target: &str) -> Reply {
    let found = resolver(world, target, RecordType::A, ALIASES);
    let addresses = found.answers.into_iter().map(|record| record.data);
    let addresses = addresses.filter(|data| matches!(data, RData::A(_)));
    Reply::with(
        addresses
            .filter_map(|data| record(apex, 300, data))
            .collect(),
    )
}

/// The old host of a domain of a customer's, which still answers when the delegation has moved on, and name.com's parking.
///
/// A domain that was bought and points to hosts where nobody has set it up is refused.
fn foreign(world: &World, asked: &str, kind: RecordType) -> Reply {
    if let Some(address) = address(world, asked).filter(|address| *address == FOREIGN) {
        return at_address(asked, kind, address);
    }
    let is_held = |delegation: &Delegation| {
        let mut hosts = delegation.nameservers.iter();
        delegation.elsewhere || hosts.any(|host| host.ends_with(".name.com"))
    };
    let above = world.registry.above(asked);
    let Some((domain, delegation)) = above.filter(|(_, delegation)| is_held(delegation)) else {
        return Reply::code(ResponseCode::Refused);
    };
    let zone = Zone {
        apex: domain,
        nameservers: &delegation.nameservers,
        records: world.registry.records_below(domain),
    };
    zone.answer(asked, kind)
}

/// From the delegation on, and along aliases.
fn resolver(world: &World, asked: &str, kind: RecordType, aliases: u8) -> Reply {
    let mut reply = follow(world, asked, kind);
    reply.authoritative = false;
    let alias = reply.answers.iter().find_map(|record| match &record.data {
        RData::CNAME(target) if kind != RecordType::CNAME => Some(target.to_string()),
        _ => None,
    });
    let Some(target) = alias else {
        return reply;
    };
    if aliases == 0 {
        return Reply::code(ResponseCode::ServFail);
    }
    let target = target.trim_end_matches('.').to_lowercase();
    let mut end = resolver(world, &target, kind, aliases - 1);
    reply.answers.append(&mut end.answers);
    Reply {
        answers: reply.answers,
        ..end
    }
}

fn follow(world: &World, asked: &str, kind: RecordType) -> Reply {
    if let Some(address) = address(world, asked) {
        return at_address(asked, kind, address);
    }
    let Some((_, delegation)) = delegated(world, asked) else {
        if kind == RecordType::NS && is_ending(asked) {
            return Reply::with(nameservers(asked, &[REGISTRY_HOST.to_owned()]));
        }
        return outside(world, asked, kind);
    };
    let hosts = delegation.nameservers.iter();
    let mut servers: Vec<_> = hosts.filter_map(|host| address(world, host)).collect();
    servers.dedup();
    let mut replies = servers.into_iter().map(|server| {
        let role = if server == CLOUDFLARE {
            Role::Cloudflare
        } else {
            Role::Foreign
        };
        answer(world, role, asked, kind)
    });
    let usable = replies.find(|reply| reply.code != ResponseCode::Refused);
    usable.unwrap_or_else(|| Reply::code(ResponseCode::ServFail))
}

/// Names of the vendors' own domains, which nobody registers here.
fn outside(world: &World, asked: &str, kind: RecordType) -> Reply {
    let records = world.registry.records_below(asked);
    let apex = if records.is_empty() {
        parent(asked)
    } else {
        asked
    };
    let zone = Zone {
        apex,
        nameservers: &[],
        records,
    };
    zone.answer(asked, kind)
}
