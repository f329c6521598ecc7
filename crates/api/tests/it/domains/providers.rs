//! Providers with limits, refusals and slow answers, put before the simulated ones.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use peeker_app::App;
use peeker_domain::{Cents, DomainName, Timestamp, WebUrl};
use peeker_providers::{
    Bought, Call, Check, Dns, DnsRecord, ErrorClass, ProviderError, Registrar, Registration, Scope,
    Zone,
};
use peeker_testkit::TestApp;
use tokio::sync::{Notify, watch};

/// Zones that the limited host makes in one window, and how long that is.
pub(super) const QUOTA: usize = 25;
pub(super) const WINDOW_MS: i64 = 10 * 60 * 1000;

/// A DNS host that makes 25 zones in ten minutes, and refuses what the prefix of a name asks it to refuse.
pub(super) struct Host {
    behind: Arc<dyn Dns>,
    /// Zones made, with the time of each.
    pub(super) made: Arc<Mutex<BTreeMap<String, Timestamp>>>,
}

impl Host {
    /// A second server on the same databases, with such a host. Gives back the record of zones too.
    pub(super) async fn before(app: &TestApp) -> (App, Arc<Mutex<BTreeMap<String, Timestamp>>>) {
        let made = Arc::<Mutex<BTreeMap<String, Timestamp>>>::default();
        let record = Arc::clone(&made);
        let server = App::start(app.options().behind(move |mut providers| {
            let behind = providers.dns;
            providers.dns = Arc::new(Self {
                behind,
                made: record,
            });
            providers
        }));
        (server.await.unwrap(), made)
    }

    fn room(&self, now: Timestamp, wanted: usize) -> Result<(), ProviderError> {
        let made = self.made.lock().unwrap();
        let since = now.as_millis() - WINDOW_MS;
        let recent: Vec<i64> = made
            .values()
            .map(|at| at.as_millis())
            .filter(|at| *at > since)
            .collect();
        if recent.len() + wanted <= QUOTA {
            return Ok(());
        }
        let first = recent.iter().min().copied().unwrap_or(since);
        let quota = ErrorClass::Quota {
            after_ms: Some(first - since),
        };
        Err(ProviderError::new(quota, "no more zones for now"))
    }
}

fn refusal(name: &DomainName) -> Option<ProviderError> {
    let class = match name.first_label().split('-').next() {
        Some("rejected") => ErrorClass::Permanent {
            scope: Scope::Domain,
        },
        Some("human") => ErrorClass::NeedsHuman,
        Some("conflict") => ErrorClass::Conflict,
        Some("down") => ErrorClass::Retry { after_ms: None },
        _ => return None,
    };
    Some(ProviderError::new(class, "refused as the name asks"))
}

#[async_trait]
impl Dns for Host {
    async fn zone_capacity(&self, call: Call<'_>, zones: usize) -> Result<(), ProviderError> {
        self.room(call.now, zones)
    }

    async fn ensure_zone(&self, call: Call<'_>, name: &DomainName) -> Result<Zone, ProviderError> {
        if let Some(refusal) = refusal(name) {
            return Err(refusal);
        }
        if !self.made.lock().unwrap().contains_key(name.as_str()) {
            self.room(call.now, 1)?;
            self.made.lock().unwrap().insert(name.to_string(), call.now);
        }
        self.behind.ensure_zone(call, name).await
    }

    async fn put_records(
        &self,
        call: Call<'_>,
        name: &DomainName,
        records: &[DnsRecord],
    ) -> Result<(), ProviderError> {
        self.behind.put_records(call, name, records).await
    }

    async fn records(
        &self,
        call: Call<'_>,
        name: &DomainName,
    ) -> Result<Vec<DnsRecord>, ProviderError> {
        self.behind.records(call, name).await
    }

    async fn set_redirect(
        &self,
        call: Call<'_>,
        name: &DomainName,
        target: &WebUrl,
    ) -> Result<(), ProviderError> {
        match refusal(name) {
            Some(refusal) => Err(refusal),
            None => self.behind.set_redirect(call, name, target).await,
        }
    }

    async fn clear_redirect(&self, call: Call<'_>, name: &DomainName) -> Result<(), ProviderError> {
        self.behind.clear_redirect(call, name).await
    }
}

/// What happened at a [`Shop`], and whether it answers.
pub(super) struct Counter {
    asked: Mutex<Vec<Vec<String>>>,
    closed: watch::Sender<bool>,
    arrived: Notify,
}

impl Counter {
    /// Look-ups wait from now on.
    pub(super) fn close(&self) {
        self.closed.send_replace(true);
    }

    /// Lets the look-ups that wait go on, and all later ones.
    pub(super) fn open(&self) {
        self.closed.send_replace(false);
    }

    /// Returns when one more look-up waits.
    pub(super) async fn waiting(&self) {
        self.arrived.notified().await;
    }

    /// The names of each look-up so far; the record starts anew.
    pub(super) fn take(&self) -> Vec<Vec<String>> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    async fn pass(&self, names: &[DomainName]) {
        let names = names.iter().map(ToString::to_string).collect();
        self.asked.lock().unwrap().push(names);
        let mut closed = self.closed.subscribe();
        if *closed.borrow_and_update() {
            self.arrived.notify_one();
            closed.wait_for(|closed| !closed).await.unwrap();
        }
    }
}

/// A registrar that records who asks for what and can be made to wait.
pub(super) struct Shop {
    behind: Arc<dyn Registrar>,
    counter: Arc<Counter>,
}

impl Shop {
    /// A second server on the same databases, with such a registrar.
    pub(super) async fn before(app: &TestApp) -> (App, Arc<Counter>) {
        let counter = Arc::new(Counter {
            asked: Mutex::default(),
            closed: watch::Sender::new(false),
            arrived: Notify::new(),
        });
        let shared = Arc::clone(&counter);
        let server = App::start(app.options().behind(move |mut providers| {
            let behind = providers.registrar;
            providers.registrar = Arc::new(Self {
                behind,
                counter: shared,
            });
            providers
        }));
        (server.await.unwrap(), counter)
    }
}

#[async_trait]
impl Registrar for Shop {
    async fn check(
        &self,
        call: Call<'_>,
        names: &[DomainName],
    ) -> Result<Vec<Check>, ProviderError> {
        self.counter.pass(names).await;
        self.behind.check(call, names).await
    }

    async fn register(
        &self,
        call: Call<'_>,
        name: &DomainName,
        expected_price: Cents,
    ) -> Result<Bought, ProviderError> {
        self.behind.register(call, name, expected_price).await
    }

    async fn renew(
        &self,
        call: Call<'_>,
        name: &DomainName,
        current_end: Timestamp,
        expected_price: Cents,
    ) -> Result<Bought, ProviderError> {
        self.behind
            .renew(call, name, current_end, expected_price)
            .await
    }

    async fn find(
        &self,
        call: Call<'_>,
        name: &DomainName,
    ) -> Result<Option<Registration>, ProviderError> {
        self.behind.find(call, name).await
    }

    async fn set_nameservers(
        &self,
        call: Call<'_>,
        name: &DomainName,
        nameservers: &[String],
    ) -> Result<(), ProviderError> {
        self.behind.set_nameservers(call, name, nameservers).await
    }
}
