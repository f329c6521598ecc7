//! `GET /wallet` and `GET /wallet/transactions`.

use peeker_app::wallet;
use peeker_domain::{Cents, Environment};
use peeker_testkit::{TestApp, apply, custom_order, names, on_both_engines};
use serde_json::json;

#[apply(on_both_engines!)]
async fn shows_the_payments_of_the_operator_to_the_live_key_alone(app: &TestApp) {
    let live = app.live_client();
    assert_eq!(
        live.get("/wallet").await.data(200),
        json!({ "balance_cents": 0, "currency": "usd" })
    );
    for (cents, reference) in [(500_000, Some("wire 1")), (2_500, None)] {
        wallet::book(
            &app.app,
            Environment::Live,
            &app.partner.id,
            wallet::Decision::Credit(Cents(cents)),
            reference,
            None,
        )
        .await
        .unwrap();
    }
    assert_eq!(
        live.get("/wallet").await.data(200)["balance_cents"],
        502_500
    );
    let page = live.get("/wallet/transactions").await.expect(200);
    let rows = page["data"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (&rows[0]["amount_cents"], &rows[0]["reference"]),
        (&json!(2_500), &json!(null))
    );
    let first = &rows[1];
    assert!(first["id"].as_str().unwrap().starts_with("txn_"));
    assert_eq!(
        *first,
        json!({
            "id": first["id"], "amount_cents": 500_000, "reason": "credit", "order_id": null, "reference": "wire 1", "note": null,
            "created_at": app.now().to_string(),
        })
    );
    assert_eq!(
        app.client().get("/wallet").await.data(200)["balance_cents"],
        0
    );
    assert_eq!(
        app.stranger()
            .await
            .get("/wallet/transactions")
            .await
            .expect(200)["data"],
        json!([])
    );
}

#[apply(on_both_engines!)]
async fn the_amounts_add_up_to_the_balance(app: &TestApp) {
    let client = app.client();
    let placed = client
        .post("/orders", custom_order(&names("paid", 2)))
        .await
        .data(200);
    app.run_until_idle().await;
    app.advance_seconds(31 * 24 * 60 * 60);
    app.run_until_idle().await;
    let page = client.get("/wallet/transactions").await.expect(200);
    let rows = page["data"].as_array().unwrap();
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row["reason"].as_str().unwrap(), &row["order_id"]))
        .collect();
    assert_eq!(
        told,
        [
            ("renewal", &placed["id"]),
            ("order", &placed["id"]),
            ("sandbox_funding", &json!(null))
        ]
    );
    let sum: i64 = rows
        .iter()
        .map(|row| row["amount_cents"].as_i64().unwrap())
        .sum();
    assert_eq!(client.get("/wallet").await.data(200)["balance_cents"], sum);
}
