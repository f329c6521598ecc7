//! The simulated mail providers: a tenant that takes any domain and any number of inboxes.

use std::collections::BTreeSet;

use async_trait::async_trait;
use peeker_domain::{DomainName, MailProvider};
use serde::{Deserialize, Serialize};

use super::dns::RECORD_SETS;
use super::magic::Magic;
use super::mail_records;
use super::probes::is_set_up;
use super::state::Documents;
use crate::{
    Call, DnsRecord, InboxRename, InboxSpec, Mail, MailDomain, ProviderError, Purpose, Scope,
};

const MAIL_DOMAINS: &str = "mail_domain";
const READY_TIMES: &str = "mail_domain_ready";
/// One document for all inboxes of a domain: a Microsoft domain has up to 99.
const INBOXES: &str = "inboxes";
/// How much longer `slow5-` names take.
const SLOW_MS: i64 = 5_000;
/// When to look again for an ownership proof that is not published yet.
const PROOF_RETRY_MS: i64 = 2_000;

#[derive(Serialize, Deserialize)]
struct MailDomainDocument {
    added_at_ms: i64,
}

#[derive(Serialize, Deserialize)]
struct ReadyDocument {
    ready_at_ms: i64,
}

pub(super) struct SandboxMail {
    documents: Documents,
}

impl SandboxMail {
    pub(super) fn new(documents: Documents) -> Self {
        Self { documents }
    }

    /// Lets a slow domain wait until five seconds after it was first asked for.
    async fn wait_until_ready(&self, call: Call<'_>, key: &str) -> Result<(), ProviderError> {
        let now = call.now.as_millis();
        let first = ReadyDocument {
            ready_at_ms: call.now.plus_millis(SLOW_MS).as_millis(),
        };
        let found = self
            .documents
            .keep_first(call, READY_TIMES, key, &first)
            .await?;
        let left = found.unwrap_or(first).ready_at_ms - now;
        if left > 0 {
            return Err(ProviderError::retry(
                Some(left),
                "the simulated mail provider is still setting the domain up",
            ));
        }
        Ok(())
    }
}

/// A domain may have been at one provider before it came to the other.
fn key(provider: MailProvider, name: &DomainName) -> String {
    format!("{provider}:{name}")
}

fn does_not_take(name: &DomainName) -> ProviderError {
    let message = format!("the simulated mail provider does not take {name}");
    ProviderError::permanent(Scope::Domain, message)
}

#[async_trait]
impl Mail for SandboxMail {
    async fn prepare_domain(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
        purpose: Purpose,
    ) -> Result<MailDomain, ProviderError> {
        let key = key(provider, name);
        match Magic::of(name) {
            Some(Magic::Replace) if !is_set_up(&self.documents, call, name.as_str()).await? => {
                return Err(does_not_take(name));
            }
            Some(Magic::SwapFails) if purpose == Purpose::Swap => return Err(does_not_take(name)),
            Some(Magic::Fail) => {
                let message = "the simulated mail provider has closed the tenant";
                return Err(ProviderError::permanent(Scope::Order, message));
            }
            Some(Magic::Slow5) => self.wait_until_ready(call, &key).await?,
            _ => {}
        }
        let added = MailDomainDocument {
            added_at_ms: call.now.as_millis(),
        };
        self.documents
            .keep_first(call, MAIL_DOMAINS, &key, &added)
            .await?;
        Ok(MailDomain {
            records: mail_records::wanted(provider, name),
        })
    }

    async fn verify_domain(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
    ) -> Result<MailDomain, ProviderError> {
        let proof = mail_records::ownership_proof(provider, name);
        let published: Option<Vec<DnsRecord>> = self
            .documents
            .find(call, RECORD_SETS, name.as_str())
            .await?;
        if published.is_some_and(|records| records.contains(&proof)) {
            return Ok(MailDomain {
                records: mail_records::wanted(provider, name),
            });
        }
        let message = format!("the ownership proof of {name} is not published yet");
        Err(ProviderError::retry(Some(PROOF_RETRY_MS), message))
    }

    async fn activate_domain(
        &self,
        _call: Call<'_>,
        _provider: MailProvider,
        _name: &DomainName,
    ) -> Result<(), ProviderError> {
        // Signs from the moment it has seen the ownership proof.
        Ok(())
    }

    async fn ensure_inboxes(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
        inboxes: &[InboxSpec<'_>],
    ) -> Result<(), ProviderError> {
        let key = key(provider, name);
        let mut wanted: BTreeSet<String> = inboxes
            .iter()
            .map(|inbox| inbox.address.to_owned())
            .collect();
        let Some(current) = self
            .documents
            .keep_first(call, INBOXES, &key, &wanted)
            .await?
        else {
            return Ok(());
        };
        if wanted.is_subset(&current) {
            return Ok(());
        }
        wanted.extend(current);
        self.documents.replace(call, INBOXES, &key, &wanted).await
    }

    async fn rename_inboxes(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
        renames: &[InboxRename<'_>],
    ) -> Result<(), ProviderError> {
        let key = key(provider, name);
        let current = self
            .documents
            .find::<BTreeSet<String>>(call, INBOXES, &key)
            .await?
            .unwrap_or_default();
        let mut inboxes = current.clone();
        for rename in renames
            .iter()
            .filter(|rename| rename.from != rename.to.address)
        {
            if inboxes.remove(rename.from) {
                inboxes.insert(rename.to.address.to_owned());
            } else if !inboxes.contains(rename.to.address) {
                let message = format!("there is no inbox {} to rename", rename.from);
                return Err(ProviderError::permanent(Scope::Domain, message));
            }
        }
        if inboxes.len() != current.len() {
            let message = format!("a new address on {name} belongs to another inbox");
            return Err(ProviderError::permanent(Scope::Domain, message));
        }
        if inboxes == current {
            return Ok(());
        }
        self.documents.replace(call, INBOXES, &key, &inboxes).await
    }

    async fn remove_inboxes(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
        addresses: &[String],
    ) -> Result<(), ProviderError> {
        let key = key(provider, name);
        let Some(mut inboxes) = self
            .documents
            .find::<BTreeSet<String>>(call, INBOXES, &key)
            .await?
        else {
            return Ok(());
        };
        let before = inboxes.len();
        for address in addresses {
            inboxes.remove(address);
        }
        if inboxes.is_empty() {
            self.documents.forget(call, INBOXES, &key).await
        } else if inboxes.len() < before {
            self.documents.replace(call, INBOXES, &key, &inboxes).await
        } else {
            Ok(())
        }
    }

    async fn release_domain(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
    ) -> Result<bool, ProviderError> {
        // The simulated tenant has room for any number of domains, so one that is off it costs nothing to keep.
        let key = key(provider, name);
        let inboxes = self.documents.find::<BTreeSet<String>>(call, INBOXES, &key);
        Ok(inboxes.await?.is_none())
    }
}
