//! Google: what its descriptions say, asked as they say.

mod directory;
mod photos;
mod reseller;
mod token;
mod verification;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use peeker_fakes::{Fakes, Vendor};
use reqwest::{Method, RequestBuilder};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use crate::client::{client, read};
use crate::zone::Zone;

pub const PASSWORD: &str = "correct horse 1";

const DIRECTORY: &str = "/admin/directory/v1";

/// The scopes of what a tenant's admin does.
const SCOPES: &str = "https://www.googleapis.com/auth/admin.directory.domain \
    https://www.googleapis.com/auth/admin.directory.user \
    https://www.googleapis.com/auth/siteverification \
    https://www.googleapis.com/auth/apps.order";

/// A tenant, with a token of its admin.
pub struct Tenant<'a> {
    fakes: &'a Fakes,
    credentials: Value,
    token: String,
}

impl<'a> Tenant<'a> {
    /// The tenant that is there from the start.
    pub async fn first(fakes: &'a Fakes) -> Self {
        let credentials = fakes.credentials(Vendor::Google)[0].clone();
        Self::log_in(fakes, credentials).await
    }

    async fn open(fakes: &'a Fakes, wishes: Value) -> Self {
        let credentials = fakes.open_account(Vendor::Google, &wishes).unwrap();
        Self::log_in(fakes, credentials).await
    }

    async fn log_in(fakes: &'a Fakes, credentials: Value) -> Self {
        let assertion = sign(&credentials, &claims(&credentials));
        let (status, answer) = ask_token(fakes, &assertion).await;
        assert_eq!(status, 200, "{answer}");
        let token = answer["access_token"].as_str().unwrap().to_owned();
        Self {
            fakes,
            credentials,
            token,
        }
    }

    /// A token of a user for these scopes.
    pub async fn token_of(&self, email: &str, scopes: &str) -> String {
        let mut claims = claims(&self.credentials);
        claims["sub"] = json!(email);
        claims["scope"] = json!(scopes);
        let assertion = sign(&self.credentials, &claims);
        let (status, answer) = ask_token(self.fakes, &assertion).await;
        assert_eq!(status, 200, "{answer}");
        answer["access_token"].as_str().unwrap().to_owned()
    }

    fn id(&self) -> &str {
        self.credentials["customer_id"].as_str().unwrap()
    }

    pub fn primary_domain(&self) -> &str {
        self.credentials["primary_domain"].as_str().unwrap()
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.fakes.url(Vendor::Google));
        client().request(method, url).bearer_auth(&self.token)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        read(self.request(Method::GET, path).send().await.unwrap()).await
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        read(self.request(method, path).json(&body).send().await.unwrap()).await
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::POST, path, body).await
    }

    async fn delete(&self, path: &str) -> (u16, Value) {
        read(self.request(Method::DELETE, path).send().await.unwrap()).await
    }

    async fn add_domain(&self, domain: &str) -> (u16, Value) {
        let path = format!("{DIRECTORY}/customer/my_customer/domains");
        self.post(&path, json!({ "domainName": domain })).await
    }

    async fn domain(&self, domain: &str) -> (u16, Value) {
        let path = format!("{DIRECTORY}/customer/my_customer/domains/{domain}");
        self.get(&path).await
    }

    pub async fn add_user(&self, email: &str) -> (u16, Value) {
        self.post(&format!("{DIRECTORY}/users"), user(email)).await
    }

    pub async fn patch_user(&self, email: &str, change: Value) {
        let path = format!("{DIRECTORY}/users/{email}");
        let (status, answer) = self.send(Method::PATCH, &path, change).await;
        assert_eq!(status, 200, "{answer}");
    }

    async fn site_token(&self, domain: &str) -> String {
        let site = json!({ "type": "INET_DOMAIN", "identifier": domain });
        let body = json!({ "site": site, "verificationMethod": "DNS_TXT" });
        let (status, answer) = self.post("/siteVerification/v1/token", body).await;
        assert_eq!(status, 200, "{answer}");
        answer["token"].as_str().unwrap().to_owned()
    }

    async fn prove(&self, domain: &str) -> (u16, Value) {
        let path = "/siteVerification/v1/webResource?verificationMethod=DNS_TXT";
        let site = json!({ "type": "INET_DOMAIN", "identifier": domain });
        self.post(path, json!({ "site": site })).await
    }

    /// Adds a domain and proves it.
    async fn add_verified(&self, domain: &str) {
        assert_eq!(self.add_domain(domain).await.0, 200);
        let zone = Zone::of(self.fakes, domain).await;
        let token = self.site_token(domain).await;
        zone.publish("TXT", domain, &token).await;
        assert_eq!(self.prove(domain).await.0, 200);
    }
}

fn user(email: &str) -> Value {
    json!({
        "primaryEmail": email,
        "name": { "givenName": "Jane", "familyName": "Doe" },
        "password": PASSWORD,
    })
}

fn reason(answer: &Value) -> &str {
    answer["error"]["errors"][0]["reason"].as_str().unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a client's signed times are real"
)]
fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_secs()
}

fn claims(credentials: &Value) -> Value {
    json!({
        "iss": credentials["service_account"]["client_email"],
        "sub": credentials["admin_email"],
        "scope": SCOPES,
        "aud": credentials["service_account"]["token_uri"],
        "iat": now(),
        "exp": now() + 3600,
    })
}

/// A JWT with the key of a service account.
fn sign(credentials: &Value, claims: &Value) -> String {
    let pem = credentials["service_account"]["private_key"]
        .as_str()
        .unwrap();
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(base64).unwrap()).unwrap();
    let header = json!({ "alg": "RS256", "typ": "JWT" });
    let part = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let signed = format!("{}.{}", part(&header), part(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    let random = SystemRandom::new();
    key.sign(
        &RSA_PKCS1_SHA256,
        &random,
        signed.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn form(fields: &[(&str, &str)]) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields).finish()
}

async fn ask_token(fakes: &Fakes, assertion: &str) -> (u16, Value) {
    let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    post_token(fakes, &[("grant_type", grant), ("assertion", assertion)]).await
}

async fn post_token(fakes: &Fakes, fields: &[(&str, &str)]) -> (u16, Value) {
    let url = format!("{}/token", fakes.url(Vendor::Google));
    let request = client()
        .post(url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(fields));
    read(request.send().await.unwrap()).await
}
