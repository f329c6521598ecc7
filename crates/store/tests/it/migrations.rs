//! Bringing databases to the schema of the binary.

use peeker_domain::Environment;
use peeker_domain::id::AccountId;
use peeker_store::{Store, StoreError, connect, migrate, pending_migrations, webhooks};
use peeker_testkit::{TestDatabase, apply, on_both_empty_databases};
use sea_orm::ConnectionTrait;

#[apply(on_both_empty_databases!)]
async fn migrating_twice_is_a_no_op(database: &TestDatabase) {
    let first = migrate(&database.location).await.unwrap();
    let databases: Vec<&str> = first.iter().map(|(database, _)| *database).collect();
    assert_eq!(databases, ["control", "live", "sandbox"]);
    assert!(first.iter().all(|(_, run)| !run.is_empty()), "{first:?}");
    let second = migrate(&database.location).await.unwrap();
    assert!(second.iter().all(|(_, run)| run.is_empty()), "{second:?}");
}

#[apply(on_both_empty_databases!)]
async fn missing_migrations_are_counted(database: &TestDatabase) {
    let before = pending_migrations(&database.location).await.unwrap();
    assert!(before.iter().all(|(_, missing)| *missing > 0), "{before:?}");
    migrate(&database.location).await.unwrap();
    let after = pending_migrations(&database.location).await.unwrap();
    assert!(after.iter().all(|(_, missing)| *missing == 0), "{after:?}");
}

#[apply(on_both_empty_databases!)]
async fn a_newer_schema_is_refused(database: &TestDatabase) {
    migrate(&database.location).await.unwrap();
    for newer in ["sandbox", "control"] {
        let pools = connect::open(&database.location, newer).await.unwrap();
        pools
            .writer
            .execute_unprepared(
                "INSERT INTO schema_migrations (version, name) VALUES (99, '0099_tomorrow')",
            )
            .await
            .unwrap();
        let refused = Store::open(&database.location, None).await.unwrap_err();
        assert!(
            matches!(refused, StoreError::NewerSchema { database, found: 99, .. } if database == newer),
            "{refused:?}"
        );
        let text = refused.to_string();
        assert!(
            text.contains(newer) && text.contains("99") && text.contains("run a newer peeker"),
            "{text}"
        );
    }
}

#[apply(on_both_empty_databases!)]
async fn processes_that_start_at_once_share_the_work(database: &TestDatabase) {
    let open = || {
        let location = database.location.clone();
        tokio::spawn(async move { Store::open(&location, None).await })
    };
    let starting: Vec<_> = (0..4).map(|_| open()).collect();
    for store in starting {
        store.await.unwrap().unwrap().probe().await.unwrap();
    }
    let again = migrate(&database.location).await.unwrap();
    assert!(again.iter().all(|(_, run)| run.is_empty()), "{again:?}");
}

#[apply(on_both_empty_databases!)]
async fn a_webhook_address_is_kept_for_both_environments(database: &TestDatabase) {
    migrate(&database.location).await.unwrap();
    let pools = connect::open(&database.location, "control").await.unwrap();
    for before in [
        "DELETE FROM schema_migrations WHERE version >= 2",
        "DROP TABLE webhook_urls",
        "ALTER TABLE partners DROP COLUMN status",
        "INSERT INTO partners (id, name, tier, created_at) VALUES ('org_1', 'Acme', 'base', 1)",
        "INSERT INTO webhook_endpoints (account_id, url, updated_at) VALUES ('org_1', 'https://a.example', 5)",
    ] {
        pools.writer.execute_unprepared(before).await.unwrap();
    }
    migrate(&database.location).await.unwrap();
    let account = AccountId::from_stored("org_1".to_owned());
    for &environment in Environment::ALL {
        let url = webhooks::url(&pools, &account, environment).await.unwrap();
        assert_eq!(url.as_deref(), Some("https://a.example"), "{environment}");
    }
}
