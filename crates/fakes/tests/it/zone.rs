//! A domain that is served by Cloudflare, for rules that look into the DNS.

use peeker_fakes::{Fakes, Vendor};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{client, credential, read};

/// A zone with an active delegation.
pub struct Zone<'a> {
    fakes: &'a Fakes,
    id: String,
}

impl<'a> Zone<'a> {
    /// Makes the zone and delegates the domain to it.
    pub async fn of(fakes: &'a Fakes, domain: &str) -> Self {
        let account = credential(fakes, Vendor::Cloudflare, "account_id");
        let body = json!({ "account": { "id": account }, "name": domain, "type": "full" });
        fakes.register_elsewhere(domain, &["ns1.old.example"]);
        let made = cloudflare(fakes, "/zones", &body).await;
        let hosts = made["name_servers"].as_array().unwrap();
        let hosts: Vec<_> = hosts.iter().map(|host| host.as_str().unwrap()).collect();
        fakes.register_elsewhere(domain, &hosts);
        let id = made["id"].as_str().unwrap().to_owned();
        Self { fakes, id }
    }

    /// Publishes a record.
    pub async fn publish(&self, kind: &str, name: &str, content: &str) {
        let body = json!({ "type": kind, "name": name, "content": content, "ttl": 300 });
        cloudflare(
            self.fakes,
            &format!("/zones/{}/dns_records", self.id),
            &body,
        )
        .await;
    }
}

async fn cloudflare(fakes: &Fakes, path: &str, body: &Value) -> Value {
    let url = format!("{}/client/v4{path}", fakes.url(Vendor::Cloudflare));
    let token = credential(fakes, Vendor::Cloudflare, "api_token");
    let request = client().request(Method::POST, url).bearer_auth(token);
    let (status, answer) = read(request.json(body).send().await.unwrap()).await;
    assert_eq!(status, 200, "{answer}");
    answer["result"].clone()
}
