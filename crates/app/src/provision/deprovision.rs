//! Taking a domain back from an order that failed or was cancelled (contract §4): inboxes are removed, what was bought
//! goes to the partner's inventory, what was not delivered is refunded. What was never delivered has left its order before
//! that, and may be on another.

use peeker_domain::ProvisionStep;
use peeker_domain::order::{Change, Next};
use peeker_domain::view::Source;
use peeker_providers::Providers;
use peeker_store::orders::progress::planned_addresses;

use super::{Failure, ProvisionRun};

impl ProvisionRun<'_> {
    /// Removes what was made for the domain and releases it.
    pub(super) async fn deprovision(&self) -> Result<Next, Failure> {
        let target = self.target()?;
        let (name, call) = (&target.name, self.call(&target));
        let Providers {
            registrar,
            dns,
            mail,
            sequencer,
            ..
        } = target.providers;
        let db = &self.app.environment(self.environment).db;
        let addresses = planned_addresses(db, &self.job.account, &self.job.domain).await?;
        if !addresses.is_empty() {
            sequencer.disconnect(call, name, &addresses).await?;
            let provider = target.provider;
            mail.remove_inboxes(call, provider, name, &addresses)
                .await?;
            mail.release_domain(call, provider, name).await?;
        }
        let part = &self.assignment.part;
        // A domain of the inventory may still redirect to where it did before this order.
        if part.forwarding_url.is_some() || part.source == Source::Imported {
            dns.clear_redirect(call, name).await?;
        }
        // The purchase may have gone through without our hearing of it. One that was let go before was not tried.
        if part.source == Source::Registered
            && part.step == ProvisionStep::Register
            && !part.deprovision_pending
            && let Some(registration) = registrar.find(call, name).await?
        {
            let bought = Change::Registered {
                until: Some(registration.expires_at),
            };
            if self.record(bought).await? == Next::Stop {
                return Ok(Next::Stop);
            }
        }
        let released = Change::Released {
            redirect: part.forwarding_url.clone(),
        };
        Ok(self.record(released).await?)
    }
}
