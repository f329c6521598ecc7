//! Refusals in Google's shape: `{"error": {"code", "message", "errors": [{"domain", "reason", "message"}]}}`.

use serde::de::DeserializeOwned;
use serde_json::json;

use crate::call::{Answer, Call};
use crate::strict::{self, Query, Refusal};

/// Parameters that every method has.
const EVERYWHERE: [&str; 3] = ["alt", "prettyPrint", "quotaUser"];

pub(crate) fn error(code: u16, reason: &str, message: &str) -> Answer {
    of_domain("global", code, reason, message)
}

fn of_domain(domain: &str, code: u16, reason: &str, message: &str) -> Answer {
    let detail = json!({ "domain": domain, "reason": reason, "message": message });
    let error = json!({ "code": code, "message": message, "errors": [detail] });
    Answer::json(code, &json!({ "error": error }))
}

pub(crate) fn not_found(what: &str) -> Answer {
    error(404, "notFound", &format!("Resource Not Found: {what}"))
}

pub(crate) fn domain_not_found() -> Answer {
    error(404, "notFound", "Domain not found.")
}

pub(crate) fn duplicate() -> Answer {
    error(409, "duplicate", "Entity already exists.")
}

pub(crate) fn invalid(what: &str) -> Answer {
    error(400, "invalid", what)
}

pub(crate) fn forbidden() -> Answer {
    let message = "Not Authorized to access this resource/api";
    error(403, "forbidden", message)
}

pub(crate) fn too_many() -> Answer {
    let message = "User Rate Limit Exceeded";
    of_domain("usageLimits", 403, "userRateLimitExceeded", message)
}

pub(crate) fn refuse(refusal: &Refusal) -> Answer {
    match refusal {
        Refusal::NotFound | Refusal::Method(_) => error(404, "notFound", "Not Found"),
        Refusal::ContentType => error(
            400,
            "parseError",
            "This API does not support parsing form-encoded input.",
        ),
        Refusal::Body(why) => invalid_json(why),
        Refusal::Query(why) => invalid_json(&format!("Cannot bind query parameter: {why}.")),
        Refusal::Fault(status) => error(*status, "backendError", "Backend Error"),
        Refusal::TooManyRequests(seconds) => error(429, "rateLimitExceeded", "Rate Limit Exceeded")
            .with("retry-after", seconds.to_string()),
    }
}

fn invalid_json(why: &str) -> Answer {
    let message = format!("Invalid JSON payload received. {why}");
    error(400, "badRequest", &message)
}

pub(crate) fn body<T: DeserializeOwned>(call: &Call) -> Result<T, Answer> {
    strict::json(call).map_err(|refusal| refuse(&refusal))
}

/// The query, with the parameters that this method knows besides those of every method.
pub(crate) fn query<'a>(call: &'a Call, known: &[&str]) -> Result<Query<'a>, Answer> {
    let known = [&EVERYWHERE, known].concat();
    strict::query(call, &known).map_err(|refusal| refuse(&refusal))
}

/// How many a page may hold, from 1 to `most`.
pub(crate) fn max_results(query: &Query, usual: usize, most: usize) -> Result<usize, Answer> {
    let asked = query
        .parse("maxResults")
        .map_err(|refusal| refuse(&refusal))?;
    match asked {
        Some(asked) if !(1..=most).contains(&asked) => Err(error(
            400,
            "invalidParameter",
            &format!("Invalid value '{asked}'. Values must be within the range: [1, {most}]"),
        )),
        asked => Ok(asked.unwrap_or(usual)),
    }
}
