//! Reading, changing and deleting mailboxes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use peeker_fakes::{Fakes, Vendor};
use reqwest::Method;
use serde_json::{Value, json};

use super::{added, change, delete, get, google_mailbox, post, request};
use crate::client::start;

async fn listed(fakes: &Fakes, query: &str) -> Vec<u64> {
    let (status, answer) = get(fakes, &format!("/email-accounts/?{query}")).await;
    assert_eq!(status, 200, "{answer}");
    let all = answer.as_array().unwrap().iter();
    all.map(|one| one["id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_list_hides_passwords_only_by_base64() {
    let fakes = start().await;
    let body = google_mailbox(&fakes, "jane").await;
    let id = added(&fakes, body.clone()).await;
    let password = body["password"].as_str().unwrap();
    let (_, answer) = get(&fakes, "/email-accounts/").await;
    assert_eq!(answer[0]["password"], STANDARD.encode(password));
    assert_eq!(answer[0]["warmup_details"]["warmup_reputation"], "100%");
    assert_eq!(answer[0]["message_per_day"], 30);
    assert_eq!(answer[0].get("campaign_ids"), None);
    let (_, answer) = get(
        &fakes,
        &format!("/email-accounts/{id}/?fetch_campaigns=true"),
    )
    .await;
    assert_eq!(answer["password"], password);
    assert_eq!(answer["warmup_details"]["warmup_reputation"], 100);
    assert_eq!(answer["campaign_ids"], json!([]));
}

#[tokio::test]
async fn a_list_comes_in_pages_and_by_filters() {
    let fakes = start().await;
    let mut ids = Vec::new();
    for name in ["jane", "joe", "jim"] {
        let mut body = google_mailbox(&fakes, name).await;
        body["warmup_enabled"] = json!(name != "jim");
        ids.push(added(&fakes, body).await);
    }
    assert_eq!(listed(&fakes, "offset=0&limit=2").await, ids[..2]);
    assert_eq!(listed(&fakes, "offset=2&limit=2").await, ids[2..]);
    assert_eq!(listed(&fakes, "username=JANE").await, ids[..1]);
    assert_eq!(listed(&fakes, "emailWarmupStatus=INACTIVE").await, ids[2..]);
    assert!(listed(&fakes, "esp=OUTLOOK").await.is_empty());
    assert!(listed(&fakes, "isInUse=true").await.is_empty());
    assert!(listed(&fakes, "client_id=1").await.is_empty());
    fakes
        .change(
            Vendor::Smartlead,
            "mailboxes",
            &ids[0].to_string(),
            &json!({ "smtp_works": false }),
        )
        .unwrap();
    assert_eq!(listed(&fakes, "isSmtpSuccess=false").await, ids[..1]);
}

#[tokio::test]
async fn a_list_refuses_what_it_does_not_know() {
    let fakes = start().await;
    for (query, error) in [
        ("limit=101", "limit must be less than or equal to 100"),
        ("limit=0", "limit must be greater than or equal to 1"),
        ("esp=YAHOO", "esp must be one of [GMAIL, OUTLOOK, SMTP]"),
        ("page=1", "unknown parameter page"),
    ] {
        let answer = get(&fakes, &format!("/email-accounts/?{query}")).await;
        assert_eq!(answer, (422, json!({ "error": error })));
    }
    assert_eq!(get(&fakes, "/email-accounts/?offset=x").await.0, 422);
}

#[tokio::test]
async fn a_change_leaves_what_it_does_not_name() {
    let fakes = start().await;
    let id = added(&fakes, google_mailbox(&fakes, "jane").await).await;
    let client = json!({ "name": "Brand", "email": "jane@brand.example" });
    let client = post(&fakes, "/client/save", client).await.1["data"]["id"].clone();
    let path = format!("/email-accounts/{id}");
    let body = json!({ "client_id": client, "signature": "Jane" });
    let (status, answer) = post(&fakes, &path, body).await;
    assert_eq!((status, &answer["ok"]), (200, &json!(true)));
    let (_, answer) = get(&fakes, &format!("{path}/")).await;
    assert_eq!(answer["client_id"], client);
    assert_eq!(answer["signature"], "Jane");
    assert_eq!(answer["from_name"], "Jane Doe");
    assert_eq!(listed(&fakes, &format!("client_id={client}")).await, [id]);
    for body in [
        json!({ "client_id": 7 }),
        json!({ "password": "x" }),
        json!({ "max_email_per_day": "30" }),
        json!({ "max_email_per_day": -1 }),
    ] {
        assert_eq!(post(&fakes, &path, body).await.0, 422);
    }
}

#[tokio::test]
async fn each_missing_mailbox_is_missed_in_its_own_words() {
    let fakes = start().await;
    let gone = json!({ "error": "Email account not found" });
    assert_eq!(get(&fakes, "/email-accounts/7/").await, (404, gone.clone()));
    assert_eq!(
        post(&fakes, "/email-accounts/7", json!({})).await,
        (404, gone.clone())
    );
    assert_eq!(delete(&fakes, "/email-accounts/7").await, (404, gone));
    let (_, answer) = get(&fakes, "/email-accounts/7/warmup-stats").await;
    assert_eq!(
        answer,
        json!({ "message": "Email account not found", "status": "error" })
    );
    assert_eq!(get(&fakes, "/email-accounts/jane/").await.0, 422);
}

#[tokio::test]
async fn a_deleted_mailbox_is_gone() {
    let fakes = start().await;
    let body = google_mailbox(&fakes, "jane").await;
    let email = body["from_email"].as_str().unwrap().to_owned();
    let id = added(&fakes, body).await;
    let path = format!("/email-accounts/{id}");
    let (status, answer) = delete(&fakes, &path).await;
    assert_eq!((status, &answer["emailAccountId"]), (200, &json!(id)));
    assert_eq!(delete(&fakes, &path).await.0, 404);
    assert_eq!(
        fakes
            .counts()
            .made(Vendor::Smartlead, "mailboxes_deleted", &email),
        1
    );
}

#[tokio::test]
async fn writes_can_answer_in_plain_text() {
    let fakes = start().await;
    let id = added(&fakes, google_mailbox(&fakes, "jane").await).await;
    change(&fakes, &json!({ "plain_answers": true }));
    let path = format!("/email-accounts/{id}");
    let request = request(&fakes, Method::POST, &path).json(&json!({ "signature": "Jane" }));
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    let text = response.text().await.unwrap();
    assert_eq!(text, "Email account updated successfully");
    assert_eq!(delete(&fakes, &path).await, (200, Value::Null));
}

#[tokio::test]
async fn a_second_account_sees_nothing_of_the_first() {
    let fakes = start().await;
    let id = added(&fakes, google_mailbox(&fakes, "jane").await).await;
    let other = fakes.open_account(Vendor::Smartlead, &json!({})).unwrap();
    let key = other["api_key"].as_str().unwrap();
    let url = format!(
        "{}/api/v1/email-accounts/{id}/?api_key={key}",
        fakes.url(Vendor::Smartlead)
    );
    let response = crate::client::client().get(url).send().await.unwrap();
    assert_eq!(response.status(), 404);
}
