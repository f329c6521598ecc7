//! Where the DNS says that a domain is, as its parent zone, its own servers and a resolver say it.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use peeker_domain::DomainName;

use super::DnsProbes;
use super::ask::{Whom, ask};
use crate::ProviderError;

/// Servers of a zone that are asked, one after another, until one answers.
const MOST_SERVERS: usize = 3;

/// Names of servers, in one spelling.
pub(super) type Servers = BTreeSet<String>;

/// What the zone above a domain says of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parent {
    /// There is no such domain.
    Unknown,
    /// It is at these servers; at none, when the name is there without being delegated.
    Delegates(Servers),
}

impl DnsProbes {
    /// Asks the zone above, at one of its own servers: nothing there is old.
    pub(super) async fn parent(&self, name: &DomainName) -> Result<Parent, ProviderError> {
        let domain = wire_name(name.as_str())?;
        for host in self.parent_servers(&domain).await? {
            let answer = self.ask_host(&host, &domain, RecordType::NS).await?;
            match answer.as_ref().map(|answer| answer.metadata.response_code) {
                Some(ResponseCode::NXDomain) => return Ok(Parent::Unknown),
                Some(ResponseCode::NoError) => {
                    let delegates = answer.map(|answer| referral(&answer, &domain));
                    return Ok(Parent::Delegates(delegates.unwrap_or_default()));
                }
                // Down, or not in charge any more: the next one.
                _ => {}
            }
        }
        Err(unanswered(&format!("no server of the zone above {name}")))
    }

    /// Whether one of these servers answers for the domain's zone. Errors: none can be asked.
    pub(super) async fn is_served(
        &self,
        name: &DomainName,
        servers: &[String],
    ) -> Result<bool, ProviderError> {
        let domain = wire_name(name.as_str())?;
        for server in servers.iter().take(MOST_SERVERS) {
            let host = wire_name(server)?;
            if let Some(answer) = self.ask_host(&host, &domain, RecordType::SOA).await? {
                return Ok(has_authority(&answer, &domain));
            }
        }
        Err(unanswered(&format!("no nameserver of {name}")))
    }

    /// The servers of the domain as another resolver has them than the one that is asked first.
    pub(super) async fn servers_elsewhere(
        &self,
        name: &DomainName,
    ) -> Result<Servers, ProviderError> {
        let domain = wire_name(name.as_str())?;
        let resolvers = &self.settings.resolvers;
        let Some(resolver) = resolvers.get(1).or(resolvers.first()) else {
            return Err(unanswered("no resolver, because none is set,"));
        };
        let answer = ask(*resolver, Whom::Resolver, &domain, RecordType::NS).await;
        let answer = answer.map_err(|_| unanswered("the second resolver"))?;
        Ok(servers_in(&answer.answers, &domain))
    }

    /// The servers of the closest zone above the domain.
    async fn parent_servers(&self, domain: &Name) -> Result<Vec<Name>, ProviderError> {
        let mut parent = domain.base_name();
        loop {
            let answer = self.resolve(&parent, RecordType::NS).await?;
            let servers: Vec<Name> = hosts_in(&answer.answers, &parent)
                .take(MOST_SERVERS)
                .cloned()
                .collect();
            if !servers.is_empty() || parent.is_root() {
                return Ok(servers);
            }
            parent = parent.base_name();
        }
    }

    /// Asks a server by its name; `None` when it does not answer at any of its addresses.
    async fn ask_host(
        &self,
        host: &Name,
        domain: &Name,
        kind: RecordType,
    ) -> Result<Option<Message>, ProviderError> {
        for family in [RecordType::A, RecordType::AAAA] {
            let found = self.resolve(host, family).await?;
            for address in found.answers.iter().filter_map(address).take(MOST_SERVERS) {
                let server = SocketAddr::new(address, self.settings.authoritative_port);
                if let Ok(answer) = ask(server, Whom::Authority, domain, kind).await {
                    return Ok(Some(answer));
                }
            }
        }
        Ok(None)
    }

    /// Asks the resolvers, one after another, until one finds out.
    async fn resolve(&self, name: &Name, kind: RecordType) -> Result<Message, ProviderError> {
        for resolver in &self.settings.resolvers {
            let answer = ask(*resolver, Whom::Resolver, name, kind).await;
            let is_found = |answer: &Message| {
                let code = answer.metadata.response_code;
                matches!(code, ResponseCode::NoError | ResponseCode::NXDomain)
            };
            if let Some(answer) = answer.ok().filter(is_found) {
                return Ok(answer);
            }
        }
        Err(unanswered("no resolver"))
    }
}

pub(super) fn unanswered(who: &str) -> ProviderError {
    ProviderError::retry(None, format!("{who} answers in the DNS"))
}

/// Server names in the spelling in which they are compared.
pub(super) fn spelled<'a>(servers: impl IntoIterator<Item = &'a str>) -> Servers {
    let one = |server: &str| server.trim_end_matches('.').to_ascii_lowercase();
    servers.into_iter().map(one).collect()
}

fn wire_name(text: &str) -> Result<Name, ProviderError> {
    let mut name = Name::from_ascii(text).map_err(|_| {
        ProviderError::retry(
            None,
            format!("{text} is no name that the DNS can be asked for"),
        )
    })?;
    name.set_fqdn(true);
    Ok(name)
}

/// Where a parent's answer says that the domain is: in its authority section, or as an answer when the same server has
/// both zones.
fn referral(answer: &Message, domain: &Name) -> Servers {
    let answered = servers_in(&answer.answers, domain);
    if answered.is_empty() {
        servers_in(&answer.authorities, domain)
    } else {
        answered
    }
}

fn has_authority(answer: &Message, domain: &Name) -> bool {
    let mut answers = answer.answers.iter();
    answer.metadata.authoritative
        && answer.metadata.response_code == ResponseCode::NoError
        && answers.any(|record| {
            record.record_type() == RecordType::SOA && record.name.eq_ignore_root(domain)
        })
}

fn servers_in(records: &[Record], domain: &Name) -> Servers {
    let hosts = hosts_in(records, domain).map(Name::to_ascii);
    let hosts: Vec<String> = hosts.collect();
    spelled(hosts.iter().map(String::as_str))
}

fn hosts_in<'a>(records: &'a [Record], domain: &'a Name) -> impl Iterator<Item = &'a Name> {
    records.iter().filter_map(move |record| match &record.data {
        RData::NS(host) if record.name.eq_ignore_root(domain) => Some(&host.0),
        _ => None,
    })
}

fn address(record: &Record) -> Option<IpAddr> {
    match &record.data {
        RData::A(address) => Some(address.0.into()),
        RData::AAAA(address) => Some(address.0.into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
