//! The outside world as it is: the public DNS, and web addresses.

mod ask;
mod delegation;

use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use peeker_domain::{DomainName, WebUrl};
use tokio::time::timeout;

use crate::web_probes::WebProbes;
use crate::{Call, Probes, ProviderError, TargetProblem};
use delegation::{Parent, spelled, unanswered};

/// How long looking at one domain may take.
const PATIENCE: Duration = Duration::from_secs(9);

/// Who is asked about the DNS.
#[derive(Debug, Clone)]
pub struct DnsSettings {
    /// The first finds servers, the second one has to see a delegation too. One alone does both.
    pub resolvers: Vec<SocketAddr>,
    /// Where zones' own servers listen: 53, but for those of a test.
    pub authoritative_port: u16,
}

/// Looks at domains in the DNS and at addresses in the web.
#[derive(Debug, Clone)]
pub struct DnsProbes {
    settings: DnsSettings,
    web: WebProbes,
}

impl DnsProbes {
    pub fn new(settings: DnsSettings, web: WebProbes) -> Self {
        Self { settings, web }
    }

    /// The zone above, the servers themselves and a resolver that has not been asked before all say so.
    async fn is_delegated(
        &self,
        name: &DomainName,
        nameservers: &[String],
    ) -> Result<bool, ProviderError> {
        let wanted = spelled(nameservers.iter().map(String::as_str));
        if self.parent(name).await? != Parent::Delegates(wanted.clone()) {
            return Ok(false);
        }
        if !self.is_served(name, nameservers).await? {
            return Ok(false);
        }
        Ok(self.servers_elsewhere(name).await? == wanted)
    }
}

#[async_trait]
impl Probes for DnsProbes {
    async fn delegated(
        &self,
        _call: Call<'_>,
        name: &DomainName,
        nameservers: &[String],
    ) -> Result<bool, ProviderError> {
        let looked = timeout(PATIENCE, self.is_delegated(name, nameservers)).await;
        looked.unwrap_or_else(|_| Err(out_of_time(name)))
    }

    async fn picture_reachable(
        &self,
        _call: Call<'_>,
        url: &WebUrl,
    ) -> Result<bool, ProviderError> {
        Ok(self.web.picture_reachable(url).await)
    }

    /// A domain that was bought just now is in the zone above, and has no address before its redirect is made. So it is the
    /// zone above that decides whether it resolves.
    async fn forwarding_problem(
        &self,
        _call: Call<'_>,
        name: &DomainName,
        target: &WebUrl,
    ) -> Result<Option<TargetProblem>, ProviderError> {
        let looked = timeout(PATIENCE, self.parent(name)).await;
        match looked.unwrap_or_else(|_| Err(out_of_time(name)))? {
            Parent::Unknown => Ok(Some(TargetProblem::DnsLookupFailed)),
            Parent::Delegates(_) => Ok(self.web.target_problem(target).await),
        }
    }
}

fn out_of_time(name: &DomainName) -> ProviderError {
    unanswered(&format!("nobody who knows {name}"))
}
