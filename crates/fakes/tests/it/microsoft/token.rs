//! Tokens of an app, and of a user by password.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use peeker_fakes::{Fakes, Vendor};
use serde_json::{Value, json};

use super::{EXCHANGE, GRAPH, PASSWORD, Tenant, app, ask_token, code, user};
use crate::client::{client, read, start};

const MAIL: &str = "https://outlook.office.com/SMTP.Send https://outlook.office.com/IMAP.AccessAsUser.All offline_access";

fn first(fakes: &Fakes) -> Value {
    fakes.credentials(Vendor::Microsoft)[0].clone()
}

/// The form with which a user's password becomes tokens.
fn by_password(credentials: &Value, upn: &str, password: &str) -> Vec<(&'static str, String)> {
    let mut form = app(credentials, MAIL);
    form[0].1 = "password".to_owned();
    form.push(("username", upn.to_owned()));
    form.push(("password", password.to_owned()));
    form
}

fn number(answer: &Value) -> u64 {
    answer["error_codes"][0].as_u64().unwrap()
}

#[tokio::test]
async fn a_token_tells_the_roles_of_the_app() {
    let fakes = start().await;
    let credentials = first(&fakes);
    for (scope, role) in [
        (GRAPH, "User.ReadWrite.All"),
        (EXCHANGE, "Exchange.ManageAsApp"),
    ] {
        let (status, answer) = ask_token(&fakes, &credentials, &app(&credentials, scope)).await;
        assert_eq!((status, &answer["token_type"]), (200, &json!("Bearer")));
        assert_eq!(answer["expires_in"], 3599);
        let claims = answer["access_token"]
            .as_str()
            .unwrap()
            .split('.')
            .nth(1)
            .unwrap();
        let claims: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        assert!(claims["roles"].as_array().unwrap().contains(&json!(role)));
        assert_eq!(claims["tid"], credentials["tenant_id"]);
        assert_eq!(
            format!("{}/.default", claims["aud"].as_str().unwrap()),
            scope
        );
    }
}

#[tokio::test]
async fn each_field_of_an_app_is_held_against_its_rule() {
    let fakes = start().await;
    let credentials = first(&fakes);
    for (field, value, status, error, wanted) in [
        (
            "client_id",
            "00000000-0000-4000-8000-000000000000",
            400,
            "unauthorized_client",
            700_016,
        ),
        ("client_secret", "wrong", 401, "invalid_client", 7_000_215),
        (
            "scope",
            "https://graph.microsoft.com/User.Read",
            400,
            "invalid_scope",
            1_002_012,
        ),
        (
            "scope",
            "https://elsewhere.example/.default",
            400,
            "invalid_resource",
            500_011,
        ),
        (
            "grant_type",
            "device_code",
            400,
            "unsupported_grant_type",
            70_003,
        ),
        (
            "resource",
            "https://graph.microsoft.com",
            400,
            "invalid_request",
            9_000_144,
        ),
    ] {
        let mut form = app(&credentials, GRAPH);
        form.retain(|(name, _)| *name != field);
        form.push((field, value.to_owned()));
        let (got, answer) = ask_token(&fakes, &credentials, &form).await;
        assert_eq!((got, &answer["error"]), (status, &json!(error)), "{field}");
        assert_eq!(number(&answer), wanted);
        let description = answer["error_description"].as_str().unwrap();
        assert!(description.starts_with(&format!("AADSTS{wanted}: ")));
    }
    for (missing, wanted) in [
        ("client_id", 900_144),
        ("client_secret", 7_000_218),
        ("scope", 900_144),
        ("grant_type", 900_144),
    ] {
        let mut form = app(&credentials, GRAPH);
        form.retain(|(name, _)| *name != missing);
        let (_, answer) = ask_token(&fakes, &credentials, &form).await;
        assert_eq!(number(&answer), wanted, "{missing}");
    }
}

#[tokio::test]
async fn an_unknown_tenant_and_a_body_of_another_kind_are_refused() {
    let fakes = start().await;
    let credentials = first(&fakes);
    let mut elsewhere = credentials.clone();
    elsewhere["tenant_id"] = json!("nobody.onmicrosoft.com");
    let (status, answer) = ask_token(&fakes, &elsewhere, &app(&credentials, GRAPH)).await;
    assert_eq!((status, number(&answer)), (400, 90_002));
    let mut by_domain = credentials.clone();
    by_domain["tenant_id"] = credentials["tenant_domain"].clone();
    assert_eq!(
        ask_token(&fakes, &by_domain, &app(&credentials, GRAPH))
            .await
            .0,
        200
    );
    let tenant = credentials["tenant_id"].as_str().unwrap();
    let url = format!(
        "{}/{tenant}/oauth2/v2.0/token",
        fakes.url(Vendor::Microsoft)
    );
    let as_json = client()
        .post(url)
        .json(&json!({ "grant_type": "client_credentials" }));
    assert_eq!(as_json.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_secret_can_be_refused_or_expired() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    for (change, wanted) in [
        ("credentials_refused", 7_000_215),
        ("secret_expired", 7_000_222),
    ] {
        tenant.change(&json!({ change: true }));
        let form = app(&tenant.credentials, GRAPH);
        let (status, answer) = ask_token(&fakes, &tenant.credentials, &form).await;
        assert_eq!((status, number(&answer)), (401, wanted));
        tenant.change(&json!({ change: false }));
    }
}

#[tokio::test]
async fn a_password_gives_tokens_for_mail() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let (upn, _) = tenant.add_user("jane").await;
    let form = by_password(&tenant.credentials, &upn, PASSWORD);
    let (status, answer) = ask_token(&fakes, &tenant.credentials, &form).await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer["refresh_token"].is_string());
    assert!(answer["scope"].as_str().unwrap().contains("SMTP.Send"));
    let graph = Tenant {
        token: answer["access_token"].as_str().unwrap().to_owned(),
        ..tenant
    };
    let (status, answer) = graph.get("/users").await;
    assert_eq!((status, code(&answer)), (401, "InvalidAuthenticationToken"));
    let mut form = by_password(&graph.credentials, &upn, PASSWORD);
    form[3].1 = MAIL.trim_end_matches(" offline_access").to_owned();
    let (_, answer) = ask_token(&fakes, &graph.credentials, &form).await;
    assert_eq!(answer.get("refresh_token"), None);
}

#[tokio::test]
async fn a_log_in_fails_for_its_own_reason() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let (upn, id) = tenant.add_user("jane").await;
    let ask = async |upn: &str, password: &str| {
        let form = by_password(&tenant.credentials, upn, password);
        let (status, answer) = ask_token(&fakes, &tenant.credentials, &form).await;
        assert_eq!((status, &answer["error"]), (400, &json!("invalid_grant")));
        number(&answer)
    };
    assert_eq!(ask("nobody@nowhere.example", PASSWORD).await, 50_034);
    assert_eq!(ask(&upn, "wrong").await, 50_126);
    tenant.change(&json!({ "ropc_refused": true }));
    assert_eq!(ask(&upn, PASSWORD).await, 50_076);
    tenant.change(&json!({ "ropc_refused": false, "delegated_scopes": ["SMTP.Send"] }));
    assert_eq!(ask(&upn, PASSWORD).await, 65_001);
    let path = format!("/users/{id}");
    let profile = json!({ "passwordProfile": { "password": PASSWORD } });
    tenant.patch(&path, profile).await;
    assert_eq!(ask(&upn, PASSWORD).await, 50_055);
    tenant
        .patch(&path, json!({ "accountEnabled": false }))
        .await;
    assert_eq!(ask(&upn, PASSWORD).await, 50_057);
}

#[tokio::test]
async fn a_new_user_cannot_log_in_at_first() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    fakes.set_lag(Vendor::Microsoft, 1);
    let (upn, _) = tenant.add_user("jane").await;
    let form = by_password(&tenant.credentials, &upn, PASSWORD);
    assert_eq!(ask_token(&fakes, &tenant.credentials, &form).await.0, 400);
    assert_eq!(ask_token(&fakes, &tenant.credentials, &form).await.0, 200);
}

#[tokio::test]
async fn a_route_needs_its_role_and_its_audience() {
    let fakes = start().await;
    let tenant = Tenant::open(&fakes, json!({ "roles": ["User.Read.All"] })).await;
    assert_eq!(tenant.get("/users").await.0, 200);
    let upn = format!("jane@{}", tenant.text("tenant_domain"));
    for (status, answer) in [
        tenant.get("/domains").await,
        tenant.get("/subscribedSkus").await,
        tenant.post("/users", user(&upn)).await,
    ] {
        assert_eq!(
            (status, code(&answer)),
            (403, "Authorization_RequestDenied")
        );
    }
    let exchange = Tenant::log_in(&fakes, tenant.credentials.clone(), EXCHANGE).await;
    let (status, answer) = exchange.get("/users").await;
    assert_eq!((status, code(&answer)), (401, "InvalidAuthenticationToken"));
}

#[tokio::test]
async fn an_unknown_or_revoked_token_is_unauthorized() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let url = format!("{}/v1.0/users", fakes.url(Vendor::Microsoft));
    let (status, answer) = read(client().get(url).send().await.unwrap()).await;
    assert_eq!((status, code(&answer)), (401, "InvalidAuthenticationToken"));
    assert!(answer["error"]["innerError"]["request-id"].is_string());
    tenant.change(&json!({ "revoke_tokens": true }));
    assert_eq!(tenant.get("/users").await.0, 401);
}

#[tokio::test]
async fn writes_are_limited_apart_from_reads() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    fakes.set_limit(Vendor::Microsoft, "writes", Some(1));
    tenant.add_user("jane").await;
    let request = tenant.request(reqwest::Method::DELETE, "/v1.0/users/nobody");
    let refused = request.send().await.unwrap();
    let wait: u64 = refused.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=150).contains(&wait));
    let (status, answer) = read(refused).await;
    assert_eq!((status, code(&answer)), (429, "TooManyRequests"));
    assert_eq!(tenant.get("/users").await.0, 200);
    fakes.advance_seconds(wait);
    assert_eq!(tenant.delete("/users/nobody").await.0, 404);
}
