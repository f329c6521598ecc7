//! Reads a JSON object field by field and notes every problem with its exact path, so that a partner can mend a body in
//! one go (contract §1). A field that nobody asked for is a problem too: a misspelt optional field must not be dropped.

use std::ops::RangeInclusive;

use peeker_domain::Error;
use serde_json::{Map, Value};

use super::problems::{Problems, Refused};

/// An object being read. Each method takes a field by name and a parser of its value; what it refuses is
/// noted, and the [`Refused`] it gives back only has to stop the input from being put together.
#[derive(Debug)]
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    path: String,
    known: Vec<&'static str>,
    problems: &'a Problems,
}

impl<'a> Fields<'a> {
    /// Runs `read` over the object and then notes the fields it did not ask for.
    fn run<T>(
        object: &'a Map<String, Value>,
        path: String,
        problems: &'a Problems,
        read: impl FnOnce(&mut Self) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        let mut fields = Self {
            object,
            path,
            known: Vec::new(),
            problems,
        };
        let outcome = read(&mut fields);
        let mut all_known = true;
        for name in object.keys() {
            if !fields.known.contains(&name.as_str()) {
                all_known = false;
                problems.invalid(&fields.path_of(name), "is not a known field");
            }
        }
        if all_known { outcome } else { Err(Refused) }
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    fn take(&mut self, name: &'static str) -> Option<&'a Value> {
        self.known.push(name);
        self.object.get(name)
    }

    fn parse<T>(
        &self,
        name: &str,
        value: &Value,
        parse: impl Fn(&Value) -> Result<T, String>,
    ) -> Result<T, Refused> {
        let checked = if value.is_null() {
            Err("must not be null".to_owned())
        } else {
            parse(value)
        };
        checked.map_err(|what| self.refuse(name, &what))
    }

    /// Whether the object has the field, `null` or not.
    pub fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    /// Notes that a field breaks a rule; `what` completes a sentence that starts with the field's path.
    pub fn refuse(&self, name: &str, what: &str) -> Refused {
        self.problems.invalid(&self.path_of(name), what)
    }

    /// Notes a sequencer that is not supported.
    pub fn refuse_provider(&self, name: &str, what: &str) -> Refused {
        self.problems
            .provider_not_supported(&self.path_of(name), what)
    }

    /// Notes an id that no `noun` can have.
    pub fn refuse_unknown(&self, name: &str, noun: &'static str) -> Refused {
        self.problems.not_found(&self.path_of(name), noun)
    }

    /// Notes an error that comes before every other problem of the body.
    pub fn conflict(&self, error: Error) -> Refused {
        self.problems.conflict(error)
    }

    /// A field that must be there and not `null`.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&Value) -> Result<T, String>,
    ) -> Result<T, Refused> {
        match self.take(name) {
            None => Err(self.refuse(name, "is required")),
            Some(value) => self.parse(name, value, parse),
        }
    }

    /// A field that must be there and may be `null`.
    pub fn required_or_null<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&Value) -> Result<T, String>,
    ) -> Result<Option<T>, Refused> {
        match self.take(name) {
            None => Err(self.refuse(name, "is required; it may be null")),
            Some(Value::Null) => Ok(None),
            Some(value) => self.parse(name, value, parse).map(Some),
        }
    }

    /// A field that may be left out, but not `null`.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&Value) -> Result<T, String>,
    ) -> Result<Option<T>, Refused> {
        self.take(name)
            .map(|value| self.parse(name, value, parse))
            .transpose()
    }

    /// A field that may be left out or `null`, which mean the same.
    pub fn optional_or_null<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&Value) -> Result<T, String>,
    ) -> Result<Option<T>, Refused> {
        let value = self.take(name).filter(|value| !value.is_null());
        value
            .map(|value| self.parse(name, value, parse))
            .transpose()
    }

    /// A nested object that must be there.
    pub fn object<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Fields<'_>) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        match self.take(name) {
            None => Err(self.refuse(name, "is required")),
            Some(value) => self.item(name, value).object(read),
        }
    }

    /// A nested object that may be left out, but not `null`.
    pub fn optional_object<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Fields<'_>) -> Result<T, Refused>,
    ) -> Result<Option<T>, Refused> {
        self.take(name)
            .map(|value| self.item(name, value).object(read))
            .transpose()
    }

    /// A list that must be there, with so many entries; `read` gets each with its position, and all of them even when
    /// one is refused.
    pub fn array<T>(
        &mut self,
        name: &'static str,
        length: RangeInclusive<usize>,
        mut read: impl FnMut(usize, &Item<'_>) -> Result<T, Refused>,
    ) -> Result<Vec<T>, Refused> {
        let Some(value) = self.take(name) else {
            return Err(self.refuse(name, "is required"));
        };
        let Some(entries) = value.as_array() else {
            return Err(self.refuse(name, "must be a list"));
        };
        if !length.contains(&entries.len()) {
            let what = format!(
                "must have between {} and {} entries",
                length.start(),
                length.end()
            );
            return Err(self.refuse(name, &what));
        }
        let path = self.path_of(name);
        let read_entry = |(index, value)| {
            read(
                index,
                &Item {
                    value,
                    path: format!("{path}[{index}]"),
                    problems: self.problems,
                },
            )
        };
        // Not straight into a Result: that would stop at the first refused entry.
        let outcomes: Vec<_> = entries.iter().enumerate().map(read_entry).collect();
        outcomes.into_iter().collect()
    }

    fn item(&self, name: &str, value: &'a Value) -> Item<'a> {
        Item {
            value,
            path: self.path_of(name),
            problems: self.problems,
        }
    }
}

/// One entry of a list, or the value of a field.
#[derive(Debug)]
pub struct Item<'a> {
    value: &'a Value,
    path: String,
    problems: &'a Problems,
}

impl Item<'_> {
    /// Notes that the entry breaks a rule; `what` completes a sentence that starts with its path.
    pub fn refuse(&self, what: &str) -> Refused {
        self.problems.invalid(&self.path, what)
    }

    /// Whether the entry is an object.
    pub fn is_object(&self) -> bool {
        self.value.is_object()
    }

    /// Reads the entry as one value.
    pub fn value<T>(&self, parse: impl Fn(&Value) -> Result<T, String>) -> Result<T, Refused> {
        parse(self.value).map_err(|what| self.refuse(&what))
    }

    /// Reads the entry as an object.
    pub fn object<T>(
        &self,
        read: impl FnOnce(&mut Fields<'_>) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        match self.value {
            Value::Object(object) => Fields::run(object, self.path.clone(), self.problems, read),
            _ => Err(self.refuse("must be an object")),
        }
    }
}

/// Reads a whole body. Errors: `invalid_request` with every violation, or what [`Problems::into_error`] makes of them.
pub(crate) fn read_object<T>(
    body: &Value,
    read: impl FnOnce(&mut Fields<'_>) -> Result<T, Refused>,
) -> peeker_domain::Result<T> {
    let Value::Object(object) = body else {
        return Err(Error::new(
            peeker_domain::Code::InvalidRequest,
            "The body must be a JSON object",
        ));
    };
    let problems = Problems::default();
    let outcome = Fields::run(object, String::new(), &problems, read);
    match (problems.into_error(), outcome) {
        (Some(error), _) => Err(error),
        (None, Ok(input)) => Ok(input),
        (None, Err(Refused)) => Err(Error::internal("a body was refused without a reason")),
    }
}

#[cfg(test)]
mod tests;
