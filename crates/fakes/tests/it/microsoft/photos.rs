//! Pictures, which need a mailbox.

use peeker_fakes::Vendor;
use reqwest::{Method, Response};
use serde_json::json;

use super::{Tenant, code};
use crate::client::{client, read, start};

async fn put(tenant: &Tenant<'_>, user: &str, kind: &str, picture: Vec<u8>) -> Response {
    let path = format!("/v1.0/users/{user}/photo/$value");
    let request = tenant
        .request(Method::PUT, &path)
        .header("content-type", kind);
    request.body(picture).send().await.unwrap()
}

async fn jpeg(tenant: &Tenant<'_>) -> Vec<u8> {
    let url = format!("{}/pictures/jane.jpg", tenant.fakes.web_url());
    let response = client().get(url).send().await.unwrap();
    response.bytes().await.unwrap().to_vec()
}

#[tokio::test]
async fn a_picture_is_kept_when_there_is_a_mailbox() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let (upn, id) = tenant.add_user("jane").await;
    let picture = jpeg(&tenant).await;
    let (status, answer) = read(put(&tenant, &id, "image/jpeg", picture.clone()).await).await;
    assert_eq!((status, code(&answer)), (404, "ErrorNonExistentMailbox"));
    fakes.set_lag(Vendor::Microsoft, 1);
    tenant.license(&id).await;
    assert_eq!(
        put(&tenant, &id, "image/jpeg", picture.clone())
            .await
            .status(),
        404
    );
    let path = format!("/v1.0/users/{id}/photo/$value");
    let (status, answer) = read(tenant.request(Method::GET, &path).send().await.unwrap()).await;
    assert_eq!((status, code(&answer)), (404, "ImageNotFound"));
    assert_eq!(
        put(&tenant, &id, "image/jpeg", picture.clone())
            .await
            .status(),
        200
    );
    let shown = tenant.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(shown.headers()["content-type"], "image/jpeg");
    assert_eq!(shown.bytes().await.unwrap(), picture);
    assert_eq!(fakes.counts().made(Vendor::Microsoft, "photos", &upn), 1);
}

#[tokio::test]
async fn other_kinds_other_bytes_and_too_many_bytes_are_refused() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let (_, id) = tenant.add_user("jane").await;
    tenant.license(&id).await;
    let picture = jpeg(&tenant).await;
    let large = [picture.clone(), vec![0; 4 << 20]].concat();
    for (kind, picture, status) in [
        ("application/json", picture, 400),
        ("image/jpeg", b"no picture".to_vec(), 400),
        ("image/jpeg", large, 413),
    ] {
        assert_eq!(put(&tenant, &id, kind, picture).await.status(), status);
    }
}

#[tokio::test]
async fn a_fifth_request_at_once_is_too_many() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let (_, id) = tenant.add_user("jane").await;
    tenant.license(&id).await;
    tenant.change(&json!({ "photo_hold_ms": 300 }));
    let picture = jpeg(&tenant).await;
    let put = || put(&tenant, &id, "image/jpeg", picture.clone());
    let (first, second, third, fourth, fifth) = tokio::join!(put(), put(), put(), put(), put());
    let all = [first, second, third, fourth, fifth];
    let mut statuses = all.map(|answer| answer.status().as_u16());
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 429]);
    assert_eq!(put().await.status(), 200);
}
