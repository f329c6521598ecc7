//! Bringing a database to the schema of this binary: SQL files in `migrations/`, each run once, in order, in one
//! transaction with the row that records it. Several processes may start at once; one of them does the work.
//!
//! Never change a file that has been released; add the next one. A migration must leave the schema usable by the
//! release before it (add first, remove a release later), since servers are replaced one by one.

use sea_orm::{ConnectionTrait, FromQueryResult, Statement};

use crate::connect::Pools;
use crate::connections::WriteTransaction;
use crate::error::{Result, StoreError};

#[derive(Debug, Clone, Copy)]
struct Migration {
    version: i32,
    name: &'static str,
    sql: &'static str,
}

macro_rules! migrations {
    ($folder:literal: $($version:literal $name:literal),+) => {
        &[$(Migration {
            version: $version,
            name: $name,
            sql: include_str!(concat!("../migrations/", $folder, "/", $name, ".sql")),
        }),+]
    };
}

const CONTROL: &[Migration] = migrations!("control": 1 "0001_initial", 2 "0002_webhook_urls", 3 "0003_partner_status",
    4 "0004_provider_accounts");
const ENVIRONMENT: &[Migration] = migrations!("environment":
    1 "0001_initial", 2 "0002_domains", 3 "0003_money_and_time", 4 "0004_deliveries", 5 "0005_events",
    6 "0006_wallet", 7 "0007_sandbox_clock", 8 "0008_fairness", 9 "0009_idempotency_budget", 10 "0010_rerun",
    11 "0011_leaving", 12 "0012_ledger_notes", 13 "0013_domains_by_order", 14 "0014_providers");

/// Any number, the same in every process: the PostgreSQL lock that migrations take turns on.
const MIGRATION_LOCK: i64 = 0x7065_656b_6572;

#[derive(FromQueryResult)]
struct Applied {
    version: Option<i32>,
}

/// Migrates one database. Gives back the names of the migrations that were run.
/// Errors: the database was migrated by a newer binary, or the database's own.
pub async fn migrate(pools: &Pools, database: &'static str) -> Result<Vec<&'static str>> {
    let migrations = if database == "control" {
        CONTROL
    } else {
        ENVIRONMENT
    };
    let tx = pools.begin().await?;
    prepare(&tx, database, pools.is_sqlite()).await?;
    let applied = current_version(&tx).await?;
    let newest = migrations.last().map_or(0, |migration| migration.version);
    if applied > newest {
        return Err(StoreError::NewerSchema {
            database,
            found: applied,
            known: newest,
        });
    }
    let mut run = Vec::new();
    for migration in migrations
        .iter()
        .filter(|migration| migration.version > applied)
    {
        let clustered = if pools.is_sqlite() {
            "WITHOUT ROWID"
        } else {
            ""
        };
        tx.execute_unprepared(&migration.sql.replace("/*clustered*/", clustered))
            .await?;
        let record = "INSERT INTO schema_migrations (version, name) VALUES ($1, $2)";
        let values = [migration.version.into(), migration.name.into()];
        tx.execute_raw(Statement::from_sql_and_values(
            tx.get_database_backend(),
            record,
            values,
        ))
        .await?;
        run.push(migration.name);
    }
    tx.commit().await?;
    Ok(run)
}

async fn prepare(tx: &WriteTransaction, database: &str, sqlite: bool) -> Result<()> {
    if !sqlite {
        tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
            .await?;
        tx.execute_unprepared(&format!("CREATE SCHEMA IF NOT EXISTS {database}"))
            .await?;
    }
    let table = "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL)";
    tx.execute_unprepared(table).await?;
    Ok(())
}

/// The version a database has; 0 when it is new.
async fn current_version(db: &impl ConnectionTrait) -> Result<i32> {
    let query = "SELECT MAX(version) AS version FROM schema_migrations";
    let row = Applied::find_by_statement(Statement::from_string(db.get_database_backend(), query))
        .one(db)
        .await?;
    Ok(row.and_then(|row| row.version).unwrap_or(0))
}

/// Whether nothing has been migrated here yet.
pub(crate) async fn is_new(pools: &Pools) -> bool {
    // There is no table to read from then. A database that cannot be read at all says so at the next look into it.
    current_version(&pools.reader).await.unwrap_or(0) == 0
}

/// Migrations that a database still lacks, for `peeker doctor`.
pub async fn pending(pools: &Pools, database: &'static str) -> Result<usize> {
    let migrations = if database == "control" {
        CONTROL
    } else {
        ENVIRONMENT
    };
    let applied = current_version(&pools.reader).await.unwrap_or(0);
    Ok(migrations
        .iter()
        .filter(|migration| migration.version > applied)
        .count())
}
