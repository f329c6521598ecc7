//! Domain import and forwarding jobs (contract §3).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::status::{DomainStatus, ForwardingStatus, ImportStatus, stored_enum};
use crate::time::Timestamp;

stored_enum! {
    /// Why a domain of an import or forwarding job failed.
    FailureReason {
        /// Not a domain name.
        InvalidDomain = "invalid_domain",
        /// A sub-domain or a public suffix.
        NotRootDomain = "not_root_domain",
        /// In another account.
        AlreadyImported = "already_imported",
        /// The DNS provider refused the zone.
        ZoneRejected = "zone_rejected",
        /// The DNS provider failed.
        ProviderError = "provider_error",
        /// The domain does not resolve.
        DnsLookupFailed = "dns_lookup_failed",
        /// The forwarding target does not answer.
        TargetUnreachable = "target_unreachable",
        /// The forwarding target may not be used.
        InvalidTarget = "invalid_target",
        /// No such domain in this account and environment.
        NotFound = "not_found",
    }
}

/// A domain import job.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImportJob {
    /// `imp_…`
    #[schema(example = "imp_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub id: String,
    /// Where the job stands.
    pub status: ImportStatus,
    /// Domains that have a zone.
    #[schema(example = 1)]
    pub completed_count: u32,
    /// Domains that could not be imported.
    #[schema(example = 0)]
    pub failed_count: u32,
    /// The nameservers that the customer has to set, with the domains to set them for.
    pub nameserver_groups: Vec<NameserverGroup>,
    /// Names that have a zone.
    #[schema(example = json!(["team-acme.com"]))]
    pub completed: Vec<String>,
    /// Names that could not be imported.
    #[schema(example = json!([]))]
    pub failed: Vec<FailedDomain>,
    /// When the job was accepted.
    pub created_at: Timestamp,
    /// When the last domain was done; `null` before.
    #[schema(required = true)]
    pub completed_at: Option<Timestamp>,
}

/// Domains that share their nameservers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NameserverGroup {
    /// The nameservers.
    #[schema(example = json!(["ns1.dns.example", "ns2.dns.example"]))]
    pub nameservers: Vec<String>,
    /// The domains to delegate to them.
    #[schema(example = json!(["team-acme.com"]))]
    pub domains: Vec<String>,
}

/// A domain that a job failed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FailedDomain {
    /// The name, as submitted when it is no domain name.
    #[schema(example = "acme-mail.com")]
    pub domain: String,
    /// Why.
    pub reason: FailureReason,
}

/// The import of one domain, as the look-up by name shows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImportedDomain {
    /// The name.
    #[schema(example = "team-acme.com")]
    pub domain: String,
    /// The import it came with last.
    #[schema(example = "imp_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub import_id: String,
    /// The domain's own state.
    pub status: DomainStatus,
    /// The nameservers that the customer has to set.
    #[schema(example = json!(["ns1.dns.example", "ns2.dns.example"]))]
    pub nameservers: Vec<String>,
}

/// A domain forwarding job.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ForwardingJob {
    /// `fwj_…`
    #[schema(example = "fwj_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub id: String,
    /// Where the job stands.
    pub status: ForwardingStatus,
    /// Domains that redirect there now.
    #[schema(example = 1)]
    pub completed_count: u32,
    /// Domains that do not.
    #[schema(example = 0)]
    pub failed_count: u32,
    /// The target.
    #[schema(format = "uri", example = "https://www.example.com/")]
    pub forwarding_url: String,
    /// Names that redirect there now.
    #[schema(example = json!(["acme-mail.com"]))]
    pub completed: Vec<String>,
    /// Names that do not.
    #[schema(example = json!([]))]
    pub failed: Vec<FailedDomain>,
    /// When the job was accepted.
    pub created_at: Timestamp,
    /// When the last domain was done; `null` before.
    #[schema(required = true)]
    pub completed_at: Option<Timestamp>,
}
