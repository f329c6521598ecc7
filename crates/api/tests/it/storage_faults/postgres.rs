//! PostgreSQL that is cut off, closed, silent, or lost at any message of an order; and one that has no room.

use std::time::Duration;

use axum::http::StatusCode;
use peeker_domain::Environment;
use peeker_testkit::{Engine, Loss, NoRoom, TestApp, custom_order, names};
use tokio::task::JoinSet;

use super::{Partner, stored_orders};

/// Longer than an answer may take while the database does not answer, five seconds, by what a busy machine needs.
const PATIENCE: Duration = Duration::from_secs(10);
/// More than there are connections in a test's pools.
const CONNECTIONS: usize = 12;

impl Partner {
    /// Sends orders until one is taken: each connection that was cut may cost one.
    async fn order_soon(&mut self, app: &TestApp) {
        for _ in 0..CONNECTIONS {
            if self.order(app).await == StatusCode::OK {
                return;
            }
        }
        panic!("no connection was replaced");
    }

    /// Sends an order that cannot be taken, and waits for the answer no longer than a partner has to.
    async fn order_in_vain(&mut self, app: &TestApp) {
        let answer = tokio::time::timeout(PATIENCE, self.order(app)).await;
        assert_eq!(answer, Ok(StatusCode::SERVICE_UNAVAILABLE));
    }
}

/// Loses the first such thing of an order, the second, and so on, until there is none left to lose. Gives back how many
/// orders were refused.
async fn lose_everywhere(loss: Loss) -> usize {
    let app = TestApp::start_behind_proxy().await;
    app.may_leave_jobs();
    let mut partner = Partner::of(&app).await;
    let mut refused = 0;
    for nth in 1.. {
        partner.order_soon(&app).await;
        partner.order_again(&app).await;
        let before = app.proxy().losses();
        app.proxy().lose(loss, nth);
        partner.order(&app).await;
        refused += partner.refused.len();
        if app.proxy().losses() == before {
            assert!(nth > 1, "an order has no {loss:?}");
            break;
        }
    }
    // What was not reached.
    app.proxy().lose(loss, u64::MAX);
    partner.order_soon(&app).await;
    partner.settle(&app).await;
    app.finish().await;
    refused
}

#[tokio::test]
async fn a_connection_that_is_lost_at_any_message() {
    assert!(lose_everywhere(Loss::Message).await > 0);
}

#[tokio::test]
async fn a_commit_that_does_not_arrive() {
    assert!(lose_everywhere(Loss::Commit).await > 0);
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_found_by_the_same_body() {
    assert!(lose_everywhere(Loss::CommitAnswer).await > 0);
    let app = TestApp::start_behind_proxy().await;
    app.may_leave_jobs();
    let mut partner = Partner::of(&app).await;
    partner.order_now(&app).await;
    app.proxy().lose(Loss::CommitAnswer, 1);
    partner.order_in_vain(&app).await;
    assert_eq!(
        stored_orders(&app).await,
        2,
        "it was stored, and nobody knows"
    );
    partner.order_again(&app).await;
    assert_eq!(stored_orders(&app).await, 2);
    partner.settle(&app).await;
    app.finish().await;
}

#[tokio::test]
async fn after_all_connections_are_cut_orders_are_taken_again() {
    let app = TestApp::start_behind_proxy().await;
    app.may_leave_jobs();
    let mut partner = Partner::of(&app).await;
    for _ in 0..5 {
        partner.order_soon(&app).await;
        app.proxy().cut();
    }
    partner.order_soon(&app).await;
    partner.settle(&app).await;
    app.finish().await;
}

#[tokio::test]
async fn while_connections_are_refused_requests_are_answered_503() {
    let app = TestApp::start_behind_proxy().await;
    app.may_leave_jobs();
    let mut partner = Partner::of(&app).await;
    partner.order_now(&app).await;
    app.proxy().refuse();
    app.proxy().cut();
    for _ in 0..3 {
        partner.order_in_vain(&app).await;
    }
    let list = partner.client(&app).get("/orders").await;
    list.error(503, "internal_error");
    app.proxy().forward();
    partner.order_soon(&app).await;
    partner.settle(&app).await;
    app.finish().await;
}

#[tokio::test]
async fn while_the_database_says_nothing_requests_are_answered_503() {
    let app = TestApp::start_behind_proxy().await;
    app.may_leave_jobs();
    let mut partner = Partner::of(&app).await;
    partner.order_now(&app).await;
    app.proxy().hold();
    // More at once than there are connections: some wait for an answer, some for a connection.
    let mut requests = JoinSet::new();
    for number in 0..8 {
        let client = partner.client(&app);
        requests.spawn(async move {
            let body = custom_order(&names(&format!("held-{number}"), 1));
            let request = async {
                if number % 2 == 0 {
                    client.post("/orders", body.clone()).await
                } else {
                    client.get("/orders").await
                }
            };
            let answer = tokio::time::timeout(PATIENCE, request).await;
            answer.expect("no answer").error(503, "internal_error");
            (number % 2 == 0).then_some(body)
        });
    }
    partner.refused = requests.join_all().await.into_iter().flatten().collect();
    // What the server sent all the same arrives now.
    app.proxy().forward();
    partner.order_soon(&app).await;
    partner.settle(&app).await;
    app.finish().await;
}

#[tokio::test]
async fn orders_for_which_there_is_no_room_are_answered_503() {
    let app = TestApp::start(Engine::Postgres).await;
    app.may_leave_jobs();
    let mut partner = Partner::of(&app).await;
    let tables = app.row_counts(Environment::Test).await.into_keys();
    let tables: Vec<_> = tables.filter(|table| !table.contains(' ')).collect();
    for when in [NoRoom::AtStatement, NoRoom::AtCommit] {
        let mut refused = 0;
        for table in &tables {
            app.fill_table(table, when).await;
            for _ in 0..2 {
                partner.order(&app).await;
            }
            app.make_room().await;
            refused += partner.refused.len() / 2;
            partner.order_now(&app).await;
            partner.order_again(&app).await;
        }
        assert!(refused >= 8, "an order changes only {refused} tables");
    }
    partner.settle(&app).await;
    app.finish().await;
}

#[tokio::test]
async fn what_was_answered_survives_a_crash_of_the_database() {
    let app = TestApp::start_on_own_cluster().await;
    app.may_leave_jobs();
    let mut partner = Partner::of(&app).await;
    for round in 0..3 {
        partner.order_soon(&app).await;
        app.cluster().crash().await;
        if round > 0 {
            partner.order_in_vain(&app).await;
        }
        app.cluster().start_again().await;
    }
    partner.order_soon(&app).await;
    partner.settle(&app).await;
    app.finish().await;
}
