//! `POST /v1.0/$batch`: up to twenty requests in one, each authenticated and throttled on its own.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{bad_request, body, query};
use crate::Shared;
use crate::call::{Answer, Call};
use crate::dispatch::dispatch;
use crate::route::Waiting;

pub(crate) const ROUTE: &str = "POST /v1.0/$batch";

const MOST: usize = 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    requests: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Part {
    id: String,
    method: String,
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<Value>,
    #[serde(default)]
    depends_on: Vec<String>,
}

pub(crate) fn run(shared: Shared, call: Call) -> Waiting {
    Box::pin(async move {
        query(&call, &[])?;
        let batch: Batch = body(&call)?;
        if batch.requests.len() > MOST {
            let message =
                format!("Number of batch request steps exceeds the maximum value of {MOST}.");
            return Err(bad_request(&message));
        }
        let (mut responses, mut failed) = (Vec::new(), Vec::new());
        for part in batch.requests {
            let id = part.id.clone();
            let answer = if part.depends_on.iter().any(|id| failed.contains(id)) {
                Answer::json(424, &json!({ "error": { "code": "FailedDependency" } }))
            } else {
                match inner(&call, part) {
                    Some(inner) => dispatch(&shared, &super::Microsoft, inner).await,
                    None => bad_request("Invalid batch request step."),
                }
            };
            if !answer.status.is_success() {
                failed.push(id.clone());
            }
            responses.push(shown(&id, &answer));
        }
        Ok(Answer::json(200, &json!({ "responses": responses })))
    })
}

/// A part as a request of its own, with the credentials of the whole.
fn inner(call: &Call, part: Part) -> Option<Call> {
    let (path, query) = part.url.split_once('?').unwrap_or((&part.url, ""));
    let mut headers = HeaderMap::new();
    for (name, value) in &part.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_str(value).ok()?);
    }
    let credentials = call.headers.get("authorization")?;
    headers.insert("authorization", credentials.clone());
    let body = match part.body {
        Some(Value::String(base64)) => STANDARD.decode(base64).ok()?,
        Some(body) => serde_json::to_vec(&body).ok()?,
        None => Vec::new(),
    };
    Some(Call {
        method: Method::from_bytes(part.method.as_bytes()).ok()?,
        path: format!("/v1.0/{}", path.trim_start_matches('/')),
        query: url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect(),
        headers,
        body: body.into(),
        route: "",
        params: Vec::new(),
        account: String::new(),
    })
}

fn shown(id: &str, answer: &Answer) -> Value {
    let headers: BTreeMap<_, _> = answer.headers.iter().cloned().collect();
    let mut shown = json!({ "id": id, "status": answer.status.as_u16(), "headers": headers });
    if !answer.body.is_empty() {
        let body = serde_json::from_slice(&answer.body);
        shown["body"] = body.unwrap_or_else(|_| json!(STANDARD.encode(&answer.body)));
    }
    shown
}
