//! The app under test.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use peeker_app::clock::FrozenClock;
use peeker_app::partners::{self, Partner};
use peeker_app::{App, Hooks, MasterKey, Options, Settings, keys, runner, webhooks};
use peeker_domain::{Clock, Environment, JobKind, JobState, Preset, Tier, Timestamp};
use peeker_store::events::Event;
use peeker_store::{clock, events, jobs};
use peeker_webhooks::{AddressPolicy, OutboundClient, SigningSecret};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::{Client, Commits, Engine, Faults, TestDatabase};

/// When a test begins: 2026-05-08T12:00:00Z.
pub const EPOCH: Timestamp = Timestamp::from_millis(1_778_241_600_000);

/// Jobs that wait for their day, whatever has become of what they are about.
const TIMERS: [JobKind; 3] = [JobKind::Renew, JobKind::Expiry, JobKind::SwapDeadline];

/// An app on a fresh database, with one partner.
pub struct TestApp {
    pub app: App,
    pub partner: Partner,
    /// Which engine it runs on.
    pub engine: Engine,
    clock: Arc<FrozenClock>,
    router: Router,
    database: TestDatabase,
    test_key: String,
    live_key: String,
    may_leave_jobs: AtomicBool,
}

impl TestApp {
    /// Starts an app on a fresh database.
    pub async fn start(engine: Engine) -> Self {
        Self::start_on(TestDatabase::create(engine).await, engine).await
    }

    pub(crate) async fn start_on(database: TestDatabase, engine: Engine) -> Self {
        let clock = Arc::new(FrozenClock::at(EPOCH));
        let app = open(&database, &clock, settings()).await;
        let created = partners::create(&app, "Acme Resellers", Tier::Base)
            .await
            .unwrap();
        Self {
            router: peeker_api::router(app.clone()),
            app,
            partner: created.partner,
            engine,
            clock,
            database,
            test_key: created.test_key.expose_secret().to_owned(),
            live_key: created.live_key.expose_secret().to_owned(),
            may_leave_jobs: AtomicBool::new(false),
        }
    }

    /// Stops and starts again on the same database, as after a kill: nothing of the old process is kept, not even the
    /// locks that it held.
    pub async fn restart(mut self) -> Self {
        let nobody = Router::new();
        drop((self.app, std::mem::replace(&mut self.router, nobody)));
        let app = open(&self.database, &self.clock, settings()).await;
        runner::end_all_leases(&app).await.unwrap();
        Self {
            router: peeker_api::router(app.clone()),
            app,
            ..self
        }
    }

    /// A second server on the same database.
    pub async fn another_server(&self) -> App {
        open(&self.database, &self.clock, settings()).await
    }

    /// A second server on the same database, with other settings.
    pub async fn server_with(&self, settings: Settings) -> App {
        open(&self.database, &self.clock, settings).await
    }

    /// What another server on the same databases, with the same clock, is made from.
    pub fn options(&self) -> Options {
        options(&self.database, &self.clock, settings())
    }

    /// A second server on the same database, with `faults` before its providers.
    pub async fn faulty_server(&self, faults: &Faults) -> App {
        let options = self.options().behind(faults.layer());
        App::start(options).await.unwrap()
    }

    /// A second server on the same database, which can be stopped at its commits.
    pub async fn server_with_commits(&self, commits: &Commits) -> App {
        let options = self.options().interrupted_by(commits.interruption());
        App::start(options).await.unwrap()
    }

    /// A client with the full test key.
    pub fn client(&self) -> Client {
        self.client_with(&self.test_key)
    }

    /// A client with the full live key.
    pub fn live_client(&self) -> Client {
        self.client_with(&self.live_key)
    }

    /// A client without a key.
    pub fn anonymous(&self) -> Client {
        Client::new(self.router.clone(), None)
    }

    /// A client with this key.
    pub fn client_with(&self, key: &str) -> Client {
        Client::new(self.router.clone(), Some(key.to_owned()))
    }

    /// A client of another server.
    pub fn client_of(&self, app: &App) -> Client {
        Client::new(peeker_api::router(app.clone()), Some(self.test_key.clone()))
    }

    /// A client of another server, with this key.
    pub fn client_of_with(&self, app: &App, key: &str) -> Client {
        Client::new(peeker_api::router(app.clone()), Some(key.to_owned()))
    }

    /// The full test key.
    pub fn test_key(&self) -> &str {
        &self.test_key
    }

    /// A new test key of this partner.
    pub async fn key(&self, preset: Preset, requests_per_minute: u32) -> String {
        let new = keys::NewKey {
            environment: Environment::Test,
            preset,
            label: None,
            requests_per_minute,
        };
        let created = keys::create(&self.app, &self.partner.id, new)
            .await
            .unwrap();
        created.secret.expose_secret().to_owned()
    }

    /// A client of another partner.
    pub async fn stranger(&self) -> Client {
        let created = partners::create(&self.app, "Globex", Tier::Base)
            .await
            .unwrap();
        self.client_with(created.test_key.expose_secret())
    }

    /// Sends the partner's webhooks to `url`. Gives back the secret of the sandbox.
    pub async fn set_webhook(&self, url: &str) -> SigningSecret {
        let secrets = webhooks::set_endpoint(&self.app, &self.partner.id, None, url)
            .await
            .unwrap()
            .unwrap();
        SigningSecret::parse(secrets.test.expose_secret()).unwrap()
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn advance_seconds(&self, seconds: i64) {
        self.clock.advance_millis(seconds * 1000);
    }

    /// Advances the partner's sandbox clock through the API, and lets all of its work be done on the way.
    pub async fn advance_sandbox(&self, seconds: i64) {
        let wish = json!({ "seconds": seconds });
        self.client()
            .post("/sandbox/clock/advance", wish)
            .await
            .expect(200);
        self.run_until_idle().await;
        let db = &self.app.store().sandbox.db;
        let clock = clock::find(db, &self.partner.id).await.unwrap();
        assert_eq!(clock.target, None, "the clock did not arrive");
    }

    /// Runs all sandbox work that is due now. Gives back how many pieces that were.
    pub async fn run_until_idle(&self) -> usize {
        runner::run_until_idle(&self.app, Environment::Test)
            .await
            .unwrap()
    }

    /// All sandbox events of the partner, in sequence.
    pub async fn events(&self) -> Vec<Event> {
        let db = &self.app.store().sandbox.db;
        events::list_after(db, &self.partner.id, 0, 1_000_000)
            .await
            .unwrap()
    }

    /// The types of all sandbox events of the partner, in sequence.
    pub async fn event_types(&self) -> Vec<String> {
        self.events()
            .await
            .into_iter()
            .map(|event| event.kind.to_string())
            .collect()
    }

    /// The bodies of all sandbox events of one type, in sequence.
    pub async fn events_of(&self, kind: &str) -> Vec<Value> {
        let events = self
            .events()
            .await
            .into_iter()
            .filter(|event| event.kind.as_str() == kind);
        events
            .map(|event| serde_json::from_str(&event.body).unwrap())
            .collect()
    }

    pub(crate) fn database(&self) -> &TestDatabase {
        &self.database
    }

    /// The folder of the SQLite files.
    pub fn data_folder(&self) -> Option<&std::path::Path> {
        self.database.folder()
    }

    /// Says that jobs may be left over when the test ends.
    pub fn may_leave_jobs(&self) {
        self.may_leave_jobs.store(true, Ordering::Relaxed);
    }

    /// Ends the test. Work that nobody ran is a mistake of the test, or a job that never comes to an end. The timers
    /// of orders and swaps are no such work.
    pub async fn finish(self) {
        if !self.may_leave_jobs.load(Ordering::Relaxed) {
            for state in [JobState::Ready, JobState::Dead] {
                for db in [&self.app.store().sandbox.db, &self.app.store().live.db] {
                    let left = jobs::list_unscoped(db, state).await.unwrap();
                    let left: Vec<_> = left
                        .into_iter()
                        .filter(|(kind, _)| state == JobState::Dead || !TIMERS.contains(kind))
                        .collect();
                    assert!(
                        left.is_empty(),
                        "{state} jobs are left over; run them or call may_leave_jobs(): {left:?}"
                    );
                }
            }
        }
        let Self {
            app,
            router,
            database,
            ..
        } = self;
        drop((app, router));
        database.drop_now().await;
    }
}

/// Nobody works while a test's request runs, so there is nothing to wait for.
fn settings() -> Settings {
    Settings {
        clock_wait: Duration::ZERO,
        readiness_interval: Duration::ZERO,
        ..Settings::default()
    }
}

async fn open(database: &TestDatabase, clock: &Arc<FrozenClock>, settings: Settings) -> App {
    App::start(options(database, clock, settings))
        .await
        .unwrap()
}

fn options(database: &TestDatabase, clock: &Arc<FrozenClock>, settings: Settings) -> Options {
    Options {
        location: database.location.clone(),
        master_key: MasterKey::from_bytes([42; 32]),
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        settings,
        outbound: OutboundClient::new(AddressPolicy::development(), false).unwrap(),
        hooks: Hooks::default(),
    }
}
