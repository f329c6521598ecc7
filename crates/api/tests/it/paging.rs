//! Keyset paging, which every list shares (contract §1).

use std::collections::BTreeMap;
use std::sync::Arc;

use peeker_app::clock::FrozenClock;
use peeker_app::{App, Hooks, MasterKey, Options, Settings, partners};
use peeker_domain::{Preset, Tier};
use peeker_testkit::{
    Client, EPOCH, Engine, TestApp, TestDatabase, apply, custom_order, names, on_both_engines, with,
};
use peeker_webhooks::{AddressPolicy, OutboundClient};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

/// How many customers the long walk starts with.
const WALKED: usize = 120;

async fn make_user(client: &Client, email: &str) -> String {
    let body =
        json!({ "email": email, "sequencer": { "provider": "smartlead", "client_id": null } });
    let user = client.post("/users", body).await.data(201);
    user["id"].as_str().unwrap().to_owned()
}

async fn make_users(client: &Client, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(make_user(client, &format!("user-{number}@example.com")).await);
    }
    ids
}

async fn delete(client: &Client, id: &str) {
    client.delete(&format!("/users/{id}")).await.expect(200);
}

/// The token of a page's next link.
fn token_of(page: &Value) -> String {
    let next = page["links"]["next"].as_str().unwrap();
    next.split_once("page_token=").unwrap().1.to_owned()
}

fn ids_of(page: &Value) -> Vec<String> {
    page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

async fn assert_refused(client: &Client, path: &str) {
    let error = client.get(path).await.error(400, "invalid_request");
    assert_eq!(error["field"], "page_token", "{path}");
}

#[apply(on_both_engines!)]
async fn a_walk_sees_each_row_that_stays_exactly_once(app: &TestApp) {
    let client = app.client();
    let start = make_users(&client, WALKED).await;
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut deleted = Vec::new();
    let mut link = Some("/users?status=active&per_page=10".to_owned());
    let mut pages = 0;
    while let Some(path) = link {
        let page = client.get(&path).await.expect(200);
        let ids = ids_of(&page);
        assert_eq!(page["meta"]["returned"], ids.len());
        for id in &ids {
            *seen.entry(id.clone()).or_default() += 1;
        }
        link = page["links"]["next"].as_str().map(str::to_owned);
        // Meanwhile one comes, and some go: one just seen, one still to come, and on every other page the very row
        // that the next page starts after.
        make_user(&client, &format!("late-{pages}@example.com")).await;
        let last = if pages % 2 == 0 { ids.last() } else { None };
        for gone in [&ids[0], &start[pages]].into_iter().chain(last) {
            delete(&client, gone).await;
            deleted.push(gone.clone());
        }
        app.advance_seconds(10);
        pages += 1;
    }
    assert!(pages >= 10, "{pages} pages");
    assert!(seen.values().all(|times| *times == 1), "{seen:?}");
    for id in start.iter().filter(|id| !deleted.contains(id)) {
        assert!(
            seen.contains_key(id),
            "{id} was there all the time and was not seen"
        );
    }
    assert!(
        seen.keys().all(|id| start.contains(id)),
        "rows that came later stand before the walk"
    );
}

#[apply(on_both_engines!)]
async fn pages_are_newest_first_and_the_last_one_has_no_next(app: &TestApp) {
    let client = app.client();
    let mut expected = make_users(&client, 5).await;
    expected.reverse();
    let first = client.get("/users?per_page=2").await.expect(200);
    let second = client
        .get(first["links"]["next"].as_str().unwrap())
        .await
        .expect(200);
    let third = client
        .get(second["links"]["next"].as_str().unwrap())
        .await
        .expect(200);
    assert_eq!(
        [ids_of(&first), ids_of(&second), ids_of(&third)].concat(),
        expected
    );
    assert_eq!(
        (&third["meta"]["returned"], &third["links"]["next"]),
        (&json!(1), &Value::Null)
    );
    for page in [&first, &second, &third] {
        assert_eq!(
            page["links"]["first"],
            "http://api.test/partner/v1/users?per_page=2"
        );
        assert_eq!(
            (&page["meta"]["path"], &page["meta"]["per_page"]),
            (&json!("http://api.test/partner/v1/users"), &json!(2))
        );
    }
    // A page that is exactly full, with nothing behind it.
    let whole = client.get("/users?per_page=5").await.expect(200);
    assert_eq!(
        (ids_of(&whole), &whole["links"]["next"]),
        (expected, &Value::Null)
    );
}

#[apply(on_both_engines!)]
async fn an_empty_list_is_a_page(app: &TestApp) {
    for path in ["/users", "/bundles", "/domains", "/orders"] {
        let address = format!("http://api.test/partner/v1{path}");
        assert_eq!(
            app.client().get(path).await.expect(200),
            json!({
                "data": [],
                "links": { "first": format!("{address}?per_page=25"), "next": null },
                "meta": { "path": address, "per_page": 25, "returned": 0 },
            })
        );
    }
}

#[apply(on_both_engines!)]
async fn a_page_has_1_to_100_rows_and_25_by_default(app: &TestApp) {
    let client = app.client();
    make_users(&client, 101).await;
    for (query, returned) in [("", 25), ("?per_page=1", 1), ("?per_page=100", 100)] {
        let page = client.get(&format!("/users{query}")).await.expect(200);
        assert_eq!(
            (&page["meta"]["returned"], &page["meta"]["per_page"]),
            (&json!(returned), &json!(returned))
        );
        assert!(page["links"]["next"].is_string(), "{query}");
    }
    for bad in ["0", "101", "-1", "1.0", "ten", "", "4294967297", "%20"] {
        for list in ["/users", "/bundles", "/domains", "/orders"] {
            let error = client
                .get(&format!("{list}?per_page={bad}"))
                .await
                .error(400, "invalid_request");
            assert_eq!(error["field"], "per_page", "{bad}");
        }
    }
    let error = client
        .get("/users?per_page=10&per_page=10")
        .await
        .error(400, "invalid_request");
    assert_eq!(error["field"], "per_page");
    let error = client
        .get("/users?page=2")
        .await
        .error(400, "invalid_request");
    assert_eq!(error["field"], "page");
}

#[apply(on_both_engines!)]
async fn links_echo_filters_in_their_normal_form(app: &TestApp) {
    let client = app.client();
    let page = client
        .get("/users?status=active&email=A%2Bb@Example.com&per_page=7")
        .await
        .expect(200);
    assert_eq!(
        page["links"]["first"],
        "http://api.test/partner/v1/users?per_page=7&email=a%2Bb%40example.com&status=active"
    );
    make_users(&client, 3).await;
    for prefix in ["/partner/v1", "/api/partner/v1"] {
        let first = format!("http://api.test{prefix}/users?per_page=1&status=active");
        let page = client.get(&first).await.expect(200);
        assert_eq!(page["links"]["first"], first);
        let next = page["links"]["next"].as_str().unwrap();
        assert!(next.starts_with(&format!("{first}&page_token=")), "{next}");
        assert_eq!(client.get(next).await.expect(200)["links"]["first"], first);
    }
}

#[apply(on_both_engines!)]
async fn links_keep_the_scheme_that_was_asked_for(app: &TestApp) {
    let address = "https://api.test/partner/v1/users";
    let page = app.client().get(address).await.expect(200);
    assert_eq!(page["meta"]["path"], address);
}

#[apply(on_both_engines!)]
async fn a_token_is_good_for_its_list_and_filters_only(app: &TestApp) {
    let client = app.client();
    make_users(&client, 3).await;
    let token = token_of(
        &client
            .get("/users?per_page=1&status=active")
            .await
            .expect(200),
    );
    let good = format!("/users?per_page=1&status=active&page_token={token}");
    let second = client.get(&good).await.expect(200);
    // Neither the page size, the order of parameters, the prefix nor the key of the account matters.
    let other_key = app.client_with(&app.key(Preset::Read, 600).await);
    let alias = "http://api.test/api/partner/v1/users";
    for (client, path) in [
        (
            &client,
            format!("/users?page_token={token}&status=active&per_page=2"),
        ),
        (&client, format!("{alias}?status=active&page_token={token}")),
        (&other_key, good.clone()),
    ] {
        assert_eq!(
            client.get(&path).await.data(200)[0],
            second["data"][0],
            "{path}"
        );
    }
    for path in [
        format!("/users?page_token={token}"),
        format!("/users?status=deleted&page_token={token}"),
        format!("/users?status=active&email=a@example.com&page_token={token}"),
        format!("/bundles?status=active&page_token={token}"),
        format!("/domains?status=active&page_token={token}"),
        format!("/orders?page_token={token}"),
    ] {
        assert_refused(&client, &path).await;
    }
    assert_refused(&app.stranger().await, &good).await;
    assert_refused(&app.live_client(), &good).await;
}

#[apply(on_both_engines!)]
async fn a_token_for_the_inboxes_of_one_order_is_no_good_for_another(app: &TestApp) {
    let client = app.client();
    let mut paths = Vec::new();
    for prefix in ["one", "two"] {
        let order = with(
            custom_order(&names(prefix, 2)),
            "/user",
            json!(format!("{prefix}@example.com")),
        );
        let order = client.post("/orders", order).await.data(200);
        paths.push(format!(
            "/orders/{}/inboxes?per_page=3",
            order["id"].as_str().unwrap()
        ));
    }
    app.run_until_idle().await;
    let token = token_of(&client.get(&paths[0]).await.expect(200));
    let rest = client
        .get(&format!("{}&page_token={token}", paths[0]))
        .await
        .expect(200);
    assert_eq!(
        (&rest["meta"]["returned"], &rest["links"]["next"]),
        (&json!(1), &Value::Null)
    );
    assert_refused(&client, &format!("{}&page_token={token}", paths[1])).await;
}

#[apply(on_both_engines!)]
async fn a_token_that_was_changed_is_refused(app: &TestApp) {
    let client = app.client();
    make_users(&client, 2).await;
    let token = token_of(&client.get("/users?per_page=1").await.expect(200));
    let flipped = |index: usize| {
        let mut bytes = token.clone().into_bytes();
        bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    for bad in [
        flipped(0),
        flipped(token.len() / 2),
        flipped(token.len() - 2),
        token[1..].to_owned(),
        format!("{token}A"),
        format!("{token}%3D"),
        String::new(),
        "0".to_owned(),
        "usr_01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
        "%00".to_owned(),
        "%FF".to_owned(),
        "x".repeat(5_000),
    ] {
        assert_refused(&client, &format!("/users?per_page=1&page_token={bad}")).await;
    }
    client
        .get(&format!("/users?per_page=1&page_token={token}"))
        .await
        .expect(200);
}

#[apply(on_both_engines!)]
async fn a_token_outlives_a_restart_and_works_on_every_server(app: &TestApp) {
    let client = app.client();
    let ids = make_users(&client, 2).await;
    let token = token_of(&client.get("/users?per_page=1").await.expect(200));
    let other = app.client_of(&app.another_server().await);
    let page = other
        .get(&format!("/users?per_page=1&page_token={token}"))
        .await
        .expect(200);
    assert_eq!(ids_of(&page), [ids[0].clone()]);
}

/// An app whose operator has named the public origin, and a client of its first partner.
async fn app_at(database: &TestDatabase, public_url: &str) -> (App, String) {
    let options = Options {
        location: database.location.clone(),
        master_key: MasterKey::from_bytes([42; 32]),
        clock: Arc::new(FrozenClock::at(EPOCH)),
        settings: Settings {
            public_url: Some(public_url.to_owned()),
            ..Settings::default()
        },
        outbound: OutboundClient::new(AddressPolicy::development(), false).unwrap(),
        hooks: Hooks::default(),
    };
    let app = App::start(options).await.unwrap();
    let partner = partners::create(&app, "Initech", Tier::Base).await.unwrap();
    (app, partner.test_key.expose_secret().to_owned())
}

#[tokio::test]
async fn links_start_with_the_public_address_when_there_is_one() {
    let app = TestApp::start(Engine::Sqlite).await;
    let database = TestDatabase::create(Engine::Sqlite).await;
    let (public, key) = app_at(&database, "https://api.example.com/").await;
    // The client of the test app carries a key that the public app does not know, so the key is given here.
    let anonymous = app.client_of(&public);
    let mut request = anonymous.request(axum::http::Method::GET, "/users");
    request
        .headers_mut()
        .unwrap()
        .insert("authorization", format!("Bearer {key}").parse().unwrap());
    let page = anonymous
        .send(request.body(axum::body::Body::empty()).unwrap())
        .await
        .expect(200);
    assert_eq!(
        page["links"]["first"],
        "https://api.example.com/partner/v1/users?per_page=25"
    );
    assert_eq!(
        page["meta"]["path"],
        "https://api.example.com/partner/v1/users"
    );
    app.finish().await;
}
