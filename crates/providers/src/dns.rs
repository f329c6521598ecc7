//! The port to the DNS host, and the records that our plan adds to those a mail provider wants.

use async_trait::async_trait;
use peeker_domain::{DomainName, WebUrl};
use serde::{Deserialize, Serialize};

use crate::{Call, ProviderError};

/// Time to live of every record we make, in seconds: long enough to be cached, short enough that a change of mail
/// provider is seen within the hour.
pub const RECORD_TTL: u32 = 3600;

/// Type of a DNS record; those that sending domains use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordKind {
    Mx,
    /// Text: ownership proof, SPF, DKIM key, DMARC policy.
    Txt,
    Cname,
    A,
    Ns,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DnsRecord {
    pub kind: RecordKind,
    /// The whole name, lower case, no trailing dot.
    pub name: String,
    /// The value without quotes; an adapter splits texts above 255 bytes as its host wants it.
    pub content: String,
    /// Preference of an MX record; `None` for all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<u16>,
    /// Time to live, in seconds.
    pub ttl: u32,
}

impl DnsRecord {
    /// A TXT record with the usual time to live.
    pub fn txt(name: impl Into<String>, content: impl Into<String>) -> Self {
        Self::new(RecordKind::Txt, name, content, None)
    }

    /// A CNAME record with the usual time to live.
    pub fn cname(name: impl Into<String>, target: impl Into<String>) -> Self {
        Self::new(RecordKind::Cname, name, target, None)
    }

    /// An MX record with the usual time to live; the lowest `priority` is tried first.
    pub fn mx(name: impl Into<String>, priority: u16, host: impl Into<String>) -> Self {
        Self::new(RecordKind::Mx, name, host, Some(priority))
    }

    fn new(
        kind: RecordKind,
        name: impl Into<String>,
        content: impl Into<String>,
        priority: Option<u16>,
    ) -> Self {
        Self {
            kind,
            name: name.into(),
            content: content.into(),
            priority,
            ttl: RECORD_TTL,
        }
    }
}

/// The DMARC policy of a sending domain: report only, relaxed alignment, so that a young domain loses no mail.
pub fn dmarc(name: &DomainName) -> DnsRecord {
    DnsRecord::txt(
        format!("_dmarc.{name}"),
        format!("v=DMARC1; p=none; rua=mailto:dmarc@{name}; adkim=r; aspf=r; pct=100"),
    )
}

/// Every record that a sending domain needs for mail: what the mail provider wants, and our DMARC policy.
///
/// To be given to [`Dns::put_records`] as a whole: ownership proof and SPF share a name and a type, and of two calls
/// the second would replace what the first wrote.
pub fn mail_records(name: &DomainName, mut wanted_by_provider: Vec<DnsRecord>) -> Vec<DnsRecord> {
    wanted_by_provider.push(dmarc(name));
    wanted_by_provider
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// What the registrar must delegate the domain to.
    pub nameservers: Vec<String>,
}

/// Where zones and web redirects are hosted.
#[async_trait]
pub trait Dns: Send + Sync {
    /// Whether this account's host takes `zones` more zones now. Hosts limit how many zones are made in a time, so
    /// callers ask before they promise. Errors: quota, with the time to wait.
    async fn zone_capacity(&self, call: Call<'_>, zones: usize) -> Result<(), ProviderError>;

    /// Makes the zone of `name`, or finds it. Errors: quota, when the host makes no more zones for a while.
    async fn ensure_zone(&self, call: Call<'_>, name: &DomainName) -> Result<Zone, ProviderError>;

    /// Publishes `records` in the zone of `name`. For every name and type among them they replace all that is there;
    /// other records stay.
    async fn put_records(
        &self,
        call: Call<'_>,
        name: &DomainName,
        records: &[DnsRecord],
    ) -> Result<(), ProviderError>;

    /// All records that were put into the zone of `name`, in a stable order; none when there is no zone.
    async fn records(
        &self,
        call: Call<'_>,
        name: &DomainName,
    ) -> Result<Vec<DnsRecord>, ProviderError>;

    /// Redirects the web address of `name` to `target`, replacing an earlier target.
    async fn set_redirect(
        &self,
        call: Call<'_>,
        name: &DomainName,
        target: &WebUrl,
    ) -> Result<(), ProviderError>;

    /// Ends the redirect of `name`, if there is one.
    async fn clear_redirect(&self, call: Call<'_>, name: &DomainName) -> Result<(), ProviderError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dmarc_reports_to_the_domain_itself() {
        let name = DomainName::parse("acme-mail.com").unwrap();
        let record = dmarc(&name);
        assert_eq!(
            (record.kind, record.name.as_str()),
            (RecordKind::Txt, "_dmarc.acme-mail.com")
        );
        assert_eq!(
            record.content,
            "v=DMARC1; p=none; rua=mailto:dmarc@acme-mail.com; adkim=r; aspf=r; pct=100"
        );
    }

    #[test]
    fn a_record_reads_as_zone_files_spell_it() {
        let json = serde_json::to_value(DnsRecord::mx("a.com", 1, "smtp.google.com")).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"kind":"MX","name":"a.com","content":"smtp.google.com","priority":1,"ttl":3600})
        );
    }
}
