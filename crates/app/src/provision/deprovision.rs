//! Taking a domain back from an order that failed or was cancelled (contract §4): inboxes are removed, what was bought
//! goes to the partner's inventory, what was not delivered is refunded. What was never delivered has left its order before
//! that, and may be on another.

use peeker_domain::ProvisionStep;
use peeker_domain::order::{Change, Next};
use peeker_domain::view::Source;
use peeker_providers::{ErrorClass, ProviderError, Providers};
use peeker_store::orders::progress::planned_addresses;

use super::{Failure, ProvisionRun};

/// How often a tenant is looked at that still shows inboxes. After that they are somebody else's, and the domain stays there.
const LOOKS_AT_TENANT: u32 = 10;

impl ProvisionRun<'_> {
    /// Removes what was made for the domain and releases it.
    pub(super) async fn deprovision(&self) -> Result<Next, Failure> {
        let target = self.target();
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
        let provider = target.provider;
        if !addresses.is_empty() {
            match sequencer.disconnect(call, name, &addresses).await {
                // The partner's key does not work any more. Without their mailboxes, its inboxes are of no use to anybody.
                Err(error) if error.class == ErrorClass::NeedsHuman => {
                    tracing::warn!(domain.id = %self.job.domain, "Left at the sequencer: {error}");
                }
                disconnected => disconnected?,
            }
            mail.remove_inboxes(call, provider, name, &addresses)
                .await?;
        }
        // Also one that was never set up to its inboxes has a place there.
        let is_off = mail.release_domain(call, provider, name).await?;
        if !is_off && self.job.attempts < LOOKS_AT_TENANT {
            let message = format!("the mail provider still shows inboxes on {name}");
            return Err(ProviderError::retry(None, message).into());
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
