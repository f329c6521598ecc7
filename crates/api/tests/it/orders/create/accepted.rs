use peeker_testkit::{
    TestApp, apply, bundle_of_ten, bundle_order, custom_order, microsoft_order, mixed_order, names,
    on_both_engines, stock, with,
};
use serde_json::{Value, json};

use super::order;

fn line(kind: &str, quantity: u32, amount_cents: u32) -> Value {
    json!({ "type": kind, "quantity": quantity, "amount_cents": amount_cents })
}

#[apply(on_both_engines!)]
async fn a_custom_order(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let placed = client
        .post("/orders", mixed_order((4, 2), (1, 25), &names("domain", 3)))
        .await
        .data(200);
    let user = client
        .get("/users?email=client@example.com")
        .await
        .data(200)[0]["id"]
        .clone();
    assert!(placed["id"].as_str().unwrap().starts_with("ord_"));
    assert_eq!(
        placed,
        json!({
            "id": placed["id"],
            "user_id": user,
            "email": "client@example.com",
            "bundle_id": null,
            "status": "in_progress",
            "domain_count": 3,
            "costs": { "total_cents": 400 + 900 + 9_900, "currency": "usd" },
            "renews_at": "2026-06-08T12:00:00Z",
            "created_at": "2026-05-08T12:00:00Z",
        })
    );
}

#[apply(on_both_engines!)]
async fn a_bundle_order_takes_the_licenses_that_fill_its_domains(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let bundle = client.post("/bundles", bundle_of_ten()).await.data(201);
    assert_eq!(
        bundle["required_domains"],
        json!({ "google": 8, "microsoft": 2, "total": 10 })
    );
    let bundle_id = bundle["id"].as_str().unwrap();
    let placed = client
        .post("/orders", bundle_order(bundle_id, &names("domain", 10)))
        .await
        .data(200);
    assert_eq!(placed["bundle_id"], bundle_id);
    assert_eq!(
        placed["costs"]["total_cents"],
        16 * 100 + 2 * 900 + 10 * 3_300
    );
    let detail = client
        .get(&format!("/orders/{}", placed["id"].as_str().unwrap()))
        .await
        .data(200);
    assert_eq!(detail["inbox_count"], 16 + 2 * 50);
}

#[apply(on_both_engines!)]
async fn owned_domains_are_used_as_they_are(app: &TestApp) {
    app.may_leave_jobs();
    let owned = names("owned", 2);
    stock(app, &owned).await;
    let mut domains = owned.clone();
    domains.extend(names("domain", 10));
    let client = app.client();
    let placed = client
        .post("/orders", mixed_order((20, 2), (2, 50), &domains))
        .await
        .data(200);
    assert_eq!(placed["costs"]["total_cents"], 36_800);
    let detail = client
        .get(&format!("/orders/{}", placed["id"].as_str().unwrap()))
        .await
        .data(200);
    assert_eq!(
        detail["domains"],
        json!({ "registered": names("domain", 10), "imported": owned })
    );
    assert_eq!(
        detail["costs"]["line_items"],
        json!([
            line("google_license", 20, 2_000),
            line("microsoft_license", 2, 1_800),
            line("domain_registration", 10, 33_000),
        ])
    );
}

#[apply(on_both_engines!)]
async fn a_provider_that_is_not_ordered_has_no_line_item(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    for (order, kind, cents) in [
        (custom_order(&names("google", 1)), "google_license", 200),
        (
            microsoft_order((1, 99), &names("microsoft", 1)),
            "microsoft_license",
            900,
        ),
    ] {
        let placed = client.post("/orders", order).await.data(200);
        let detail = client
            .get(&format!("/orders/{}", placed["id"].as_str().unwrap()))
            .await
            .data(200);
        let quantity = if kind == "google_license" { 2 } else { 1 };
        assert_eq!(
            detail["costs"]["line_items"],
            json!([
                line(kind, quantity, cents),
                line("domain_registration", 1, 3_300)
            ])
        );
    }
}

#[apply(on_both_engines!)]
async fn an_uneven_number_of_google_licenses_leaves_the_last_domain_with_fewer_inboxes(
    app: &TestApp,
) {
    let client = app.client();
    let order = with(
        custom_order(&names("domain", 3)),
        "/google_licenses",
        json!(5),
    );
    let placed = client.post("/orders", order).await.data(200);
    assert_eq!(placed["costs"]["total_cents"], 5 * 100 + 3 * 3_300);
    app.run_until_idle().await;
    let inboxes = client
        .get(&format!(
            "/orders/{}/inboxes",
            placed["id"].as_str().unwrap()
        ))
        .await
        .data(200);
    let on = |domain: &str| {
        inboxes
            .as_array()
            .unwrap()
            .iter()
            .filter(|inbox| inbox["domain"] == domain)
            .count()
    };
    assert_eq!(
        ["domain-01.com", "domain-02.com", "domain-03.com"].map(on),
        [2, 2, 1]
    );
}

#[apply(on_both_engines!)]
async fn google_only_names_take_google_places_first(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let domains = ["plain-01.com", "plain-02.com", "gonly-03.com"].map(str::to_owned);
    client
        .post("/orders", mixed_order((4, 2), (1, 50), &domains))
        .await
        .expect(200);
    let rows = client.get("/domains").await.data(200);
    let provider = |name: &str| {
        let row = rows
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["domain"] == name);
        row.unwrap()["provider"].clone()
    };
    assert_eq!(
        domains.map(|name| provider(&name)),
        ["google", "microsoft", "google"]
    );
}

#[apply(on_both_engines!)]
async fn the_customer_is_made_once_and_found_by_address_or_id(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let order =
        |prefix: &str, user: &Value| with(custom_order(&names(prefix, 1)), "/user", user.clone());
    let first = client
        .post("/orders", order("a", &json!(" New.Client@Example.com ")))
        .await
        .data(200);
    assert_eq!(first["email"], "new.client@example.com");
    let by_address = client
        .post("/orders", order("b", &json!("NEW.CLIENT@EXAMPLE.COM")))
        .await
        .data(200);
    let by_id = client
        .post("/orders", order("c", &first["user_id"]))
        .await
        .data(200);
    assert_eq!(by_address["user_id"], first["user_id"]);
    assert_eq!(by_id["user_id"], first["user_id"]);
    assert_eq!(by_id["email"], "new.client@example.com");
    assert_eq!(
        client
            .get("/users")
            .await
            .data(200)
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[apply(on_both_engines!)]
async fn a_client_id_may_be_a_number_a_text_or_nothing(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let cases = [
        (json!(366_903), json!(366_903)),
        (json!("366903"), json!(366_903)),
        (json!(" team-a "), json!("team-a")),
        (json!(null), json!(null)),
        (json!(""), json!(null)),
        (json!("  "), json!(null)),
    ];
    for (number, (sent, shown)) in cases.into_iter().enumerate() {
        let order = with(
            custom_order(&names(&format!("case{number}"), 1)),
            "/sequencer/client_id",
            sent,
        );
        let order = with(order, "/user", json!(format!("client{number}@example.com")));
        let placed = client.post("/orders", order).await.data(200);
        let user = client
            .get(&format!("/users/{}", placed["user_id"].as_str().unwrap()))
            .await
            .data(200);
        assert_eq!(
            user["sequencer"],
            json!({ "provider": "smartlead", "client_id": shown })
        );
    }
}

#[apply(on_both_engines!)]
async fn a_domain_has_its_own_forwarding_url_or_the_orders(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let mut order = custom_order(&names("domain", 4));
    order["forwarding_url"] = json!("https://WWW.Acme.com");
    order["domains"][1] = json!({ "domain": "domain-02.com" });
    order["domains"][2] =
        json!({ "domain": "domain-03.com", "forwarding_url": "http://shop.acme.com/a?b=c" });
    order["domains"][3] = json!({ "domain": "domain-04.com", "forwarding_url": null });
    client.post("/orders", order).await.expect(200);
    client
        .post(
            "/orders",
            with(
                custom_order(&names("other", 1)),
                "/forwarding_url",
                json!(null),
            ),
        )
        .await
        .expect(200);
    let rows = client.get("/domains").await.data(200);
    let target = |name: &str| {
        let row = rows
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["domain"] == name);
        row.unwrap()["forwarding_url"].clone()
    };
    let all = [
        "domain-01.com",
        "domain-02.com",
        "domain-03.com",
        "domain-04.com",
        "other-01.com",
    ]
    .map(target);
    let default = json!("https://www.acme.com/");
    assert_eq!(
        all,
        [
            default.clone(),
            default.clone(),
            json!("http://shop.acme.com/a?b=c"),
            default,
            json!(null)
        ]
    );
}

#[apply(on_both_engines!)]
async fn names_are_kept_in_their_normal_form(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let domains = [
        " ACME-Mail.COM. ",
        "Bücher-Laden.de",
        "xn--mnchen-mail-thb.de",
        "shop.co.uk",
    ]
    .map(str::to_owned);
    let placed = client
        .post("/orders", custom_order(&domains))
        .await
        .data(200);
    let detail = client
        .get(&format!("/orders/{}", placed["id"].as_str().unwrap()))
        .await
        .data(200);
    assert_eq!(
        detail["domains"]["registered"],
        json!([
            "acme-mail.com",
            "xn--bcher-laden-thb.de",
            "xn--mnchen-mail-thb.de",
            "shop.co.uk"
        ])
    );
}

#[apply(on_both_engines!)]
async fn personas_are_shown_as_they_were_sent(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let personas = json!([
        { "first_name": " Zoë ", "last_name": "Müller-Lüdenscheidt", "profile_picture_url": "" },
        { "first_name": "李", "last_name": "小龙", "profile_picture_url": null },
        { "first_name": "Sam", "last_name": "Lee", "profile_picture_url": "https://img.acme.com/sam.jpg" },
    ]);
    let placed = client
        .post("/orders", with(order(), "/personas", personas))
        .await
        .data(200);
    let detail = client
        .get(&format!("/orders/{}", placed["id"].as_str().unwrap()))
        .await
        .data(200);
    assert_eq!(
        detail["users"],
        json!([
            { "first_name": "Zoë", "last_name": "Müller-Lüdenscheidt", "profile_picture_url": null },
            { "first_name": "李", "last_name": "小龙", "profile_picture_url": null },
            { "first_name": "Sam", "last_name": "Lee", "profile_picture_url": "https://img.acme.com/sam.jpg" },
        ])
    );
}

#[apply(on_both_engines!)]
async fn ten_personas_are_the_most(app: &TestApp) {
    app.may_leave_jobs();
    let persona = json!({ "first_name": "Sam", "last_name": "Lee", "profile_picture_url": null });
    let personas = json!(vec![persona; 10]);
    app.client()
        .post("/orders", with(order(), "/personas", personas))
        .await
        .expect(200);
}
