//! A partner's HTTP client that calls the router in this process.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::Listener;

/// The path that every client call is below.
const BASE: &str = "/partner/v1";

/// Calls the API with one key, or with none.
#[derive(Debug, Clone)]
pub struct Client {
    router: Router,
    key: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Its body; `null` when it is empty or no JSON.
    pub body: Value,
    /// Its body as it came.
    pub text: String,
}

impl Client {
    pub(crate) fn new(router: Router, key: Option<String>) -> Self {
        Self { router, key }
    }

    /// `GET` below the base path.
    pub async fn get(&self, path: &str) -> Response {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap())
            .await
    }

    /// Opens an event stream below the base path, with more headers.
    pub async fn listen(&self, path: &str, headers: &[(&str, &str)]) -> Listener {
        let mut request = self.request(Method::GET, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "text/event-stream"
        );
        Listener::new(response.into_body())
    }

    /// `POST` below the base path.
    pub async fn post(&self, path: &str, body: Value) -> Response {
        self.with_body(Method::POST, path, body.to_string(), &[])
            .await
    }

    /// `POST` with more headers.
    pub async fn post_with(&self, path: &str, body: Value, headers: &[(&str, &str)]) -> Response {
        self.with_body(Method::POST, path, body.to_string(), headers)
            .await
    }

    /// `POST` of a text as JSON, whatever it is.
    pub async fn post_text(&self, path: &str, body: impl Into<String>) -> Response {
        self.with_body(Method::POST, path, body.into(), &[]).await
    }

    /// `PATCH` below the base path.
    pub async fn patch(&self, path: &str, body: Value) -> Response {
        self.with_body(Method::PATCH, path, body.to_string(), &[])
            .await
    }

    /// `DELETE` below the base path.
    pub async fn delete(&self, path: &str) -> Response {
        self.send(
            self.request(Method::DELETE, path)
                .body(Body::empty())
                .unwrap(),
        )
        .await
    }

    async fn with_body(
        &self,
        method: Method,
        path: &str,
        body: String,
        headers: &[(&str, &str)],
    ) -> Response {
        let mut request = self
            .request(method, path)
            .header(header::CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// A request with the key, to be completed. A path that starts with `http` is taken as it is.
    pub fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let uri = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{BASE}{path}")
        };
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header(header::HOST, "api.test");
        if let Some(key) = &self.key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        request
    }

    pub async fn send(&self, request: Request<Body>) -> Response {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Response {
            status: parts.status,
            headers: parts.headers,
            body,
            text,
        }
    }
}

impl Response {
    /// Checks the status; gives back the body.
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(
            self.status.as_u16(),
            status,
            "unexpected status; body: {}",
            self.text
        );
        assert!(
            self.header("peeker-request-id")
                .is_some_and(|id| id.starts_with("req_")),
            "no request id"
        );
        self.body
    }

    /// Checks the status of an answer of the form `{"data": …}`; gives back the data.
    pub fn data(self, status: u16) -> Value {
        self.expect(status)["data"].take()
    }

    /// Checks status and code of a refusal; gives back the error object.
    pub fn error(self, status: u16, code: &str) -> Value {
        let mut body = self.expect(status);
        assert_eq!(body["error"]["code"], code, "body: {body}");
        assert!(
            body["error"]["message"]
                .as_str()
                .is_some_and(|message| !message.is_empty()),
            "body: {body}"
        );
        body["error"].take()
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
