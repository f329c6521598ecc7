//! `/users`: customers.

use peeker_testkit::{Client, TestApp, apply, custom_order, names, on_both_engines, with, without};
use serde_json::{Value, json};

fn sam() -> Value {
    json!({
        "email": "sam@example.com",
        "first_name": "Sam",
        "last_name": "Lee",
        "sequencer": { "provider": "smartlead", "client_id": 366_903 },
    })
}

fn bare(email: &str) -> Value {
    json!({ "email": email, "sequencer": { "provider": "smartlead", "client_id": null } })
}

fn path_of(user: &Value) -> String {
    format!("/users/{}", user["id"].as_str().unwrap())
}

/// The wrong fields of a refusal, in order.
fn fields(error: &Value) -> Vec<&str> {
    let violations = error["details"]["violations"].as_array().unwrap();
    violations
        .iter()
        .map(|violation| violation["field"].as_str().unwrap())
        .collect()
}

async fn emails(client: &Client, path: &str) -> Vec<String> {
    let rows = client.get(path).await.data(200);
    rows.as_array()
        .unwrap()
        .iter()
        .map(|user| user["email"].as_str().unwrap().to_owned())
        .collect()
}

#[apply(on_both_engines!)]
async fn a_customer_is_made_and_read(app: &TestApp) {
    let client = app.client();
    let user = client.post("/users", sam()).await.data(201);
    let id = user["id"].as_str().unwrap();
    assert!(id.starts_with("usr_") && id.len() == 30, "{id}");
    assert_eq!(
        user,
        json!({
            "id": id,
            "email": "sam@example.com",
            "first_name": "Sam",
            "last_name": "Lee",
            "status": "active",
            "sequencer": { "provider": "smartlead", "client_id": 366_903 },
            "created_at": "2026-05-08T12:00:00Z",
        })
    );
    assert_eq!(client.get(&format!("/users/{id}")).await.data(200), user);
    assert_eq!(client.get("/users").await.data(200), json!([user]));
}

#[apply(on_both_engines!)]
async fn names_may_be_left_out_or_empty(app: &TestApp) {
    let client = app.client();
    for (number, names) in [
        json!({}),
        json!({ "first_name": null, "last_name": null }),
        json!({ "first_name": "", "last_name": "  " }),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = bare(&format!("{number}@example.com"));
        body.as_object_mut()
            .unwrap()
            .append(&mut names.as_object().unwrap().clone());
        let user = client.post("/users", body).await.data(201);
        assert_eq!(
            (&user["first_name"], &user["last_name"]),
            (&Value::Null, &Value::Null)
        );
    }
}

#[apply(on_both_engines!)]
async fn texts_are_trimmed_and_addresses_lower_cased(app: &TestApp) {
    let body = with(
        with(sam(), "/email", json!(" Sam.LEE@Example.COM ")),
        "/first_name",
        json!(" Sam "),
    );
    let user = app.client().post("/users", body).await.data(201);
    assert_eq!(
        (&user["email"], &user["first_name"]),
        (&json!("sam.lee@example.com"), &json!("Sam"))
    );
}

#[apply(on_both_engines!)]
async fn a_client_id_has_one_form(app: &TestApp) {
    let client = app.client();
    for (number, (sent, kept)) in [
        (json!(366_903), json!(366_903)),
        (json!("366903"), json!(366_903)),
        (json!(0), json!(0)),
        (json!(u64::MAX), json!(u64::MAX)),
        (json!("007"), json!("007")),
        (json!(" team-a "), json!("team-a")),
        (json!(""), Value::Null),
        (json!("  "), Value::Null),
        (Value::Null, Value::Null),
    ]
    .into_iter()
    .enumerate()
    {
        let body = with(
            bare(&format!("{number}@example.com")),
            "/sequencer/client_id",
            sent.clone(),
        );
        let user = client.post("/users", body).await.data(201);
        assert_eq!(user["sequencer"]["client_id"], kept, "{sent}");
        assert_eq!(client.get(&path_of(&user)).await.data(200), user);
    }
}

#[apply(on_both_engines!)]
async fn all_problems_of_a_body_are_told_at_once(app: &TestApp) {
    let client = app.client();
    let body = json!({
        "email": "nobody",
        "first_name": "x".repeat(101),
        "last_name": 7,
        "sequencer": { "provider": "other", "client_id": -1, "login": "x" },
        "frist_name": "Sam",
    });
    let error = client
        .post("/users", body)
        .await
        .error(400, "invalid_request");
    assert_eq!(error["field"], "email");
    assert_eq!(
        fields(&error),
        [
            "email",
            "first_name",
            "last_name",
            "sequencer.provider",
            "sequencer.client_id",
            "sequencer.login",
            "frist_name",
        ]
    );
    let first = &error["details"]["violations"][0];
    assert_eq!(error["message"], first["message"]);
    for violation in error["details"]["violations"].as_array().unwrap() {
        let (field, message) = (
            violation["field"].as_str().unwrap(),
            violation["message"].as_str().unwrap(),
        );
        assert!(message.starts_with(field), "{violation}");
    }
    let error = client
        .post("/users", json!({}))
        .await
        .error(400, "invalid_request");
    assert_eq!(fields(&error), ["email", "sequencer"]);
    assert_eq!(client.get("/users").await.data(200), json!([]));
}

#[apply(on_both_engines!)]
async fn each_wrong_field_is_named(app: &TestApp) {
    let client = app.client();
    for (pointer, value, field) in [
        ("/email", json!(null), "email"),
        ("/email", json!(""), "email"),
        ("/email", json!(7), "email"),
        ("/email", json!("a@b"), "email"),
        (
            "/email",
            json!(format!("{}@example.com", "x".repeat(65))),
            "email",
        ),
        ("/first_name", json!("a\u{0}b"), "first_name"),
        ("/first_name", json!("a\nb"), "first_name"),
        ("/first_name", json!(["Sam"]), "first_name"),
        ("/last_name", json!("x".repeat(101)), "last_name"),
        ("/sequencer", json!(null), "sequencer"),
        ("/sequencer", json!("smartlead"), "sequencer"),
        ("/sequencer/provider", json!(null), "sequencer.provider"),
        ("/sequencer/client_id", json!(1.5), "sequencer.client_id"),
        ("/sequencer/client_id", json!(true), "sequencer.client_id"),
        ("/sequencer/client_id", json!({}), "sequencer.client_id"),
        (
            "/sequencer/client_id",
            json!("x".repeat(101)),
            "sequencer.client_id",
        ),
        ("/sequencer/clientid", json!(1), "sequencer.clientid"),
        ("/status", json!("deleted"), "status"),
        ("/id", json!("usr_1"), "id"),
    ] {
        let response = client
            .post("/users", with(sam(), pointer, value.clone()))
            .await;
        assert_eq!(response.status, 400, "{pointer} {value}: {}", response.text);
        let error = response.error(400, "invalid_request");
        assert_eq!(error["field"], field, "{pointer} {value}");
        assert!(
            error["details"].is_null(),
            "a single problem needs no list: {error}"
        );
    }
    for pointer in [
        "/email",
        "/sequencer",
        "/sequencer/provider",
        "/sequencer/client_id",
    ] {
        let error = client
            .post("/users", without(sam(), pointer))
            .await
            .error(400, "invalid_request");
        assert_eq!(error["field"], pointer[1..].replace('/', "."));
    }
    client
        .post("/users", with(sam(), "/first_name", json!("ä".repeat(100))))
        .await
        .expect(201);
}

#[apply(on_both_engines!)]
async fn another_sequencer_has_a_code_of_its_own(app: &TestApp) {
    let client = app.client();
    let user = client.post("/users", sam()).await.data(201);
    let other = with(
        bare("b@example.com"),
        "/sequencer/provider",
        json!("instantly"),
    );
    let error = client
        .post("/users", other.clone())
        .await
        .error(400, "provider_not_supported");
    assert_eq!(error["field"], "sequencer.provider");
    let patch = json!({ "sequencer": other["sequencer"] });
    let error = client
        .patch(&path_of(&user), patch)
        .await
        .error(400, "provider_not_supported");
    assert_eq!(error["field"], "sequencer.provider");
}

#[apply(on_both_engines!)]
async fn an_address_in_use_shows_who_has_it(app: &TestApp) {
    let client = app.client();
    let user = client.post("/users", sam()).await.data(201);
    let again = bare("SAM@example.com");
    let error = client
        .post("/users", again.clone())
        .await
        .error(400, "invalid_request");
    assert_eq!(error["field"], "email");
    assert_eq!(error["details"], json!({ "user": user }));

    let deleted = client.delete(&path_of(&user)).await.data(200);
    let error = client
        .post("/users", again)
        .await
        .error(400, "invalid_request");
    assert_eq!(error["field"], "email");
    assert_eq!(error["details"], json!({ "user": deleted }));
    assert_eq!(error["details"]["user"]["status"], "deleted");

    let other = client.post("/users", bare("b@example.com")).await.data(201);
    let error = client
        .patch(&path_of(&other), json!({ "email": "sam@example.com" }))
        .await
        .error(400, "invalid_request");
    assert_eq!(error["field"], "email");
    assert_eq!(error["details"], json!({ "user": deleted }));
    assert_eq!(client.get(&path_of(&other)).await.data(200), other);
}

#[apply(on_both_engines!)]
async fn many_at_once_make_one_customer(app: &TestApp) {
    let client = app.client();
    let requests = (0..16).map(|_| client.post("/users", sam()));
    let statuses: Vec<u16> = futures::future::join_all(requests)
        .await
        .iter()
        .map(|response| response.status.as_u16())
        .collect();
    assert_eq!(
        statuses.iter().filter(|status| **status == 201).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 400).count(),
        15,
        "{statuses:?}"
    );
    assert_eq!(emails(&client, "/users").await, ["sam@example.com"]);
}

#[apply(on_both_engines!)]
async fn the_list_is_filtered_newest_first(app: &TestApp) {
    let client = app.client();
    for email in ["a@example.com", "b+x@example.com", "c@example.com"] {
        client.post("/users", bare(email)).await.expect(201);
        app.advance_seconds(1);
    }
    let b = client
        .get("/users?email=B%2Bx%40example.com")
        .await
        .data(200)[0]
        .clone();
    client.delete(&path_of(&b)).await.expect(200);
    for (path, expected) in [
        (
            "/users",
            &["c@example.com", "b+x@example.com", "a@example.com"][..],
        ),
        ("/users?status=active", &["c@example.com", "a@example.com"]),
        ("/users?status=deleted", &["b+x@example.com"]),
        (
            "/users?email=b%2Bx@example.com&status=deleted",
            &["b+x@example.com"],
        ),
        ("/users?email=b%2Bx@example.com&status=active", &[]),
        ("/users?email=d@example.com", &[]),
    ] {
        assert_eq!(emails(&client, path).await, expected, "{path}");
    }
    for (query, field) in [
        ("status=gone", "status"),
        ("status=", "status"),
        ("email=nobody", "email"),
        ("name=Sam", "name"),
        ("status=active&status=active", "status"),
    ] {
        let error = client
            .get(&format!("/users?{query}"))
            .await
            .error(400, "invalid_request");
        assert_eq!(error["field"], field, "{query}");
    }
}

#[apply(on_both_engines!)]
async fn a_patch_changes_what_it_names_and_nothing_else(app: &TestApp) {
    let client = app.client();
    let mut user = client.post("/users", sam()).await.data(201);
    let path = path_of(&user);
    app.advance_seconds(60);
    for (patch, pointer, value) in [
        (json!({}), "/status", json!("active")),
        (
            json!({ "first_name": "Samantha" }),
            "/first_name",
            json!("Samantha"),
        ),
        (json!({ "last_name": null }), "/last_name", Value::Null),
        (json!({ "last_name": "Li" }), "/last_name", json!("Li")),
        (json!({ "last_name": "" }), "/last_name", Value::Null),
        (
            json!({ "email": "Sam@Example.com" }),
            "/email",
            json!("sam@example.com"),
        ),
        (
            json!({ "email": "new@example.com" }),
            "/email",
            json!("new@example.com"),
        ),
        (
            json!({ "sequencer": { "provider": "smartlead", "client_id": "12" } }),
            "/sequencer/client_id",
            json!(12),
        ),
        (
            json!({ "sequencer": { "provider": "smartlead", "client_id": "" } }),
            "/sequencer/client_id",
            Value::Null,
        ),
    ] {
        user = with(user, pointer, value);
        assert_eq!(
            client.patch(&path, patch.clone()).await.data(200),
            user,
            "{patch}"
        );
        assert_eq!(client.get(&path).await.data(200), user, "{patch}");
    }
    // The address that was given up is free again.
    client.post("/users", sam()).await.expect(201);
}

#[apply(on_both_engines!)]
async fn a_wrong_patch_changes_nothing(app: &TestApp) {
    let client = app.client();
    let user = client.post("/users", sam()).await.data(201);
    let path = path_of(&user);
    for (patch, field) in [
        (json!({ "first_name": "New", "email": null }), "email"),
        (json!({ "first_name": "New", "email": "nobody" }), "email"),
        (
            json!({ "first_name": "New", "sequencer": null }),
            "sequencer",
        ),
        (
            json!({ "first_name": "New", "sequencer": { "provider": "smartlead" } }),
            "sequencer.client_id",
        ),
        (
            json!({ "first_name": "New", "status": "deleted" }),
            "status",
        ),
        (
            json!({ "first_name": "New", "created_at": "2026-01-01T00:00:00Z" }),
            "created_at",
        ),
        (json!({ "first_name": 7 }), "first_name"),
    ] {
        let error = client
            .patch(&path, patch.clone())
            .await
            .error(400, "invalid_request");
        assert_eq!(error["field"], field, "{patch}");
    }
    let patch = json!({ "email": "x", "last_name": [], "sequencer": 1, "name": "" });
    let error = client
        .patch(&path, patch)
        .await
        .error(400, "invalid_request");
    assert_eq!(fields(&error), ["email", "last_name", "sequencer", "name"]);
    assert_eq!(client.get(&path).await.data(200), user);
}

#[apply(on_both_engines!)]
async fn deleting_again_gives_the_same_answer(app: &TestApp) {
    let client = app.client();
    let user = client.post("/users", sam()).await.data(201);
    let path = path_of(&user);
    let deleted = with(user, "/status", json!("deleted"));
    assert_eq!(client.delete(&path).await.data(200), deleted);
    assert_eq!(client.delete(&path).await.data(200), deleted);
    assert_eq!(client.get(&path).await.data(200), deleted);
}

#[apply(on_both_engines!)]
async fn orders_and_domains_stay_with_a_deleted_customer(app: &TestApp) {
    let client = app.client();
    let order = client
        .post("/orders", custom_order(&names("stays", 1)))
        .await
        .data(200);
    let user = order["user_id"].as_str().unwrap();
    client.delete(&format!("/users/{user}")).await.expect(200);
    app.run_until_idle().await;
    for list in ["/orders", "/domains"] {
        let rows = client
            .get(&format!("{list}?user_id={user}"))
            .await
            .data(200);
        assert_eq!(rows.as_array().unwrap().len(), 1, "{list}");
    }
    let detail = client
        .get(&format!("/orders/{}", order["id"].as_str().unwrap()))
        .await
        .data(200);
    assert_eq!(
        (&detail["status"], &detail["user_id"]),
        (&json!("completed"), &json!(user))
    );
}

#[apply(on_both_engines!)]
async fn the_live_key_has_customers_of_its_own(app: &TestApp) {
    let (test, live) = (app.client(), app.live_client());
    let ours = test.post("/users", sam()).await.data(201);
    let theirs = live.post("/users", sam()).await.data(201);
    assert_ne!(ours["id"], theirs["id"]);
    let renamed = live
        .patch(&path_of(&theirs), json!({ "first_name": "Live" }))
        .await
        .data(200);
    assert_eq!(live.get("/users").await.data(200), json!([renamed]));
    assert_eq!(
        live.delete(&path_of(&theirs)).await.data(200)["status"],
        "deleted"
    );
    assert_eq!(test.get(&path_of(&ours)).await.data(200), ours);
}
