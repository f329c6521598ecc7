//! What an app under test keeps its data on, and can be told to fail.

use crate::{Disk, Engine, PostgresCluster, PostgresProxy, TestApp, TestDatabase};

impl TestApp {
    /// Starts an app on a fresh database in PostgreSQL, which it reaches through [`TestApp::proxy`].
    pub async fn start_behind_proxy() -> Self {
        Self::start_on(TestDatabase::create_behind_proxy().await, Engine::Postgres).await
    }

    /// Starts an app on a PostgreSQL of its own, which can be stopped: [`TestApp::cluster`].
    pub async fn start_on_own_cluster() -> Self {
        Self::start_on(
            TestDatabase::create_on_own_cluster().await,
            Engine::Postgres,
        )
        .await
    }

    /// The disk below the SQLite files, which can be told to fail. PostgreSQL has its own process and so its own disk.
    pub fn disk(&self) -> &Disk {
        self.database().disk().expect("only SQLite's disk can fail")
    }

    /// The PostgreSQL of its own, of an app that was started on one.
    pub fn cluster(&self) -> &PostgresCluster {
        let cluster = self.database().cluster();
        cluster.expect("the app was not started on a cluster of its own")
    }

    /// The line to PostgreSQL, of an app that was started behind a proxy.
    pub fn proxy(&self) -> &PostgresProxy {
        let proxy = self.database().proxy();
        proxy.expect("the app was not started behind a proxy")
    }
}
