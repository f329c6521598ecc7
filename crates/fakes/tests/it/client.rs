//! Fakes of its own for each test, and a client that knows no vendor.

use std::sync::LazyLock;
use std::time::Duration;

use peeker_fakes::{Fakes, Options, Vendor};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;

/// Running fakes without delays, unless a test sets one.
pub async fn start() -> Fakes {
    let options = Options {
        lag: 0,
        seed: Some(7),
        ..Options::default()
    };
    Fakes::start(options).await.unwrap()
}

/// One client for all, which is costly to make. It keeps no connection, because each test has a runtime of its own.
static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .timeout(Duration::from_secs(20))
        .pool_max_idle_per_host(0)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
});

/// A client that gives up soon.
pub fn client() -> Client {
    CLIENT.clone()
}

/// A text of the vendor's first account's credentials.
pub fn credential(fakes: &Fakes, vendor: Vendor, name: &str) -> String {
    let credentials = fakes.credentials(vendor);
    credentials[0][name].as_str().unwrap().to_owned()
}

/// A request to the admin.
pub fn admin(fakes: &Fakes, method: Method, path: &str) -> RequestBuilder {
    client().request(method, format!("{}{path}", fakes.admin_url()))
}

/// Status and JSON body; null where there is no JSON.
pub async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}
