//! `POST /domains/availability`.

use peeker_domain::{Environment, Preset};
use peeker_testkit::{
    Client, TestApp, apply, custom_order, microsoft_order, names, on_both_engines, stock,
};
use serde_json::{Value, json};

/// How long an answer of the registrar counts, in seconds (contract §3).
const FRESH_FOR: i64 = 300;

async fn look_up(client: &Client, names: &[&str]) -> Value {
    let body = json!({ "domains": names });
    client.post("/domains/availability", body).await.data(200)["domains"].take()
}

fn free(name: &str) -> Value {
    json!({
        "domain": name, "available": true, "price_cents": 3_300, "renewal_price_cents": 3_300, "currency": "usd",
        "usable_for": ["google", "microsoft"], "premium": false,
    })
}

fn refused(name: &str, reason: &str) -> Value {
    json!({ "domain": name, "available": false, "premium": reason == "premium", "reason": reason })
}

#[apply(on_both_engines!)]
async fn each_name_has_its_row_in_request_order(app: &TestApp) {
    let sent = [
        "zebra.com",
        "taken-one.com",
        "mail.acme.com",
        "premium-one.io",
        "alpha.co.uk",
        "co.uk",
        "unknown-one.com",
        "providererror-one.com",
        "nonsense",
        "gonly-one.com",
        "",
        "acme.notatld",
        "https://acme.com",
        "acme.github.io",
        "blogspot.com",
    ];
    let rows = look_up(&app.client(), &sent).await;
    let mut google_only = free("gonly-one.com");
    google_only["usable_for"] = json!(["google"]);
    assert_eq!(
        rows,
        json!([
            free("zebra.com"),
            refused("taken-one.com", "taken"),
            refused("mail.acme.com", "invalid"),
            refused("premium-one.io", "premium"),
            free("alpha.co.uk"),
            refused("co.uk", "invalid"),
            refused("unknown-one.com", "errored"),
            refused("providererror-one.com", "errored"),
            refused("nonsense", "invalid"),
            google_only,
            refused("", "invalid"),
            refused("acme.notatld", "invalid"),
            refused("https://acme.com", "invalid"),
            refused("acme.github.io", "invalid"),
            refused("blogspot.com", "invalid"),
        ])
    );
}

#[apply(on_both_engines!)]
async fn names_are_shown_as_they_would_be_ordered(app: &TestApp) {
    let rows = look_up(
        &app.client(),
        &[" ACME-Mail.COM. ", "bücher.de", "пример.рф"],
    )
    .await;
    assert_eq!(
        rows,
        json!([
            free("acme-mail.com"),
            free("xn--bcher-kva.de"),
            free("xn--e1afmkfd.xn--p1ai")
        ])
    );
}

#[apply(on_both_engines!)]
async fn one_to_fifty_different_names_are_taken(app: &TestApp) {
    let client = app.client();
    let fifty = names("free", 50);
    let rows = client
        .post("/domains/availability", json!({ "domains": fifty }))
        .await
        .data(200);
    assert_eq!(rows["domains"].as_array().unwrap().len(), 50);
    for (body, field) in [
        (json!({}), "domains"),
        (json!({ "domains": null }), "domains"),
        (json!({ "domains": [] }), "domains"),
        (json!({ "domains": names("free", 51) }), "domains"),
        (json!({ "domains": "acme.com" }), "domains"),
        (json!({ "domains": ["acme.com", 7] }), "domains[1]"),
        (json!({ "domains": ["acme.com", null] }), "domains[1]"),
        (
            json!({ "domains": ["acme.com", { "domain": "b.com" }] }),
            "domains[1]",
        ),
        (
            json!({ "domains": ["acme.com", "b.com", "ACME.com."] }),
            "domains[2]",
        ),
        (json!({ "domains": ["nonsense", "Nonsense"] }), "domains[1]"),
        (
            json!({ "domains": ["acme.com"], "domain": "acme.com" }),
            "domain",
        ),
    ] {
        let error = client
            .post("/domains/availability", body.clone())
            .await
            .error(400, "invalid_request");
        assert_eq!(error["field"], field, "{body}");
    }
    let body = json!({ "domains": [1, "a.com", "a.com", {}], "more": 1 });
    let error = client
        .post("/domains/availability", body)
        .await
        .error(400, "invalid_request");
    let violations = error["details"]["violations"].as_array().unwrap();
    let fields: Vec<_> = violations
        .iter()
        .map(|violation| violation["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["domains[0]", "domains[2]", "domains[3]", "more"]);
}

#[apply(on_both_engines!)]
async fn one_call_is_one_request(app: &TestApp) {
    let client = app.client_with(&app.key(Preset::Limited, 5).await);
    let remaining = |response: peeker_testkit::Response| {
        response
            .header("ratelimit-remaining")
            .unwrap()
            .parse::<u32>()
            .unwrap()
    };
    let fifty = json!({ "domains": names("free", 50) });
    assert_eq!(
        remaining(client.post("/domains/availability", fifty).await),
        4
    );
    assert_eq!(remaining(client.get("/me").await), 3);
}

#[apply(on_both_engines!)]
async fn an_answer_counts_for_five_minutes_and_is_then_refreshed(app: &TestApp) {
    let client = app.client();
    let names = ["kept.com", "taken-kept.com"];
    let fresh = json!([free("kept.com"), refused("taken-kept.com", "taken")]);
    assert_eq!(look_up(&client, &names).await, fresh);
    app.advance_seconds(FRESH_FOR - 1);
    assert_eq!(look_up(&client, &names).await, fresh);
    app.advance_seconds(1);
    let mut rows = look_up(&client, &["kept.com", "taken-kept.com", "never-seen.com"]).await;
    assert_eq!(
        rows,
        json!([
            refused("kept.com", "stale"),
            refused("taken-kept.com", "stale"),
            free("never-seen.com"),
        ])
    );
    // The refresh runs beside the requests; each of these gives it time.
    for _ in 0..200 {
        rows = look_up(&client, &names).await;
        if rows == fresh {
            break;
        }
    }
    assert_eq!(rows, fresh);
    app.advance_seconds(FRESH_FOR - 1);
    assert_eq!(look_up(&client, &names).await, fresh);
}

#[apply(on_both_engines!)]
async fn an_error_of_the_registrar_is_not_remembered(app: &TestApp) {
    let client = app.client();
    for _ in 0..2 {
        assert_eq!(
            look_up(&client, &["providererror-a.com"]).await,
            json!([refused("providererror-a.com", "errored")])
        );
        app.advance_seconds(FRESH_FOR);
    }
}

/// A name of the account that no order holds.
fn own(name: &str, renewal: i64, usable_for: &[&str]) -> Value {
    json!({
        "domain": name, "available": true, "owned": true, "price_cents": 0, "renewal_price_cents": renewal,
        "currency": "usd", "usable_for": usable_for, "premium": false,
    })
}

fn on_order(name: &str, order: &Value) -> Value {
    json!({
        "domain": name, "available": false, "premium": false, "owned": true, "reason": "in_active_order",
        "order_id": order["id"],
    })
}

/// What the quote of an order with one domain for this provider says is wrong.
async fn problems(client: &Client, name: &str, provider: &str) -> Vec<String> {
    let name = [name.to_owned()];
    let order = match provider {
        "google" => custom_order(&name),
        _ => microsoft_order((1, 50), &name),
    };
    let quote = client.post("/orders/quote", order).await.data(200);
    let problems = quote["problems"].as_array().unwrap().iter();
    problems
        .map(|problem| problem["code"].as_str().unwrap().to_owned())
        .collect()
}

#[apply(on_both_engines!)]
async fn own_names_are_told_as_an_order_takes_them(app: &TestApp) {
    let client = app.client();
    let both = ["google", "microsoft"];
    stock(
        app,
        &["imported.com".to_owned(), "gonly-imported.com".to_owned()],
    )
    .await;
    let sent = ["ours-01.com", "gonly-ours.com", "fail-ours.com"].map(str::to_owned);
    let failing = client.post("/orders", custom_order(&sent)).await.data(200);
    // What an order has begun to buy is no other order's either, whether the registrar has sold it yet or not.
    let held = |name: &String| on_order(name, &failing);
    let being_bought = sent.each_ref().map(held);
    assert_eq!(
        look_up(&client, &sent.each_ref().map(String::as_str)).await,
        json!(being_bought)
    );
    app.run_until_idle().await;
    let microsoft = microsoft_order((1, 50), &["in-use.com".to_owned()]);
    let microsoft = client.post("/orders", microsoft).await.data(200);
    let google = custom_order(&["searching.com".to_owned()]);
    let google = client.post("/orders", google).await.data(200);
    app.run_until_idle().await;
    // The failed order has left what it bought, and what was sold at its price renews at it.
    let inventory = client
        .get("/domains?category=inventory&per_page=100")
        .await
        .data(200);
    let bought = |name: &str| {
        inventory
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["domain"] == name)
    };
    assert!(
        bought("ours-01.com") && bought("gonly-ours.com"),
        "{inventory}"
    );
    let names = [
        "imported.com",
        "gonly-imported.com",
        "OURS-01.com.",
        "gonly-ours.com",
        "in-use.com",
        "searching.com",
        "free.com",
        "taken-x.com",
        "nonsense",
    ];
    let rows = look_up(&client, &names).await;
    let expected = json!([
        own("imported.com", 0, &both),
        own("gonly-imported.com", 0, &["google"]),
        own("ours-01.com", 3_300, &both),
        own("gonly-ours.com", 3_300, &["google"]),
        on_order("in-use.com", &microsoft),
        on_order("searching.com", &google),
        free("free.com"),
        refused("taken-x.com", "taken"),
        refused("nonsense", "invalid"),
    ]);
    assert_eq!(rows, expected);
    for row in &rows.as_array().unwrap()[..8] {
        for provider in both {
            let usable = row["usable_for"]
                .as_array()
                .is_some_and(|all| all.contains(&json!(provider)));
            let found = problems(&client, row["domain"].as_str().unwrap(), provider).await;
            assert_eq!(found.is_empty(), usable, "{row} for {provider}: {found:?}");
        }
    }
    // Each account has its own sandbox.
    let names = ["ours-01.com", "in-use.com"];
    assert_eq!(
        look_up(&app.stranger().await, &names).await,
        json!(names.map(free))
    );
}

#[apply(on_both_engines!)]
async fn a_name_is_the_accounts_as_long_as_it_is_paid(app: &TestApp) {
    let client = app.client();
    let names = ["ours-01.com", "fail-ours.com"].map(str::to_owned);
    client
        .post("/orders", custom_order(&names))
        .await
        .expect(200);
    app.run_until_idle().await;
    let both = ["google", "microsoft"];
    assert_eq!(
        look_up(&client, &["ours-01.com"]).await,
        json!([own("ours-01.com", 3_300, &both)])
    );
    app.may_leave_jobs();
    app.advance_seconds(366 * 24 * 3_600);
    assert_eq!(
        look_up(&client, &["ours-01.com"]).await,
        json!([free("ours-01.com")])
    );
}

#[apply(on_both_engines!)]
async fn asking_leaves_no_row(app: &TestApp) {
    let before = app.row_counts(Environment::Test).await;
    look_up(&app.client(), &["a-name.com", "taken-b.com"]).await;
    assert_eq!(app.row_counts(Environment::Test).await, before);
}

#[apply(on_both_engines!)]
async fn a_live_key_is_told_what_it_can_do_and_no_setting_of_ours(app: &TestApp) {
    let before = app.row_counts(Environment::Live).await;
    let body = json!({ "domains": ["acme.com"] });
    let live = app.live_client();
    let error = live
        .post("/domains/availability", body.clone())
        .await
        .error(503, "internal_error");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("Ask its operator"), "{message}");
    assert!(!message.contains("providers"), "{message}");
    let keyed = live
        .post_with("/domains/availability", body, &[("idempotency-key", "k")])
        .await;
    keyed.error(503, "internal_error");
    assert_eq!(app.row_counts(Environment::Live).await, before);
    let error = live
        .post("/domains/availability", json!({ "domains": [] }))
        .await
        .error(400, "invalid_request");
    assert_eq!(error["field"], "domains");
}
