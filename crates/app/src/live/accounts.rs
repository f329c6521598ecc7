//! The accounts at vendors as this process knows them: read again every second, so that what an operator or another server
//! changes is heard of; and an adapter for each, made anew when the account was changed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use peeker_domain::id::ProviderAccountId;
use peeker_domain::{Error, Timestamp};
use peeker_providers::registry::Adapter;
use peeker_providers::vendor::{InvalidAccount, Services, VendorAccount};
use peeker_providers::{ErrorClass, ProviderError};
use peeker_store::provider_accounts::{self, ProviderAccount};
use peeker_store::{Store, StoreError, domain_providers};
use tokio::sync::{Mutex, MutexGuard};
use url::Url;

use super::unreadable;
use crate::secrets::{SealContext, Sealer};

/// For how long what was read counts.
const FRESH_FOR: Duration = Duration::from_secs(1);
/// For how long the count of domains counts; what this process adds meanwhile is added.
const COUNTED_FOR: Duration = Duration::from_secs(10);

type Used = BTreeMap<ProviderAccountId, u64>;

pub(crate) struct Accounts {
    store: Arc<Store>,
    sealer: Arc<Sealer>,
    list: Mutex<Option<(Instant, Arc<Vec<ProviderAccount>>)>>,
    used: Mutex<Option<(Instant, Used)>>,
    adapters: Mutex<HashMap<ProviderAccountId, (Timestamp, Arc<Adapter>)>>,
    choosing: Mutex<()>,
    /// Until when an account gets no new domains, since it has just refused one for want of room.
    full: Mutex<BTreeMap<ProviderAccountId, Timestamp>>,
}

/// Where credentials are sealed.
pub(crate) fn account_context(id: &ProviderAccountId) -> SealContext<'_> {
    SealContext {
        owner: id.as_str(),
        table: "provider_accounts",
        column: "sealed_credentials",
    }
}

impl Accounts {
    pub fn new(store: Arc<Store>, sealer: Arc<Sealer>) -> Self {
        Self {
            store,
            sealer,
            list: Mutex::default(),
            used: Mutex::default(),
            adapters: Mutex::default(),
            choosing: Mutex::default(),
            full: Mutex::default(),
        }
    }

    /// All accounts. Whoever asks while they are being read waits for that.
    pub async fn all(&self) -> Result<Arc<Vec<ProviderAccount>>, StoreError> {
        let mut list = self.list.lock().await;
        if let Some((at, accounts)) = &*list
            && at.elapsed() < FRESH_FOR
        {
            return Ok(Arc::clone(accounts));
        }
        let read = provider_accounts::list_unscoped(&self.store.control).await?;
        let read = Arc::new(read);
        *list = Some((Instant::now(), Arc::clone(&read)));
        Ok(read)
    }

    /// One account. Errors: `NeedsHuman` when it is there no longer.
    pub async fn get(&self, id: &ProviderAccountId) -> Result<ProviderAccount, ProviderError> {
        let accounts = self.all().await.map_err(unreadable)?;
        let account = accounts.iter().find(|account| &account.id == id);
        account.cloned().ok_or_else(|| {
            let message = format!("the account {id} at a vendor is not there any more");
            ProviderError::new(ErrorClass::NeedsHuman, message)
        })
    }

    /// Has the next look read the accounts again.
    pub async fn forget(&self) {
        *self.list.lock().await = None;
    }

    /// How many domains each account has.
    pub async fn used(&self) -> Result<Used, StoreError> {
        let mut used = self.used.lock().await;
        if let Some((at, counts)) = &*used
            && at.elapsed() < COUNTED_FOR
        {
            return Ok(counts.clone());
        }
        let counts = domain_providers::count_unscoped(&self.store.live.db).await?;
        *used = Some((Instant::now(), counts.clone()));
        Ok(counts)
    }

    pub async fn count_one_more(&self, id: &ProviderAccountId) {
        if let Some((_, counts)) = &mut *self.used.lock().await {
            *counts.entry(id.clone()).or_default() += 1;
        }
    }

    pub async fn takes_none_until(&self, id: &ProviderAccountId, until: Timestamp) {
        self.full.lock().await.insert(id.clone(), until);
    }

    /// Until when accounts get no new domains.
    pub async fn full(&self) -> BTreeMap<ProviderAccountId, Timestamp> {
        self.full.lock().await.clone()
    }

    pub async fn choosing(&self) -> MutexGuard<'_, ()> {
        self.choosing.lock().await
    }

    /// The adapter of an account as it is now.
    pub async fn adapter(
        &self,
        id: &ProviderAccountId,
        services: &Services,
    ) -> Result<Arc<Adapter>, ProviderError> {
        let account = self.get(id).await?;
        let mut adapters = self.adapters.lock().await;
        if let Some((version, adapter)) = adapters.get(id)
            && *version == account.updated_at
        {
            return Ok(Arc::clone(adapter));
        }
        let made = self.make(&account, services).map_err(|problem| {
            let vendor = account.vendor.name();
            let message = format!("{vendor} account {:?}: {problem}", account.label);
            ProviderError::new(ErrorClass::NeedsHuman, message)
        })?;
        adapters.insert(id.clone(), (account.updated_at, Arc::clone(&made)));
        Ok(made)
    }

    fn make(
        &self,
        account: &ProviderAccount,
        services: &Services,
    ) -> Result<Arc<Adapter>, InvalidAccount> {
        let opened = self
            .sealer
            .open(account_context(&account.id), &account.sealed_credentials)
            .map_err(|_| {
                InvalidAccount::new("credentials", "cannot be opened with this master key")
            })?;
        let account = VendorAccount {
            id: account.id.clone(),
            vendor: account.vendor,
            label: account.label.clone(),
            base_url: parse_base_url(account.base_url.as_deref())?,
            settings: settings_of(account)?,
            credentials: opened,
            changed_at: account.updated_at,
        };
        Adapter::new(account, services).map(Arc::new)
    }
}

/// The settings of an account, as they were entered.
pub(crate) fn settings_of(
    account: &ProviderAccount,
) -> Result<BTreeMap<String, String>, InvalidAccount> {
    serde_json::from_str(&account.settings)
        .map_err(|_| InvalidAccount::new("settings", "cannot be read"))
}

fn parse_base_url(text: Option<&str>) -> Result<Option<Url>, InvalidAccount> {
    text.map(Url::parse)
        .transpose()
        .map_err(|_| InvalidAccount::new("base_url", "is no URL"))
}

impl From<ProviderError> for Refused {
    fn from(error: ProviderError) -> Self {
        Self(error)
    }
}

/// A vendor's refusal, for the operator who asked.
pub(crate) struct Refused(pub ProviderError);

impl From<Refused> for Error {
    fn from(Refused(error): Refused) -> Self {
        Error::unavailable(error.message.clone()).with_source(error)
    }
}
