//! PostgreSQL without room. A full disk of its own needs root; a trigger that raises the same error looks the same to
//! whoever is connected. (`scripts/soak --full-disk` has the real one.)

use peeker_store::Location;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::{TestApp, TestDatabase};

const FUNCTION: &str = "CREATE OR REPLACE FUNCTION sandbox.no_room() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$";

/// When PostgreSQL finds that there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRoom {
    /// At the statement that writes.
    AtStatement,
    AtCommit,
}

impl TestDatabase {
    async fn run(&self, sql: &str) {
        let Location::Postgres { url, .. } = &self.location else {
            panic!("SQLite has a disk that fails");
        };
        let mut connection = PgConnection::connect(url).await.unwrap();
        let run = connection.execute(AssertSqlSafe(sql));
        run.await.unwrap();
        connection.close().await.unwrap();
    }
}

impl TestApp {
    /// Leaves no room for changes of a table of PostgreSQL's sandbox, until [`TestApp::make_room`].
    pub async fn fill_table(&self, table: &str, when: NoRoom) {
        let trigger = match when {
            NoRoom::AtStatement => format!(
                "CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON sandbox.{table}
                 FOR EACH STATEMENT EXECUTE FUNCTION sandbox.no_room()"
            ),
            NoRoom::AtCommit => format!(
                "CREATE CONSTRAINT TRIGGER no_room AFTER INSERT OR UPDATE ON sandbox.{table}
                 DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sandbox.no_room()"
            ),
        };
        self.database().run(&format!("{FUNCTION}; {trigger}")).await;
    }

    /// Takes [`TestApp::fill_table`] back, of every table.
    pub async fn make_room(&self) {
        self.database()
            .run("DROP FUNCTION IF EXISTS sandbox.no_room() CASCADE")
            .await;
    }
}
