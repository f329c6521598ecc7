//! The envelope around every answer, and refusals in it.

use serde::Serialize;
use serde_json::{Value, json};

use crate::call::Answer;
use crate::strict::{Query, Refusal};

pub(crate) fn success(result: &impl Serialize) -> Answer {
    let body = json!({ "success": true, "errors": [], "messages": [], "result": result });
    Answer::json(200, &body)
}

pub(crate) fn error(status: u16, code: u32, message: &str) -> Answer {
    errors(status, &json!([{ "code": code, "message": message }]))
}

fn errors(status: u16, errors: &Value) -> Answer {
    let body = json!({ "success": false, "errors": errors, "messages": [], "result": null });
    Answer::json(status, &body)
}

/// A request whose headers are malformed, and which of them.
pub(crate) fn bad_headers(code: u32, message: &str) -> Answer {
    let chain = json!([{ "code": code, "message": message }]);
    let first = json!({ "code": 6003, "message": "Invalid request headers", "error_chain": chain });
    errors(400, &json!([first]))
}

pub(crate) fn not_found(path: &str) -> Answer {
    let why = format!("Could not route to {path}, perhaps your object identifier is invalid?");
    error(404, 7003, &why)
}

pub(crate) fn throttled(code: u32, message: &str, seconds: u64) -> Answer {
    error(429, code, message).with("retry-after", seconds.to_string())
}

/// What the framework refuses; also what `strict` gives.
pub(crate) fn refuse(refusal: &Refusal) -> Answer {
    match refusal {
        Refusal::NotFound => error(404, 7000, "No route for that URI"),
        Refusal::Method(_) => error(405, 7001, "Method not available for that URI."),
        Refusal::ContentType => error(
            415,
            6007,
            "Malformed Content-Type: it must be application/json",
        ),
        Refusal::Body(why) => error(400, 9207, &format!("Request body is invalid. {why}")),
        Refusal::Query(why) => error(400, 9208, &format!("Invalid query: {why}")),
        Refusal::Fault(status) => error(*status, 10_001, "Service temporarily unavailable"),
        Refusal::TooManyRequests(seconds) => throttled(10_100, TOO_MANY, *seconds),
    }
}

pub(crate) const TOO_MANY: &str = "More than 1200 requests per 300 seconds reached. Please wait and consider throttling your request speed";

/// A page of `all`, within the sizes that this list allows.
pub(crate) fn page(
    query: &Query<'_>,
    all: &[Value],
    sizes: std::ops::RangeInclusive<usize>,
    usual: usize,
) -> Result<Answer, Answer> {
    let asked = |name| query.parse::<usize>(name).map_err(|why| refuse(&why));
    let (page, size) = (
        asked("page")?.unwrap_or(1),
        asked("per_page")?.unwrap_or(usual),
    );
    if page == 0 || !sizes.contains(&size) {
        let why = format!(
            "page counts from 1, per_page is between {} and {}",
            sizes.start(),
            sizes.end()
        );
        return Err(refuse(&Refusal::Query(why)));
    }
    let skipped = (page - 1).saturating_mul(size).min(all.len());
    let shown = &all[skipped..skipped.saturating_add(size).min(all.len())];
    let body = json!({
        "success": true,
        "errors": [],
        "messages": [],
        "result": shown,
        "result_info": {
            "page": page,
            "per_page": size,
            "count": shown.len(),
            "total_count": all.len(),
            "total_pages": all.len().div_ceil(size),
        },
    });
    Ok(Answer::json(200, &body))
}
