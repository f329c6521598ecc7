//! Whose nameservers a domain is delegated to.

use std::collections::BTreeSet;

use peeker_domain::DomainName;
use reqwest::{Method, StatusCode};

use super::NameCom;
use super::api::{refused, said, unexpected};
use super::wire::{DsRecords, SetNameservers};
use crate::{Call, ProviderError};

impl NameCom {
    pub(super) async fn delegate(
        &self,
        call: Call<'_>,
        name: &DomainName,
        nameservers: &[String],
    ) -> Result<(), ProviderError> {
        let held = self.read(call, name).await?;
        let held = held.ok_or_else(|| refused(format!("{name} is not registered here")))?;
        if same_servers(&held.nameservers, nameservers) {
            return Ok(());
        }
        // Signatures of the old servers would have resolvers refuse the answers of the new ones.
        self.remove_dnssec(name).await?;
        let path = format!("domains/{name}:setNameservers");
        let body = SetNameservers { nameservers };
        let request = self.request(Method::POST, &path).json(&body);
        let answer = self.send("set nameservers", request).await?;
        match answer.status {
            StatusCode::OK => Ok(()),
            StatusCode::FORBIDDEN => Err(refused(format!(
                "{name} has expired at name.com, so its nameservers cannot be set"
            ))),
            StatusCode::NOT_FOUND => Err(refused(format!("{name} is not registered here"))),
            // Some registries first look whether the servers know the zone, and a new zone may not be everywhere yet.
            StatusCode::BAD_REQUEST => {
                let reason = said(&answer);
                let message = format!("name.com does not take the nameservers yet: {reason}");
                Err(ProviderError::retry(None, message))
            }
            _ => Err(unexpected(&answer)),
        }
    }

    /// Removes the keys that the registry publishes, so that the domain is unsigned.
    async fn remove_dnssec(&self, name: &DomainName) -> Result<(), ProviderError> {
        let path = format!("domains/{name}/dnssec");
        let answer = self.send("list DNSSEC keys", self.request(Method::GET, &path));
        let answer = answer.await?;
        let keys: DsRecords = match answer.status {
            StatusCode::OK => answer.json()?,
            // The registry has no DNSSEC, or none of this domain.
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::NOT_IMPLEMENTED => {
                return Ok(());
            }
            _ => return Err(unexpected(&answer)),
        };
        for key in keys.dnssec.unwrap_or_default() {
            let path = format!("{path}/{}", key.digest);
            let answer = self.send("remove a DNSSEC key", self.request(Method::DELETE, &path));
            let answer = answer.await?;
            if !answer.status.is_success() && answer.status != StatusCode::NOT_FOUND {
                return Err(unexpected(&answer));
            }
        }
        Ok(())
    }
}

/// Whether both are the same servers, in whatever order and spelling.
fn same_servers(one: &[String], other: &[String]) -> bool {
    let set = |servers: &[String]| -> BTreeSet<String> {
        let spelled = servers.iter().map(|server| server.trim_end_matches('.'));
        spelled.map(str::to_ascii_lowercase).collect()
    };
    set(one) == set(other)
}
