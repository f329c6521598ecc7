//! Connections that are watched, and transactions whose commits are proven (docs/adr/0028).
//!
//! sqlx counts the transactions that are open by the answers it got. SQLite ends a transaction by itself when the disk is
//! full, fails or memory runs out, and the count is one too high from then on: what is begun next is a savepoint, and
//! what is committed next is released and never stored. So, on SQLite,
//! - a connection that is not outside of every transaction is never used again,
//! - nor is one that has seen its storage fail, whatever it says of itself,
//! - and a commit counts only when SQLite has told that it committed.
//!
//! PostgreSQL takes nothing but a rollback after a failure; there it is the network that can stop answering. What is
//! asked outside of a transaction has a time limit, and so has a connection that is given back in doubt.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    QueryResult, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use sqlx::Connection;
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnection, SqlitePoolOptions};

use crate::error::{Result, StoreError, is_unavailable, no_answer};

/// How long PostgreSQL may take over one statement outside of a transaction, waiting for a connection included; a request
/// is answered 503 within five seconds then.
const STATEMENT_LIMIT: Duration = Duration::from_millis(4_500);
/// How long a PostgreSQL connection in doubt may take to show that it still works.
const CHECK_LIMIT: Duration = Duration::from_secs(2);

/// What is known of the connections of a pool.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// Transactions that SQLite says it has committed.
    commits: AtomicU64,
    /// On SQLite: the storage has failed under the connection. On PostgreSQL: something was not answered in time.
    doubtful: AtomicBool,
}

impl Watch {
    /// Lets the one connection of a SQLite pool tell its commits, and the pool throw it away when in doubt.
    pub(crate) fn sqlite(self: &Arc<Self>, pool: SqlitePoolOptions) -> SqlitePoolOptions {
        let (connecting, acquiring, releasing) =
            (Arc::clone(self), Arc::clone(self), Arc::clone(self));
        pool.after_connect(move |connection, _| {
            let watch = Arc::clone(&connecting);
            Box::pin(async move {
                watch.doubtful.store(false, Ordering::Release);
                connection.lock_handle().await?.set_commit_hook(move || {
                    watch.commits.fetch_add(1, Ordering::AcqRel);
                    true
                });
                Ok(())
            })
        })
        .before_acquire(move |connection, _| {
            let sound = acquiring.is_sound(connection);
            Box::pin(async move { Ok(sound) })
        })
        .after_release(move |connection, _| {
            let watch = Arc::clone(&releasing);
            Box::pin(async move {
                if connection.is_in_transaction() {
                    // Dropped without a commit: the answer to this comes after that of the rollback.
                    connection.ping().await?;
                }
                Ok(watch.is_sound(connection))
            })
        })
    }

    fn is_sound(&self, connection: &SqliteConnection) -> bool {
        let sound = !self.doubtful.load(Ordering::Acquire) && !connection.is_in_transaction();
        if !sound {
            metrics::counter!("database_writers_discarded_total").increment(1);
            tracing::warn!(
                "A connection whose storage failed, or whose transaction is in doubt, is closed"
            );
        }
        sound
    }

    /// Lets a PostgreSQL pool throw away the connections that do not answer any more. Waiting for them without end, as the
    /// pool does by itself, would lose their places in it.
    pub(crate) fn postgres(self: &Arc<Self>, pool: PgPoolOptions) -> PgPoolOptions {
        let watch = Arc::clone(self);
        pool.after_release(move |connection, _| {
            let watch = Arc::clone(&watch);
            Box::pin(async move {
                if connection.is_in_transaction() {
                    return Ok(false);
                }
                if !watch.doubtful.load(Ordering::Acquire) {
                    return Ok(true);
                }
                let answered = tokio::time::timeout(CHECK_LIMIT, connection.ping()).await;
                let alive = matches!(answered, Ok(Ok(())));
                watch.doubtful.store(!alive, Ordering::Release);
                Ok(alive)
            })
        })
    }

    fn doubt(&self) {
        self.doubtful.store(true, Ordering::Release);
    }

    fn commits(&self) -> u64 {
        self.commits.load(Ordering::Acquire)
    }
}

/// Casts doubt on the connections when it is dropped before its statement was answered.
struct Unanswered<'a>(Option<&'a Watch>);

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Some(watch) = self.0 {
            watch.doubt();
        }
    }
}

/// A pool of connections to one database, for single statements.
#[derive(Debug, Clone)]
pub struct Connections {
    pool: DatabaseConnection,
    watch: Option<Arc<Watch>>,
    limit: Option<Duration>,
}

impl Connections {
    /// Readers of a SQLite file, which cannot lose anything, are not watched.
    pub(crate) fn new(pool: DatabaseConnection, watch: Option<Arc<Watch>>) -> Self {
        let limit = match pool.get_database_backend() {
            DbBackend::Postgres => Some(STATEMENT_LIMIT),
            _ => None,
        };
        Self { pool, watch, limit }
    }

    /// The same for what reads whole tables and may take its time.
    #[must_use]
    pub fn unhurried(&self) -> Self {
        Self {
            limit: None,
            ..self.clone()
        }
    }

    /// Opens a transaction. Dropped without a commit, it changes nothing.
    ///
    /// It begins in a task of its own, which goes on when the caller is dropped meanwhile: a request whose client went
    /// away, a job that was cut off. sqlx 0.9 forgets a BEGIN that nobody waits for, and the connection would go back to the
    /// pool inside a transaction, where what others write next is never committed and keeps its locks.
    pub(crate) async fn begin(&self) -> Result<WriteTransaction> {
        let pool = self.pool.clone();
        let options = TransactionOptions {
            // Or two that read first and write then could not both go on.
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let begun = tokio::spawn(async move { pool.begin_with_options(options).await });
        let begun = async { begun.await.unwrap_or_else(|_| Err(no_answer())) };
        Ok(WriteTransaction {
            transaction: self.answered(begun).await?,
            watch: self.watch.clone(),
        })
    }

    /// The pool itself: for a connection that listens, and for what sqlx tells of a server.
    pub fn postgres_pool(&self) -> &PgPool {
        self.pool.get_postgres_connection_pool()
    }

    pub async fn close(self) -> Result<()> {
        Ok(self.pool.close().await?)
    }

    async fn answered<T>(
        &self,
        asked: impl Future<Output = Result<T, DbErr>> + Send,
    ) -> Result<T, DbErr> {
        let Some(limit) = self.limit else {
            return noted(self.watch.as_deref(), asked.await);
        };
        let mut unanswered = Unanswered(self.watch.as_deref());
        let answer = tokio::time::timeout(limit, asked).await;
        let answer = answer.unwrap_or_else(|_| Err(no_answer()));
        unanswered.0 = None;
        noted(self.watch.as_deref(), answer)
    }
}

/// Passes an answer on, and casts doubt on the connection when the database has failed under it.
fn noted<T>(watch: Option<&Watch>, answer: Result<T, DbErr>) -> Result<T, DbErr> {
    if let (Some(watch), Err(error)) = (watch, &answer)
        && is_unavailable(error)
    {
        watch.doubt();
    }
    answer
}

#[async_trait]
impl ConnectionTrait for Connections {
    fn get_database_backend(&self) -> DbBackend {
        self.pool.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.answered(self.pool.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.answered(self.pool.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.answered(self.pool.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.answered(self.pool.query_all_raw(statement)).await
    }
}

/// An open transaction that writes.
#[derive(Debug)]
pub struct WriteTransaction {
    transaction: DatabaseTransaction,
    watch: Option<Arc<Watch>>,
}

impl WriteTransaction {
    /// Stores what was written. After an error nobody can tell whether it was stored.
    pub async fn commit(self) -> Result<()> {
        let Self { transaction, watch } = self;
        let is_sqlite = transaction.get_database_backend() == DbBackend::Sqlite;
        let mut unanswered = Unanswered(watch.as_deref());
        let before = watch.as_deref().map(Watch::commits);
        let answer = transaction.commit().await;
        unanswered.0 = None;
        noted(watch.as_deref(), answer)?;
        match watch.as_deref() {
            Some(watch) if is_sqlite && before == Some(watch.commits()) => {
                watch.doubt();
                metrics::counter!("database_commits_unproven_total").increment(1);
                Err(StoreError::CommitUnproven)
            }
            _ => Ok(()),
        }
    }

    /// Undoes what was written.
    pub async fn rollback(self) -> Result<()> {
        let Self { transaction, watch } = self;
        Ok(noted(watch.as_deref(), transaction.rollback().await)?)
    }
}

#[async_trait]
impl ConnectionTrait for WriteTransaction {
    fn get_database_backend(&self) -> DbBackend {
        self.transaction.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let answer = self.transaction.execute_raw(statement).await;
        noted(self.watch.as_deref(), answer)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let answer = self.transaction.execute_unprepared(sql).await;
        noted(self.watch.as_deref(), answer)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let answer = self.transaction.query_one_raw(statement).await;
        noted(self.watch.as_deref(), answer)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let answer = self.transaction.query_all_raw(statement).await;
        noted(self.watch.as_deref(), answer)
    }
}
