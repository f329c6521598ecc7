//! One partner: what it does, and what it knows by the answers that it got.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::tally::{Tally, count};
use crate::load::Target;

/// Things that a partner does in turns, and how many of them are new orders.
pub const ACTS: u32 = 20;
/// See [`ACTS`].
pub const ORDERS_OF_ACTS: u32 = 11;
/// Between two tries of something that has to be answered in the end.
const BREATH: Duration = Duration::from_millis(500);
/// Stands for the last order in what is read.
const ORDER: &str = "{order}";
/// What is read, in turns.
const READS: [&str; 8] = [
    "/orders?per_page=25",
    "/domains?per_page=25",
    "/events?per_page=25",
    "/orders/{order}",
    "/wallet/transactions?per_page=25",
    "/orders/{order}/inboxes",
    "/swaps",
    "/orders/pending",
];

/// Something that was asked for, with the id that it was answered with.
#[derive(Debug, Clone)]
pub struct Wish {
    /// What was sent.
    pub body: Value,
    /// What it is called, once somebody has said so.
    pub id: Option<String>,
    is_checked: bool,
}

#[derive(Debug, Default)]
pub struct Records {
    /// All orders.
    pub orders: Vec<Wish>,
    /// All imports.
    pub imports: Vec<Wish>,
    /// The ids of the swaps that were accepted.
    pub swaps: Vec<String>,
}

/// One partner.
#[derive(Debug)]
pub struct Partner {
    number: usize,
    run: String,
    /// Its client.
    pub target: Target,
    /// Where answers are counted.
    pub tally: Arc<Tally>,
    records: Mutex<Records>,
}

impl Partner {
    /// A partner that has done nothing; its names begin with that of the run.
    pub fn new(number: usize, target: Target, run: &str, tally: Arc<Tally>) -> Self {
        Self {
            number,
            run: format!("{run}-{number}"),
            target,
            tally,
            records: Mutex::default(),
        }
    }

    /// Its line in the file of keys.
    pub fn number(&self) -> usize {
        self.number
    }

    /// What it knows.
    pub fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does the next thing.
    pub async fn act(&self, turn: usize) {
        match turn % ACTS as usize {
            0..=10 => self.order(turn).await,
            11 | 12 => self.order_again(turn).await,
            13..=16 => self.read(turn).await,
            17 => self.import(turn).await,
            18 => self.swap(turn).await,
            _ => self.retry().await,
        }
    }

    async fn order(&self, turn: usize) {
        let count = turn % 3 + 1;
        let domains: Vec<_> = (0..count)
            .map(|domain| format!("{}-{turn}-{domain}.com", self.run))
            .collect();
        let body = json!({
            "user": format!("client-{}@example.com", turn % 10),
            "sequencer": {"provider": "smartlead", "client_id": null, "login_email": "a@example.com", "login_password": "pw"},
            "google_licenses": count * 2,
            "google_inboxes_per_domain": 2,
            "domains": domains,
            "personas": [{ "first_name": "Sam", "last_name": "Lee", "profile_picture_url": null }],
        });
        let index = note(&mut self.records().orders, body);
        self.send_order(index).await;
    }

    /// Sends an order of long ago once more.
    async fn order_again(&self, turn: usize) {
        let orders = self.records().orders.len();
        if orders > 0 {
            self.send_order(turn * 7_919 % orders).await;
        }
    }

    /// Sends an order; it may be known already.
    pub async fn send_order(&self, index: usize) {
        let Wish { body, id, .. } = self.records().orders[index].clone();
        let answer = self.target.ask(Method::POST, "/orders", Some(&body), None);
        let Some(answer) = self.tally.meet("POST /orders", answer.await) else {
            return;
        };
        let told = answer["data"]["id"].as_str().unwrap_or_default().to_owned();
        match id {
            Some(id) if id == told => {}
            Some(id) => self
                .tally
                .fault(format!("{id} became {told} when it was sent again")),
            None => {
                count(&self.tally.orders);
                self.records().orders[index].id = Some(told);
            }
        }
    }

    async fn read(&self, turn: usize) {
        let mut path = READS[turn % READS.len()].to_owned();
        if path.contains(ORDER) {
            let answered = |order: &Wish| order.id.clone();
            let Some(last) = self.records().orders.iter().rev().find_map(answered) else {
                return;
            };
            path = path.replace(ORDER, &last);
        }
        let answer = self.target.ask(Method::GET, &path, None, None).await;
        if self.tally.meet(&path, answer).is_some() {
            count(&self.tally.reads);
        }
    }

    async fn import(&self, turn: usize) {
        let domains: Vec<_> = (0..=turn % 30)
            .map(|domain| format!("own-{}-{turn}-{domain}.com", self.run))
            .collect();
        let index = note(&mut self.records().imports, json!({ "domains": domains }));
        self.send_import(index).await;
    }

    /// Sends an import; the same body is the same import.
    pub async fn send_import(&self, index: usize) {
        let body = self.records().imports[index].body.clone();
        let path = "/domains/import/jobs";
        let answer = self.target.ask(Method::POST, path, Some(&body), None).await;
        if let Some(answer) = self.tally.meet(path, answer) {
            count(&self.tally.imports);
            self.records().imports[index].id = answer["data"]["id"].as_str().map(str::to_owned);
        }
    }

    /// Swaps a domain that works. It may have been swapped before.
    async fn swap(&self, turn: usize) {
        let path = "/domains?status=active&per_page=1";
        let page = self.target.ask(Method::GET, path, None, None).await;
        let page = self.tally.meet(path, page);
        let Some(domain) = page
            .as_ref()
            .and_then(|page| page["data"][0]["id"].as_str())
        else {
            return;
        };
        let replacement = format!("next-{}-{turn}.com", self.run);
        let body =
            json!({ "type": "standard", "domain_id": domain, "replacement_domain": replacement });
        let answer = self
            .target
            .ask(Method::POST, "/swaps", Some(&body), Some(&replacement))
            .await;
        // It may be on its way out already.
        let is_declined = answer.as_ref().is_some_and(|answer| answer.status == 400);
        if !is_declined && let Some(answer) = self.tally.meet("POST /swaps", answer) {
            count(&self.tally.swaps);
            let id = answer["data"]["id"].as_str().unwrap_or_default();
            self.records().swaps.push(id.to_owned());
        }
    }

    /// Sends one of the things again that nobody has answered yet.
    async fn retry(&self) {
        let open = self
            .records()
            .orders
            .iter()
            .position(|order| order.id.is_none());
        if let Some(index) = open {
            self.send_order(index).await;
        }
        let open = self
            .records()
            .imports
            .iter()
            .position(|import| import.id.is_none());
        if let Some(index) = open {
            self.send_import(index).await;
        }
    }

    /// The orders that were answered since this was asked before.
    pub fn unchecked(&self) -> Vec<String> {
        let mut records = self.records();
        let orders = records.orders.iter_mut();
        let unchecked = orders.filter(|order| order.id.is_some() && !order.is_checked);
        unchecked
            .filter_map(|order| {
                order.is_checked = true;
                order.id.clone()
            })
            .collect()
    }

    /// Looks for orders that were answered.
    pub async fn find_orders(&self, ids: &[String]) {
        for id in ids {
            let answer = self.insist(&format!("/orders/{id}")).await;
            if answer["data"]["id"] == **id {
                count(&self.tally.found);
            }
        }
    }

    /// Reads something until it is answered, for as long as it takes; `null` when the answer is no good one.
    pub async fn insist(&self, path: &str) -> Value {
        loop {
            let answer = self.target.ask(Method::GET, path, None, None).await;
            let is_answer = answer
                .as_ref()
                .is_some_and(|answer| !matches!(answer.status, 429 | 503));
            let answer = self.tally.meet(path, answer);
            if is_answer {
                return answer.unwrap_or(Value::Null);
            }
            tokio::time::sleep(BREATH).await;
        }
    }
}

fn note(wishes: &mut Vec<Wish>, body: Value) -> usize {
    wishes.push(Wish {
        body,
        id: None,
        is_checked: false,
    });
    wishes.len() - 1
}
