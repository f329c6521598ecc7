//! What can go wrong below the use-cases. `peeker-app` turns it into a [`peeker_domain::Error`] once.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use peeker_domain::Cents;
use peeker_domain::status::{IllegalTransition, UnknownWord};
use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// The result of everything in this crate.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// A failed query or a refused write. A refused write has changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A row with this key is there already. Names the columns or the constraint, by engine.
    #[error("unique constraint violated: {0}")]
    Unique(String),
    /// A row that is referred to is not there, or one that is referred to was to be removed.
    #[error("foreign key violated")]
    ForeignKey,
    /// Names that another active order holds.
    #[error("{} domains are on another active order", .0.len())]
    DomainsTaken(Vec<String>),
    /// What the write was planned on has changed since; plan again.
    #[error("the data changed since it was read")]
    Stale,
    /// The wallet does not hold enough.
    #[error("the wallet holds {balance:?} of {required:?}")]
    InsufficientFunds {
        /// What was to be taken.
        required: Cents,
        balance: Cents,
    },
    /// The lease that guards the write is held by somebody else by now.
    #[error("the lease was lost")]
    LeaseLost,
    /// A stored word or document that the code does not understand.
    #[error("unreadable data in the database: {0}")]
    Corrupt(String),
    /// The database was migrated by a newer binary.
    #[error(
        "database {database} has schema version {found} and this binary knows only {known}; run a newer peeker"
    )]
    NewerSchema {
        /// `control`, `live` or `sandbox`.
        database: &'static str,
        found: i32,
        /// The newest version of this binary.
        known: i32,
    },
    /// The file of a database cannot be made.
    #[error("cannot make {}", .0.display())]
    DataFile(PathBuf, #[source] io::Error),
    /// The process is shutting down.
    #[error("shutting down")]
    Closed,
    /// The database cannot be reached, has no room, or its storage fails. What a commit was to store that ended like this may
    /// be there or not; everything else is not.
    #[error("the database is not available")]
    Unavailable(#[source] DbErr),
    /// SQLite says nothing of a commit that was answered: nobody can tell whether it is stored.
    #[error("a commit could not be proven")]
    CommitUnproven,
    /// The database's own refusal.
    #[error("database error")]
    Database(#[source] DbErr),
}

impl StoreError {
    /// Whether running the same transaction once more may work: a deadlock, a serialisation failure or a busy file.
    pub fn is_transient(&self) -> bool {
        let Self::Database(error) = self else {
            return false;
        };
        // PostgreSQL 40001 and 40P01; SQLite 5 (BUSY) and 517 (BUSY_SNAPSHOT).
        code(error).is_some_and(|code| matches!(&*code, "40001" | "40P01" | "5" | "517"))
    }

    /// Whether the fault is the database's state rather than the statement's: every other transaction fails alike, and a
    /// later one may work.
    pub fn is_unavailable(&self) -> bool {
        matches!(
            self,
            Self::Unavailable(_) | Self::CommitUnproven | Self::Closed
        )
    }

    /// The same for somebody else whose write was part of this one, or waited behind it.
    pub(crate) fn share_unavailable(&self) -> Self {
        match self {
            Self::Unavailable(error) => Self::Unavailable(error.clone()),
            Self::CommitUnproven => Self::CommitUnproven,
            _ => Self::Closed,
        }
    }
}

/// SQLite's primary result codes that say that it cannot work at present (<https://www.sqlite.org/rescode.html>): NOMEM,
/// READONLY, IOERR, FULL, CANTOPEN, PROTOCOL.
const SQLITE_UNAVAILABLE: [i32; 6] = [7, 8, 10, 13, 14, 15];
/// PostgreSQL's classes of SQLSTATE that say the same: connection exception, insufficient resources, operator intervention,
/// system error.
const POSTGRES_UNAVAILABLE: [&str; 4] = ["08", "53", "57", "58"];
/// SQLSTATE of a write to a server that only reads, such as one that has handed over to another.
const POSTGRES_READ_ONLY: &str = "25006";

/// Whether an error says that the database cannot be reached, has no room, or fails.
pub(crate) fn is_unavailable(error: &DbErr) -> bool {
    if let DbErr::ConnectionAcquire(_) = error {
        return true;
    }
    let Some(inner) = sqlx_error(error) else {
        return matches!(error, DbErr::Conn(_));
    };
    let Some(refusal) = inner.as_database_error() else {
        use sqlx::Error as E;
        return matches!(
            inner,
            E::Io(_)
                | E::Tls(_)
                | E::Protocol(_)
                | E::PoolTimedOut
                | E::PoolClosed
                | E::WorkerCrashed
                | E::BeginFailed
                | E::InvalidSavePointStatement
        );
    };
    let code = refusal.code().unwrap_or_default();
    if refusal
        .try_downcast_ref::<sqlx::sqlite::SqliteError>()
        .is_some()
    {
        // The extended code holds the primary one in its lowest byte.
        return code
            .parse::<i32>()
            .is_ok_and(|code| SQLITE_UNAVAILABLE.contains(&(code & 0xff)));
    }
    code == POSTGRES_READ_ONLY
        || POSTGRES_UNAVAILABLE
            .iter()
            .any(|class| code.starts_with(class))
}

/// The database did not answer in time.
pub(crate) fn no_answer() -> DbErr {
    let error = io::Error::from(io::ErrorKind::TimedOut);
    DbErr::Conn(RuntimeErr::SqlxError(Arc::new(sqlx::Error::Io(error))))
}

fn sqlx_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(inner))
        | DbErr::Query(RuntimeErr::SqlxError(inner))
        | DbErr::Conn(RuntimeErr::SqlxError(inner)) => Some(inner),
        _ => None,
    }
}

fn code(error: &DbErr) -> Option<std::borrow::Cow<'_, str>> {
    sqlx_error(error)?.as_database_error()?.code()
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        // PostgreSQL names the constraint, SQLite the columns; callers only ask which table it was.
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(what)) => Self::Unique(what),
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => Self::ForeignKey,
            // A column whose type does not know what is stored there.
            _ if matches!(error, DbErr::TryIntoErr { .. }) => Self::Corrupt(error.to_string()),
            _ if is_unavailable(&error) => Self::Unavailable(error),
            _ => Self::Database(error),
        }
    }
}

impl From<UnknownWord> for StoreError {
    fn from(error: UnknownWord) -> Self {
        Self::Corrupt(error.to_string())
    }
}

impl From<IllegalTransition> for StoreError {
    fn from(error: IllegalTransition) -> Self {
        Self::Corrupt(error.to_string())
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Corrupt(error.to_string())
    }
}
