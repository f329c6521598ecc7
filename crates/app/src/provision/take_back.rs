//! Taking a domain back from an order that failed or was cancelled (contract §4): inboxes are removed, what was bought
//! goes to the partner's inventory, what was not delivered is refunded.

use peeker_domain::view::Source;
use peeker_providers::Providers;
use peeker_store::orders::progress::{Change, laid_down};

use super::steps::{REGISTER, within};
use super::{Interrupted, Work};

/// Where a bought domain's job would go on; the job ends instead, so it only has to be past the purchase.
const AFTER_PURCHASE: &str = "zone";

impl Work<'_> {
    /// Removes what was made for the domain and releases it.
    pub(super) async fn take_back(&self) -> Result<(), Interrupted> {
        let target = self.target()?;
        let db = &self.app.environment(self.environment).db;
        let addresses = laid_down(db, &self.job.account, &self.job.domain).await?;
        if !addresses.is_empty() {
            let Providers {
                mail, sequencer, ..
            } = target.providers;
            within(sequencer.disconnect(self.call(&target), &target.name, &addresses)).await?;
            within(mail.remove_inboxes(
                self.call(&target),
                target.provider,
                &target.name,
                &addresses,
            ))
            .await?;
        }
        // A domain of the inventory may still redirect to where it did before this order.
        let may_redirect = self.assignment.place.forwarding_url.is_some()
            || self.assignment.place.source == Source::Imported.as_str();
        if may_redirect {
            within(
                target
                    .providers
                    .dns
                    .clear_redirect(self.call(&target), &target.name),
            )
            .await?;
        }
        let maybe_bought = self.assignment.place.source == Source::Registered.as_str()
            && self.assignment.place.step == REGISTER;
        if maybe_bought {
            // The purchase may have gone through without our hearing of it.
            let found = within(
                target
                    .providers
                    .registrar
                    .find(self.call(&target), &target.name),
            )
            .await?;
            if let Some(registration) = found {
                let bought = Change::Registered {
                    next_step: AFTER_PURCHASE,
                    until: Some(registration.expires_at),
                };
                match self.record(bought).await {
                    Ok(()) | Err(Interrupted::TakeBack) => {}
                    Err(other) => return Err(other),
                }
            }
        }
        self.record(Change::Released {
            redirect: self.assignment.place.forwarding_url.clone(),
        })
        .await
    }
}
