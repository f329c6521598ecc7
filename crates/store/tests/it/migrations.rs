//! Bringing databases to the schema of the binary.

use peeker_domain::Environment;
use peeker_domain::id::AccountId;
use peeker_store::{Store, StoreError, connect, migrate, pending_migrations, webhooks};
use peeker_testkit::{TestDatabase, apply, on_both_empty_databases};
use sea_orm::{ConnectionTrait, QueryResult, Statement};

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
        "DROP TABLE provider_permits",
        "DROP TABLE provider_paces",
        "DROP TABLE provider_rests",
        "DROP TABLE provider_accounts",
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

/// Takes an environment's schema back to where it was before what was never live left at once.
const BEFORE_LEAVING: [&str; 16] = [
    "DELETE FROM schema_migrations WHERE version >= 11",
    "DROP TABLE domain_providers",
    "DROP TABLE mailboxes",
    "DROP TABLE operator_tasks",
    "DROP TABLE vendor_payments",
    "DROP INDEX domains_by_order",
    "ALTER TABLE ledger_entries DROP COLUMN note",
    "ALTER TABLE orders DROP COLUMN failure_reason",
    "ALTER TABLE order_domains DROP COLUMN deprovision_pending",
    "DROP TABLE pending_action_domains",
    "DROP INDEX pending_actions_open",
    "ALTER TABLE pending_actions ADD COLUMN domain_id TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE pending_actions ADD COLUMN domain TEXT NOT NULL DEFAULT ''",
    "CREATE UNIQUE INDEX pending_actions_open ON pending_actions (account_id, order_id, domain_id, reason, COALESCE(persona, '')) WHERE status = 'open'",
    "CREATE INDEX pending_actions_by_domain ON pending_actions (account_id, domain_id, id)",
    "INSERT INTO accounts (account_id, event_sequence, balance_cents, clock_offset_ms) VALUES ('org_1', 0, 0, 1000)",
];

/// A failed order of a domain that was bought and one that was not; an order whose domains wait for pictures; a swap that waits
/// for an import.
const OLD_ROWS: [&str; 5] = [
    "INSERT INTO users (account_id, id, email, status, created_at) VALUES ('org_1', 'usr_1', 'a@b.com', 'active', 1)",
    "INSERT INTO orders (account_id, id, user_id, status, domain_count, inbox_count, domains_active, inboxes_active, total_cents, \
        google_licenses, microsoft_licenses, google_license_cents, microsoft_license_cents, personas, login_email, fingerprint, created_at) \
        VALUES ('org_1', 'ord_1', 'usr_1', 'failed', 2, 4, 0, 0, 7000, 4, 0, 100, 900, '[]', 'a@b.com', 'f', 1)",
    "INSERT INTO order_domains (account_id, order_id, position, domain_id, name, provider, source, inboxes, price_cents, \
        renewal_price_cents, step, state) VALUES \
        ('org_1', 'ord_1', 0, 'dom_1', 'one.com', 'google', 'registered', 2, 3300, 3300, 'zone', 'released'), \
        ('org_1', 'ord_1', 1, 'dom_2', 'two.com', 'google', 'registered', 2, 3300, 3300, 'register', 'released')",
    "INSERT INTO pending_actions (account_id, id, order_id, domain_id, domain, type, reason, status, message, created_at, persona) VALUES \
        ('org_1', 'act_1', 'ord_2', 'dom_3', 'three.com', 'google_profile_picture', 'profile_picture_not_accessible', 'open', 'm', 5, 'sam'), \
        ('org_1', 'act_2', 'ord_2', 'dom_4', 'four.com', 'google_profile_picture', 'profile_picture_not_accessible', 'open', 'm', 6, 'sam'), \
        ('org_1', 'act_3', 'ord_2', 'dom_4', 'four.com', 'google_profile_picture', 'profile_picture_not_accessible', 'open', 'm', 6, 'eve'), \
        ('org_1', 'act_4', 'ord_2', 'dom_3', 'three.com', 'nameservers', 'update_nameservers', 'resolved', 'm', 7, NULL)",
    "INSERT INTO swaps (account_id, id, type, status, order_id, user_id, domain_id, inboxes, price_cents, license_cents, created_at) \
        VALUES ('org_1', 'swp_1', 'standard', 'action_required', 'ord_2', 'usr_1', 'dom_3', 2, 0, 0, 5000)",
];

#[apply(on_both_empty_databases!)]
async fn what_waits_and_what_failed_is_brought_to_the_present(database: &TestDatabase) {
    migrate(&database.location).await.unwrap();
    let pools = connect::open(&database.location, "sandbox").await.unwrap();
    for statement in BEFORE_LEAVING.iter().chain(&OLD_ROWS) {
        pools.writer.execute_unprepared(statement).await.unwrap();
    }
    migrate(&database.location).await.unwrap();
    let rows = |sql: &'static str| {
        let reader = pools.reader.clone();
        async move {
            let backend = reader.get_database_backend();
            let found = reader.query_all_raw(Statement::from_string(backend, sql));
            let texts = |row: &QueryResult| row.try_get_by_index::<String>(0).unwrap();
            found.await.unwrap().iter().map(texts).collect::<Vec<_>>()
        }
    };
    assert_eq!(
        rows("SELECT action_id || ' ' || domain FROM pending_action_domains ORDER BY action_id, domain").await,
        ["act_1 four.com", "act_1 three.com", "act_2 four.com", "act_3 four.com", "act_4 three.com"]
    );
    assert_eq!(
        rows("SELECT id FROM pending_actions WHERE status = 'open' ORDER BY id").await,
        ["act_1", "act_3"]
    );
    assert_eq!(
        rows("SELECT subject || ' ' || run_at FROM jobs WHERE kind = 'swap_deadline'").await,
        ["swp_1 1209604000"]
    );
    assert_eq!(
        rows("SELECT failure_reason || ' ' || total_cents || ' ' || google_licenses FROM orders")
            .await,
        ["provider_refused 3300 0"]
    );
}
