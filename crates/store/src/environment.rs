//! One environment's database with its wake-up calls. The write lanes on top of it are in `lanes.rs`.

use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures::future::BoxFuture;
use peeker_domain::id::AccountId;
use peeker_domain::wallet::Funding;
use peeker_domain::{Cents, Environment};
use sea_orm::ConnectionTrait;
use sqlx::postgres::PgListener;
use tokio::sync::{Notify, oneshot, watch};

use crate::connect::{Location, Pools, SQLITE_READERS, open};
use crate::connections::WriteTransaction;
use crate::error::Result;
use crate::turnstile::{Pass, Turnstile, Writer};

/// How long to wait before listening again when the connection broke.
const RECONNECT_PAUSE: Duration = Duration::from_secs(1);

/// A moment at which a process can be killed with a different outcome than a moment before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Everything is written and nothing is committed.
    BeforeCommit,
    /// It is committed, and nobody has been told.
    AfterCommit,
}

/// Lets a test stop a process at such a moment: every unit of work that is about an account waits for the answer. A
/// server has none.
pub type Interruption = Arc<dyn Fn(Moment) -> BoxFuture<'static, ()> + Send + Sync>;

/// What the sandbox wallet is filled up to (contract §8: it never runs out).
const SANDBOX_FUNDS: Cents = Cents(1_000_000_000);

/// What the contract has different in the two environments. Rules go by these and do not ask which environment it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EnvironmentRules {
    /// Where the money of wallets comes from.
    pub funding: Funding,
    /// Whether accounts have clocks of their own that can be advanced (contract §7).
    pub movable_clocks: bool,
    /// Whether an account can be emptied (contract §7).
    pub resettable: bool,
    /// Whether a name that one account has imported is no other's: there is one real one of each.
    pub exclusive_imports: bool,
}

impl EnvironmentRules {
    const fn of(environment: Environment) -> Self {
        match environment {
            Environment::Live => Self {
                funding: Funding::Prepaid,
                movable_clocks: false,
                resettable: false,
                exclusive_imports: true,
            },
            Environment::Test => Self {
                funding: Funding::FilledUp { to: SANDBOX_FUNDS },
                movable_clocks: true,
                resettable: true,
                exclusive_imports: false,
            },
        }
    }
}

/// The database of one environment.
pub struct EnvironmentDb {
    /// Which environment: for what is said of it, not for deciding.
    pub environment: Environment,
    /// What goes for its accounts.
    pub(crate) rules: EnvironmentRules,
    pub pools: Pools,
    /// In front of units of work. One at a time of an account, as each locks the account's row: a second one would only
    /// keep a connection waiting.
    pub(crate) writers: Turnstile<Writer>,
    /// In front of reads of logs, which are as long as an account is old.
    log_readers: Turnstile<AccountId>,
    jobs_waiting: Notify,
    deliveries_waiting: Notify,
    interruption: Option<Interruption>,
    /// Heard by every listener, unlike the calls above, which wake one worker.
    events_recorded: watch::Sender<()>,
    /// Dropped with the database, which ends the listener and gives its connection back.
    _in_use: oneshot::Sender<Infallible>,
}

impl EnvironmentDb {
    /// The name of the file or schema.
    pub fn name(environment: Environment) -> &'static str {
        match environment {
            Environment::Live => "live",
            Environment::Test => "sandbox",
        }
    }

    /// Opens the database. Migrations are not run.
    pub(crate) async fn open(
        location: &Location,
        environment: Environment,
        interruption: Option<Interruption>,
    ) -> Result<Arc<Self>> {
        let pools = open(location, Self::name(environment)).await?;
        let at_once = AtOnce::of(location);
        let (in_use, unused) = oneshot::channel();
        let db = Arc::new(Self {
            environment,
            rules: EnvironmentRules::of(environment),
            pools,
            writers: Turnstile::new(at_once.units_of_work, 1),
            log_readers: Turnstile::new(at_once.log_reads, 1),
            jobs_waiting: Notify::new(),
            deliveries_waiting: Notify::new(),
            interruption,
            events_recorded: watch::Sender::new(()),
            _in_use: in_use,
        });
        if !db.pools.is_sqlite() {
            tokio::spawn(listen(Arc::downgrade(&db), unused));
        }
        Ok(db)
    }

    /// Returns when a job was enqueued, here or, on PostgreSQL, in another process. May return early.
    pub async fn job_waiting(&self) {
        self.jobs_waiting.notified().await;
    }

    /// Returns when an event was recorded, here or, on PostgreSQL, in another process. May return early.
    pub async fn delivery_waiting(&self) {
        self.deliveries_waiting.notified().await;
    }

    /// Tells of events that were recorded or replayed from now on, here or, on PostgreSQL, in another process. May tell
    /// of nothing.
    pub fn watch_events(&self) -> watch::Receiver<()> {
        self.events_recorded.subscribe()
    }

    /// Wakes the workers and the event listeners of this process.
    pub fn wake(&self, jobs: bool, deliveries: bool) {
        if jobs {
            self.jobs_waiting.notify_one();
        }
        if deliveries {
            self.deliveries_waiting.notify_one();
            self.events_recorded.send_replace(());
        }
    }

    /// Waits for the account's turn to read of its logs.
    pub(crate) async fn log_reader(&self, account: &AccountId) -> Pass<AccountId> {
        self.log_readers.pass(account.clone()).await
    }

    /// Waits for whoever wants to stop the process here.
    pub(crate) async fn pass(&self, moment: Moment) {
        if let Some(interruption) = &self.interruption {
            interruption(moment).await;
        }
    }

    /// On PostgreSQL, tells the other processes; they hear it when the transaction commits.
    pub(crate) async fn announce(
        &self,
        tx: &WriteTransaction,
        jobs: bool,
        deliveries: bool,
    ) -> Result<()> {
        if !self.pools.is_sqlite() && (jobs || deliveries) {
            tx.execute_unprepared(&format!("NOTIFY peeker_{}", Self::name(self.environment)))
                .await?;
        }
        Ok(())
    }
}

impl fmt::Debug for EnvironmentDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EnvironmentDb({})", Self::name(self.environment))
    }
}

/// What may go on at once, so that there is always a connection left for what is short.
struct AtOnce {
    units_of_work: usize,
    log_reads: usize,
}

impl AtOnce {
    fn of(location: &Location) -> Self {
        match location {
            Location::Sqlite(_) => Self {
                units_of_work: 1,
                log_reads: SQLITE_READERS as usize / 2,
            },
            Location::Postgres {
                max_connections, ..
            } => {
                let most = *max_connections as usize;
                Self {
                    units_of_work: (most - most / 4).max(1),
                    log_reads: (most / 8).max(1),
                }
            }
        }
    }
}

/// Turns PostgreSQL notifications into local wake-up calls for as long as the database is in use. While there is no
/// connection, workers still poll, so a lost call only costs a moment.
async fn listen(db: Weak<EnvironmentDb>, mut unused: oneshot::Receiver<Infallible>) {
    loop {
        tokio::select! {
            () = hear(&db) => {}
            _ = &mut unused => return,
        }
        tokio::select! {
            () = tokio::time::sleep(RECONNECT_PAUSE) => {}
            _ = &mut unused => return,
        }
    }
}

/// Listens until the connection breaks.
async fn hear(db: &Weak<EnvironmentDb>) {
    let Some(strong) = db.upgrade() else { return };
    let channel = format!("peeker_{}", EnvironmentDb::name(strong.environment));
    let listener = PgListener::connect_with(strong.pools.reader.postgres_pool()).await;
    drop(strong);
    let Ok(mut listener) = listener else { return };
    if listener.listen(&channel).await.is_err() {
        return;
    }
    while listener.recv().await.is_ok() {
        match db.upgrade() {
            Some(db) => db.wake(true, true),
            None => return,
        }
    }
}
