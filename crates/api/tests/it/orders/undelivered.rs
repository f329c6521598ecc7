//! `POST /orders/{id}/cancel` of what was never live: it leaves with the answer, and its names are free.

use peeker_testkit::{
    Client, TestApp, apply, custom_order, mixed_order, names, on_both_engines, with,
};
use serde_json::{Value, json};

const UNREACHABLE: &str = "https://unreachable.test/sam.png";

fn with_picture(order: Value, url: &Value) -> Value {
    let sam = json!({ "first_name": "Sam", "last_name": "Lee", "profile_picture_url": url });
    with(order, "/personas", json!([sam]))
}

async fn place(client: &Client, order: &Value) -> String {
    let placed = client.post("/orders", order.clone()).await.data(200);
    placed["id"].as_str().unwrap().to_owned()
}

async fn cancel(client: &Client, id: &str, body: Value) -> Value {
    client
        .post(&format!("/orders/{id}/cancel"), body)
        .await
        .data(200)
}

async fn history(client: &Client, id: &str) -> Vec<(String, Value)> {
    let path = format!("/orders/{id}/history?per_page=100");
    let page = client.get(&path).await.data(200);
    let rows = page.as_array().unwrap().iter().rev();
    rows.map(|row| {
        let kind = row["type"].as_str().unwrap().to_owned();
        (kind, row["amount_cents"].clone())
    })
    .collect()
}

async fn domain(client: &Client, name: &str) -> Value {
    let page = client.get("/domains?per_page=100").await.data(200);
    let mut rows = page.as_array().unwrap().iter();
    rows.find(|row| row["domain"] == name).unwrap().clone()
}

#[apply(on_both_engines!)]
async fn an_order_with_a_bad_picture_is_cancelled_and_placed_anew(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let order = with_picture(custom_order(&names("blocked", 2)), &json!(UNREACHABLE));
    let first = place(&client, &order).await;
    app.run_until_idle().await;
    let ended = cancel(&client, &first, json!({})).await;
    assert_eq!(ended["status"], "cancelled");
    // The domains were bought and stay; their licenses are given back.
    assert_eq!(ended["costs"]["total_cents"], 2 * 3_300);
    assert_eq!(
        ended["costs"]["line_items"][0]["type"],
        "domain_registration"
    );
    assert_eq!(ended["renews_at"], Value::Null);
    let told = app.event_types().await;
    assert_eq!(told.last().unwrap(), "order.cancelled");
    assert!(!told.contains(&"order.cancel_scheduled".to_owned()));
    let refunds: Vec<_> = history(&client, &first)
        .await
        .into_iter()
        .filter(|(kind, _)| kind == "order.refunded")
        .collect();
    assert_eq!(refunds, vec![("order.refunded".to_owned(), json!(200)); 2]);
    let open = client.get("/orders/pending").await.data(200);
    assert_eq!(open, json!([]));

    // Nothing has run since: the names are free with the answer.
    let corrected = with_picture(order, &Value::Null);
    let second = place(&client, &corrected).await;
    assert_ne!(second, first);
    app.run_until_idle().await;
    let now = client.get(&format!("/orders/{second}")).await.data(200);
    assert_eq!(now["status"], "completed");
    assert_eq!(now["domains"]["registered"], json!([]));
    // The same order is no repetition of the cancelled one, and that stays as it was.
    let old = client.get(&format!("/orders/{first}")).await.data(200);
    assert_eq!(old["status"], "cancelled");
    assert_eq!(
        client
            .post(&format!("/orders/{first}/cancel"), json!({}))
            .await
            .status,
        400
    );
}

#[apply(on_both_engines!)]
async fn an_order_that_nobody_has_worked_on_gives_everything_back(app: &TestApp) {
    let client = app.client();
    let order = custom_order(&names("untried", 2));
    let id = place(&client, &order).await;
    let ended = cancel(&client, &id, json!({ "scope": "order" })).await;
    assert_eq!(ended["status"], "cancelled");
    assert_eq!(
        ended["costs"],
        json!({ "total_cents": 0, "currency": "usd", "line_items": [] })
    );
    let again = place(&client, &order).await;
    assert_ne!(again, id);
    app.run_until_idle().await;
    let now = client.get(&format!("/orders/{again}")).await.data(200);
    assert_eq!(now["status"], "completed");
    assert_eq!(now["domains"]["registered"], json!(names("untried", 2)));
}

#[apply(on_both_engines!)]
async fn of_an_order_that_goes_on_a_blocked_domain_leaves_at_once(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let all = ["live-a.com", "replace-b.com", "live-c.com"].map(str::to_owned);
    let id = place(&client, &mixed_order((4, 2), (1, 25), &all)).await;
    app.run_until_idle().await;
    let body = json!({ "domains": ["replace-b.com", "live-a.com"] });
    let now = cancel(&client, &id, body).await;
    // One is gone with the answer, the other at the end of the month; nothing waits any more.
    assert_eq!(
        (&now["status"], &now["domain_count"]),
        (&json!("completed"), &json!(2))
    );
    assert_eq!(now["cancelling_domains"][0]["domain"], "live-a.com");
    assert_eq!(now["cancels_at"], now["renews_at"]);
    assert_eq!(
        domain(&client, "replace-b.com").await["status"],
        "available"
    );
    let told = app.event_types().await;
    let of_order = told.iter().filter(|kind| kind.starts_with("order.domains"));
    assert_eq!(
        of_order.collect::<Vec<_>>(),
        ["order.domains_cancel_scheduled", "order.domains_cancelled"]
    );
    app.run_until_idle().await;
    app.advance_seconds(32 * 24 * 60 * 60);
    app.run_until_idle().await;
    let after = client.get(&format!("/orders/{id}")).await.data(200);
    assert_eq!(
        (&after["domain_count"], &after["cancels_at"]),
        (&json!(1), &Value::Null)
    );
    let kinds: Vec<String> = history(&client, &id)
        .await
        .into_iter()
        .map(|(kind, _)| kind)
        .collect();
    assert_eq!(
        kinds
            .iter()
            .filter(|kind| *kind == "order.domains_cancelled")
            .count(),
        2
    );
    assert!(kinds.contains(&"order.refunded".to_owned()));
}

#[apply(on_both_engines!)]
async fn one_picture_of_many_domains_is_one_action(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let shown = names("shown", 3);
    let order = with_picture(
        with(custom_order(&shown), "/google_licenses", json!(6)),
        &json!(UNREACHABLE),
    );
    let id = place(&client, &order).await;
    app.run_until_idle().await;
    let open = client.get("/orders/pending").await.data(200);
    let [action] = &open.as_array().unwrap()[..] else {
        panic!("{open}");
    };
    let mut about: Vec<&str> = action["domains"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["domain"].as_str().unwrap())
        .collect();
    about.sort_unstable();
    assert_eq!(about, shown);
    assert_eq!(action["domain_id"], action["domains"][0]["id"]);
    assert_eq!(action.get("resolved_at"), None);
    for kind in ["order.action_required", "domain.action_required"] {
        let told = app.events_of(kind).await;
        assert_eq!(told.len(), 1, "{kind}");
        let asked = &told[0]["data"]["actions"];
        assert_eq!(asked[0]["id"], action["id"]);
        assert_eq!(asked[0]["reason"], "profile_picture_not_accessible");
        assert_eq!(told[0]["order_id"], id.as_str());
    }
    // Found by each of its domains.
    for row in action["domains"].as_array().unwrap() {
        let path = format!("/orders/pending?domain_id={}", row["id"].as_str().unwrap());
        assert_eq!(
            client.get(&path).await.data(200).as_array().unwrap().len(),
            1
        );
    }
    // A domain that leaves is waited for no longer; the others still are.
    cancel(&client, &id, json!({ "domains": [shown[0]] })).await;
    let open = client.get("/orders/pending").await.data(200);
    assert_eq!(open[0]["domains"].as_array().unwrap().len(), 2);
    let path = format!(
        "/sandbox/actions/{}/resolve",
        action["id"].as_str().unwrap()
    );
    let resolved = client.post_text(&path, "").await.data(200);
    assert!(resolved["resolved_at"].is_string(), "{resolved}");
    app.run_until_idle().await;
    let now = client.get(&format!("/orders/{id}")).await.data(200);
    assert_eq!(
        (&now["status"], &now["domain_count"]),
        (&json!("completed"), &json!(2))
    );
}

#[apply(on_both_engines!)]
async fn a_failed_order_says_why_and_what_was_kept(app: &TestApp) {
    let client = app.client();
    let all = ["fail-one.com", "kept-two.com"].map(str::to_owned);
    let id = place(
        &client,
        &with(custom_order(&all), "/google_licenses", json!(4)),
    )
    .await;
    app.run_until_idle().await;
    let now = client.get(&format!("/orders/{id}")).await.data(200);
    assert_eq!(now["status"], "failed");
    let reason = now["failure"]["reason"].as_str().unwrap();
    assert!(reason.ends_with("_refused"), "{reason}");
    let told = app.events_of("order.failed").await;
    assert_eq!(told[0]["data"]["failure"], now["failure"]);
    let path = format!("/orders/{id}/history");
    let rows = client.get(&path).await.data(200);
    let failed = rows
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["type"] == "order.failed");
    assert_eq!(failed.unwrap()["message"], now["failure"]["message"]);
    // No license is kept; what it costs is what was bought.
    let items = now["costs"]["line_items"].as_array().unwrap();
    assert!(
        items
            .iter()
            .all(|item| item["type"] == "domain_registration"),
        "{items:?}"
    );
    let refunded: i64 = history(&client, &id)
        .await
        .iter()
        .filter(|(kind, _)| kind == "order.refunded")
        .map(|(_, amount)| amount.as_i64().unwrap())
        .sum();
    let kept = now["costs"]["total_cents"].as_i64().unwrap();
    assert_eq!(refunded + kept, 4 * 100 + 2 * 3_300);
}
