//! What every operation of the document says.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::{document, operations, resolve, walk};

/// The parameters of an operation in one place.
fn parameters(document: &Value, operation: &Value, place: &str) -> BTreeSet<String> {
    let all = operation["parameters"].as_array().into_iter().flatten();
    let all = all.map(|parameter| resolve(document, parameter));
    let here = all.filter(|parameter| parameter["in"] == place);
    here.map(|parameter| parameter["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_file_in_the_repository_is_the_document_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi.json");
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let current = peeker_api::openapi().to_pretty_json().unwrap() + "\n";
    assert!(
        committed == current,
        "openapi.json is not what the code describes; run: cargo run -- openapi > openapi.json"
    );
}

#[test]
fn the_document_says_where_it_is_served_and_for_whom() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"][0]["url"], "/partner/v1");
    assert_eq!(document["security"], json!([{ "BearerAuth": [] }]));
    let bearer = &document["components"]["securitySchemes"]["BearerAuth"];
    assert_eq!(
        (&bearer["type"], &bearer["scheme"]),
        (&json!("http"), &json!("bearer"))
    );
}

#[test]
fn every_operation_is_named_and_described() {
    let document = document();
    let tags = document["tags"].as_array().unwrap();
    let tags: Vec<_> = tags.iter().map(|tag| &tag["name"]).collect();
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let named = format!("{method} {path}");
        assert!(!path.starts_with("/partner"), "{named}");
        let id = operation["operationId"].as_str().unwrap_or_default();
        assert!(
            !id.is_empty() && ids.insert(id),
            "{named}: operationId {id:?}"
        );
        let own_tags = operation["tags"].as_array().unwrap();
        assert!(
            own_tags.len() == 1 && tags.contains(&&own_tags[0]),
            "{named}: {own_tags:?}"
        );
        for part in ["summary", "description"] {
            let text = operation[part].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{named} has no {part}");
        }
    }
}

#[test]
fn every_operation_can_refuse_in_the_envelope() {
    let document = document();
    for (method, path, operation) in operations(&document) {
        let mut statuses = vec!["400", "401", "403", "429", "500", "503"];
        let has_body = operation["requestBody"].is_object();
        statuses.extend(["413", "415"].iter().filter(|_| has_body));
        statuses.extend(["404"].iter().filter(|_| path.contains("{id}")));
        for status in statuses {
            let response = resolve(&document, &operation["responses"][status]);
            assert_eq!(
                response["content"]["application/json"]["schema"]["$ref"],
                "#/components/schemas/ErrorEnvelope",
                "{method} {path} {status}"
            );
        }
    }
}

#[test]
fn every_answer_says_its_headers() {
    let document = document();
    for (method, path, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let named = format!("{method} {path} {status}");
            let headers = &resolve(&document, response)["headers"];
            let has = |name: &str| resolve(&document, &headers[name])["schema"].is_object();
            assert!(has("Peeker-Request-Id"), "{named}");
            for name in ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"] {
                assert_eq!(has(name), status != "401", "{named} {name}");
            }
            assert_eq!(has("Retry-After"), status == "429", "{named}");
        }
    }
}

#[test]
fn parameters_follow_from_what_an_operation_does() {
    let document = document();
    for (method, path, operation) in operations(&document) {
        let named = format!("{method} {path}");
        let has = |place, name: &str| parameters(&document, operation, place).contains(name);
        assert_eq!(has("path", "id"), path.contains("{id}"), "{named}");
        let is_post = method == "post";
        assert_eq!(has("header", "Idempotency-Key"), is_post, "{named}");
        let is_list = operation["operationId"]
            .as_str()
            .unwrap()
            .starts_with("list");
        for name in ["per_page", "page_token"] {
            assert_eq!(has("query", name), is_list, "{named}");
        }
    }
}

#[test]
fn every_id_parameter_says_what_it_looks_like() {
    let document = document();
    for (_, path, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().unwrap() {
            let parameter = resolve(&document, parameter);
            let name = parameter["name"].as_str().unwrap();
            if name == "id" || name.ends_with("_id") {
                let schema = &parameter["schema"];
                assert!(schema["pattern"].is_string(), "{path} {name}");
                assert!(schema["examples"][0].is_string(), "{path} {name}");
            }
        }
    }
}

#[test]
fn request_bodies_refuse_unknown_fields_in_the_document_too() {
    let document = document();
    for (method, path, operation) in operations(&document) {
        let Some(body) = operation.get("requestBody") else {
            continue;
        };
        let may_be_missing = operation["operationId"] == "cancelOrder";
        assert_eq!(body["required"] == true, !may_be_missing, "{method} {path}");
        let schema = &body["content"]["application/json"]["schema"];
        assert_eq!(
            schema.as_object().unwrap().len(),
            1,
            "the body is a plain reference: {method} {path} {schema}"
        );
        let schema = resolve(&document, schema);
        let forms = schema["oneOf"].as_array();
        for form in forms.map_or(vec![schema], |forms| forms.iter().collect()) {
            let form = resolve(&document, form);
            assert_eq!(
                form["additionalProperties"], false,
                "{method} {path}: {form}"
            );
        }
    }
}

#[test]
fn the_two_forms_of_an_order_exclude_each_other() {
    let schemas = document()["components"]["schemas"].clone();
    assert_eq!(schemas["CreateOrder"]["oneOf"].as_array().unwrap().len(), 2);
    for form in ["BundleOrder", "CustomOrder"] {
        assert_eq!(schemas[form]["additionalProperties"], false, "{form}");
    }
    assert!(schemas["CustomOrder"]["properties"]["bundle_id"].is_null());
    let required = schemas["BundleOrder"]["required"].as_array().unwrap();
    assert!(required.contains(&"bundle_id".into()));
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    walk(&document, "", &mut |_, value| {
        if value["$ref"].is_string() {
            resolve(&document, value);
        }
    });
}

/// The document was more than twice as large, most of it the same headers and answers over and over.
#[test]
fn what_is_said_often_is_written_once() {
    let size = serde_json::to_string(&peeker_api::openapi()).unwrap().len();
    assert!(size < 250_000, "{size} bytes");
    let document = document();
    for (method, path, operation) in operations(&document) {
        for status in ["401", "403", "413", "415", "500", "503"] {
            let response = &operation["responses"][status];
            assert!(
                response.is_null() || response["$ref"].is_string(),
                "{method} {path} {status}"
            );
        }
    }
}
