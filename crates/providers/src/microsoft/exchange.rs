//! DKIM through Exchange, whose commands can be run over HTTP. Microsoft does not document that way, so nothing else uses it.

use std::sync::Arc;

use async_trait::async_trait;
use peeker_domain::DomainName;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::dkim::{self, Dkim};
use super::graph::{Ask, Body, EXCHANGE, Graph, Reply};
use super::refusal::Meaning;
use super::token::Audience;
use crate::{Call, DnsRecord, ProviderError};

/// When to look again for what Exchange does not know yet, in milliseconds. A domain gets there from Graph in minutes.
const RETRY_MS: i64 = 60_000;

pub(super) struct Exchange(pub(super) Arc<Graph>);

#[derive(Deserialize)]
struct Results {
    #[serde(default)]
    value: Vec<SigningConfig>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct SigningConfig {
    enabled: bool,
    #[serde(rename = "Selector1CNAME")]
    selector1: Option<String>,
    #[serde(rename = "Selector2CNAME")]
    selector2: Option<String>,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    /// There is no such config, or Exchange does not know the domain yet.
    Absent,
    Exists,
    /// The records are not to be seen.
    Unpublished,
    Other,
}

impl Outcome {
    /// Exchange's refusals differ by the exception that they name, somewhere in the body.
    fn of(meaning: Meaning, body: &[u8]) -> Self {
        if meaning == Meaning::Done {
            return Self::Done;
        }
        let said = String::from_utf8_lossy(body);
        let names = |words: &[&str]| words.iter().any(|word| said.contains(word));
        if names(&["CNAME", "CnameMissing"]) {
            Self::Unpublished
        } else if meaning == Meaning::Exists || names(&["already exists", "AlreadyExists"]) {
            Self::Exists
        } else if meaning == Meaning::Absent || names(&["NotFound", "couldn't be found"]) {
            Self::Absent
        } else {
            Self::Other
        }
    }
}

#[async_trait]
impl Dkim for Exchange {
    async fn records(
        &self,
        _call: Call<'_>,
        name: &DomainName,
    ) -> Result<Vec<DnsRecord>, ProviderError> {
        let config = match self.find(name).await? {
            Some(config) => config,
            None => self.make(name).await?,
        };
        let targets = config.selector1.zip(config.selector2);
        let (first, second) = targets.ok_or_else(|| not_yet(name))?;
        let targets = [dkim::target(1, &first), dkim::target(2, &second)];
        let targets = targets.into_iter().collect::<Result<Vec<_>, _>>();
        let targets = targets
            .ok()
            .and_then(|targets| <[String; 2]>::try_from(targets).ok());
        let targets = targets.ok_or_else(|| {
            let message = format!("Exchange names DKIM targets of {name} that are no host names");
            ProviderError::retry(Some(RETRY_MS), message)
        })?;
        Ok(dkim::records(name, targets))
    }

    async fn enable(&self, name: &DomainName) -> Result<(), ProviderError> {
        let config = self.find(name).await?.ok_or_else(|| not_yet(name))?;
        if config.enabled {
            return Ok(());
        }
        let parameters = json!({"Identity": name.as_str(), "Enabled": true});
        let (outcome, reply) = self.run("Set-DkimSigningConfig", parameters).await?;
        let unpublished = || {
            let message = format!("Exchange does not see the DKIM records of {name} yet");
            ProviderError::retry(Some(RETRY_MS), message)
        };
        match outcome {
            // It may take the command and leave the switch where it is.
            Outcome::Done => match self.find(name).await? {
                Some(config) if config.enabled => Ok(()),
                _ => Err(unpublished()),
            },
            Outcome::Unpublished => Err(unpublished()),
            Outcome::Absent => Err(not_yet(name)),
            Outcome::Exists | Outcome::Other => Err(reply.unexpected()),
        }
    }
}

impl Exchange {
    async fn find(&self, name: &DomainName) -> Result<Option<SigningConfig>, ProviderError> {
        let parameters = json!({"Identity": name.as_str()});
        let (outcome, reply) = self.run("Get-DkimSigningConfig", parameters).await?;
        match outcome {
            Outcome::Done => Ok(reply.done::<Results>()?.value.into_iter().next()),
            Outcome::Absent => Ok(None),
            _ => Err(reply.unexpected()),
        }
    }

    /// Makes the keys; signing stays off until they are published.
    async fn make(&self, name: &DomainName) -> Result<SigningConfig, ProviderError> {
        let parameters = json!({"DomainName": name.as_str(), "Enabled": false});
        let (outcome, reply) = self.run("New-DkimSigningConfig", parameters).await?;
        let made = match outcome {
            Outcome::Done => reply.done::<Results>()?.value.into_iter().next(),
            Outcome::Exists => self.find(name).await?,
            Outcome::Absent => None,
            _ => return Err(reply.unexpected()),
        };
        made.ok_or_else(|| not_yet(name))
    }

    async fn run(
        &self,
        command: &'static str,
        parameters: Value,
    ) -> Result<(Outcome, Reply), ProviderError> {
        let input = json!({"CmdletInput": {"CmdletName": command, "Parameters": parameters}});
        let ask = Ask {
            operation: command,
            permission: EXCHANGE,
            method: Method::POST,
            url: self.0.commands(),
            body: Body::Json(input),
        };
        let reply = match self.0.try_ask(Audience::Exchange, ask).await? {
            Ok(reply) => reply,
            Err(denied) => return Err(self.0.not_permitted(denied).await),
        };
        Ok((Outcome::of(reply.meaning, &reply.answer.body), reply))
    }
}

fn not_yet(name: &DomainName) -> ProviderError {
    let message = format!("Exchange has not set up DKIM for {name} yet");
    ProviderError::retry(Some(RETRY_MS), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_command_is_known_by_what_it_names() {
        for (status, body, expected) in [
            (200, r#"{"value":[]}"#, Outcome::Done),
            (404, "", Outcome::Absent),
            (
                400,
                r#"{"error":{"innererror":{"type":"Microsoft.Exchange.ManagementObjectNotFoundException"}}}"#,
                Outcome::Absent,
            ),
            (
                400,
                r#"{"error":{"message":"The config already exists."}}"#,
                Outcome::Exists,
            ),
            (
                400,
                r#"{"error":{"message":"CNAME record does not exist for this config."}}"#,
                Outcome::Unpublished,
            ),
            (
                400,
                r#"{"error":{"message":"Something else."}}"#,
                Outcome::Other,
            ),
        ] {
            let meaning = Meaning::of(status, body.as_bytes());
            assert_eq!(
                Outcome::of(meaning, body.as_bytes()),
                expected,
                "{status} {body}"
            );
        }
    }
}
