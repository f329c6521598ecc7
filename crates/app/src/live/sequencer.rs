//! The sequencer port: each partner has an account of its own there.

use std::sync::Arc;

use async_trait::async_trait;
use peeker_domain::DomainName;
use peeker_domain::id::AccountId;
use peeker_domain::order::ClientId;
use peeker_domain::vendor::{AccountState, Slot};
use peeker_providers::registry::Adapter;
use peeker_providers::{Call, ErrorClass, HandOver, ProviderError, RouteError, SequencerPort};
use peeker_store::provider_accounts::ProviderAccount;

use super::{Live, unreadable, wrong_slot};

pub(super) struct Sequencers(pub Arc<Live>);

const SLOT: Slot = Slot::Sequencer;

impl Sequencers {
    async fn of_partner(
        &self,
        partner: &AccountId,
    ) -> Result<Option<ProviderAccount>, ProviderError> {
        let accounts = self.0.accounts.all().await.map_err(unreadable)?;
        let own = accounts.iter().find(|account| {
            account.vendor == SLOT.vendor() && account.partner.as_ref() == Some(partner)
        });
        Ok(own.cloned())
    }

    async fn adapter(&self, partner: &AccountId) -> Result<Option<Arc<Adapter>>, ProviderError> {
        match self.of_partner(partner).await? {
            Some(account) => self.0.adapter(&account.id).await.map(Some),
            None => Ok(None),
        }
    }
}

#[async_trait]
impl SequencerPort for Sequencers {
    async fn check_route(
        &self,
        call: Call<'_>,
        client_id: Option<&ClientId>,
    ) -> Result<(), RouteError> {
        let account = self.of_partner(call.account).await?;
        let usable = account.filter(|account| account.state != AccountState::NeedsAttention);
        let Some(account) = usable else {
            return Err(RouteError::ConnectionRequired);
        };
        let adapter = self.0.adapter(&account.id).await?;
        let sequencer = adapter.sequencer().ok_or_else(|| wrong_slot(SLOT))?;
        sequencer.check_route(call, client_id).await
    }

    async fn hand_over(
        &self,
        call: Call<'_>,
        hand_over: &HandOver<'_>,
    ) -> Result<(), ProviderError> {
        let Some(adapter) = self.adapter(call.account).await? else {
            let message = "the partner has no Smartlead account any more";
            return Err(ProviderError::new(ErrorClass::NeedsHuman, message));
        };
        let sequencer = adapter.sequencer().ok_or_else(|| wrong_slot(SLOT))?;
        sequencer.hand_over(call, hand_over).await
    }

    async fn disconnect(
        &self,
        call: Call<'_>,
        domain: &DomainName,
        addresses: &[String],
    ) -> Result<(), ProviderError> {
        // Without an account nothing is connected, as far as anybody can tell.
        let Some(adapter) = self.adapter(call.account).await? else {
            return Ok(());
        };
        let sequencer = adapter.sequencer().ok_or_else(|| wrong_slot(SLOT))?;
        sequencer.disconnect(call, domain, addresses).await
    }
}
