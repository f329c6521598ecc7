//! Which domains are registered, where they are delegated to, and what is published outside of Cloudflare.

use std::collections::BTreeMap;

use hickory_proto::rr::RecordType;
use serde::Serialize;

use super::zone::ZoneRecord;

/// One registered domain.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Delegation {
    pub nameservers: Vec<String>,
    /// Registered with somebody else than the name.com fake.
    pub elsewhere: bool,
    /// A hold takes the domain out of its parent's zone.
    pub on_hold: bool,
}

/// What vendors have published at names of their own, so that records which point there lead somewhere.
const VENDORS: [(&str, RecordType, &str); 7] = [
    (
        "_spf.google.com",
        RecordType::TXT,
        "v=spf1 ip4:192.0.2.0/28 ~all",
    ),
    ("smtp.google.com", RecordType::A, "192.0.2.20"),
    (
        "spf.protection.outlook.com",
        RecordType::TXT,
        "v=spf1 ip4:192.0.2.32/28 -all",
    ),
    ("autodiscover.outlook.com", RecordType::A, "192.0.2.40"),
    ("outlook.office365.com", RecordType::A, "192.0.2.41"),
    ("open.sleadtrack.com", RecordType::A, "192.0.2.50"),
    ("brand.example", RecordType::A, "192.0.2.60"),
];

/// All registered domains, by name in lower case, and the records of hosts elsewhere.
pub(crate) struct Registry {
    domains: BTreeMap<String, Delegation>,
    records: Vec<ZoneRecord>,
}

impl Default for Registry {
    fn default() -> Self {
        let records = VENDORS.iter();
        Self {
            domains: BTreeMap::new(),
            records: records
                .map(|(name, kind, content)| ZoneRecord::plain(name, *kind, content))
                .collect(),
        }
    }
}

impl Registry {
    /// All that are registered.
    pub fn domains(&self) -> &BTreeMap<String, Delegation> {
        &self.domains
    }

    pub fn find(&self, domain: &str) -> Option<&Delegation> {
        self.domains.get(domain)
    }

    pub fn register(&mut self, domain: &str, delegation: Delegation) {
        self.domains.insert(domain.to_owned(), delegation);
    }

    /// A domain of a customer's, or where that customer moves it to.
    pub fn register_elsewhere(&mut self, domain: &str, nameservers: &[String]) {
        let delegation = self.domains.entry(domain.to_lowercase()).or_default();
        delegation.nameservers = nameservers.iter().map(|host| host.to_lowercase()).collect();
        delegation.elsewhere = true;
    }

    pub fn set_nameservers(&mut self, domain: &str, nameservers: Vec<String>) {
        if let Some(delegation) = self.domains.get_mut(domain) {
            delegation.nameservers = nameservers;
        }
    }

    pub fn hold(&mut self, domain: &str, on_hold: bool) {
        if let Some(delegation) = self.domains.get_mut(domain) {
            delegation.on_hold = on_hold;
        }
    }

    /// Lets a domain lapse, with what its hosts answered.
    pub fn release(&mut self, domain: &str) {
        self.withdraw(domain);
        self.domains.remove(domain);
    }

    /// The registered domain at or above a name.
    pub fn above(&self, name: &str) -> Option<(&str, &Delegation)> {
        let mut rest = name;
        loop {
            if let Some((domain, delegation)) = self.domains.get_key_value(rest) {
                return Some((domain, delegation));
            }
            rest = rest.split_once('.')?.1;
        }
    }

    /// Whether some domain is delegated to this host.
    pub fn is_nameserver(&self, host: &str) -> bool {
        let mut delegations = self.domains.values();
        delegations.any(|delegation| delegation.nameservers.iter().any(|known| known == host))
    }

    /// Publishes a record in a zone that is not with Cloudflare, such as a vendor's own.
    pub fn publish(&mut self, record: ZoneRecord) {
        self.records.push(record);
    }

    /// Takes away what was published at and below a name.
    pub fn withdraw(&mut self, name: &str) {
        let below = format!(".{name}");
        self.records
            .retain(|record| record.name != name && !record.name.ends_with(&below));
    }

    /// The published records at and below a name.
    pub fn records_below(&self, name: &str) -> Vec<ZoneRecord> {
        let below = format!(".{name}");
        let records = self.records.iter();
        records
            .filter(|record| record.name == name || record.name.ends_with(&below))
            .cloned()
            .collect()
    }
}
