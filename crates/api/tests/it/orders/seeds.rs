//! The requests that the API's published reference shows, as they stand there, and the shapes of their answers.

use std::collections::BTreeSet;
use std::path::Path;

use peeker_testkit::{TestApp, apply, bundle_of_ten, names, on_both_engines, with, without};
use serde_json::{Value, json};

/// Where the published reference is kept beside a checkout, when it is: a folder next to this repository's.
const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/seeds");
/// How the text of the reference that shows these requests begins its examples, and what ends them.
const EXAMPLES: (&str, &str) = (
    "examples:\n              bundle_order:",
    "\n      responses:",
);

fn sequencer() -> Value {
    json!({
        "provider": "smartlead",
        "client_id": 366_903,
        "login_email": "smartlead-login@example.com",
        "login_password": "secret-password",
    })
}

fn bundle_order() -> Value {
    json!({
        "user": "client@example.com",
        "bundle_id": "bun_123",
        "sequencer": sequencer(),
        "domains": names("domain", 10),
        "personas": [{ "first_name": "Sam", "last_name": "Lee", "profile_picture_url": "" }],
    })
}

fn existing_user_order() -> Value {
    with(
        bundle_order(),
        "/user",
        json!("usr_01HZX0C6Z3K4M5N6P7Q8R9S0"),
    )
}

fn custom_order() -> Value {
    json!({
        "user": "client@example.com",
        "sequencer": sequencer(),
        "google_licenses": 20,
        "google_inboxes_per_domain": 2,
        "microsoft_licenses": 2,
        "microsoft_inboxes_per_domain": 50,
        "domains": names("domain", 12),
        "personas": [{ "first_name": "Sam", "last_name": "Lee", "profile_picture_url": null }],
    })
}

fn assert_valid(schema: &str, body: &Value) {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(body)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?} in {body}");
}

/// Places an order that must be accepted; gives back its detail.
async fn accept(app: &TestApp, order: Value) -> Value {
    let client = app.client();
    let answer = client.post("/orders", order).await.expect(200);
    assert_valid(include_str!("schemas/order_summary.json"), &answer);
    let id = answer["data"]["id"].as_str().unwrap();
    client.get(&format!("/orders/{id}")).await.data(200)
}

async fn bundle(app: &TestApp) -> Value {
    let bundle = app
        .client()
        .post("/bundles", bundle_of_ten())
        .await
        .data(201);
    assert_eq!(bundle["required_domains"]["total"], 10);
    bundle["id"].clone()
}

#[apply(on_both_engines!)]
async fn the_bundle_order_is_accepted(app: &TestApp) {
    let detail = accept(app, with(bundle_order(), "/bundle_id", bundle(app).await)).await;
    assert_eq!(
        (&detail["domain_count"], &detail["email"]),
        (&json!(10), &json!("client@example.com"))
    );
    app.run_until_idle().await;
    assert_eq!(app.events_of("order.completed").await.len(), 1);
}

#[apply(on_both_engines!)]
async fn the_order_for_an_existing_user_is_accepted(app: &TestApp) {
    let user = json!({ "email": "known@example.com", "sequencer": { "provider": "smartlead", "client_id": null } });
    let user = app.client().post("/users", user).await.data(201);
    let order = with(existing_user_order(), "/bundle_id", bundle(app).await);
    let detail = accept(app, with(order, "/user", user["id"].clone())).await;
    assert_eq!(
        (&detail["user_id"], &detail["email"]),
        (&user["id"], &json!("known@example.com"))
    );
    app.run_until_idle().await;
}

#[apply(on_both_engines!)]
async fn the_custom_order_costs_434_dollars(app: &TestApp) {
    let detail = accept(app, custom_order()).await;
    assert_eq!(
        detail["costs"],
        json!({
            "total_cents": 43_400,
            "currency": "usd",
            "line_items": [
                { "type": "google_license", "quantity": 20, "amount_cents": 2_000 },
                { "type": "microsoft_license", "quantity": 2, "amount_cents": 1_800 },
                { "type": "domain_registration", "quantity": 12, "amount_cents": 39_600 },
            ],
        })
    );
    assert_eq!(detail["inbox_count"], 120);
    app.run_until_idle().await;
    assert_eq!(app.events_of("order.completed").await.len(), 1);
}

#[apply(on_both_engines!)]
async fn refusals_have_the_published_shape(app: &TestApp) {
    let conflict = with(bundle_order(), "/google_licenses", json!(20));
    let count = with(
        with(custom_order(), "/google_licenses", json!(4)),
        "/domains",
        json!(names("domain", 2)),
    );
    let blocked = with(
        with(custom_order(), "/domains/0", json!("taken-domain.com")),
        "/domains/1",
        json!("premium-domain.com"),
    );
    for (order, status, error) in [
        (conflict, 400, json!({ "code": "order_shape_conflict" })),
        (
            count,
            400,
            json!({
                "code": "domain_count_mismatch",
                "field": "domains",
                "details": { "required_count": 4, "submitted_count": 2, "missing_count": 2 },
            }),
        ),
        (
            blocked,
            400,
            json!({
                "code": "domains_not_submittable",
                "field": "domains",
                "details": {
                    "required_replacements": 2,
                    "domains_not_submittable": [
                        { "domain": "taken-domain.com", "reason": "unavailable" },
                        { "domain": "premium-domain.com", "reason": "premium" },
                    ],
                },
            }),
        ),
        (
            bundle_order(),
            404,
            json!({ "code": "not_found", "field": "bundle_id" }),
        ),
        (
            existing_user_order(),
            404,
            json!({ "code": "not_found", "field": "user" }),
        ),
        (
            json!({}),
            400,
            json!({ "code": "invalid_request", "field": "user" }),
        ),
    ] {
        let answer = app.client().post("/orders", order).await.expect(status);
        assert_valid(include_str!("schemas/error_envelope.json"), &answer);
        let mut told = without(answer["error"].clone(), "/message");
        if told["code"] == "invalid_request" {
            told = without(told, "/details");
        }
        assert_eq!(told, error);
    }
}

/// Every `key: value` and every list entry of a request, as YAML writes them.
fn scalars(value: &Value, prefix: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                scalars(value, &format!("{key}: "), found);
            }
        }
        Value::Array(entries) => entries.iter().for_each(|entry| scalars(entry, "", found)),
        Value::String(text) if text.is_empty() => drop(found.insert(format!("{prefix}''"))),
        Value::String(text) => drop(found.insert(format!("{prefix}{text}"))),
        other => drop(found.insert(format!("{prefix}{other}"))),
    }
}

#[test]
fn the_requests_of_this_file_are_those_of_the_reference() {
    let Ok(files) = std::fs::read_dir(Path::new(REFERENCE)) else {
        println!("skipped: the published reference is not beside this checkout");
        return;
    };
    let texts = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let text = texts
        .into_iter()
        .find(|text| text.contains(EXAMPLES.0))
        .unwrap();
    let start = text.find(EXAMPLES.0).unwrap();
    let examples = &text[start..start + text[start..].find(EXAMPLES.1).unwrap()];
    let mut parts = examples.split("value:\n").skip(1);
    for ours in [bundle_order(), existing_user_order(), custom_order()] {
        let mut expected = BTreeSet::new();
        scalars(&ours, "", &mut expected);
        let lines = parts
            .next()
            .unwrap()
            .lines()
            .map(|line| line.trim().trim_start_matches("- "));
        // A line that ends in a colon opens a list or object, or is the title of the next example.
        let found = lines.filter(|line| {
            !line.is_empty() && !line.ends_with(':') && !line.starts_with("summary: ")
        });
        assert_eq!(found.map(str::to_owned).collect::<BTreeSet<_>>(), expected);
    }
    assert_eq!(parts.next(), None);
}
