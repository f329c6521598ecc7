//! The port to the mail providers: domains and inboxes at a tenant.

use async_trait::async_trait;
use peeker_domain::{DomainName, MailProvider};

use crate::{Call, DnsRecord, ProviderError};

/// A domain at a mail tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailDomain {
    /// What the provider wants to see in the zone: ownership proof, MX, SPF, DKIM. Some targets are opaque values of
    /// the provider (Microsoft's MX and DKIM), so none is ever built from a template outside an adapter.
    pub records: Vec<DnsRecord>,
}

/// An inbox as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboxSpec<'a> {
    /// The address, lower case.
    pub address: &'a str,
    /// Given name shown to recipients.
    pub first_name: &'a str,
    /// Family name shown to recipients.
    pub last_name: &'a str,
    pub picture_url: Option<&'a str>,
}

/// An inbox that is to become another: the same mailbox, with its mail and its warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboxRename<'a> {
    /// The address it has.
    pub from: &'a str,
    /// What it is to be; the address may stay.
    pub to: InboxSpec<'a>,
}

/// What a domain is set up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// An order that has it from the beginning.
    Order,
    /// A swap that brings it in beside a live domain.
    Swap,
}

/// Where inboxes are made.
#[async_trait]
pub trait Mail: Send + Sync {
    /// Adds `name` to the tenant, or finds it there, and tells which records the provider wants so far.
    async fn prepare_domain(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
        purpose: Purpose,
    ) -> Result<MailDomain, ProviderError>;

    /// Has the provider look for its ownership proof; [`crate::ErrorClass::Retry`] while it is not to be seen. Tells all
    /// records that the provider wants: some are only known when it believes who owns the domain.
    async fn verify_domain(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
    ) -> Result<MailDomain, ProviderError>;

    /// Has the provider sign what the domain sends, now that all records are published; [`crate::ErrorClass::Retry`] while
    /// it does not see them.
    async fn activate_domain(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
    ) -> Result<(), ProviderError>;

    /// Makes the inboxes that are missing on `name`; those that exist are adopted.
    async fn ensure_inboxes(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
        inboxes: &[InboxSpec<'_>],
    ) -> Result<(), ProviderError>;

    /// Gives inboxes on `name` other people's names, and another address where it differs. One that is renamed already
    /// counts as renamed; a new address that belongs to another inbox is refused for good.
    async fn rename_inboxes(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
        renames: &[InboxRename<'_>],
    ) -> Result<(), ProviderError>;

    /// Removes these addresses from `name`; one that is not there counts as removed.
    async fn remove_inboxes(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
        addresses: &[String],
    ) -> Result<(), ProviderError>;

    /// Takes `name` off the tenant, whose place is free then. A domain that still has inboxes stays. Gives back whether it
    /// is off the tenant now.
    async fn release_domain(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
    ) -> Result<bool, ProviderError>;
}
