//! Who may call what: every operation, with every kind of key and without one (contract §1).

use axum::body::Body;
use axum::http::Method;
use peeker_app::keys;
use peeker_domain::Preset;
use peeker_testkit::{Response, TestApp, apply, on_both_engines};
use serde_json::json;

use crate::operations::{ALL, Needs, Operation, Records};

/// Sends `GET /me` with these `Authorization` headers.
async fn me_with(app: &TestApp, authorization: &[&str]) -> Response {
    let client = app.anonymous();
    let mut request = client.request(Method::GET, "/me");
    for value in authorization {
        request = request.header("authorization", *value);
    }
    client.send(request.body(Body::empty()).unwrap()).await
}

fn is_granted(preset: Preset, needs: Needs) -> bool {
    match (preset, needs) {
        (_, Needs::Read) | (Preset::Full, _) | (Preset::Limited, Needs::Quote) => true,
        (Preset::Limited, Needs::Write) | (Preset::Read, Needs::Quote | Needs::Write) => false,
    }
}

/// A body that no reader of bodies would take, as a content type that none would look at.
async fn send_nonsense(
    client: &peeker_testkit::Client,
    operation: &Operation,
    path: &str,
) -> Response {
    let request = client
        .request(operation.method.clone(), &format!("{path}?unknown=1"))
        .header("content-type", "text/plain");
    client
        .send(request.body("{\"unknown\":".into()).unwrap())
        .await
}

#[apply(on_both_engines!)]
async fn no_operation_can_be_called_without_a_key(app: &TestApp) {
    let records = Records::make(app).await;
    for operation in ALL {
        let path = operation.path_for(&records);
        let response = operation.send(&app.anonymous(), &path, &records).await;
        assert_eq!(
            response.header("www-authenticate"),
            Some("Bearer"),
            "{}",
            operation.id
        );
        assert_eq!(response.header("ratelimit-limit"), None, "{}", operation.id);
        let error = response.error(401, "unauthorized");
        assert!(error["field"].is_null(), "{}: {error}", operation.id);
        send_nonsense(&app.anonymous(), operation, &path)
            .await
            .error(401, "unauthorized");
    }
}

#[apply(on_both_engines!)]
async fn only_a_bearer_key_that_this_server_knows_is_taken(app: &TestApp) {
    let key = app.test_key();
    for good in [
        format!("Bearer {key}"),
        format!("bearer {key}"),
        format!("BEARER  {key} "),
    ] {
        me_with(app, &[&good]).await.expect(200);
    }
    let elsewhere = TestApp::start(app.engine).await;
    let unknown = format!("Bearer {}", elsewhere.test_key());
    elsewhere.finish().await;
    let other_letter = if key.ends_with('x') { "y" } else { "x" };
    let misspelt = format!("Bearer {}{other_letter}", &key[..key.len() - 1]);
    let other_prefix = format!("Bearer {}", key.replacen("pk_test_", "pk_live_", 1));
    let good = format!("Bearer {key}");
    for bad in [
        &[unknown.as_str()][..],
        &[&misspelt],
        &[&other_prefix],
        &[&good, &good],
        &[key],
        &["Bearer"],
        &["Bearer "],
        &["Bearer pk_test_"],
        &[&format!("Basic {key}")],
        &[&format!("Bearer {key} {key}")],
        &[&format!("Bearer{key}")],
    ] {
        me_with(app, bad).await.error(401, "unauthorized");
    }
    app.anonymous()
        .get(&format!("/me?api_key={key}"))
        .await
        .error(401, "unauthorized");
}

#[apply(on_both_engines!)]
async fn a_revoked_key_is_refused_at_once_by_every_server(app: &TestApp) {
    let other_server = app.another_server().await;
    let rotated = app.key(Preset::Full, 600).await;
    let (old, new) = (app.client(), app.client_with(&rotated));
    let user = json!({ "email": "a@example.com", "sequencer": { "provider": "smartlead", "client_id": null } });
    let made = old.post("/users", user).await.data(201);
    let path = format!("/users/{}", made["id"].as_str().unwrap());
    assert_eq!(
        new.get(&path).await.data(200),
        made,
        "two keys are valid at once"
    );
    app.client_of(&other_server).get(&path).await.expect(200);

    let all = keys::list(&app.app, &app.partner.id).await.unwrap();
    // Newest first: the rotated one, then the live and the test key that came with the partner.
    let first_test_key = all.last().unwrap();
    keys::revoke(&app.app, &first_test_key.id).await.unwrap();

    old.get(&path).await.error(401, "unauthorized");
    app.client_of(&other_server)
        .get(&path)
        .await
        .error(401, "unauthorized");
    assert_eq!(new.get(&path).await.data(200), made);
    app.live_client().get("/me").await.expect(200);
}

#[apply(on_both_engines!)]
async fn each_preset_may_do_what_the_contract_says(app: &TestApp) {
    for preset in [Preset::Read, Preset::Limited, Preset::Full] {
        let records = Records::make(app).await;
        let client = app.client_with(&app.key(preset, 600).await);
        for operation in ALL {
            let path = operation.path_for(&records);
            let response = operation.send(&client, &path, &records).await;
            assert_eq!(
                response.header("ratelimit-limit"),
                Some("600"),
                "{}",
                operation.id
            );
            let expected = if is_granted(preset, operation.needs) {
                operation.success
            } else {
                403
            };
            assert_eq!(
                response.status, expected,
                "{preset} {}: {}",
                operation.id, response.text
            );
            if expected == 403 {
                let error = response.error(403, "forbidden");
                assert!(
                    error["message"].as_str().unwrap().contains(preset.as_str()),
                    "{error}"
                );
            }
        }
        app.run_until_idle().await;
    }
}

#[apply(on_both_engines!)]
async fn a_key_that_is_too_weak_is_refused_before_the_request_is_looked_at(app: &TestApp) {
    for preset in [Preset::Read, Preset::Limited] {
        let client = app.client_with(&app.key(preset, 600).await);
        let refused = ALL
            .iter()
            .filter(|operation| !is_granted(preset, operation.needs));
        for operation in refused {
            let path = operation.path_with("no-id");
            send_nonsense(&client, operation, &path)
                .await
                .error(403, "forbidden");
        }
    }
}

#[apply(on_both_engines!)]
async fn a_key_that_is_too_weak_changes_nothing(app: &TestApp) {
    let records = Records::make(app).await;
    let client = app.client_with(&app.key(Preset::Read, 600).await);
    let before = app.row_counts(peeker_domain::Environment::Test).await;
    let user = app
        .client()
        .get(&format!("/users/{}", records.user))
        .await
        .data(200);
    for operation in ALL
        .iter()
        .filter(|operation| operation.needs != Needs::Read)
    {
        operation
            .send(&client, &operation.path_for(&records), &records)
            .await
            .error(403, "forbidden");
    }
    assert_eq!(
        app.row_counts(peeker_domain::Environment::Test).await,
        before
    );
    assert_eq!(
        app.client()
            .get(&format!("/users/{}", records.user))
            .await
            .data(200),
        user
    );
}

#[apply(on_both_engines!)]
async fn an_answer_kept_for_a_strong_key_is_not_shown_to_a_weak_one(app: &TestApp) {
    let user = json!({ "email": "a@example.com", "sequencer": { "provider": "smartlead", "client_id": null } });
    let header = [("idempotency-key", "same")];
    app.client()
        .post_with("/users", user.clone(), &header)
        .await
        .expect(201);
    let weak = app.client_with(&app.key(Preset::Read, 600).await);
    weak.post_with("/users", user, &header)
        .await
        .error(403, "forbidden");
}
