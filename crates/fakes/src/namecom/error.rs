//! Refusals as name.com words them: `{"message": …, "details": …}`.

use serde_json::json;

use crate::call::Answer;
use crate::clock::machine_seconds;
use crate::strict::Refusal;

pub(crate) fn error(status: u16, message: &str, details: Option<&str>) -> Answer {
    match details {
        Some(details) => Answer::json(status, &json!({ "message": message, "details": details })),
        None => Answer::json(status, &json!({ "message": message })),
    }
}

pub(crate) fn invalid(details: &str) -> Answer {
    error(400, "Invalid argument", Some(details))
}

pub(crate) fn not_found() -> Answer {
    error(404, "Not Found", None)
}

pub(crate) fn too_many(seconds: u64) -> Answer {
    let reset = machine_seconds() + seconds;
    error(429, "Rate Limit Exceeded", None).with("x-ratelimit-reset", reset.to_string())
}

/// What the framework refuses; also what `strict` gives.
pub(crate) fn refuse(refusal: &Refusal) -> Answer {
    match refusal {
        Refusal::NotFound => not_found(),
        Refusal::Method(methods) => {
            error(405, "Method Not Allowed", None).with("allow", methods.join(", "))
        }
        Refusal::ContentType => {
            let message = "The 'Content-Type' header must be 'application/json' for this request.";
            error(415, message, None)
        }
        Refusal::Body(why) | Refusal::Query(why) => invalid(why),
        Refusal::Fault(502) => error(502, "Registry Connection Unavailable", None),
        Refusal::Fault(status) => error(*status, "Internal Server Error", None),
        Refusal::TooManyRequests(seconds) => too_many(*seconds),
    }
}
