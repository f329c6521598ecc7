//! `GET /orders/{id}/inboxes`, and the names that inboxes get.

use std::collections::BTreeSet;

use peeker_testkit::{
    Client, TestApp, apply, custom_order, microsoft_order, mixed_order, names, on_both_engines,
    with,
};
use serde_json::{Value, json};

/// Places an order, carries it to completed and gives back its id.
async fn complete(app: &TestApp, client: &Client, order: Value) -> String {
    let placed = client.post("/orders", order).await.data(200);
    let id = placed["id"].as_str().unwrap().to_owned();
    app.run_until_idle().await;
    assert_eq!(
        client.get(&format!("/orders/{id}")).await.data(200)["status"],
        "completed"
    );
    id
}

async fn inboxes(client: &Client, order: &str) -> Vec<Value> {
    let page = client
        .get(&format!("/orders/{order}/inboxes?per_page=100"))
        .await
        .expect(200);
    assert_eq!(page["links"]["next"], json!(null));
    page["data"].as_array().unwrap().clone()
}

fn addresses(inboxes: &[Value]) -> BTreeSet<String> {
    inboxes
        .iter()
        .map(|inbox| inbox["email"].as_str().unwrap().to_owned())
        .collect()
}

fn people(count: usize) -> Value {
    let person = |number| {
        let last_name = format!("Lee{}", char::from(b'a' + u8::try_from(number).unwrap()));
        json!({ "first_name": "Sam", "last_name": last_name, "profile_picture_url": null })
    };
    (0..count).map(person).collect()
}

#[apply(on_both_engines!)]
async fn an_inbox_shows_where_it_lives_and_whose_name_it_bears(app: &TestApp) {
    let client = app.client();
    let id = complete(
        app,
        &client,
        mixed_order((2, 2), (1, 25), &names("domain", 2)),
    )
    .await;
    let domains = client.get("/domains").await.data(200);
    let domain_id = |name: &str| {
        let row = domains
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["domain"] == name);
        row.unwrap()["id"].clone()
    };
    let inboxes = inboxes(&client, &id).await;
    assert_eq!(inboxes.len(), 27);
    for inbox in &inboxes {
        let domain = inbox["domain"].as_str().unwrap();
        let provider = if domain == "domain-01.com" {
            "google"
        } else {
            "microsoft"
        };
        assert!(inbox["id"].as_str().unwrap().starts_with("inb_"));
        assert!(
            inbox["email"]
                .as_str()
                .unwrap()
                .ends_with(&format!("@{domain}"))
        );
        assert_eq!(
            *inbox,
            json!({
                "id": inbox["id"],
                "email": inbox["email"],
                "first_name": "Sam",
                "last_name": "Lee",
                "provider": provider,
                "domain_id": domain_id(domain),
                "domain": domain,
                "status": "active",
                "created_at": "2026-05-08T12:00:00Z",
            })
        );
    }
    let google = addresses(&inboxes)
        .into_iter()
        .filter(|address| address.ends_with("@domain-01.com"));
    assert_eq!(
        google.collect::<Vec<_>>(),
        ["sam.lee@domain-01.com", "samlee@domain-01.com"]
    );
}

#[apply(on_both_engines!)]
async fn there_are_none_before_the_work_reaches_their_domain(app: &TestApp) {
    let client = app.client();
    let placed = client
        .post("/orders", custom_order(&names("domain", 1)))
        .await
        .data(200);
    assert_eq!(
        inboxes(&client, placed["id"].as_str().unwrap()).await,
        [] as [Value; 0]
    );
    app.run_until_idle().await;
    assert_eq!(
        inboxes(&client, placed["id"].as_str().unwrap()).await.len(),
        2
    );
}

#[apply(on_both_engines!)]
async fn ninety_nine_on_one_microsoft_domain(app: &TestApp) {
    let client = app.client();
    let id = complete(app, &client, microsoft_order((1, 99), &names("domain", 1))).await;
    let inboxes = inboxes(&client, &id).await;
    assert_eq!((inboxes.len(), addresses(&inboxes).len()), (99, 99));
    for address in addresses(&inboxes) {
        let (local, domain) = address.split_once('@').unwrap();
        assert_eq!(domain, "domain-01.com");
        assert!(
            local.len() <= 64
                && local
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || b"0123456789._-".contains(&byte))
        );
    }
}

#[apply(on_both_engines!)]
async fn each_persona_is_used(app: &TestApp) {
    let client = app.client();
    let google = with(custom_order(&names("google", 5)), "/personas", people(10));
    let microsoft = with(
        microsoft_order((1, 25), &names("microsoft", 1)),
        "/personas",
        people(10),
    );
    for order in [google, microsoft] {
        let id = complete(app, &client, order).await;
        let inboxes = inboxes(&client, &id).await;
        let used: BTreeSet<&str> = inboxes
            .iter()
            .map(|inbox| inbox["last_name"].as_str().unwrap())
            .collect();
        assert_eq!(used.len(), 10);
    }
}

#[apply(on_both_engines!)]
async fn names_are_unique_on_a_domain_and_the_same_wherever_the_order_is_placed(app: &TestApp) {
    let personas = json!([
        { "first_name": "Zoë", "last_name": "Müller", "profile_picture_url": null },
        { "first_name": "Zoe", "last_name": "Muller", "profile_picture_url": null },
        { "first_name": "🦀", "last_name": "李", "profile_picture_url": null },
    ]);
    let order = with(
        mixed_order((6, 3), (1, 99), &names("domain", 3)),
        "/personas",
        personas,
    );
    let mut all = Vec::new();
    for client in [app.client(), app.stranger().await] {
        let id = complete(app, &client, order.clone()).await;
        let mut found = Vec::new();
        let mut next = Some(format!("/orders/{id}/inboxes?per_page=50"));
        while let Some(path) = next {
            let page = client.get(&path).await.expect(200);
            found.extend(page["data"].as_array().unwrap().clone());
            next = page["links"]["next"].as_str().map(str::to_owned);
        }
        assert_eq!((found.len(), addresses(&found).len()), (105, 105));
        all.push(addresses(&found));
    }
    assert_eq!(all[0], all[1]);
}

#[apply(on_both_engines!)]
async fn pages_hold_each_inbox_once(app: &TestApp) {
    let client = app.client();
    let id = complete(app, &client, microsoft_order((2, 25), &names("domain", 2))).await;
    let mut path = format!("/orders/{id}/inboxes?per_page=20");
    let mut found = Vec::new();
    for size in [20, 20, 10] {
        let page = client.get(&path).await.expect(200);
        assert_eq!(
            (
                page["data"].as_array().unwrap().len(),
                page["meta"]["returned"].as_u64()
            ),
            (size, Some(size as u64))
        );
        found.extend(page["data"].as_array().unwrap().clone());
        path = page["links"]["next"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
    }
    assert_eq!(path, "");
    let ids: Vec<&str> = found
        .iter()
        .map(|inbox| inbox["id"].as_str().unwrap())
        .collect();
    assert!(
        ids.is_sorted_by(|newer, older| newer > older),
        "newest first, none twice"
    );

    let token = client
        .get(&format!("/orders/{id}/inboxes?per_page=20"))
        .await
        .expect(200);
    let token = token["links"]["next"]
        .as_str()
        .unwrap()
        .split("page_token=")
        .nth(1)
        .unwrap()
        .to_owned();
    let other = complete(app, &client, custom_order(&names("other", 1))).await;
    let error = client
        .get(&format!("/orders/{other}/inboxes?page_token={token}"))
        .await
        .error(400, "invalid_request");
    assert_eq!(
        error["field"], "page_token",
        "a token is good for its own order only"
    );
    let error = client
        .get(&format!("/orders/{id}/inboxes?status=active"))
        .await
        .error(400, "invalid_request");
    assert_eq!(error["field"], "status", "there are no filters");
}
