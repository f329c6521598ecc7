//! A look at the account: which scopes it lacks, what it has.

use async_trait::async_trait;
use serde::Deserialize;

use reqwest::Method;

use super::Google;
use super::api::{Ask, Reply};
use super::domains::WireDomain;
use super::seats::NO_SUBSCRIPTION;
use crate::ProviderError;
use crate::vendor::{AccountCheck, AccountReport};

#[derive(Deserialize)]
struct Domains {
    #[serde(default)]
    domains: Vec<WireDomain>,
}

#[async_trait]
impl AccountCheck for Google {
    async fn check(&self) -> Result<AccountReport, ProviderError> {
        let mut report = AccountReport::default();
        let list = self.domains_request(Method::GET, &[], None);
        let mut primary = None;
        if let Some(reply) = self.permitted(list, &mut report).await? {
            let Domains { domains } = reply.done()?;
            report.facts.push(("domains", domains.len().to_string()));
            let own = domains.into_iter().find(|domain| domain.is_primary);
            primary = own.map(|domain| domain.domain_name);
        }
        if let Some(name) = &primary {
            report.facts.push(("primary domain", name.clone()));
        }
        let users = self.users_request(&[("customer", &self.customer), ("maxResults", "1")]);
        self.permitted(users, &mut report).await?;
        // A token for a domain proves nothing and changes nothing.
        let token = self.token_request(primary.as_deref().unwrap_or("example.com"));
        self.permitted(token, &mut report).await?;
        if let Some(seats) = &self.seats {
            let list = self.subscriptions_request(seats);
            if let Some(reply) = self.permitted(list, &mut report).await? {
                match Self::subscription_facts(seats, &reply.answer.body) {
                    Some(seats) => report.facts.push(("seats", seats)),
                    None => report.missing.push(NO_SUBSCRIPTION.to_owned()),
                }
            }
        }
        Ok(report)
    }
}

impl Google {
    /// The answer to a call that the account may make; `None`, and noted in the report, for another.
    async fn permitted(
        &self,
        ask: Ask,
        report: &mut AccountReport,
    ) -> Result<Option<Reply>, ProviderError> {
        match self.api.try_ask(ask).await? {
            Ok(reply) => Ok(Some(reply)),
            Err(denied) if denied.concerns_a_scope() => {
                report.missing.push(denied.scope.url().to_owned());
                Ok(None)
            }
            Err(denied) => Err(self.api.http.needs_attention(denied.sentence()).await),
        }
    }
}
