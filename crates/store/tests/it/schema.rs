//! Entities and tables say the same, in both environments and on both engines.

use std::collections::{BTreeMap, BTreeSet};

use peeker_store::StoreError;
use peeker_store::connect::Pools;
use peeker_store::entity::{
    accounts, api_keys, bundles, deliveries, delivery_attempts, domain_providers, domains,
    endpoint_health, event_replays, events, forwarding_domains, forwardings, idempotency_keys,
    import_domains, import_fingerprints, imported_names, imports, inboxes, jobs, ledger_entries,
    mailboxes, operator_tasks, order_domains, order_fingerprints, order_history, orders, partners,
    pending_action_domains, pending_actions, provider_accounts, provider_paces, provider_permits,
    provider_rests, rate_windows, replays, settings, simulated_records, swaps, users,
    vendor_payments, webhook_secrets, webhook_urls,
};
use peeker_testkit::{TestApp, apply, on_both_engines};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, Iterable, QueryResult, Statement};

use crate::orders::{accept_batch, planned};

/// The table's name and, for each column, whether it may be NULL.
type Table = (String, BTreeMap<String, bool>);

fn of<E: EntityTrait>() -> Table {
    let nullable = E::Column::iter().map(|column| column.def().is_null());
    let columns = peeker_store::columns::<E>();
    (
        E::default().table_name().to_owned(),
        columns.into_iter().zip(nullable).collect(),
    )
}

fn control() -> Vec<Table> {
    vec![
        of::<api_keys::Entity>(),
        of::<partners::Entity>(),
        of::<provider_accounts::Entity>(),
        of::<provider_paces::Entity>(),
        of::<provider_permits::Entity>(),
        of::<provider_rests::Entity>(),
        of::<rate_windows::Entity>(),
        of::<settings::Entity>(),
        of::<webhook_secrets::Entity>(),
        of::<webhook_urls::Entity>(),
    ]
}

fn environment() -> Vec<Table> {
    vec![
        of::<accounts::Entity>(),
        of::<bundles::Entity>(),
        of::<deliveries::Entity>(),
        of::<delivery_attempts::Entity>(),
        of::<domain_providers::Entity>(),
        of::<domains::Entity>(),
        of::<endpoint_health::Entity>(),
        of::<event_replays::Entity>(),
        of::<events::Entity>(),
        of::<forwarding_domains::Entity>(),
        of::<forwardings::Entity>(),
        of::<import_domains::Entity>(),
        of::<import_fingerprints::Entity>(),
        of::<imported_names::Entity>(),
        of::<imports::Entity>(),
        of::<idempotency_keys::Entity>(),
        of::<inboxes::Entity>(),
        of::<jobs::Entity>(),
        of::<ledger_entries::Entity>(),
        of::<mailboxes::Entity>(),
        of::<operator_tasks::Entity>(),
        of::<order_domains::Entity>(),
        of::<order_fingerprints::Entity>(),
        of::<order_history::Entity>(),
        of::<orders::Entity>(),
        of::<pending_action_domains::Entity>(),
        of::<pending_actions::Entity>(),
        of::<replays::Entity>(),
        of::<simulated_records::Entity>(),
        of::<swaps::Entity>(),
        of::<users::Entity>(),
        of::<vendor_payments::Entity>(),
    ]
}

/// Tables that only servers of the version before still read.
const RETIRED: [&str; 1] = ["webhook_endpoints"];

async fn query(pools: &Pools, sql: &str) -> Vec<QueryResult> {
    let statement = Statement::from_string(pools.reader.get_database_backend(), sql);
    pools.reader.query_all_raw(statement).await.unwrap()
}

/// All tables of a database that this version uses, but the record of its migrations.
async fn tables(pools: &Pools) -> BTreeMap<String, BTreeMap<String, bool>> {
    let sql = if pools.is_sqlite() {
        "SELECT m.name AS tab, c.name AS col, CASE WHEN c.\"notnull\" = 0 THEN 'YES' ELSE 'NO' END AS nullable \
         FROM sqlite_master m JOIN pragma_table_info(m.name) c \
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'"
    } else {
        "SELECT CAST(table_name AS TEXT) AS tab, CAST(column_name AS TEXT) AS col, \
         CAST(is_nullable AS TEXT) AS nullable FROM information_schema.columns WHERE table_schema = current_schema()"
    };
    let mut tables: BTreeMap<String, BTreeMap<String, bool>> = BTreeMap::new();
    for row in query(pools, sql).await {
        let text = |column| row.try_get::<String>("", column).unwrap();
        let nullable = text("nullable") == "YES";
        tables
            .entry(text("tab"))
            .or_default()
            .insert(text("col"), nullable);
    }
    tables.remove("schema_migrations").unwrap();
    tables.retain(|name, _| !RETIRED.contains(&name.as_str()));
    tables
}

/// Every table and index of a database as SQL, without the name of the schema.
async fn definitions(pools: &Pools, schema: &str) -> BTreeSet<String> {
    let sql = if pools.is_sqlite() {
        "SELECT type || ' ' || name || ' ' || COALESCE(sql, '') AS def FROM sqlite_master"
            .to_owned()
    } else {
        "SELECT indexdef AS def FROM pg_indexes WHERE schemaname = current_schema() UNION ALL \
         SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default) AS def \
         FROM information_schema.columns WHERE table_schema = current_schema() UNION ALL \
         SELECT concat_ws(' ', conrelid::regclass::text, pg_get_constraintdef(oid)) AS def FROM pg_constraint \
         WHERE connamespace = current_schema()::regnamespace"
            .to_owned()
    };
    let rows = query(pools, &sql).await;
    let text = |row: QueryResult| row.try_get::<String>("", "def").unwrap();
    rows.into_iter()
        .map(|row| text(row).replace(&format!("{schema}."), ""))
        .collect()
}

#[apply(on_both_engines!)]
async fn every_table_has_its_entity_and_the_same_columns(app: &TestApp) {
    let store = app.app.store();
    let expected: BTreeMap<_, _> = control().into_iter().collect();
    assert_eq!(tables(&store.control).await, expected);
    let expected: BTreeMap<_, _> = environment().into_iter().collect();
    assert_eq!(tables(&store.live.db.pools).await, expected);
    assert_eq!(tables(&store.sandbox.db.pools).await, expected);
}

#[apply(on_both_engines!)]
async fn a_word_that_a_columns_type_does_not_know_is_refused_when_it_is_read(app: &TestApp) {
    app.may_leave_jobs();
    let db = &app.app.store().sandbox.db;
    let order = planned(&app.partner.id, &["one.com"]);
    accept_batch(db, &[&order]).await.unwrap();
    db.pools
        .writer
        .execute_unprepared("UPDATE orders SET status = 'paused'")
        .await
        .unwrap();
    let found = peeker_store::orders::find(db, &app.partner.id, &order.id).await;
    assert!(
        matches!(&found, Err(StoreError::Corrupt(why)) if why.contains("paused")),
        "{found:?}"
    );
}

#[apply(on_both_engines!)]
async fn live_and_sandbox_are_alike(app: &TestApp) {
    let store = app.app.store();
    let live = definitions(&store.live.db.pools, "live").await;
    assert!(live.len() > 30, "{live:?}");
    assert_eq!(live, definitions(&store.sandbox.db.pools, "sandbox").await);
}
