//! The form of schemas that generators of clients take. Each rule here is one that a client in Python, TypeScript or Go did
//! not compile or could not be used without.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{document, operations, resolve, walk_schemas};

#[test]
fn a_reference_among_alternatives_stands_alone() {
    walk_schemas(&document(), &mut |place, value| {
        for alternatives in ["oneOf", "anyOf", "allOf"] {
            for item in value[alternatives].as_array().into_iter().flatten() {
                let alone = item.get("$ref").is_none() || item.as_object().unwrap().len() == 1;
                assert!(alone, "{place}: {item}");
            }
        }
    });
}

/// A generated client would send it in every request.
#[test]
fn nothing_has_a_default() {
    walk_schemas(&document(), &mut |place, value| {
        let is_name = place.ends_with("/properties");
        assert!(is_name || value.get("default").is_none(), "{place}");
    });
}

#[test]
fn an_object_says_which_keys_it_has() {
    walk_schemas(&document(), &mut |place, value| {
        let known = value["properties"].is_object() || value.get("additionalProperties").is_some();
        assert!(value["type"] != "object" || known, "{place}");
    });
    let schemas = &document()["components"]["schemas"];
    for (schema, field) in [
        ("VerifyWebhook", "headers"),
        ("ErrorBody", "details"),
        ("Problem", "details"),
    ] {
        let open = &schemas[schema]["properties"][field]["additionalProperties"];
        assert_eq!(open, true, "{schema}.{field}");
    }
}

/// Names become types in many languages, and texts are read by partners.
#[test]
fn names_and_texts_are_of_no_one_language() {
    let document = document();
    let names = document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys();
    let odd = |name: &&String| {
        !name.chars().all(|c| c.is_ascii_alphanumeric())
            || name.contains("Vec")
            || name.contains("Single")
    };
    assert_eq!(names.filter(odd).collect::<Vec<_>>(), Vec::<&String>::new());
    let text = document.to_string();
    for mark in ["contract", "§", "25000.0", "[`", "`]"] {
        assert!(!text.contains(mark), "{mark}");
    }
}

#[test]
fn an_object_is_one_schema_wherever_it_comes_from() {
    let schemas = document()["components"]["schemas"].clone();
    let mut seen = 0;
    for (name, schema) in schemas.as_object().unwrap() {
        let data = &schema["properties"]["data"];
        if name == "ErrorEnvelope" || !(name.ends_with("Envelope") || name.ends_with("Page")) {
            continue;
        }
        let held = if data["type"] == "array" {
            &data["items"]
        } else {
            data
        };
        assert!(held["$ref"].is_string(), "{name}");
        seen += 1;
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn words_are_listed_in_answers_too() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let words = |schema: &str, field: &str| {
        let field = &schemas[schema]["properties"][field];
        let plain = resolve(&document, field);
        let other = plain["oneOf"].as_array().and_then(|forms| forms.first());
        resolve(&document, other.unwrap_or(plain))["enum"].clone()
    };
    assert_eq!(
        words("PendingAction", "type"),
        json!([
            "nameservers",
            "domain_replacement",
            "google_profile_picture"
        ])
    );
    assert_eq!(
        words("EventDelivery", "status"),
        json!(["delivered", "pending", "failed", "skipped"])
    );
    assert_eq!(
        words("BundleRemoved", "status"),
        json!(["archived", "deleted"])
    );
    assert_eq!(words("Sequencer", "provider"), json!(["smartlead"]));
    for (schema, field) in [
        ("WalletTransaction", "reason"),
        ("DeliveryAttempt", "failure"),
        ("HistoryEntry", "type"),
        ("Swap", "reason"),
        ("SandboxReset", "status"),
    ] {
        assert!(words(schema, field).is_array(), "{schema}.{field}");
    }
}

#[test]
fn fields_that_do_not_come_alone_say_so() {
    let schemas = document()["components"]["schemas"].clone();
    let both = |one: &str, other: &str| {
        Map::from_iter([
            (one.to_owned(), json!([other])),
            (other.to_owned(), json!([one])),
        ])
    };
    let shares = json!(both("google_percent", "microsoft_percent"));
    assert_eq!(schemas["CreateBundle"]["dependentRequired"], shares);
    assert_eq!(schemas["UpdateBundle"]["dependentRequired"], shares);
    let mut licenses = both("google_licenses", "google_inboxes_per_domain");
    licenses.extend(both("microsoft_licenses", "microsoft_inboxes_per_domain"));
    assert_eq!(schemas["CustomOrder"]["dependentRequired"], json!(licenses));
}

/// Adds the names of the schemas that a schema is made of.
fn reached(document: &Value, schema: &Value, found: &mut BTreeSet<String>) {
    if let Some(target) = schema["$ref"].as_str() {
        let name = target.strip_prefix("#/components/schemas/");
        if name.is_some_and(|name| found.insert(name.to_owned())) {
            reached(document, resolve(document, schema), found);
        }
        return;
    }
    match schema {
        Value::Object(fields) => fields
            .values()
            .for_each(|part| reached(document, part, found)),
        Value::Array(parts) => parts.iter().for_each(|part| reached(document, part, found)),
        _ => {}
    }
}

/// A key that is always there is `required`, so that clients need not ask whether it is. These are the ones that are left
/// out at times; a new one belongs here only when the server leaves it out.
#[test]
fn what_is_always_sent_is_required() {
    let document = document();
    let mut names = BTreeSet::new();
    for (_, _, operation) in operations(&document) {
        for response in operation["responses"].as_object().unwrap().values() {
            reached(
                &document,
                &resolve(&document, response)["content"],
                &mut names,
            );
        }
    }
    reached(&document, &document["webhooks"], &mut names);
    let mut left_out = Vec::new();
    for name in names {
        let schema = &document["components"]["schemas"][&name];
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for field in schema["properties"]
            .as_object()
            .into_iter()
            .flat_map(Map::keys)
        {
            if !required.contains(&json!(field)) {
                left_out.push(format!("{name}.{field}"));
            }
        }
    }
    insta::assert_snapshot!(left_out.join("\n"));
}
