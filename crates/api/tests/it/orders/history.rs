//! `GET /orders/{id}/history`.

use peeker_testkit::{TestApp, apply, custom_order, names, on_both_engines};
use serde_json::{Value, json};

const MONTH_SECONDS: i64 = 31 * 24 * 60 * 60;

#[apply(on_both_engines!)]
async fn tells_what_happened_newest_first_page_by_page(app: &TestApp) {
    let client = app.client();
    let placed = client
        .post("/orders", custom_order(&names("told", 2)))
        .await
        .data(200);
    let id = placed["id"].as_str().unwrap();
    app.run_until_idle().await;
    for _ in 0..3 {
        app.advance_seconds(MONTH_SECONDS);
        app.run_until_idle().await;
    }
    let mut path = format!("/orders/{id}/history?per_page=2");
    let mut seen = Vec::new();
    loop {
        let page = client.get(&path).await.expect(200);
        assert_eq!(page["meta"]["per_page"], 2);
        seen.extend(page["data"].as_array().unwrap().clone());
        let Value::String(next) = &page["links"]["next"] else {
            break;
        };
        path = next.clone();
    }
    let told: Vec<_> = seen
        .iter()
        .map(|entry| (&entry["type"], &entry["amount_cents"]))
        .collect();
    let (renewed, nothing) = (json!("order.renewed"), json!(null));
    assert_eq!(
        told,
        [
            (&renewed, &json!(-400)),
            (&renewed, &json!(-400)),
            (&renewed, &json!(-400)),
            (&json!("order.completed"), &nothing),
            (&json!("order.in_progress"), &nothing),
        ]
    );
    let newest = &seen[0];
    let mut fields: Vec<&String> = newest.as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(
        fields,
        ["amount_cents", "created_at", "id", "message", "type"]
    );
    assert!(newest["id"].as_str().unwrap().starts_with("hst_"));
    assert_eq!(
        newest["message"],
        "The month until 2026-09-08T12:00:00Z is paid: 4 Google licenses"
    );
    assert_eq!(newest["created_at"], app.now().to_string());
}

#[apply(on_both_engines!)]
async fn of_an_order_that_is_not_there_is_not_found(app: &TestApp) {
    for id in ["ord_01KJZ4V1B6E8N2Q4R6S8T0V2W4", "nonsense"] {
        app.client()
            .get(&format!("/orders/{id}/history"))
            .await
            .error(404, "not_found");
    }
    let error = app
        .client()
        .get("/orders/ord_01KJZ4V1B6E8N2Q4R6S8T0V2W4/history?type=order.renewed")
        .await;
    assert_eq!(error.error(400, "invalid_request")["field"], "type");
}
