//! `GET /domains` and `GET /domains/{id}`: the rows of orders.

use peeker_testkit::{
    Client, TestApp, apply, custom_order, microsoft_order, names, on_both_engines, with,
};
use serde_json::{Value, json};

async fn list(client: &Client, query: &str) -> Vec<String> {
    let rows = client.get(&format!("/domains{query}")).await.data(200);
    let mut names: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["domain"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

async fn row_of(client: &Client, name: &str) -> Value {
    let rows = client.get("/domains?per_page=100").await.data(200);
    let row = rows
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["domain"] == name);
    row.cloned()
        .unwrap_or_else(|| panic!("{name} is not listed: {rows}"))
}

/// A Google order of `a@`, a Microsoft order of `b@`, and an order of `c@` that fails and leaves a bought domain over.
async fn three_orders(app: &TestApp) -> [Value; 3] {
    let client = app.client();
    let google = vec!["google-01.com".to_owned(), "gonly-google.com".to_owned()];
    let google = with(custom_order(&google), "/user", json!("a@example.com"));
    let microsoft = with(
        microsoft_order((1, 25), &names("microsoft", 1)),
        "/user",
        json!("b@example.com"),
    );
    let fails = vec!["left-over.com".to_owned(), "fail-it.com".to_owned()];
    let fails = with(custom_order(&fails), "/user", json!("c@example.com"));
    let mut placed = Vec::new();
    for order in [google, microsoft, fails] {
        placed.push(client.post("/orders", order).await.data(200));
        app.run_until_idle().await;
        app.advance_seconds(1);
    }
    placed.try_into().unwrap()
}

#[apply(on_both_engines!)]
async fn a_domain_on_an_order_tells_where_it_belongs(app: &TestApp) {
    let client = app.client();
    let mut order = custom_order(&names("on-order", 1));
    order["domains"] =
        json!([{ "domain": "on-order-01.com", "forwarding_url": "https://shop.example.com/a" }]);
    let order = client.post("/orders", order).await.data(200);
    let row = row_of(&client, "on-order-01.com").await;
    let id = row["id"].as_str().unwrap();
    assert!(id.starts_with("dom_") && id.len() == 30, "{id}");
    let mut expected = json!({
        "id": id,
        "domain": "on-order-01.com",
        "category": "connected",
        "status": "in_progress",
        "usable_for": ["google", "microsoft"],
        "provider": "google",
        "user_id": order["user_id"],
        "order_id": order["id"],
        "forwarding_url": "https://shop.example.com/a",
        "created_at": "2026-05-08T12:00:00Z",
    });
    assert_eq!(row, expected);
    app.run_until_idle().await;
    expected["status"] = json!("active");
    assert_eq!(row_of(&client, "on-order-01.com").await, expected);
    assert_eq!(
        client.get(&format!("/domains/{id}")).await.data(200),
        expected
    );
}

#[apply(on_both_engines!)]
async fn a_domain_without_forwarding_says_so(app: &TestApp) {
    let client = app.client();
    client
        .post("/orders", custom_order(&names("plain", 1)))
        .await
        .expect(200);
    app.run_until_idle().await;
    let row = row_of(&client, "plain-01.com").await;
    assert_eq!(row.get("forwarding_url"), Some(&Value::Null));
}

#[apply(on_both_engines!)]
async fn a_domain_in_inventory_belongs_to_nobody(app: &TestApp) {
    let client = app.client();
    three_orders(app).await;
    let inventory = client.get("/domains?category=inventory").await.data(200);
    for row in inventory.as_array().unwrap() {
        let keys: Vec<_> = row
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let mut sorted = keys.clone();
        sorted.sort_unstable();
        assert_eq!(
            sorted,
            [
                "category",
                "created_at",
                "domain",
                "id",
                "status",
                "usable_for"
            ],
            "{row}"
        );
        assert_eq!(
            (&row["status"], &row["category"]),
            (&json!("available"), &json!("inventory"))
        );
        assert_eq!(row["usable_for"], json!(["google", "microsoft"]));
    }
    let names = list(&client, "?category=inventory").await;
    assert!(names.contains(&"left-over.com".to_owned()), "{names:?}");
}

#[apply(on_both_engines!)]
async fn the_list_is_filtered(app: &TestApp) {
    let client = app.client();
    let [google, microsoft, _] = three_orders(app).await;
    let of_user = |order: &Value| format!("?user_id={}", order["user_id"].as_str().unwrap());
    let left_over = list(&client, "?category=inventory").await;
    let everything = list(&client, "").await;
    let without_left_over: Vec<_> = everything
        .iter()
        .filter(|name| !left_over.contains(name))
        .cloned()
        .collect();
    assert_eq!(
        without_left_over,
        ["gonly-google.com", "google-01.com", "microsoft-01.com"]
    );
    for (query, expected) in [
        (
            "?category=connected".to_owned(),
            &["gonly-google.com", "google-01.com", "microsoft-01.com"][..],
        ),
        (
            "?status=active".to_owned(),
            &["gonly-google.com", "google-01.com", "microsoft-01.com"],
        ),
        ("?status=failed".to_owned(), &[]),
        (of_user(&google), &["gonly-google.com", "google-01.com"]),
        (of_user(&microsoft), &["microsoft-01.com"]),
        (
            "?user_email=A@example.com".to_owned(),
            &["gonly-google.com", "google-01.com"],
        ),
        (
            "?user_email=b@example.com".to_owned(),
            &["microsoft-01.com"],
        ),
        ("?user_email=c@example.com".to_owned(), &[]),
        ("?user_email=nobody@example.com".to_owned(), &[]),
        (
            format!("{}&user_email=b@example.com", of_user(&google)),
            &[],
        ),
        (
            format!("{}&user_email=a@example.com", of_user(&google)),
            &["gonly-google.com", "google-01.com"],
        ),
        (
            "?category=connected&usable_for=microsoft".to_owned(),
            &["google-01.com"],
        ),
        (
            "?category=connected&usable_for=google".to_owned(),
            &["gonly-google.com", "google-01.com", "microsoft-01.com"],
        ),
    ] {
        assert_eq!(list(&client, &query).await, expected, "{query}");
    }
    assert_eq!(list(&client, "?status=available").await, left_over);
    assert_eq!(
        list(&client, "?category=inventory&usable_for=microsoft").await,
        left_over
    );
    assert_eq!(
        row_of(&client, "microsoft-01.com").await["usable_for"],
        json!(["google"])
    );
    assert_eq!(
        row_of(&client, "gonly-google.com").await["usable_for"],
        json!(["google"])
    );
}

#[apply(on_both_engines!)]
async fn the_domains_of_an_order_and_one_by_name(app: &TestApp) {
    let client = app.client();
    let [google, microsoft, failed] = three_orders(app).await;
    let of_order = |order: &Value| format!("?order_id={}", order["id"].as_str().unwrap());
    let domains = ["gonly-google.com", "google-01.com"];
    for (query, expected) in [
        (of_order(&google), &domains[..]),
        (of_order(&microsoft), &["microsoft-01.com"]),
        (of_order(&failed), &[]),
        ("?order_id=ord_01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(), &[]),
        ("?domain=GOOGLE-01.com.".to_owned(), &["google-01.com"]),
        ("?domain=left-over.com".to_owned(), &["left-over.com"]),
        ("?domain=fail-it.com&category=connected".to_owned(), &[]),
        ("?domain=nobodys.com".to_owned(), &[]),
        (
            format!("{}&domain=google-01.com", of_order(&google)),
            &["google-01.com"],
        ),
        (
            format!("{}&domain=microsoft-01.com", of_order(&google)),
            &[],
        ),
        (format!("{}&status=available", of_order(&google)), &[]),
        (
            format!("{}&user_email=a@example.com", of_order(&google)),
            &domains,
        ),
    ] {
        assert_eq!(list(&client, &query).await, expected, "{query}");
    }
    let stranger = app.stranger().await;
    assert!(list(&stranger, &of_order(&google)).await.is_empty());
    assert!(list(&stranger, "?domain=google-01.com").await.is_empty());
}

#[apply(on_both_engines!)]
async fn a_page_of_an_orders_domains_is_of_no_other_order(app: &TestApp) {
    let client = app.client();
    let [google, microsoft, _] = three_orders(app).await;
    let path = |order: &Value| {
        let id = order["id"].as_str().unwrap();
        format!("/domains?order_id={id}&per_page=1")
    };
    let page = client.get(&path(&google)).await.expect(200);
    let next = page["links"]["next"].as_str().unwrap();
    let (_, query) = next.split_once('?').unwrap();
    assert!(query.contains(google["id"].as_str().unwrap()), "{next}");
    let rest = client.get(&format!("/domains?{query}")).await.expect(200);
    assert_eq!(rest["links"]["next"], Value::Null);
    assert_ne!(rest["data"][0]["id"], page["data"][0]["id"]);
    let token = query
        .split('&')
        .find(|part| part.starts_with("page_token="))
        .unwrap();
    for other in [
        path(&microsoft),
        format!("{}&domain=google-01.com", path(&google)),
        "/domains?per_page=1".to_owned(),
    ] {
        let error = client.get(&format!("{other}&{token}")).await;
        assert_eq!(
            error.error(400, "invalid_request")["field"],
            "page_token",
            "{other}"
        );
    }
}

#[apply(on_both_engines!)]
async fn a_filter_that_is_not_known_is_refused(app: &TestApp) {
    for (query, field) in [
        ("category=candidate", "category"),
        ("category=Inventory", "category"),
        ("status=pending", "status"),
        ("usable_for=yahoo", "usable_for"),
        ("user_id=nobody", "user_id"),
        ("user_id=ord_01ARZ3NDEKTSV4RRFFQ69G5FAV", "user_id"),
        ("user_email=nobody", "user_email"),
        ("order_id=dom_01ARZ3NDEKTSV4RRFFQ69G5FAV", "order_id"),
        ("order_id=", "order_id"),
        ("domain=mail.acme.com", "domain"),
        ("domain=", "domain"),
        ("name=acme.com", "name"),
    ] {
        let error = app
            .client()
            .get(&format!("/domains?{query}"))
            .await
            .error(400, "invalid_request");
        assert_eq!(error["field"], field, "{query}");
    }
}

#[apply(on_both_engines!)]
async fn a_domain_keeps_its_id(app: &TestApp) {
    let client = app.client();
    let fails = vec!["comes-back.com".to_owned(), "fail-first.com".to_owned()];
    client
        .post("/orders", custom_order(&fails))
        .await
        .expect(200);
    let first = row_of(&client, "comes-back.com").await;
    app.run_until_idle().await;
    assert_eq!(row_of(&client, "comes-back.com").await["id"], first["id"]);
    app.advance_seconds(60);
    client
        .post("/orders", custom_order(&["comes-back.com".to_owned()]))
        .await
        .expect(200);
    app.run_until_idle().await;
    let last = row_of(&client, "comes-back.com").await;
    assert_eq!(
        (&last["id"], &last["created_at"]),
        (&first["id"], &first["created_at"])
    );
    assert_ne!(last["order_id"], first["order_id"]);
    assert_eq!(last["status"], "active");
}
