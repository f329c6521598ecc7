//! `/bundles`: saved order templates, with the sizing of contract §8.

use peeker_testkit::{TestApp, apply, bundle_order, names, on_both_engines, with, without};
use serde_json::{Value, json};

fn growth() -> Value {
    json!({ "name": "Growth 25k", "monthly_sending_volume": 25_000 })
}

fn scale() -> Value {
    json!({
        "name": "Scale 100k",
        "monthly_sending_volume": 100_000,
        "google_percent": 70,
        "microsoft_percent": 30,
        "send_on_weekends": true,
        "google_inboxes_per_domain": 3,
    })
}

fn path_of(bundle: &Value) -> String {
    format!("/bundles/{}", bundle["id"].as_str().unwrap())
}

fn fields(error: &Value) -> Vec<&str> {
    let violations = error["details"]["violations"].as_array().unwrap();
    violations
        .iter()
        .map(|violation| violation["field"].as_str().unwrap())
        .collect()
}

/// A bundle that one order has used.
async fn used_bundle(app: &TestApp) -> Value {
    let client = app.client();
    let body = json!({
        "name": "One domain", "monthly_sending_volume": 880, "google_percent": 100, "microsoft_percent": 0,
    });
    let bundle = client.post("/bundles", body).await.data(201);
    assert_eq!(bundle["required_domains"]["total"], 1);
    let order = bundle_order(bundle["id"].as_str().unwrap(), &names("used", 1));
    client.post("/orders", order).await.expect(200);
    app.run_until_idle().await;
    bundle
}

#[apply(on_both_engines!)]
async fn a_bundle_is_made_and_read(app: &TestApp) {
    let client = app.client();
    let bundle = client.post("/bundles", scale()).await.data(201);
    let id = bundle["id"].as_str().unwrap();
    assert!(id.starts_with("bun_") && id.len() == 30, "{id}");
    assert_eq!(
        bundle,
        json!({
            "id": id,
            "name": "Scale 100k",
            "monthly_sending_volume": 100_000,
            "google_percent": 70,
            "microsoft_percent": 30,
            "send_on_weekends": true,
            "google_inboxes_per_domain": 3,
            "status": "active",
            "effective": { "google_percent": 70, "microsoft_percent": 30 },
            // ⌈70,000 / (30·20·3)⌉ and ⌈30,000 / (30·150)⌉
            "required_domains": { "google": 39, "microsoft": 7, "total": 46 },
            "created_at": "2026-05-08T12:00:00Z",
        })
    );
    assert_eq!(client.get(&path_of(&bundle)).await.data(200), bundle);
    assert_eq!(client.get("/bundles").await.data(200), json!([bundle]));
}

#[apply(on_both_engines!)]
async fn without_a_split_the_recommended_one_is_shown_but_not_stored(app: &TestApp) {
    let client = app.client();
    let null = with(
        with(growth(), "/google_percent", Value::Null),
        "/microsoft_percent",
        Value::Null,
    );
    for body in [growth(), null] {
        let bundle = client.post("/bundles", body).await.data(201);
        assert_eq!(
            (&bundle["google_percent"], &bundle["microsoft_percent"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(
            bundle["effective"],
            json!({ "google_percent": 50, "microsoft_percent": 50 })
        );
        assert_eq!(bundle["send_on_weekends"], false);
        assert_eq!(bundle["google_inboxes_per_domain"], 2);
    }
}

#[apply(on_both_engines!)]
async fn sizes_are_those_of_the_contract(app: &TestApp) {
    let client = app.client();
    for (volume, google_percent, weekends, density, google, microsoft) in [
        (25_000, 50, false, 2, 15, 4),
        (100_000, 70, false, 2, 80, 10),
        (25_000, 50, true, 2, 11, 3),
        (25_000, 50, false, 3, 10, 4),
        (25_000, 100, false, 2, 29, 0),
        // Beyond the table: nothing left over, one e-mail left over, the ends of the range.
        (880, 100, false, 2, 1, 0),
        (881, 100, false, 2, 2, 0),
        (3_300, 0, false, 2, 0, 1),
        (3_301, 0, false, 2, 0, 2),
        (1, 1, false, 2, 1, 1),
        (10_000_000, 100, false, 2, 11_364, 0),
    ] {
        let body = json!({
            "name": "Sized", "monthly_sending_volume": volume, "google_percent": google_percent,
            "microsoft_percent": 100 - google_percent, "send_on_weekends": weekends,
            "google_inboxes_per_domain": density,
        });
        let bundle = client.post("/bundles", body.clone()).await.data(201);
        let required =
            json!({ "google": google, "microsoft": microsoft, "total": google + microsoft });
        assert_eq!(bundle["required_domains"], required, "{body}");
    }
}

#[apply(on_both_engines!)]
async fn all_problems_of_a_body_are_told_at_once(app: &TestApp) {
    let client = app.client();
    let body = json!({
        "name": " ",
        "monthly_sending_volume": 0,
        "google_percent": 101,
        "microsoft_percent": "30",
        "send_on_weekends": "no",
        "google_inboxes_per_domain": 4,
        "microsoft_inboxes_per_domain": 50,
    });
    let error = client
        .post("/bundles", body)
        .await
        .error(400, "invalid_request");
    assert_eq!(error["field"], "name");
    assert_eq!(
        fields(&error),
        [
            "name",
            "monthly_sending_volume",
            "google_percent",
            "microsoft_percent",
            "send_on_weekends",
            "google_inboxes_per_domain",
            "microsoft_inboxes_per_domain",
        ]
    );
    let error = client
        .post("/bundles", json!({}))
        .await
        .error(400, "invalid_request");
    assert_eq!(fields(&error), ["name", "monthly_sending_volume"]);
    assert_eq!(client.get("/bundles").await.data(200), json!([]));
}

/// JSON Schema, and languages with one kind of number, know no difference.
#[apply(on_both_engines!)]
async fn a_whole_number_may_have_an_empty_fraction(app: &TestApp) {
    let body = json!({ "name": "Growth", "monthly_sending_volume": 25_000.0 });
    let bundle = app.client().post("/bundles", body).await.data(201);
    assert_eq!(bundle["monthly_sending_volume"], 25_000);
}

#[apply(on_both_engines!)]
async fn each_wrong_field_is_named(app: &TestApp) {
    let client = app.client();
    for (pointer, value) in [
        ("/name", json!(null)),
        ("/name", json!("")),
        ("/name", json!("x".repeat(121))),
        ("/name", json!("a\u{0}")),
        ("/name", json!(25)),
        ("/monthly_sending_volume", json!(0)),
        ("/monthly_sending_volume", json!(-1)),
        ("/monthly_sending_volume", json!(10_000_001)),
        ("/monthly_sending_volume", json!(5_000_000_000_u64)),
        ("/monthly_sending_volume", json!(25_000.5)),
        ("/monthly_sending_volume", json!("25000")),
        ("/monthly_sending_volume", json!(null)),
        ("/google_percent", json!(50.5)),
        ("/google_percent", json!(-1)),
        ("/microsoft_percent", json!(101)),
        ("/send_on_weekends", json!(1)),
        ("/send_on_weekends", json!(null)),
        ("/google_inboxes_per_domain", json!(1)),
        ("/google_inboxes_per_domain", json!(4)),
        ("/google_inboxes_per_domain", json!(null)),
        ("/status", json!("archived")),
    ] {
        let response = client
            .post("/bundles", with(scale(), pointer, value.clone()))
            .await;
        assert_eq!(response.status, 400, "{pointer} {value}: {}", response.text);
        let error = response.error(400, "invalid_request");
        assert_eq!(error["field"], pointer[1..], "{value}");
    }
    let longest = with(
        with(scale(), "/name", json!("ä".repeat(120))),
        "/monthly_sending_volume",
        json!(10_000_000),
    );
    client.post("/bundles", longest).await.expect(201);
}

#[apply(on_both_engines!)]
async fn shares_come_together_and_add_up(app: &TestApp) {
    let client = app.client();
    let split = |google: Value, microsoft: Value| {
        with(
            with(growth(), "/google_percent", google),
            "/microsoft_percent",
            microsoft,
        )
    };
    for body in [
        split(json!(50), json!(51)),
        split(json!(0), json!(0)),
        split(json!(70), Value::Null),
        split(Value::Null, json!(30)),
        without(split(json!(70), json!(30)), "/microsoft_percent"),
        without(split(json!(70), json!(30)), "/google_percent"),
    ] {
        let error = client
            .post("/bundles", body.clone())
            .await
            .error(400, "invalid_request");
        assert_eq!(error["field"], "google_percent", "{body}");
    }
    for (google, microsoft) in [(0, 100), (100, 0), (37, 63)] {
        let bundle = client
            .post("/bundles", split(json!(google), json!(microsoft)))
            .await
            .data(201);
        assert_eq!(
            bundle["effective"],
            json!({ "google_percent": google, "microsoft_percent": microsoft })
        );
    }
}

#[apply(on_both_engines!)]
async fn a_patch_changes_what_it_names_and_sizes_anew(app: &TestApp) {
    let client = app.client();
    let bundle = client.post("/bundles", growth()).await.data(201);
    let path = path_of(&bundle);
    assert_eq!(client.patch(&path, json!({})).await.data(200), bundle);

    let mut expected = with(bundle, "/name", json!("Renamed"));
    assert_eq!(
        client
            .patch(&path, json!({ "name": " Renamed " }))
            .await
            .data(200),
        expected
    );
    for (patch, google, microsoft) in [
        (json!({ "send_on_weekends": true }), 11, 3),
        (
            json!({ "send_on_weekends": false, "google_inboxes_per_domain": 3 }),
            10,
            4,
        ),
        (
            json!({ "google_inboxes_per_domain": 2, "google_percent": 100, "microsoft_percent": 0 }),
            29,
            0,
        ),
        (
            json!({ "monthly_sending_volume": 100_000, "google_percent": 70, "microsoft_percent": 30 }),
            80,
            10,
        ),
        (
            json!({ "monthly_sending_volume": 25_000, "google_percent": null, "microsoft_percent": null }),
            15,
            4,
        ),
    ] {
        for (field, value) in patch.as_object().unwrap() {
            expected[field] = value.clone();
        }
        let share = |field: &str| expected[field].as_u64().unwrap_or(50);
        expected["effective"] = json!({
            "google_percent": share("google_percent"), "microsoft_percent": share("microsoft_percent"),
        });
        expected["required_domains"] =
            json!({ "google": google, "microsoft": microsoft, "total": google + microsoft });
        assert_eq!(
            client.patch(&path, patch.clone()).await.data(200),
            expected,
            "{patch}"
        );
        assert_eq!(client.get(&path).await.data(200), expected, "{patch}");
    }
}

#[apply(on_both_engines!)]
async fn a_wrong_patch_changes_nothing(app: &TestApp) {
    let client = app.client();
    let bundle = client.post("/bundles", scale()).await.data(201);
    for (patch, field) in [
        (json!({ "name": null }), "name"),
        (json!({ "name": "" }), "name"),
        (
            json!({ "monthly_sending_volume": 0 }),
            "monthly_sending_volume",
        ),
        (json!({ "google_percent": 50 }), "google_percent"),
        (json!({ "microsoft_percent": 50 }), "google_percent"),
        (json!({ "google_percent": null }), "google_percent"),
        (
            json!({ "google_percent": null, "microsoft_percent": 100 }),
            "google_percent",
        ),
        (
            json!({ "google_percent": 60, "microsoft_percent": 60 }),
            "google_percent",
        ),
        (json!({ "send_on_weekends": null }), "send_on_weekends"),
        (
            json!({ "google_inboxes_per_domain": null }),
            "google_inboxes_per_domain",
        ),
        (json!({ "status": "archived" }), "status"),
    ] {
        let mut with_name = json!({ "name": "New" });
        with_name
            .as_object_mut()
            .unwrap()
            .append(&mut patch.as_object().unwrap().clone());
        let error = client
            .patch(&path_of(&bundle), with_name)
            .await
            .error(400, "invalid_request");
        assert_eq!(error["field"], field, "{patch}");
    }
    assert_eq!(client.get(&path_of(&bundle)).await.data(200), bundle);
}

#[apply(on_both_engines!)]
async fn a_bundle_that_was_never_used_is_removed(app: &TestApp) {
    let client = app.client();
    let bundle = client.post("/bundles", growth()).await.data(201);
    let path = path_of(&bundle);
    let answer = client.delete(&path).await.expect(200);
    assert_eq!(
        answer,
        json!({ "data": { "id": bundle["id"], "status": "deleted" } })
    );
    client.get(&path).await.error(404, "not_found");
    client.delete(&path).await.error(404, "not_found");
    client.patch(&path, json!({})).await.error(404, "not_found");
    assert_eq!(client.get("/bundles").await.data(200), json!([]));
}

#[apply(on_both_engines!)]
async fn a_bundle_that_was_used_is_archived_and_read_only(app: &TestApp) {
    let client = app.client();
    let bundle = used_bundle(app).await;
    let path = path_of(&bundle);
    let answer = json!({ "data": { "id": bundle["id"], "status": "archived" } });
    assert_eq!(client.delete(&path).await.expect(200), answer);
    assert_eq!(client.delete(&path).await.expect(200), answer);
    let archived = with(bundle.clone(), "/status", json!("archived"));
    assert_eq!(client.get(&path).await.data(200), archived);
    for patch in [json!({}), json!({ "name": "New" })] {
        client
            .patch(&path, patch)
            .await
            .error(400, "invalid_request");
    }
    assert_eq!(client.get(&path).await.data(200), archived);

    let order = bundle_order(bundle["id"].as_str().unwrap(), &names("again", 1));
    let error = client
        .post("/orders", order)
        .await
        .error(400, "invalid_request");
    assert_eq!(error["field"], "bundle_id");
    let orders = client
        .get(&format!(
            "/orders?bundle_id={}",
            bundle["id"].as_str().unwrap()
        ))
        .await
        .data(200);
    assert_eq!(orders[0]["bundle_id"], bundle["id"]);
}

#[apply(on_both_engines!)]
async fn the_list_is_filtered_newest_first(app: &TestApp) {
    let client = app.client();
    let used = used_bundle(app).await;
    client.delete(&path_of(&used)).await.expect(200);
    app.advance_seconds(1);
    for name in ["First", "Second"] {
        client
            .post("/bundles", with(growth(), "/name", json!(name)))
            .await
            .expect(201);
    }
    for (path, expected) in [
        ("/bundles", &["Second", "First", "One domain"][..]),
        ("/bundles?status=active", &["Second", "First"]),
        ("/bundles?status=archived", &["One domain"]),
    ] {
        let rows = client.get(path).await.data(200);
        let names: Vec<_> = rows
            .as_array()
            .unwrap()
            .iter()
            .map(|bundle| bundle["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, expected, "{path}");
    }
    for (query, field) in [("status=deleted", "status"), ("name=First", "name")] {
        let error = client
            .get(&format!("/bundles?{query}"))
            .await
            .error(400, "invalid_request");
        assert_eq!(error["field"], field, "{query}");
    }
}

#[apply(on_both_engines!)]
async fn the_live_key_has_bundles_of_its_own(app: &TestApp) {
    let live = app.live_client();
    let bundle = live.post("/bundles", growth()).await.data(201);
    assert_eq!(
        bundle["required_domains"],
        json!({ "google": 15, "microsoft": 4, "total": 19 })
    );
    let path = path_of(&bundle);
    let renamed = live.patch(&path, json!({ "name": "Live" })).await.data(200);
    assert_eq!(live.get("/bundles").await.data(200), json!([renamed]));
    assert_eq!(app.client().get("/bundles").await.data(200), json!([]));
    assert_eq!(live.delete(&path).await.data(200)["status"], "deleted");
}
