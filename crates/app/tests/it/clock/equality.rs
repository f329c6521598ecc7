//! 400 days at once bring the same events in the same order as 400 steps of a day.

use peeker_domain::Environment;
use peeker_testkit::{
    Receiver, TestApp, apply, custom_order, microsoft_order, mixed_order, names, on_both_engines,
    with,
};
use serde_json::{Value, json};

use super::DAY;
use crate::books::assert_balanced;

/// One call of the story.
async fn send(app: &TestApp, path: &str, body: Value) -> Value {
    let answer = app.client().post(path, body).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.text);
    answer.body["data"].clone()
}

async fn order(app: &TestApp, body: Value) -> String {
    let placed = send(app, "/orders", body).await;
    placed["id"].as_str().unwrap().to_owned()
}

fn persona(picture: &str) -> Value {
    json!([{ "first_name": "Ana", "last_name": "Lima", "profile_picture_url": picture }])
}

/// The first chapter: one of everything that takes its time. A workflow that is new gets a line here.
async fn begin(app: &TestApp) {
    order(app, custom_order(&names("plain", 3))).await;
    order(app, mixed_order((2, 2), (1, 25), &names("mixed", 2))).await;
    // A premium swap may move a fifth of the Microsoft inboxes.
    order(app, microsoft_order((5, 25), &names("many", 5))).await;
    let magic = ["flaky2-a.com", "slow5-b.com", "replace-c.com"].map(str::to_owned);
    order(app, custom_order(&magic)).await;
    order(
        app,
        custom_order(&["fail-d.com".to_owned(), "sound-d.com".to_owned()]),
    )
    .await;
    let picture = persona("https://unreachable.test/ana.png");
    order(
        app,
        with(
            custom_order(&["pictured.com".to_owned()]),
            "/personas",
            picture,
        ),
    )
    .await;
    send(
        app,
        "/domains/import",
        json!({ "domains": ["mine.com", "nspending-mine.com"] }),
    )
    .await;
    let later = json!({ "domains": ["later.com", "nspending-later.com", "no name"] });
    send(app, "/domains/import/jobs", later).await;
    order(app, custom_order(&["nspending-mine.com".to_owned()])).await;
    let target = json!({ "domains": ["mine.com", "fwdfail-nobody.com"], "forwarding_url": "https://example.com/" });
    send(app, "/domains/forwarding", target).await;
    let whole = order(app, microsoft_order((1, 25), &names("whole", 1))).await;
    send(app, &format!("/orders/{whole}/cancel"), json!({})).await;
    let shrinking = order(app, custom_order(&names("shrinking", 3))).await;
    let leaving = json!({ "domains": ["shrinking-02.com"] });
    send(app, &format!("/orders/{shrinking}/cancel"), leaving).await;
}

/// The second chapter, some weeks later: the customer acts, and more is ordered.
async fn go_on(app: &TestApp) {
    let open = app
        .client()
        .get("/orders/pending?per_page=100")
        .await
        .data(200);
    for action in open.as_array().unwrap() {
        let path = format!(
            "/sandbox/actions/{}/resolve",
            action["id"].as_str().unwrap()
        );
        send(app, &path, json!({})).await;
    }
    swap(app, "standard", "plain-01.com", "fresh-plain.com").await;
    swap(app, "premium", "mixed-02.com", "fresh-mixed.com").await;
    let renamed = json!({ "domain_id": id_of(app, "plain-02.com").await, "personas": persona("https://example.com/ana.png") });
    send(app, "/swaps/user_names", renamed).await;
    let second = order(app, mixed_order((3, 3), (1, 25), &names("second", 2))).await;
    send(
        app,
        &format!("/orders/{second}/cancel"),
        json!({ "scope": "order" }),
    )
    .await;
}

async fn id_of(app: &TestApp, name: &str) -> Value {
    let page = app.client().get("/domains?per_page=100").await.data(200);
    let found = page
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["domain"] == name);
    found.unwrap()["id"].clone()
}

async fn swap(app: &TestApp, kind: &str, old: &str, new: &str) {
    let old = id_of(app, old).await;
    let body = json!({ "type": kind, "domain_id": old, "replacement_domain": new });
    send(app, "/swaps", body).await;
}

/// Without ids, which are others in each copy.
fn nameless(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some((prefix, rest)) = text.split_once('_')
                && prefix.len() == 3
                && rest.len() == 26
            {
                *text = prefix.to_owned();
            }
        }
        Value::Array(values) => values.iter_mut().for_each(nameless),
        Value::Object(fields) => fields.values_mut().for_each(nameless),
        _ => {}
    }
}

async fn event_types(app: &TestApp) -> Vec<String> {
    let events = app.events().await;
    let nameless = events.iter().map(|event| {
        let mut body: Value = serde_json::from_str(&event.body).unwrap();
        nameless(&mut body);
        body.to_string()
    });
    nameless.collect()
}

/// Plays the story with strides of so many days.
async fn play(app: &TestApp, stride: i64) {
    app.may_leave_jobs();
    begin(app).await;
    for (chapter, days) in [40, 360].into_iter().enumerate() {
        if chapter == 1 {
            go_on(app).await;
        }
        for _ in 0..days / stride.min(days) {
            app.advance_sandbox(stride.min(days) * DAY).await;
        }
    }
    assert_balanced(app).await;
}

#[apply(on_both_engines!)]
async fn a_long_way_is_the_sum_of_its_steps(app: &TestApp) {
    let stepwise = TestApp::start(app.engine).await;
    play(app, 400).await;
    play(&stepwise, 1).await;
    let (at_once, by_days) = (event_types(app).await, event_types(&stepwise).await);
    for (one, other) in at_once.iter().zip(&by_days) {
        assert_eq!(one, other);
    }
    assert_eq!(at_once.len(), by_days.len());
    assert!(at_once.len() > 30, "the story is too short: {at_once:#?}");
    let mut rows = app.row_counts(Environment::Test).await;
    let mut others = stepwise.row_counts(Environment::Test).await;
    // How often something was tried is no part of the story.
    rows.remove("delivery_attempts");
    others.remove("delivery_attempts");
    assert_eq!(rows, others);
    stepwise.finish().await;
}

#[apply(on_both_engines!)]
async fn what_a_receiver_answers_changes_no_event(app: &TestApp) {
    let silent = TestApp::start(app.engine).await;
    let receiver = Receiver::start().await;
    receiver.answer_with(&[200, 500, 500, 410]);
    receiver.answer_always(500);
    app.set_webhook(&receiver.url).await;
    for app in [app, &silent] {
        app.may_leave_jobs();
        begin(app).await;
        app.advance_sandbox(10 * DAY).await;
    }
    assert!(
        receiver.received().len() > 10,
        "the probes of a paused endpoint are timers too"
    );
    assert_eq!(event_types(app).await, event_types(&silent).await);
    silent.finish().await;
}
