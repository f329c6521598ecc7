//! Tokens of a service account with domain-wide delegation.

use peeker_fakes::Vendor;
use serde_json::{Value, json};

use super::{DIRECTORY, Tenant, ask_token, claims, now, post_token, reason, sign};
use crate::client::{client, read, start};

#[tokio::test]
async fn a_signed_assertion_gets_a_bearer_token() {
    let fakes = start().await;
    let credentials = fakes.credentials(Vendor::Google)[0].clone();
    let (status, answer) = ask_token(&fakes, &sign(&credentials, &claims(&credentials))).await;
    assert_eq!(status, 200);
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["expires_in"], 3599);
    let mut claims = claims(&credentials);
    claims["aud"] = json!("https://oauth2.googleapis.com/token");
    assert_eq!(ask_token(&fakes, &sign(&credentials, &claims)).await.0, 200);
}

#[tokio::test]
async fn each_claim_is_held_against_its_rule() {
    let fakes = start().await;
    let credentials = fakes.credentials(Vendor::Google)[0].clone();
    let other = "https://www.googleapis.com/auth/drive";
    for (name, value, status, error) in [
        (
            "iss",
            json!("nobody@x.iam.gserviceaccount.com"),
            400,
            "invalid_grant",
        ),
        ("sub", json!("nobody@nowhere.example"), 400, "invalid_grant"),
        ("sub", Value::Null, 400, "invalid_grant"),
        (
            "aud",
            json!("https://elsewhere.example/token"),
            400,
            "invalid_grant",
        ),
        ("exp", json!(now() - 1), 400, "invalid_grant"),
        ("exp", json!(now() + 3700), 400, "invalid_grant"),
        ("iat", json!(now() + 900), 400, "invalid_grant"),
        ("iat", Value::Null, 400, "invalid_grant"),
        ("scope", json!(""), 400, "invalid_scope"),
        ("scope", json!(other), 401, "unauthorized_client"),
    ] {
        let mut claims = claims(&credentials);
        claims[name] = value.clone();
        let (got, answer) = ask_token(&fakes, &sign(&credentials, &claims)).await;
        assert_eq!(
            (got, &answer["error"]),
            (status, &json!(error)),
            "{name} {value}"
        );
    }
}

#[tokio::test]
async fn a_signature_of_another_key_is_refused() {
    let fakes = start().await;
    let credentials = fakes.credentials(Vendor::Google)[0].clone();
    let other = fakes.open_account(Vendor::Google, &json!({})).unwrap();
    let (status, answer) = ask_token(&fakes, &sign(&other, &claims(&credentials))).await;
    assert_eq!(status, 400);
    assert_eq!(answer["error_description"], "Invalid JWT Signature.");
}

#[tokio::test]
async fn the_form_holds_a_grant_type_and_an_assertion_and_nothing_else() {
    let fakes = start().await;
    let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    for (fields, error) in [
        (vec![("assertion", "x")], "invalid_request"),
        (vec![("grant_type", "password")], "unsupported_grant_type"),
        (vec![("grant_type", grant)], "invalid_request"),
        (
            vec![("grant_type", grant), ("assertion", "x"), ("more", "y")],
            "invalid_request",
        ),
        (
            vec![("grant_type", grant), ("assertion", "x.y.z")],
            "invalid_grant",
        ),
    ] {
        let (status, answer) = post_token(&fakes, &fields).await;
        assert_eq!(
            (status, &answer["error"]),
            (400, &json!(error)),
            "{fields:?}"
        );
    }
    let url = format!("{}/token", fakes.url(Vendor::Google));
    let as_json = client().post(url).json(&json!({ "grant_type": grant }));
    assert_eq!(as_json.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn scopes_that_are_no_longer_delegated_are_refused() {
    let fakes = start().await;
    let credentials = fakes.credentials(Vendor::Google)[0].clone();
    let id = credentials["customer_id"].as_str().unwrap();
    let change =
        json!({ "delegated_scopes": ["https://www.googleapis.com/auth/admin.directory.user"] });
    fakes
        .change(Vendor::Google, "accounts", id, &change)
        .unwrap();
    let (status, answer) = ask_token(&fakes, &sign(&credentials, &claims(&credentials))).await;
    assert_eq!(
        (status, &answer["error"]),
        (401, &json!("unauthorized_client"))
    );
}

#[tokio::test]
async fn a_route_needs_its_scope() {
    let fakes = start().await;
    let mut tenant = Tenant::first(&fakes).await;
    let admin = tenant.credentials["admin_email"]
        .as_str()
        .unwrap()
        .to_owned();
    let scope = "https://www.googleapis.com/auth/admin.directory.user";
    tenant.token = tenant.token_of(&admin, scope).await;
    let path = format!("{DIRECTORY}/customer/my_customer/domains");
    let (status, answer) = tenant.get(&path).await;
    assert_eq!((status, reason(&answer)), (403, "insufficientPermissions"));
    let users = format!("{DIRECTORY}/users?customer=my_customer");
    assert_eq!(tenant.get(&users).await.0, 200);
}

#[tokio::test]
async fn a_directory_call_for_one_who_is_no_admin_is_forbidden() {
    let fakes = start().await;
    let mut tenant = Tenant::first(&fakes).await;
    let email = format!("jane@{}", tenant.primary_domain());
    tenant.add_user(&email).await;
    tenant.token = tenant.token_of(&email, super::SCOPES).await;
    let (status, answer) = tenant.get(&format!("{DIRECTORY}/users/{email}")).await;
    assert_eq!((status, reason(&answer)), (403, "forbidden"));
}

#[tokio::test]
async fn an_unknown_or_revoked_token_is_unauthorized() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let path = format!("{DIRECTORY}/users?customer=my_customer");
    let url = format!("{}{path}", fakes.url(Vendor::Google));
    let bare = client().get(&url).send().await.unwrap();
    assert_eq!(read(bare).await.0, 401);
    let change = json!({ "revoke_tokens": true });
    fakes
        .change(Vendor::Google, "accounts", tenant.id(), &change)
        .unwrap();
    let (status, answer) = tenant.get(&path).await;
    assert_eq!((status, reason(&answer)), (401, "authError"));
}

#[tokio::test]
async fn a_refused_service_account_gets_no_token() {
    let fakes = start().await;
    let credentials = fakes.credentials(Vendor::Google)[0].clone();
    let id = credentials["customer_id"].as_str().unwrap();
    let change = json!({ "credentials_refused": true });
    fakes
        .change(Vendor::Google, "accounts", id, &change)
        .unwrap();
    let (status, answer) = ask_token(&fakes, &sign(&credentials, &claims(&credentials))).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_grant")));
}

#[tokio::test]
async fn more_than_the_limit_of_a_minute_is_refused() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    fakes.set_limit(Vendor::Google, "minute", Some(1));
    let path = format!("{DIRECTORY}/users?customer=my_customer");
    assert_eq!(tenant.get(&path).await.0, 200);
    let (status, answer) = tenant.get(&path).await;
    assert_eq!((status, reason(&answer)), (403, "userRateLimitExceeded"));
    fakes.advance_seconds(60);
    assert_eq!(tenant.get(&path).await.0, 200);
}
