//! `POST /orders/{id}/cancel`: what is asked for, what is answered, and what has become of the order a month later.

use peeker_domain::Preset;
use peeker_testkit::{
    Client, Response, TestApp, apply, custom_order, mixed_order, names, on_both_engines, with,
};
use serde_json::{Value, json};

/// From the start of a test, 8 May, to the renewal of orders placed then, 8 June.
const MONTH_SECONDS: i64 = 31 * 24 * 60 * 60;
const NOW: &str = "2026-05-08T12:00:00Z";
const RENEWAL: &str = "2026-06-08T12:00:00Z";

async fn place(app: &TestApp, body: Value) -> String {
    let placed = app.client().post("/orders", body).await.data(200);
    placed["id"].as_str().unwrap().to_owned()
}

/// A completed order of two Google domains with two inboxes each and a Microsoft domain with 25: 11,200 cents.
async fn completed(app: &TestApp, prefix: &str) -> String {
    let id = place(app, mixed_order((4, 2), (1, 25), &names(prefix, 3))).await;
    app.run_until_idle().await;
    assert_eq!(get(app, &id).await["status"], "completed");
    id
}

async fn get(app: &TestApp, id: &str) -> Value {
    app.client().get(&format!("/orders/{id}")).await.data(200)
}

async fn cancel(client: &Client, id: &str, body: Value) -> Response {
    client.post(&format!("/orders/{id}/cancel"), body).await
}

async fn a_month_passes(app: &TestApp) {
    app.advance_seconds(MONTH_SECONDS);
    app.run_until_idle().await;
}

async fn domain(app: &TestApp, name: &str) -> Value {
    let all = app.client().get("/domains?per_page=100").await.expect(200);
    let mut rows = all["data"].as_array().unwrap().iter();
    rows.find(|row| row["domain"] == name).unwrap().clone()
}

async fn events_about(app: &TestApp, kind: &str, id: &str) -> Vec<Value> {
    let events = app.events_of(kind).await.into_iter();
    events
        .map(|event| event["data"].clone())
        .filter(|data| data["id"] == id)
        .collect()
}

/// The detail adds up, and the receipt says the same.
async fn assert_adds_up(app: &TestApp, id: &str) {
    let shown = get(app, id).await;
    let items = shown["costs"]["line_items"].as_array().unwrap();
    let sum: i64 = items
        .iter()
        .map(|item| item["amount_cents"].as_i64().unwrap())
        .sum();
    assert_eq!(shown["costs"]["total_cents"], sum, "{shown}");
    let listed = app.client().get("/orders?per_page=100").await.expect(200);
    let receipt = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["id"] == id)
        .unwrap();
    assert_eq!(receipt["costs"]["total_cents"], sum, "{receipt}");
    assert_eq!(receipt["domain_count"], shown["domain_count"]);
    let domains = |source: &str| shown["domains"][source].as_array().unwrap().len();
    assert_eq!(
        shown["domain_count"],
        domains("registered") + domains("imported"),
        "{shown}"
    );
    assert_eq!(shown["progress"]["domains_total"], shown["domain_count"]);
    assert_eq!(shown["progress"]["inboxes_total"], shown["inbox_count"]);
}

#[apply(on_both_engines!)]
async fn a_whole_order_is_scheduled_at_once(app: &TestApp) {
    app.may_leave_jobs();
    for (prefix, body) in [
        ("none", ""),
        ("empty", "{}"),
        ("scope", r#"{"scope":"order"}"#),
    ] {
        let id = completed(app, prefix).await;
        let before = get(app, &id).await;
        let path = format!("/orders/{id}/cancel");
        let shown = app.client().post_text(&path, body).await.data(200);
        let mut leaving = Vec::new();
        for name in names(prefix, 3) {
            leaving.push(json!({ "id": domain(app, &name).await["id"], "domain": name }));
        }
        let mut expected = before;
        for (field, value) in [
            ("status", json!("cancel_scheduled")),
            ("cancellation_scheduled_at", json!(NOW)),
            ("cancels_at", json!(RENEWAL)),
            ("cancelling_domains", json!(leaving)),
        ] {
            expected[field] = value;
        }
        assert_eq!(shown, expected, "{body}");
        assert_eq!(get(app, &id).await, expected);
        assert_eq!(
            events_about(app, "order.cancel_scheduled", &id).await,
            [expected.clone()]
        );
        assert_eq!(
            domain(app, &names(prefix, 1)[0]).await["status"],
            "active",
            "it works to the end of the month"
        );

        app.advance_seconds(1);
        for again in [
            "",
            r#"{"scope":"order"}"#,
            &json!({ "domains": [names(prefix, 1)[0]] }).to_string(),
        ] {
            assert_eq!(
                app.client().post_text(&path, again).await.data(200),
                expected,
                "{again}"
            );
        }
        assert_eq!(
            events_about(app, "order.cancel_scheduled", &id).await.len(),
            1
        );
        app.advance_seconds(-1);
    }
}

#[apply(on_both_engines!)]
async fn when_the_month_is_over_the_order_ends(app: &TestApp) {
    let client = app.client();
    let id = completed(app, "over").await;
    cancel(&client, &id, json!({})).await.expect(200);
    app.advance_seconds(MONTH_SECONDS - 1);
    app.run_until_idle().await;
    assert_eq!(
        get(app, &id).await["status"],
        "cancel_scheduled",
        "not a second too early"
    );
    app.advance_seconds(1);
    app.run_until_idle().await;
    let shown = get(app, &id).await;
    assert_eq!(shown["status"], "cancelled");
    assert_eq!(
        (&shown["renews_at"], &shown["cancels_at"]),
        (&Value::Null, &json!(RENEWAL))
    );
    assert_eq!(shown["cancelling_domains"], json!([]));
    assert_eq!(
        (&shown["domain_count"], &shown["costs"]["total_cents"]),
        (&json!(3), &json!(11_200)),
        "what it was stays to be read"
    );
    assert_eq!(
        (
            &shown["progress"]["domains_active"],
            &shown["progress"]["inboxes_active"]
        ),
        (&json!(0), &json!(0))
    );
    assert_adds_up(app, &id).await;
    assert_eq!(events_about(app, "order.cancelled", &id).await, [shown]);
    let inboxes = client
        .get(&format!("/orders/{id}/inboxes?per_page=100"))
        .await
        .expect(200);
    assert_eq!(inboxes["data"].as_array().unwrap().len(), 29);
    assert!(
        inboxes["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|inbox| inbox["status"] == "removed")
    );
    for name in names("over", 3) {
        let row = domain(app, &name).await;
        assert_eq!(
            (&row["category"], &row["status"]),
            (&json!("inventory"), &json!("available"))
        );
        assert_eq!(row["usable_for"], json!(["google", "microsoft"]));
        assert_eq!(row.get("order_id"), None);
    }
    app.run_until_idle().await;
    assert_eq!(app.events_of("order.cancelled").await.len(), 1);
}

#[apply(on_both_engines!)]
async fn domains_of_a_cancelled_order_can_be_ordered_again(app: &TestApp) {
    let client = app.client();
    let body = mixed_order((4, 2), (1, 25), &names("again", 3));
    let id = completed(app, "again").await;
    cancel(&client, &id, json!({})).await.expect(200);
    assert_eq!(
        client.post("/orders", body.clone()).await.data(200)["id"],
        id,
        "until it ends, it stands for its body"
    );
    a_month_passes(app).await;
    let again = client.post("/orders", body).await.data(200);
    assert_ne!(again["id"], id);
    assert_eq!(
        again["costs"]["total_cents"],
        400 + 900,
        "the domains are owned by now"
    );
    app.run_until_idle().await;
    let again = get(app, again["id"].as_str().unwrap()).await;
    assert_eq!(again["status"], "completed");
    assert_eq!(
        again["domains"],
        json!({ "registered": [], "imported": names("again", 3) })
    );
    assert_eq!(get(app, &id).await["status"], "cancelled");
}

#[apply(on_both_engines!)]
async fn some_domains_leave_and_the_order_shrinks(app: &TestApp) {
    let client = app.client();
    let id = completed(app, "some").await;
    let [google, stays, microsoft] = names("some", 3).try_into().unwrap();
    let microsoft_id = domain(app, &microsoft).await["id"].clone();
    let before = get(app, &id).await;
    let shown = cancel(
        &client,
        &id,
        json!({ "domains": [" SOME-01.com. ", microsoft_id] }),
    )
    .await
    .data(200);
    let mut expected = before;
    expected["cancellation_scheduled_at"] = json!(NOW);
    expected["cancels_at"] = json!(RENEWAL);
    expected["cancelling_domains"] = json!([{ "id": domain(app, &google).await["id"], "domain": google }, { "id": microsoft_id, "domain": microsoft }]);
    assert_eq!(
        shown, expected,
        "it keeps its status, size and costs until then"
    );
    assert_eq!(
        cancel(&client, &id, json!({ "domains": [google] }))
            .await
            .data(200),
        expected
    );
    assert_eq!(app.events_of("order.cancel_scheduled").await.len(), 0);

    a_month_passes(app).await;
    let shown = get(app, &id).await;
    assert_eq!(shown["status"], "completed");
    assert_eq!(
        shown["costs"],
        json!({ "total_cents": 3_500, "currency": "usd", "line_items": [
            { "type": "google_license", "quantity": 2, "amount_cents": 200 },
            { "type": "domain_registration", "quantity": 1, "amount_cents": 3_300 },
        ]})
    );
    assert_eq!(
        shown["domains"],
        json!({ "registered": [stays], "imported": [] })
    );
    assert_eq!(
        (&shown["domain_count"], &shown["inbox_count"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(
        shown["progress"],
        json!({ "domains_total": 1, "domains_active": 1, "inboxes_total": 2, "inboxes_active": 2 })
    );
    assert_eq!(
        json!([
            shown["cancellation_scheduled_at"],
            shown["cancels_at"],
            shown["cancelling_domains"]
        ]),
        json!([null, null, []])
    );
    assert_adds_up(app, &id).await;
    assert_eq!(domain(app, &stays).await["status"], "active");
    for name in [&google, &microsoft] {
        assert_eq!(domain(app, name).await["category"], "inventory");
    }
    let inboxes = client
        .get(&format!("/orders/{id}/inboxes?per_page=100"))
        .await
        .expect(200);
    for inbox in inboxes["data"].as_array().unwrap() {
        assert_eq!(
            inbox["status"],
            if inbox["domain"] == stays.as_str() {
                "active"
            } else {
                "removed"
            }
        );
    }
    assert_eq!(
        app.events_of("order.completed").await.len(),
        1,
        "it was completed once and stays so"
    );
    let refused = cancel(&client, &id, json!({ "domains": [google] }))
        .await
        .error(400, "invalid_request");
    assert_eq!(
        refused["field"], "domains[0]",
        "it is not on the order any more"
    );
    client
        .post("/orders", custom_order(&[google]))
        .await
        .expect(200);
    app.run_until_idle().await;
}

#[apply(on_both_engines!)]
async fn what_left_earlier_is_no_part_of_the_order_that_ends_later(app: &TestApp) {
    let client = app.client();
    let id = completed(app, "twice").await;
    cancel(&client, &id, json!({ "domains": [names("twice", 1)[0]] }))
        .await
        .expect(200);
    a_month_passes(app).await;
    assert_eq!(get(app, &id).await["domain_count"], 2);
    cancel(&client, &id, json!({})).await.expect(200);
    app.run_until_idle().await;
    a_month_passes(app).await;
    let shown = get(app, &id).await;
    assert_eq!(
        (
            &shown["status"],
            &shown["domain_count"],
            &shown["costs"]["total_cents"]
        ),
        (&json!("cancelled"), &json!(2), &json!(7_700))
    );
    assert_adds_up(app, &id).await;
    assert_eq!(events_about(app, "order.cancelled", &id).await, [shown]);
}

#[apply(on_both_engines!)]
async fn all_domains_named_are_the_whole_order(app: &TestApp) {
    let client = app.client();
    let id = completed(app, "all").await;
    let shown = cancel(&client, &id, json!({ "domains": names("all", 3) }))
        .await
        .data(200);
    assert_eq!(shown["status"], "cancel_scheduled");

    let other = completed(app, "rest").await;
    let shown = cancel(&client, &other, json!({ "domains": names("rest", 2) }))
        .await
        .data(200);
    assert_eq!(
        (
            &shown["status"],
            shown["cancelling_domains"].as_array().unwrap().len()
        ),
        (&json!("completed"), 2)
    );
    app.advance_seconds(60);
    let shown = cancel(&client, &other, json!({ "domains": [names("rest", 3)[2]] }))
        .await
        .data(200);
    assert_eq!(
        (
            &shown["status"],
            shown["cancelling_domains"].as_array().unwrap().len()
        ),
        (&json!("cancel_scheduled"), 3)
    );
    assert_eq!(
        shown["cancellation_scheduled_at"], NOW,
        "when it was first asked for"
    );
    assert_eq!(app.events_of("order.cancel_scheduled").await.len(), 2);
    a_month_passes(app).await;
    for id in [&id, &other] {
        assert_eq!(get(app, id).await["status"], "cancelled");
        assert_eq!(events_about(app, "order.cancelled", id).await.len(), 1);
        assert_adds_up(app, id).await;
    }
}

#[apply(on_both_engines!)]
async fn an_order_that_is_cancelled_before_it_is_set_up_has_ended(app: &TestApp) {
    let client = app.client();
    let id = place(app, custom_order(&names("early", 2))).await;
    let ended = cancel(&client, &id, json!({})).await.data(200);
    assert_eq!(ended["status"], "cancelled");
    app.run_until_idle().await;
    let shown = get(app, &id).await;
    assert_eq!(
        (&shown["status"], &shown["progress"]["domains_active"]),
        (&json!("cancelled"), &json!(0))
    );
    a_month_passes(app).await;
    assert_eq!(
        app.event_types().await,
        ["order.in_progress", "order.cancelled"]
    );
}

#[apply(on_both_engines!)]
async fn what_an_order_waited_for_is_settled_by_its_end(app: &TestApp) {
    let client = app.client();
    let picture = json!([{ "first_name": "Sam", "last_name": "Lee", "profile_picture_url": "https://unreachable.test/x.png" }]);
    let id = place(
        app,
        with(
            custom_order(&["replace-me.com".into(), "plain.com".into()]),
            "/personas",
            picture,
        ),
    )
    .await;
    app.run_until_idle().await;
    assert_eq!(get(app, &id).await["status"], "action_required");
    let open = client.get("/orders/pending").await.expect(200);
    assert_eq!(open["data"].as_array().unwrap().len(), 2, "{open}");
    assert_eq!(
        cancel(&client, &id, json!({})).await.data(200)["status"],
        "cancelled"
    );
    assert_eq!(
        client.get("/orders/pending").await.expect(200)["data"],
        json!([])
    );
    assert_eq!(
        client
            .get("/orders/pending?status=resolved")
            .await
            .expect(200)["data"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(domain(app, "replace-me.com").await["status"], "available");
    // The picture is looked at no more; after so long it was looked at once a day.
    app.advance_seconds(24 * 60 * 60);
    app.run_until_idle().await;
}

#[apply(on_both_engines!)]
async fn without_the_domain_it_waited_for_an_order_goes_on(app: &TestApp) {
    let client = app.client();
    let id = place(
        app,
        custom_order(&["replace-me.com".into(), "plain.com".into()]),
    )
    .await;
    app.run_until_idle().await;
    let shown = cancel(&client, &id, json!({ "domains": ["replace-me.com"] }))
        .await
        .data(200);
    assert_eq!(
        (&shown["status"], &shown["domain_count"]),
        (&json!("completed"), &json!(1))
    );
    assert_eq!(events_about(app, "order.completed", &id).await, [shown]);
    assert_eq!(
        client.get("/orders/pending").await.expect(200)["data"],
        json!([])
    );
    assert_adds_up(app, &id).await;
    app.run_until_idle().await;
}

#[apply(on_both_engines!)]
async fn an_order_that_ended_cannot_be_cancelled(app: &TestApp) {
    let client = app.client();
    let id = completed(app, "done").await;
    cancel(&client, &id, json!({})).await.expect(200);
    a_month_passes(app).await;
    let failed = place(app, custom_order(&["fail-it.com".into()])).await;
    app.run_until_idle().await;
    let before = app.event_types().await;
    for (id, word) in [(&id, "cancelled"), (&failed, "failed")] {
        for body in [json!({}), json!({ "domains": ["done-01.com"] })] {
            let refused = cancel(&client, id, body)
                .await
                .error(400, "invalid_request");
            assert!(
                refused["message"].as_str().unwrap().contains(word),
                "{refused}"
            );
        }
    }
    assert_eq!(app.event_types().await, before);
}

/// Clients that are made from the document send `null` for a body that is left out.
#[apply(on_both_engines!)]
async fn null_is_no_body(app: &TestApp) {
    let id = completed(app, "nothing").await;
    let path = format!("/orders/{id}/cancel");
    let cancelled = app.client().post_text(&path, "null").await.data(200);
    assert_eq!(cancelled["status"], "cancel_scheduled");
    let again = app.client().post_text(&path, "").await.data(200);
    assert_eq!(again["cancels_at"], cancelled["cancels_at"]);
    app.may_leave_jobs();
}

#[apply(on_both_engines!)]
async fn malformed_wishes_are_refused(app: &TestApp) {
    let client = app.client();
    let id = completed(app, "bad").await;
    let foreign = domain(app, "bad-01.com").await["id"]
        .as_str()
        .unwrap()
        .replace("dom_", "ord_");
    for (body, field) in [
        (
            json!({ "scope": "order", "domains": ["bad-01.com"] }),
            Some("domains"),
        ),
        (json!({ "scope": "domains" }), Some("scope")),
        (json!({ "scope": 1 }), Some("scope")),
        (json!({ "scope": null }), Some("scope")),
        (json!({ "domains": [] }), Some("domains")),
        (json!({ "domains": null }), Some("domains")),
        (json!({ "domains": "bad-01.com" }), Some("domains")),
        (json!({ "domains": [1] }), Some("domains[0]")),
        (
            json!({ "domains": ["bad-01.com", "other.com"] }),
            Some("domains[1]"),
        ),
        (
            json!({ "domains": ["bad-01.com", foreign] }),
            Some("domains[1]"),
        ),
        (
            json!({ "domains": ["bad-01.com", "BAD-01.com"] }),
            Some("domains[1]"),
        ),
        (json!({ "domains": ["bad-01.com", ""] }), Some("domains[1]")),
        (json!({ "domain": ["bad-01.com"] }), Some("domain")),
        (json!([]), None),
    ] {
        let refused = cancel(&client, &id, body.clone())
            .await
            .error(400, "invalid_request");
        assert_eq!(
            refused.get("field").and_then(Value::as_str),
            field,
            "{body} {refused}"
        );
    }
    client
        .post_text(&format!("/orders/{id}/cancel"), "{")
        .await
        .error(400, "invalid_request");
    client
        .post_text(&format!("/orders/{id}/cancel?scope=order"), "")
        .await
        .error(400, "invalid_request");
    assert_eq!(get(app, &id).await["cancelling_domains"], json!([]));
}

#[apply(on_both_engines!)]
async fn every_entry_that_cannot_be_followed_is_named(app: &TestApp) {
    let client = app.client();
    let id = completed(app, "many").await;
    let by_id = domain(app, "many-01.com").await["id"].clone();
    let refused = cancel(
        &client,
        &id,
        json!({ "domains": ["many-01.com", "other.com", by_id, "no name"] }),
    )
    .await
    .error(400, "invalid_request");
    assert_eq!(refused["field"], "domains[1]");
    assert_eq!(
        refused["details"]["violations"],
        json!([
            { "field": "domains[1]", "message": "domains[1] is not a domain of this order" },
            { "field": "domains[2]", "message": "domains[2] is the same domain as domains[0]" },
            { "field": "domains[3]", "message": "domains[3] is not a domain of this order" },
        ])
    );
    assert_eq!(get(app, &id).await["cancelling_domains"], json!([]));
}

#[apply(on_both_engines!)]
async fn only_ones_own_order_can_be_cancelled(app: &TestApp) {
    let id = completed(app, "own").await;
    cancel(&app.stranger().await, &id, json!({}))
        .await
        .error(404, "not_found");
    cancel(&app.live_client(), &id, json!({}))
        .await
        .error(404, "not_found");
    for preset in [Preset::Read, Preset::Limited] {
        cancel(
            &app.client_with(&app.key(preset, 600).await),
            &id,
            json!({}),
        )
        .await
        .error(403, "forbidden");
    }
    for id in [
        "ord_01KJZ4V1B6E8N2Q4R6S8T0V2W4",
        "ord_1",
        "dom_01KJZ4V1B6E8N2Q4R6S8T0V2W4",
    ] {
        cancel(&app.client(), id, json!({}))
            .await
            .error(404, "not_found");
    }
    assert_eq!(get(app, &id).await["status"], "completed");
}
