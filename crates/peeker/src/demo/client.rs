//! The API as a partner's program sees it: JSON over HTTP with a bearer key.

use std::time::{Duration, Instant};

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::{Failure, Result, chain};

/// Longer than any answer takes on one machine.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Most pages of a list that are read, so that a link that leads nowhere new ends.
const MAX_PAGES: usize = 100;

pub struct Client {
    http: reqwest::Client,
    base_url: String,
    key: SecretString,
}

/// An answer and how long it took.
pub struct Answer<T> {
    pub data: T,
    pub status: u16,
    pub took: Duration,
}

#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
    links: Option<Links>,
}

#[derive(Deserialize)]
struct Links {
    next: Option<String>,
}

/// A bundle, as far as the demonstration looks at it.
#[derive(Debug, Deserialize)]
pub struct Bundle {
    pub id: String,
    pub name: String,
    pub monthly_sending_volume: u32,
    pub required_domains: RequiredDomains,
}

/// How many domains a bundle needs.
#[derive(Debug, Deserialize)]
pub struct RequiredDomains {
    pub google: u32,
    pub microsoft: u32,
    pub total: u32,
}

/// Whether names can be bought.
#[derive(Debug, Deserialize)]
pub struct AvailabilityList {
    pub domains: Vec<Availability>,
}

/// Whether one name can be bought.
#[derive(Debug, Deserialize)]
pub struct Availability {
    pub domain: String,
    pub available: bool,
    pub price_cents: Option<i64>,
    pub reason: Option<String>,
}

/// The answer to an order.
#[derive(Debug, Deserialize)]
pub struct Receipt {
    pub id: String,
    pub status: String,
    pub domain_count: u32,
}

/// An order in full.
#[derive(Debug, Deserialize)]
pub struct Order {
    pub status: String,
    pub inbox_count: u32,
    pub costs: Costs,
    pub progress: Progress,
    pub renews_at: Option<String>,
}

/// What an order costs.
#[derive(Debug, Deserialize)]
pub struct Costs {
    pub total_cents: i64,
    pub line_items: Vec<LineItem>,
}

/// One part of the price.
#[derive(Debug, Deserialize)]
pub struct LineItem {
    #[serde(rename = "type")]
    pub kind: String,
    pub quantity: u32,
    pub amount_cents: i64,
}

/// How far the work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Progress {
    pub domains_total: u32,
    pub domains_active: u32,
    pub inboxes_total: u32,
    pub inboxes_active: u32,
}

/// A domain of the partner.
#[derive(Debug, Deserialize)]
pub struct Domain {
    #[serde(rename = "domain")]
    pub name: String,
    pub provider: Option<String>,
    pub status: String,
}

/// An inbox of an order.
#[derive(Debug, Deserialize)]
pub struct Inbox {
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    pub provider: String,
    pub domain: String,
    pub status: String,
}

impl Client {
    /// A client of the API at `base_url` (an origin) with a key.
    pub fn new(base_url: &str, key: &SecretString) -> Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(TIMEOUT)
            .build();
        let http = http.map_err(|error| Failure::new("http_client", chain(&error)))?;
        Ok(Self {
            http,
            base_url: format!("{base_url}/partner/v1"),
            key: key.clone(),
        })
    }

    /// Posts a body and reads the object in the answer.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<Answer<T>> {
        let started = Instant::now();
        let (status, envelope) = self
            .send(
                Method::POST,
                &format!("{}{path}", self.base_url),
                Some(body),
            )
            .await?;
        Ok(Answer {
            data: envelope.data,
            status,
            took: started.elapsed(),
        })
    }

    /// One object.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let url = format!("{}{path}", self.base_url);
        Ok(self.send(Method::GET, &url, None).await?.1.data)
    }

    /// The order as it stands.
    pub async fn order(&self, id: &str) -> Result<Order> {
        self.get(&format!("/orders/{id}")).await
    }

    /// All domains of the account.
    pub async fn domains(&self) -> Result<Vec<Domain>> {
        self.list("/domains?per_page=100").await
    }

    /// All inboxes of an order.
    pub async fn inboxes(&self, order: &str) -> Result<Vec<Inbox>> {
        self.list(&format!("/orders/{order}/inboxes?per_page=100"))
            .await
    }

    /// All rows of a list.
    pub async fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>> {
        let mut next = Some(format!("{}{path}", self.base_url));
        let mut all = Vec::new();
        for _ in 0..MAX_PAGES {
            let Some(url) = next.take() else { break };
            let (_, page): (_, Envelope<Vec<T>>) = self.send(Method::GET, &url, None).await?;
            all.extend(page.data);
            next = page.links.and_then(|links| links.next);
        }
        Ok(all)
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        url: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Envelope<T>)> {
        let what = format!(
            "{method} {}",
            url.strip_prefix(&self.base_url).unwrap_or(url)
        );
        let failed =
            |error: &reqwest::Error| Failure::new("http", format!("{what}: {}", chain(error)));
        let mut request = self
            .http
            .request(method, url)
            .bearer_auth(self.key.expose_secret());
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| failed(&error))?;
        let status = response.status();
        let text = response.text().await.map_err(|error| failed(&error))?;
        if !status.is_success() {
            return Err(Failure::new(
                "refused",
                format!("{what} was answered with {status}: {text}"),
            ));
        }
        let envelope = serde_json::from_str(&text);
        let unreadable = |error| {
            Failure::new(
                "unreadable",
                format!("{what}: the answer is not as documented: {error}"),
            )
        };
        envelope
            .map(|envelope| (status.as_u16(), envelope))
            .map_err(unreadable)
    }
}
