//! Opening databases: files in a folder (SQLite) or schemas of one PostgreSQL database.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};

use crate::error::{Result, StoreError};

/// How long a writer waits for another process (a command run beside the server) to let go of a SQLite file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a query waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);
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
    pub reader: DatabaseConnection,
    /// For statements and transactions that write.
    pub writer: DatabaseConnection,
}

impl Pools {
    /// Opens a transaction that writes. Dropped without a commit, it changes nothing.
    ///
    /// It begins in a task of its own, which goes on when the caller is dropped meanwhile: a request whose client went
    /// away, a job that was cut off. sqlx 0.9 forgets a BEGIN that nobody waits for, and the connection would go back to the
    /// pool inside a transaction, where what others write next is never committed and keeps its locks.
    pub async fn begin(&self) -> Result<DatabaseTransaction> {
        let writer = self.writer.clone();
        let options = TransactionOptions {
            // Or two that read first and write then could not both go on.
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let begun = tokio::spawn(async move { writer.begin_with_options(options).await });
        Ok(begun.await.map_err(|_| StoreError::Closed)??)
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
            let url = format!(
                "sqlite://{}?mode=rwc",
                folder.join(format!("{database}.db")).display()
            );
            let writer = open_sqlite(&url, 1).await?;
            let reader = open_sqlite(&url, SQLITE_READERS).await?;
            Ok(Pools { reader, writer })
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
            let pool = open_postgres(url, database, most).await?;
            Ok(Pools {
                reader: pool.clone(),
                writer: pool,
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

async fn open_sqlite(url: &str, max_connections: u32) -> Result<DatabaseConnection> {
    let mut options = base_options(url, max_connections);
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
    Ok(Database::connect(options).await?)
}

async fn open_postgres(
    url: &str,
    schema: &'static str,
    max_connections: u32,
) -> Result<DatabaseConnection> {
    let mut options = base_options(url, max_connections);
    options
        .set_schema_search_path(schema)
        .set_application_name("peeker");
    options.map_sqlx_postgres_opts(|options| options.statement_cache_capacity(512));
    Ok(Database::connect(options).await?)
}
