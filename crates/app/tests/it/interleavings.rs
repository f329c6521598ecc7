//! Orders of every kind, placed, repeated and worked on in a random order of events: money always adds up.

use peeker_domain::view::Source;
use peeker_domain::{OrderStatus, ProvisionStep};
use peeker_testkit::{TestApp, apply, custom_order, on_both_engines};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use crate::books::{assert_balanced, events_about, order, paid, places, settle};

const KINDS: [&str; 6] = ["plain", "plain", "fail", "replace", "flaky2", "slow5"];
const ACTIONS: usize = 40;

struct Story {
    random: StdRng,
    bodies: Vec<Value>,
    names: Vec<String>,
    orders: Vec<String>,
}

impl Story {
    fn body(&mut self) -> Value {
        let count = self.random.random_range(1..=3);
        let mut names: Vec<String> = Vec::new();
        for _ in 0..count {
            let known = !self.names.is_empty() && self.random.random_ratio(1, 4);
            let name = if known {
                self.names[self.random.random_range(0..self.names.len())].clone()
            } else {
                let kind = KINDS[self.random.random_range(0..KINDS.len())];
                format!("{kind}-{}.com", self.names.len())
            };
            if !names.contains(&name) {
                self.names.push(name.clone());
                names.push(name);
            }
        }
        custom_order(&names)
    }

    async fn act(&mut self, app: &TestApp) {
        match self.random.random_range(0..10) {
            0..=3 => {
                let body = self.body();
                self.place(app, body).await;
            }
            4 if !self.bodies.is_empty() => {
                let again = self.random.random_range(0..self.bodies.len());
                let body = self.bodies[again].clone();
                self.place(app, body).await;
            }
            5..=7 => {
                app.run_until_idle().await;
            }
            _ => app.advance_seconds(self.random.random_range(1..90)),
        }
    }

    async fn place(&mut self, app: &TestApp, body: Value) {
        let answer = app.client().post("/orders", body.clone()).await;
        match answer.status.as_u16() {
            200 => {
                let id = answer.body["data"]["id"].as_str().unwrap().to_owned();
                if !self.orders.contains(&id) {
                    self.orders.push(id);
                    self.bodies.push(body);
                }
            }
            400 => {
                let code = answer.body["error"]["code"].as_str().unwrap();
                assert!(
                    [
                        "domain_already_in_active_order",
                        "domains_not_submittable",
                        "domain_not_usable_for_provider"
                    ]
                    .contains(&code),
                    "{}",
                    answer.text
                );
            }
            _ => panic!("{}", answer.text),
        }
    }
}

/// What a partner owes for an order in its final state.
async fn owed(app: &TestApp, id: &str) -> i64 {
    let row = order(app, id).await;
    match row.status {
        OrderStatus::Completed | OrderStatus::ActionRequired => row.total_cents.0,
        OrderStatus::Failed => {
            let places = places(app, id).await;
            let bought = places.iter().filter(|place| {
                place.source == Source::Registered && place.step != ProvisionStep::Register
            });
            bought.map(|place| place.price_cents.0).sum()
        }
        other => panic!("{id} is still {other}"),
    }
}

async fn play(app: &TestApp, seed: u64) {
    let mut story = Story {
        random: StdRng::seed_from_u64(seed),
        bodies: Vec::new(),
        names: Vec::new(),
        orders: Vec::new(),
    };
    for _ in 0..ACTIONS {
        story.act(app).await;
        assert_balanced(app).await;
    }
    settle(app, &app.app).await;
    assert_balanced(app).await;
    assert!(
        story.orders.len() > 5,
        "seed {seed} placed too few orders to mean anything"
    );
    for id in &story.orders {
        assert_eq!(
            paid(app, id).await.0,
            owed(app, id).await,
            "order {id} of seed {seed}"
        );
        let events = events_about(app, id).await;
        let ends = events
            .iter()
            .filter(|kind| ["order.completed", "order.failed"].contains(&kind.as_str()));
        assert!(ends.count() <= 1, "seed {seed}: {events:?}");
    }
}

#[apply(on_both_engines!)]
async fn money_adds_up_in_story_one(app: &TestApp) {
    play(app, 1).await;
}

#[apply(on_both_engines!)]
async fn money_adds_up_in_story_two(app: &TestApp) {
    play(app, 2).await;
}

#[apply(on_both_engines!)]
async fn money_adds_up_in_story_three(app: &TestApp) {
    play(app, 3).await;
}
