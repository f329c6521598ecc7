//! `GET /orders`: filters and pages.

use peeker_testkit::{
    Client, TestApp, apply, bundle_of_ten, bundle_order, custom_order, names, on_both_engines, with,
};
use serde_json::{Value, json};

/// Places an order of one domain for a customer.
async fn place(client: &Client, domain: &str, user: &str) -> Value {
    let order = with(custom_order(&[domain.to_owned()]), "/user", json!(user));
    client.post("/orders", order).await.data(200)
}

async fn ids(client: &Client, query: &str) -> Vec<Value> {
    let page = client
        .get(&format!("/orders?per_page=100{query}"))
        .await
        .expect(200);
    page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].clone())
        .collect()
}

fn id(order: &Value) -> Value {
    order["id"].clone()
}

async fn invalid(app: &TestApp, query: &str, field: &str) {
    let error = app
        .client()
        .get(&format!("/orders?{query}"))
        .await
        .error(400, "invalid_request");
    assert_eq!(error["field"], field, "{query}");
}

#[apply(on_both_engines!)]
async fn shows_receipts_newest_first(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let mut placed = Vec::new();
    for number in 0..3 {
        placed.push(
            place(
                &client,
                &format!("domain-{number}.com"),
                &format!("client{number}@example.com"),
            )
            .await,
        );
        app.advance_seconds(1);
    }
    placed.reverse();
    assert_eq!(client.get("/orders").await.data(200), json!(placed));
    assert_eq!(ids(&app.stranger().await, "").await, [] as [Value; 0]);
    assert_eq!(ids(&app.live_client(), "").await, [] as [Value; 0]);
}

#[apply(on_both_engines!)]
async fn filters_by_customer_bundle_and_status(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let bundle = client.post("/bundles", bundle_of_ten()).await.data(201);
    let bundle = bundle["id"].as_str().unwrap();
    let done = place(&client, "done.com", "one@example.com").await;
    let stuck = place(&client, "replace-stuck.com", "two@example.com").await;
    app.run_until_idle().await;
    let waiting = place(&client, "waiting.com", "one@example.com").await;
    let sized = bundle_order(bundle, &names("sized", 10));
    let sized = client
        .post("/orders", with(sized, "/user", json!("one@example.com")))
        .await
        .data(200);
    let (one, two) = (
        done["user_id"].as_str().unwrap(),
        stuck["user_id"].as_str().unwrap(),
    );
    let of_one = vec![id(&sized), id(&waiting), id(&done)];
    for (query, expected) in [
        (format!("&user_id={one}"), of_one.clone()),
        (format!("&user_id={two}"), vec![id(&stuck)]),
        ("&user_email=ONE%40Example.com".into(), of_one),
        ("&user_email=two@example.com".into(), vec![id(&stuck)]),
        ("&user_email=nobody@example.com".into(), vec![]),
        (format!("&bundle_id={bundle}"), vec![id(&sized)]),
        ("&bundle_id=bun_01KJZ4V1B6E8N2Q4R6S8T0V2W4".into(), vec![]),
        ("&status=in_progress".into(), vec![id(&sized), id(&waiting)]),
        ("&status=completed".into(), vec![id(&done)]),
        ("&status=action_required".into(), vec![id(&stuck)]),
        ("&status=cancelled".into(), vec![]),
        (
            format!(
                "&status=in_progress&user_id={one}&user_email=one@example.com&bundle_id={bundle}"
            ),
            vec![id(&sized)],
        ),
        (format!("&status=completed&user_id={two}"), vec![]),
        (format!("&user_id={two}&user_email=one@example.com"), vec![]),
    ] {
        assert_eq!(ids(&client, &query).await, expected, "{query}");
    }
}

#[apply(on_both_engines!)]
async fn pages_hold_each_order_once_whatever_comes_meanwhile(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let mut placed = Vec::new();
    for number in 0..5 {
        placed.push(id(&place(
            &client,
            &format!("domain-{number}.com"),
            "one@example.com",
        )
        .await));
    }
    place(&client, "other.com", "two@example.com").await;
    placed.reverse();
    let first = client
        .get("/orders?per_page=2&user_email=one@example.com")
        .await
        .expect(200);
    assert_eq!(first["meta"]["per_page"], 2);
    assert_eq!(
        first["links"]["first"],
        "http://api.test/partner/v1/orders?per_page=2&user_email=one%40example.com"
    );
    place(&client, "new.com", "one@example.com").await;
    let mut seen = Vec::new();
    let mut page = first;
    loop {
        seen.extend(page["data"].as_array().unwrap().iter().map(id));
        let Some(next) = page["links"]["next"].as_str() else {
            break;
        };
        assert!(
            next.contains("user_email=one%40example.com") && next.contains("per_page=2"),
            "{next}"
        );
        page = client.get(next).await.expect(200);
    }
    assert_eq!(seen, placed);
}

#[apply(on_both_engines!)]
async fn a_page_token_belongs_to_its_filters_and_account(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    for number in 0..3 {
        place(&client, &format!("domain-{number}.com"), "one@example.com").await;
    }
    let page = client
        .get("/orders?per_page=1&status=in_progress")
        .await
        .expect(200);
    let next = page["links"]["next"].as_str().unwrap();
    let token = next
        .split("page_token=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    client
        .get(&format!("/orders?status=in_progress&page_token={token}"))
        .await
        .expect(200);
    invalid(app, &format!("page_token={token}"), "page_token").await;
    invalid(
        app,
        &format!("status=completed&page_token={token}"),
        "page_token",
    )
    .await;
    invalid(
        app,
        &format!("status=in_progress&page_token=A{token}"),
        "page_token",
    )
    .await;
    let stranger = app.stranger().await;
    let theirs = stranger
        .get(&format!("/orders?status=in_progress&page_token={token}"))
        .await;
    assert_eq!(theirs.error(400, "invalid_request")["field"], "page_token");
}

#[apply(on_both_engines!)]
async fn parameters_are_checked(app: &TestApp) {
    for (query, field) in [
        ("status=done", "status"),
        ("status=in_progress&status=completed", "status"),
        ("user_id=usr_1", "user_id"),
        ("bundle_id=ord_01KJZ4V1B6E8N2Q4R6S8T0V2W4", "bundle_id"),
        ("user_email=nobody", "user_email"),
        ("user=client@example.com", "user"),
        ("per_page=0", "per_page"),
        ("per_page=101", "per_page"),
        ("page_token=x", "page_token"),
    ] {
        invalid(app, query, field).await;
    }
}

#[apply(on_both_engines!)]
async fn every_preset_may_read(app: &TestApp) {
    for preset in [peeker_domain::Preset::Read, peeker_domain::Preset::Limited] {
        app.client_with(&app.key(preset, 600).await)
            .get("/orders")
            .await
            .expect(200);
    }
}
