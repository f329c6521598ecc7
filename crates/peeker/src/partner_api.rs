//! A partner's view of a running server, for commands that need no database: its address, a test key, JSON over HTTP.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::config::parse_origin;
use crate::failure::{Failure, Result, chain};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(40);
/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The variable with the key.
const KEY_VARIABLE: &str = "PEEKER_API_KEY";
/// More than a key with white space around it.
const MAX_KEY_FILE_BYTES: u64 = 1024;

/// Which server, and with which key.
#[derive(Debug, Args)]
pub struct Connection {
    /// Where the server is found
    #[arg(long, env = "PEEKER_URL", value_name = "ORIGIN", default_value = "http://127.0.0.1:8080", value_parser = parse_origin)]
    pub url: String,

    /// No option takes the key itself: whatever stands on a command line, every user of the machine can read.
    #[arg(
        long,
        value_name = "FILE",
        help = "File with a test key of a partner; - is standard input [default: the key in PEEKER_API_KEY]"
    )]
    pub key_file: Option<PathBuf>,
}

impl Connection {
    /// The key that was given, if one was.
    fn key(&self) -> Result<Option<SecretString>> {
        let key = match &self.key_file {
            Some(file) => read_key(file)?,
            None => std::env::var(KEY_VARIABLE).unwrap_or_default(),
        };
        let key = key.trim();
        Ok((!key.is_empty()).then(|| SecretString::from(key)))
    }
}

/// Reads a file that holds a key and nothing else.
fn read_key(file: &Path) -> Result<String> {
    let name = file.display();
    let failed = |error: io::Error| {
        Failure::new(
            "key_file",
            format!("Cannot read a key from {name}: {error}"),
        )
    };
    let source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(file).map_err(failed)?)
    };
    let mut text = String::new();
    source
        .take(MAX_KEY_FILE_BYTES)
        .read_to_string(&mut text)
        .map_err(failed)?;
    let is_cut = text.len() as u64 == MAX_KEY_FILE_BYTES;
    if is_cut || text.trim().contains(|c: char| !c.is_ascii_graphic()) {
        let message = format!("{name} must hold one key and nothing else");
        return Err(Failure::new("key_file", message));
    }
    Ok(text)
}

/// A client of the server with the key.
pub struct PartnerApi {
    /// The origin of the server.
    pub url: String,
    http: reqwest::Client,
    key: SecretString,
}

/// What a server says to a request that it refuses.
#[derive(Debug)]
pub struct Refusal {
    pub status: StatusCode,
    /// The sentence of the error envelope.
    message: String,
}

impl PartnerApi {
    /// Takes the address and the key. Errors: no key, or one that is no test key.
    pub fn new(connection: Connection) -> Result<Self> {
        let key = connection.key()?;
        Self::with_key(connection.url, key)
    }

    fn with_key(url: String, key: Option<SecretString>) -> Result<Self> {
        let key = key.ok_or_else(|| {
            Failure::new(
                "no_key",
                "Which key? Give a test key in PEEKER_API_KEY, or a file that holds it with --key-file. \
                 `peeker partner create` and `peeker key create` show new ones",
            )
        })?;
        if key.expose_secret().starts_with("pk_live_") {
            return Err(Failure::new(
                "live_key",
                "This is a live key. This command is for the sandbox: give a key that starts with pk_test_",
            ));
        }
        let http = client(&url, |builder| builder.timeout(TIMEOUT))?;
        Ok(Self { url, http, key })
    }

    /// The key, to derive from.
    pub fn key(&self) -> &str {
        self.key.expose_secret()
    }

    /// A request below the base path, with the key.
    pub fn request(
        &self,
        client: &reqwest::Client,
        method: Method,
        path: &str,
    ) -> reqwest::RequestBuilder {
        client
            .request(method, format!("{}/partner/v1{path}", self.url))
            .bearer_auth(self.key.expose_secret())
    }

    pub async fn get(&self, path: &str) -> Result<Value> {
        self.send(Method::GET, path, None).await
    }

    /// Posts a body; gives back the object in the answer.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.send(Method::POST, path, Some(body)).await
    }

    /// Changes an object; gives it back.
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Value> {
        self.send(Method::PATCH, path, Some(body)).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let what = format!("{method} {}", path.split('?').next().unwrap_or(path));
        let mut request = self.request(&self.http, method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        if !response.status().is_success() {
            return Err(self.refused(&what, &Refusal::read(response).await));
        }
        let mut answer: Value = response
            .json()
            .await
            .map_err(|error| Failure::new("unreadable", format!("{what}: {}", chain(&error))))?;
        Ok(answer["data"].take())
    }

    /// A server that cannot be reached, in words that say what to do.
    pub fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let url = &self.url;
        let message = if error.is_connect() {
            format!(
                "No server answers at {url}. Start one with `peeker serve`, or name another with --url"
            )
        } else if error.is_timeout() {
            format!("The server at {url} does not answer in time")
        } else {
            format!(
                "The server at {url} cannot be spoken with: {}",
                chain(error)
            )
        };
        Failure::new("unreachable", message)
    }

    /// What a refusal means.
    pub fn refused(&self, what: &str, refusal: &Refusal) -> Failure {
        let Refusal { status, message } = refusal;
        if *status == StatusCode::UNAUTHORIZED {
            let message = format!(
                "The server at {} does not take this key: it is mistyped, revoked or of another server",
                self.url
            );
            return Failure::new("unauthorized", message);
        }
        Failure::new(
            "refused",
            format!("{what} was answered with {status}: {message}"),
        )
    }
}

impl Refusal {
    /// Reads the error envelope; whatever else answered is named by its status alone.
    pub async fn read(response: reqwest::Response) -> Self {
        let status = response.status();
        let body: Value = response.json().await.unwrap_or_default();
        let message = body["error"]["message"].as_str();
        let message = message.unwrap_or("this does not look like a Peeker server");
        Self {
            status,
            message: message.to_owned(),
        }
    }
}

/// An HTTP client for `url`. One on this machine is never looked for behind a proxy.
pub fn client(
    url: &str,
    with: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
) -> Result<reqwest::Client> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Fails only if another thread was faster, and then there is a provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT);
    if is_local(url) {
        builder = builder.no_proxy();
    }
    with(builder)
        .build()
        .map_err(|error| Failure::new("http_client", chain(&error)))
}

fn is_local(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(key: Option<&str>) -> Result<PartnerApi> {
        PartnerApi::with_key("http://127.0.0.1:1".to_owned(), key.map(SecretString::from))
    }

    #[test]
    fn only_a_test_key_is_taken() {
        assert!(api(Some("pk_test_x")).is_ok());
        for (key, word) in [(None, "PEEKER_API_KEY"), (Some("pk_live_x"), "live key")] {
            let failure = api(key).err().unwrap().to_string();
            assert!(failure.contains(word), "{failure}");
        }
    }

    #[test]
    fn this_machine_is_known_by_its_names() {
        for url in [
            "http://localhost:1",
            "http://127.0.0.1",
            "http://[::1]:3",
            "http://a.localhost/x",
        ] {
            assert!(is_local(url), "{url}");
        }
        for url in ["http://example.com", "http://10.0.0.1", "x"] {
            assert!(!is_local(url), "{url}");
        }
    }
}
