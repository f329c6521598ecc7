//! How the sequencer signs in to an inbox: the tenant that hosts it says so.

use std::sync::Weak;

use async_trait::async_trait;
use peeker_domain::{DomainName, MailProvider};
use peeker_providers::vendor::{SignIn, SignIns};
use peeker_providers::{Call, ProviderError};

use super::Live;

/// Points back to what holds it, so that nothing keeps itself alive.
pub(super) struct Tenants(pub Weak<Live>);

#[async_trait]
impl SignIns for Tenants {
    async fn sign_in(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        domain: &DomainName,
        address: &str,
    ) -> Result<SignIn, ProviderError> {
        let stopping = || ProviderError::retry(None, "the server is being stopped");
        let live = self.0.upgrade().ok_or_else(stopping)?;
        let tenant = live.for_domain(call, domain, provider.into()).await?;
        tenant.sign_in(call, domain, address).await
    }
}
