//! Adding mailboxes by token.

use peeker_fakes::{Fakes, Vendor};
use serde_json::{Value, json};

use super::{MICROSOFT_PASSWORD, get, post};
use crate::client::start;
use crate::microsoft::{Tenant, app, ask_token};

const SAVE: &str = "/email-accounts/save-oauth";
const SCOPE: &str = "https://outlook.office.com/SMTP.Send https://outlook.office.com/IMAP.AccessAsUser.All offline_access";

/// Makes a licensed Microsoft user, and gives the body with which its mailbox is added.
async fn mailbox(fakes: &Fakes, scope: &str) -> Value {
    let tenant = Tenant::first(fakes).await;
    let (upn, id) = tenant.add_user("jane").await;
    tenant.license(&id).await;
    let mut form = app(&tenant.credentials, scope);
    form[0].1 = "password".to_owned();
    form.push(("username", upn.clone()));
    form.push(("password", MICROSOFT_PASSWORD.to_owned()));
    let (status, token) = ask_token(fakes, &tenant.credentials, &form).await;
    assert_eq!(status, 200, "{token}");
    json!({
        "from_name": "Jane Doe",
        "from_email": upn,
        "username": upn,
        "type": "OUTLOOK",
        "token": {
            "access_token": token["access_token"],
            "refresh_token": token["refresh_token"].as_str().unwrap_or("none"),
            "token_type": "Bearer",
            "scope": scope,
            "expiry_date": 1_900_000_000_000_u64,
        },
        "warmup_enabled": true,
        "use_whitelabel_credentials": false,
    })
}

#[tokio::test]
async fn an_outlook_mailbox_opens_with_the_users_own_token() {
    let fakes = start().await;
    let body = mailbox(&fakes, SCOPE).await;
    let (status, answer) = post(&fakes, SAVE, body.clone()).await;
    assert_eq!((status, &answer["data"]["type"]), (200, &json!("OUTLOOK")));
    let id = answer["data"]["id"].as_u64().unwrap();
    let (_, answer) = get(&fakes, &format!("/email-accounts/{id}/")).await;
    assert_eq!(answer["from_email"], body["from_email"]);
    assert_eq!(answer.get("password"), None);
}

#[tokio::test]
async fn a_gmail_mailbox_opens_with_a_token_of_google() {
    let fakes = start().await;
    let tenant = crate::google::Tenant::first(&fakes).await;
    let email = format!("jane@{}", tenant.primary_domain());
    tenant.add_user(&email).await;
    let token = tenant.token_of(&email, "https://mail.google.com/").await;
    let mut body = mailbox(&fakes, SCOPE).await;
    for name in ["from_email", "username"] {
        body[name] = json!(email);
    }
    body["type"] = json!("GMAIL");
    assert_eq!(
        post(&fakes, SAVE, body.clone()).await.0,
        400,
        "the token is Microsoft's"
    );
    body["token"]["access_token"] = json!(token);
    assert_eq!(post(&fakes, SAVE, body).await.0, 200);
}

#[tokio::test]
async fn other_tokens_do_not_open_it() {
    let fakes = start().await;
    let good = mailbox(&fakes, SCOPE).await;
    let mut someone_else = good.clone();
    someone_else["username"] = json!("joe@nowhere.example");
    let mut no_renewal = good.clone();
    no_renewal["token"]["refresh_token"] = json!("wrong");
    let mut forged = good;
    forged["token"]["access_token"] = json!("wrong");
    for body in [someone_else, no_renewal, forged] {
        let (status, answer) = post(&fakes, SAVE, body).await;
        assert_eq!(
            (status, &answer["message"]),
            (400, &json!("Invalid or expired OAuth token"))
        );
    }
    assert_eq!(get(&fakes, "/email-accounts/").await.1, json!([]));
}

#[tokio::test]
async fn a_token_must_allow_to_send_and_to_read() {
    let fakes = start().await;
    let only_send = "https://outlook.office.com/SMTP.Send offline_access";
    let body = mailbox(&fakes, only_send).await;
    assert_eq!(post(&fakes, SAVE, body).await.0, 400);
}

#[tokio::test]
async fn a_new_mailbox_does_not_open_at_first() {
    let fakes = start().await;
    fakes.set_lag(Vendor::Smartlead, 1);
    let body = mailbox(&fakes, SCOPE).await;
    assert_eq!(post(&fakes, SAVE, body.clone()).await.0, 406);
    assert_eq!(post(&fakes, SAVE, body).await.0, 200);
}

#[tokio::test]
async fn every_field_is_needed() {
    let fakes = start().await;
    let good = mailbox(&fakes, SCOPE).await;
    for missing in [
        "from_name",
        "from_email",
        "username",
        "type",
        "token",
        "warmup_enabled",
        "use_whitelabel_credentials",
    ] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(missing);
        let answer = post(&fakes, SAVE, body).await;
        assert_eq!(
            answer,
            (422, json!({ "error": format!("{missing} is required") }))
        );
    }
    for missing in [
        "access_token",
        "refresh_token",
        "token_type",
        "scope",
        "expiry_date",
    ] {
        let mut body = good.clone();
        body["token"].as_object_mut().unwrap().remove(missing);
        assert_eq!(post(&fakes, SAVE, body).await.0, 422, "{missing}");
    }
    let mut body = good;
    body["user_name"] = json!("jane");
    assert_eq!(post(&fakes, SAVE, body).await.0, 422);
}
