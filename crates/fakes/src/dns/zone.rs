//! Answers from the records of one zone.

use std::collections::BTreeSet;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::rdata::{A, CNAME, MX, NS, SOA, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::EDGE;

/// A string of a TXT record holds no more than this.
const STRING: usize = 255;

/// A record as a zone's holder wrote it. Names are in lower case and without a dot at the end.
#[derive(Clone, Debug)]
pub(crate) struct ZoneRecord {
    pub name: String,
    pub kind: RecordType,
    /// A TXT's text without quotes; for all else what a zone file has, without an MX's priority.
    pub content: String,
    pub priority: u16,
    pub ttl: u32,
    /// Answered with an address of the edge.
    pub proxied: bool,
}

impl ZoneRecord {
    /// A record that is not proxied, of no priority.
    pub fn plain(name: &str, kind: RecordType, content: &str) -> Self {
        Self {
            name: name.to_lowercase(),
            kind,
            content: content.to_owned(),
            priority: 0,
            ttl: 300,
            proxied: false,
        }
    }

    fn data(&self) -> Option<RData> {
        Some(match self.kind {
            RecordType::TXT => RData::TXT(text(&self.content)),
            RecordType::MX => RData::MX(MX::new(self.priority, name(&self.content)?)),
            RecordType::CNAME => RData::CNAME(CNAME(name(&self.content)?)),
            RecordType::NS => RData::NS(NS(name(&self.content)?)),
            kind => RData::try_from_str(kind, &self.content).ok()?,
        })
    }
}

/// What a server answers.
#[derive(Debug)]
pub(crate) struct Reply {
    pub code: ResponseCode,
    pub authoritative: bool,
    pub answers: Vec<Record>,
    pub authorities: Vec<Record>,
    pub additionals: Vec<Record>,
}

impl Reply {
    pub fn code(code: ResponseCode) -> Self {
        Self {
            code,
            authoritative: false,
            answers: Vec::new(),
            authorities: Vec::new(),
            additionals: Vec::new(),
        }
    }

    pub fn with(answers: Vec<Record>) -> Self {
        Self {
            authoritative: true,
            answers,
            ..Self::code(ResponseCode::NoError)
        }
    }

    /// An answer without records; the zone's SOA says for how long.
    pub fn none(code: ResponseCode, zone: &str) -> Self {
        Self {
            authoritative: true,
            authorities: soa(zone).into_iter().collect(),
            ..Self::code(code)
        }
    }
}

/// A zone as its server sees it.
pub(crate) struct Zone<'a> {
    pub apex: &'a str,
    pub nameservers: &'a [String],
    pub records: Vec<ZoneRecord>,
}

impl Zone<'_> {
    pub fn answer(&self, asked: &str, kind: RecordType) -> Reply {
        if asked == self.apex && kind == RecordType::SOA {
            return Reply::with(soa(self.apex).into_iter().collect());
        }
        if asked == self.apex && kind == RecordType::NS {
            return Reply::with(nameservers(self.apex, self.nameservers));
        }
        let owner = self.owner(asked);
        let here = |record: &&ZoneRecord| Some(&record.name) == owner.as_ref();
        let at_name: Vec<_> = self.records.iter().filter(here).collect();
        let found = Self::of_kind(&at_name, asked, kind, asked == self.apex);
        if !found.is_empty() {
            return Reply::with(found);
        }
        let known = !at_name.is_empty() || asked == self.apex || self.is_between(asked);
        let code = if known {
            ResponseCode::NoError
        } else {
            ResponseCode::NXDomain
        };
        Reply::none(code, self.apex)
    }

    /// Where an alias at the apex points to, which stands for its addresses only.
    pub fn flattened(&self, asked: &str) -> Option<String> {
        let alias = self.records.iter().find(|record| {
            asked == self.apex && record.name == asked && record.kind == RecordType::CNAME
        })?;
        (!alias.proxied).then(|| alias.content.clone())
    }

    /// Records of the kind, the edge for proxied ones, or the alias that stands for all kinds.
    fn of_kind(here: &[&ZoneRecord], asked: &str, kind: RecordType, apex: bool) -> Vec<Record> {
        let proxied = here.iter().any(|record| record.proxied);
        if proxied && kind == RecordType::A {
            return record(asked, 300, RData::A(A(EDGE))).into_iter().collect();
        }
        let of = |kind: RecordType| {
            let found = here.iter();
            let found = found.filter(move |found| found.kind == kind && !found.proxied);
            let found = found.filter_map(|found| record(asked, found.ttl, found.data()?));
            found.collect::<Vec<_>>()
        };
        if apex && kind == RecordType::CNAME {
            return Vec::new();
        }
        match of(kind) {
            found if found.is_empty() && !apex => of(RecordType::CNAME),
            found => found,
        }
    }

    /// The name whose records answer: the name itself, or the wildcard beside it.
    fn owner(&self, asked: &str) -> Option<String> {
        let exists = |name: &str| self.records.iter().any(|record| record.name == name);
        if exists(asked) {
            return Some(asked.to_owned());
        }
        let (_, parent) = asked.split_once('.')?;
        let wildcard = format!("*.{parent}");
        (!self.is_between(asked) && exists(&wildcard)).then_some(wildcard)
    }

    /// Whether there is something below a name.
    fn is_between(&self, name: &str) -> bool {
        let below = format!(".{name}");
        self.records
            .iter()
            .any(|record| record.name.ends_with(&below))
    }
}

pub(crate) fn name(text: &str) -> Option<Name> {
    let text = text.trim_end_matches('.');
    Name::from_ascii(format!("{text}.")).ok()
}

pub(crate) fn record(owner: &str, ttl: u32, data: RData) -> Option<Record> {
    Some(Record::from_rdata(name(owner)?, ttl, data))
}

pub(crate) fn nameservers(owner: &str, hosts: &[String]) -> Vec<Record> {
    let hosts: BTreeSet<_> = hosts.iter().collect();
    let hosts = hosts.into_iter().filter_map(|host| name(host));
    hosts
        .filter_map(|host| record(owner, 86_400, RData::NS(NS(host))))
        .collect()
}

pub(crate) fn soa(zone: &str) -> Option<Record> {
    let (main, mailbox) = (name("ns.invalid")?, name("dns.invalid")?);
    let data = SOA::new(main, mailbox, 1, 10_000, 2_400, 604_800, 60);
    record(zone, 60, RData::SOA(data))
}

/// A text of any length, as strings that are short enough.
fn text(content: &str) -> TXT {
    TXT::from_bytes(content.as_bytes().chunks(STRING).collect())
}
