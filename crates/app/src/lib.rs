//! Use-cases and durable workflows; the only crate that joins store and providers.
//!
//! One module per noun. A use-case takes the [`App`], the [`Actor`] whose key asks, and typed input; it gives back the
//! object as partners see it, or a [`peeker_domain::Error`].

pub mod access;
pub mod actions;
mod availability;
mod backoff;
mod billing;
pub mod bundles;
pub mod cancel;
pub mod clock;
mod deliveries;
pub mod domains;
pub mod events;
mod failure;
pub mod forwarding;
pub mod idempotency;
pub mod imports;
mod job_dispatch;
pub mod keys;
mod lease;
mod live;
pub mod me;
pub mod operator_tasks;
pub mod orders;
pub mod paging;
pub mod partners;
pub mod provider_accounts;
mod provider_errors;
mod provision;
mod rate_limit;
pub mod readiness;
pub mod retention;
pub mod runner;
pub mod sandbox;
pub mod secrets;
pub mod settings;
mod simulator;
pub mod stuck_jobs;
pub mod swaps;
mod under_way;
pub mod users;
pub mod vendor_spend;
pub mod wallet;
pub mod webhook_check;
pub mod webhooks;

use std::sync::Arc;

use peeker_domain::fingerprint::FingerprintKey;
use peeker_domain::id::AccountId;
use peeker_domain::vendor::Slot;
use peeker_domain::{Clock, ClockOffset, EmailAddress, Environment, Error, Result, Timestamp};
use peeker_providers::Providers;
use peeker_providers::sandbox as simulated;
use peeker_store::clock::offset as clock_of;
use peeker_store::{EnvironmentStore, Interruption, Location, Store};
use peeker_webhooks::OutboundClient;

pub use access::{Actor, Meter, Quota};
pub use secrets::MasterKey;
pub use settings::Settings;

use availability::AvailabilityCache;
use rate_limit::RateLimiter;
use readiness::Readiness;
use secrets::{KeyHasher, Sealer};

/// What an [`App`] is made from.
pub struct Options {
    /// Where the data lives.
    pub location: Location,
    /// The key that everything secret is sealed or hashed under.
    pub master_key: MasterKey,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What the operator has configured.
    pub settings: Settings,
    /// The client for webhooks.
    pub outbound: OutboundClient,
    /// What is put between the app and what it works with.
    pub hooks: Hooks,
}

/// What lets a test lose answers of providers, as networks do, and stop a process between two commits. Nothing, unless
/// somebody asks for it.
#[derive(Default)]
pub struct Hooks {
    providers: Option<Layer>,
    commits: Option<Interruption>,
}

type Layer = Box<dyn FnOnce(Providers) -> Providers + Send>;

impl Options {
    /// With the sandbox's providers behind what `layer` makes of them.
    #[must_use]
    pub fn behind(mut self, layer: impl FnOnce(Providers) -> Providers + Send + 'static) -> Self {
        self.hooks.providers = Some(Box::new(layer));
        self
    }

    /// With commits that wait for `interruption`, before and after.
    #[must_use]
    pub fn interrupted_by(mut self, interruption: Interruption) -> Self {
        self.hooks.commits = Some(interruption);
        self
    }
}

/// Everything a use-case needs: databases, providers, keys, clock, configuration. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    sandbox: Providers,
    live: Arc<live::Live>,
    live_providers: Providers,
    sandbox_customer: simulated::Customer,
    outbound: OutboundClient,
    sealer: Arc<Sealer>,
    key_hasher: KeyHasher,
    fingerprint_key: FingerprintKey,
    page_token_key: [u8; 32],
    rate_limiter: RateLimiter,
    readiness: Readiness,
    idempotency: idempotency::Budgets,
    availability: AvailabilityCache,
    endpoints: webhooks::EndpointCache,
    streams: events::Streams,
}

impl App {
    /// Opens the databases, brings them to the schema of this binary and makes the parts that need them.
    /// Errors: the database cannot be opened, was written by a newer binary, or under another master key.
    pub async fn start(options: Options) -> Result<Self> {
        let Options {
            location,
            master_key,
            clock,
            settings,
            outbound,
            hooks,
        } = options;
        let store = Store::open(&location, hooks.commits)
            .await
            .map_err(|error| failure::starting(error, "open the databases"))?;
        check_master_key(&store, &master_key).await?;
        let store = Arc::new(store);
        let memory = Arc::new(simulator::Memory::new(Arc::clone(&store)));
        let simulated_providers = simulated::providers(memory.clone());
        let sandbox = match hooks.providers {
            Some(layer) => layer(simulated_providers),
            None => simulated_providers,
        };
        let sealer = Arc::new(master_key.sealer());
        let live = live::Live::new(live::Parts {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            sealer: Arc::clone(&sealer),
            outbound: outbound.clone(),
        })?;
        let live_providers = live.providers(settings.dns.clone());
        Ok(Self(Arc::new(Inner {
            clock,
            live,
            live_providers: live_providers.limited(settings.live_call_timeout),
            sandbox_customer: simulated::customer(memory),
            sandbox: sandbox.limited(settings.provider_timeout),
            outbound,
            sealer,
            key_hasher: master_key.key_hasher(),
            fingerprint_key: FingerprintKey::new(master_key.derive("order fingerprint")),
            page_token_key: master_key.derive("page token"),
            rate_limiter: RateLimiter::new(&store.control),
            readiness: Readiness::default(),
            idempotency: idempotency::Budgets::new(settings.idempotency.keys),
            availability: AvailabilityCache::new(),
            endpoints: webhooks::EndpointCache::new(),
            streams: events::Streams::default(),
            settings,
            store,
        })))
    }

    /// The key that page tokens are signed with.
    pub fn page_token_key(&self) -> &[u8; 32] {
        &self.0.page_token_key
    }

    /// The configured public origin, such as `https://api.example.com`.
    pub fn public_url(&self) -> Option<&str> {
        self.0.settings.public_url.as_deref()
    }

    /// The system's time: what leases, limits and signatures go by.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The time on an account's clock, which everything that a partner sees goes by: in the sandbox it may have been
    /// advanced (contract §7).
    pub async fn account_now(
        &self,
        environment: Environment,
        account: &AccountId,
    ) -> Result<Timestamp> {
        let offset = clock_of(&self.environment(environment).db, account).await;
        Ok(self.at(offset.map_err(failure::internal("read a sandbox clock"))?))
    }

    /// The time on an account's clock whose offset is known, such as that of a claimed job.
    pub fn at(&self, clock: ClockOffset) -> Timestamp {
        clock.account_time(self.now())
    }

    /// The databases, for tests and tools that look at rows.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// What the operator has configured.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    fn environment(&self, environment: Environment) -> &EnvironmentStore {
        self.0.store.environment(environment)
    }

    /// The providers of an environment.
    pub fn providers(&self, environment: Environment) -> &Providers {
        match environment {
            Environment::Test => &self.0.sandbox,
            Environment::Live => &self.0.live_providers,
        }
    }

    /// Whether this environment has all that a request needs. Errors: 503 that names what is missing; nothing has changed
    /// then.
    pub(crate) async fn require(&self, environment: Environment, needs: &[Slot]) -> Result<()> {
        if environment == Environment::Test {
            return Ok(());
        }
        let missing = self.0.live.missing(needs).await;
        let missing = missing.map_err(failure::internal("read accounts at vendors"))?;
        match missing.as_slice() {
            [] => Ok(()),
            missing => Err(not_set_up(missing)),
        }
    }

    pub(crate) fn live(&self) -> &Arc<live::Live> {
        &self.0.live
    }

    /// Whether this customer is to find the wallet empty, whatever it holds. Outside of a sandbox nothing is simulated.
    fn simulates_empty_wallet(&self, environment: Environment, customer: &EmailAddress) -> bool {
        let simulation = &self.providers(environment).simulation;
        simulation.empties_wallet(customer)
    }
}

fn not_set_up(missing: &[Slot]) -> Error {
    let names: Vec<&str> = missing.iter().map(|slot| slot.vendor().name()).collect();
    let message = format!(
        "This needs an account at {} that is in use, and this service has none; nothing was changed. Ask its operator when \
         there will be one; a pk_test_ key works until then",
        names.join(" and at ")
    );
    let vendors: Vec<&str> = missing.iter().map(|slot| slot.vendor().as_str()).collect();
    // For the operator, who reads the log.
    let cause = format!(
        "no active account at {}; see peeker provider add",
        vendors.join(", ")
    );
    Error::unavailable(message)
        .with_detail("missing", vendors)
        .with_source(cause)
}

/// The first process records a check value of the master key; any other key is refused, since it could open nothing.
async fn check_master_key(store: &Store, master_key: &MasterKey) -> Result<()> {
    let ours = master_key.check_value();
    let recorded = peeker_store::settings::get_or_insert(&store.control, "master_key_check", &ours)
        .await
        .map_err(|error| failure::starting(error, "check the master key"))?;
    if recorded == ours {
        Ok(())
    } else {
        Err(Error::unavailable(
            "The master key is not the one this database was written under. Set PEEKER_MASTER_KEY (or the file \
             master.key in the data folder) to the key that was in use when the database was made",
        ))
    }
}
