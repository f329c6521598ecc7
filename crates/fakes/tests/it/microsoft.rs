//! Microsoft: what its descriptions say, asked as they say.

mod batch;
mod domains;
mod exchange;
mod licences;
mod photos;
mod token;
mod user_list;
mod users;

use peeker_fakes::{Fakes, Vendor};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::client::{client, read};
use crate::zone::Zone;

const GRAPH: &str = "https://graph.microsoft.com/.default";
const EXCHANGE: &str = "https://outlook.office365.com/.default";
const PASSWORD: &str = "Correct-horse-1";

/// A tenant, with a token of its app for Graph.
pub struct Tenant<'a> {
    fakes: &'a Fakes,
    pub credentials: Value,
    token: String,
}

impl<'a> Tenant<'a> {
    /// The tenant that is there from the start.
    pub async fn first(fakes: &'a Fakes) -> Self {
        let credentials = fakes.credentials(Vendor::Microsoft)[0].clone();
        Self::log_in(fakes, credentials, GRAPH).await
    }

    async fn open(fakes: &'a Fakes, wishes: Value) -> Self {
        let credentials = fakes.open_account(Vendor::Microsoft, &wishes).unwrap();
        Self::log_in(fakes, credentials, GRAPH).await
    }

    async fn log_in(fakes: &'a Fakes, credentials: Value, scope: &str) -> Self {
        let (status, answer) = ask_token(fakes, &credentials, &app(&credentials, scope)).await;
        assert_eq!(status, 200, "{answer}");
        let token = answer["access_token"].as_str().unwrap().to_owned();
        Self {
            fakes,
            credentials,
            token,
        }
    }

    fn text(&self, name: &str) -> &str {
        self.credentials[name].as_str().unwrap()
    }

    pub fn change(&self, change: &Value) {
        let id = self.text("tenant_id");
        let changed = self.fakes.change(Vendor::Microsoft, "accounts", id, change);
        changed.unwrap();
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.fakes.url(Vendor::Microsoft));
        client().request(method, url).bearer_auth(&self.token)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let request = self.request(Method::GET, &format!("/v1.0{path}"));
        read(request.send().await.unwrap()).await
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.request(method, &format!("/v1.0{path}")).json(&body);
        read(request.send().await.unwrap()).await
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::POST, path, body).await
    }

    async fn patch(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::PATCH, path, body).await
    }

    async fn delete(&self, path: &str) -> (u16, Value) {
        let request = self.request(Method::DELETE, &format!("/v1.0{path}"));
        read(request.send().await.unwrap()).await
    }

    async fn verify(&self, domain: &str) -> (u16, Value) {
        let request = self.request(Method::POST, &format!("/v1.0/domains/{domain}/verify"));
        read(request.send().await.unwrap()).await
    }

    /// The text of the record that proves a domain.
    async fn proof(&self, domain: &str) -> String {
        let path = format!("/domains/{domain}/verificationDnsRecords");
        let (status, answer) = self.get(&path).await;
        assert_eq!(status, 200, "{answer}");
        let records = answer["value"].as_array().unwrap();
        let kind = "#microsoft.graph.domainDnsTxtRecord";
        let record = records.iter().find(|record| record["@odata.type"] == kind);
        record.unwrap()["text"].as_str().unwrap().to_owned()
    }

    /// Adds a domain, proves it, and lets mail in.
    async fn add_verified(&self, domain: &str) -> Zone<'a> {
        let (status, answer) = self.post("/domains", json!({ "id": domain })).await;
        assert_eq!(status, 201, "{answer}");
        let zone = Zone::of(self.fakes, domain).await;
        zone.publish("TXT", domain, &self.proof(domain).await).await;
        let (status, answer) = self.verify(domain).await;
        assert_eq!(status, 200, "{answer}");
        let mail = json!({ "supportedServices": ["Email"] });
        assert_eq!(self.patch(&format!("/domains/{domain}"), mail).await.0, 204);
        zone
    }

    /// Makes a user on the tenant's own domain, and gives the name and the id.
    pub async fn add_user(&self, local: &str) -> (String, String) {
        let upn = format!("{local}@{}", self.text("tenant_domain"));
        let (status, answer) = self.post("/users", user(&upn)).await;
        assert_eq!(status, 201, "{answer}");
        (upn, answer["id"].as_str().unwrap().to_owned())
    }

    /// Gives a user a licence.
    pub async fn license(&self, user: &str) -> (u16, Value) {
        let path = format!("/users/{user}/assignLicense");
        let sku = json!({ "skuId": self.text("sku_id"), "disabledPlans": [] });
        let body = json!({ "addLicenses": [sku], "removeLicenses": [] });
        self.post(&path, body).await
    }
}

fn user(upn: &str) -> Value {
    json!({
        "accountEnabled": true,
        "displayName": "Jane Doe",
        "givenName": "Jane",
        "surname": "Doe",
        "mailNickname": "jane",
        "userPrincipalName": upn,
        "usageLocation": "US",
        "passwordProfile": { "forceChangePasswordNextSignIn": false, "password": PASSWORD },
        "passwordPolicies": "DisablePasswordExpiration",
    })
}

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap()
}

fn message(answer: &Value) -> &str {
    answer["error"]["message"].as_str().unwrap()
}

/// The form of an app that asks for a token.
pub fn app(credentials: &Value, scope: &str) -> Vec<(&'static str, String)> {
    let text = |name: &str| credentials[name].as_str().unwrap().to_owned();
    vec![
        ("grant_type", "client_credentials".to_owned()),
        ("client_id", text("client_id")),
        ("client_secret", text("client_secret")),
        ("scope", scope.to_owned()),
    ]
}

pub async fn ask_token(
    fakes: &Fakes,
    credentials: &Value,
    form: &[(&str, String)],
) -> (u16, Value) {
    let tenant = credentials["tenant_id"].as_str().unwrap();
    let url = format!(
        "{}/{tenant}/oauth2/v2.0/token",
        fakes.url(Vendor::Microsoft)
    );
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    let body = body.extend_pairs(form).finish();
    let request = client()
        .post(url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    read(request.send().await.unwrap()).await
}
