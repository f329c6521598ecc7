//! Refusals in Graph's shape: `{"error": {"code", "message", "innerError": {"date", "request-id"}}}`.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::call::{Answer, Call};
use crate::clock::machine_seconds;
use crate::strict::{self, Query, Refusal};

pub(crate) fn error(status: u16, code: &str, message: &str) -> Answer {
    with_details(status, code, message, None)
}

/// With `details`, in which Graph hides the machine-readable reason.
pub(crate) fn with_details(
    status: u16,
    code: &str,
    message: &str,
    details: Option<Value>,
) -> Answer {
    let id = request_id();
    let mut error = json!({ "code": code, "message": message });
    if let Some(details) = details {
        error["details"] = json!([details]);
    }
    error["innerError"] = json!({ "date": now(), "request-id": id, "client-request-id": id });
    Answer::json(status, &json!({ "error": error })).with("request-id", id)
}

/// Numbered, so that each can be found in a log.
pub(crate) fn request_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("00000000-0000-4000-8000-{number:012x}")
}

pub(crate) fn now() -> String {
    let seconds = i64::try_from(machine_seconds()).unwrap_or_default();
    let now = Timestamp::from_second(seconds).unwrap_or_default();
    now.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

pub(crate) fn bad_request(message: &str) -> Answer {
    error(400, "Request_BadRequest", message)
}

pub(crate) fn not_found(what: &str) -> Answer {
    let message = format!(
        "Resource '{what}' does not exist or one of its queried reference-property objects are not present."
    );
    error(404, "Request_ResourceNotFound", &message)
}

pub(crate) fn unauthorized(message: &str) -> Answer {
    error(401, "InvalidAuthenticationToken", message).with("www-authenticate", "Bearer realm=\"\"")
}

pub(crate) fn denied() -> Answer {
    let message = "Insufficient privileges to complete the operation.";
    error(403, "Authorization_RequestDenied", message)
}

pub(crate) fn too_many(seconds: u64) -> Answer {
    error(429, "TooManyRequests", "Too many requests.").with("retry-after", seconds.to_string())
}

pub(crate) fn unsupported_query(message: &str) -> Answer {
    error(400, "Request_UnsupportedQuery", message)
}

pub(crate) fn refuse(refusal: &Refusal) -> Answer {
    match refusal {
        Refusal::NotFound => error(
            400,
            "BadRequest",
            "Resource not found for the segment in the request's path.",
        ),
        Refusal::Method(_) => error(
            405,
            "Request_BadRequest",
            "Specified HTTP method is not allowed for the request target.",
        ),
        Refusal::ContentType => error(
            400,
            "BadRequest",
            "Write requests (excluding DELETE) must contain the Content-Type header declaration.",
        ),
        Refusal::Body(why) => error(
            400,
            "BadRequest",
            &format!("Unable to read JSON request payload: {why}."),
        ),
        Refusal::Query(why) => error(
            400,
            "BadRequest",
            &format!("The query is not supported: {why}."),
        ),
        Refusal::Fault(status) => error(*status, "UnknownError", "An error has occurred."),
        Refusal::TooManyRequests(seconds) => too_many(*seconds),
    }
}

pub(crate) fn body<T: DeserializeOwned>(call: &Call) -> Result<T, Answer> {
    strict::json(call).map_err(|refusal| refuse(&refusal))
}

pub(crate) fn query<'a>(call: &'a Call, known: &[&str]) -> Result<Query<'a>, Answer> {
    strict::query(call, known).map_err(|refusal| refuse(&refusal))
}

/// One object as an answer.
pub(crate) fn entity(status: u16, set: &str, mut object: Value) -> Answer {
    object["@odata.context"] = json!(context(&format!("{set}/$entity")));
    Answer::json(status, &object)
}

pub(crate) fn context(of: &str) -> String {
    format!("https://graph.microsoft.com/v1.0/$metadata#{of}")
}
