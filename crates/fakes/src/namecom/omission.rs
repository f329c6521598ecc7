//! Answers without fields that have their default value, for accounts that get them so.
//!
//! The API that came before left out what is false, zero or empty; this one says that it no longer does. A client that stands both
//! is safe, so an account can be switched.

use serde_json::{Map, Value};

use crate::World;
use crate::call::{Answer, Call};

pub(crate) fn finish(world: &World, call: &Call, answer: Answer) -> Answer {
    let account = world.namecom.accounts.get(&call.account);
    if !account.is_some_and(|account| account.omits_defaults) {
        return answer;
    }
    match serde_json::from_slice(&answer.body) {
        Ok(body) => Answer {
            body: without_defaults(body).to_string().into(),
            ..answer
        },
        Err(_) => answer,
    }
}

fn without_defaults(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, without_defaults(value)))
            .filter(|(_, value)| !is_default(value))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.into_iter().map(without_defaults).collect(),
        other => other,
    }
}

fn is_default(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(true) | Value::Object(_) => false,
    }
}
