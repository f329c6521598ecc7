//! Domains of the tenant: added, proven, taken off.

use peeker_domain::DomainName;
use peeker_domain::vendor::OperatorTask;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Google;
use super::api::{Ask, Reply, Scope};
use super::dkim;
use super::refusal::Meaning;
use crate::{Call, DnsRecord, ErrorClass, ProviderError};

/// When to look again for records that are not to be seen yet, in milliseconds.
const DNS_RETRY_MS: i64 = 30_000;
/// When to try again what waits for Google's own systems, in milliseconds.
const SETTLE_RETRY_MS: i64 = 10_000;
/// When to ask again for room in a full tenant, in milliseconds.
const ROOM_RETRY_MS: i64 = 60 * 60_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireDomain {
    pub(super) domain_name: String,
    #[serde(default)]
    pub(super) verified: bool,
    #[serde(default)]
    pub(super) is_primary: bool,
}

#[derive(Deserialize)]
struct WireToken {
    token: String,
}

fn site(name: &str) -> Value {
    json!({"type": "INET_DOMAIN", "identifier": name})
}

impl Google {
    /// Adds `name` to the tenant, unless it is there.
    pub(super) async fn add_domain(&self, name: &DomainName) -> Result<(), ProviderError> {
        if self.find_domain(name).await?.is_some() {
            return Ok(());
        }
        let body = json!({"domainName": name.as_str()});
        let reply = self.domains(Method::POST, &[], Some(body)).await?;
        match reply.meaning {
            Meaning::Done => Ok(()),
            Meaning::Exists if self.find_domain(name).await?.is_some() => Ok(()),
            Meaning::Elsewhere => {
                let message = format!(
                    "{name} is in another Google Workspace account; it has to be removed there before it can be used here"
                );
                Err(ProviderError::permanent(crate::Scope::Domain, message))
            }
            // Ours since a moment, or another's without Google saying so.
            Meaning::Exists => {
                let message = format!(
                    "Google has {name} and does not show it in this account; if it is in another one, it has to be removed there"
                );
                Err(ProviderError::new(ErrorClass::Conflict, message))
            }
            Meaning::Full => {
                let class = ErrorClass::Quota {
                    after_ms: Some(ROOM_RETRY_MS),
                };
                let message = "the Google Workspace account takes no more domains; remove unused ones or add an account";
                Err(ProviderError::new(class, message))
            }
            _ => Err(reply.unexpected()),
        }
    }

    /// What has to be published before ownership is proven. The token is the same each time.
    pub(super) async fn records(&self, name: &DomainName) -> Result<Vec<DnsRecord>, ProviderError> {
        let token = self.api.ask(self.token_request(name.as_str())).await?;
        let WireToken { token } = token.done()?;
        Ok(vec![
            DnsRecord::txt(name.as_str(), token),
            DnsRecord::mx(name.as_str(), 1, "smtp.google.com"),
            DnsRecord::txt(name.as_str(), "v=spf1 include:_spf.google.com ~all"),
        ])
    }

    pub(super) fn token_request(&self, name: &str) -> Ask {
        Ask {
            operation: "get the verification token of a domain",
            scope: Scope::Sites,
            method: Method::POST,
            url: self.api.sites.at(&["siteVerification", "v1", "token"]),
            body: Some(json!({"site": site(name), "verificationMethod": "DNS_TXT"})),
        }
    }

    /// Has Google look for its token. Errors: `Retry`, while the domain is not verified.
    pub(super) async fn verify(&self, name: &DomainName) -> Result<(), ProviderError> {
        if self.is_verified(name).await? {
            return Ok(());
        }
        let path = ["siteVerification", "v1", "webResource"];
        let ask = Ask {
            operation: "verify a domain",
            scope: Scope::Sites,
            method: Method::POST,
            url: self
                .api
                .sites
                .query(&path, &[("verificationMethod", "DNS_TXT")]),
            body: Some(json!({"site": site(name.as_str())})),
        };
        let reply = self.api.ask(ask).await?;
        if reply.meaning == Meaning::Done && self.is_verified(name).await? {
            return Ok(());
        }
        let message = match reply.meaning {
            Meaning::Done => {
                format!("Google has seen the ownership proof of {name} and is not done with it")
            }
            _ if reply.answer.status.as_u16() == 400 => {
                format!("Google does not see the ownership proof of {name} yet")
            }
            _ => return Err(reply.unexpected()),
        };
        Err(ProviderError::retry(Some(DNS_RETRY_MS), message))
    }

    async fn is_verified(&self, name: &DomainName) -> Result<bool, ProviderError> {
        let domain = self.find_domain(name).await?;
        domain.map(|domain| domain.verified).ok_or_else(|| {
            let message = format!("Google does not show {name} among the account's domains yet");
            ProviderError::retry(Some(SETTLE_RETRY_MS), message)
        })
    }

    /// The record with the DKIM key that the operator made. Errors: `NeedsHuman`, until he has.
    pub(super) async fn dkim_record(
        &self,
        call: Call<'_>,
        name: &DomainName,
    ) -> Result<Option<DnsRecord>, ProviderError> {
        if !self.dkim_by_operator {
            return Ok(None);
        }
        let instructions = dkim::instructions(name);
        let account = &self.api.http.account().id;
        let tasks = &self.services.tasks;
        let outcome = tasks
            .outcome(call, account, OperatorTask::GoogleDkim, name, &instructions)
            .await?;
        let wanted = |said: &str| {
            let message = format!(
                "{said} The DKIM key of {name} has to be made in the Google Admin console and entered with `peeker provider tasks`."
            );
            ProviderError::new(ErrorClass::NeedsHuman, message.trim())
        };
        let answer = outcome.ok_or_else(|| wanted(""))?;
        let (selector, value) = dkim::parse_dkim_answer(&answer).map_err(|said| wanted(&said))?;
        let record = DnsRecord::txt(format!("{selector}._domainkey.{name}"), value);
        Ok(Some(record))
    }

    /// Takes `name` off the tenant, unless it has users or is the tenant's own. Gives back whether it is off now.
    pub(super) async fn remove_domain(&self, name: &DomainName) -> Result<bool, ProviderError> {
        let Some(domain) = self.find_domain(name).await? else {
            return Ok(true);
        };
        if domain.is_primary || !self.users(name).await?.is_empty() {
            return Ok(false);
        }
        let reply = self.domains(Method::DELETE, &[name.as_str()], None).await?;
        match reply.meaning {
            Meaning::Done | Meaning::Absent => Ok(true),
            // Users that were removed moments ago still hold it.
            Meaning::Exists | Meaning::Unfinished | Meaning::Other => {
                let message = format!("Google does not let {name} go yet");
                Err(ProviderError::retry(Some(DNS_RETRY_MS), message))
            }
            _ => Err(reply.unexpected()),
        }
    }

    pub(super) async fn find_domain(
        &self,
        name: &DomainName,
    ) -> Result<Option<WireDomain>, ProviderError> {
        let reply = self.domains(Method::GET, &[name.as_str()], None).await?;
        match reply.meaning {
            Meaning::Absent => Ok(None),
            _ => reply.done().map(Some),
        }
    }

    async fn domains(
        &self,
        method: Method,
        path: &[&str],
        body: Option<Value>,
    ) -> Result<Reply, ProviderError> {
        self.api.ask(self.domains_request(method, path, body)).await
    }

    pub(super) fn domains_request(
        &self,
        method: Method,
        path: &[&str],
        body: Option<Value>,
    ) -> Ask {
        let operation = match method {
            Method::POST => "add a domain",
            Method::DELETE => "remove a domain",
            _ => "look at domains",
        };
        let customer = [
            "admin",
            "directory",
            "v1",
            "customer",
            &self.customer,
            "domains",
        ];
        Ask {
            operation,
            scope: Scope::Domains,
            method,
            url: self.api.directory.at(&[&customer, path].concat()),
            body,
        }
    }
}
