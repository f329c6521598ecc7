//! What can go wrong below the use-cases. `peeker-app` turns it into a [`peeker_domain::Error`] once.

use std::io;
use std::path::PathBuf;

use peeker_domain::Cents;
use peeker_domain::status::{IllegalTransition, UnknownWord};
use sea_orm::{DbErr, SqlErr};

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
        /// What is there.
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
        /// Its version.
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
        let (DbErr::Exec(inner) | DbErr::Query(inner) | DbErr::Conn(inner)) = error else {
            return false;
        };
        let sea_orm::RuntimeErr::SqlxError(inner) = inner else {
            return false;
        };
        let code = inner
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        // PostgreSQL 40001 and 40P01; SQLite 5 (BUSY) and 517 (BUSY_SNAPSHOT).
        matches!(code.as_deref(), Some("40001" | "40P01" | "5" | "517"))
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        // PostgreSQL names the constraint, SQLite the columns; callers only ask which table it was.
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(what)) => Self::Unique(what),
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => Self::ForeignKey,
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
