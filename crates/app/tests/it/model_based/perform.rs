//! How each act is done, through the API.

use peeker_domain::id::OrderId;
use peeker_testkit::{TestApp, bundle_order, custom_order, microsoft_order, mixed_order, with};
use serde_json::{Value, json};

use super::acts::{Act, By, CUSTOMERS, NAMES, People, REPLACEMENTS, Size, TARGETS};

/// A customer with such an address finds the wallet empty.
const BROKE: &str = "broke-";
const MISSING_PICTURE: &str = "https://unreachable.test/ada.png";
/// What a request may be refused with; anything else is a mistake.
const REFUSALS: [&str; 7] = [
    "domain_already_in_active_order",
    "domain_not_imported",
    "domain_not_usable_for_provider",
    "domain_count_mismatch",
    "domains_not_submittable",
    "insufficient_funds",
    "invalid_request",
];

/// What a story has brought about so far.
#[derive(Default)]
pub struct Past {
    /// The orders, in the order in which they were placed.
    pub orders: Vec<OrderId>,
    swaps: usize,
}

/// Does one thing. Gives back whether all work that is due has been done.
pub async fn perform(app: &TestApp, act: &Act, past: &mut Past) -> bool {
    match act {
        Act::Order {
            customer,
            names,
            size,
            picture,
        } => {
            let body = order(app, &named(names), size).await;
            let body = with(body, "/user", json!(CUSTOMERS[*customer]));
            let body = if *picture {
                with(body, "/personas", people_of(&People::EveAndBob))
            } else {
                body
            };
            let answer = send(app, "/orders", body).await;
            if let Some(id) = answer["data"]["id"].as_str() {
                let id: OrderId = id.parse().unwrap();
                if !past.orders.contains(&id) {
                    past.orders.push(id);
                }
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
        Act::Cancel { order, domains } => cancel(app, past, *order, domains.as_deref()).await,
        Act::Swap {
            domain,
            premium,
            by,
        } => {
            if let Some(domain) = connected(app, *domain).await {
                past.swaps += 1;
                let replacement = match by {
                    By::New => format!("new-{}.com", past.swaps),
                    By::Known(index) => NAMES[*index].to_owned(),
                    By::Special(index) => REPLACEMENTS[*index].to_owned(),
                };
                let kind = if *premium { "premium" } else { "standard" };
                let body =
                    json!({ "type": kind, "domain_id": domain, "replacement_domain": replacement });
                send(app, "/swaps", body).await;
            }
        }
        Act::Withdraw(back) => {
            let page = app.client().get("/swaps?per_page=100").await.expect(200);
            if let Some(id) = page["data"][*back]["id"].as_str() {
                send(app, &format!("/swaps/{id}/cancel"), json!({})).await;
            }
        }
        Act::Rename { domain, to } => {
            if let Some(domain) = connected(app, *domain).await {
                let body = json!({ "domain_id": domain, "personas": people_of(to) });
                send(app, "/swaps/user_names", body).await;
            }
        }
        Act::Forward { domains, target } => forward(app, domains, TARGETS[*target]).await,
        Act::DeleteCustomer(customer) => {
            if let Some(id) = customer_id(app, CUSTOMERS[*customer]).await {
                app.client()
                    .delete(&format!("/users/{id}"))
                    .await
                    .expect(200);
            }
        }
        Act::Broke { customer, empty } => be_broke(app, CUSTOMERS[*customer], *empty).await,
        Act::Resolve(index) => resolve(app, *index).await,
        Act::Work => {
            app.run_until_idle().await;
            return true;
        }
        Act::Meanwhile(act) => {
            let request = Box::pin(perform(app, act, past));
            tokio::join!(app.run_until_idle(), request);
        }
        Act::Wait(seconds) => app.advance_seconds(*seconds),
        Act::Advance(seconds) => {
            app.advance_sandbox(*seconds).await;
            return true;
        }
    }
    false
}

/// Posts what may be refused, for a reason that a partner can understand.
pub async fn send(app: &TestApp, path: &str, body: Value) -> Value {
    let answer = app.client().post(path, body).await;
    if !answer.status.is_success() {
        let code = answer.body["error"]["code"].as_str().unwrap_or_default();
        assert!(REFUSALS.contains(&code), "{path}: {}", answer.text);
    }
    answer.body
}

fn named(indexes: &[usize]) -> Vec<String> {
    let names = indexes.iter().map(|index| NAMES[*index].to_owned());
    names.collect()
}

async fn order(app: &TestApp, names: &[String], size: &Size) -> Value {
    let count = u32::try_from(names.len()).unwrap();
    match size {
        Size::Microsoft => microsoft_order((count, 25), names),
        Size::Mixed if count > 1 => mixed_order((2 * (count - 1), 2), (1, 25), names),
        Size::Bundle => {
            // One Google domain and one Microsoft domain.
            let body = json!({ "name": "Small", "monthly_sending_volume": 1_000, "google_percent": 50, "microsoft_percent": 50 });
            let bundle = app.client().post("/bundles", body).await.data(201);
            bundle_order(bundle["id"].as_str().unwrap(), names)
        }
        Size::Google | Size::Mixed => custom_order(names),
    }
}

fn people_of(people: &People) -> Value {
    let ada = json!({ "first_name": "Ada", "last_name": "Byron", "profile_picture_url": "https://pictures.example/ada.png" });
    let bob = json!({ "first_name": "Bob", "last_name": "Stone", "profile_picture_url": null });
    let eve =
        json!({ "first_name": "Eve", "last_name": "Hill", "profile_picture_url": MISSING_PICTURE });
    match people {
        People::Ada => json!([ada]),
        People::AdaAndBob => json!([ada, bob]),
        People::Eve => json!([eve]),
        People::EveAndBob => json!([eve, bob]),
    }
}

async fn cancel(app: &TestApp, past: &Past, order: usize, domains: Option<&[usize]>) {
    let Some(id) = past.orders.iter().rev().nth(order) else {
        return;
    };
    let body = match domains {
        None => json!({}),
        Some(positions) => {
            let shown = app.client().get(&format!("/orders/{id}")).await.data(200);
            let of = |source: &str| shown["domains"][source].as_array().unwrap().clone();
            let names = [of("registered"), of("imported")].concat();
            let chosen: Vec<_> = positions
                .iter()
                .filter_map(|position| names.get(*position))
                .collect();
            json!({ "domains": chosen })
        }
    };
    send(app, &format!("/orders/{id}/cancel"), body).await;
}

/// The id of a connected domain, by its place in the list.
async fn connected(app: &TestApp, back: usize) -> Option<String> {
    let path = "/domains?category=connected&per_page=100";
    let page = app.client().get(path).await.expect(200);
    page["data"][back]["id"].as_str().map(str::to_owned)
}

async fn forward(app: &TestApp, domains: &[usize], target: &str) {
    let page = app.client().get("/domains?per_page=100").await.expect(200);
    let ids: Vec<_> = domains
        .iter()
        .map(|back| page["data"][*back]["id"].clone())
        .filter(Value::is_string)
        .collect();
    if !ids.is_empty() {
        send(
            app,
            "/domains/forwarding",
            json!({ "domains": ids, "forwarding_url": target }),
        )
        .await;
    }
}

async fn customer_id(app: &TestApp, email: &str) -> Option<String> {
    let page = app
        .client()
        .get(&format!("/users?email={email}"))
        .await
        .expect(200);
    page["data"][0]["id"].as_str().map(str::to_owned)
}

async fn be_broke(app: &TestApp, email: &str, empty: bool) {
    let broke = format!("{BROKE}{email}");
    let (from, to) = if empty {
        (email, broke.as_str())
    } else {
        (broke.as_str(), email)
    };
    if let Some(id) = customer_id(app, from).await {
        let answer = app
            .client()
            .patch(&format!("/users/{id}"), json!({ "email": to }))
            .await;
        // Somebody else may have the address by now, and a deleted customer keeps his.
        assert!(
            [200, 400].contains(&answer.status.as_u16()),
            "{}",
            answer.text
        );
    }
}

/// Does what an open action asks for.
pub async fn resolve(app: &TestApp, index: usize) {
    let open = app
        .client()
        .get("/orders/pending?per_page=100")
        .await
        .expect(200);
    if let Some(id) = open["data"][index]["id"].as_str() {
        send(app, &format!("/sandbox/actions/{id}/resolve"), json!({})).await;
    }
}
