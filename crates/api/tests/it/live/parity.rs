//! The sandbox behaves like live: one scenario, with a test key and with a live key, compared.

use std::collections::{BTreeMap, BTreeSet};

use peeker_app::runner;
use peeker_domain::Environment;
use peeker_testkit::{Client, LiveApp, apply, live_on_both_engines};
use serde_json::{Value, json};

use super::body;

/// What a partner sees of a scenario, without what is different by nature: ids, times, prices.
#[derive(Debug, PartialEq)]
struct Seen {
    /// Status and shape of each answer, by what was asked.
    answers: BTreeMap<&'static str, Value>,
    events: BTreeMap<String, usize>,
    domains: BTreeSet<(String, String, String)>,
    inboxes: BTreeSet<(String, String)>,
}

/// The names and kinds of values of an object, however deep; a list is what its entries are.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| (name.clone(), shape(field)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(entries) => {
            let shapes: BTreeSet<String> =
                entries.iter().map(|one| shape(one).to_string()).collect();
            json!(shapes)
        }
        Value::String(_) => json!("text"),
        Value::Number(_) => json!("number"),
        Value::Bool(_) => json!("bool"),
        Value::Null => Value::Null,
    }
}

struct Scenario<'a> {
    live: &'a LiveApp,
    client: Client,
    environment: Environment,
    answers: BTreeMap<&'static str, Value>,
}

impl Scenario<'_> {
    async fn run_until(&self, reached: impl AsyncFn() -> bool) {
        if self.environment == Environment::Live {
            return self.live.run_until(reached).await;
        }
        for _ in 0..20 {
            runner::run_until_idle(&self.live.app, Environment::Test)
                .await
                .unwrap();
            if reached().await {
                return;
            }
        }
        panic!("the sandbox does not get there");
    }

    fn keep(&mut self, what: &'static str, answer: &Value) {
        let status = &answer["data"]["status"];
        self.answers.insert(what, json!([status, shape(answer)]));
    }

    async fn status_of(&self, path: &str) -> String {
        let answer = self.client.get(path).await.expect(200);
        answer["data"]["status"].as_str().unwrap().to_owned()
    }

    async fn play(mut self) -> Seen {
        let names =
            json!({ "domains": ["one-northwind.com", "taken-northwind.com", "not a name"] });
        let answer = self
            .client
            .post("/domains/availability", names)
            .await
            .expect(200);
        self.keep("availability", &answer);
        let order = body(
            "dana@northwind.example",
            &["one-northwind.com", "two-northwind.com"],
            2,
            1,
        );
        let quote = self
            .client
            .post("/orders/quote", order.clone())
            .await
            .expect(200);
        self.keep("quote", &quote);
        let placed = self.client.post("/orders", order.clone()).await.expect(200);
        self.keep("placed", &placed);
        let again = self.client.post("/orders", order).await.expect(200);
        assert_eq!(again["data"]["id"], placed["data"]["id"]);
        let path = format!("/orders/{}", placed["data"]["id"].as_str().unwrap());
        self.run_until(async || self.status_of(&path).await == "completed")
            .await;
        let detail = self.client.get(&path).await.expect(200);
        self.keep("completed", &detail);
        self.swap().await;
        let wrong = json!({ "user": "nobody" });
        let refused = self.client.post("/orders", wrong).await.expect(400);
        self.keep("refused", &refused);
        let cancel = format!("{path}/cancel");
        let cancelled = self.client.post(&cancel, json!({}));
        let cancelled = cancelled.await.expect(200);
        self.keep("cancelled", &cancelled);
        self.seen(&path).await
    }

    async fn swap(&mut self) {
        let found = self.client.get("/domains?domain=one-northwind.com");
        let found = found.await.expect(200);
        let wish = json!({
            "type": "standard",
            "domain_id": found["data"][0]["id"],
            "replacement_domain": "three-northwind.com",
        });
        let swap = self.client.post("/swaps", wish).await.expect(201);
        self.keep("swap", &swap);
        let path = format!("/swaps/{}", swap["data"]["id"].as_str().unwrap());
        self.run_until(async || self.status_of(&path).await == "completed")
            .await;
        let swap = self.client.get(&path).await.expect(200);
        self.keep("swapped", &swap);
    }

    async fn seen(self, order: &str) -> Seen {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let domains = self.client.get("/domains").await.expect(200);
        let domains = domains["data"].as_array().unwrap().iter().map(|domain| {
            let field = |name: &str| text(&domain[name]);
            (field("domain"), field("category"), field("status"))
        });
        let inboxes = format!("{order}/inboxes?per_page=100");
        let inboxes = self.client.get(&inboxes);
        let inboxes = inboxes.await.expect(200);
        let inboxes = inboxes["data"].as_array().unwrap().iter();
        let inboxes = inboxes.map(|inbox| (text(&inbox["email"]), text(&inbox["status"])));
        let mut events = BTreeMap::new();
        let list = self.client.get("/events?per_page=100").await.expect(200);
        for event in list["data"].as_array().unwrap() {
            *events.entry(text(&event["type"])).or_default() += 1;
        }
        Seen {
            domains: domains.collect(),
            inboxes: inboxes.collect(),
            events,
            answers: self.answers,
        }
    }
}

#[apply(live_on_both_engines!)]
async fn a_test_key_and_a_live_key_see_the_same(live: &LiveApp) {
    let play = async |environment: Environment, client: Client| {
        let answers = BTreeMap::new();
        let scenario = Scenario {
            live,
            client,
            environment,
            answers,
        };
        scenario.play().await
    };
    let sandbox = play(Environment::Test, live.test_client()).await;
    let real = play(Environment::Live, live.client()).await;
    assert_eq!(sandbox, real);
}
