//! The mail port over the operator's tenants at both mail providers.

use std::sync::Arc;

use async_trait::async_trait;
use peeker_domain::vendor::{OperatorTask, Slot};
use peeker_domain::{DomainName, MailProvider};
use peeker_providers::registry::Adapter;
use peeker_providers::{Call, InboxRename, InboxSpec, Mail, MailDomain, ProviderError, Purpose};
use peeker_store::{domain_providers, operator_tasks};

use super::{Live, unreadable, wrong_slot};

pub(super) struct MailTenants(pub Arc<Live>);

impl MailTenants {
    async fn tenant(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
    ) -> Result<Option<Arc<Adapter>>, ProviderError> {
        self.0.of_domain(call, name, provider.into()).await
    }

    /// What was noted of the domain at this tenant is of no use at the next one.
    async fn forget(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
    ) -> Result<(), ProviderError> {
        let (db, account, name) = (self.0.db(), call.account, name.as_str());
        let task = match provider {
            MailProvider::Google => OperatorTask::GoogleDkim,
            MailProvider::Microsoft => OperatorTask::MicrosoftDkim,
        };
        operator_tasks::forget(db, account, name, task)
            .await
            .map_err(unreadable)?;
        domain_providers::release(db, account, name, provider.into())
            .await
            .map_err(unreadable)
    }
}

fn mail(adapter: &Adapter, provider: MailProvider) -> Result<&dyn Mail, ProviderError> {
    adapter
        .mail()
        .ok_or_else(|| wrong_slot(Slot::from(provider)))
}

#[async_trait]
impl Mail for MailTenants {
    async fn prepare_domain(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
        purpose: Purpose,
    ) -> Result<MailDomain, ProviderError> {
        let tenant = self.0.for_domain(call, name, provider.into()).await?;
        mail(&tenant, provider)?
            .prepare_domain(call, provider, name, purpose)
            .await
    }

    async fn verify_domain(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
    ) -> Result<MailDomain, ProviderError> {
        let tenant = self.0.for_domain(call, name, provider.into()).await?;
        mail(&tenant, provider)?
            .verify_domain(call, provider, name)
            .await
    }

    async fn activate_domain(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
    ) -> Result<(), ProviderError> {
        let tenant = self.0.for_domain(call, name, provider.into()).await?;
        mail(&tenant, provider)?
            .activate_domain(call, provider, name)
            .await
    }

    async fn ensure_inboxes(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
        inboxes: &[InboxSpec<'_>],
    ) -> Result<(), ProviderError> {
        let tenant = self.0.for_domain(call, name, provider.into()).await?;
        mail(&tenant, provider)?
            .ensure_inboxes(call, provider, name, inboxes)
            .await
    }

    async fn rename_inboxes(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
        renames: &[InboxRename<'_>],
    ) -> Result<(), ProviderError> {
        let tenant = self.0.for_domain(call, name, provider.into()).await?;
        mail(&tenant, provider)?
            .rename_inboxes(call, provider, name, renames)
            .await
    }

    async fn remove_inboxes(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
        addresses: &[String],
    ) -> Result<(), ProviderError> {
        let Some(tenant) = self.tenant(call, provider, name).await? else {
            return Ok(());
        };
        mail(&tenant, provider)?
            .remove_inboxes(call, provider, name, addresses)
            .await
    }

    async fn release_domain(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
    ) -> Result<bool, ProviderError> {
        let Some(tenant) = self.tenant(call, provider, name).await? else {
            return Ok(true);
        };
        let is_off = mail(&tenant, provider)?
            .release_domain(call, provider, name)
            .await?;
        if is_off {
            self.forget(call, provider, name).await?;
        }
        Ok(is_off)
    }
}
