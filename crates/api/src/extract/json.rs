//! JSON text to a [`Value`]. What must stay true: an object that has a field twice is refused, since whichever of the two
//! were taken, the other would be dropped in silence.

use std::cell::Cell;
use std::fmt::{self, Display, Formatter};

use peeker_domain::excerpt::{FIELD, excerpt};
use peeker_domain::{Code, Error, Result};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Reads a text. Errors: `invalid_request`, on the field that is given twice if that is the reason.
pub(super) fn parse(text: &str) -> Result<Value> {
    if text.starts_with('\u{feff}') {
        let message = "The body must not start with a byte order mark";
        return Err(Error::new(Code::InvalidRequest, message));
    }
    let repeated = Cell::new(None);
    let reader = Reader {
        path: &Path::Body,
        repeated: &repeated,
    };
    let mut source = serde_json::Deserializer::from_str(text);
    let read = reader.deserialize(&mut source);
    let whole = read.and_then(|value| source.end().map(|()| value));
    whole.map_err(|error| match repeated.take() {
        Some(field) => Error::invalid(&*field, format!("{field} is given twice")),
        // The parser's message names a place, never what stands there.
        None => Error::new(
            Code::InvalidRequest,
            format!("The body is not valid JSON: {error}"),
        ),
    })
}

/// Where in the body a value stands; written out only for an error.
#[derive(Debug)]
pub(crate) enum Path<'a> {
    /// At the top.
    Body,
    /// In a field of an object.
    Field(&'a Path<'a>, &'a str),
    /// In an entry of a list.
    Entry(&'a Path<'a>, usize),
}

impl Display for Path<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body => Ok(()),
            Self::Field(Path::Body, name) => f.write_str(name),
            Self::Field(parent, name) => write!(f, "{parent}.{name}"),
            Self::Entry(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// Reads one value, and the values in it.
struct Reader<'a> {
    path: &'a Path<'a>,
    repeated: &'a Cell<Option<String>>,
}

impl<'a> Reader<'a> {
    fn at(&self, path: &'a Path<'a>) -> Reader<'a> {
        Reader {
            path,
            repeated: self.repeated,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let path = Path::Entry(self.path, list.len());
            match entries.next_element_seed(self.at(&path))? {
                Some(value) => list.push(value),
                None => return Ok(list.into()),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            let path = Path::Field(self.path, &name);
            if object.contains_key(&name) {
                let field = excerpt(&path.to_string(), FIELD).into_owned();
                self.repeated.set(Some(field));
                return Err(A::Error::custom("a field is given twice"));
            }
            let value = fields.next_value_seed(self.at(&path))?;
            object.insert(name, value);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_read_as_it_stands() {
        for value in [
            json!(null),
            json!([true, -1, u64::MAX, 1.5, "ä\n", [], {}]),
            json!({ "a": { "b": [{ "a": 1 }, { "a": 2 }] }, "b": "\u{0}" }),
        ] {
            assert_eq!(parse(&value.to_string()).unwrap(), value);
        }
    }

    #[test]
    fn a_field_that_is_given_twice_is_named() {
        for (text, field) in [
            (r#"{"a":1,"a":1}"#, "a"),
            (r#"{"a":1,"b":{"c":null,"c":2}}"#, "b.c"),
            (r#"{"a":[{},{"b":[{"c":1,"d":2,"c":3}]}]}"#, "a[1].b[0].c"),
            (r#"{"a":1,"\u0061":2}"#, "a"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(
                (error.code, error.field.as_deref()),
                (Code::InvalidRequest, Some(field)),
                "{text}"
            );
        }
    }
}
