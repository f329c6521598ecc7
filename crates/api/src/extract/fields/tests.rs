//! What the reader of objects says about each kind of mistake.

use peeker_domain::PersonName;
use serde_json::json;
use utoipa::PartialSchema;

use super::*;
use crate::extract::presence::{absent_is_null, optional, required};
use crate::extract::rule::{Rule, list_of, object, or_null};
use crate::extract::values::{boolean, integer, person_name};
use crate::extract::{RequestBody, object};

object! {
    /// Somebody.
    pub Person -> PersonName {
        last: required(person_name()),
    }
    => |_| last
}

object! {
    /// Something of each kind.
    pub Party -> (String, Option<u32>) {
        name: required(person_name()),
        size: absent_is_null(or_null(integer(1..=9))),
        flag: optional(boolean()),
        people: required(list_of(0..=2, object::<Person>())),
    }
    => |_| {
        flag?;
        people?;
        Ok((name?.into(), size?))
    }
}

fn read(body: &Value) -> peeker_domain::Result<(String, Option<u32>)> {
    read_object(body, Party::read)
}

fn shown(body: &Value) -> String {
    let error = read(body).unwrap_err();
    assert_eq!(error.code, Code::InvalidRequest);
    match error.details.get("violations") {
        None => format!("{}: {}", error.field.unwrap(), error.message),
        Some(all) => {
            assert_eq!(
                Some(&all[0]["field"]),
                error.field.map(Value::from).as_ref()
            );
            let all = all.as_array().unwrap().iter();
            all.map(|v| v["message"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
                .join("\n")
        }
    }
}

#[test]
fn gives_the_input_when_nothing_is_wrong() {
    let body = json!({"name": " Sam ", "size": null, "people": [{"last": "Lee"}]});
    assert_eq!(read(&body).unwrap(), ("Sam".to_owned(), None));
}

#[test]
fn names_every_problem_with_its_path() {
    let body =
        json!({"size": 10, "flag": null, "people": [{"last": "Lee"}, {"lst": "Lee"}], "naem": 1});
    insta::assert_snapshot!(shown(&body), @r#"
    name is required
    size must be between 1 and 9
    flag must not be null
    people[1].last is required
    people[1].lst is not a known field
    naem is not a known field
    "#);
}

#[test]
fn a_single_problem_needs_no_list() {
    insta::assert_snapshot!(shown(&json!({"name": "S".repeat(101), "people": []})), @"name: name must not be longer than 100 characters");
    insta::assert_snapshot!(shown(&json!({"name": "a\u{0}b", "people": []})), @"name: name must not hold U+0000, a control, invisible or direction-changing character");
    insta::assert_snapshot!(shown(&json!({"name": "Sam", "people": [1, {}, {}]})), @"people: people must have between 0 and 2 entries");
    insta::assert_snapshot!(shown(&json!({"name": "Sam", "people": {}})), @"people: people must be a list");
    insta::assert_snapshot!(shown(&json!({"name": "Sam", "people": [1]})), @"people[0]: people[0] must be an object");
    insta::assert_snapshot!(shown(&json!({"name": "Sam", "people": [], "size": 2.5})), @"size: size must be an integer");
}

#[test]
fn a_body_that_is_no_object_has_no_field() {
    for body in [json!([]), json!("x"), json!(1), Value::Null] {
        let error = read(&body).unwrap_err();
        assert_eq!((error.code, error.field), (Code::InvalidRequest, None));
    }
}

#[test]
fn a_declaration_shows_what_it_reads() {
    let party = serde_json::to_value(Party::schema()).unwrap();
    let number = json!({
        "type": ["integer", "null"], "format": "int32", "minimum": 1, "maximum": 9
    });
    assert_eq!(party["required"], json!(["name", "people"]));
    assert_eq!(party["additionalProperties"], json!(false));
    assert_eq!(party["properties"]["size"], number);

    let mut components = Vec::new();
    let person = or_null(object::<Person>()).schema(&mut components);
    let either =
        json!({ "oneOf": [{ "$ref": "#/components/schemas/Person" }, { "type": "null" }] });
    assert_eq!(serde_json::to_value(person).unwrap(), either);
    assert_eq!(components[0].0, "Person");
}
