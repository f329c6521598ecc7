//! Reading events back: what a row says, every filter, both orders, attempts.

use peeker_testkit::{Receiver, TestApp, apply, custom_order, names, on_both_engines};
use serde_json::{Value, json};

/// Two orders, seven events: each in progress, domains connected, completed. Gives back the first order's id.
async fn two_orders(app: &TestApp) -> String {
    let client = app.client();
    let first = client
        .post("/orders", custom_order(&names("one", 2)))
        .await
        .data(200);
    app.run_until_idle().await;
    client
        .post("/orders", custom_order(&names("two", 1)))
        .await
        .expect(200);
    app.run_until_idle().await;
    first["id"].as_str().unwrap().to_owned()
}

async fn sequences(app: &TestApp, path: &str) -> Vec<i64> {
    let rows = app.client().get(path).await.data(200);
    let sequence = |row: &Value| row["sequence"].as_i64().unwrap();
    rows.as_array().unwrap().iter().map(sequence).collect()
}

#[apply(on_both_engines!)]
async fn a_row_is_the_webhook_and_what_became_of_it(app: &TestApp) {
    let receiver = Receiver::start().await;
    app.set_webhook(&receiver.url).await;
    two_orders(app).await;
    let rows = app.client().get("/events").await.data(200);
    assert_eq!(rows.as_array().unwrap().len(), 7);
    for (row, stored) in rows
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .zip(app.events().await)
    {
        let mut row = row.clone();
        let delivery = row.as_object_mut().unwrap().remove("delivery").unwrap();
        assert!(row["order_id"].as_str().unwrap().starts_with("ord_"));
        assert_eq!(
            delivery,
            json!({ "status": "delivered", "attempts": 1, "next_attempt_at": null })
        );
        assert_eq!(row, serde_json::from_str::<Value>(&stored.body).unwrap());
        let single = app
            .client()
            .get(&format!("/events/{}", stored.id))
            .await
            .data(200);
        assert_eq!(single["data"], row["data"]);
    }
    let arrived = receiver.received();
    let text = app
        .client()
        .get(&format!(
            "/events/{}",
            arrived[0].json()["id"].as_str().unwrap()
        ))
        .await
        .text;
    let data = std::str::from_utf8(&arrived[0].body).unwrap();
    let data = &data[data.find("\"data\":").unwrap()..data.len() - 1];
    assert!(text.contains(data), "data is shown byte for byte");
}

#[apply(on_both_engines!)]
async fn each_filter_finds_its_events(app: &TestApp) {
    let receiver = Receiver::start().await;
    app.set_webhook(&receiver.url).await;
    receiver.answer_with(&[200, 500]);
    let order = two_orders(app).await;
    assert_eq!(sequences(app, "/events").await, [7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(sequences(app, "/events?type=order.completed").await, [7, 4]);
    assert_eq!(
        sequences(app, &format!("/events?order_id={order}")).await,
        [4, 3, 2, 1]
    );
    assert_eq!(
        sequences(
            app,
            &format!("/events?order_id={order}&type=domain.connected")
        )
        .await,
        [3, 2]
    );
    assert_eq!(sequences(app, "/events?after_sequence=4").await, [5, 6, 7]);
    assert_eq!(
        sequences(app, "/events?after_sequence=4&type=order.completed").await,
        [7]
    );
    assert_eq!(sequences(app, "/events?after_sequence=7").await, [0_i64; 0]);
    let late = sequences(app, "/events?delivered=false").await;
    assert_eq!(late.len(), 1, "{late:?}");
    let on_time = sequences(app, "/events?delivered=true").await;
    assert_eq!((on_time.len(), on_time.contains(&late[0])), (6, false));
    let row = app.client().get("/events?delivered=false").await.data(200)[0].clone();
    assert_eq!(
        (&row["delivery"]["status"], &row["delivery"]["attempts"]),
        (&json!("pending"), &json!(1))
    );
    assert!(
        row["delivery"]["next_attempt_at"]
            .as_str()
            .unwrap()
            .starts_with("2026-05-08T12:0")
    );
    let kind = row["type"].as_str().unwrap();
    assert_eq!(
        sequences(app, &format!("/events?delivered=false&type={kind}")).await,
        late
    );
    assert_eq!(
        sequences(app, "/events?delivered=false&type=order.failed").await,
        [0_i64; 0]
    );
    for both in ["true", "false"] {
        let path = format!(
            "/events?delivered={both}&order_id={order}&type=order.completed&after_sequence=1"
        );
        assert_eq!(
            sequences(app, &path).await.len(),
            usize::from((both == "true") != (late == [4]))
        );
    }
}

#[apply(on_both_engines!)]
async fn pages_go_through_in_both_orders(app: &TestApp) {
    two_orders(app).await;
    for (path, expected) in [
        ("/events?per_page=3", [7, 6, 5, 4, 3, 2, 1]),
        ("/events?after_sequence=0&per_page=3", [1, 2, 3, 4, 5, 6, 7]),
    ] {
        let (mut seen, mut next) = (Vec::new(), Some(path.to_owned()));
        while let Some(path) = next {
            let page = app.client().get(&path).await.expect(200);
            seen.extend(
                page["data"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|row| row["sequence"].as_i64().unwrap()),
            );
            next = page["links"]["next"].as_str().map(str::to_owned);
        }
        assert_eq!(seen, expected);
    }
}

#[apply(on_both_engines!)]
async fn wrong_filters_are_named(app: &TestApp) {
    for (query, field) in [
        ("type=order.lost", "type"),
        ("order_id=usr_1", "order_id"),
        ("delivered=yes", "delivered"),
        ("after_sequence=-1", "after_sequence"),
        ("after_sequence=x", "after_sequence"),
        ("kind=order.failed", "kind"),
    ] {
        let error = app
            .client()
            .get(&format!("/events?{query}"))
            .await
            .error(400, "invalid_request");
        assert_eq!(error["field"], field);
    }
}

#[apply(on_both_engines!)]
async fn attempts_are_listed_newest_first(app: &TestApp) {
    let receiver = Receiver::start().await;
    app.set_webhook(&receiver.url).await;
    app.client().post("/users", json!({ "email": "a@example.com", "sequencer": { "provider": "smartlead", "client_id": null } })).await.expect(201);
    receiver.answer_with(&[500]);
    app.client()
        .post("/domains/import", json!({ "domains": ["not a name"] }))
        .await
        .expect(200);
    app.run_until_idle().await;
    app.advance_seconds(60);
    app.run_until_idle().await;
    let event = app.client().get("/events").await.data(200)[0].clone();
    let path = format!("/events/{}/deliveries", event["id"].as_str().unwrap());
    let rows = app.client().get(&path).await.data(200);
    let of = |field: &str| -> Vec<Value> {
        rows.as_array()
            .unwrap()
            .iter()
            .map(|row| row[field].clone())
            .collect()
    };
    assert_eq!(of("number"), [2, 1]);
    assert_eq!(of("status_code"), [200, 500]);
    assert_eq!(of("failure"), [json!(null), json!("status")]);
    assert!(
        of("id")
            .iter()
            .all(|id| id.as_str().unwrap().starts_with("whd_"))
    );
    let page = app
        .client()
        .get(&format!("{path}?per_page=1"))
        .await
        .expect(200);
    let next = app
        .client()
        .get(page["links"]["next"].as_str().unwrap())
        .await
        .expect(200);
    assert_eq!(
        (&next["data"][0]["number"], &next["links"]["next"]),
        (&json!(1), &json!(null))
    );
    app.client()
        .get("/events/evt_01ARZ3NDEKTSV4RRFFQ69G5FAV/deliveries")
        .await
        .error(404, "not_found");
}

#[apply(on_both_engines!)]
async fn an_attempt_is_dated_by_the_clock_of_its_account(app: &TestApp) {
    let receiver = Receiver::start().await;
    app.set_webhook(&receiver.url).await;
    app.advance_sandbox(30 * 86_400).await;
    let import = json!({ "domains": ["not a name"] });
    app.client()
        .post("/domains/import", import)
        .await
        .expect(200);
    app.run_until_idle().await;
    let event = app.client().get("/events").await.data(200)[0].take();
    let path = format!("/events/{}/deliveries", event["id"].as_str().unwrap());
    let attempt = app.client().get(&path).await.data(200)[0].take();
    assert_eq!(event["created_at"], "2026-06-07T12:00:00Z");
    assert_eq!(attempt["started_at"], event["created_at"]);
    // What receivers compare with their own clocks is not moved.
    let sent = receiver.received().pop().unwrap();
    assert_eq!(sent.header("peeker-timestamp"), Some("1778241600"));
}
