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
    /// The fields that have to be there with it.
    pub with: &'a [&'a str],
}

impl Said<'_> {
    /// The documentation as one paragraph, and what it stands for when it is left out. That is said rather than given as the
    /// schema's `default`: clients made from the document would send it.
    pub(crate) fn description(&self, default: Option<&Value>) -> Option<String> {
        let mut text = paragraph(self.lines, " ");
        if let Some(default) = default {
            text = format!("{text} Left out, `{default}`.");
        }
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }
}

/// Adds what is said about a field to the schema of its rule.
pub(crate) fn say(schema: &mut RefOr<Schema>, said: Said<'_>, default: Option<&Value>) {
    let (description, example) = (said.description(default), said.example.first().cloned());
    match schema {
        RefOr::Ref(reference) => reference.description = description.unwrap_or_default(),
        RefOr::T(Schema::Object(object)) => {
            object.description = description;
            object.example = example;
        }
        RefOr::T(Schema::Array(list)) => {
            list.description = description;
            list.example = example;
        }
        RefOr::T(Schema::OneOf(one_of)) => {
            one_of.description = description;
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
