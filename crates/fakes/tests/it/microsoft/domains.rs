//! Domains: adding, proving, letting mail in, and deleting.

use peeker_fakes::Vendor;
use serde_json::{Value, json};

use super::{Tenant, code, message, user};
use crate::client::start;
use crate::zone::Zone;

#[tokio::test]
async fn a_domain_is_added_once_and_unverified() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let (status, answer) = tenant
        .post("/domains", json!({ "id": "Get-Brand.com" }))
        .await;
    assert_eq!((status, &answer["id"]), (201, &json!("get-brand.com")));
    assert_eq!(answer["isVerified"], false);
    assert_eq!(answer["supportedServices"], json!([]));
    let (status, _) = tenant
        .post("/domains", json!({ "id": "get-brand.com" }))
        .await;
    assert_eq!(status, 409);
    assert_eq!(
        fakes
            .counts()
            .made(Vendor::Microsoft, "domains", "get-brand.com"),
        1
    );
    let (_, answer) = tenant.get("/domains").await;
    assert_eq!(answer["value"].as_array().unwrap().len(), 2);
    assert_eq!(tenant.get("/domains/other.com").await.0, 404);
}

#[tokio::test]
async fn a_domain_has_a_name_and_nothing_else() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    for body in [
        json!({}),
        json!({ "id": "brand" }),
        json!({ "id": "brand.com", "isDefault": true }),
    ] {
        assert_eq!(tenant.post("/domains", body).await.0, 400);
    }
    let bare = tenant
        .request(reqwest::Method::POST, "/v1.0/domains")
        .body("{}");
    assert_eq!(bare.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_domain_is_proved_only_by_the_record_in_the_dns() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    tenant
        .post("/domains", json!({ "id": "get-brand.com" }))
        .await;
    let proof = tenant.proof("get-brand.com").await;
    assert!(proof.starts_with("MS=ms"));
    let zone = Zone::of(&fakes, "get-brand.com").await;
    let (status, answer) = tenant.verify("get-brand.com").await;
    assert_eq!((status, code(&answer)), (400, "Request_BadRequest"));
    assert!(message(&answer).starts_with("Domain verification failed"));
    zone.publish("TXT", "get-brand.com", &proof).await;
    let (status, answer) = tenant.verify("get-brand.com").await;
    assert_eq!((status, &answer["isVerified"]), (200, &json!(true)));
    let (status, answer) = tenant.verify("get-brand.com").await;
    assert_eq!(
        (status, message(&answer)),
        (400, "Domain is already verified.")
    );
}

#[tokio::test]
async fn a_domain_of_another_tenant_cannot_be_had() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let (status, _) = tenant
        .post("/domains", json!({ "id": "othertenant-brand.com" }))
        .await;
    assert_eq!(status, 400);
    let zone = tenant.add_verified("get-brand.com").await;
    let other = Tenant::open(&fakes, json!({})).await;
    assert_eq!(
        other
            .post("/domains", json!({ "id": "get-brand.com" }))
            .await
            .0,
        201
    );
    let proof = other.proof("get-brand.com").await;
    zone.publish("TXT", "get-brand.com", &proof).await;
    let (status, answer) = other.verify("get-brand.com").await;
    assert_eq!(status, 400);
    assert!(message(&answer).contains("another organization"));
}

#[tokio::test]
async fn mail_records_come_with_the_mail_service() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let path = "/domains/get-brand.com";
    tenant
        .post("/domains", json!({ "id": "get-brand.com" }))
        .await;
    let mail = json!({ "supportedServices": ["Email"] });
    assert_eq!(
        tenant.patch(path, mail.clone()).await.0,
        400,
        "it is not proved"
    );
    let zone = Zone::of(&fakes, "get-brand.com").await;
    zone.publish("TXT", "get-brand.com", &tenant.proof("get-brand.com").await)
        .await;
    tenant.verify("get-brand.com").await;
    let records = format!("{path}/serviceConfigurationRecords");
    assert_eq!(tenant.get(&records).await.1["value"], json!([]));
    assert_eq!(
        tenant
            .patch(path, json!({ "supportedServices": ["Mail"] }))
            .await
            .0,
        400
    );
    assert_eq!(tenant.patch(path, mail).await.0, 204);
    let (_, answer) = tenant.get(&records).await;
    let of = |kind: &str| -> Value {
        let kind = format!("#microsoft.graph.domainDns{kind}Record");
        let mut all = answer["value"].as_array().unwrap().iter();
        all.find(|record| record["@odata.type"] == kind)
            .unwrap()
            .clone()
    };
    let server = of("Mx")["mailExchange"].as_str().unwrap().to_owned();
    assert!(server.starts_with("get-brand-com.") && server.ends_with(".mx.microsoft"));
    assert_eq!(
        of("Txt")["text"],
        "v=spf1 include:spf.protection.outlook.com -all"
    );
    assert_eq!(of("Cname")["label"], "autodiscover.get-brand.com");
    assert_eq!(of("Cname")["canonicalName"], "autodiscover.outlook.com");
}

#[tokio::test]
async fn what_is_new_is_seen_after_some_reads() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    fakes.set_lag(Vendor::Microsoft, 1);
    tenant
        .post("/domains", json!({ "id": "get-brand.com" }))
        .await;
    assert_eq!(tenant.get("/domains/get-brand.com").await.0, 404);
    let zone = Zone::of(&fakes, "get-brand.com").await;
    zone.publish("TXT", "get-brand.com", &tenant.proof("get-brand.com").await)
        .await;
    tenant.verify("get-brand.com").await;
    tenant
        .patch(
            "/domains/get-brand.com",
            json!({ "supportedServices": ["Email"] }),
        )
        .await;
    let records = "/domains/get-brand.com/serviceConfigurationRecords";
    assert_eq!(tenant.get(records).await.1["value"], json!([]));
    assert_ne!(tenant.get(records).await.1["value"], json!([]));
}

#[tokio::test]
async fn a_proved_domain_is_called_unverified_for_some_reads() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    fakes.set_lag(Vendor::Microsoft, 2);
    tenant
        .post("/domains", json!({ "id": "get-brand.com" }))
        .await;
    for _ in 0..2 {
        assert_eq!(tenant.get("/domains/get-brand.com").await.0, 404);
    }
    let zone = Zone::of(&fakes, "get-brand.com").await;
    zone.publish("TXT", "get-brand.com", &tenant.proof("get-brand.com").await)
        .await;
    assert_eq!(tenant.verify("get-brand.com").await.1["isVerified"], true);
    assert_eq!(
        tenant.get("/domains/get-brand.com").await.1["isVerified"],
        false
    );
    assert_eq!(
        tenant.get("/domains/get-brand.com").await.1["isVerified"],
        true
    );
}

#[tokio::test]
async fn a_domain_with_users_is_deleted_only_by_force() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    tenant.add_verified("get-brand.com").await;
    let (_, made) = tenant.post("/users", user("jane@get-brand.com")).await;
    let (status, answer) = tenant.delete("/domains/get-brand.com").await;
    assert_eq!((status, code(&answer)), (400, "Request_BadRequest"));
    fakes.set_lag(Vendor::Microsoft, 1);
    let force = "/domains/get-brand.com/forceDelete";
    assert_eq!(tenant.post(force, json!({ "disable": true })).await.0, 400);
    assert_eq!(
        tenant
            .post(force, json!({ "disableUserAccounts": true }))
            .await
            .0,
        204
    );
    let path = format!(
        "/users/{}?$select=userPrincipalName,accountEnabled",
        made["id"].as_str().unwrap()
    );
    let (_, answer) = tenant.get(&path).await;
    assert_eq!(
        answer["userPrincipalName"],
        format!("jane@{}", tenant.text("tenant_domain"))
    );
    assert_eq!(answer["accountEnabled"], false);
    assert_eq!(tenant.get("/domains/get-brand.com").await.0, 200);
    assert_eq!(tenant.get("/domains/get-brand.com").await.0, 404);
    assert_eq!(
        tenant
            .delete(&format!("/domains/{}", tenant.text("tenant_domain")))
            .await
            .0,
        400
    );
}

#[tokio::test]
async fn a_domain_without_users_is_deleted() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    tenant.add_verified("get-brand.com").await;
    assert_eq!(tenant.delete("/domains/get-brand.com").await.0, 204);
    assert_eq!(tenant.delete("/domains/get-brand.com").await.0, 404);
}
