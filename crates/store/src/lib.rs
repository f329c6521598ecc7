//! All SQL of Peeker; nothing else writes any.
//!
//! Three databases: `control` (partners, keys, webhook endpoints), `live` and `sandbox` (everything else, the same
//! schema twice). On SQLite they are files, on PostgreSQL schemas; one code path serves both (docs/adr/0001).
//!
//! Every function names its account; those that do not are called `*_unscoped` (invariant 4).

pub mod actions;
mod aggregate;
pub mod bundles;
pub mod clock;
pub mod clock_advance;
pub mod connect;
mod connections;
pub mod data_files;
pub mod deliveries;
pub mod domain_providers;
pub mod domains;
pub mod entity;
pub mod environment;
pub mod error;
pub mod events;
pub mod forwardings;
pub mod idempotency;
pub mod imports;
mod insert;
pub mod jobs;
mod keys;
mod lane;
mod lanes;
mod line;
mod loader;
pub mod mailboxes;
mod migrate;
mod number;
pub mod operator_tasks;
pub mod orders;
pub mod pacing;
pub mod paging;
pub mod partners;
pub mod provider_accounts;
pub mod rate;
pub mod registrations;
pub mod reset;
pub mod settings;
pub mod simulator;
pub mod stuck_jobs;
pub mod swaps;
mod turnstile;
mod unit_of_work;
pub mod users;
pub mod vendor_payments;
pub mod wallet;
pub mod webhooks;

pub use connect::{Location, Pools};
pub use connections::{Connections, WriteTransaction};
pub use environment::{EnvironmentDb, Interruption, Moment};
pub use error::{Result, StoreError};
pub use insert::columns;
pub use lane::{Batch, Lane};
pub use lanes::EnvironmentStore;
pub use line::{LineUp, MOST_CLAIMED, Share};
pub use loader::{Load, Loader};
pub use unit_of_work::UnitOfWork;

use peeker_domain::Environment;

/// The names of the three databases.
const DATABASES: [&str; 3] = ["control", "live", "sandbox"];

/// All databases of an installation.
#[derive(Debug)]
pub struct Store {
    /// Partners, keys, webhook endpoints.
    pub control: Pools,
    pub live: EnvironmentStore,
    pub sandbox: EnvironmentStore,
}

impl Store {
    /// Opens the databases and brings them to the schema of this binary. Commits wait for `interruption`, at which a test
    /// can stop them.
    pub async fn open(location: &Location, interruption: Option<Interruption>) -> Result<Self> {
        migrate(location).await?;
        let open =
            |environment| EnvironmentStore::open(location, environment, interruption.clone());
        Ok(Self {
            control: connect::open(location, "control").await?,
            live: open(Environment::Live).await?,
            sandbox: open(Environment::Test).await?,
        })
    }

    pub fn environment(&self, environment: Environment) -> &EnvironmentStore {
        match environment {
            Environment::Live => &self.live,
            Environment::Test => &self.sandbox,
        }
    }

    /// Proves that all databases can be read and written.
    pub async fn probe(&self) -> Result<()> {
        for pools in [&self.control, &self.live.db.pools, &self.sandbox.db.pools] {
            pools.probe().await?;
        }
        Ok(())
    }
}

/// Runs the migrations that are missing. Gives back what was run, by database.
pub async fn migrate(location: &Location) -> Result<Vec<(&'static str, Vec<&'static str>)>> {
    let mut done = Vec::new();
    for database in DATABASES {
        let pools = connect::open(location, database).await?;
        done.push((database, migrate::migrate(&pools, database).await?));
        pools.reader.clone().close().await?;
        pools.writer.clone().close().await?;
    }
    Ok(done)
}

/// How many migrations each database lacks.
pub async fn pending_migrations(location: &Location) -> Result<Vec<(&'static str, usize)>> {
    let mut pending = Vec::new();
    for database in DATABASES {
        let pools = connect::open(location, database).await?;
        pending.push((database, migrate::pending(&pools, database).await?));
    }
    Ok(pending)
}
