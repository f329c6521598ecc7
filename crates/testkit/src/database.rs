//! A database for one test: a folder of SQLite files, or a PostgreSQL database copied from a migrated template.

use std::sync::atomic::{AtomicU32, Ordering};

use peeker_disk_faults::Disk;
use peeker_store::Location;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::{PostgresCluster, PostgresProxy};

/// Where the tests find PostgreSQL. `scripts/test` and `scripts/postgres run` set it.
const URL_VARIABLE: &str = "PEEKER_TEST_POSTGRES_URL";
/// Connections of each environment: one is the listener's, so a test app has three to work with.
const MAX_CONNECTIONS: u32 = 4;

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Files in a temporary folder.
    Sqlite,
    /// A database of its own in the PostgreSQL named by `PEEKER_TEST_POSTGRES_URL`.
    Postgres,
}

/// A database that goes away with the test.
#[derive(Debug)]
pub struct TestDatabase {
    pub location: Location,
    held_in: Holder,
    proxy: Option<PostgresProxy>,
}

#[derive(Debug)]
enum Holder {
    Folder(TempDir, Disk),
    /// A database of this name in the cluster of all tests.
    Database(String),
    Cluster(PostgresCluster),
}

impl TestDatabase {
    /// Makes a fresh database; on PostgreSQL with the current schema, on SQLite the first opening makes it.
    pub async fn create(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => Self::folder_of_files(),
            Engine::Postgres => Self::postgres(template().await).await,
        }
    }

    /// Makes a fresh database in PostgreSQL that is reached through a proxy.
    pub async fn create_behind_proxy() -> Self {
        let database = Self::create(Engine::Postgres).await;
        let Location::Postgres {
            url,
            max_connections,
        } = database.location
        else {
            panic!("SQLite has no connections");
        };
        let server: PgConnectOptions = url.parse().unwrap();
        let proxy = PostgresProxy::start(server.get_host(), server.get_port()).await;
        let proxied = server.host("127.0.0.1").port(proxy.port());
        let location = Location::Postgres {
            url: proxied.to_url_lossy().to_string(),
            max_connections,
        };
        Self {
            location,
            proxy: Some(proxy),
            ..database
        }
    }

    /// Makes a fresh database in a PostgreSQL of its own, which can be stopped.
    pub async fn create_on_own_cluster() -> Self {
        let (cluster, url) = PostgresCluster::start().await;
        let location = Location::Postgres {
            url,
            max_connections: MAX_CONNECTIONS,
        };
        peeker_store::migrate(&location).await.unwrap();
        Self {
            location,
            held_in: Holder::Cluster(cluster),
            proxy: None,
        }
    }

    /// Makes a fresh database without any schema.
    pub async fn create_empty(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => Self::folder_of_files(),
            Engine::Postgres => Self::postgres("template0").await,
        }
    }

    fn folder_of_files() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::of(folder.path());
        Self {
            location: Location::Sqlite(folder.path().to_owned()),
            held_in: Holder::Folder(folder, disk),
            proxy: None,
        }
    }

    async fn postgres(template: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("peeker_test_{}_{number}", std::process::id());
        create(&name, template).await;
        let location = Location::Postgres {
            url: url_of(&name),
            max_connections: MAX_CONNECTIONS,
        };
        Self {
            location,
            held_in: Holder::Database(name),
            proxy: None,
        }
    }

    /// The folder of the SQLite files.
    pub fn folder(&self) -> Option<&std::path::Path> {
        match &self.held_in {
            Holder::Folder(folder, _) => Some(folder.path()),
            _ => None,
        }
    }

    /// The disk below the SQLite files.
    pub fn disk(&self) -> Option<&Disk> {
        match &self.held_in {
            Holder::Folder(_, disk) => Some(disk),
            _ => None,
        }
    }

    /// The PostgreSQL of its own, if it was made with one.
    pub fn cluster(&self) -> Option<&PostgresCluster> {
        match &self.held_in {
            Holder::Cluster(cluster) => Some(cluster),
            _ => None,
        }
    }

    /// The proxy in front of PostgreSQL, if it was made with one.
    pub fn proxy(&self) -> Option<&PostgresProxy> {
        self.proxy.as_ref()
    }

    pub async fn drop_now(self) {
        if let Holder::Database(name) = self.held_in {
            let mut admin = connect().await;
            // Fails only when somebody drops it twice; the cluster of `scripts/test` goes away anyway.
            let _ = admin
                .execute(sqlx::AssertSqlSafe(format!(
                    "DROP DATABASE IF EXISTS {name} WITH (FORCE)"
                )))
                .await;
        }
    }
}

fn base_url() -> String {
    std::env::var(URL_VARIABLE).unwrap_or_else(|_| {
        panic!("the PostgreSQL half of the tests needs {URL_VARIABLE}; run scripts/test, or: scripts/postgres run -- cargo test")
    })
}

fn url_of(database: &str) -> String {
    let options: PgConnectOptions = base_url().parse().unwrap();
    options.database(database).to_url_lossy().to_string()
}

async fn connect() -> PgConnection {
    let url = base_url();
    PgConnection::connect(&url)
        .await
        .unwrap_or_else(|error| panic!("cannot reach the PostgreSQL of {URL_VARIABLE}: {error}"))
}

/// The template is made once per process and copied for each test, which is many times faster than migrating.
async fn template() -> &'static str {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    TEMPLATE
        .get_or_init(|| async {
            let template = format!("peeker_template_{}", std::process::id());
            create(&template, "template0").await;
            let location = Location::Postgres {
                url: url_of(&template),
                max_connections: 2,
            };
            peeker_store::migrate(&location).await.unwrap();
            template
        })
        .await
}

async fn create(name: &str, template: &str) {
    let mut admin = connect().await;
    admin
        .execute(sqlx::AssertSqlSafe(format!(
            "DROP DATABASE IF EXISTS {name} WITH (FORCE)"
        )))
        .await
        .unwrap();
    admin
        .execute(sqlx::AssertSqlSafe(format!(
            "CREATE DATABASE {name} TEMPLATE {template}"
        )))
        .await
        .unwrap();
}
