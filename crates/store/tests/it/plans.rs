//! The queries that run all the time find their rows by an index, on SQLite. PostgreSQL is left out: its planner goes
//! by the statistics of the tables, and reads small ones from end to end whatever indexes they have.

use peeker_domain::id::{AccountId, EventReplayId, OrderId};
use peeker_domain::{EventType, OrderStatus};
use peeker_store::connect::Pools;
use peeker_store::entity::events as event_rows;
use peeker_store::entity::{
    api_keys, deliveries, domains, import_domains, jobs, ledger_entries, order_domains,
    order_fingerprints, order_history, orders, pending_action_domains, pending_actions, swaps,
    users,
};
use peeker_store::events::{self, EventFilter, NewEventReplay};
use peeker_store::paging::PageRequest;
use peeker_testkit::{Engine, TestApp};
use sea_orm::sea_query::{Expr, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Statement,
};

/// As `endpoint_health.rs` does.
const RELEASE: &str = "SELECT sequence, ROW_NUMBER() OVER (ORDER BY sequence) - 1 AS place FROM deliveries \
    WHERE account_id = $1 AND state = 'waiting'";

fn account() -> AccountId {
    AccountId::from_stored("org_1".to_owned())
}

async fn plan(pools: &Pools, mut statement: Statement) -> Vec<String> {
    statement.sql = format!("EXPLAIN QUERY PLAN {}", statement.sql);
    let rows = pools.reader.query_all_raw(statement).await.unwrap();
    rows.iter()
        .map(|row| row.try_get("", "detail").unwrap())
        .collect()
}

/// Fails unless `table` is only ever searched, with `index`, and nothing is sorted.
async fn assert_indexed(pools: &Pools, table: &str, index: &str, statement: Statement) {
    let sql = statement.sql.clone();
    let plan = assert_searched(pools, table, index, statement).await;
    assert!(
        !plan.iter().any(|line| line.contains("TEMP B-TREE")),
        "{sql}\n{plan:#?}"
    );
}

/// Fails unless `table` is only ever searched, with `index`. Gives back the plan.
async fn assert_searched(
    pools: &Pools,
    table: &str,
    index: &str,
    statement: Statement,
) -> Vec<String> {
    let sql = statement.sql.clone();
    let plan = plan(pools, statement).await;
    let of_table: Vec<&String> = plan
        .iter()
        .filter(|line| line.split(' ').nth(1) == Some(table))
        .collect();
    assert!(!of_table.is_empty(), "{sql}\n{plan:#?}");
    assert!(
        of_table.iter().all(|line| line.starts_with("SEARCH")),
        "{sql}\n{plan:#?}"
    );
    assert!(
        of_table.iter().any(|line| line.contains(index)),
        "{sql}\n{plan:#?}"
    );
    plan
}

fn raw(sql: &str) -> Statement {
    let values = [5.into(), 5.into()];
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
}

fn page_of_orders(filter: Option<(orders::Column, &str)>, after: Option<&str>) -> Statement {
    let mut query = orders::Entity::find().filter(orders::Column::AccountId.eq("org_1"));
    if let Some((column, value)) = filter {
        query = query.filter(column.eq(value));
    }
    if let Some(after) = after {
        query = query.filter(orders::Column::Id.lt(after));
    }
    query
        .order_by_desc(orders::Column::Id)
        .limit(26)
        .build(DbBackend::Sqlite)
}

#[tokio::test]
async fn a_sandbox_clock_finds_the_timers_of_its_account() {
    let app = TestApp::start(Engine::Sqlite).await;
    let pools = &app.app.store().sandbox.db.pools;
    let next = deliveries::Entity::find()
        .filter(deliveries::Column::AccountId.eq("org_1"))
        .filter(Expr::cust("state = 'pending'"))
        .filter(deliveries::Column::NextAttemptAt.gt(5))
        .order_by_asc(deliveries::Column::NextAttemptAt);
    let next = next.limit(1).build(DbBackend::Sqlite);
    assert_indexed(pools, "deliveries", "deliveries_of_account", next).await;
    let moved = Statement::from_string(
        DbBackend::Sqlite,
        "UPDATE deliveries SET next_attempt_at = next_attempt_at - 5 \
         WHERE account_id = 'org_1' AND state = 'pending' AND next_attempt_at > 5 AND lease_token IS NULL",
    );
    assert_indexed(pools, "deliveries", "deliveries_of_account", moved).await;
    app.finish().await;
}

#[tokio::test]
async fn what_waits_for_a_paused_endpoint_is_found_by_an_index() {
    let app = TestApp::start(Engine::Sqlite).await;
    let pools = &app.app.store().sandbox.db.pools;
    let waiting = deliveries::Entity::find()
        .select_only()
        .column(deliveries::Column::Sequence)
        .filter(deliveries::Column::AccountId.eq("org_1"))
        .filter(Expr::cust("state = 'waiting'"));
    let oldest = waiting
        .clone()
        .order_by_asc(deliveries::Column::Sequence)
        .limit(1);
    for query in [waiting, oldest] {
        let statement = query.build(DbBackend::Sqlite);
        assert_indexed(pools, "deliveries", "deliveries_waiting", statement).await;
    }
    let release = Statement::from_sql_and_values(DbBackend::Sqlite, RELEASE, ["org_1".into()]);
    assert_indexed(pools, "deliveries", "deliveries_waiting", release).await;
    app.finish().await;
}

#[tokio::test]
async fn orders_are_listed_by_an_index_whatever_the_filter() {
    let app = TestApp::start(Engine::Sqlite).await;
    let pools = &app.app.store().sandbox.db.pools;
    let filters = [
        (None, "sqlite_autoindex_orders_1"),
        (
            Some((orders::Column::Status, OrderStatus::Completed.as_str())),
            "orders_by_status",
        ),
        (Some((orders::Column::UserId, "usr_1")), "orders_by_user"),
        (
            Some((orders::Column::BundleId, "bun_1")),
            "orders_by_bundle",
        ),
    ];
    for (filter, index) in filters {
        for after in [None, Some("ord_1")] {
            assert_indexed(pools, "orders", index, page_of_orders(filter, after)).await;
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn single_rows_are_found_by_their_key() {
    let app = TestApp::start(Engine::Sqlite).await;
    let store = app.app.store();
    let pools = &store.sandbox.db.pools;
    let order = orders::Entity::find_by_id((account(), OrderId::from_stored("ord_1".to_owned())));
    assert_indexed(
        pools,
        "orders",
        "sqlite_autoindex_orders_1",
        order.build(DbBackend::Sqlite),
    )
    .await;
    let fingerprint = order_fingerprints::Entity::find_by_id((account(), "digest".to_owned()))
        .filter(order_fingerprints::Column::ExpiresAt.gt(5));
    assert_indexed(
        pools,
        "order_fingerprints",
        "PRIMARY KEY",
        fingerprint.build(DbBackend::Sqlite),
    )
    .await;
    let user = users::Entity::find()
        .filter(users::Column::AccountId.eq("org_1"))
        .filter(users::Column::Email.eq("client@example.com"));
    assert_indexed(
        pools,
        "users",
        "users_by_email",
        user.build(DbBackend::Sqlite),
    )
    .await;
    let key = api_keys::Entity::find().filter(api_keys::Column::SecretHash.eq("hash"));
    assert_indexed(
        &store.control,
        "api_keys",
        "api_keys_by_secret",
        key.build(DbBackend::Sqlite),
    )
    .await;
    app.finish().await;
}

/// Rows with any of two keys of each of two accounts, as `keys.rs` asks for them.
macro_rules! keyed {
    ($table:ident, $id:ident, $ids:expr) => {{
        let of = |account: &str| {
            Condition::all()
                .add($table::Column::AccountId.eq(account))
                .add($table::Column::$id.is_in($ids))
        };
        let any = Condition::any().add(of("org_1")).add(of("org_2"));
        $table::Entity::find().filter(any)
    }};
}

#[tokio::test]
async fn rows_of_many_accounts_are_looked_up_one_by_one() {
    let app = TestApp::start(Engine::Sqlite).await;
    let pools = &app.app.store().sandbox.db.pools;
    let names = ["a", "b"];
    let set_up = keyed!(jobs, Subject, names).filter(jobs::Column::Kind.eq("provision"));
    for (table, key, statement) in [
        (
            "deliveries",
            "(account_id=? AND sequence=?)",
            keyed!(deliveries, Sequence, [1, 2]).build(DbBackend::Sqlite),
        ),
        (
            "orders",
            "(account_id=? AND id=?)",
            keyed!(orders, Id, names).build(DbBackend::Sqlite),
        ),
        (
            "domains",
            "(account_id=? AND id=?)",
            keyed!(domains, Id, names).build(DbBackend::Sqlite),
        ),
        (
            "order_domains",
            "(account_id=? AND domain_id=?)",
            keyed!(order_domains, DomainId, names).build(DbBackend::Sqlite),
        ),
        (
            "jobs",
            "(account_id=? AND kind=? AND subject=?)",
            set_up.build(DbBackend::Sqlite),
        ),
    ] {
        assert_indexed(pools, table, key, statement).await;
    }
    app.finish().await;
}

/// A page as the lists ask for it: newest first, after the last row of the page before.
macro_rules! page {
    ($table:ident, $filters:expr, $after:expr) => {{
        let mut query = $table::Entity::find().filter($table::Column::AccountId.eq("org_1"));
        for filter in $filters {
            query = query.filter(filter);
        }
        if let Some(after) = $after {
            query = query.filter($table::Column::Id.lt(after));
        }
        query
            .order_by_desc($table::Column::Id)
            .limit(26)
            .build(DbBackend::Sqlite)
    }};
}

#[tokio::test]
async fn domains_are_listed_by_an_index_whatever_the_filter() {
    use domains::Column;
    let app = TestApp::start(Engine::Sqlite).await;
    let pools = &app.app.store().sandbox.db.pools;
    let usable = || {
        Expr::cust(
            "(provider IS NULL OR provider = 'google') AND google_only = FALSE AND category <> 'candidate'",
        )
    };
    let category = || Column::Category.eq("inventory");
    let status = || Column::Status.eq("active");
    let user = || Column::UserId.eq("usr_1");
    let listed = || Column::Category.ne("candidate");
    let order = || Column::OrderId.eq("ord_1");
    let filters = [
        (vec![listed(), order()], "domains_by_order"),
        (vec![category(), status(), order()], "domains_by_"),
        (vec![listed()], "sqlite_autoindex_domains_1"),
        (vec![category()], "domains_by_category"),
        (vec![listed(), status()], "domains_by_status"),
        (vec![listed(), user()], "domains_by_user"),
        (vec![listed(), usable()], "domains_usable_for_microsoft"),
        (vec![category(), user(), status(), usable()], "domains_by_"),
    ];
    for (filters, index) in filters {
        for after in [None, Some("dom_1")] {
            let statement = page!(domains, filters.clone(), after);
            assert_indexed(pools, "domains", index, statement).await;
        }
    }
    for after in [None, Some("dom_1")] {
        let named = page!(domains, [listed(), Column::Name.eq("a.com")], after);
        assert_searched(pools, "domains", "domains_by_name", named).await;
    }
    let name = domains::Entity::find()
        .filter(Column::AccountId.eq("org_1"))
        .filter(Column::Name.is_in(["a.com", "b.com"]));
    assert_indexed(
        pools,
        "domains",
        "domains_by_name",
        name.build(DbBackend::Sqlite),
    )
    .await;
    app.finish().await;
}

fn about_domain() -> SelectStatement {
    use pending_action_domains::{Column, Entity};
    Entity::find()
        .select_only()
        .column(Column::ActionId)
        .filter(Column::AccountId.eq("org_1"))
        .filter(Column::DomainId.eq("dom_1"))
        .into_query()
}

#[tokio::test]
async fn actions_are_listed_by_an_index_whatever_the_filter() {
    use pending_actions::Column;
    let app = TestApp::start(Engine::Sqlite).await;
    let pools = &app.app.store().sandbox.db.pools;
    let open = || Column::Status.eq("open");
    let filters = [
        (vec![open()], "pending_actions_by_status"),
        (
            vec![open(), Column::UserId.eq("usr_1")],
            "pending_actions_by_",
        ),
        (
            vec![open(), Column::OrderId.eq("ord_1")],
            "pending_actions_by_",
        ),
        (
            vec![open(), Column::Id.in_subquery(about_domain())],
            "pending_actions_by_",
        ),
    ];
    for (filters, index) in filters {
        for after in [None, Some("act_1")] {
            let statement = page!(pending_actions, filters.clone(), after);
            assert_indexed(pools, "pending_actions", index, statement).await;
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn swaps_are_found_by_an_index_whatever_the_question() {
    use swaps::Column;
    let app = TestApp::start(Engine::Sqlite).await;
    let pools = &app.app.store().sandbox.db.pools;
    let filters = [
        (vec![], "sqlite_autoindex_swaps_1"),
        (vec![Column::UserId.eq("usr_1")], "swaps_by_user"),
        (vec![Column::OrderId.eq("ord_1")], "swaps_by_order"),
        (vec![Column::Status.eq("failed")], "swaps_by_status"),
    ];
    for (filters, index) in filters {
        for after in [None, Some("swp_1")] {
            let statement = page!(swaps, filters.clone(), after);
            assert_indexed(pools, "swaps", index, statement).await;
        }
    }
    let of_account = || swaps::Entity::find().filter(Column::AccountId.eq("org_1"));
    let waiting = of_account()
        .filter(Column::ReplacementDomain.eq("a.com"))
        .filter(Expr::cust(
            "status = 'action_required' AND replacement_domain_id IS NULL AND type <> 'user_names'",
        ));
    let premium = of_account()
        .filter(Expr::cust("type = 'premium' AND status <> 'failed'"))
        .filter(Column::CreatedAt.gt(5));
    let renames = of_account()
        .filter(Column::DomainId.eq("dom_1"))
        .filter(Expr::cust(
            "type = 'user_names' AND status IN ('created', 'in_progress', 'action_required')",
        ));
    for (query, index) in [
        (waiting, "swaps_waiting"),
        (premium, "swaps_premium"),
        (renames, "swaps_by_domain"),
    ] {
        assert_indexed(pools, "swaps", index, query.build(DbBackend::Sqlite)).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn rows_of_a_domain_are_found_by_the_domain() {
    let app = TestApp::start(Engine::Sqlite).await;
    let pools = &app.app.store().sandbox.db.pools;
    let places = order_domains::Entity::find()
        .filter(order_domains::Column::AccountId.eq("org_1"))
        .filter(order_domains::Column::DomainId.eq("dom_1"));
    assert_indexed(
        pools,
        "order_domains",
        "order_domains_by_domain",
        places.build(DbBackend::Sqlite),
    )
    .await;
    let imported = import_domains::Entity::find()
        .filter(import_domains::Column::AccountId.eq("org_1"))
        .filter(import_domains::Column::DomainId.eq("dom_1"));
    assert_indexed(
        pools,
        "import_domains",
        "import_domains_by_domain",
        imported.build(DbBackend::Sqlite),
    )
    .await;
    let unfinished = import_domains::Entity::find()
        .filter(import_domains::Column::AccountId.eq("org_1"))
        .filter(import_domains::Column::Name.is_in(["a.com", "b.com"]))
        .filter(Expr::cust("state = 'pending'"));
    assert_indexed(
        pools,
        "import_domains",
        "import_domains_pending",
        unfinished.build(DbBackend::Sqlite),
    )
    .await;
    app.finish().await;
}

#[tokio::test]
async fn history_and_wallet_are_paged_by_an_index() {
    let app = TestApp::start(Engine::Sqlite).await;
    let pools = &app.app.store().sandbox.db.pools;
    for after in [None, Some("hst_1")] {
        let of_order = [order_history::Column::OrderId.eq("ord_1")];
        let statement = page!(order_history, of_order, after);
        assert_indexed(pools, "order_history", "PRIMARY KEY", statement).await;
    }
    for after in [None, Some("txn_1")] {
        use ledger_entries::{Column, Entity};
        let mut query = Entity::find()
            .filter(Column::AccountId.eq("org_1"))
            .filter(Column::LedgerAccount.eq("wallet"));
        if let Some(after) = after {
            query = query.filter(Column::TransactionId.lt(after));
        }
        let statement = query
            .order_by_desc(Column::TransactionId)
            .limit(26)
            .build(DbBackend::Sqlite);
        assert_indexed(
            pools,
            "ledger_entries",
            "sqlite_autoindex_ledger_entries_1",
            statement,
        )
        .await;
    }
    let reference = ledger_entries::Entity::find()
        .filter(ledger_entries::Column::AccountId.eq("org_1"))
        .filter(ledger_entries::Column::Reference.eq("wire 1"))
        .filter(ledger_entries::Column::LedgerAccount.eq("wallet"));
    let statement = reference.build(DbBackend::Sqlite);
    assert_indexed(
        pools,
        "ledger_entries",
        "ledger_entries_by_reference",
        statement,
    )
    .await;
    app.finish().await;
}

/// Every combination of the filters of events, by which table is read first.
#[tokio::test]
async fn events_are_listed_by_an_index_whatever_the_filter() {
    let app = TestApp::start(Engine::Sqlite).await;
    let pools = &app.app.store().sandbox.db.pools;
    let account = app.partner.id.clone();
    for bits in 0..16 {
        let has = |bit: u32| bits & (1 << bit) != 0;
        for delivered in [None, Some(true), Some(false)] {
            let filter = EventFilter {
                kind: has(0).then_some(EventType::OrderCompleted),
                order: has(1).then(|| OrderId::new(app.now())),
                delivered,
                after_sequence: has(2).then_some(7),
            };
            let page = PageRequest {
                after: has(3).then(|| "9".to_owned()),
                per_page: 25,
            };
            let statement =
                events::list_query(DbBackend::Sqlite, &account, &filter, &page).unwrap();
            let by_outcome = match delivered {
                Some(false) => !has(1),
                Some(true) => !has(0) && !has(1),
                None => false,
            };
            let index = match (has(1), has(0)) {
                (true, _) => "events_by_order",
                (false, true) => "events_by_type",
                (false, false) => "sqlite_autoindex_events_1",
            };
            let (first, index, second) = if by_outcome {
                ("d", "deliveries_by_outcome", "e")
            } else {
                ("e", index, "d")
            };
            assert_indexed(pools, first, index, statement.clone()).await;
            assert_indexed(pools, second, "sequence=?", statement).await;
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn attempts_windows_and_streams_are_read_by_an_index() {
    let app = TestApp::start(Engine::Sqlite).await;
    let pools = &app.app.store().sandbox.db.pools;
    let account = app.partner.id.clone();
    for after in [None, Some("whd_1".to_owned())] {
        let page = PageRequest {
            after,
            per_page: 25,
        };
        let attempts = events::attempts_query(&account, 1, &page).build(DbBackend::Sqlite);
        assert_indexed(
            pools,
            "delivery_attempts",
            "delivery_attempts_of_event",
            attempts,
        )
        .await;
    }
    for (only_failed, table, index) in [
        (false, "e", "events_by_time"),
        (true, "d", "deliveries_by_outcome"),
    ] {
        let window = NewEventReplay {
            account: account.clone(),
            id: EventReplayId::new(app.now()),
            since: app.now(),
            until: app.now(),
            types: Some([EventType::OrderCompleted].into()),
            only_failed,
            created_at: app.now(),
        };
        let statement = events::matching_query(DbBackend::Sqlite, &window);
        assert_indexed(pools, table, index, statement).await;
    }
    let next = event_rows::Entity::find()
        .filter(event_rows::Column::AccountId.eq("org_1"))
        .filter(event_rows::Column::Sequence.gt(5))
        .order_by_asc(event_rows::Column::Sequence)
        .limit(100)
        .build(DbBackend::Sqlite);
    assert_indexed(pools, "events", "sqlite_autoindex_events_1", next).await;
    app.finish().await;
}

/// What the pruner looks for, written out as `events/prune.rs` of the store does.
#[tokio::test]
async fn what_is_over_its_time_is_found_by_an_index() {
    let app = TestApp::start(Engine::Sqlite).await;
    let pools = &app.app.store().sandbox.db.pools;
    for (table, key) in [
        ("idempotency_keys", "key"),
        ("order_fingerprints", "fingerprint"),
        ("import_fingerprints", "fingerprint"),
    ] {
        let sql = format!(
            "SELECT account_id, {key} FROM {table} WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2"
        );
        assert_indexed(pools, table, &format!("{table}_lapsed"), raw(&sql)).await;
    }
    let of_one = "SELECT account_id, key FROM idempotency_keys WHERE account_id = $3 AND expires_at <= $1 \
        ORDER BY expires_at LIMIT $2";
    let index = "idempotency_keys_of_account";
    assert_indexed(pools, "idempotency_keys", index, raw(of_one)).await;
    let oldest = "SELECT e.sequence FROM events e CROSS JOIN deliveries d WHERE e.account_id = $1 AND d.account_id = $1 \
        AND d.sequence = e.sequence ORDER BY e.sequence LIMIT $2";
    assert_indexed(pools, "e", "sqlite_autoindex_events_1", raw(oldest)).await;
    for (table, key) in [
        ("delivery_attempts", "id"),
        ("replays", "number"),
        ("event_replays", "id"),
    ] {
        let sql =
            format!("SELECT {key} FROM {table} WHERE account_id = $1 ORDER BY {key} LIMIT $2");
        assert_indexed(pools, table, "account_id=?", raw(&sql)).await;
    }
    let removed = "DELETE FROM delivery_attempts WHERE account_id = $1 AND event_sequence <= $2";
    assert_indexed(
        pools,
        "delivery_attempts",
        "delivery_attempts_of_event",
        raw(removed),
    )
    .await;
    app.finish().await;
}

/// What an account's idempotency keys take up is asked for every minute, of a million keys at most. Written out as
/// `idempotency.rs` of the store does.
#[tokio::test]
async fn the_keys_of_an_account_are_counted_in_an_index_alone() {
    let app = TestApp::start(Engine::Sqlite).await;
    let pools = &app.app.store().sandbox.db.pools;
    let counted = "SELECT COUNT(*) AS keys, CAST(COALESCE(SUM(body_bytes), 0) AS BIGINT) AS answer_bytes, \
        MIN(CASE WHEN body_bytes IS NOT NULL THEN expires_at END) AS next_free_at \
        FROM idempotency_keys WHERE account_id = $1 AND expires_at > $2";
    let index = "COVERING INDEX idempotency_keys_of_account";
    assert_indexed(pools, "idempotency_keys", index, raw(counted)).await;
    app.finish().await;
}
