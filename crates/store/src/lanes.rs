//! The write lanes and loaders of an environment, on top of its database.

use std::sync::Arc;

use peeker_domain::Environment;

use crate::connect::Location;
use crate::deliveries::RecordAttempt;
use crate::environment::{EnvironmentDb, Interruption};
use crate::error::Result;
use crate::lane::Lane;
use crate::loader::Loader;
use crate::orders::accept::Accept;
use crate::orders::progress::{Assignments, Progress};
use crate::simulator::{Documents, Remember};

/// Parallel lanes on PostgreSQL; measured in docs/adr/0002.
const POSTGRES_LANES: usize = 4;

/// An environment: its database and its write lanes.
#[derive(Debug)]
pub struct EnvironmentStore {
    pub db: Arc<EnvironmentDb>,
    pub accept: Lane<Accept>,
    /// Reads what provisioning jobs are about.
    pub assignments: Loader<Assignments>,
    /// Records how far provisioning is.
    pub progress: Lane<Progress>,
    pub attempts: Lane<RecordAttempt>,
    /// What the simulated providers remember, to be changed.
    pub simulator: Lane<Remember>,
    /// The same, to be read.
    pub documents: Loader<Documents>,
}

impl EnvironmentStore {
    /// Opens the database and starts its lanes. Migrations are not run.
    pub(crate) async fn open(
        location: &Location,
        environment: Environment,
        interruption: Option<Interruption>,
    ) -> Result<Self> {
        let db = EnvironmentDb::open(location, environment, interruption).await?;
        let lanes = if db.pools.is_sqlite() {
            1
        } else {
            POSTGRES_LANES
        };
        Ok(Self {
            accept: Lane::start(&db, lanes),
            assignments: Loader::start(&db),
            progress: Lane::start(&db, lanes),
            attempts: Lane::start(&db, lanes),
            simulator: Lane::start(&db, lanes),
            documents: Loader::start(&db),
            db,
        })
    }
}
