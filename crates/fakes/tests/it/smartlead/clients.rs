//! Clients.

use peeker_fakes::Vendor;
use serde_json::json;

use super::{change, get, post};
use crate::client::start;

#[tokio::test]
async fn a_client_is_made_once_and_listed() {
    let fakes = start().await;
    let body = json!({ "name": "Brand", "email": "jane@brand.example", "permission": ["reply_master_inbox"] });
    let (status, answer) = post(&fakes, "/client/save", body.clone()).await;
    assert_eq!((status, &answer["ok"]), (200, &json!(true)));
    let id = &answer["data"]["id"];
    assert!(id.is_u64());
    let (status, answer) = post(&fakes, "/client/save", body).await;
    assert_eq!((status, &answer["ok"]), (400, &json!(false)));
    assert_eq!(
        fakes
            .counts()
            .made(Vendor::Smartlead, "clients", "jane@brand.example"),
        1
    );
    for path in ["/client", "/client/"] {
        let (_, answer) = get(&fakes, path).await;
        assert_eq!(&answer[0]["id"], id);
        assert_eq!(
            answer[0]["client_permision"]["permission"],
            json!(["reply_master_inbox"])
        );
    }
}

#[tokio::test]
async fn each_field_of_a_client_is_held_against_its_type() {
    let fakes = start().await;
    for (body, error) in [
        (json!({ "email": "jane@brand.example" }), "name is required"),
        (json!({ "name": "Brand" }), "email is required"),
        (
            json!({ "name": "Brand", "email": "jane" }),
            "email must be a valid email",
        ),
        (
            json!({ "name": 7, "email": "jane@brand.example" }),
            "name must be a string",
        ),
        (
            json!({ "name": "Brand", "email": "jane@brand.example", "permission": "all" }),
            "permission must be an array",
        ),
        (
            json!({ "name": "Brand", "email": "jane@brand.example", "plan": "pro" }),
            "\"plan\" is not allowed",
        ),
    ] {
        let answer = post(&fakes, "/client/save", body).await;
        assert_eq!(answer, (422, json!({ "error": error })));
    }
}

#[tokio::test]
async fn the_older_edition_answers_with_another_id() {
    let fakes = start().await;
    change(&fakes, &json!({ "edition": "older" }));
    let body = json!({ "name": "Brand", "email": "jane@brand.example", "password": "x" });
    let (_, answer) = post(&fakes, "/client/save", body).await;
    assert!(answer["clientId"].is_u64());
    assert_eq!(answer.get("data"), None);
}
