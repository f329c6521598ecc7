//! Strict reading: what a vendor does not know is refused, in that vendor's shape.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::de::DeserializeOwned;

use crate::call::Call;

/// Why the framework refuses a request before a handler has judged it.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    /// No route has this path.
    NotFound,
    /// The path has other methods.
    Method(Vec<&'static str>),
    /// The body's content type is missing or another.
    ContentType,
    /// The body is no JSON, or not of this shape; the reason.
    Body(String),
    /// A query parameter is unknown or has a wrong value; the reason.
    Query(String),
    /// A fault asked for this status.
    Fault(u16),
    /// A fault asked for a 429; seconds to wait.
    TooManyRequests(u64),
}

/// The body as `T`, whose structs deny unknown fields.
pub(crate) fn json<T: DeserializeOwned>(call: &Call) -> Result<T, Refusal> {
    content_type(call, "application/json")?;
    serde_json::from_slice(&call.body).map_err(|error| Refusal::Body(error.to_string()))
}

/// The fields of a form. A field that is there twice is refused.
pub(crate) fn form(call: &Call) -> Result<BTreeMap<String, String>, Refusal> {
    content_type(call, "application/x-www-form-urlencoded")?;
    let mut fields = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(&call.body) {
        if fields
            .insert(name.to_string(), value.into_owned())
            .is_some()
        {
            return Err(Refusal::Body(format!("{name} is there twice")));
        }
    }
    Ok(fields)
}

/// Holds the request against a content type, whatever parameters follow.
pub(crate) fn content_type(call: &Call, wanted: &str) -> Result<(), Refusal> {
    let found = call.header("content-type").unwrap_or_default();
    let found = found.split(';').next().unwrap_or_default().trim();
    if found.eq_ignore_ascii_case(wanted) {
        Ok(())
    } else {
        Err(Refusal::ContentType)
    }
}

/// The query's parameters, none but the known ones and each at most once.
pub(crate) fn query<'a>(call: &'a Call, known: &[&str]) -> Result<Query<'a>, Refusal> {
    let mut found = BTreeMap::new();
    for (name, value) in &call.query {
        if !known.contains(&name.as_str()) {
            return Err(Refusal::Query(format!("unknown parameter {name}")));
        }
        if found.insert(name.as_str(), value.as_str()).is_some() {
            return Err(Refusal::Query(format!("parameter {name} is there twice")));
        }
    }
    Ok(Query(found))
}

/// Parameters of a query that were held against the known ones.
pub(crate) struct Query<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Query<'a> {
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).copied()
    }

    /// The parameter as a number or a truth value.
    pub fn parse<T: FromStr>(&self, name: &str) -> Result<Option<T>, Refusal> {
        self.get(name)
            .map(|text| {
                text.parse()
                    .map_err(|_| Refusal::Query(format!("parameter {name} has a wrong value")))
            })
            .transpose()
    }
}

/// Whether a text is a domain: two labels or more of letters, digits and hyphens.
pub(crate) fn is_domain(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.contains('.') && name.split('.').all(label)
}
