//! The server keeps to the document: what it serves, what its answers look like, and that the examples are taken.

use jsonschema::Validator;
use peeker_testkit::{Response, TestApp, apply, on_both_engines};
use serde_json::{Value, json};

use super::{document, resolve};
use crate::operations::{ALL, Operation, Records};

/// The schema of one answer of an operation.
fn validator(document: &Value, operation: &Operation, status: u16) -> Validator {
    let method = operation.method.as_str().to_lowercase();
    let answer = &document["paths"][operation.path][method]["responses"][status.to_string()];
    let answer = resolve(document, answer);
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
        let kind = value["type"].as_str().unwrap_or_default();
        let by_kind = &schema["discriminator"]["mapping"][kind];
        let form = forms
            .iter()
            .find(|form| form["type"] != "null" && (by_kind.is_null() || form["$ref"] == *by_kind));
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
