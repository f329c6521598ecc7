//! What a partner was told while the storage failed, held against what is there afterwards: a 200 is a stored order, and
//! every other answer is a 503 after which the same body gives one order.

mod disk;
mod postgres;

use std::collections::BTreeSet;

use axum::http::StatusCode;
use peeker_app::wallet;
use peeker_domain::{Environment, EventType, Preset};
use peeker_testkit::{Client, TestApp, custom_order};
use serde_json::Value;

/// What a partner knows of its orders.
struct Partner {
    key: String,
    /// Bodies that were answered with an order, and its id.
    accepted: Vec<(Value, String)>,
    /// Bodies that were refused, and may be there or not.
    refused: Vec<Value>,
    number: usize,
}

impl Partner {
    /// A partner without orders, whose requests are not counted.
    async fn of(app: &TestApp) -> Self {
        Self {
            key: app.key(Preset::Full, 1_000_000).await,
            accepted: Vec::new(),
            refused: Vec::new(),
            number: 0,
        }
    }

    fn client(&self, app: &TestApp) -> Client {
        app.client_with(&self.key)
    }

    /// Sends an order that is like no other before. Nothing but 200 and 503 is an answer.
    async fn order(&mut self, app: &TestApp) -> StatusCode {
        self.number += 1;
        let body = custom_order(&[format!("storage-{}.com", self.number)]);
        let answer = self.client(app).post("/orders", body.clone()).await;
        let status = answer.status;
        if status == StatusCode::OK {
            let id = answer.data(200)["id"].as_str().unwrap().to_owned();
            self.accepted.push((body, id));
        } else {
            answer.error(503, "internal_error");
            self.refused.push(body);
        }
        status
    }

    /// Sends an order that has to be taken, since the storage works.
    async fn order_now(&mut self, app: &TestApp) {
        let status = self.order(app).await;
        assert_eq!(status, StatusCode::OK, "the storage works again");
    }

    /// Sends what was refused once more; the storage works.
    async fn order_again(&mut self, app: &TestApp) {
        for body in std::mem::take(&mut self.refused) {
            let placed = self
                .client(app)
                .post("/orders", body.clone())
                .await
                .data(200);
            let id = placed["id"].as_str().unwrap().to_owned();
            self.accepted.push((body, id));
        }
    }

    /// Looks for the last orders that were answered with 200.
    async fn find_last(&self, app: &TestApp, orders: usize) {
        for (_, id) in self.accepted.iter().rev().take(orders) {
            self.client(app)
                .get(&format!("/orders/{id}"))
                .await
                .expect(200);
        }
    }

    /// Holds everything that was answered against what is there.
    async fn settle(&mut self, app: &TestApp) {
        self.order_again(app).await;
        self.find_last(app, self.accepted.len()).await;
        for (body, id) in &self.accepted {
            let again = self
                .client(app)
                .post("/orders", body.clone())
                .await
                .data(200);
            assert_eq!(again["id"], **id, "the same body is another order");
        }
        let told: BTreeSet<_> = self.accepted.iter().map(|(_, id)| id).collect();
        assert_eq!(told.len(), self.accepted.len(), "two bodies are one order");
        let stored = stored_orders(app).await;
        assert_eq!(stored, told.len(), "orders that nobody was told of");
        books_are_right(app, told.len()).await;
    }
}

async fn stored_orders(app: &TestApp) -> usize {
    let rows = app.row_counts(Environment::Test).await;
    usize::try_from(rows["orders"]).unwrap()
}

/// Each order was charged and announced once, and the log has no gaps.
async fn books_are_right(app: &TestApp, orders: usize) {
    for wallet in wallet::audit(&app.app, Environment::Test, None)
        .await
        .unwrap()
    {
        assert!(wallet.is_right(), "{wallet:?}");
        // One of them is the sandbox's funding.
        assert_eq!(usize::try_from(wallet.transactions).unwrap(), orders + 1);
    }
    let events = app.events().await;
    let numbers: Vec<_> = events.iter().map(|event| event.sequence).collect();
    let gapless: Vec<_> = (1..).take(events.len()).collect();
    assert_eq!(numbers, gapless);
    let placed = events
        .iter()
        .filter(|event| event.kind == EventType::OrderInProgress);
    assert_eq!(placed.count(), orders);
}
