//! Products, seats and licences.

use peeker_fakes::Vendor;
use serde_json::json;

use super::{Tenant, code, message, user};
use crate::client::start;

#[tokio::test]
async fn a_licence_takes_a_seat_once() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let (upn, id) = tenant.add_user("jane").await;
    for _ in 0..2 {
        assert_eq!(tenant.license(&id).await.0, 200);
    }
    assert_eq!(fakes.counts().made(Vendor::Microsoft, "licences", &upn), 1);
    let (_, answer) = tenant.get("/subscribedSkus").await;
    let skus = answer["value"].as_array().unwrap();
    let sku = skus
        .iter()
        .find(|sku| sku["skuId"] == tenant.text("sku_id"))
        .unwrap();
    assert_eq!(sku["consumedUnits"], 1);
    assert_eq!(sku["prepaidUnits"]["enabled"], 100);
    assert_eq!(sku["skuPartNumber"], "EXCHANGESTANDARD");
    let (_, answer) = tenant
        .get(&format!("/users/{id}?$select=mail,assignedLicenses"))
        .await;
    assert_eq!(answer["mail"], upn);
    assert_eq!(
        answer["assignedLicenses"][0]["skuId"],
        tenant.text("sku_id")
    );
}

#[tokio::test]
async fn a_licence_needs_a_usage_location() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let upn = format!("jane@{}", tenant.text("tenant_domain"));
    let mut body = user(&upn);
    body.as_object_mut().unwrap().remove("usageLocation");
    tenant.post("/users", body).await;
    let (status, answer) = tenant.license(&upn).await;
    assert_eq!((status, code(&answer)), (400, "Request_BadRequest"));
    assert!(message(&answer).contains("usage location"));
    tenant
        .patch(&format!("/users/{upn}"), json!({ "usageLocation": "DE" }))
        .await;
    assert_eq!(tenant.license(&upn).await.0, 200);
}

#[tokio::test]
async fn seats_run_out_and_come_back() {
    let fakes = start().await;
    let tenant = Tenant::open(&fakes, json!({ "seats": { "EXCHANGESTANDARD": 1 } })).await;
    let (_, jane) = tenant.add_user("jane").await;
    let (_, joe) = tenant.add_user("joe").await;
    assert_eq!(tenant.license(&jane).await.0, 200);
    let (status, answer) = tenant.license(&joe).await;
    assert_eq!((status, code(&answer)), (400, "Request_BadRequest"));
    assert!(message(&answer).ends_with("does not have any available licenses."));
    assert_eq!(tenant.delete(&format!("/users/{jane}")).await.0, 204);
    assert_eq!(tenant.license(&joe).await.0, 200);
}

#[tokio::test]
async fn a_licence_is_given_back() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let (_, id) = tenant.add_user("jane").await;
    let path = format!("/users/{id}/assignLicense");
    let remove = json!({ "addLicenses": [], "removeLicenses": [tenant.text("sku_id")] });
    assert_eq!(
        tenant.post(&path, remove.clone()).await.0,
        400,
        "there is none"
    );
    tenant.license(&id).await;
    assert_eq!(tenant.post(&path, remove).await.0, 200);
    let (_, answer) = tenant
        .get(&format!("/users/{id}?$select=assignedLicenses"))
        .await;
    assert_eq!(answer["assignedLicenses"], json!([]));
}

#[tokio::test]
async fn both_lists_and_only_known_products_are_taken() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let (_, id) = tenant.add_user("jane").await;
    let path = format!("/users/{id}/assignLicense");
    let sku = json!({ "skuId": tenant.text("sku_id") });
    let unknown = json!({ "skuId": "00000000-0000-4000-8000-000000000000" });
    for body in [
        json!({ "addLicenses": [sku] }),
        json!({ "removeLicenses": [] }),
        json!({ "addLicenses": [unknown], "removeLicenses": [] }),
        json!({ "addLicenses": [{ "sku": "x" }], "removeLicenses": [] }),
    ] {
        assert_eq!(tenant.post(&path, body).await.0, 400);
    }
}
