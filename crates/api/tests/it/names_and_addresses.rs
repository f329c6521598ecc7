//! Names that people read and e-mail addresses have one form wherever they are given, and hide nothing.

use peeker_domain::Environment;
use peeker_testkit::{Client, TestApp, apply, custom_order, names, on_both_engines, with};
use serde_json::{Value, json};

/// One of each kind: zero-width, byte order mark, soft hyphen, directions, controls, line separator, tag, filler, a joiner
/// that joins nothing, a selector that selects nothing.
const HIDDEN: [char; 14] = [
    '\u{200B}',
    '\u{FEFF}',
    '\u{AD}',
    '\u{200F}',
    '\u{202E}',
    '\u{2066}',
    '\0',
    '\u{85}',
    '\u{2028}',
    '\u{E0061}',
    '\u{3164}',
    '\u{200C}',
    '\u{200D}',
    '\u{FE0F}',
];

fn user(email: &str) -> Value {
    json!({ "email": email, "sequencer": { "provider": "smartlead", "client_id": null } })
}

fn order_of(user: &str, domain: &str) -> Value {
    with(custom_order(&[domain.to_owned()]), "/user", json!(user))
}

/// Requests that each take a name: method, path, a body with `name` in its place, the field.
fn with_name(
    user: &str,
    bundle: &str,
    name: &str,
) -> Vec<(&'static str, String, Value, &'static str)> {
    let renaming = json!({ "domain_id": "dom_01KJZ4V1B6E8N2Q4R6S8T0V2W4", "personas": [
        { "first_name": "Sam", "last_name": name, "profile_picture_url": null },
    ]});
    let bundle_body = json!({ "name": name, "monthly_sending_volume": 1_000 });
    let user_body = |field: &str| {
        with(
            self::user("new@example.com"),
            &format!("/{field}"),
            json!(name),
        )
    };
    let persona = |field: &str| {
        let order = order_of("new@example.com", "acme-mail.com");
        with(order, &format!("/personas/0/{field}"), json!(name))
    };
    vec![
        (
            "post",
            "/users".into(),
            user_body("first_name"),
            "first_name",
        ),
        ("post", "/users".into(), user_body("last_name"), "last_name"),
        (
            "patch",
            user.into(),
            json!({ "first_name": name }),
            "first_name",
        ),
        (
            "patch",
            user.into(),
            json!({ "last_name": name }),
            "last_name",
        ),
        ("post", "/bundles".into(), bundle_body, "name"),
        ("patch", bundle.into(), json!({ "name": name }), "name"),
        (
            "post",
            "/orders".into(),
            persona("first_name"),
            "personas[0].first_name",
        ),
        (
            "post",
            "/orders".into(),
            persona("last_name"),
            "personas[0].last_name",
        ),
        (
            "post",
            "/orders/quote".into(),
            persona("last_name"),
            "personas[0].last_name",
        ),
        (
            "post",
            "/swaps/user_names".into(),
            renaming,
            "personas[0].last_name",
        ),
    ]
}

async fn path_of(client: &Client, list: &str, body: Value) -> String {
    let made = client.post(list, body).await.data(201);
    format!("{list}/{}", made["id"].as_str().unwrap())
}

async fn ids(client: &Client, path: &str) -> Vec<Value> {
    let rows = client.get(path).await.data(200);
    rows.as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].clone())
        .collect()
}

#[apply(on_both_engines!)]
async fn a_name_hides_nothing(app: &TestApp) {
    let client = app.client();
    let user = path_of(&client, "/users", user("sam@example.com")).await;
    let bundle = path_of(
        &client,
        "/bundles",
        json!({ "name": "Growth", "monthly_sending_volume": 1_000 }),
    )
    .await;
    let before = (
        client.get(&user).await.data(200),
        client.get(&bundle).await.data(200),
    );
    let rows = app.row_counts(Environment::Test).await;
    for hidden in HIDDEN {
        for (method, path, body, field) in with_name(&user, &bundle, &format!("Sam{hidden}Lee")) {
            let answer = match method {
                "patch" => client.patch(&path, body).await,
                _ => client.post(&path, body).await,
            };
            let error = answer.error(400, "invalid_request");
            assert_eq!(error["field"], field, "{hidden:?} in {path}");
            let message = error["message"].as_str().unwrap();
            assert!(
                message.contains(&format!("U+{:04X}", u32::from(hidden))),
                "{message}"
            );
            assert!(
                !message.contains(hidden),
                "{message:?} repeats what cannot be seen"
            );
        }
    }
    assert_eq!(
        (
            client.get(&user).await.data(200),
            client.get(&bundle).await.data(200)
        ),
        before
    );
    assert_eq!(app.row_counts(Environment::Test).await, rows);
}

#[apply(on_both_engines!)]
async fn what_a_script_needs_is_part_of_a_name(app: &TestApp) {
    let client = app.client();
    for (number, name) in [
        "مهدی\u{200C}زاده",
        "ශ\u{DCA}\u{200D}රී",
        "葛\u{E0100}城",
        "👩🏽\u{200D}💻 ❤\u{FE0F}",
        "O'Hara-Łukasz, Jr.",
    ]
    .into_iter()
    .enumerate()
    {
        let body = with(
            user(&format!("{number}@example.com")),
            "/last_name",
            json!(name),
        );
        assert_eq!(
            client.post("/users", body).await.data(201)["last_name"],
            name
        );
    }
    let mut order = custom_order(&names("domain", 1));
    order["personas"][0]["last_name"] = json!("مهدی\u{200C}زاده");
    let placed = client.post("/orders", order).await.data(200);
    app.run_until_idle().await;
    let order = client
        .get(&format!("/orders/{}", placed["id"].as_str().unwrap()))
        .await
        .data(200);
    assert_eq!(
        (&order["status"], &order["users"][0]["last_name"]),
        (&json!("completed"), &json!("مهدی\u{200C}زاده"))
    );
}

#[apply(on_both_engines!)]
async fn a_name_has_one_form(app: &TestApp) {
    let client = app.client();
    let body = with(
        user("sam@example.com"),
        "/first_name",
        json!(" Jose\u{301}\u{A0} Luis\u{3000}"),
    );
    assert_eq!(
        client.post("/users", body).await.data(201)["first_name"],
        "José Luis"
    );
    let bundle = json!({ "name": "Cafe\u{301}", "monthly_sending_volume": 1_000 });
    assert_eq!(
        client.post("/bundles", bundle).await.data(201)["name"],
        "Café"
    );

    let order = |name: &str| {
        with(
            custom_order(&names("domain", 1)),
            "/personas/0/first_name",
            json!(name),
        )
    };
    let original = client.post("/orders", order("José Luis")).await.data(200);
    let again = client
        .post("/orders", order("Jose\u{301}\u{2003}Luis"))
        .await
        .data(200);
    assert_eq!(again, original, "the same order");
    app.may_leave_jobs();
}

#[apply(on_both_engines!)]
async fn an_address_is_one_customer_in_every_spelling(app: &TestApp) {
    let client = app.client();
    let made = client
        .post("/users", user(" José@Bücher.example "))
        .await
        .data(201);
    assert_eq!(made["email"], "josé@xn--bcher-kva.example");
    let spellings = [
        "josé@xn--bcher-kva.example",
        "JOSÉ@XN--BCHER-KVA.EXAMPLE",
        "jose\u{301}@bu\u{308}cher.example",
        "ｊｏｓé@bücher。example",
    ];
    for same in spellings {
        let error = client
            .post("/users", user(same))
            .await
            .error(400, "invalid_request");
        assert_eq!(
            (&error["field"], &error["details"]["user"]),
            (&json!("email"), &made),
            "{same}"
        );
    }
    let other = client
        .post("/users", user("jose@bucher.example"))
        .await
        .data(201);
    let path = format!("/users/{}", other["id"].as_str().unwrap());
    let error = client
        .patch(&path, json!({ "email": spellings[2] }))
        .await
        .error(400, "invalid_request");
    assert_eq!(
        (&error["field"], &error["details"]["user"]),
        (&json!("email"), &made)
    );
    let path = format!("/users/{}", made["id"].as_str().unwrap());
    assert_eq!(
        client
            .patch(&path, json!({ "email": spellings[1] }))
            .await
            .data(200),
        made,
        "its own address"
    );
    for same in [
        "jos%C3%A9@b%C3%BCcher.example",
        "JOSE%CC%81@xn--bcher-kva.example",
    ] {
        assert_eq!(
            ids(&client, &format!("/users?email={same}")).await,
            [made["id"].clone()]
        );
    }
    assert_eq!(ids(&client, "/users").await.len(), 2);
}

#[apply(on_both_engines!)]
async fn orders_find_their_customer_in_every_spelling(app: &TestApp) {
    let client = app.client();
    let spelled = |user: &str, login: &str| {
        with(
            order_of(user, "replace-me.com"),
            "/sequencer/login_email",
            json!(login),
        )
    };
    let original = client
        .post(
            "/orders",
            spelled("a@bücher.example", "login@bücher.example"),
        )
        .await
        .data(200);
    assert_eq!(original["email"], "a@xn--bcher-kva.example");
    let same = spelled("A@xn--bcher-kva.example", "LOGIN@xn--bcher-kva.example");
    assert_eq!(
        client.post("/orders", same).await.data(200),
        original,
        "the same order"
    );
    client
        .post("/orders", order_of("a@bu\u{308}cher.example", "other.com"))
        .await
        .expect(200);
    assert_eq!(
        ids(&client, "/users").await,
        [original["user_id"].clone()],
        "one customer"
    );
    app.run_until_idle().await;
    for filter in ["a@b%C3%BCcher.example", "A@XN--BCHER-KVA.example"] {
        assert_eq!(
            ids(&client, &format!("/orders?user_email={filter}"))
                .await
                .len(),
            2
        );
        assert_eq!(
            ids(&client, &format!("/domains?user_email={filter}"))
                .await
                .len(),
            2
        );
        assert_eq!(
            ids(&client, &format!("/orders/pending?user={filter}"))
                .await
                .len(),
            1
        );
    }
    assert!(
        ids(&client, "/orders?user_email=a@bucher.example")
            .await
            .is_empty()
    );
}

#[apply(on_both_engines!)]
async fn an_address_hides_nothing(app: &TestApp) {
    let client = app.client();
    for bad in [
        "a\u{200B}@example.com",
        "a@exam\u{202E}ple.com",
        "\u{3164}@example.com",
        "a＠b@example.com",
        "a@xn--a.example",
        "a@b_c.example",
    ] {
        let error = client
            .post("/users", user(bad))
            .await
            .error(400, "invalid_request");
        assert_eq!(error["field"], "email", "{bad:?}");
        let error = client
            .post("/orders", order_of(bad, "acme.com"))
            .await
            .error(400, "invalid_request");
        assert_eq!(error["field"], "user", "{bad:?}");
    }
    assert!(ids(&client, "/users").await.is_empty());
}
