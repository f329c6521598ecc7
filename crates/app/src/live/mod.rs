//! The live environment's providers: real vendors, each reached through one of the operator's accounts there.
//!
//! The ports of `peeker-providers` know a partner and a domain. What is between them and an adapter stands here: which
//! account has the domain ([`accounts`], [`Live::of_domain`]), whose turn it is ([`pacing`]), and what has to be
//! remembered ([`records`], [`payments`]). What an account is given first, a row says before the first call is made, so
//! every later call goes to the same account, whoever makes it.

mod accounts;
mod dns;
mod mail;
mod pacing;
mod payments;
mod probes;
mod records;
mod registrar;
mod sequencer;
mod sign_ins;
mod upkeep;

use std::sync::Arc;
use std::time::Duration;

use peeker_domain::id::ProviderAccountId;
use peeker_domain::vendor::{Candidate, NoRoom, Slot, choose};
use peeker_domain::{Clock, DomainName, Error, Timestamp};
use peeker_providers::registry::Adapter;
use peeker_providers::simulation::Nothing;
use peeker_providers::vendor::{InvalidAccount, Services, VendorAccount};
use peeker_providers::{Call, ErrorClass, ProviderError, Providers, Scope};
use peeker_store::{EnvironmentDb, Store, StoreError, domain_providers};
use peeker_webhooks::OutboundClient;

pub(crate) use accounts::{Accounts, account_context, settings_of};
pub(crate) use pacing::{OWN_PACES, Told};
pub(crate) use upkeep::keep;
pub use upkeep::{LookedAfter, look_after};

use crate::secrets::Sealer;
use crate::settings::DnsSettings;

/// How long one request to a vendor may take. A call of a port makes several.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// For how long an account that is full and names no time gets no new domains.
const FULL_FOR_MS: i64 = 10 * 60 * 1000;

/// What the live environment is made from.
pub(crate) struct Parts {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub sealer: Arc<Sealer>,
    pub outbound: OutboundClient,
}

/// Everything that the live ports share.
pub(crate) struct Live {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    pub accounts: Arc<Accounts>,
    services: Services,
}

impl Live {
    /// Makes what the ports share. Errors: the outgoing HTTP client cannot be set up.
    pub fn new(parts: Parts) -> Result<Arc<Self>, Error> {
        let Parts {
            store,
            clock,
            sealer,
            outbound,
        } = parts;
        // Whoever made `outbound` has installed what TLS needs.
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(REQUEST_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .map_err(Error::internal)?;
        let accounts = Arc::new(Accounts::new(Arc::clone(&store), Arc::clone(&sealer)));
        let records = Arc::new(records::Records {
            store: Arc::clone(&store),
            sealer,
        });
        Ok(Arc::new_cyclic(|live| Self {
            services: Services {
                pacing: Arc::new(pacing::Pacer::new(
                    Arc::clone(&store),
                    Arc::clone(&clock),
                    Arc::clone(&accounts),
                )),
                mailboxes: records.clone(),
                tasks: records.clone(),
                payments: records,
                sign_ins: Arc::new(sign_ins::Tenants(live.clone())),
                outbound,
                http,
            },
            store,
            clock,
            accounts,
        }))
    }

    /// The ports.
    pub fn providers(self: &Arc<Self>, dns: DnsSettings) -> Providers {
        Providers {
            registrar: Arc::new(registrar::Registrars(Arc::clone(self))),
            dns: Arc::new(dns::DnsHosts(Arc::clone(self))),
            mail: Arc::new(mail::MailTenants(Arc::clone(self))),
            sequencer: Arc::new(sequencer::Sequencers(Arc::clone(self))),
            probes: Arc::new(probes::probes(dns, self.services.outbound.clone())),
            simulation: Arc::new(Nothing),
        }
    }

    fn db(&self) -> &EnvironmentDb {
        &self.store.live.db
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The adapter of the account that has `name` in this slot; `None` when none has.
    async fn of_domain(
        &self,
        call: Call<'_>,
        name: &DomainName,
        slot: Slot,
    ) -> Result<Option<Arc<Adapter>>, ProviderError> {
        let found = domain_providers::find(self.db(), call.account, name.as_str(), slot).await;
        match found.map_err(unreadable)? {
            Some(id) => self.adapter(&id).await.map(Some),
            None => Ok(None),
        }
    }

    /// The adapter of the account that has `name` in this slot. When none has, one is chosen and recorded.
    async fn for_domain(
        &self,
        call: Call<'_>,
        name: &DomainName,
        slot: Slot,
    ) -> Result<Arc<Adapter>, ProviderError> {
        Ok(self.choose_for(call, name, slot).await?.adapter)
    }

    /// As [`Self::for_domain`], and whether the choice was made just now. Errors: the domain is another partner's here.
    async fn choose_for(
        &self,
        call: Call<'_>,
        name: &DomainName,
        slot: Slot,
    ) -> Result<Chosen, ProviderError> {
        if let Some(adapter) = self.of_domain(call, name, slot).await? {
            let is_new = false;
            return Ok(Chosen { adapter, is_new });
        }
        // One choice at a time, so that the last place of an account is not given away twice.
        let _turn = self.accounts.choosing().await;
        let chosen = self.choose(slot).await?;
        let assigned = domain_providers::assign(
            self.db(),
            call.account,
            name.as_str(),
            slot,
            &chosen,
            self.now(),
        );
        let assigned = assigned.await.map_err(unreadable)?;
        let assigned = assigned.ok_or_else(|| anothers(name))?;
        self.accounts.count_one_more(&assigned).await;
        Ok(Chosen {
            adapter: self.adapter(&assigned).await?,
            is_new: true,
        })
    }

    /// The outcome of the first call about a domain, of a kind that makes one thing and asks for no other after it. When the
    /// account that was chosen just now takes no more for a while, nothing was made there: the next try may choose another.
    async fn unless_full<T>(
        &self,
        call: Call<'_>,
        name: &DomainName,
        slot: Slot,
        chosen: &Chosen,
        outcome: Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        if let Err(error) = &outcome
            && let ErrorClass::Quota { after_ms } = error.class
            && chosen.is_new
        {
            let account = chosen.adapter.account();
            let until = self.now().plus_millis(after_ms.unwrap_or(FULL_FOR_MS));
            self.accounts.takes_none_until(account, until).await;
            let released =
                domain_providers::release(self.db(), call.account, name.as_str(), slot).await;
            released.map_err(unreadable)?;
        }
        outcome
    }

    /// The account of the operator's pool for a new domain.
    async fn choose(&self, slot: Slot) -> Result<ProviderAccountId, ProviderError> {
        let used = self.accounts.used().await.map_err(unreadable)?;
        let now = self.now().as_millis();
        let accounts = self.accounts.all().await.map_err(unreadable)?;
        let of_slot = accounts
            .iter()
            .filter(|account| account.vendor == slot.vendor() && account.partner.is_none());
        let full = self.accounts.full().await;
        let full_for = |id: &ProviderAccountId| {
            let until = full.get(id);
            until.map_or(0, |until| until.as_millis() - now)
        };
        let candidates: Vec<_> = of_slot
            .map(|account| Candidate {
                account: account.id.clone(),
                state: account.state,
                used: used.get(&account.id).copied().unwrap_or(0),
                capacity: account.capacity,
                rests_for_ms: account
                    .rest
                    .as_ref()
                    .map_or(0, |rest| rest.until.as_millis() - now)
                    .max(full_for(&account.id))
                    .max(0),
            })
            .collect();
        choose(&candidates).map_err(|why| no_room(slot, why))
    }

    /// Some account of the operator's pool, for a question about no domain of ours.
    async fn any(&self, slot: Slot) -> Result<Arc<Adapter>, ProviderError> {
        let chosen = match self.choose(slot).await {
            Ok(chosen) => chosen,
            Err(none) => {
                let accounts = self.accounts.all().await.map_err(unreadable)?;
                let called = accounts.iter().find(|account| {
                    let is_ours = account.vendor == slot.vendor() && account.partner.is_none();
                    is_ours && account.state.is_called()
                });
                called.map(|account| account.id.clone()).ok_or(none)?
            }
        };
        self.adapter(&chosen).await
    }

    async fn adapter(&self, id: &ProviderAccountId) -> Result<Arc<Adapter>, ProviderError> {
        self.accounts.adapter(id, &self.services).await
    }

    /// What adapters are made with.
    pub const fn services(&self) -> &Services {
        &self.services
    }

    /// An adapter whose calls wait for nothing: for a look that the operator asked for, also at an account that is out of
    /// use.
    pub fn unpaced(&self, account: VendorAccount, told: Told) -> Result<Adapter, InvalidAccount> {
        let pacing = Arc::new(pacing::Unpaced(Arc::clone(&self.services.pacing), told));
        let services = Services {
            pacing,
            ..self.services.clone()
        };
        Adapter::new(account, &services)
    }

    /// Of these slots, those that no account can serve.
    pub async fn missing(&self, needs: &[Slot]) -> Result<Vec<Slot>, StoreError> {
        let accounts = self.accounts.all().await?;
        let is_there = |slot: Slot| {
            accounts.iter().any(|account| {
                account.vendor == slot.vendor()
                    && account.partner.is_none()
                    && account.state.is_called()
            })
        };
        let missing = needs.iter().copied().filter(|slot| !is_there(*slot));
        Ok(missing.collect())
    }
}

/// The adapter of a domain's account.
struct Chosen {
    adapter: Arc<Adapter>,
    /// Whether it was chosen in this call: nothing was asked of it about the domain before.
    is_new: bool,
}

/// A name that another partner of this installation has.
fn anothers(name: &DomainName) -> ProviderError {
    let message = format!("{name} is another customer's of this service");
    ProviderError::permanent(Scope::Domain, message)
}

/// Our own books could not be read or written: as passing as a vendor that is down.
fn unreadable(error: StoreError) -> ProviderError {
    ProviderError::retry(None, "our own records are not available at the moment").with_source(error)
}

fn no_room(slot: Slot, why: NoRoom) -> ProviderError {
    let vendor = slot.vendor().name();
    let message = match why {
        NoRoom::NoAccount => format!("there is no {vendor} account"),
        NoRoom::NoneActive => format!("every {vendor} account is paused, draining or refused"),
        NoRoom::AllFull => format!("every {vendor} account is full"),
    };
    ProviderError::new(ErrorClass::NeedsHuman, message)
}

/// An account holds a domain in a slot that its vendor does not fill: rows that no code writes.
fn wrong_slot(slot: Slot) -> ProviderError {
    let message = format!(
        "the account that is recorded is no {}",
        slot.vendor().name()
    );
    ProviderError::new(ErrorClass::NeedsHuman, message)
}
