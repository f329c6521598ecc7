//! Opening databases: files in a folder (SQLite) or schemas of one PostgreSQL database.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend};
use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};

use crate::connections::{Connections, Watch, WriteTransaction};
use crate::data_files;
use crate::error::{Result, StoreError};

/// How long a writer waits for another process (a command run beside the server) to let go of a SQLite file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two tries to open a SQLite file that another process holds.
const BUSY_PAUSE: Duration = Duration::from_millis(20);
/// How long a query waits for a free connection, or for a new one; a request is answered 503 within five seconds then.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(4);
/// Readers per SQLite file; each is a thread.
pub(crate) const SQLITE_READERS: u32 = 4;

/// Where the data lives.
#[derive(Clone)]
pub enum Location {
    /// Three files in this folder, which must exist.
    Sqlite(PathBuf),
    /// Three schemas in the database at this URL, with at most so many connections for each environment.
    Postgres {
        /// `postgres://…`; may hold a password, so it is never shown.
        url: String,
        /// Most connections for each of `live` and `sandbox`; `control` gets a quarter.
        max_connections: u32,
    },
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(folder) => write!(f, "Sqlite({})", folder.display()),
            Self::Postgres { .. } => f.write_str("Postgres(…)"),
        }
    }
}

/// One database: a pool to read from and one to write to.
///
/// SQLite has one writer at a time, so its write pool is one connection and writers queue here in order rather than
/// in the file's lock; its readers never wait for it (WAL). On PostgreSQL both are the same pool.
#[derive(Debug, Clone)]
pub struct Pools {
    /// For queries outside transactions.
    pub reader: Connections,
    /// For statements and transactions that write.
    pub writer: Connections,
}

impl Pools {
    /// Opens a transaction that writes. Dropped without a commit, it changes nothing.
    pub async fn begin(&self) -> Result<WriteTransaction> {
        self.writer.begin().await
    }

    /// Proves that the database can be read and written: reads, and commits a change that changes nothing.
    pub async fn probe(&self) -> Result<()> {
        self.reader.execute_unprepared("SELECT 1").await?;
        let tx = self.begin().await?;
        tx.execute_unprepared("UPDATE schema_migrations SET name = name WHERE version = 1")
            .await?;
        tx.commit().await
    }

    /// Whether this is SQLite.
    pub fn is_sqlite(&self) -> bool {
        self.writer.get_database_backend() == DbBackend::Sqlite
    }
}

/// Opens one of `control`, `live`, `sandbox`; makes the file or schema when it is missing.
pub async fn open(location: &Location, database: &'static str) -> Result<Pools> {
    match location {
        Location::Sqlite(folder) => {
            let file = data_files::database_file(folder, database);
            data_files::create(&file).map_err(|error| StoreError::DataFile(file.clone(), error))?;
            let url = format!("sqlite://{}?mode=rwc", file.display());
            let watch = Arc::new(Watch::default());
            let writer = open_sqlite(&url, 1, Some(&watch)).await?;
            let reader = open_sqlite(&url, SQLITE_READERS, None).await?;
            Ok(Pools {
                reader: Connections::new(reader, None),
                writer: Connections::new(writer, Some(watch)),
            })
        }
        Location::Postgres {
            url,
            max_connections,
        } => {
            let most = if database == "control" {
                (max_connections / 4).max(2)
            } else {
                *max_connections
            };
            let watch = Arc::new(Watch::default());
            let pool = open_postgres(url, database, most, &watch).await?;
            let connections = Connections::new(pool, Some(watch));
            Ok(Pools {
                reader: connections.clone(),
                writer: connections,
            })
        }
    }
}

fn base_options(url: &str, max_connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(max_connections)
        .min_connections(0)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // A ping before each use costs a round trip; a broken connection shows itself on first use instead.
        .test_before_acquire(false)
        .sqlx_logging(false);
    options
}

async fn open_sqlite(
    url: &str,
    max_connections: u32,
    watch: Option<&Arc<Watch>>,
) -> Result<DatabaseConnection> {
    let mut options = base_options(url, max_connections);
    if let Some(watch) = watch.cloned() {
        options.map_sqlx_sqlite_pool_opts(move |pool| watch.sqlite(pool));
    }
    options.map_sqlx_sqlite_opts(|options| {
        options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // FULL: a commit that was answered survives a power cut, not only a killed process.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
            // Room for the hot statements, whose text varies with the number of rows in a batch.
            .statement_cache_capacity(512)
            .pragma("cache_size", "-32000")
            .pragma("temp_store", "memory")
    });
    connect_when_free(options).await
}

/// Connects, and waits for another process that opens the same file. SQLite's own waiting does not cover the moment when the
/// first of them turns a new file to WAL.
async fn connect_when_free(options: ConnectOptions) -> Result<DatabaseConnection> {
    let started = Instant::now();
    loop {
        let error = match Database::connect(options.clone()).await {
            Ok(connection) => return Ok(connection),
            Err(error) => StoreError::from(error),
        };
        if !error.is_transient() || started.elapsed() > BUSY_TIMEOUT {
            return Err(error);
        }
        tokio::time::sleep(BUSY_PAUSE).await;
    }
}

async fn open_postgres(
    url: &str,
    schema: &'static str,
    max_connections: u32,
    watch: &Arc<Watch>,
) -> Result<DatabaseConnection> {
    let mut options = base_options(url, max_connections);
    options
        .set_schema_search_path(schema)
        .set_application_name("peeker");
    options.map_sqlx_postgres_opts(|options| options.statement_cache_capacity(512));
    let watch = Arc::clone(watch);
    options.map_sqlx_postgres_pool_opts(move |pool| watch.postgres(pool));
    Ok(Database::connect(options).await?)
}
