//! An example of every success, made from the examples that schemas give for their fields: so it has every field that is
//! always sent, and a new one is in it by itself.

use serde_json::{Map, Value, json};
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{
    ArrayItems, Components, KnownFormat, Object, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{Ref, RefOr};

use super::schemas::{EXAMPLE_ULID, SCHEMAS, contents};

/// The origin of the addresses in examples.
const ORIGIN: &str = "https://api.example.com";

/// Adds an example to the successes of an operation. It stands among the components, since answers are alike.
pub(super) fn complete(operation: &mut Operation, path: &str, components: &mut Components) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else {
            continue;
        };
        for content in contents(response).filter(|_| status.starts_with('2')) {
            let Some(RefOr::Ref(reference)) = &content.schema else {
                continue;
            };
            let Some(name) = reference.ref_location.strip_prefix(SCHEMAS) else {
                continue;
            };
            if !components.examples.contains_key(name) {
                let mut value = sample(&RefOr::Ref(reference.clone()), components);
                locate(&mut value, path);
                let example = ExampleBuilder::new().value(Some(value)).build();
                components.examples.insert(name.to_owned(), example.into());
            }
            let example = Ref::new(format!("#/components/examples/{name}"));
            content
                .examples
                .insert("success".to_owned(), RefOr::Ref(example));
        }
    }
}

/// Has the links of a page lead to the list that it is of.
fn locate(value: &mut Value, path: &str) {
    let prefix = if path.starts_with("/events") {
        "evt_"
    } else {
        "ord_"
    };
    let path = path.replace("{id}", &format!("{prefix}{EXAMPLE_ULID}"));
    let address = format!("{ORIGIN}{}{path}", super::ROOT);
    if let Some(first) = value.pointer_mut("/links/first") {
        *first = json!(format!("{address}?per_page=25"));
    }
    if let Some(list) = value.pointer_mut("/meta/path") {
        *list = json!(address);
    }
}

/// A value that a schema takes.
pub(super) fn sample(schema: &RefOr<Schema>, components: &Components) -> Value {
    match schema {
        RefOr::Ref(reference) => {
            let name = reference.ref_location.strip_prefix(SCHEMAS);
            name.map_or(Value::Null, |name| sample_of_named(name, components))
        }
        RefOr::T(Schema::Object(object)) => sample_of_object(object, components),
        RefOr::T(Schema::Array(list)) => list.example.clone().unwrap_or_else(|| {
            let items = match &list.items {
                ArrayItems::RefOrSchema(items) => Some(sample(items, components)),
                ArrayItems::False => None,
            };
            items.into_iter().collect()
        }),
        RefOr::T(Schema::OneOf(either)) => either
            .example
            .clone()
            .unwrap_or_else(|| sample_of_alternatives(&either.items, components)),
        RefOr::T(_) => Value::Null,
    }
}

fn sample_of_named(name: &str, components: &Components) -> Value {
    let Some(schema) = components.schemas.get(name) else {
        return Value::Null;
    };
    let mut value = sample(schema, components);
    for (field, example) in value.as_object_mut().into_iter().flatten() {
        if let Some(better) = better_example(name, field) {
            *example = better;
        }
    }
    value
}

/// What makes an example whole: a field whose schema is a reference has no place for an example of its own.
fn better_example(schema: &str, field: &str) -> Option<Value> {
    Some(match (schema, field) {
        ("Costs" | "OrderCosts", "total_cents") => json!(1_900),
        ("Wallet" | "QuotedWallet", "balance_cents") | ("WalletTransaction", "amount_cents") => {
            json!(500_000)
        }
        ("QuotedWallet", "after_cents") => json!(498_100),
        ("OrderReceipt" | "OrderDetail", "renews_at") => json!("2026-06-08T12:00:00Z"),
        ("OrderDetail" | "EventReplay" | "ForwardingJob" | "ImportJob", "status") => {
            json!("completed")
        }
        ("EventReplay" | "ForwardingJob" | "ImportJob", "completed_at") => {
            json!("2026-05-08T12:00:09Z")
        }
        ("EventReplay", "until") => json!("2026-05-08T13:00:00Z"),
        ("EventReplay", "types") => Value::Null,
        ("ImportedDomain", "status") => json!("action_required"),
        ("Inbox", "status") => json!("active"),
        ("OrderEvent", "type") => json!("order.completed"),
        ("Swap", "status") => json!("in_progress"),
        ("WebhookEndpoint", "last_success_at") => json!("2026-05-08T12:00:00Z"),
        _ => return None,
    })
}

/// Nothing where nothing is possible, which is what most fields hold most of the time; else the first form.
fn sample_of_alternatives(items: &[RefOr<Schema>], components: &Components) -> Value {
    let samples: Vec<Value> = items.iter().map(|item| sample(item, components)).collect();
    let nothing = samples.iter().any(Value::is_null);
    let first = samples.into_iter().next();
    first.filter(|_| !nothing).unwrap_or_default()
}

fn sample_of_object(object: &Object, components: &Components) -> Value {
    let given = object.example.as_ref().or_else(|| object.examples.first());
    let word = object.enum_values.as_ref().and_then(|words| words.first());
    if let Some(value) = given.or(word) {
        return value.clone();
    }
    let SchemaType::Type(kind) = &object.schema_type else {
        return Value::Null;
    };
    match kind {
        Type::Object => Value::Object(sample_of_properties(object, components)),
        Type::Boolean => json!(false),
        Type::Integer | Type::Number => json!(1),
        Type::String if object.format == Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)) => {
            json!("2026-05-08T12:00:00Z")
        }
        Type::String => json!("text"),
        Type::Array | Type::Null => Value::Null,
    }
}

/// The fields that are always there. Which of the others belong together is not in the schema.
fn sample_of_properties(object: &Object, components: &Components) -> Map<String, Value> {
    let always = |(name, _): &(&String, &RefOr<Schema>)| object.required.contains(name);
    let fields = object.properties.iter().filter(always);
    fields
        .map(|(name, schema)| (name.clone(), sample(schema, components)))
        .collect()
}
