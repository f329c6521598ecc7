//! A JSON body while it is read: what stands in it, where, and what is wrong with it. Every problem is noted with its exact
//! path, so that a partner can mend a body in one go (contract §1). A field that nobody asked for is a problem too: a
//! misspelt optional field must not be dropped.

use peeker_domain::{Code, Error};
use serde_json::{Map, Value};

use super::json::Path;
use super::problems::{Problems, Refused};

/// An object being read.
#[derive(Debug)]
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    path: &'a Path<'a>,
    known: Vec<&'static str>,
    problems: &'a Problems,
}

impl<'a> Fields<'a> {
    /// Runs `read` over the object and then notes the fields it did not ask for.
    fn run<T>(
        object: &'a Map<String, Value>,
        path: &'a Path<'a>,
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
                fields.refuse(name, "is not a known field");
            }
        }
        if all_known { outcome } else { Err(Refused) }
    }

    /// The value of a field, which is known from now on.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<Item<'a>> {
        self.known.push(name);
        self.object.get(name).map(|value| Item {
            value,
            path: Path::Field(self.path, name),
            problems: self.problems,
        })
    }

    /// Whether the object has the field, `null` or not.
    pub fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    /// Notes that a field breaks a rule; `what` completes a sentence that starts with the field's path.
    pub fn refuse(&self, name: &str, what: &str) -> Refused {
        let path = Path::Field(self.path, name).to_string();
        self.problems.invalid(&path, what)
    }

    /// Notes an error that comes before every other problem of the body.
    pub fn conflict(&self, error: Error) -> Refused {
        self.problems.conflict(error)
    }
}

/// One value of a body: that of a field, or an entry of a list.
#[derive(Debug)]
pub struct Item<'a> {
    value: &'a Value,
    path: Path<'a>,
    problems: &'a Problems,
}

impl Item<'_> {
    /// Notes that the value breaks a rule; `what` completes a sentence that starts with its path.
    pub fn refuse(&self, what: &str) -> Refused {
        self.problems.invalid(&self.path.to_string(), what)
    }

    /// Notes a sequencer that is not supported.
    pub fn refuse_provider(&self, what: &str) -> Refused {
        self.problems
            .provider_not_supported(&self.path.to_string(), what)
    }

    /// Notes an id that no `noun` can have.
    pub fn refuse_unknown(&self, noun: &'static str) -> Refused {
        self.problems.not_found(&self.path.to_string(), noun)
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        self.value.is_null()
    }

    /// Whether it is an object.
    pub fn is_object(&self) -> bool {
        self.value.is_object()
    }

    /// Whether it is a text.
    pub fn is_text(&self) -> bool {
        self.value.is_string()
    }

    /// Reads it as one value.
    pub fn value<T>(&self, parse: impl Fn(&Value) -> Result<T, String>) -> Result<T, Refused> {
        parse(self.value).map_err(|what| self.refuse(&what))
    }

    /// Reads it as a text.
    pub fn text<T>(&self, parse: impl Fn(&str) -> Result<T, String>) -> Result<T, Refused> {
        self.value(|value| parse(value.as_str().ok_or("must be a text")?))
    }

    /// Reads it as an object.
    pub fn object<T>(
        &self,
        read: impl FnOnce(&mut Fields<'_>) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        match self.value {
            Value::Object(object) => Fields::run(object, &self.path, self.problems, read),
            _ => Err(self.refuse("must be an object")),
        }
    }

    /// Its entries, when it is a list.
    pub(crate) fn entries(&self) -> Option<impl ExactSizeIterator<Item = Item<'_>>> {
        let entries = self.value.as_array()?.iter().enumerate();
        Some(entries.map(|(index, value)| Item {
            value,
            path: Path::Entry(&self.path, index),
            problems: self.problems,
        }))
    }

    /// Where it stands, as a partner is told.
    pub(crate) fn path(&self) -> &Path<'_> {
        &self.path
    }
}

/// Reads a whole body. Errors: `invalid_request` with every violation, or what [`Problems::into_error`] makes of them.
pub(crate) fn read_object<T>(
    body: &Value,
    read: impl FnOnce(&mut Fields<'_>) -> Result<T, Refused>,
) -> peeker_domain::Result<T> {
    let Value::Object(object) = body else {
        return Err(Error::new(
            Code::InvalidRequest,
            "The body must be a JSON object",
        ));
    };
    let problems = Problems::default();
    let outcome = Fields::run(object, &Path::Body, &problems, read);
    match (problems.into_error(), outcome) {
        (Some(error), _) => Err(error),
        (None, Ok(input)) => Ok(input),
        (None, Err(Refused)) => Err(Error::internal("a body was refused without a reason")),
    }
}

#[cfg(test)]
mod tests;
