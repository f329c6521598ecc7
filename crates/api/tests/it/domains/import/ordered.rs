//! Orders on imported domains.

use peeker_testkit::{TestApp, apply, custom_order, mixed_order, names, on_both_engines};
use serde_json::{Value, json};

use super::{begin, import, let_a_day_pass, row, rows};

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

#[apply(on_both_engines!)]
async fn imported_domains_are_used_as_they_are(app: &TestApp) {
    let client = app.client();
    let domains = names("own", 2);
    import(&client, &domains).await;
    app.run_until_idle().await;
    let before: Vec<Value> = rows(&client)
        .await
        .iter()
        .map(|row| row["id"].clone())
        .collect();
    let placed = client
        .post("/orders", custom_order(&domains))
        .await
        .data(200);
    assert_eq!(
        placed["costs"],
        json!({ "total_cents": 400, "currency": "usd" })
    );
    app.run_until_idle().await;
    let detail = client
        .get(&format!("/orders/{}", id(&placed)))
        .await
        .data(200);
    assert_eq!(detail["status"], "completed");
    assert_eq!(
        detail["domains"],
        json!({ "registered": [], "imported": domains })
    );
    let items = json!([{ "type": "google_license", "quantity": 4, "amount_cents": 400 }]);
    assert_eq!(detail["costs"]["line_items"], items);
    let connected = rows(&client).await;
    assert_eq!(
        connected
            .iter()
            .map(|row| row["id"].clone())
            .collect::<Vec<_>>(),
        before
    );
    assert!(
        connected
            .iter()
            .all(|row| row["category"] == "connected" && row["status"] == "active")
    );
    let_a_day_pass(app).await;
}

#[apply(on_both_engines!)]
async fn the_seeds_order_costs_368_dollars(app: &TestApp) {
    let client = app.client();
    let domains = names("seed", 12);
    import(&client, &[&domains[3], &domains[11]]).await;
    app.run_until_idle().await;
    let placed = client
        .post("/orders", mixed_order((20, 2), (2, 50), &domains))
        .await
        .data(200);
    let detail = client
        .get(&format!("/orders/{}", id(&placed)))
        .await
        .data(200);
    assert_eq!(
        detail["costs"],
        json!({
            "total_cents": 36_800,
            "currency": "usd",
            "line_items": [
                { "type": "google_license", "quantity": 20, "amount_cents": 2_000 },
                { "type": "microsoft_license", "quantity": 2, "amount_cents": 1_800 },
                { "type": "domain_registration", "quantity": 10, "amount_cents": 33_000 },
            ],
        })
    );
    assert_eq!(
        detail["domains"]["imported"],
        json!([domains[3], domains[11]])
    );
    assert_eq!(
        detail["domains"]["registered"].as_array().unwrap().len(),
        10
    );
    app.run_until_idle().await;
    let detail = client
        .get(&format!("/orders/{}", id(&placed)))
        .await
        .data(200);
    assert_eq!(
        (&detail["status"], &detail["costs"]["total_cents"]),
        (&json!("completed"), &json!(36_800))
    );
    let_a_day_pass(app).await;
}

#[apply(on_both_engines!)]
async fn a_domain_of_an_unfinished_import_cannot_be_ordered(app: &TestApp) {
    let client = app.client();
    begin(
        &client,
        &["unfinished-b.com", "unfinished-a.com", "nonsense"],
    )
    .await;
    let domains = ["free.com", "unfinished-b.com", "unfinished-a.com"].map(str::to_owned);
    let error = client
        .post("/orders", custom_order(&domains))
        .await
        .error(400, "domain_not_imported");
    assert_eq!(error["field"], "domains");
    assert_eq!(
        error["details"],
        json!({ "domains": ["unfinished-a.com", "unfinished-b.com"] })
    );
    let quote = client
        .post("/orders/quote", custom_order(&domains))
        .await
        .data(200);
    let problems = quote["problems"].as_array().unwrap();
    assert!(
        problems
            .iter()
            .any(|problem| problem["code"] == "domain_not_imported"),
        "{quote}"
    );
    // Another account's import is none of its business.
    let stranger = app.stranger().await;
    stranger
        .post("/orders", custom_order(&domains))
        .await
        .expect(200);

    app.run_until_idle().await;
    let placed = client
        .post("/orders", custom_order(&domains))
        .await
        .data(200);
    app.run_until_idle().await;
    let detail = client
        .get(&format!("/orders/{}", id(&placed)))
        .await
        .data(200);
    assert_eq!(detail["status"], "completed");
    assert_eq!(
        detail["domains"],
        json!({
            "registered": ["free.com"], "imported": ["unfinished-b.com", "unfinished-a.com"],
        })
    );
    let_a_day_pass(app).await;
}

#[apply(on_both_engines!)]
async fn a_domain_that_is_registered_elsewhere_can_be_ordered_when_imported(app: &TestApp) {
    let client = app.client();
    let domains = ["notimported-one.com".to_owned()];
    let error = client
        .post("/orders", custom_order(&domains))
        .await
        .error(400, "domains_not_submittable");
    let refused = json!([{ "domain": "notimported-one.com", "reason": "unavailable" }]);
    assert_eq!(error["details"]["domains_not_submittable"], refused);
    import(&client, &domains).await;
    client
        .post("/orders", custom_order(&domains))
        .await
        .expect(200);
    app.run_until_idle().await;
    assert_eq!(
        row(&client, "notimported-one.com").await["status"],
        "active"
    );
    let_a_day_pass(app).await;
}

#[apply(on_both_engines!)]
async fn an_order_waits_for_nameservers_and_goes_on_by_itself(app: &TestApp) {
    let client = app.client();
    let domains = ["nspending-wait.com", "ready.com", "bought.com"].map(str::to_owned);
    import(&client, &domains[..2]).await;
    app.run_until_idle().await;
    let placed = client
        .post("/orders", custom_order(&domains))
        .await
        .data(200);
    app.run_until_idle().await;
    let order = format!("/orders/{}", id(&placed));
    let waiting = client.get(&order).await.data(200);
    assert_eq!(
        (&waiting["status"], &waiting["progress"]["domains_active"]),
        (&json!("action_required"), &json!(2))
    );
    let domain = row(&client, "nspending-wait.com").await;
    assert_eq!(
        (&domain["status"], &domain["category"]),
        (&json!("action_required"), &json!("connected"))
    );
    assert_eq!(app.events_of("domain.action_required").await.len(), 1);
    let mut told = app.events_of("domain.action_required").await[0]["data"].clone();
    let asked = told.as_object_mut().unwrap().remove("actions").unwrap();
    assert_eq!(told, domain);
    assert_eq!(app.events_of("order.action_required").await.len(), 1);
    assert_eq!(
        app.events_of("order.action_required").await[0]["data"]["id"],
        placed["id"]
    );

    let actions = client.get("/orders/pending").await.data(200);
    assert_eq!(actions.as_array().unwrap().len(), 1);
    let named = json!([{ "id": actions[0]["id"], "reason": "update_nameservers", "domain": "nspending-wait.com" }]);
    assert_eq!(asked, named);
    let nameservers = client
        .get("/domains/import?domains=nspending-wait.com")
        .await
        .data(200)[0]["nameservers"]
        .clone();
    for host in nameservers.as_array().unwrap() {
        assert!(
            actions[0]["message"]
                .as_str()
                .unwrap()
                .contains(host.as_str().unwrap()),
            "{}",
            actions[0]
        );
    }
    client
        .post_text(&format!("/sandbox/actions/{}/resolve", id(&actions[0])), "")
        .await
        .expect(200);
    app.run_until_idle().await;
    let done = client.get(&order).await.data(200);
    assert_eq!(
        (&done["status"], &done["progress"]["domains_active"]),
        (&json!("completed"), &json!(3))
    );
    assert_eq!(row(&client, "nspending-wait.com").await["status"], "active");
    assert_eq!(app.events_of("order.completed").await.len(), 1);
    assert_eq!(app.events_of("domain.connected").await.len(), 3);
    assert_eq!(client.get("/orders/pending").await.data(200), json!([]));
    let_a_day_pass(app).await;
}
