//! Whatever a caller sends: what comes back and what is kept of it stays small.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{HeaderValue, Method};
use peeker_domain::{Environment, Preset};
use peeker_testkit::{Client, Response, TestApp, apply, on_both_engines};
use serde_json::{Value, json};

use crate::operations::{ALL, Operation, Records};

/// The most that an answer may come to, with its headers.
const MOST: usize = 64 * 1024;
/// The size of what is sent: many times that.
const SENT: usize = 200 * 1024;
/// The longest that an address or a header can be.
const LINE: usize = 60_000;

/// Operations whose bodies may hold a text of any length: it is a row of the answer, or looked at and forgotten.
const TAKES_ANY_TEXT: [&str; 5] = [
    "checkDomainAvailability",
    "forwardDomains",
    "importDomains",
    "importDomainsLater",
    "verifyWebhook",
];

fn size(response: &Response) -> usize {
    let headers = response.headers.iter();
    let headers: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    headers + response.text.len()
}

/// Each place in a JSON text where a value stands, as a pointer.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                places(value, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(entries) => {
            for (index, value) in entries.iter().enumerate() {
                places(value, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

fn replaced(body: &Value, place: &str, by: &Value) -> String {
    let mut body = body.clone();
    *body.pointer_mut(place).unwrap() = by.clone();
    body.to_string()
}

/// Objects with unknown fields, lists, nested values and texts, put in every place of a body that would be accepted.
fn hostile_bodies(good: &Value) -> Vec<String> {
    let many = |make: &dyn Fn(usize) -> String| (0..20_000).map(make).collect::<Vec<_>>().join(",");
    let one_name = format!(r#"{{"{}":1}}"#, "n".repeat(SENT));
    let many_names = format!("{{{}}}", many(&|n| format!(r#""f{n}":1"#)));
    let many_objects = format!("[{}]", many(&|_| r#"{"x":1}"#.to_owned()));
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let values: Vec<Value> = [one_name, many_names, many_objects, deep]
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .chain([
            json!("x".repeat(SENT)),
            // Each is six characters in JSON.
            json!("\u{1}".repeat(SENT / 6)),
            json!("€".repeat(SENT / 3)),
            json!(format!("{}.com", "ü".repeat(SENT / 2))),
        ])
        .collect();
    let mut all = Vec::new();
    places(good, "", &mut all);
    let mut bodies: Vec<String> = all
        .iter()
        .flat_map(|place| values.iter().map(|value| replaced(good, place, value)))
        .collect();
    let name = "d".repeat(SENT / 2);
    let nested = format!(r#"{{"{}":"#, "p".repeat(SENT / 100)).repeat(100);
    bodies.extend([
        format!(r#"{{"{name}":1,"{name}":1}}"#),
        format!(r#"{nested}{{"a":1,"a":1}}{}"#, "}".repeat(100)),
        "[".repeat(SENT),
        "x".repeat(SENT),
        format!("\"{}\"", "x".repeat(SENT)),
    ]);
    if let Value::Object(object) = good {
        let mut grown = object.clone();
        grown.insert("n".repeat(SENT), json!(1));
        bodies.push(Value::Object(grown).to_string());
    }
    bodies
}

async fn post(
    client: &Client,
    operation: &Operation,
    path: &str,
    body: String,
    key: &str,
) -> Response {
    let request = client
        .request(operation.method.clone(), path)
        .header("content-type", "application/json")
        .header("idempotency-key", key);
    client.send(request.body(body.into()).unwrap()).await
}

/// Characters in the columns that take what callers wrote, whatever they wrote.
async fn kept_of_texts(app: &TestApp) -> i64 {
    let mut bytes = 0;
    for (table, column) in [
        ("import_domains", "name"),
        ("forwarding_domains", "name"),
        ("idempotency_keys", "body"),
        ("events", "body"),
    ] {
        bytes += app.characters_in(Environment::Test, table, column).await;
    }
    bytes
}

/// Rows of everything that a refused request must not leave.
async fn rows(app: &TestApp) -> BTreeMap<String, i64> {
    app.row_counts(Environment::Test).await
}

#[apply(on_both_engines!)]
async fn no_body_comes_back_or_is_kept_at_its_length(app: &TestApp) {
    let records = Records::make(app).await;
    let client = app.client_with(&app.key(Preset::Full, 1_000_000).await);
    let writes = ALL
        .iter()
        .filter(|operation| [Method::POST, Method::PATCH].contains(&operation.method));
    for operation in writes {
        let path = operation.path_for(&records);
        let good = operation.body(&records);
        let good: Value = serde_json::from_str(if good.is_empty() { "{}" } else { &good }).unwrap();
        let (before, kept) = (rows(app).await, kept_of_texts(app).await);
        let mut refused = true;
        for (index, body) in hostile_bodies(&good).into_iter().enumerate() {
            let start: String = body.chars().take(60).collect();
            let response = post(
                &client,
                operation,
                &path,
                body,
                &format!("{}-{index}", operation.id),
            )
            .await;
            assert!(
                size(&response) < MOST,
                "{} answers {start} with {} bytes",
                operation.id,
                size(&response)
            );
            let is_known =
                response.status.is_client_error() || TAKES_ANY_TEXT.contains(&operation.id);
            assert!(
                is_known,
                "{} answers {start} with {}",
                operation.id, response.status
            );
            refused &= response.status.is_client_error();
        }
        if refused {
            assert_eq!(rows(app).await, before, "{}", operation.id);
        } else {
            let grown = kept_of_texts(app).await - kept;
            assert!(grown < 64 * 1024, "{} kept {grown} bytes", operation.id);
        }
    }
    app.run_until_idle().await;
}

#[apply(on_both_engines!)]
async fn no_address_or_header_comes_back_at_its_length(app: &TestApp) {
    let records = Records::make(app).await;
    let client = app.client_with(&app.key(Preset::Full, 1_000_000).await);
    let long = "q".repeat(LINE);
    let escaped = "%01".repeat(LINE / 3);
    let many: Vec<_> = (0..LINE / 8).map(|n| format!("q{n}=1")).collect();
    let many = many.join("&");
    let queries = [
        format!("{long}=1"),
        format!("{escaped}=1"),
        many,
        format!("per_page={long}"),
        format!("page_token={long}"),
        format!("domains={long}"),
        format!("domains={escaped}"),
        format!("status={long}&user_email={long}"),
        format!("types={long}&after_sequence={long}"),
    ];
    for operation in ALL {
        let mut paths: Vec<String> = queries
            .iter()
            .map(|query| format!("{}?{query}", operation.path.replace("{id}", "x")))
            .map(|path| path.chars().take(LINE + 100).collect())
            .collect();
        if operation.has_id() {
            paths.extend([&long, &escaped].map(|id| operation.path_with(id)));
        }
        paths.push(format!("{}/{long}", operation.path.replace("{id}", "x")));
        for path in paths {
            let response = operation.send(&client, &path, &records).await;
            assert!(
                size(&response) < 8 * 1024,
                "{} answers {:.60} with {} bytes",
                operation.id,
                path,
                size(&response)
            );
            assert!(
                response.status.is_client_error(),
                "{} answers {:.60} with {}",
                operation.id,
                path,
                response.status
            );
        }
    }
    for name in [
        "host",
        "last-event-id",
        "idempotency-key",
        "user-agent",
        "accept",
        "x-forwarded-host",
        "content-type",
        "content-encoding",
        "peeker-request-id",
    ] {
        for operation in ALL
            .iter()
            .filter(|operation| operation.method != Method::DELETE)
        {
            let mut request = client
                .request(operation.method.clone(), &operation.path_for(&records))
                .body(Body::from("{}"))
                .unwrap();
            request
                .headers_mut()
                .insert("content-type", HeaderValue::from_static("application/json"));
            request
                .headers_mut()
                .insert(name, HeaderValue::from_str(&long).unwrap());
            let response = client.send(request).await;
            assert!(
                size(&response) < 32 * 1024,
                "{} answers a long {name} with {} bytes",
                operation.id,
                size(&response)
            );
        }
    }
    app.run_until_idle().await;
}
