//! Adding mailboxes by password.

use peeker_fakes::Vendor;
use serde_json::{Value, json};

use super::{MICROSOFT_PASSWORD, added, change, get, google_mailbox, post};
use crate::client::start;

const SAVE: &str = "/email-accounts/save";

#[tokio::test]
async fn a_google_mailbox_opens_with_its_users_password() {
    let fakes = start().await;
    let body = google_mailbox(&fakes, "jane").await;
    let (status, answer) = post(&fakes, SAVE, body.clone()).await;
    assert_eq!((status, &answer["ok"]), (200, &json!(true)));
    assert_eq!(answer["data"]["from_email"], body["from_email"]);
    assert_eq!(answer["data"]["is_smtp_success"], true);
    assert_eq!(answer["data"]["is_imap_success"], true);
    assert_eq!(answer["data"]["warmup_details"]["status"], "ACTIVE");
}

#[tokio::test]
async fn a_password_that_google_has_as_a_hash_opens_too() {
    let fakes = start().await;
    let tenant = crate::google::Tenant::first(&fakes).await;
    let mut body = google_mailbox(&fakes, "jane").await;
    let hash = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d";
    let user = json!({ "password": hash, "hashFunction": "SHA-1" });
    let email = body["from_email"].as_str().unwrap();
    tenant.patch_user(email, user).await;
    assert_eq!(post(&fakes, SAVE, body.clone()).await.0, 406);
    body["password"] = json!("hello");
    assert_eq!(post(&fakes, SAVE, body).await.0, 200);
}

#[tokio::test]
async fn a_microsoft_mailbox_opens_with_a_licence_and_smtp_auth() {
    let fakes = start().await;
    let tenant = crate::microsoft::Tenant::first(&fakes).await;
    let (upn, id) = tenant.add_user("jane").await;
    let mut body = google_mailbox(&fakes, "jane").await;
    for (name, value) in [
        ("from_email", upn.as_str()),
        ("user_name", &upn),
        ("password", MICROSOFT_PASSWORD),
        ("smtp_host", "smtp.office365.com"),
        ("imap_host", "outlook.office365.com"),
        ("type", "OUTLOOK"),
    ] {
        body[name] = json!(value);
    }
    assert_eq!(
        post(&fakes, SAVE, body.clone()).await.0,
        406,
        "there is no licence"
    );
    tenant.license(&id).await;
    assert_eq!(post(&fakes, SAVE, body.clone()).await.0, 200);
    tenant.change(&json!({ "smtp_auth": false }));
    assert_eq!(post(&fakes, SAVE, body).await.0, 406);
}

#[tokio::test]
async fn a_mailbox_that_does_not_open_is_not_added() {
    let fakes = start().await;
    let good = google_mailbox(&fakes, "jane").await;
    for (name, value) in [
        ("password", json!("wrong")),
        ("user_name", json!("nobody@nowhere.example")),
        ("smtp_host", json!("smtp.elsewhere.example")),
        ("smtp_port", json!(80)),
    ] {
        let mut body = good.clone();
        body[name] = value;
        let (status, answer) = post(&fakes, SAVE, body).await;
        assert_eq!((status, &answer["ok"]), (406, &json!(false)), "{name}");
        assert_eq!(answer["message"], "SMTP connection failed");
    }
    change(&fakes, &json!({ "log_in_failure_status": 400 }));
    let mut body = good;
    body["password"] = json!("wrong");
    assert_eq!(post(&fakes, SAVE, body).await.0, 400);
    assert_eq!(get(&fakes, "/email-accounts/").await.1, json!([]));
}

#[tokio::test]
async fn a_new_mailbox_does_not_open_at_first() {
    let fakes = start().await;
    fakes.set_lag(Vendor::Smartlead, 2);
    let body = google_mailbox(&fakes, "jane").await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(post(&fakes, SAVE, body.clone()).await.0);
    }
    assert_eq!(statuses, [406, 406, 200]);
}

#[tokio::test]
async fn a_mailbox_that_cannot_be_read_is_added_all_the_same() {
    let fakes = start().await;
    let mut body = google_mailbox(&fakes, "jane").await;
    body["imap_port"] = json!(143);
    let (status, answer) = post(&fakes, SAVE, body).await;
    assert_eq!(
        (status, &answer["data"]["is_imap_success"]),
        (200, &json!(false))
    );
}

#[tokio::test]
async fn adding_twice_makes_two_unless_the_id_is_given() {
    let fakes = start().await;
    let mut body = google_mailbox(&fakes, "jane").await;
    let email = body["from_email"].as_str().unwrap().to_owned();
    let first = added(&fakes, body.clone()).await;
    assert_ne!(added(&fakes, body.clone()).await, first);
    assert_eq!(
        fakes.counts().made(Vendor::Smartlead, "mailboxes", &email),
        2
    );
    body["id"] = json!(first);
    body["from_name"] = json!("J. Doe");
    assert_eq!(added(&fakes, body.clone()).await, first);
    assert_eq!(
        fakes.counts().made(Vendor::Smartlead, "mailboxes", &email),
        2
    );
    let (_, answer) = get(&fakes, &format!("/email-accounts/{first}/")).await;
    assert_eq!(answer["from_name"], "J. Doe");
    body["id"] = json!(1);
    let (status, answer) = post(&fakes, SAVE, body).await;
    assert_eq!(
        (status, &answer["errorCode"]),
        (404, &json!("ACCOUNT_NOT_FOUND"))
    );
}

#[tokio::test]
async fn the_older_edition_refuses_an_address_twice_and_names_its_id() {
    let fakes = start().await;
    change(&fakes, &json!({ "edition": "older" }));
    let mut body = google_mailbox(&fakes, "jane").await;
    let (_, first) = post(&fakes, SAVE, body.clone()).await;
    let (status, answer) = post(&fakes, SAVE, body.clone()).await;
    assert_eq!(
        (status, &answer["errorCode"]),
        (400, &json!("ACCOUNT_ALREADY_EXIST"))
    );
    assert_eq!(answer["emailAccountId"], first["emailAccountId"]);
    body["from_email"] = json!("joe@nowhere.example");
    body["password"] = json!("wrong");
    let (status, answer) = post(&fakes, SAVE, body).await;
    assert_eq!(
        (status, &answer["errorCode"]),
        (404, &json!("ACCOUNT_VERIFICATION_FAILED"))
    );
}

#[tokio::test]
async fn each_field_is_held_against_its_type() {
    let fakes = start().await;
    let good = google_mailbox(&fakes, "jane").await;
    for (name, value, error) in [
        ("from_name", Value::Null, "from_name is required"),
        ("smtp_port", json!("587"), "smtp_port must be a number"),
        (
            "warmup_enabled",
            json!("yes"),
            "warmup_enabled must be a boolean",
        ),
        (
            "type",
            json!("YAHOO"),
            "type must be one of [GMAIL, OUTLOOK, SMTP]",
        ),
        ("client_id", json!(7), "client_id is invalid"),
        ("username", json!("jane"), "\"username\" is not allowed"),
    ] {
        let mut body = good.clone();
        body[name] = value;
        let answer = post(&fakes, SAVE, body).await;
        assert_eq!(answer, (422, json!({ "error": error })));
    }
    let bare = super::request(&fakes, reqwest::Method::POST, SAVE).body(good.to_string());
    assert_eq!(bare.send().await.unwrap().status(), 400);
    assert_eq!(get(&fakes, "/email-accounts/").await.1, json!([]));
}
