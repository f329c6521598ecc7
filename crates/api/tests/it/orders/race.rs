//! Many orders at once: the guarantees are rows, so they hold whoever comes first.

use futures::future::join_all;
use peeker_domain::{Environment, Preset};
use peeker_testkit::{
    Client, Response, TestApp, apply, custom_order, names, on_both_engines, with,
};
use serde_json::{Value, json};

/// A client that is not slowed down by its rate limit.
async fn fast_client(app: &TestApp) -> Client {
    app.client_with(&app.key(Preset::Full, 100_000).await)
}

async fn place_all(clients: &[Client], orders: impl IntoIterator<Item = Value>) -> Vec<Response> {
    let orders = orders.into_iter().zip(clients.iter().cycle());
    // Tasks of their own, as a server runs requests.
    let tasks = orders.map(|(order, client)| {
        let client = client.clone();
        tokio::spawn(async move { client.post("/orders", order).await })
    });
    let done = join_all(tasks).await;
    done.into_iter().map(Result::unwrap).collect()
}

/// One order, one debit, one event, one piece of work for each domain and one for the renewal, one customer.
async fn assert_one_order(app: &TestApp, id: &str, domains: i64) {
    let rows = app.row_counts(Environment::Test).await;
    for (table, count) in [
        ("orders", 1),
        ("order_fingerprints", 1),
        ("users", 1),
        ("jobs", domains + 1),
        ("domains", domains),
    ] {
        assert_eq!(rows[table], count, "{table}");
    }
    assert_eq!(app.event_types().await, ["order.in_progress"]);
    let db = &app.app.store().sandbox.db;
    let order_id = id.parse().unwrap();
    let entries = peeker_store::wallet::entries_of_order(db, &app.partner.id, &order_id)
        .await
        .unwrap();
    let debit = -(200 + 3_300) * domains;
    assert_eq!(
        entries
            .iter()
            .map(|(_, amount)| amount.0)
            .collect::<Vec<_>>(),
        [debit],
        "{entries:?}"
    );
}

#[apply(on_both_engines!)]
async fn two_hundred_equal_orders_are_one(app: &TestApp) {
    let client = fast_client(app).await;
    let order = custom_order(&names("domain", 3));
    let answers = place_all(&[client], vec![order; 200]).await;
    let ids: Vec<Value> = answers
        .into_iter()
        .map(|answer| answer.data(200)["id"].take())
        .collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_one_order(app, ids[0].as_str().unwrap(), 3).await;
    app.run_until_idle().await;
    assert_eq!(app.events_of("order.completed").await.len(), 1);
}

#[apply(on_both_engines!)]
async fn equal_orders_sent_to_two_servers_are_one(app: &TestApp) {
    app.may_leave_jobs();
    let other = app.another_server().await;
    let clients = [app.client(), app.client_of(&other)];
    let answers = place_all(&clients, vec![custom_order(&names("domain", 2)); 60]).await;
    let ids: Vec<Value> = answers
        .into_iter()
        .map(|answer| answer.data(200)["id"].take())
        .collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_one_order(app, ids[0].as_str().unwrap(), 2).await;
}

#[apply(on_both_engines!)]
async fn of_fifty_orders_that_share_a_domain_one_is_accepted(app: &TestApp) {
    app.may_leave_jobs();
    let other = app.another_server().await;
    let clients = [app.client(), app.client_of(&other)];
    let order = |number: u32| {
        let domains = [format!("own-{number}.com"), "shared.com".to_owned()];
        with(
            custom_order(&domains),
            "/user",
            json!(format!("client{number}@example.com")),
        )
    };
    let answers = place_all(&clients, (0..50).map(order)).await;
    let (accepted, refused): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((accepted.len(), refused.len()), (1, 49));
    let holder = &accepted[0].body["data"]["id"];
    for answer in refused {
        let error = answer.error(400, "domain_already_in_active_order");
        let details = json!({
            "domains": ["shared.com"],
            "orders": [{ "domain": "shared.com", "order_id": holder }],
        });
        assert_eq!(error["details"], details);
    }
    assert_one_order(app, holder.as_str().unwrap(), 2).await;
}

#[apply(on_both_engines!)]
async fn orders_of_one_new_customer_make_it_once(app: &TestApp) {
    app.may_leave_jobs();
    let other = app.another_server().await;
    let clients = [app.client(), app.client_of(&other)];
    let order = |number: usize| {
        let user = ["new@example.com", "NEW@example.com", " New@Example.com"][number % 3];
        with(
            custom_order(&names(&format!("own{number}"), 1)),
            "/user",
            json!(user),
        )
    };
    let answers = place_all(&clients, (0..30).map(order)).await;
    let users: Vec<Value> = answers
        .into_iter()
        .map(|answer| answer.data(200)["user_id"].take())
        .collect();
    assert!(users.iter().all(|id| *id == users[0]));
    let rows = app.row_counts(Environment::Test).await;
    assert_eq!((rows["users"], rows["orders"]), (1, 30));
}

#[apply(on_both_engines!)]
async fn equal_orders_with_one_idempotency_key_run_once(app: &TestApp) {
    app.may_leave_jobs();
    let client = fast_client(app).await;
    let order = custom_order(&names("domain", 1));
    let answers =
        join_all((0..20).map(|_| {
            client.post_with("/orders", order.clone(), &[("Idempotency-Key", "order-1")])
        }))
        .await;
    let (done, waiting): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 200);
    assert!(!done.is_empty());
    for answer in waiting {
        let error = answer.error(429, "rate_limited");
        assert_eq!(
            error["details"],
            json!({ "retry_after_seconds": 1, "reason": "idempotency_key_in_use" })
        );
    }
    assert_one_order(app, done[0].body["data"]["id"].as_str().unwrap(), 1).await;
}
