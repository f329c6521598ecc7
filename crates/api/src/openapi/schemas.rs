//! What the derived schemas do not say: that an envelope holds a known object, what an id looks like, and which words or
//! numbers a field takes. A client that is made from the document has one type for an object and checks these by itself.

use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::{ArrayItems, Components, Schema};
use utoipa::openapi::{Ref, RefOr};

/// The part of an example id that follows its prefix.
const EXAMPLE_ULID: &str = "01KJZ4V1B6E8N2Q4R6S8T0V2W4";
/// What follows the prefix of an id: a ULID.
const ULID_PATTERN: &str = "[0-7][0-9A-HJKMNP-TV-Z]{25}";

/// Has the envelopes (`Single_User`, `Page_User`) refer to the object that they were given a copy of.
pub(super) fn refer_to_contents(components: &mut Components) {
    let names: Vec<String> = components.schemas.keys().cloned().collect();
    for name in &names {
        let held = ["Single_Vec_", "Single_", "Page_"];
        let held = held.iter().find_map(|prefix| name.strip_prefix(prefix));
        let Some(held) = held.filter(|held| names.iter().any(|name| name == held)) else {
            continue;
        };
        let reference = RefOr::Ref(Ref::from_schema_name(held));
        if let Some(RefOr::T(Schema::Object(envelope))) = components.schemas.get_mut(name)
            && let Some(data) = envelope.properties.get_mut("data")
        {
            match data {
                RefOr::T(Schema::Array(list)) => {
                    list.items = ArrayItems::RefOrSchema(Box::new(reference));
                }
                data => *data = reference,
            }
        }
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
