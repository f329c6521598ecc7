//! Domains of the tenant: added, proven, opened for mail, taken off.

use peeker_domain::DomainName;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Microsoft;
use super::graph::{Ask, Body, DOMAINS, Reply};
use super::records::{self, WireRecord};
use super::refusal::Meaning;
use crate::{DnsRecord, ErrorClass, ProviderError, Scope};

/// When to look again for records that are not to be seen yet, in milliseconds.
const DNS_RETRY_MS: i64 = 30_000;
/// When to try again what waits for Microsoft's own systems, in milliseconds.
const SETTLE_RETRY_MS: i64 = 15_000;

const EMAIL: &str = "Email";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireDomain {
    #[serde(default)]
    is_verified: bool,
    #[serde(default)]
    supported_services: Vec<String>,
}

#[derive(Deserialize)]
struct Records {
    value: Vec<WireRecord>,
}

impl Microsoft {
    /// Adds `name` to the tenant, unless it is there.
    pub(super) async fn add_domain(&self, name: &DomainName) -> Result<(), ProviderError> {
        if self.find_domain(name).await?.is_some() {
            return Ok(());
        }
        let body = json!({"id": name.as_str()});
        let reply = self
            .domain("add a domain", Method::POST, &[], Some(body))
            .await?;
        match reply.meaning {
            Meaning::Done => Ok(()),
            Meaning::Exists if self.find_domain(name).await?.is_some() => Ok(()),
            Meaning::Elsewhere => Err(in_another_tenant(name)),
            // Ours since a moment, or another's without Microsoft saying so.
            Meaning::Exists => {
                let message = format!(
                    "Microsoft has {name} and does not show it in this tenant; if it is in another one, it has to be removed there"
                );
                Err(ProviderError::new(ErrorClass::Conflict, message))
            }
            _ => Err(reply.unexpected()),
        }
    }

    /// The record that proves who owns `name`: of the two that Graph offers, the TXT record.
    pub(super) async fn ownership_proof(
        &self,
        name: &DomainName,
    ) -> Result<DnsRecord, ProviderError> {
        let path = [name.as_str(), "verificationDnsRecords"];
        let reply = self.domain(
            "get the verification records of a domain",
            Method::GET,
            &path,
            None,
        );
        let reply = reply.await?;
        if reply.meaning == Meaning::Absent {
            return Err(not_shown(name));
        }
        let Records { value } = reply.done()?;
        records::ownership_proof(name, value).ok_or_else(|| not_shown(name))
    }

    /// Has Microsoft look for its record, and opens the domain for mail. Errors: `Retry`, while it is not verified.
    pub(super) async fn verify(&self, name: &DomainName) -> Result<(), ProviderError> {
        let domain = self
            .find_domain(name)
            .await?
            .ok_or_else(|| not_shown(name))?;
        if !domain.is_verified {
            let path = [name.as_str(), "verify"];
            let reply = self
                .domain("verify a domain", Method::POST, &path, None)
                .await?;
            match reply.meaning {
                Meaning::Done => {}
                Meaning::Exists | Meaning::Elsewhere => return Err(in_another_tenant(name)),
                Meaning::Absent => return Err(not_shown(name)),
                Meaning::Other if reply.answer.status.as_u16() == 400 => {
                    let message =
                        format!("Microsoft does not see the ownership proof of {name} yet");
                    return Err(ProviderError::retry(Some(DNS_RETRY_MS), message));
                }
                _ => return Err(reply.unexpected()),
            }
            let verified: WireDomain = reply.done()?;
            if !verified.is_verified {
                return Err(not_shown(name));
            }
        }
        self.open_for_mail(name, domain.supported_services).await
    }

    /// Before that, Graph names no records for mail.
    async fn open_for_mail(
        &self,
        name: &DomainName,
        mut services: Vec<String>,
    ) -> Result<(), ProviderError> {
        if services.iter().any(|service| service == EMAIL) {
            return Ok(());
        }
        services.push(EMAIL.to_owned());
        let body = json!({"supportedServices": services});
        let path = [name.as_str()];
        let reply = self
            .domain("open a domain for mail", Method::PATCH, &path, Some(body))
            .await?;
        match reply.meaning {
            Meaning::Done => Ok(()),
            Meaning::Absent => Err(not_shown(name)),
            _ => Err(reply.unexpected()),
        }
    }

    /// The records for mail. Errors: `Retry`, while Graph does not name them.
    pub(super) async fn service_records(
        &self,
        name: &DomainName,
    ) -> Result<Vec<DnsRecord>, ProviderError> {
        let path = [name.as_str(), "serviceConfigurationRecords"];
        let reply = self
            .domain("get the mail records of a domain", Method::GET, &path, None)
            .await?;
        let not_yet = || {
            let message = format!("Microsoft has not set {name} up for mail yet");
            ProviderError::retry(Some(DNS_RETRY_MS), message)
        };
        if reply.meaning == Meaning::Absent {
            return Err(not_yet());
        }
        let Records { value } = reply.done()?;
        records::for_mail(name, value).ok_or_else(not_yet)
    }

    /// Takes `name` off the tenant, unless it has users.
    pub(super) async fn remove_domain(&self, name: &DomainName) -> Result<bool, ProviderError> {
        if self.find_domain(name).await?.is_none() {
            return Ok(true);
        }
        if !self.users(name).await?.is_empty() {
            return Ok(false);
        }
        let path = [name.as_str()];
        let reply = self
            .domain("remove a domain", Method::DELETE, &path, None)
            .await?;
        match reply.meaning {
            Meaning::Done | Meaning::Absent => Ok(true),
            // Something that was removed moments ago still refers to it.
            Meaning::Exists | Meaning::Other => {
                let message = format!("Microsoft does not let {name} go yet");
                Err(ProviderError::retry(Some(DNS_RETRY_MS), message))
            }
            _ => Err(reply.unexpected()),
        }
    }

    async fn find_domain(&self, name: &DomainName) -> Result<Option<WireDomain>, ProviderError> {
        let path = [name.as_str()];
        let reply = self
            .domain("look at a domain", Method::GET, &path, None)
            .await?;
        match reply.meaning {
            Meaning::Absent => Ok(None),
            _ => reply.done().map(Some),
        }
    }

    async fn domain(
        &self,
        operation: &'static str,
        method: Method,
        path: &[&str],
        body: Option<Value>,
    ) -> Result<Reply, ProviderError> {
        let ask = Ask {
            operation,
            permission: DOMAINS,
            method,
            url: self.graph.at(&[&["domains"], path].concat()),
            body: body.map_or(Body::Nothing, Body::Json),
        };
        self.graph.ask(ask).await
    }
}

fn not_shown(name: &DomainName) -> ProviderError {
    let message = format!("Microsoft does not show {name} as it is yet");
    ProviderError::retry(Some(SETTLE_RETRY_MS), message)
}

fn in_another_tenant(name: &DomainName) -> ProviderError {
    let message = format!(
        "{name} is in another Microsoft 365 tenant; it has to be removed there before it can be used here"
    );
    ProviderError::permanent(Scope::Domain, message)
}
