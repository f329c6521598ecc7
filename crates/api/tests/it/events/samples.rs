//! The samples of `docs/event-samples.md` are what is sent. `UPDATE_DOCS=1` in the environment writes them anew.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use peeker_domain::EventType;
use peeker_testkit::{Client, Engine, TestApp, custom_order, with};
use serde_json::{Value, json};

/// Longer than the month in which an order ends and the day that an import waits.
const A_MONTH: i64 = 32 * 24 * 60 * 60;
/// What the samples begin with in the document.
const FIRST_HEADING: &str = "\n## `";

async fn order(app: &TestApp, name: &str) -> String {
    let order = with(
        custom_order(&[name.to_owned()]),
        "/forwarding_url",
        json!("https://www.example.com/"),
    );
    let placed = app.client().post("/orders", order).await.data(200);
    app.run_until_idle().await;
    placed["id"].as_str().unwrap().to_owned()
}

async fn forward(client: &Client, name: &str, url: &str) {
    let job = json!({ "domains": [name], "forwarding_url": url });
    client.post("/domains/forwarding", job).await.expect(202);
}

async fn swap(client: &Client, name: &str, replacement: &str) {
    let rows = client
        .get(&format!("/domains?domain={name}"))
        .await
        .data(200);
    let swap = json!({
        "type": "standard", "domain_id": rows[0]["id"], "replacement_domain": replacement,
    });
    client.post("/swaps", swap).await.expect(201);
}

async fn cancel_one_of_two(app: &TestApp) {
    let client = app.client();
    let names = ["acme-reach.com", "acme-hello.com"].map(str::to_owned);
    let order = with(custom_order(&names), "/google_licenses", json!(4));
    let placed = client.post("/orders", order).await.data(200);
    app.run_until_idle().await;
    let path = format!("/orders/{}/cancel", placed["id"].as_str().unwrap());
    let body = json!({ "domains": ["acme-hello.com"] });
    client.post(&path, body).await.expect(200);
}

/// The customer of an order gets an address that stands for an empty wallet.
async fn find_nothing_in_the_wallet(app: &TestApp) {
    let client = app.client();
    let order = custom_order(&["acme-poor.com".to_owned()]);
    let order = with(order, "/user", json!("poor@example.com"));
    let placed = client.post("/orders", order).await.data(200);
    app.run_until_idle().await;
    let path = format!("/users/{}", placed["user_id"].as_str().unwrap());
    let body = json!({ "email": "broke@example.com" });
    client.patch(&path, body).await.expect(200);
}

/// Makes everything happen, one after the other: so the events have the same order every time.
async fn live(app: &TestApp) {
    let client = app.client();
    let cancelled = order(app, "acme-mail.com").await;
    order(app, "fail-acme.com").await;
    order(app, "replace-acme.com").await;
    forward(&client, "acme-mail.com", "https://shop.example.com/").await;
    app.run_until_idle().await;
    forward(&client, "acme-mail.com", "https://unreachable.test/").await;
    app.run_until_idle().await;
    for name in ["acme-owned.com", "not a name", "nspending-acme.com"] {
        let import = json!({ "domains": [name] });
        client.post("/domains/import", import).await.expect(200);
        app.run_until_idle().await;
    }
    order(app, "acme-team.com").await;
    for replacement in ["swapfail-acme.com", "acme-next.com", "notimported-acme.com"] {
        let old = if replacement.starts_with("notimported") {
            "acme-next.com"
        } else {
            "acme-team.com"
        };
        swap(&client, old, replacement).await;
        app.run_until_idle().await;
    }
    cancel_one_of_two(app).await;
    find_nothing_in_the_wallet(app).await;
    let cancel = format!("/orders/{cancelled}/cancel");
    client.post(&cancel, json!({})).await.expect(200);
    app.run_until_idle().await;
    app.advance_sandbox(A_MONTH).await;
}

/// The first event of each type, as it was sent, with ids that are the same every time.
async fn samples(app: &TestApp) -> String {
    let mut first: BTreeMap<String, String> = BTreeMap::new();
    for event in app.events().await {
        first.entry(event.kind.to_string()).or_insert(event.body);
    }
    let (mut text, mut ids) = (String::new(), BTreeMap::new());
    for kind in EventType::ALL {
        let body = first
            .get(kind.as_str())
            .unwrap_or_else(|| panic!("no {kind} happened"));
        let body = with_stable_ids(&indented(body), &mut ids);
        write!(text, "{FIRST_HEADING}{kind}`\n\n```json\n{body}\n```\n").unwrap();
    }
    text
}

/// JSON with line breaks, its fields in the order in which they are.
fn indented(compact: &str) -> String {
    let (mut text, mut depth, mut in_string, mut escaped) = (String::new(), 0, false, false);
    let line = |text: &mut String, depth: usize| write!(text, "\n{}", "  ".repeat(depth)).unwrap();
    let mut characters = compact.chars().peekable();
    while let Some(character) = characters.next() {
        if in_string {
            in_string = escaped || character != '"';
            escaped = character == '\\' && !escaped;
            text.push(character);
            continue;
        }
        match character {
            '{' | '[' if matches!(characters.peek(), Some('}' | ']')) => {
                text.push(character);
                text.extend(characters.next());
            }
            '{' | '[' => {
                text.push(character);
                depth += 1;
                line(&mut text, depth);
            }
            '}' | ']' => {
                depth -= 1;
                line(&mut text, depth);
                text.push(character);
            }
            ',' => {
                text.push(character);
                line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            _ => {
                in_string = character == '"';
                text.push(character);
            }
        }
    }
    let same = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(same(&text), same(compact));
    text
}

/// Ids are random; here they count, in the order in which they come up.
fn with_stable_ids(text: &str, ids: &mut BTreeMap<String, String>) -> String {
    let parts = text.split('"').map(|part| {
        let Some((prefix, _)) = part.split_once('_').filter(|(prefix, rest)| {
            prefix.len() == 3 && rest.len() == 26 && !rest.contains(char::is_lowercase)
        }) else {
            return part.to_owned();
        };
        let count = ids.len() + 1;
        let stable = || format!("{prefix}_01KJZ4V1B6E8N2Q4R6S8T0{count:04}");
        ids.entry(part.to_owned()).or_insert_with(stable).clone()
    });
    parts.collect::<Vec<_>>().join("\"")
}

#[tokio::test]
async fn the_samples_in_the_documentation_are_what_is_sent() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.may_leave_jobs();
    live(&app).await;
    let samples = samples(&app).await;
    app.finish().await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/event-samples.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let begin = document.find(FIRST_HEADING).unwrap_or(document.len());
    let (about, told) = document.split_at(begin);
    if std::env::var("UPDATE_DOCS").is_ok_and(|value| value == "1") {
        std::fs::write(&path, format!("{about}{samples}")).unwrap();
        return;
    }
    assert!(
        told == samples,
        "docs/event-samples.md is not what is sent; UPDATE_DOCS=1 cargo test samples_in_the_documentation writes it anew"
    );
}
