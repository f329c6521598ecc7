//! What single values are read into, and how they are shown.

use serde_json::json;

use super::*;
use crate::extract::Field;
use crate::extract::presence::required;
use crate::extract::read_object;
use crate::extract::rule::or_empty;

/// What a rule makes of the value of a field.
fn read<R: Rule>(rule: R, value: &Value) -> Result<R::Value, String> {
    let body = json!({ "field": value });
    let read = read_object(&body, |fields| required(rule).read("field", fields));
    read.map_err(|error| error.message)
}

#[test]
fn integers_are_whole_and_in_range() {
    assert_eq!(read(integer(1..=10), &json!(10)), Ok(10));
    // Languages without whole numbers write them so.
    for ten in ["10.0", "1e1", "10.000"] {
        let ten: Value = serde_json::from_str(ten).unwrap();
        assert_eq!(read(integer(1..=10), &ten), Ok(10));
        assert_eq!(read(choice(&[2, 10]), &ten), Ok(10));
        assert_eq!(read(client_id(), &ten), Ok(Some(ClientId::Number(10))));
    }
    for bad in [
        json!(0),
        json!(11),
        json!(-1),
        json!(5_000_000_000_u64),
        json!(1.5),
        json!(-1.0),
        json!(1e300),
        json!("1"),
        json!(true),
    ] {
        assert!(read(integer(1..=10), &bad).is_err(), "{bad}");
    }
}

#[test]
fn client_ids_are_normalised() {
    let read = |value: &Value| read(client_id(), value);
    assert_eq!(read(&json!(7)), Ok(Some(ClientId::Number(7))));
    assert_eq!(read(&json!("7")), Ok(Some(ClientId::Number(7))));
    assert_eq!(read(&json!(" ")), Ok(None));
    assert_eq!(read(&json!(null)), Ok(None));
    for bad in [
        json!(-7),
        json!(7.5),
        json!({}),
        json!("a\u{0}"),
        json!("x".repeat(101)),
    ] {
        assert!(read(&bad).is_err(), "{bad}");
    }
}

#[test]
fn an_empty_name_is_none_where_there_need_not_be_one() {
    let read_any = |value: &Value| read(or_empty(display_name::<3>()), value);
    assert!(read(display_name::<3>(), &json!("  ")).is_err());
    assert_eq!(read_any(&json!("  ")), Ok(None));
    assert_eq!(read_any(&json!(" \u{A0}\u{3000}\u{2009} ")), Ok(None));
    assert_eq!(read_any(&json!(null)), Ok(None));
    let name = read_any(&json!(" äöü ")).unwrap();
    assert_eq!(name.unwrap().as_str(), "äöü");
    for bad in [json!("äöüß"), json!("\u{200B}"), json!(7)] {
        assert!(read_any(&bad).is_err(), "{bad}");
    }
}

#[test]
fn a_password_is_neither_trimmed_nor_shown() {
    use secrecy::ExposeSecret;
    let secret = password(10).parse(" pass ").unwrap();
    assert_eq!(secret.expose_secret(), " pass ");
    assert!(!format!("{secret:?}").contains("pass "));
    let too_long = password(3).parse("hunter2").unwrap_err();
    assert!(!too_long.contains("hunter2"));
}

#[test]
fn numbers_with_gaps_are_listed_and_others_bounded() {
    let shown = |allowed| serde_json::to_value(choice_schema(allowed)).unwrap();
    let listed = json!({ "type": "integer", "enum": [25, 50], "examples": [25] });
    assert_eq!(shown(&[25, 50]), listed);
    assert_eq!(
        (&shown(&[2, 3])["minimum"], &shown(&[2, 3])["maximum"]),
        (&json!(2), &json!(3))
    );
}
