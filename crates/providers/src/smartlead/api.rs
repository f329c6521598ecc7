//! Smartlead's API: addresses with the key, and answers whose form cannot be relied on.

use peeker_domain::vendor::Bucket;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::ProviderError;
use crate::endpoint::Endpoint;
use crate::vendor::{Answer, InvalidAccount, Services, VendorAccount, VendorHttp};

/// The API key is not taken.
pub(super) struct Unauthorized;

impl Unauthorized {
    /// What the operator has to mend.
    pub(super) const SENTENCE: &str =
        "Smartlead does not take the API key; make one in its settings and rotate the credentials";
}

/// A list that comes bare or wrapped.
#[derive(Deserialize)]
#[serde(untagged)]
enum List<T> {
    Bare(Vec<T>),
    Wrapped { data: Vec<T> },
}

/// How the adapter talks to Smartlead. No `Debug`: it holds the key.
pub(super) struct Api {
    pub(super) http: VendorHttp,
    base: Endpoint,
    key: SecretString,
}

impl Api {
    pub(super) fn new(account: VendorAccount, services: &Services) -> Result<Self, InvalidAccount> {
        let key = account.credentials.expose_secret().trim().to_owned();
        if key.is_empty() {
            return Err(InvalidAccount::new("credentials", "must be an API key"));
        }
        Ok(Self {
            base: Endpoint::of(&account, "https://server.smartlead.ai")?,
            key: key.into(),
            http: VendorHttp::new(account, services),
        })
    }

    /// Asks, and takes a refused key as something that the operator has to mend.
    pub(super) async fn ask(
        &self,
        operation: &'static str,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<Value>,
    ) -> Result<Answer, ProviderError> {
        match self.try_ask(operation, method, path, query, body).await? {
            Ok(answer) => Ok(answer),
            Err(Unauthorized) => Err(self.unauthorized().await),
        }
    }

    /// Asks, and tells when the key is refused.
    pub(super) async fn try_ask(
        &self,
        operation: &'static str,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<Value>,
    ) -> Result<Result<Answer, Unauthorized>, ProviderError> {
        let key = [("api_key", self.key.expose_secret())];
        let url = self
            .base
            .query(&[&["api", "v1"], path].concat(), &[&key, query].concat());
        let mut request = self.http.client().request(method, url);
        if let Some(body) = &body {
            request = request.json(body);
        }
        let answer = self.http.send(operation, &[Bucket::Call], request).await?;
        match answer.status.as_u16() {
            401 | 403 => Ok(Err(Unauthorized)),
            _ => Ok(Ok(answer)),
        }
    }

    pub(super) async fn unauthorized(&self) -> ProviderError {
        self.http.needs_attention(Unauthorized::SENTENCE).await
    }
}

/// The entries of a list. Errors: `Retry`, for anything but a list.
pub(super) fn list<T: DeserializeOwned>(answer: &Answer) -> Result<Vec<T>, ProviderError> {
    if !answer.status.is_success() {
        return Err(answer.unexpected("that is no list"));
    }
    Ok(match answer.json()? {
        List::Bare(entries) | List::Wrapped { data: entries } => entries,
    })
}
