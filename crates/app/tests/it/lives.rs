//! Any interleaving of orders, imports, swaps, cancellations and time over a few names: a domain is on at most one active order,
//! costs are the sum of their parts, the books balance.

use std::collections::BTreeMap;

use peeker_store::entity::{domains, order_domains, orders};
use peeker_testkit::{Engine, TestApp, custom_order, mixed_order};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestRng, TestRunner};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::books::assert_balanced;

const NAMES: [&str; 7] = [
    "one.com",
    "two.com",
    "three.com",
    "replace-four.com",
    "nspending-five.com",
    "fail-six.com",
    "slow5-seven.com",
];
const HOUR: i64 = 60 * 60;
/// What a request may be refused with; anything else is a mistake.
const REFUSALS: [&str; 6] = [
    "domain_already_in_active_order",
    "domain_not_imported",
    "domain_not_usable_for_provider",
    "domain_count_mismatch",
    "domains_not_submittable",
    "invalid_request",
];

#[derive(Debug, Clone)]
enum Act {
    /// Google only, or with a Microsoft domain at the end.
    Order {
        names: Vec<usize>,
        mixed: bool,
    },
    Import {
        names: Vec<usize>,
        later: bool,
    },
    /// Of the order so many before the last: some domains by position, or the whole.
    Cancel {
        back: usize,
        domains: Option<Vec<usize>>,
    },
    /// Of the connected domain so many before the last: by one of the names or a new one, or by other personas.
    Swap {
        back: usize,
        by: Option<usize>,
    },
    Rename {
        back: usize,
    },
    ResolveAction,
    Work,
    Wait(i64),
}

fn some_names() -> impl Strategy<Value = Vec<usize>> {
    prop::sample::subsequence((0..NAMES.len()).collect::<Vec<_>>(), 1..=3)
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (some_names(), any::<bool>()).prop_map(|(names, mixed)| Act::Order { names, mixed }),
        1 => (some_names(), any::<bool>()).prop_map(|(names, later)| Act::Import { names, later }),
        3 => (0..4_usize, prop::option::of(prop::sample::subsequence(vec![0, 1, 2], 1..=2)))
            .prop_map(|(back, domains)| Act::Cancel { back, domains }),
        3 => (0..6_usize, prop::option::of(0..NAMES.len())).prop_map(|(back, by)| Act::Swap { back, by }),
        1 => (0..6_usize).prop_map(|back| Act::Rename { back }),
        1 => Just(Act::ResolveAction),
        4 => Just(Act::Work),
        2 => prop_oneof![Just(5), Just(HOUR), Just(25 * HOUR), Just(16 * 24 * HOUR), Just(31 * 24 * HOUR)].prop_map(Act::Wait),
    ]
}

fn story() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(act(), 10..35)
}

async fn send(app: &TestApp, path: &str, body: Value) -> Value {
    let answer = app.client().post(path, body).await;
    if !answer.status.is_success() {
        let code = answer.body["error"]["code"].as_str().unwrap_or_default();
        assert!(REFUSALS.contains(&code), "{path}: {}", answer.text);
    }
    answer.body
}

fn named(indexes: &[usize]) -> Vec<String> {
    indexes
        .iter()
        .map(|index| NAMES[*index].to_owned())
        .collect()
}

async fn perform(app: &TestApp, act: &Act, placed: &mut Vec<(String, Vec<String>)>) {
    match act {
        Act::Order { names, mixed } => {
            let names = named(names);
            let google = u32::try_from(names.len() - 1).unwrap() * 2;
            let body = if *mixed && names.len() > 1 {
                mixed_order((google, 2), (1, 25), &names)
            } else {
                custom_order(&names)
            };
            let answer = send(app, "/orders", body).await;
            if let Some(id) = answer["data"]["id"].as_str()
                && placed.iter().all(|(known, _)| known != id)
            {
                placed.push((id.to_owned(), names));
            }
        }
        Act::Import { names, later } => {
            let path = if *later {
                "/domains/import/jobs"
            } else {
                "/domains/import"
            };
            send(app, path, json!({ "domains": named(names) })).await;
        }
        Act::Cancel { back, domains } => {
            let Some((id, names)) = placed.iter().rev().nth(*back) else {
                return;
            };
            let body = match domains {
                None => json!({}),
                Some(positions) => {
                    let chosen: Vec<_> = positions
                        .iter()
                        .filter_map(|position| names.get(*position))
                        .collect();
                    json!({ "domains": chosen })
                }
            };
            send(app, &format!("/orders/{id}/cancel"), body).await;
        }
        Act::Swap { back, by } => {
            if let Some(domain) = connected(app, *back).await {
                let new = format!("swap-{}.com", app.now().as_seconds());
                let replacement = by.map_or(new, |index| NAMES[index].to_owned());
                let body = json!({ "type": "standard", "domain_id": domain, "replacement_domain": replacement });
                send(app, "/swaps", body).await;
            }
        }
        Act::Rename { back } => {
            if let Some(domain) = connected(app, *back).await {
                let personas = json!([{ "first_name": "Ada", "last_name": "Byron", "profile_picture_url": null }]);
                let body = json!({ "domain_id": domain, "personas": personas });
                send(app, "/swaps/user_names", body).await;
            }
        }
        Act::ResolveAction => {
            let open = app.client().get("/orders/pending").await.expect(200);
            if let Some(id) = open["data"][0]["id"].as_str() {
                send(app, &format!("/sandbox/actions/{id}/resolve"), json!({})).await;
            }
        }
        Act::Work => {
            app.run_until_idle().await;
        }
        Act::Wait(seconds) => app.advance_seconds(*seconds),
    }
}

/// The id of a connected domain, by its place in the list.
async fn connected(app: &TestApp, back: usize) -> Option<String> {
    let path = "/domains?category=connected&per_page=100";
    let page = app.client().get(path).await.expect(200);
    page["data"][back]["id"].as_str().map(str::to_owned)
}

/// What holds at every moment.
async fn check(app: &TestApp) {
    assert_balanced(app).await;
    let reader = &app.app.store().sandbox.db.pools.reader;
    let orders = orders::Entity::find().all(reader).await.unwrap();
    let active: BTreeMap<&str, &orders::Model> = orders
        .iter()
        .filter(|order| order.status != "failed" && order.status != "cancelled")
        .map(|order| (order.id.as_str(), order))
        .collect();
    let mut holders: BTreeMap<String, String> = BTreeMap::new();
    for place in order_domains::Entity::find().all(reader).await.unwrap() {
        if active.contains_key(place.order_id.as_str())
            && !["left", "released"].contains(&&*place.state)
        {
            let other = holders.insert(place.domain_id.clone(), place.order_id.clone());
            assert_eq!(other, None, "{} is on two orders", place.name);
        }
    }
    for domain in domains::Entity::find().all(reader).await.unwrap() {
        if let Some(holder) = holders.get(&domain.id) {
            assert_eq!(domain.order_id.as_ref(), Some(holder), "{}", domain.name);
        } else if let Some(order) = &domain.order_id {
            assert!(
                !active.contains_key(order.as_str()),
                "{} is on an order that does not have it",
                domain.name
            );
        }
    }
    for order in &orders {
        let shown = app
            .client()
            .get(&format!("/orders/{}", order.id))
            .await
            .data(200);
        let items = shown["costs"]["line_items"].as_array().unwrap();
        let sum: i64 = items
            .iter()
            .map(|item| item["amount_cents"].as_i64().unwrap())
            .sum();
        assert_eq!(
            (&shown["costs"]["total_cents"], order.total_cents),
            (&json!(sum), sum),
            "{shown}"
        );
        let names = |source: &str| shown["domains"][source].as_array().unwrap().len();
        assert_eq!(
            shown["domain_count"],
            names("registered") + names("imported"),
            "{shown}"
        );
    }
}

async fn play(app: &TestApp, story: &[Act]) {
    app.client()
        .post_text("/sandbox/reset", "")
        .await
        .expect(200);
    let mut placed = Vec::new();
    for act in story {
        perform(app, act, &mut placed).await;
        check(app).await;
    }
    // To the end of everything that has one: what waits for nameservers or pictures is resolved, the rest is cancelled.
    for _ in 0..8 {
        app.run_until_idle().await;
        let open = app
            .client()
            .get("/orders/pending?per_page=100")
            .await
            .expect(200);
        for action in open["data"].as_array().unwrap() {
            send(
                app,
                &format!(
                    "/sandbox/actions/{}/resolve",
                    action["id"].as_str().unwrap()
                ),
                json!({}),
            )
            .await;
        }
        app.advance_seconds(5);
    }
    for (id, _) in &placed {
        send(app, &format!("/orders/{id}/cancel"), json!({})).await;
    }
    for _ in 0..3 {
        app.advance_seconds(32 * 24 * HOUR);
        app.run_until_idle().await;
    }
    check(app).await;
    for (id, _) in &placed {
        let status = app.client().get(&format!("/orders/{id}")).await.data(200)["status"].clone();
        assert!(
            ["cancelled", "failed"].contains(&status.as_str().unwrap()),
            "{id} is {status}"
        );
    }
}

/// The same stories in every run, so that a change is judged by what it does. `PROPTEST_CASES=1000` plays so many others.
fn config() -> Config {
    let explores = std::env::var_os("PROPTEST_CASES").is_some();
    let mut config = Config {
        failure_persistence: None,
        max_shrink_iters: 60,
        ..Config::default()
    };
    if !explores {
        config.cases = 32;
        config.rng_seed = RngSeed::Fixed(0);
    }
    config
}

/// A failure prints the shortest story that shows it.
#[test]
fn any_story_keeps_orders_and_books_in_order() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let app = runtime.block_on(TestApp::start(Engine::Sqlite));
    let mut runner = TestRunner::new(config());
    runner
        .run(&story(), |story| {
            runtime.block_on(play(&app, &story));
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn one_long_story_on_postgres() {
    let app = TestApp::start(Engine::Postgres).await;
    let rng = TestRng::deterministic_rng(config().rng_algorithm);
    let mut runner = TestRunner::new_with_rng(config(), rng);
    let story = prop::collection::vec(act(), 60..=60)
        .new_tree(&mut runner)
        .unwrap()
        .current();
    play(&app, &story).await;
    app.may_leave_jobs();
    app.finish().await;
}
