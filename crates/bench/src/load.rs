//! Many requests at once, and how long they took.

use std::future::Future;
use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::{Client, Method};
use serde_json::Value;

/// A server and a key for it.
#[derive(Debug, Clone)]
pub struct Target {
    client: Client,
    url: String,
    key: String,
}

impl Target {
    /// A client that keeps its connections.
    pub fn new(url: &str, key: &str) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .no_proxy()
            .tcp_nodelay(true)
            .timeout(Duration::from_mins(2))
            .build()?;
        Ok(Self {
            client,
            url: url.trim_end_matches('/').to_owned(),
            key: key.to_owned(),
        })
    }

    /// `GET` of any path; the body is read and thrown away.
    pub async fn touch(&self, path: &str) -> Result<(), String> {
        let response = self
            .client
            .get(format!("{}{path}", self.url))
            .bearer_auth(&self.key)
            .send()
            .await;
        let response = response
            .and_then(reqwest::Response::error_for_status)
            .map_err(|error| error.to_string())?;
        response
            .bytes()
            .await
            .map(|_| ())
            .map_err(|error| error.to_string())
    }

    /// `GET` below the API's base path.
    pub async fn get(&self, path: &str) -> Result<Value, String> {
        let response = self
            .client
            .get(format!("{}/partner/v1{path}", self.url))
            .bearer_auth(&self.key)
            .send()
            .await;
        read(response).await
    }

    /// `POST` below the API's base path.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        let request = self
            .client
            .post(format!("{}/partner/v1{path}", self.url))
            .bearer_auth(&self.key);
        read(request.json(body).send().await).await
    }
}

/// What the API said.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body; `null` when it is none of JSON.
    pub body: Value,
}

impl Target {
    /// One request below the API's base path. `None` when there is no answer, or only a part of one.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        idempotency_key: Option<&str>,
    ) -> Option<Answer> {
        let url = format!("{}/partner/v1{path}", self.url);
        let mut request = self.client.request(method, url).bearer_auth(&self.key);
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(key) = idempotency_key {
            request = request.header("Idempotency-Key", key);
        }
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let body = response.bytes().await.ok()?;
        Some(Answer {
            status,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        })
    }

    /// The head of a `GET` below the API's base path, for somebody who writes to the connection himself.
    pub fn head_of(&self, path: &str) -> String {
        format!(
            "GET /partner/v1{path} HTTP/1.1\r\nHost: soak\r\nAuthorization: Bearer {}\r\n\r\n",
            self.key
        )
    }

    /// Host and port of the server.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }
}

async fn read(response: Result<reqwest::Response, reqwest::Error>) -> Result<Value, String> {
    let response = response.map_err(|error| error.to_string())?;
    let status = response.status();
    let body: Value = response.json().await.map_err(|error| error.to_string())?;
    if status.is_success() {
        Ok(body)
    } else {
        Err(format!("{status}: {body}"))
    }
}

/// What a run of equal requests took.
#[derive(Debug)]
pub struct Run {
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// Each request's time, shortest first.
    pub latencies: Vec<Duration>,
}

impl Run {
    /// Requests per second.
    pub fn rate(&self) -> f64 {
        f64::from(u32::try_from(self.latencies.len()).unwrap_or(u32::MAX))
            / self.elapsed.as_secs_f64()
    }

    /// The latency that `percent` of the requests stay below, in milliseconds.
    pub fn percentile(&self, percent: usize) -> f64 {
        let index =
            (self.latencies.len() * percent / 100).min(self.latencies.len().saturating_sub(1));
        self.latencies
            .get(index)
            .map_or(0.0, |latency| latency.as_secs_f64() * 1000.0)
    }
}

/// Makes requests 0 to `count` with `clients` under way at once. The first failure ends it.
pub async fn run<F, R>(count: usize, clients: usize, request: F) -> Result<Run, String>
where
    F: Fn(usize) -> R,
    R: Future<Output = Result<(), String>>,
{
    let start = Instant::now();
    let request = &request;
    let workers = (0..clients).map(|client| async move {
        let mut latencies = Vec::new();
        for number in (client..count).step_by(clients) {
            let begun = Instant::now();
            request(number).await?;
            latencies.push(begun.elapsed());
        }
        Ok::<_, String>(latencies)
    });
    let mut latencies = Vec::with_capacity(count);
    for of_worker in join_all(workers).await {
        latencies.extend(of_worker?);
    }
    latencies.sort_unstable();
    Ok(Run {
        elapsed: start.elapsed(),
        latencies,
    })
}
