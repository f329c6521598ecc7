//! `GET /orders/pending`: what orders wait for, and how they go on.

use peeker_testkit::{
    Client, TestApp, apply, custom_order, microsoft_order, mixed_order, names, on_both_engines,
    with, without,
};
use serde_json::{Value, json};

const UNREACHABLE: &str = "https://unreachable.test/sam.png";
const KEYS: [&str; 11] = [
    "created_at",
    "domain",
    "domain_id",
    "domains",
    "id",
    "message",
    "order_id",
    "reason",
    "status",
    "type",
    "user",
];

/// A way to get an order stuck.
struct Case {
    reason: &'static str,
    kind: &'static str,
    domain: &'static str,
    user: Value,
}

fn cases() -> [Case; 3] {
    [
        Case {
            reason: "update_nameservers",
            kind: "nameservers",
            domain: "nspending-one.com",
            user: Value::Null,
        },
        Case {
            reason: "replace_domain",
            kind: "domain_replacement",
            domain: "replace-one.com",
            user: Value::Null,
        },
        Case {
            reason: "profile_picture_not_accessible",
            kind: "google_profile_picture",
            domain: "picture-one.com",
            user: sam(),
        },
    ]
}

fn sam() -> Value {
    json!({ "first_name": "Sam", "last_name": "Lee", "profile_picture_url": UNREACHABLE })
}

fn keys(object: &Value) -> Vec<&str> {
    object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

impl Case {
    /// Places an order that gets stuck; gives back its id.
    async fn place(&self, app: &TestApp, user: &str) -> String {
        let client = app.client();
        if self.reason == "update_nameservers" {
            let import = json!({ "domains": [self.domain] });
            client.post("/domains/import", import).await.expect(200);
        }
        let mut order = custom_order(&[self.domain.to_owned()]);
        order["user"] = json!(user);
        if !self.user.is_null() {
            order["personas"] = json!([self.user]);
        }
        let placed = client.post("/orders", order).await.data(200);
        app.run_until_idle().await;
        placed["id"].as_str().unwrap().to_owned()
    }
}

async fn pending(client: &Client, filters: &str) -> Vec<Value> {
    let page = client
        .get(&format!("/orders/pending?{filters}"))
        .await
        .expect(200);
    page["data"].as_array().unwrap().clone()
}

async fn resolve(client: &Client, action: &Value) -> Value {
    let path = format!(
        "/sandbox/actions/{}/resolve",
        action["id"].as_str().unwrap()
    );
    client.post_text(&path, "").await.data(200)
}

async fn status(client: &Client, path: &str) -> Value {
    client.get(path).await.data(200)["status"].clone()
}

async fn events_about(app: &TestApp, kind: &str, id: &str) -> Vec<Value> {
    let events = app.events_of(kind).await.into_iter();
    events
        .map(|event| event["data"].clone())
        .filter(|data| data["id"] == id)
        .map(|mut data| {
            // What an event asks for is beside the object.
            data.as_object_mut().unwrap().remove("actions");
            data
        })
        .collect()
}

#[apply(on_both_engines!)]
async fn each_reason_is_opened_once_and_told_once(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    for case in cases() {
        let order = case.place(app, "client@example.com").await;
        // The nameservers and the picture are looked at again and again; that opens nothing new.
        app.advance_seconds(3_600);
        app.run_until_idle().await;
        let actions = pending(&client, &format!("order_id={order}")).await;
        assert_eq!(actions.len(), 1, "{actions:?}");
        let action = &actions[0];
        assert_eq!(keys(action), KEYS);
        assert!(action["id"].as_str().unwrap().starts_with("act_"));
        assert_eq!(
            json!([
                action["type"],
                action["reason"],
                action["status"],
                action["order_id"],
                action["domain"],
                action["user"]
            ]),
            json!([
                case.kind,
                case.reason,
                "open",
                order,
                case.domain,
                case.user
            ]),
        );
        assert!(
            action["message"]
                .as_str()
                .unwrap()
                .contains(if case.user.is_null() {
                    case.domain
                } else {
                    UNREACHABLE
                }),
            "{action}"
        );
        assert!(action["created_at"].as_str().unwrap().ends_with('Z'));

        let shown = client.get(&format!("/orders/{order}")).await.data(200);
        assert_eq!(shown["status"], "action_required");
        assert_eq!(
            events_about(app, "order.action_required", &order).await,
            [shown]
        );
        let domain_id = action["domain_id"].as_str().unwrap();
        let shown = client.get(&format!("/domains/{domain_id}")).await.data(200);
        assert_eq!(shown["status"], "action_required");
        assert_eq!(
            events_about(app, "domain.action_required", domain_id).await,
            [shown]
        );
    }
}

#[apply(on_both_engines!)]
async fn a_resolved_action_lets_domain_and_order_go_on(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    for case in cases() {
        let order = case.place(app, "client@example.com").await;
        let action = pending(&client, &format!("order_id={order}"))
            .await
            .remove(0);
        let resolved = resolve(&client, &action).await;
        assert!(resolved["resolved_at"].is_string(), "{resolved}");
        let open = with(action.clone(), "/status", json!("resolved"));
        assert_eq!(without(resolved.clone(), "/resolved_at"), open);
        assert_eq!(
            status(&client, &format!("/orders/{order}")).await,
            "in_progress"
        );
        app.run_until_idle().await;
        assert_eq!(
            status(&client, &format!("/orders/{order}")).await,
            "completed",
            "{}",
            case.reason
        );
        let domain = format!("/domains/{}", action["domain_id"].as_str().unwrap());
        assert_eq!(status(&client, &domain).await, "active");
        assert_eq!(events_about(app, "order.completed", &order).await.len(), 1);
        assert_eq!(
            pending(&client, &format!("order_id={order}")).await,
            [] as [Value; 0]
        );
        assert_eq!(
            pending(&client, &format!("status=resolved&order_id={order}")).await,
            std::slice::from_ref(&resolved)
        );

        let before = app.row_counts(peeker_domain::Environment::Test).await;
        assert_eq!(
            resolve(&client, &action).await,
            resolved,
            "once more is the same"
        );
        assert_eq!(
            app.row_counts(peeker_domain::Environment::Test).await,
            before
        );
    }
}

#[apply(on_both_engines!)]
async fn an_order_waits_for_the_last_of_its_actions(app: &TestApp) {
    let client = app.client();
    let placed = client
        .post(
            "/orders",
            custom_order(&[
                "replace-a.com".into(),
                "replace-b.com".into(),
                "plain.com".into(),
            ]),
        )
        .await
        .data(200);
    let order = format!("/orders/{}", placed["id"].as_str().unwrap());
    app.run_until_idle().await;
    let actions = pending(&client, "").await;
    assert_eq!(actions.len(), 2);
    resolve(&client, &actions[0]).await;
    app.run_until_idle().await;
    assert_eq!(status(&client, &order).await, "action_required");
    assert_eq!(
        status(
            &client,
            &format!("/domains/{}", actions[0]["domain_id"].as_str().unwrap())
        )
        .await,
        "active"
    );
    assert_eq!(pending(&client, "").await, actions[1..]);
    resolve(&client, &actions[1]).await;
    app.run_until_idle().await;
    assert_eq!(status(&client, &order).await, "completed");
    assert_eq!(app.events_of("order.completed").await.len(), 1);
}

#[apply(on_both_engines!)]
async fn a_domain_waits_for_the_last_of_its_pictures(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let loopback = json!({ "first_name": "Ana", "last_name": "Ruiz", "profile_picture_url": "http://127.0.0.1/ana.png" });
    let fine = json!({ "first_name": "Kim", "last_name": "Wu", "profile_picture_url": "https://pictures.example.com/kim.png" });
    let body = with(
        custom_order(&names("faces", 1)),
        "/personas",
        json!([sam(), loopback, fine]),
    );
    let placed = client.post("/orders", body).await.data(200);
    let order = format!("/orders/{}", placed["id"].as_str().unwrap());
    app.run_until_idle().await;
    let actions = pending(&client, "").await;
    let mut users: Vec<&Value> = actions.iter().map(|action| &action["user"]).collect();
    users.sort_by_key(|user| user["first_name"].to_string());
    assert_eq!(users, [&loopback, &sam()]);
    resolve(&client, &actions[0]).await;
    app.run_until_idle().await;
    assert_eq!(status(&client, &order).await, "action_required");
    assert_eq!(pending(&client, "").await, actions[1..]);
    resolve(&client, &actions[1]).await;
    app.run_until_idle().await;
    assert_eq!(status(&client, &order).await, "completed");
}

#[apply(on_both_engines!)]
async fn a_picture_that_can_be_loaded_is_found_without_being_told(app: &TestApp) {
    let client = app.client();
    let body = with(
        custom_order(&names("faces", 2)),
        "/personas",
        json!([sam()]),
    );
    let placed = client.post("/orders", body).await.data(200);
    let order = format!("/orders/{}", placed["id"].as_str().unwrap());
    app.run_until_idle().await;
    let actions = pending(&client, "").await;
    assert_eq!(
        actions.len(),
        1,
        "one for all domains that show the picture"
    );
    // The same person on another order is asked for by an action of its own, which is looked at every ten minutes.
    let body = with(custom_order(&names("more", 1)), "/personas", json!([sam()]));
    let later = client.post("/orders", body).await.data(200);
    let later = format!("/orders/{}", later["id"].as_str().unwrap());
    app.run_until_idle().await;
    resolve(&client, &actions[0]).await;
    app.run_until_idle().await;
    assert_eq!(status(&client, &order).await, "completed");
    assert_eq!(status(&client, &later).await, "action_required");
    app.advance_seconds(10 * 60);
    app.run_until_idle().await;
    assert_eq!(status(&client, &later).await, "completed");
    assert_eq!(pending(&client, "status=resolved").await.len(), 2);
}

#[apply(on_both_engines!)]
async fn pictures_matter_at_google_only(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let body = with(
        microsoft_order((2, 25), &names("ms", 2)),
        "/personas",
        json!([sam()]),
    );
    let placed = client.post("/orders", body).await.data(200);
    app.run_until_idle().await;
    assert_eq!(
        status(
            &client,
            &format!("/orders/{}", placed["id"].as_str().unwrap())
        )
        .await,
        "completed"
    );
    assert_eq!(pending(&client, "").await, [] as [Value; 0]);

    let body = with(
        mixed_order((2, 2), (1, 25), &names("both", 2)),
        "/personas",
        json!([sam()]),
    );
    client.post("/orders", body).await.expect(200);
    app.run_until_idle().await;
    let actions = pending(&client, "").await;
    assert_eq!(actions.len(), 1);
    assert_eq!(actions[0]["domain"], "both-01.com", "the Google domain");
}

#[apply(on_both_engines!)]
async fn actions_are_filtered(app: &TestApp) {
    app.may_leave_jobs();
    let client = app.client();
    let [nameservers, replace, picture] = cases();
    let mut orders = Vec::new();
    for (case, user) in [
        (&nameservers, "a@example.com"),
        (&replace, "b@example.com"),
        (&picture, "b@example.com"),
    ] {
        orders.push(case.place(app, user).await);
        app.advance_seconds(1);
    }
    let all = pending(&client, "").await;
    let domains = |actions: &[Value]| {
        actions
            .iter()
            .map(|action| action["domain"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        domains(&all),
        [picture.domain, replace.domain, nameservers.domain],
        "newest first"
    );
    let user = client
        .get(&format!("/orders/{}", orders[1]))
        .await
        .data(200)["user_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let domain = all[1]["domain_id"].as_str().unwrap();
    for (filters, expected) in [
        (
            "status=open".to_owned(),
            vec![picture.domain, replace.domain, nameservers.domain],
        ),
        ("status=resolved".to_owned(), vec![]),
        (format!("order_id={}", orders[0]), vec![nameservers.domain]),
        (format!("user={user}"), vec![picture.domain, replace.domain]),
        (
            "user=B%40Example.com".to_owned(),
            vec![picture.domain, replace.domain],
        ),
        ("user=nobody%40example.com".to_owned(), vec![]),
        ("user=usr_01KJZ4V1B6E8N2Q4R6S8T0V2W4".to_owned(), vec![]),
        (format!("domain_id={domain}"), vec![replace.domain]),
        (format!("domain_id={domain}&order_id={}", orders[0]), vec![]),
        (
            format!(
                "domain_id={domain}&order_id={}&user={user}&status=open",
                orders[1]
            ),
            vec![replace.domain],
        ),
    ] {
        assert_eq!(
            domains(&pending(&client, &filters).await),
            expected,
            "{filters}"
        );
    }
    resolve(&client, &all[1]).await;
    assert_eq!(
        domains(&pending(&client, "status=resolved&user=b%40example.com").await),
        [replace.domain]
    );
    assert_eq!(
        domains(&pending(&client, &format!("domain_id={domain}")).await),
        Vec::<String>::new()
    );
    assert_eq!(pending(&app.stranger().await, "").await, [] as [Value; 0]);
    assert_eq!(pending(&app.live_client(), "").await, [] as [Value; 0]);

    let first = client.get("/orders/pending?per_page=1").await.expect(200);
    assert_eq!(domains(first["data"].as_array().unwrap()), [picture.domain]);
    let next = first["links"]["next"].as_str().unwrap();
    assert!(next.contains("status=open"), "{next}");
    let second = client.get(next).await.expect(200);
    assert_eq!(
        domains(second["data"].as_array().unwrap()),
        [nameservers.domain]
    );
    assert_eq!(second["links"]["next"], Value::Null);
}

#[apply(on_both_engines!)]
async fn bad_filters_are_refused(app: &TestApp) {
    for (filters, field) in [
        ("status=done", "status"),
        ("status=", "status"),
        ("order_id=dom_01KJZ4V1B6E8N2Q4R6S8T0V2W4", "order_id"),
        ("domain_id=acme.com", "domain_id"),
        ("user=somebody", "user"),
        ("user=usr_1", "user"),
        ("reason=replace_domain", "reason"),
        ("page_token=x", "page_token"),
    ] {
        let refused = app
            .client()
            .get(&format!("/orders/pending?{filters}"))
            .await
            .error(400, "invalid_request");
        assert_eq!(refused["field"], field, "{filters}");
    }
}

#[apply(on_both_engines!)]
async fn only_ones_own_sandbox_action_can_be_resolved(app: &TestApp) {
    let client = app.client();
    let [_, replace, _] = cases();
    replace.place(app, "client@example.com").await;
    let action = pending(&client, "").await.remove(0);
    let path = format!(
        "/sandbox/actions/{}/resolve",
        action["id"].as_str().unwrap()
    );
    app.stranger()
        .await
        .post_text(&path, "")
        .await
        .error(404, "not_found");
    app.live_client()
        .post_text(&path, "")
        .await
        .error(404, "not_found");
    for id in [
        "act_01KJZ4V1B6E8N2Q4R6S8T0V2W4",
        "act_1",
        "dom_01KJZ4V1B6E8N2Q4R6S8T0V2W4",
        "x",
    ] {
        client
            .post_text(&format!("/sandbox/actions/{id}/resolve"), "")
            .await
            .error(404, "not_found");
    }
    let read = app.client_with(&app.key(peeker_domain::Preset::Read, 600).await);
    read.post_text(&path, "").await.error(403, "forbidden");
    client
        .post(&path, json!({ "force": true }))
        .await
        .error(400, "invalid_request");
    assert_eq!(pending(&client, "").await, [action]);
}
