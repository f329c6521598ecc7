//! The end: everything that was answered is there, once, and adds up.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::partner::Partner;
use super::tally::count;
use crate::receiver::Receiver;

/// Between two looks at work that is under way.
const POLL: Duration = Duration::from_millis(500);
const END_OF_BASE: &str = "/partner/v1";

impl Partner {
    /// Waits until all work is done, and checks. The server is left in peace.
    pub async fn settle(&self, deadline: Instant) {
        self.get_answers(deadline).await;
        self.find_all().await;
        for path in [
            "/orders?status=in_progress&per_page=1",
            "/swaps?status=created&per_page=1",
        ] {
            self.wait_for_none(path, deadline).await;
        }
        self.wait_for_none("/swaps?status=in_progress&per_page=1", deadline)
            .await;
        self.check_imports(deadline).await;
        self.check_swaps().await;
        self.check_orders_and_events().await;
        self.check_wallet().await;
    }

    /// Sends again what was not answered.
    async fn get_answers(&self, deadline: Instant) {
        loop {
            let open = |wishes: &[super::partner::Wish]| {
                let open = wishes
                    .iter()
                    .enumerate()
                    .filter(|(_, wish)| wish.id.is_none());
                open.map(|(index, _)| index).collect::<Vec<_>>()
            };
            let (orders, imports) = {
                let records = self.records();
                (open(&records.orders), open(&records.imports))
            };
            if orders.is_empty() && imports.is_empty() {
                return;
            }
            if Instant::now() > deadline {
                let open = orders.len() + imports.len();
                return self
                    .tally
                    .fault(format!("{open} requests are never answered"));
            }
            for index in orders {
                self.send_order(index).await;
            }
            for index in imports {
                self.send_import(index).await;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Every order can be read, and its body still stands for it.
    async fn find_all(&self) {
        let orders = self.records().orders.len();
        for index in 0..orders {
            self.send_order(index).await;
            let id = self.records().orders[index].id.clone().unwrap_or_default();
            self.insist(&format!("/orders/{id}")).await;
        }
    }

    async fn wait_for_none(&self, path: &str, deadline: Instant) {
        loop {
            let page = self.insist(path).await;
            match page["data"].as_array() {
                Some(rows) if !rows.is_empty() => {}
                _ => return,
            }
            if Instant::now() > deadline {
                return self.tally.fault(format!(
                    "{path} does not come to an end: {}",
                    page["data"][0]["id"]
                ));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn check_imports(&self, deadline: Instant) {
        let imports: Vec<_> = self
            .records()
            .imports
            .iter()
            .filter_map(|import| import.id.clone())
            .collect();
        for id in imports {
            loop {
                let import = self.insist(&format!("/domains/import/jobs/{id}")).await;
                if import["data"]["status"] == "completed" {
                    break;
                }
                if Instant::now() > deadline {
                    self.tally.fault(format!(
                        "import {id} does not come to an end: {}",
                        import["data"]["status"]
                    ));
                    break;
                }
                tokio::time::sleep(POLL).await;
            }
        }
    }

    async fn check_swaps(&self) {
        let swaps = self.records().swaps.clone();
        for id in swaps {
            let swap = self.insist(&format!("/swaps/{id}")).await;
            let status = &swap["data"]["status"];
            if status != "completed" && status != "failed" {
                self.tally.fault(format!("swap {id} is {status}"));
            }
        }
    }

    /// The list has each order once and no other; the log has no gap and tells of each order once.
    async fn check_orders_and_events(&self) {
        let told: HashSet<String> = self
            .records()
            .orders
            .iter()
            .filter_map(|order| order.id.clone())
            .collect();
        let listed = self.walk("/orders?per_page=100").await;
        let ids: HashSet<String> = listed.iter().map(|order| text(order, "id")).collect();
        if ids != told || listed.len() != told.len() {
            self.tally.fault(format!(
                "{} orders were answered, {} are listed, {} different",
                told.len(),
                listed.len(),
                ids.len()
            ));
        }
        for order in &listed {
            if order["status"] != "completed" {
                self.tally
                    .fault(format!("order {} is {}", order["id"], order["status"]));
            }
        }
        let events = self.walk("/events?after_sequence=0&per_page=100").await;
        let mut placed: HashMap<String, usize> = HashMap::new();
        for (expected, event) in (1..).zip(&events) {
            count(&self.tally.events);
            if event["sequence"].as_i64() != Some(expected) {
                return self.tally.fault(format!(
                    "event {expected} has the number {}",
                    event["sequence"]
                ));
            }
            if event["type"] == "order.in_progress" {
                *placed.entry(text(event, "order_id")).or_default() += 1;
            }
        }
        let once = placed.values().all(|times| *times == 1);
        if !once || placed.len() != told.len() {
            self.tally.fault(format!(
                "{} orders were answered, {} were told of",
                told.len(),
                placed.len()
            ));
        }
    }

    async fn check_wallet(&self) {
        let wallet = self.insist("/wallet").await;
        let entries = self.walk("/wallet/transactions?per_page=100").await;
        let booked: i64 = entries
            .iter()
            .filter_map(|entry| entry["amount_cents"].as_i64())
            .sum();
        if wallet["data"]["balance_cents"].as_i64() != Some(booked) {
            self.tally.fault(format!(
                "the wallet holds {}, its entries {booked}",
                wallet["data"]["balance_cents"]
            ));
        }
        let charged = entries.iter().filter(|entry| entry["reason"] == "order");
        let charged: Vec<_> = charged.map(|entry| text(entry, "order_id")).collect();
        let orders: HashSet<_> = charged.iter().collect();
        if orders.len() != self.records().orders.len() || charged.len() != orders.len() {
            self.tally.fault(format!(
                "{} charges for {} orders",
                charged.len(),
                self.records().orders.len()
            ));
        }
    }

    /// Waits until every event has arrived at the partner's receiver.
    pub async fn check_arrivals(&self, receiver: &Receiver, deadline: Instant) {
        loop {
            let events = self.walk("/events?after_sequence=0&per_page=100").await;
            let ids: Vec<_> = events.iter().map(|event| text(event, "id")).collect();
            let missing = receiver.missing(ids.iter().map(String::as_str));
            if missing.is_empty() {
                return;
            }
            if Instant::now() > deadline {
                return self.tally.fault(format!(
                    "{} events have not arrived, such as {}",
                    missing.len(),
                    missing[0]
                ));
            }
            tokio::time::sleep(POLL * 4).await;
        }
    }

    /// All rows of a list.
    async fn walk(&self, path: &str) -> Vec<Value> {
        let (mut rows, mut next) = (Vec::new(), Some(path.to_owned()));
        while let Some(path) = next {
            let mut page = self.insist(&path).await;
            if let Value::Array(page) = page["data"].take() {
                rows.extend(page);
            }
            let link = page["links"]["next"]
                .as_str()
                .and_then(|link| link.split_once(END_OF_BASE));
            next = link.map(|(_, path)| path.to_owned());
        }
        rows
    }
}

fn text(row: &Value, field: &str) -> String {
    row[field].as_str().unwrap_or_default().to_owned()
}
