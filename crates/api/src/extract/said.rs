//! What a declaration says about a field beside its rule.

use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

/// What a declaration says about a field beside its rule.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// The lines of its documentation.
    pub lines: &'a [&'a str],
    /// One value at most.
    pub example: &'a [Value],
}

impl Said<'_> {
    /// The documentation as one paragraph.
    pub(crate) fn description(&self) -> Option<String> {
        Some(paragraph(self.lines, " ")).filter(|text| !text.is_empty())
    }
}

/// Adds what is said about a field, and its value when it is left out, to the schema of its rule.
pub(crate) fn say(schema: &mut RefOr<Schema>, said: Said<'_>, default: Option<Value>) {
    let (description, example) = (said.description(), said.example.first().cloned());
    match schema {
        RefOr::Ref(reference) => {
            reference.description = description.unwrap_or_default();
            reference.default = default;
        }
        RefOr::T(Schema::Object(object)) => {
            (object.description, object.default) = (description, default);
            object.example = example;
        }
        RefOr::T(Schema::Array(list)) => {
            (list.description, list.default) = (description, default);
            list.example = example;
        }
        RefOr::T(Schema::OneOf(one_of)) => {
            (one_of.description, one_of.default) = (description, default);
            one_of.example = example;
        }
        RefOr::T(_) => {}
    }
}

/// Lines as one text.
pub(super) fn paragraph(lines: &[&str], between: &str) -> String {
    let lines: Vec<_> = lines.iter().map(|line| line.trim()).collect();
    lines.join(between)
}
