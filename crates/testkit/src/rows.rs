//! What the databases hold, for tests that must show that nothing was written.

use std::collections::BTreeMap;

use peeker_domain::Environment;
use peeker_store::Connections;
use sea_orm::{ConnectionTrait, QueryResult, Statement};

use crate::TestApp;

/// The tables of one database; asked of the database, so that a new table is never forgotten.
const SQLITE_TABLES: &str =
    "SELECT name AS name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
const POSTGRES_TABLES: &str = "SELECT CAST(table_name AS TEXT) AS name FROM information_schema.tables \
     WHERE table_schema = current_schema()";
/// The key under which [`TestApp::row_counts`] shows the money.
const WALLETS: &str = "cents in all wallets";

impl TestApp {
    /// How many rows each table of an environment has, and how many cents all its wallets hold together. Two equal
    /// answers around a request show that it left nothing behind.
    pub async fn row_counts(&self, environment: Environment) -> BTreeMap<String, i64> {
        let pools = &self.app.store().environment(environment).db.pools;
        let tables = if pools.is_sqlite() {
            SQLITE_TABLES
        } else {
            POSTGRES_TABLES
        };
        let mut counts = BTreeMap::new();
        for table in query(&pools.reader, tables).await {
            let table: String = table.try_get("", "name").unwrap();
            let sql = format!("SELECT count(*) AS n FROM {table}");
            counts.insert(table, number(&pools.reader, &sql).await);
        }
        let wallets = "SELECT CAST(COALESCE(SUM(balance_cents), 0) AS BIGINT) AS n FROM accounts";
        counts.insert(WALLETS.to_owned(), number(&pools.reader, wallets).await);
        counts
    }

    /// How many characters all texts of a column have together.
    pub async fn characters_in(&self, environment: Environment, table: &str, column: &str) -> i64 {
        let pools = &self.app.store().environment(environment).db.pools;
        let sql =
            format!("SELECT CAST(COALESCE(SUM(LENGTH({column})), 0) AS BIGINT) AS n FROM {table}");
        number(&pools.reader, &sql).await
    }
}

async fn query(db: &Connections, sql: &str) -> Vec<QueryResult> {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    db.query_all_raw(statement).await.unwrap()
}

async fn number(db: &Connections, sql: &str) -> i64 {
    let rows = query(db, sql).await;
    rows[0].try_get("", "n").unwrap()
}
