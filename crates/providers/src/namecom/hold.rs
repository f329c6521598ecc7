//! Domains that the registry or name.com has taken off the DNS.

use peeker_domain::DomainName;
use peeker_domain::vendor::OperatorTask;
use reqwest::{Method, StatusCode};

use super::NameCom;
use super::api::unexpected;
use super::wire::{Domain, DomainPage};
use crate::{Call, ProviderError};

/// Domains in one page of the list.
const PAGE: u32 = 250;

/// A domain of the account that is off the DNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldDomain {
    pub name: DomainName,
    /// The registry's word for it, such as `clientHold`.
    pub hold: String,
}

impl NameCom {
    /// Every domain of the account that is off the DNS now.
    pub async fn held_domains(&self) -> Result<Vec<HeldDomain>, ProviderError> {
        let (mut held, mut page) = (Vec::new(), 1);
        loop {
            let listed = self.list(page, PAGE).await?;
            let domains = listed.domains.unwrap_or_default();
            held.extend(domains.iter().filter_map(held_domain));
            match listed.next_page {
                Some(next) if next > page => page = next,
                _ => return Ok(held),
            }
        }
    }

    pub(super) async fn list(&self, page: u32, per_page: u32) -> Result<DomainPage, ProviderError> {
        let path = format!("domains?page={page}&perPage={per_page}");
        let request = self.request(Method::GET, &path);
        let answer = self.send("list domains", request).await?;
        match answer.status {
            StatusCode::OK => answer.json(),
            _ => Err(unexpected(&answer)),
        }
    }

    /// Has the operator's list say whether the domain is off the DNS.
    pub(super) async fn note_hold(
        &self,
        call: Call<'_>,
        name: &DomainName,
        domain: &Domain,
    ) -> Result<(), ProviderError> {
        let task = OperatorTask::ClientHold;
        let Some(hold) = hold(domain) else {
            return self.tasks.settled(call, task, name).await;
        };
        let instructions = format!(
            "{name} is off the DNS at name.com ({hold}): verify the registrant's e-mail address by the link that name.com \
             sent there, or ask name.com's support what else is missing"
        );
        let account = &self.http.account().id;
        let outcome = self.tasks.outcome(call, account, task, name, &instructions);
        outcome.await.map(|_| ())
    }
}

fn held_domain(domain: &Domain) -> Option<HeldDomain> {
    Some(HeldDomain {
        name: DomainName::parse(&domain.name).ok()?,
        hold: hold(domain)?.to_owned(),
    })
}

/// The lock that keeps the domain out of the DNS. All such have `hold` in their names: the registries' own and name.com's.
fn hold(domain: &Domain) -> Option<&str> {
    let locks = domain.locks.as_deref().unwrap_or_default();
    let is_hold = |lock: &&String| lock.to_ascii_lowercase().contains("hold");
    locks.iter().find(is_hold).map(String::as_str)
}
