//! What Peeker's tests are made of: an app on a fresh database of either engine, with a clock that stands still and
//! work that runs when the test says so.
//!
//! Panics are how a test fails, so this crate may use them.

#![expect(
    clippy::missing_panics_doc,
    reason = "everything here panics when the test it serves has failed"
)]
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

mod app;
mod claims;
mod client;
mod commits;
mod database;
mod faults;
mod listener;
mod live_app;
mod orders;
mod patient;
mod postgres_cluster;
mod postgres_proxy;
mod process;
mod receiver;
mod resolver;
mod rows;
mod storage;
mod tablespace;
mod unsteady_clock;

pub use app::{EPOCH, TestApp};
pub use claims::{claim_deliveries, claim_jobs};
pub use client::{Client, Response};
pub use commits::Commits;
pub use database::{Engine, TestDatabase};
pub use faults::{Fault, Faults, ProviderCall};
pub use listener::{Heard, Listener};
pub use live_app::{LiveApp, fake};
pub use orders::{
    bundle_of_ten, bundle_order, custom_order, microsoft_order, mixed_order, names, stock, with,
    without,
};
pub use patient::{Meanwhile, patient};
pub use peeker_disk_faults::{Disk, Failure, Operation, Plan};
pub use postgres_cluster::PostgresCluster;
pub use postgres_proxy::{Loss, PostgresProxy};
pub use process::Process;
pub use receiver::{Received, Receiver};
pub use resolver::{NameAnswer, Resolver};
pub use tablespace::NoRoom;
pub use unsteady_clock::UnsteadyClock;

/// Lets the macros below stand as attributes before a test: `#[apply(on_both_engines!)]`.
pub use macro_rules_attribute::apply;

/// Turns a test into two: one on SQLite, one on PostgreSQL. The body gets a fresh [`TestApp`]; when it ends, jobs that
/// nobody ran fail the test.
///
/// ```ignore
/// #[apply(on_both_engines!)]
/// async fn creates_a_user(app: &TestApp) {
///     app.client().post("/users", json!({ "email": "a@example.com" })).await.expect(201);
/// }
/// ```
#[macro_export]
macro_rules! on_both_engines {
    ($(#[$meta:meta])* async fn $name:ident($app:ident: &$type:ident $(,)?) $body:block) => {
        mod $name {
            #[allow(unused_imports, reason = "a test may need nothing of its module")]
            use super::*;

            async fn check($app: &$type) $body

            $(#[$meta])*
            #[tokio::test]
            async fn sqlite() {
                let app = $crate::TestApp::start($crate::Engine::Sqlite).await;
                check(&app).await;
                app.finish().await;
            }

            $(#[$meta])*
            #[tokio::test]
            async fn postgres() {
                let app = $crate::TestApp::start($crate::Engine::Postgres).await;
                check(&app).await;
                app.finish().await;
            }
        }
    };
}

/// Turns a test into two: one on SQLite, one on PostgreSQL. The body gets a fresh [`LiveApp`] with an account at each vendor.
#[macro_export]
macro_rules! live_on_both_engines {
    ($(#[$meta:meta])* async fn $name:ident($app:ident: &$type:ident $(,)?) $body:block) => {
        mod $name {
            #[allow(unused_imports, reason = "a test may need nothing of its module")]
            use super::*;

            async fn check($app: &$type) $body

            $(#[$meta])*
            #[tokio::test]
            async fn sqlite() {
                let app = $crate::LiveApp::start($crate::Engine::Sqlite).await;
                check(&app).await;
                app.finish().await;
            }

            $(#[$meta])*
            #[tokio::test]
            async fn postgres() {
                let app = $crate::LiveApp::start($crate::Engine::Postgres).await;
                check(&app).await;
                app.finish().await;
            }
        }
    };
}

/// Turns a test into two: one on SQLite, one on PostgreSQL. The body gets a database without any schema.
#[macro_export]
macro_rules! on_both_empty_databases {
    ($(#[$meta:meta])* async fn $name:ident($database:ident: &$type:ident $(,)?) $body:block) => {
        mod $name {
            #[allow(unused_imports, reason = "a test may need nothing of its module")]
            use super::*;

            async fn check($database: &$type) $body

            $(#[$meta])*
            #[tokio::test]
            async fn sqlite() {
                let database = $crate::TestDatabase::create_empty($crate::Engine::Sqlite).await;
                check(&database).await;
                database.drop_now().await;
            }

            $(#[$meta])*
            #[tokio::test]
            async fn postgres() {
                let database = $crate::TestDatabase::create_empty($crate::Engine::Postgres).await;
                check(&database).await;
                database.drop_now().await;
            }
        }
    };
}
