//! `POST /orders/quote`: what an order would do and cost, and everything that stands in its way, without doing it.

use peeker_domain::{Environment, Preset};
use peeker_testkit::{
    TestApp, apply, bundle_of_ten, bundle_order, custom_order, microsoft_order, mixed_order, names,
    on_both_engines, stock, with, without,
};
use serde_json::{Value, json};

/// What the sandbox wallet is filled up to.
const FUNDS: i64 = 1_000_000_000;

/// Quotes an order, and checks that this left nothing behind.
async fn quote(app: &TestApp, order: Value) -> Value {
    let before = app.row_counts(Environment::Test).await;
    let quote = app.client().post("/orders/quote", order).await.data(200);
    assert_eq!(
        app.row_counts(Environment::Test).await,
        before,
        "the quote wrote something"
    );
    quote
}

fn codes(quote: &Value) -> Vec<&str> {
    let problems = quote["problems"].as_array().unwrap();
    problems
        .iter()
        .map(|problem| problem["code"].as_str().unwrap())
        .collect()
}

#[apply(on_both_engines!)]
async fn shows_plan_domains_costs_and_wallet(app: &TestApp) {
    stock(app, &names("owned", 1)).await;
    let domains = [
        "plain-01.com",
        "gonly-02.com",
        "plain-03.com",
        "owned-01.com",
    ]
    .map(str::to_owned);
    let quote = quote(app, mixed_order((5, 3), (2, 75), &domains)).await;
    let total = 500 + 1_800 + 3 * 3_300;
    assert_eq!(
        quote,
        json!({
            "plan": {
                "google": { "domains": 2, "licenses": 5, "inboxes": 5 },
                "microsoft": { "domains": 2, "licenses": 2, "inboxes": 150 },
            },
            "domains": [
                { "domain": "plain-01.com", "source": "registered", "provider": "google", "price_cents": 3_300 },
                { "domain": "gonly-02.com", "source": "registered", "provider": "google", "price_cents": 3_300 },
                { "domain": "plain-03.com", "source": "registered", "provider": "microsoft", "price_cents": 3_300 },
                { "domain": "owned-01.com", "source": "imported", "provider": "microsoft", "price_cents": 0 },
            ],
            "costs": {
                "total_cents": total,
                "currency": "usd",
                "line_items": [
                    { "type": "google_license", "quantity": 5, "amount_cents": 500 },
                    { "type": "microsoft_license", "quantity": 2, "amount_cents": 1_800 },
                    { "type": "domain_registration", "quantity": 3, "amount_cents": 9_900 },
                ],
            },
            "wallet": { "balance_cents": FUNDS, "after_cents": FUNDS - total },
            "problems": [],
        })
    );
}

#[apply(on_both_engines!)]
async fn what_it_promises_is_what_the_order_costs(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let bundle = client.post("/bundles", bundle_of_ten()).await.data(201);
    let order = bundle_order(bundle["id"].as_str().unwrap(), &names("domain", 10));
    let quote = quote(app, order.clone()).await;
    assert_eq!(
        quote["plan"],
        json!({
            "google": { "domains": 8, "licenses": 16, "inboxes": 16 },
            "microsoft": { "domains": 2, "licenses": 2, "inboxes": 100 },
        })
    );
    assert_eq!(quote["wallet"]["balance_cents"], FUNDS);
    let placed = client.post("/orders", order).await.data(200);
    let detail = client
        .get(&format!("/orders/{}", placed["id"].as_str().unwrap()))
        .await
        .data(200);
    assert_eq!(detail["costs"], quote["costs"]);
    let left = peeker_store::wallet::balance(&app.app.store().sandbox.db, &app.partner.id)
        .await
        .unwrap();
    assert_eq!(quote["wallet"]["after_cents"], left.0);
}

#[apply(on_both_engines!)]
async fn a_provider_that_is_not_ordered_has_an_empty_plan(app: &TestApp) {
    let quote = quote(app, microsoft_order((1, 25), &names("domain", 1))).await;
    assert_eq!(
        quote["plan"]["google"],
        json!({ "domains": 0, "licenses": 0, "inboxes": 0 })
    );
}

#[apply(on_both_engines!)]
async fn tells_every_problem_at_once(app: &TestApp) {
    app.may_leave_jobs();
    let held = custom_order(&names("held", 1));
    let held = app.client().post("/orders", held).await.data(200);
    let domains = ["held-01.com", "gonly-a.com", "gonly-b.com", "taken-a.com"].map(str::to_owned);
    let order = mixed_order((2, 2), (4, 50), &domains);
    let order = with(
        with(order, "/sequencer/client_id", json!(404)),
        "/user",
        json!("broke@example.com"),
    );
    let quote = quote(app, order).await;
    assert_eq!(
        codes(&quote),
        [
            "domain_count_mismatch",
            "smartlead_client_not_found",
            "domain_already_in_active_order",
            "domain_not_usable_for_provider",
            "domains_not_submittable",
            "insufficient_funds",
        ]
    );
    let required = quote["costs"]["total_cents"].clone();
    let problems = quote["problems"].as_array().unwrap();
    let told: Vec<_> = problems
        .iter()
        .map(|problem| (&problem["field"], &problem["details"]))
        .collect();
    assert_eq!(
        told,
        [
            (
                &json!("domains"),
                &json!({ "required_count": 5, "submitted_count": 4, "missing_count": 1 })
            ),
            (&json!("sequencer.client_id"), &json!({})),
            (
                &json!(null),
                &json!({
                    "domains": ["held-01.com"],
                    "orders": [{ "domain": "held-01.com", "order_id": held["id"] }],
                })
            ),
            (
                &json!("domains"),
                &json!({
                    "domain": "gonly-b.com", "provider": "microsoft", "usable_for": ["google"],
                })
            ),
            (
                &json!("domains"),
                &json!({
                    "required_replacements": 1,
                    "domains_not_submittable": [{ "domain": "taken-a.com", "reason": "unavailable" }],
                })
            ),
            (
                &json!(null),
                &json!({ "required_cents": required, "balance_cents": 0, "missing_cents": required })
            ),
        ]
    );
    assert!(
        problems
            .iter()
            .all(|problem| !problem["message"].as_str().unwrap().is_empty())
    );
    let of = |index: usize| {
        (
            &quote["domains"][index]["provider"],
            &quote["domains"][index]["price_cents"],
        )
    };
    assert_eq!(of(1), (&json!("google"), &json!(3_300)));
    assert_eq!(of(2), (&json!(null), &json!(3_300)));
    assert_eq!(of(3), (&json!("microsoft"), &json!(null)));
}

#[apply(on_both_engines!)]
async fn an_order_without_problems_is_accepted_and_one_with_a_problem_is_refused_with_its_code(
    app: &TestApp,
) {
    app.may_leave_jobs();
    let client = app.client();
    let taken = custom_order(&["taken-a.com".to_owned()]);
    for order in [
        custom_order(&names("domain", 1)),
        taken.clone(),
        with(taken, "/google_licenses", json!(20)),
        with(
            custom_order(&names("other", 1)),
            "/sequencer/client_id",
            json!(401),
        ),
        microsoft_order((1, 25), &["gonly-a.com".to_owned()]),
    ] {
        let quote = quote(app, order.clone()).await;
        let answer = client.post("/orders", order).await;
        match codes(&quote).first() {
            Some(first) => assert_eq!(answer.body["error"]["code"], *first),
            None => assert_eq!(answer.status, 200),
        }
    }
}

#[apply(on_both_engines!)]
async fn a_body_that_cannot_be_planned_is_refused(app: &TestApp) {
    let client = app.client();
    let order = || custom_order(&names("domain", 1));
    let error = client
        .post("/orders/quote", without(order(), "/personas"))
        .await
        .error(400, "invalid_request");
    assert_eq!(error["field"], "personas");
    let unknown = with(order(), "/user", json!("usr_01KJZ4V1B6E8N2Q4R6S8T0V2W4"));
    assert_eq!(
        client
            .post("/orders/quote", unknown)
            .await
            .error(404, "not_found")["field"],
        "user"
    );
    let unknown = bundle_order("bun_1", &names("domain", 1));
    assert_eq!(
        client
            .post("/orders/quote", unknown.clone())
            .await
            .error(404, "not_found")["field"],
        "bundle_id"
    );
    let both = with(unknown, "/google_licenses", json!(1));
    client
        .post("/orders/quote", both)
        .await
        .error(400, "order_shape_conflict");
    let other = with(order(), "/sequencer/provider", json!("other"));
    client
        .post("/orders/quote", other)
        .await
        .error(400, "provider_not_supported");
}

#[apply(on_both_engines!)]
async fn a_limited_key_may_quote_and_a_reading_key_may_not(app: &TestApp) {
    let order = custom_order(&names("domain", 1));
    let limited = app.client_with(&app.key(Preset::Limited, 600).await);
    limited
        .post("/orders/quote", order.clone())
        .await
        .expect(200);
    let read = app.client_with(&app.key(Preset::Read, 600).await);
    read.post("/orders/quote", order)
        .await
        .error(403, "forbidden");
}
