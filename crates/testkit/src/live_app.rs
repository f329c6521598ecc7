//! An app whose live environment has accounts at vendors: fakes of theirs, on sockets of their own.
//!
//! The vendors' tokens and limits go by the time of day, so this app does too. Nothing waits for it: what a vendor makes
//! wait for is tried again at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use peeker_app::clock::SystemClock;
use peeker_app::operator_tasks;
use peeker_app::partners::{self, Partner};
use peeker_app::provider_accounts::{self, NewAccount, ProviderAccount};
use peeker_app::settings::DnsSettings;
use peeker_app::wallet::{self, Decision};
use peeker_app::{App, Hooks, MasterKey, Options, Settings, keys, runner};
use peeker_domain::vendor::{AccountState, OperatorTask, Vendor};
use peeker_domain::{Cents, Clock, Environment, JobState, Preset, Tier};
use peeker_fakes::{Fakes, Vendor as Fake};
use peeker_store::stuck_jobs::{self, hurry_unscoped};
use peeker_store::{events, jobs};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::{Client, Engine, NameAnswer, Resolver, TestDatabase};

/// Most rounds of work before something counts as never coming to its end.
const ROUNDS: usize = 1_000;
/// Requests of the live key; more than a test makes.
const REQUESTS_PER_MINUTE: u32 = 1_000_000;
/// A pace that no test reaches.
const PACE: &str = "600000";

/// The website that domains may be forwarded to.
const WEBSITE: &str = "northwind.example";

/// An app with vendors, and one partner.
pub struct LiveApp {
    pub app: App,
    pub fakes: Fakes,
    pub partner: Partner,
    pub engine: Engine,
    router: Router,
    database: TestDatabase,
    live_key: String,
    test_key: String,
}

/// The fake of a vendor.
pub const fn fake(vendor: Vendor) -> Fake {
    match vendor {
        Vendor::NameCom => Fake::NameCom,
        Vendor::Cloudflare => Fake::Cloudflare,
        Vendor::Google => Fake::Google,
        Vendor::Microsoft => Fake::Microsoft,
        Vendor::Smartlead => Fake::Smartlead,
    }
}

impl LiveApp {
    /// Starts vendors and app, with an account at each vendor and $10,000 in the wallet.
    pub async fn start(engine: Engine) -> Self {
        let live = Self::start_bare(engine).await;
        for &vendor in Vendor::ALL {
            live.add_account(vendor).await;
        }
        live.pay_in(Cents(1_000_000)).await;
        live
    }

    /// Starts vendors and app, without any account, with an empty wallet.
    pub async fn start_bare(engine: Engine) -> Self {
        let fakes = Fakes::start(peeker_fakes::Options::default())
            .await
            .unwrap();
        let database = TestDatabase::create(engine).await;
        let app = open(&database, &fakes).await;
        let created = partners::create(&app, "Acme Resellers", Tier::Vip)
            .await
            .unwrap();
        let unlimited = keys::NewKey {
            environment: Environment::Live,
            preset: Preset::Full,
            label: None,
            requests_per_minute: REQUESTS_PER_MINUTE,
        };
        let key = keys::create(&app, &created.partner.id, unlimited)
            .await
            .unwrap();
        let live_key = key.secret.expose_secret().to_owned();
        Self {
            router: peeker_api::router(app.clone()),
            app,
            fakes,
            partner: created.partner,
            engine,
            database,
            live_key,
            test_key: created.test_key.expose_secret().to_owned(),
        }
    }

    /// Another server on the same databases, with the same vendors.
    pub async fn another_server(&self) -> App {
        open(&self.database, &self.fakes).await
    }

    /// What an operator would enter for the first account of a vendor.
    pub fn new_account(&self, vendor: Vendor) -> NewAccount {
        self.nth_account(vendor, 0)
    }

    /// What an operator would enter for an account of a vendor.
    pub fn nth_account(&self, vendor: Vendor, index: usize) -> NewAccount {
        let setup = self.fakes.setups(fake(vendor)).remove(index);
        let settings = setup.settings.into_iter();
        let mut settings: BTreeMap<String, String> = settings
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        for pace in ["calls_per_minute", "writes_per_minute", "zones_per_hour"] {
            settings.insert(pace.to_owned(), PACE.to_owned());
        }
        NewAccount {
            vendor,
            label: format!("{vendor}-{}", index + 1),
            partner: vendor.is_of_partner().then(|| self.partner.id.clone()),
            base_url: Some(self.fakes.url(fake(vendor))),
            settings,
            capacity: None,
            credentials: SecretString::from(setup.secret),
        }
    }

    /// A website that domains may be forwarded to, which answers.
    pub fn website(&self) -> String {
        let url = self.fakes.web_url();
        format!("http://{WEBSITE}:{}/", url.rsplit(':').next().unwrap())
    }

    pub async fn add_account(&self, vendor: Vendor) -> ProviderAccount {
        let new = self.new_account(vendor);
        provider_accounts::add(&self.app, new).await.unwrap()
    }

    /// The account of this label as it is now.
    pub async fn account(&self, label: &str) -> ProviderAccount {
        provider_accounts::find(&self.app, label).await.unwrap()
    }

    pub async fn pay_in(&self, amount: Cents) {
        let decision = Decision::Credit(amount);
        let live = Environment::Live;
        wallet::book(&self.app, live, &self.partner.id, decision, None, None)
            .await
            .unwrap();
    }

    /// A client with the full live key.
    pub fn client(&self) -> Client {
        Client::new(self.router.clone(), Some(self.live_key.clone()))
    }

    /// A client with the full test key.
    pub fn test_client(&self) -> Client {
        Client::new(self.router.clone(), Some(self.test_key.clone()))
    }

    /// Runs live work, and does what waits for the operator, until `reached`.
    pub async fn run_until(&self, reached: impl AsyncFn() -> bool) {
        self.run_with(&self.app, reached).await;
    }

    /// As [`Self::run_until`], by another server.
    pub async fn run_with(&self, app: &App, reached: impl AsyncFn() -> bool) {
        for _ in 0..ROUNDS {
            runner::run_until_idle(app, Environment::Live)
                .await
                .unwrap();
            if reached().await {
                return;
            }
            self.do_tasks(app).await;
            self.let_time_pass(app).await;
        }
        panic!("not reached: {}", self.stuck().await);
    }

    /// Runs live work a number of rounds, for what is to be left undone.
    pub async fn run_rounds(&self, rounds: usize) {
        for _ in 0..rounds {
            runner::run_until_idle(&self.app, Environment::Live)
                .await
                .unwrap();
            self.do_tasks(&self.app).await;
            self.let_time_pass(&self.app).await;
        }
    }

    /// What waits for a vendor need not wait any longer.
    pub async fn let_time_pass(&self, app: &App) {
        for listed in provider_accounts::list(app).await.unwrap() {
            let account = listed.account;
            if account.rest.is_some() && account.state == AccountState::Active {
                let active = AccountState::Active;
                provider_accounts::set_state(app, &account, active)
                    .await
                    .unwrap();
            }
        }
        hurry_unscoped(&app.store().live.db, None, SystemClock.now())
            .await
            .unwrap();
    }

    /// Runs until the order has this status.
    pub async fn run_order(&self, order: &str, status: &str) -> Value {
        let now = async || {
            self.client()
                .get(&format!("/orders/{order}"))
                .await
                .expect(200)
        };
        self.run_until(async || now().await["data"]["status"] == status)
            .await;
        now().await["data"].clone()
    }

    /// Makes the DKIM keys that Google's console has to be asked for, as `peeker provider tasks` says.
    pub async fn do_tasks(&self, app: &App) {
        let (tasks, _) = operator_tasks::open(app).await.unwrap();
        for task in tasks {
            if task.kind != OperatorTask::GoogleDkim {
                continue;
            }
            let accounts = self.fakes.setups(Fake::Google);
            let input = json!({ "domain": task.domain });
            let shown = accounts.iter().find_map(|account| {
                let console = self
                    .fakes
                    .console(Fake::Google, &account.id, "dkim", &input);
                console.ok()
            });
            let value = shown.unwrap()["value"].as_str().unwrap().to_owned();
            operator_tasks::done(app, &task.id, Some(&value))
                .await
                .unwrap();
        }
    }

    /// What is left to do and why, for a test that fails.
    async fn stuck(&self) -> String {
        let db = &self.app.store().live.db;
        let mut lines = Vec::new();
        for state in [JobState::Ready, JobState::Dead] {
            for (kind, subject) in jobs::list_unscoped(db, state).await.unwrap() {
                let about = stuck_jobs::about_unscoped(db, &subject).await.unwrap();
                let of_kind = about.into_iter().find(|job| job.kind == kind);
                if let Some(error) = of_kind.and_then(|job| job.error) {
                    lines.push(format!("{state} {kind} {subject}: {error}"));
                }
            }
        }
        lines.join("\n")
    }

    /// The types of all live events of the partner, in sequence.
    pub async fn event_types(&self) -> Vec<String> {
        let db = &self.app.store().live.db;
        let events = events::list_after(db, &self.partner.id, 0, 1_000_000).await;
        let events = events.unwrap().into_iter();
        events.map(|event| event.kind.to_string()).collect()
    }

    /// How often something was made at a vendor for a subject, also when the answer was lost.
    pub fn made(&self, vendor: Vendor, what: &str, subject: &str) -> u64 {
        self.fakes.counts().made(fake(vendor), what, subject)
    }

    pub fn data_folder(&self) -> Option<&std::path::Path> {
        self.database.folder()
    }

    /// Ends the test.
    pub async fn finish(self) {
        let Self {
            app,
            router,
            database,
            fakes,
            ..
        } = self;
        drop((app, router, fakes));
        database.drop_now().await;
    }
}

async fn open(database: &TestDatabase, fakes: &Fakes) -> App {
    let dns = fakes.dns();
    let website = Resolver::default();
    website.answer(WEBSITE, NameAnswer::loopback());
    let options = Options {
        location: database.location.clone(),
        master_key: MasterKey::from_bytes([42; 32]),
        clock: Arc::new(SystemClock) as Arc<dyn Clock>,
        settings: Settings {
            readiness_interval: Duration::ZERO,
            dns: DnsSettings {
                resolvers: dns.resolvers.to_vec(),
                authoritative_port: dns.registry.port(),
            },
            ..Settings::default()
        },
        outbound: website.client(),
        hooks: Hooks::default(),
    };
    App::start(options).await.unwrap()
}
