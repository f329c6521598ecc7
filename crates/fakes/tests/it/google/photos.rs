//! Pictures of users.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use peeker_fakes::{Fakes, Vendor};
use reqwest::Method;
use serde_json::json;

use super::{DIRECTORY, Tenant};
use crate::client::{client, start};

async fn picture(fakes: &Fakes, name: &str) -> Vec<u8> {
    let url = format!("{}/pictures/{name}", fakes.web_url());
    let response = client().get(url).send().await.unwrap();
    response.bytes().await.unwrap().to_vec()
}

#[tokio::test]
async fn a_picture_is_web_safe_base64_of_a_known_kind() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let email = format!("jane@{}", tenant.primary_domain());
    tenant.add_user(&email).await;
    let path = format!("{DIRECTORY}/users/{email}/photos/thumbnail");
    assert_eq!(tenant.get(&path).await.0, 404);
    for (name, kind) in [("jane.jpg", "image/jpeg"), ("jane.png", "image/png")] {
        let data = URL_SAFE.encode(picture(&fakes, name).await);
        let body = json!({ "photoData": data });
        let (status, answer) = tenant.send(Method::PUT, &path, body).await;
        assert_eq!((status, &answer["mimeType"]), (200, &json!(kind)));
        assert_eq!(tenant.get(&path).await.1["photoData"], data);
    }
    assert_eq!(fakes.counts().made(Vendor::Google, "photos", &email), 2);
}

#[tokio::test]
async fn other_base64_and_other_bytes_are_refused() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let path = format!(
        "{DIRECTORY}/users/admin@{}/photos/thumbnail",
        tenant.primary_domain()
    );
    let standard = STANDARD.encode([b"\xff\xd8\xff".as_slice(), &[0xfb; 8]].concat());
    assert!(standard.contains('+') || standard.contains('/'));
    for body in [
        json!({ "photoData": standard }),
        json!({ "photoData": URL_SAFE.encode("no picture") }),
        json!({}),
        json!({ "photoData": "", "photo": "" }),
    ] {
        assert_eq!(tenant.send(Method::PUT, &path, body).await.0, 400);
    }
}

#[tokio::test]
async fn a_new_picture_is_seen_after_some_reads() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    fakes.set_lag(Vendor::Google, 1);
    let path = format!(
        "{DIRECTORY}/users/admin@{}/photos/thumbnail",
        tenant.primary_domain()
    );
    let data = URL_SAFE.encode(picture(&fakes, "jane.jpg").await);
    tenant
        .send(Method::PUT, &path, json!({ "photoData": data }))
        .await;
    assert_eq!(tenant.get(&path).await.0, 404);
    assert_eq!(tenant.get(&path).await.0, 200);
}
