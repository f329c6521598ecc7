//! Bodies, field by field: each has a type, and a wrong one is named.

use serde_json::{Map, Value};

use super::error::{invalid, refuse};
use crate::call::{Answer, Call};
use crate::strict;

/// What a field may hold.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Text,
    Truth,
    Number,
    /// A number within bounds.
    Within(u64, u64),
    OneOf(&'static [&'static str]),
    Texts,
    Object,
}

/// A field that a body may have. What is not needed may be null.
pub(crate) struct Field {
    pub name: &'static str,
    pub kind: Kind,
    pub needed: bool,
}

pub(crate) const fn needed(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        needed: true,
    }
}

pub(crate) const fn optional(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        needed: false,
    }
}

/// The fields of a body that are there and not null.
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    pub fn read(call: &Call, known: &[Field]) -> Result<Self, Answer> {
        let body: Map<String, Value> = strict::json(call).map_err(|refusal| refuse(&refusal))?;
        Self::check(body, known)
    }

    pub fn check(mut body: Map<String, Value>, known: &[Field]) -> Result<Self, Answer> {
        let is_known = |name: &String| known.iter().any(|field| field.name == name);
        if let Some(unknown) = body.keys().find(|name| !is_known(name)) {
            return Err(invalid(&format!("\"{unknown}\" is not allowed")));
        }
        for Field { name, kind, needed } in known {
            match body.get(*name) {
                Some(Value::Null) | None if *needed => {
                    return Err(invalid(&format!("{name} is required")));
                }
                Some(Value::Null) | None => {}
                Some(value) => kind.check(name, value)?,
            }
        }
        body.retain(|_, value| !value.is_null());
        Ok(Self(body))
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.0.get(name)?.as_str().map(str::to_owned)
    }

    pub fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name)?.as_u64()
    }

    pub fn truth(&self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }

    pub fn object(&self, name: &str) -> Map<String, Value> {
        let found = self.0.get(name).and_then(Value::as_object);
        found.cloned().unwrap_or_default()
    }

    pub fn value(&self, name: &str) -> Value {
        self.0.get(name).cloned().unwrap_or_default()
    }
}

impl Kind {
    fn check(self, name: &str, value: &Value) -> Result<(), Answer> {
        let text_of_list = |value: &Value| value.is_string();
        let fault = match self {
            Self::Text if value.as_str().is_none() => "must be a string".to_owned(),
            Self::Truth if !value.is_boolean() => "must be a boolean".to_owned(),
            Self::Number | Self::Within(..) if !value.is_u64() => "must be a number".to_owned(),
            Self::Within(least, _) if value.as_u64() < Some(least) => {
                format!("must be greater than or equal to {least}")
            }
            Self::Within(_, most) if value.as_u64() > Some(most) => {
                format!("must be less than or equal to {most}")
            }
            Self::OneOf(words) if !value.as_str().is_some_and(|word| words.contains(&word)) => {
                format!("must be one of [{}]", words.join(", "))
            }
            Self::Texts
                if !value
                    .as_array()
                    .is_some_and(|all| all.iter().all(text_of_list)) =>
            {
                "must be an array".to_owned()
            }
            Self::Object if !value.is_object() => "must be of type object".to_owned(),
            _ => return Ok(()),
        };
        Err(invalid(&format!("{name} {fault}")))
    }
}
