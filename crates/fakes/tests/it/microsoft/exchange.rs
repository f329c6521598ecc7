//! The cmdlets for DKIM.

use peeker_fakes::{Fakes, Vendor};
use reqwest::Method;
use serde_json::{Value, json};

use super::{EXCHANGE, Tenant, message};
use crate::client::{read, start};

async fn exchange(fakes: &Fakes) -> Tenant<'_> {
    let credentials = fakes.credentials(Vendor::Microsoft)[0].clone();
    Tenant::log_in(fakes, credentials, EXCHANGE).await
}

async fn run(tenant: &Tenant<'_>, cmdlet: &str, parameters: Value) -> (u16, Value) {
    let path = format!("/adminapi/beta/{}/InvokeCommand", tenant.text("tenant_id"));
    let body = json!({ "CmdletInput": { "CmdletName": cmdlet, "Parameters": parameters } });
    let request = tenant.request(Method::POST, &path).json(&body);
    read(request.send().await.unwrap()).await
}

async fn new(tenant: &Tenant<'_>, domain: &str) -> (u16, Value) {
    let parameters = json!({ "DomainName": domain, "Enabled": false });
    run(tenant, "New-DkimSigningConfig", parameters).await
}

async fn enable(tenant: &Tenant<'_>, domain: &str) -> (u16, Value) {
    let parameters = json!({ "Identity": domain, "Enabled": true });
    run(tenant, "Set-DkimSigningConfig", parameters).await
}

async fn get(tenant: &Tenant<'_>, domain: &str) -> (u16, Value) {
    run(
        tenant,
        "Get-DkimSigningConfig",
        json!({ "Identity": domain }),
    )
    .await
}

#[tokio::test]
async fn a_config_is_enabled_when_both_selectors_are_in_the_dns() {
    let fakes = start().await;
    let zone = Tenant::first(&fakes)
        .await
        .add_verified("get-brand.com")
        .await;
    let tenant = exchange(&fakes).await;
    let (status, answer) = new(&tenant, "get-brand.com").await;
    assert_eq!(status, 200, "{answer}");
    let row = &get(&tenant, "get-brand.com").await.1["value"][0];
    assert_eq!(
        (&row["Enabled"], &row["Status"]),
        (&json!(false), &json!("CnameMissing"))
    );
    for (n, missing) in [(1, true), (2, false)] {
        let (status, answer) = enable(&tenant, "get-brand.com").await;
        assert_eq!(status, 400);
        assert!(message(&answer).contains("CNAME record does not exist for this config"));
        let target = row[format!("Selector{n}CNAME")].as_str().unwrap();
        assert!(target.starts_with(&format!("selector{n}-get-brand-com._domainkey.")));
        assert!(target.ends_with("-v1.dkim.mail.microsoft"));
        let name = format!("selector{n}._domainkey.get-brand.com");
        zone.publish("CNAME", &name, target).await;
        assert_eq!(enable(&tenant, "get-brand.com").await.0 == 400, missing);
    }
    let (_, answer) = get(&tenant, "get-brand.com").await;
    assert_eq!(answer["value"][0]["Enabled"], true);
    assert_eq!(answer["value"][0]["Status"], "Valid");
}

#[tokio::test]
async fn a_config_is_made_once_for_a_domain_that_takes_mail() {
    let fakes = start().await;
    let graph = Tenant::first(&fakes).await;
    let tenant = exchange(&fakes).await;
    graph
        .post("/domains", json!({ "id": "get-brand.com" }))
        .await;
    assert_eq!(new(&tenant, "get-brand.com").await.0, 404);
    graph.add_verified("on-brand.com").await;
    assert_eq!(new(&tenant, "on-brand.com").await.0, 200);
    let (status, answer) = new(&tenant, "on-brand.com").await;
    assert_eq!(status, 400);
    assert!(message(&answer).contains("already exists"));
    assert_eq!(
        fakes
            .counts()
            .made(Vendor::Microsoft, "dkim_configs", "on-brand.com"),
        1
    );
}

#[tokio::test]
async fn exchange_knows_a_domain_and_a_config_after_some_cmdlets() {
    let fakes = start().await;
    let graph = Tenant::first(&fakes).await;
    fakes.set_lag(Vendor::Microsoft, 1);
    graph
        .post("/domains", json!({ "id": "get-brand.com" }))
        .await;
    assert_eq!(graph.get("/domains/get-brand.com").await.0, 404);
    let zone = crate::zone::Zone::of(&fakes, "get-brand.com").await;
    zone.publish("TXT", "get-brand.com", &graph.proof("get-brand.com").await)
        .await;
    graph.verify("get-brand.com").await;
    let mail = json!({ "supportedServices": ["Email"] });
    graph.patch("/domains/get-brand.com", mail).await;
    let tenant = exchange(&fakes).await;
    assert_eq!(new(&tenant, "get-brand.com").await.0, 404);
    assert_eq!(new(&tenant, "get-brand.com").await.0, 200);
    assert_eq!(get(&tenant, "get-brand.com").await.0, 404);
    assert_eq!(get(&tenant, "get-brand.com").await.0, 200);
}

#[tokio::test]
async fn unknown_cmdlets_parameters_and_objects_are_refused() {
    let fakes = start().await;
    Tenant::first(&fakes)
        .await
        .add_verified("get-brand.com")
        .await;
    let tenant = exchange(&fakes).await;
    new(&tenant, "get-brand.com").await;
    for (cmdlet, parameters, status, exception) in [
        ("Get-Nothing", json!({}), 400, "CommandNotFoundException"),
        (
            "Get-DkimSigningConfig",
            json!({ "Identity": "other.com" }),
            404,
            "ManagementObjectNotFoundException",
        ),
        (
            "Get-DkimSigningConfig",
            json!({ "Domain": "get-brand.com" }),
            400,
            "ParameterBindingException",
        ),
        (
            "New-DkimSigningConfig",
            json!({ "DomainName": "get-brand.com" }),
            400,
            "ParameterBindingException",
        ),
        (
            "Set-DkimSigningConfig",
            json!({ "Identity": "get-brand.com", "Enabled": "yes" }),
            400,
            "ParameterBindingException",
        ),
        (
            "Set-DkimSigningConfig",
            json!({ "Identity": "other.com", "Enabled": true }),
            404,
            "ManagementObjectNotFoundException",
        ),
    ] {
        let (got, answer) = run(&tenant, cmdlet, parameters).await;
        assert_eq!(got, status, "{cmdlet}");
        let begin = message(&answer).split('|').nth(1).unwrap();
        assert!(begin.ends_with(exception), "{begin}");
    }
}

#[tokio::test]
async fn cmdlets_need_a_token_for_exchange_and_the_own_tenant() {
    let fakes = start().await;
    let graph = Tenant::first(&fakes).await;
    assert_eq!(get(&graph, "get-brand.com").await.0, 401);
    let other = fakes.open_account(Vendor::Microsoft, &json!({})).unwrap();
    let mut tenant = exchange(&fakes).await;
    tenant.credentials = other.clone();
    assert_eq!(get(&tenant, "get-brand.com").await.0, 403);
    let tenant = Tenant::open(&fakes, json!({ "exchange_roles": [] })).await;
    let tenant = Tenant::log_in(&fakes, tenant.credentials, EXCHANGE).await;
    assert_eq!(get(&tenant, "get-brand.com").await.0, 403);
}
