//! What the derived schemas do not say, or say in a form that generators of clients trip over: names for envelopes, what an
//! id looks like, and that a reference stands alone among alternatives.

use utoipa::openapi::path::{Parameter, PathItem};
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayItems, Components, Object, Schema, SchemaType, Type,
};
use utoipa::openapi::{Content, Ref, RefOr, Response};

use super::operations;

/// The part of an example id that follows its prefix.
pub(super) const EXAMPLE_ULID: &str = "01KJZ4V1B6E8N2Q4R6S8T0V2W4";
/// What follows the prefix of an id: a ULID.
const ULID_PATTERN: &str = "[0-7][0-9A-HJKMNP-TV-Z]{25}";
/// Where schemas are referred to.
pub(super) const SCHEMAS: &str = "#/components/schemas/";

/// Brings the schemas into the form that generators take.
pub(super) fn shape(components: &mut Components) {
    name_envelopes(components);
    for schema in components.schemas.values_mut() {
        visit(schema, &mut shape_one);
    }
}

/// Calls `change` for a schema and all schemas in it.
fn visit(schema: &mut RefOr<Schema>, change: &mut impl FnMut(&mut Schema)) {
    let RefOr::T(schema) = schema else { return };
    change(schema);
    match schema {
        Schema::Object(object) => {
            for property in object.properties.values_mut() {
                visit(property, change);
            }
            if let Some(more) = &mut object.additional_properties
                && let AdditionalProperties::RefOr(more) = &mut **more
            {
                visit(more, change);
            }
        }
        Schema::Array(list) => {
            if let ArrayItems::RefOrSchema(items) = &mut list.items {
                visit(items, change);
            }
        }
        Schema::OneOf(parts) => parts.items.iter_mut().for_each(|part| visit(part, change)),
        Schema::AllOf(parts) => parts.items.iter_mut().for_each(|part| visit(part, change)),
        Schema::AnyOf(parts) => parts.items.iter_mut().for_each(|part| visit(part, change)),
        _ => {}
    }
}

fn shape_one(schema: &mut Schema) {
    match schema {
        Schema::Object(object) => {
            drop_mark(&mut object.description);
            describe_id_by_example(object);
        }
        Schema::OneOf(either) => {
            drop_mark(&mut either.description);
            // Among alternatives a reference has nothing beside it, or generators write types that do not compile. What was
            // said of the only one is said of the whole.
            let references = either.items.iter_mut().filter_map(|item| match item {
                RefOr::Ref(reference) => Some(reference),
                RefOr::T(_) => None,
            });
            for reference in references {
                let said = std::mem::take(&mut reference.description);
                if either.description.is_none() && !said.is_empty() {
                    either.description = Some(said);
                }
            }
        }
        _ => {}
    }
}

/// Takes away what tells developers where a rule comes from, as in "The life of an order (contract §4).".
fn drop_mark(description: &mut Option<String>) {
    while let Some(text) = description
        && let Some((before, rest)) = text.split_once(" (contract §")
        && let Some((_, after)) = rest.split_once(')')
    {
        *text = format!("{before}{after}");
    }
}

/// A text whose example is an id is one.
fn describe_id_by_example(object: &mut Object) {
    let example = object.example.as_ref().and_then(|example| example.as_str());
    if let Some(prefix) = example.and_then(|example| example.strip_suffix(EXAMPLE_ULID)) {
        object.pattern = Some(format!("^{prefix}{ULID_PATTERN}$"));
    }
}

/// Tells what an id looks like that a parameter takes: its description names the prefix, as in "The order's `ord_` id.".
pub(super) fn describe_id(parameter: &mut Parameter) {
    let description = parameter.description.as_deref().unwrap_or_default();
    let Some(prefix) = description
        .split('`')
        .nth(1)
        .filter(|word| word.len() == 4 && word.ends_with('_'))
    else {
        return;
    };
    let may_be_an_address = parameter.name == "user";
    if let (false, Some(RefOr::T(Schema::Object(schema)))) =
        (may_be_an_address, &mut parameter.schema)
    {
        schema.pattern = Some(format!("^{prefix}{ULID_PATTERN}$"));
        schema.examples = vec![format!("{prefix}{EXAMPLE_ULID}").into()];
    }
}

/// What the envelope around an object is called; the types that it is derived from name it in the way of their language.
fn envelope_name(name: &str) -> Option<String> {
    let list = name.strip_prefix("Single_Vec_");
    let one = name.strip_prefix("Single_");
    let page = name.strip_prefix("Page_");
    list.map(|held| format!("{held}sEnvelope"))
        .or_else(|| one.map(|held| format!("{held}Envelope")))
        .or_else(|| page.map(|held| format!("{held}Page")))
}

/// Gives the envelopes their names, and has them refer to the object that they were given a copy of.
fn name_envelopes(components: &mut Components) {
    let names: Vec<String> = components.schemas.keys().cloned().collect();
    for name in &names {
        let Some(new_name) = envelope_name(name) else {
            continue;
        };
        let Some(mut envelope) = components.schemas.remove(name) else {
            continue;
        };
        let held = ["Single_Vec_", "Single_", "Page_"];
        let held = held.iter().find_map(|prefix| name.strip_prefix(prefix));
        if let (Some(held), RefOr::T(Schema::Object(envelope))) = (held, &mut envelope) {
            let description = format!("{held} in its envelope.");
            envelope.description.get_or_insert(description);
            refer_to(held, envelope);
        }
        components.schemas.insert(new_name, envelope);
    }
}

fn refer_to(held: &str, envelope: &mut Object) {
    let reference = RefOr::Ref(Ref::from_schema_name(held));
    match envelope.properties.get_mut("data") {
        Some(RefOr::T(Schema::Array(list))) => {
            list.items = ArrayItems::RefOrSchema(Box::new(reference));
        }
        Some(data) => *data = reference,
        None => {}
    }
}

/// Has the answers of a path refer to envelopes by their names.
pub(super) fn refer_to_envelopes(item: &mut PathItem) {
    for (operation, _) in operations(item) {
        for response in operation.responses.responses.values_mut() {
            if let RefOr::T(response) = response {
                for content in contents(response) {
                    rename(content);
                }
            }
        }
    }
}

/// The bodies of an answer.
pub(super) fn contents(response: &mut Response) -> impl Iterator<Item = &mut Content> {
    response
        .content
        .values_mut()
        .filter_map(|content| match content {
            RefOr::T(content) => Some(content),
            RefOr::Ref(_) => None,
        })
}

fn rename(content: &mut Content) {
    if let Some(RefOr::Ref(reference)) = &mut content.schema
        && let Some(name) = reference.ref_location.strip_prefix(SCHEMAS)
        && let Some(new_name) = envelope_name(name)
    {
        reference.ref_location = format!("{SCHEMAS}{new_name}");
    }
}

/// Has the body of every operation be a plain reference: that it may be left out is said beside it, and a `null` in its
/// schema makes generated clients stumble.
pub(super) fn plain_body(content: &mut Content) {
    if let Some(RefOr::T(Schema::OneOf(either))) = &content.schema {
        let is_null = |item: &&RefOr<Schema>| matches!(item, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null));
        let mut bodies = either.items.iter().filter(|item| !is_null(item));
        if let (Some(body), None) = (bodies.next(), bodies.next()) {
            content.schema = Some(body.clone());
        }
    }
}
