//! The DNS port over the operator's accounts at the DNS host.

use std::sync::Arc;

use async_trait::async_trait;
use peeker_domain::vendor::Slot;
use peeker_domain::{DomainName, WebUrl};
use peeker_providers::cloudflare::ZoneRoom;
use peeker_providers::{Call, Dns, DnsRecord, ErrorClass, ProviderError, Zone};

use super::{Live, unreadable, wrong_slot};

pub(super) struct DnsHosts(pub Arc<Live>);

const SLOT: Slot = Slot::Dns;

#[async_trait]
impl Dns for DnsHosts {
    /// By the real counts of all accounts that take zones. One that cannot be asked has no room now.
    async fn zone_capacity(&self, _: Call<'_>, zones: usize) -> Result<(), ProviderError> {
        let accounts = self.0.accounts.all().await.map_err(unreadable)?;
        let taking = accounts.iter().filter(|account| {
            account.vendor == SLOT.vendor()
                && account.partner.is_none()
                && account.state.takes_domains()
        });
        let (mut left, mut wait_ms, mut trouble) = (zones, None, None);
        for account in taking {
            let room = async {
                let adapter = self.0.adapter(&account.id).await?;
                let host = adapter.dns().ok_or_else(|| wrong_slot(SLOT))?;
                host.zone_room().await
            };
            match room.await {
                Ok(room) => left = left.saturating_sub(places(&room, account.capacity)),
                Err(error) => {
                    if let ErrorClass::Quota { after_ms } = error.class {
                        wait_ms = min_of(wait_ms, after_ms);
                    }
                    trouble = Some(error);
                }
            }
            if left == 0 {
                return Ok(());
            }
        }
        match trouble {
            Some(error) if !matches!(error.class, ErrorClass::Quota { .. }) => Err(error),
            _ => Err(ProviderError::new(
                ErrorClass::Quota { after_ms: wait_ms },
                "no Cloudflare account has room for so many zones now",
            )),
        }
    }

    async fn ensure_zone(&self, call: Call<'_>, name: &DomainName) -> Result<Zone, ProviderError> {
        let chosen = self.0.choose_for(call, name, SLOT).await?;
        let host = chosen.adapter.dns().ok_or_else(|| wrong_slot(SLOT))?;
        let made = host.ensure_zone(call, name).await;
        self.0.unless_full(call, name, SLOT, &chosen, made).await
    }

    async fn put_records(
        &self,
        call: Call<'_>,
        name: &DomainName,
        records: &[DnsRecord],
    ) -> Result<(), ProviderError> {
        let adapter = self.0.for_domain(call, name, SLOT).await?;
        let host = adapter.dns().ok_or_else(|| wrong_slot(SLOT))?;
        host.put_records(call, name, records).await
    }

    async fn records(
        &self,
        call: Call<'_>,
        name: &DomainName,
    ) -> Result<Vec<DnsRecord>, ProviderError> {
        let Some(adapter) = self.0.of_domain(call, name, SLOT).await? else {
            return Ok(Vec::new());
        };
        let host = adapter.dns().ok_or_else(|| wrong_slot(SLOT))?;
        host.records(call, name).await
    }

    async fn set_redirect(
        &self,
        call: Call<'_>,
        name: &DomainName,
        target: &WebUrl,
    ) -> Result<(), ProviderError> {
        let adapter = self.0.for_domain(call, name, SLOT).await?;
        let host = adapter.dns().ok_or_else(|| wrong_slot(SLOT))?;
        host.set_redirect(call, name, target).await
    }

    async fn clear_redirect(&self, call: Call<'_>, name: &DomainName) -> Result<(), ProviderError> {
        let Some(adapter) = self.0.of_domain(call, name, SLOT).await? else {
            return Ok(());
        };
        let host = adapter.dns().ok_or_else(|| wrong_slot(SLOT))?;
        host.clear_redirect(call, name).await
    }
}

/// How many more zones an account takes now.
fn places(room: &ZoneRoom, capacity: Option<u64>) -> usize {
    let left = capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(room.total));
    usize::try_from(left.min(room.takes_more)).unwrap_or(usize::MAX)
}

fn min_of(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (known, None) | (None, known) => known,
    }
}
