//! The `OpenAPI` document: the file in the repository, what every operation says, and that the server keeps to it.

use std::collections::BTreeSet;
use std::path::Path;

use jsonschema::Validator;
use peeker_testkit::{Response, TestApp, apply, on_both_engines};
use serde_json::{Value, json};

use crate::operations::{ALL, Operation, Records};

fn document() -> Value {
    serde_json::to_value(peeker_api::openapi()).unwrap()
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

fn parameters(operation: &Value, place: &str) -> BTreeSet<String> {
    let all = operation["parameters"].as_array().into_iter().flatten();
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
fn every_operation_says_what_all_of_them_share() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(document["servers"][0]["url"], "/partner/v1");
    assert_eq!(document["security"], json!([{ "BearerAuth": [] }]));
    let bearer = &document["components"]["securitySchemes"]["BearerAuth"];
    assert_eq!(
        (&bearer["type"], &bearer["scheme"]),
        (&json!("http"), &json!("bearer"))
    );
    let tags: Vec<_> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| &tag["name"])
        .collect();
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let named = format!("{method} {path}");
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
            assert!(
                operation[part]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{named} has no {part}"
            );
        }
        let has_body = operation["requestBody"].is_object();
        let mut statuses = vec!["400", "401", "403", "429", "500", "503"];
        statuses.extend(["413", "415"].iter().filter(|_| has_body));
        statuses.extend(["404"].iter().filter(|_| path.contains("{id}")));
        for status in statuses {
            let schema = &operation["responses"][status]["content"]["application/json"]["schema"];
            assert_eq!(
                schema["$ref"], "#/components/schemas/ErrorEnvelope",
                "{named} {status}"
            );
        }
        assert!(
            operation["responses"]["429"]["headers"]["Retry-After"].is_object(),
            "{named}"
        );
        for (status, response) in operation["responses"].as_object().unwrap() {
            let headers = &response["headers"];
            assert!(headers["Peeker-Request-Id"].is_object(), "{named} {status}");
            for name in ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"] {
                assert_eq!(
                    headers[name].is_object(),
                    status != "401",
                    "{named} {status} {name}"
                );
            }
        }
        assert_eq!(
            parameters(operation, "path").contains("id"),
            path.contains("{id}"),
            "{named}"
        );
        assert_eq!(
            parameters(operation, "header").contains("Idempotency-Key"),
            method == "post",
            "{named}"
        );
        let is_list = id.starts_with("list");
        for name in ["per_page", "page_token"] {
            assert_eq!(
                parameters(operation, "query").contains(name),
                is_list,
                "{named}"
            );
        }
    }
}

#[test]
fn request_bodies_refuse_unknown_fields_in_the_document_too() {
    let document = document();
    let schema_of = |schema: &Value| -> Value {
        let target = schema["$ref"].as_str().unwrap();
        document.pointer(&target[1..]).unwrap().clone()
    };
    for (method, path, operation) in operations(&document) {
        let Some(body) = operation.get("requestBody") else {
            continue;
        };
        let may_be_missing = operation["operationId"] == "cancelOrder";
        assert_eq!(body["required"] == true, !may_be_missing, "{method} {path}");
        let mut schema = body["content"]["application/json"]["schema"].clone();
        if schema.get("$ref").is_some() {
            schema = schema_of(&schema);
        }
        let forms = schema["oneOf"]
            .as_array()
            .map_or(vec![schema.clone()], |forms| {
                let bodies = forms.iter().filter(|form| form["type"] != "null");
                bodies.map(schema_of).collect()
            });
        for form in forms {
            assert_eq!(
                form["additionalProperties"], false,
                "{method} {path}: {form}"
            );
        }
    }
}

/// The schema of one answer of an operation.
fn validator(document: &Value, operation: &Operation, status: u16) -> Validator {
    let method = operation.method.as_str().to_lowercase();
    let answer = &document["paths"][operation.path][method]["responses"][status.to_string()];
    let content = answer["content"].as_object().unwrap();
    let schema = &content.values().next().unwrap()["schema"];
    assert!(
        schema.is_object(),
        "{} does not document {status}",
        operation.id
    );
    let whole = json!({ "allOf": [schema], "components": document["components"] });
    jsonschema::draft202012::new(&whole).unwrap()
}

fn assert_documented(document: &Value, operation: &Operation, response: &Response) {
    let validator = validator(document, operation, response.status.as_u16());
    let is_json = response.header("content-type") == Some("application/json");
    let body = if is_json {
        response.body.clone()
    } else {
        json!(response.text)
    };
    let problems: Vec<_> = validator
        .iter_errors(&body)
        .map(|error| error.to_string())
        .collect();
    assert!(
        problems.is_empty(),
        "{} {}: {problems:?}\n{}",
        operation.id,
        response.status,
        response.text
    );
}

/// The fields of an object, those of nested objects included, that its schema does not name.
fn undocumented(document: &Value, schema: &Value, value: &Value, found: &mut Vec<String>) {
    if let Some(target) = schema["$ref"].as_str() {
        return undocumented(
            document,
            document.pointer(&target[1..]).unwrap(),
            value,
            found,
        );
    }
    if let Some(forms) = schema["oneOf"].as_array() {
        let form = forms.iter().find(|form| form["type"] != "null");
        return form
            .into_iter()
            .for_each(|form| undocumented(document, form, value, found));
    }
    match value {
        Value::Object(fields) if schema["properties"].is_object() => {
            for (name, value) in fields {
                match schema["properties"].get(name) {
                    Some(schema) => undocumented(document, schema, value, found),
                    None => found.push(name.clone()),
                }
            }
        }
        Value::Array(rows) => rows
            .iter()
            .for_each(|row| undocumented(document, &schema["items"], row, found)),
        _ => {}
    }
}

/// The examples of an operation's body; what they name is replaced by what exists.
fn examples(document: &Value, operation: &Operation, records: &Records) -> Vec<Value> {
    let method = operation.method.as_str().to_lowercase();
    let body =
        &document["paths"][operation.path][method]["requestBody"]["content"]["application/json"];
    let examples = body["examples"].as_object().into_iter().flatten();
    examples
        .map(|(_, example)| {
            let mut value = example["value"].clone();
            if let Some(bundle) = value.get_mut("bundle_id") {
                *bundle = json!(records.bundle);
            }
            if operation.id == "cancelOrder" && value.get("domains").is_some() {
                value["domains"] = json!([records.domain]);
            }
            match operation.id {
                "createSwap" => value["domain_id"] = json!(records.domain),
                "renameInboxes" => value["domain_id"] = json!(records.live_domain),
                _ => {}
            }
            value
        })
        .collect()
}

/// Sends every example of the document. An order's number of domains depends on the bundle, so there only that may be
/// wrong with it.
async fn send_examples(app: &TestApp, document: &Value, records: &Records) -> usize {
    let mut sent = 0;
    for operation in ALL {
        for example in examples(document, operation, records) {
            let path = operation.path_for(records);
            let response = operation
                .send_body(&app.client(), &path, example.to_string())
                .await;
            if example.get("bundle_id").is_some() && response.status == 400 {
                response.error(400, "domain_count_mismatch");
            } else {
                assert_eq!(
                    response.status, operation.success,
                    "{}: {}",
                    operation.id, response.text
                );
            }
            sent += 1;
        }
    }
    sent
}

#[apply(on_both_engines!)]
async fn the_served_document_is_the_same(app: &TestApp) {
    let served = app
        .anonymous()
        .get("http://api.test/openapi.json")
        .await
        .expect(200);
    assert_eq!(served, document());
}

#[apply(on_both_engines!)]
async fn the_docs_page_needs_no_network(app: &TestApp) {
    let page = app.anonymous().get("http://api.test/docs/").await;
    assert_eq!(page.status, 200);
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    assert!(
        !page.text.contains("//cdn") && !page.text.contains("https://"),
        "{}",
        page.text
    );
    for file in [
        "swagger-ui.css",
        "swagger-ui-bundle.js",
        "swagger-initializer.js",
    ] {
        assert_eq!(
            app.anonymous()
                .get(&format!("http://api.test/docs/{file}"))
                .await
                .status,
            200,
            "{file}"
        );
    }
}

#[apply(on_both_engines!)]
async fn every_answer_has_the_documented_shape(app: &TestApp) {
    let document = document();
    let records = Records::make(app).await;
    for operation in ALL {
        let path = operation.path_for(&records);
        let response = operation.send(&app.client(), &path, &records).await;
        assert_eq!(
            response.status, operation.success,
            "{}: {}",
            operation.id, response.text
        );
        assert_documented(&document, operation, &response);
        let method = operation.method.as_str().to_lowercase();
        let answer =
            &document["paths"][operation.path][method]["responses"][operation.success.to_string()];
        let mut found = Vec::new();
        let schema = &answer["content"]["application/json"]["schema"];
        undocumented(&document, schema, &response.body, &mut found);
        assert!(
            found.is_empty(),
            "{} answers with fields that are not documented: {found:?}",
            operation.id
        );
    }
    app.run_until_idle().await;
}

#[apply(on_both_engines!)]
async fn every_refusal_has_the_documented_shape(app: &TestApp) {
    let document = document();
    for operation in ALL {
        let path = operation.path_with("no-id");
        let anonymous = operation
            .send_body(&app.anonymous(), &path, "{}".to_owned())
            .await;
        assert_eq!(anonymous.status, 401, "{}", operation.id);
        assert_documented(&document, operation, &anonymous);
        let body = if operation.has_body() {
            "{\"unknown\":1}".to_owned()
        } else {
            String::new()
        };
        let refused = operation
            .send_body(&app.client(), &format!("{path}?unknown=1"), body)
            .await;
        assert_eq!(refused.status, 400, "{}: {}", operation.id, refused.text);
        assert_documented(&document, operation, &refused);
    }
}

#[apply(on_both_engines!)]
async fn every_example_of_the_document_is_taken(app: &TestApp) {
    let document = document();
    let records = Records::make(app).await;
    let sent = send_examples(app, &document, &records).await;
    assert!(sent >= 10, "only {sent} examples were found");
    app.run_until_idle().await;
}
