//! The simulated DNS host: one document for a zone, one for all its records, one for its redirect.

use async_trait::async_trait;
use peeker_domain::{DomainName, WebUrl};
use serde::{Deserialize, Serialize};

use super::opaque;
use super::state::Documents;
use crate::{Call, Dns, DnsRecord, ProviderError, Zone};

const ZONES: &str = "zone";
/// Also read by the simulated mail providers, as real ones look into the public DNS.
pub(super) const RECORD_SETS: &str = "dns_records";
const REDIRECTS: &str = "redirect";

/// A zone is served by one of each, as real hosts spread zones over many names.
const FIRST_NAMESERVERS: [&str; 8] = ["ada", "bea", "cleo", "dora", "edna", "fay", "gwen", "hope"];
const SECOND_NAMESERVERS: [&str; 8] = [
    "igor", "jack", "karl", "liam", "milo", "noah", "otto", "paul",
];
const NAMESERVER_DOMAIN: &str = "ns.sandbox.peeker.example";

#[derive(Serialize, Deserialize)]
struct ZoneDocument {
    nameservers: Vec<String>,
}

#[derive(Serialize)]
struct RedirectDocument<'a> {
    target: &'a str,
}

pub(super) struct SandboxDns {
    documents: Documents,
}

impl SandboxDns {
    pub(super) fn new(documents: Documents) -> Self {
        Self { documents }
    }
}

fn nameservers(name: &DomainName) -> Vec<String> {
    let digest = opaque::digest("nameservers", name);
    let first = FIRST_NAMESERVERS[usize::from(digest[0]) % FIRST_NAMESERVERS.len()];
    let second = SECOND_NAMESERVERS[usize::from(digest[1]) % SECOND_NAMESERVERS.len()];
    [first, second]
        .map(|host| format!("{host}.{NAMESERVER_DOMAIN}"))
        .to_vec()
}

/// `current` with every set of the same name and type replaced; sorted, so that equal zones are equal documents.
fn replace_sets(current: &[DnsRecord], records: &[DnsRecord]) -> Vec<DnsRecord> {
    let replaced = |old: &DnsRecord| {
        records
            .iter()
            .any(|new| new.kind == old.kind && new.name == old.name)
    };
    let mut merged: Vec<DnsRecord> = current
        .iter()
        .filter(|old| !replaced(old))
        .cloned()
        .collect();
    merged.extend_from_slice(records);
    merged.sort_unstable();
    merged.dedup();
    merged
}

#[async_trait]
impl Dns for SandboxDns {
    /// The simulated host makes any number of zones.
    async fn zone_capacity(&self, _call: Call<'_>, _zones: usize) -> Result<(), ProviderError> {
        Ok(())
    }

    async fn ensure_zone(&self, call: Call<'_>, name: &DomainName) -> Result<Zone, ProviderError> {
        let made = ZoneDocument {
            nameservers: nameservers(name),
        };
        let found = self
            .documents
            .keep_first(call, ZONES, name.as_str(), &made)
            .await?;
        Ok(Zone {
            nameservers: found.unwrap_or(made).nameservers,
        })
    }

    async fn put_records(
        &self,
        call: Call<'_>,
        name: &DomainName,
        records: &[DnsRecord],
    ) -> Result<(), ProviderError> {
        // Most zones are empty at this point, and then this one call is all.
        let wanted = replace_sets(&[], records);
        let Some(current) = self
            .documents
            .keep_first(call, RECORD_SETS, name.as_str(), &wanted)
            .await?
        else {
            return Ok(());
        };
        let merged = replace_sets(&current, records);
        if merged == current {
            return Ok(());
        }
        self.documents
            .replace(call, RECORD_SETS, name.as_str(), &merged)
            .await
    }

    async fn records(
        &self,
        call: Call<'_>,
        name: &DomainName,
    ) -> Result<Vec<DnsRecord>, ProviderError> {
        Ok(self
            .documents
            .find(call, RECORD_SETS, name.as_str())
            .await?
            .unwrap_or_default())
    }

    async fn set_redirect(
        &self,
        call: Call<'_>,
        name: &DomainName,
        target: &WebUrl,
    ) -> Result<(), ProviderError> {
        let document = RedirectDocument {
            target: target.as_str(),
        };
        self.documents
            .replace(call, REDIRECTS, name.as_str(), &document)
            .await
    }

    async fn clear_redirect(&self, call: Call<'_>, name: &DomainName) -> Result<(), ProviderError> {
        self.documents.forget(call, REDIRECTS, name.as_str()).await
    }
}
