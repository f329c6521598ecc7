//! DKIM of a domain, for which Graph has no call: set up through Exchange, by the operator, or not at all.

use std::sync::Arc;

use async_trait::async_trait;
use peeker_domain::DomainName;
use peeker_domain::id::ProviderAccountId;
use peeker_domain::vendor::OperatorTask;

use crate::vendor::OperatorTasks;
use crate::{Call, DnsRecord, ErrorClass, ProviderError};

/// Who sets DKIM up.
#[async_trait]
pub(super) trait Dkim: Send + Sync {
    /// The records that point to the keys. Errors: `Retry` or `NeedsHuman`, as long as they are not known.
    async fn records(
        &self,
        call: Call<'_>,
        name: &DomainName,
    ) -> Result<Vec<DnsRecord>, ProviderError>;

    /// Has what `name` sends signed. Errors: `Retry`, while the records are not to be seen.
    async fn enable(&self, name: &DomainName) -> Result<(), ProviderError>;
}

/// The records for two targets.
pub(super) fn records(name: &DomainName, targets: [String; 2]) -> Vec<DnsRecord> {
    let numbered = (1..).zip(targets);
    numbered
        .map(|(number, target)| {
            DnsRecord::cname(format!("selector{number}._domainkey.{name}"), target)
        })
        .collect()
}

/// The operator, who is asked for it.
pub(super) struct Operator {
    pub tasks: Arc<dyn OperatorTasks>,
    pub account: ProviderAccountId,
}

#[async_trait]
impl Dkim for Operator {
    async fn records(
        &self,
        call: Call<'_>,
        name: &DomainName,
    ) -> Result<Vec<DnsRecord>, ProviderError> {
        let instructions = format!(
            "In the Defender portal, Email authentication settings, DKIM, create the keys of {name}, enter the targets of its \
             two CNAME records here, and switch signing on once they are published."
        );
        let task = OperatorTask::MicrosoftDkim;
        let outcome = self
            .tasks
            .outcome(call, &self.account, task, name, &instructions);
        let wanted = |said: &str| {
            let message = format!(
                "{said} The DKIM keys of {name} have to be created in the Defender portal and their CNAME targets entered \
                 with `peeker provider tasks`."
            );
            ProviderError::new(ErrorClass::NeedsHuman, message.trim())
        };
        let answer = outcome.await?.ok_or_else(|| wanted(""))?;
        let targets = parse_dkim_answer(&answer).map_err(|said| wanted(&said))?;
        Ok(records(name, targets))
    }

    async fn enable(&self, _name: &DomainName) -> Result<(), ProviderError> {
        // The operator does that in the portal, as his task says.
        Ok(())
    }
}

/// Nobody.
pub(super) struct Off;

#[async_trait]
impl Dkim for Off {
    async fn records(
        &self,
        _call: Call<'_>,
        _name: &DomainName,
    ) -> Result<Vec<DnsRecord>, ProviderError> {
        Ok(Vec::new())
    }

    async fn enable(&self, _name: &DomainName) -> Result<(), ProviderError> {
        Ok(())
    }
}

/// Reads what the operator entered: the targets of the two CNAME records, the first selector's first, with a space or a line
/// break between. Errors: what is wrong with it, in one sentence.
pub fn parse_dkim_answer(text: &str) -> Result<[String; 2], String> {
    let targets: Vec<&str> = text.split([' ', '\t', '\r', '\n', ',']).collect();
    let targets: Vec<&str> = targets
        .into_iter()
        .filter(|target| !target.is_empty())
        .collect();
    let [first, second] = targets[..] else {
        return Err("Enter the two CNAME targets, with a space between.".to_owned());
    };
    Ok([target(1, first)?, target(2, second)?])
}

/// Checks the target of one selector.
pub(super) fn target(number: u8, text: &str) -> Result<String, String> {
    let host = text.trim_end_matches('.').to_ascii_lowercase();
    let is_label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=63).contains(&label.len())
            && label.bytes().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let mut labels = host.split('.');
    let of_selector = labels
        .next()
        .is_some_and(|label| is_label(label) && label.starts_with(&format!("selector{number}-")));
    if of_selector
        && labels.next() == Some("_domainkey")
        && host.len() <= 253
        && labels.clone().count() >= 2
        && labels.all(is_label)
    {
        return Ok(host);
    }
    Err(format!(
        "The target of selector {number} must be as Microsoft shows it, such as selector{number}-acme-com._domainkey.…."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: [&str; 2] = [
        "selector1-acme-com._domainkey.acme.onmicrosoft.com",
        "selector2-acme-com._domainkey.acme.onmicrosoft.com",
    ];
    const NEW: [&str; 2] = [
        "selector1-acme-com._domainkey.acme.r-v1.dkim.mail.microsoft",
        "selector2-acme-com._domainkey.acme.r-v1.dkim.mail.microsoft",
    ];

    #[test]
    fn two_targets_are_taken_in_every_form_that_microsoft_gives_them() {
        for targets in [OLD, NEW] {
            let [first, second] = targets;
            for text in [
                format!("{first} {second}"),
                format!("  {first}.\r\n{second}.\n"),
                format!("{}, {second}", first.replace("acme", "ACME")),
            ] {
                assert_eq!(
                    parse_dkim_answer(&text),
                    Ok(targets.map(str::to_owned)),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn what_are_no_two_targets_is_refused() {
        let [first, second] = NEW;
        for text in [
            String::new(),
            "done".to_owned(),
            first.to_owned(),
            format!("{second} {first}"),
            format!("{first} {first}"),
            format!("{first} {second} {second}"),
            format!("{first} selector2-acme-com.acme.onmicrosoft.com"),
            format!("{first} selector2-acme-com._domainkey"),
            format!("{first} selector2-acme-com._domainkey.a/b.com"),
            format!("{first} https://{second}"),
        ] {
            assert!(parse_dkim_answer(&text).is_err(), "{text}");
        }
    }
}
