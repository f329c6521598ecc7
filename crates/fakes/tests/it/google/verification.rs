//! Site verification, and the DKIM key that only the console makes.

use peeker_fakes::Vendor;
use serde_json::json;

use super::{Tenant, reason};
use crate::client::{admin, read, start};
use crate::zone::Zone;

#[tokio::test]
async fn a_domain_is_proved_only_by_the_record_in_the_dns() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    tenant.add_domain("get-brand.com").await;
    let token = tenant.site_token("get-brand.com").await;
    assert!(token.starts_with("google-site-verification="));
    assert_eq!(tenant.site_token("get-brand.com").await, token);
    let zone = Zone::of(&fakes, "get-brand.com").await;
    zone.publish("TXT", "get-brand.com", "google-site-verification=other")
        .await;
    let (status, answer) = tenant.prove("get-brand.com").await;
    assert_eq!((status, reason(&answer)), (400, "badRequest"));
    assert_eq!(tenant.domain("get-brand.com").await.1["verified"], false);
    zone.publish("TXT", "get-brand.com", &token).await;
    for _ in 0..2 {
        let (status, answer) = tenant.prove("get-brand.com").await;
        assert_eq!(
            (status, &answer["id"]),
            (200, &json!("dns://get-brand.com"))
        );
    }
    assert_eq!(tenant.domain("get-brand.com").await.1["verified"], true);
}

#[tokio::test]
async fn another_tenant_needs_a_record_of_its_own() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    tenant.add_verified("get-brand.com").await;
    let other = Tenant::open(&fakes, json!({})).await;
    other.site_token("get-brand.com").await;
    assert_eq!(other.prove("get-brand.com").await.0, 400);
}

#[tokio::test]
async fn a_proof_before_the_domain_is_added_counts() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let zone = Zone::of(&fakes, "get-brand.com").await;
    let token = tenant.site_token("get-brand.com").await;
    zone.publish("TXT", "get-brand.com", &token).await;
    tenant.prove("get-brand.com").await;
    assert_eq!(tenant.add_domain("get-brand.com").await.1["verified"], true);
}

#[tokio::test]
async fn a_proved_domain_is_called_unverified_for_some_reads() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    fakes.set_lag(Vendor::Google, 1);
    tenant.add_domain("get-brand.com").await;
    assert_eq!(tenant.domain("get-brand.com").await.0, 404);
    let zone = Zone::of(&fakes, "get-brand.com").await;
    let token = tenant.site_token("get-brand.com").await;
    zone.publish("TXT", "get-brand.com", &token).await;
    assert_eq!(tenant.prove("get-brand.com").await.0, 200);
    assert_eq!(tenant.domain("get-brand.com").await.1["verified"], false);
    assert_eq!(tenant.domain("get-brand.com").await.1["verified"], true);
}

#[tokio::test]
async fn proved_sites_are_listed_and_read_by_id() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let all = "/siteVerification/v1/webResource";
    assert_eq!(tenant.get(all).await, (200, json!({})));
    tenant.add_verified("get-brand.com").await;
    let (_, answer) = tenant.get(all).await;
    assert_eq!(answer["items"][0]["site"]["identifier"], "get-brand.com");
    let (status, answer) = tenant
        .get(&format!("{all}/dns%3A%2F%2Fget-brand.com"))
        .await;
    assert_eq!(
        (status, &answer["owners"][0]),
        (200, &tenant.credentials["admin_email"])
    );
    assert_eq!(
        tenant.get(&format!("{all}/dns%3A%2F%2Fother.com")).await.0,
        403
    );
}

#[tokio::test]
async fn other_methods_sites_and_fields_are_refused() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let site = json!({ "type": "INET_DOMAIN", "identifier": "get-brand.com" });
    let token = "/siteVerification/v1/token";
    for body in [
        json!({ "site": site, "verificationMethod": "META" }),
        json!({ "site": site }),
        json!({ "site": { "type": "SITE", "identifier": "https://get-brand.com" }, "verificationMethod": "DNS_TXT" }),
        json!({ "site": site, "verificationMethod": "DNS_TXT", "more": 1 }),
    ] {
        assert_eq!(tenant.post(token, body).await.0, 400);
    }
    let resource = "/siteVerification/v1/webResource";
    assert_eq!(tenant.post(resource, json!({ "site": site })).await.0, 400);
}

#[tokio::test]
async fn the_console_makes_one_dkim_key_for_a_verified_domain() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let path = format!("/google/{}/console/dkim", tenant.id());
    let ask = |domain: &str| {
        let body = json!({ "domain": domain });
        admin(&fakes, reqwest::Method::POST, &path)
            .json(&body)
            .send()
    };
    tenant.add_domain("on-brand.com").await;
    assert_eq!(ask("on-brand.com").await.unwrap().status(), 400);
    tenant.add_domain("get-brand.com").await;
    let zone = Zone::of(&fakes, "get-brand.com").await;
    let token = tenant.site_token("get-brand.com").await;
    zone.publish("TXT", "get-brand.com", &token).await;
    tenant.prove("get-brand.com").await;
    let (status, key) = read(ask("get-brand.com").await.unwrap()).await;
    assert_eq!((status, &key["selector"]), (200, &json!("google")));
    let value = key["value"].as_str().unwrap();
    assert!(value.starts_with("v=DKIM1; k=rsa; p=MIIBIjANBg") && value.len() > 255);
    assert_eq!(read(ask("get-brand.com").await.unwrap()).await.1, key);
    let published = || {
        let held = fakes.holdings(Vendor::Google);
        let domains = held[tenant.id()]["domains"].as_array().unwrap().clone();
        let of = |domain: &serde_json::Value| domain["domain"] == "get-brand.com";
        domains.into_iter().find(of).unwrap()["dkim_published"].clone()
    };
    assert_eq!(published(), false);
    zone.publish("TXT", "google._domainkey.get-brand.com", value)
        .await;
    assert_eq!(published(), true);
}
