//! Every success and every error has an example, and each example is what its schema asks for.

use jsonschema::Validator;
use peeker_domain::Code;
use serde_json::{Value, json};

use super::{document, operations, resolve, walk, walk_schemas};

fn validator(document: &Value, schema: &Value) -> Validator {
    let whole = json!({ "allOf": [schema], "components": document["components"] });
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(&whole)
        .unwrap()
}

fn assert_valid(document: &Value, place: &str, schema: &Value, value: &Value) {
    let validator = validator(document, schema);
    let problems: Vec<_> = validator
        .iter_errors(value)
        .map(|error| error.to_string())
        .collect();
    assert!(problems.is_empty(), "{place}: {problems:?}\n{value}");
}

#[test]
fn every_answer_has_an_example() {
    let document = document();
    for (method, path, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let response = resolve(&document, response);
            for content in response["content"].as_object().unwrap().values() {
                let many = content["examples"]
                    .as_object()
                    .is_some_and(|all| !all.is_empty());
                assert!(
                    many || !content["example"].is_null(),
                    "{method} {path} {status}"
                );
            }
        }
    }
}

#[test]
fn every_body_and_answer_takes_its_examples() {
    let document = document();
    let mut seen = 0;
    walk(&document, "", &mut |place, content| {
        let examples = content["examples"].as_object();
        let Some(examples) = examples.filter(|_| content["schema"].is_object()) else {
            return;
        };
        for (name, example) in examples {
            let value = &resolve(&document, example)["value"];
            assert_valid(
                &document,
                &format!("{place} {name}"),
                &content["schema"],
                value,
            );
            seen += 1;
        }
    });
    assert!(seen > 100, "{seen}");
}

#[test]
fn every_schema_takes_its_example() {
    let document = document();
    let mut seen = 0;
    walk_schemas(&document, &mut |place, schema| {
        // A parameter has its example beside its schema.
        let described = schema.get("schema").unwrap_or(schema);
        let many = schema["examples"].as_array().into_iter().flatten();
        for value in schema.get("example").into_iter().chain(many) {
            if !place.starts_with("/components/headers") && !place.ends_with("/properties") {
                assert_valid(&document, place, described, value);
                seen += 1;
            }
        }
    });
    assert!(seen > 100, "{seen}");
}

#[test]
fn examples_say_something() {
    let document = document();
    let mut placeholders = Vec::new();
    for part in [&document["components"]["examples"], &document["webhooks"]] {
        walk(part, "", &mut |place, value| {
            if value == "text" {
                placeholders.push(place.to_owned());
            }
        });
    }
    assert_eq!(
        placeholders,
        Vec::<String>::new(),
        "give these fields an example where they are declared"
    );
}

#[test]
fn each_code_has_an_example_that_shows_it() {
    let document = document();
    for code in Code::ALL {
        let code = serde_json::to_value(code).unwrap();
        let example = &document["components"]["examples"][code.as_str().unwrap()];
        assert_eq!(example["value"]["error"]["code"], code);
    }
}
