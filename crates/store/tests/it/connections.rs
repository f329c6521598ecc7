//! Connections: what is left behind by a caller who is dropped.

use futures::poll;
use peeker_store::Pools;
use peeker_testkit::{Engine, TestApp};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// How often it is looked whether a connection has come to rest.
const LOOKS: usize = 2_000;

async fn open_transactions(observer: &Pools) -> i64 {
    let open = Statement::from_string(
        DbBackend::Postgres,
        "SELECT count(*) AS open FROM pg_stat_activity
         WHERE datname = current_database() AND state LIKE 'idle in transaction%'",
    );
    let row = observer.reader.query_one_raw(open).await.unwrap().unwrap();
    row.try_get("", "open").unwrap()
}

#[tokio::test]
async fn a_transaction_that_is_given_up_while_it_begins_is_not_left_open() {
    let app = TestApp::start(Engine::Postgres).await;
    // To look from outside: a look through the same connections would be part of such a transaction.
    let observer = app.another_server().await;
    let observer = &observer.store().sandbox.db.pools;
    let pools = &app.app.store().sandbox.db.pools;
    for polls in (1..=6).cycle().take(60) {
        // So that there is a connection to begin on.
        pools.begin().await.unwrap().rollback().await.unwrap();
        let mut begin = Box::pin(pools.begin());
        for _ in 0..polls {
            if poll!(&mut begin).is_ready() {
                break;
            }
        }
        drop(begin);
        let mut looks = 0;
        while open_transactions(observer).await > 0 {
            looks += 1;
            assert!(looks < LOOKS, "the transaction is left open");
        }
    }
    app.finish().await;
}
