//! The `OpenAPI` document: the file in the repository, what every operation says, the form that generators of clients take,
//! the webhooks, and that the server keeps to it.

mod examples;
mod form;
mod operations;
mod served;
mod webhooks;

use serde_json::Value;

fn document() -> Value {
    serde_json::to_value(peeker_api::openapi()).unwrap()
}

/// What a reference leads to; anything else is itself.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let Some(target) = value["$ref"].as_str() else {
        return value;
    };
    let pointer = target.strip_prefix('#').unwrap();
    let found = document.pointer(pointer);
    resolve(
        document,
        found.unwrap_or_else(|| panic!("{target} leads nowhere")),
    )
}

/// Every operation of the document as (method, path, operation).
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (method.as_str(), path.as_str(), operation))
        })
        .collect()
}

/// Calls `look` with every value of the document and the way there, written as in `/components/schemas/User`.
fn walk<'a>(value: &'a Value, place: &str, look: &mut impl FnMut(&str, &'a Value)) {
    look(place, value);
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                walk(value, &format!("{place}/{name}"), look);
            }
        }
        Value::Array(entries) => {
            for (index, value) in entries.iter().enumerate() {
                walk(value, &format!("{place}/{index}"), look);
            }
        }
        _ => {}
    }
}

/// Calls `look` with every schema of the document, those of examples aside, and the way there.
fn walk_schemas<'a>(document: &'a Value, look: &mut impl FnMut(&str, &'a Value)) {
    walk(document, "", &mut |place, value| {
        let is_example = place.split('/').any(|name| name.starts_with("example"));
        if !is_example && value.is_object() {
            look(place, value);
        }
    });
}
