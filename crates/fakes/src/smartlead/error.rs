//! Refusals in Smartlead's many shapes: `{"message"}`, `{"error"}`, `{"ok": false, …}`, and plain text.

use serde_json::{Value, json};

use crate::call::{Answer, Call};
use crate::strict::{self, Query, Refusal};

pub(crate) fn plain(status: u16, text: &str) -> Answer {
    Answer::bytes(status, "text/plain; charset=utf-8", text.to_owned())
}

pub(crate) fn unauthorized() -> Answer {
    Answer::json(401, &json!({ "message": "Invalid API Key" }))
}

/// A field or parameter that is wrong.
pub(crate) fn invalid(why: &str) -> Answer {
    Answer::json(422, &json!({ "error": why }))
}

pub(crate) fn failed(status: u16, body: &Value) -> Answer {
    Answer::json(status, body)
}

pub(crate) fn not_found() -> Answer {
    Answer::json(404, &json!({ "error": "Email account not found" }))
}

pub(crate) fn too_many(seconds: u64) -> Answer {
    let error = json!({
        "code": "RATE_LIMIT_EXCEEDED",
        "message": "Too many requests. Please try again later.",
        "retry_after": seconds,
    });
    Answer::json(429, &json!({ "error": error })).with("retry-after", seconds.to_string())
}

pub(crate) fn refuse(refusal: &Refusal) -> Answer {
    match refusal {
        Refusal::NotFound | Refusal::Method(_) => plain(404, "Cannot find what was asked for"),
        Refusal::ContentType => plain(400, "Bad Request"),
        Refusal::Body(why) => plain(400, &format!("SyntaxError: {why}")),
        Refusal::Query(why) => invalid(why),
        Refusal::Fault(status) => plain(*status, "Internal Server Error"),
        Refusal::TooManyRequests(seconds) => too_many(*seconds),
    }
}

/// The query, with the parameters that this route knows besides the key.
pub(crate) fn query<'a>(call: &'a Call, known: &[&str]) -> Result<Query<'a>, Answer> {
    let known = [&["api_key"], known].concat();
    strict::query(call, &known).map_err(|refusal| refuse(&refusal))
}
