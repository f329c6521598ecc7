//! The webhooks of the document: one for each type of event, with the object that it brings; and that the server sends what
//! they say.

use peeker_domain::EventType;
use peeker_testkit::{TestApp, apply, on_both_engines};
use serde_json::{Value, json};

use super::{document, resolve};
use crate::operations::Records;

fn body<'a>(document: &'a Value, kind: &str) -> &'a Value {
    let webhook = &document["webhooks"][kind]["post"];
    &webhook["requestBody"]["content"]["application/json"]
}

#[test]
fn there_is_one_for_each_type_of_event() {
    let document = document();
    let webhooks = document["webhooks"].as_object().unwrap();
    assert_eq!(webhooks.len(), EventType::ALL.len());
    for kind in EventType::ALL {
        let kind = kind.as_str();
        let schema = resolve(&document, &body(&document, kind)["schema"]);
        let types = resolve(&document, &schema["properties"]["type"]);
        assert!(
            types["enum"].as_array().unwrap().contains(&json!(kind)),
            "{kind}"
        );
        let data = resolve(&document, &schema["properties"]["data"]);
        let field = if kind == "wallet.low" {
            "balance_cents"
        } else {
            "id"
        };
        assert!(data["properties"][field].is_object(), "{kind}");
        let example = &body(&document, kind)["examples"]["event"]["value"];
        assert_eq!(example["type"], kind);
        let post = &webhooks[kind]["post"];
        assert!(
            post["description"]
                .as_str()
                .unwrap()
                .contains("`Peeker-Signature`")
        );
    }
}

#[test]
fn the_data_of_an_event_follows_from_its_type() {
    let document = document();
    let event = &document["components"]["schemas"]["Event"];
    assert_eq!(event["discriminator"]["propertyName"], "type");
    let mapping = event["discriminator"]["mapping"].as_object().unwrap();
    for kind in EventType::ALL {
        let target = mapping[kind.as_str()].as_str().unwrap();
        assert!(
            event["oneOf"]
                .as_array()
                .unwrap()
                .contains(&json!({ "$ref": target }))
        );
        let of_event = &document.pointer(&target[1..]).unwrap()["properties"]["data"]["$ref"];
        let webhook = resolve(&document, &body(&document, kind.as_str())["schema"]);
        assert_eq!(of_event, &webhook["properties"]["data"]["$ref"], "{kind}");
    }
}

#[apply(on_both_engines!)]
async fn what_is_sent_is_what_the_document_says(app: &TestApp) {
    let document = document();
    Records::make(app).await;
    let client = app.client();
    let stream = client
        .get("/events/stream?after_sequence=0&follow=false")
        .await;
    let lines = stream.text.lines();
    let mut kinds = Vec::new();
    for data in lines.filter_map(|line| line.strip_prefix("data: ")) {
        let sent: Value = serde_json::from_str(data).unwrap();
        let kind = sent["type"].as_str().unwrap().to_owned();
        let schema = &body(&document, &kind)["schema"];
        let whole = json!({ "allOf": [schema], "components": document["components"] });
        let validator = jsonschema::draft202012::new(&whole).unwrap();
        let problems: Vec<_> = validator
            .iter_errors(&sent)
            .map(|e| e.to_string())
            .collect();
        assert!(problems.is_empty(), "{kind}: {problems:?}\n{sent}");
        kinds.push(kind);
    }
    kinds.sort();
    kinds.dedup();
    assert!(kinds.len() >= 6, "{kinds:?}");
}
