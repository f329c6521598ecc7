//! What a value of a body has to be. A rule is used twice: to read the value, and to describe it in the `OpenAPI` document.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::ops::RangeInclusive;

use utoipa::ToSchema;
use utoipa::openapi::schema::{
    ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type,
};
use utoipa::openapi::{Ref, RefOr};

use super::body::RequestBody;
use super::fields::Item;
use super::problems::Refused;

/// The schemas that a document holds by name.
pub(crate) type Components = Vec<(String, RefOr<Schema>)>;

/// What a value has to be.
pub trait Rule {
    /// What it is read into.
    type Value;

    /// Reads a value; what is wrong with it is noted in `item`.
    fn read(&self, item: &Item<'_>) -> Result<Self::Value, Refused>;

    /// Its schema; what that refers to is added to `components`.
    fn schema(&self, components: &mut Components) -> RefOr<Schema>;

    /// What is done with a field that is `null`.
    fn null(&self) -> Null {
        Null::Refused
    }
}

/// What is done with a field that is `null`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Null {
    /// It is refused.
    Refused,
    /// It means something to the rule.
    Taken,
    /// The rule says what it wants instead.
    OfAnotherType,
}

/// A rule for a text.
pub(crate) trait TextRule: Rule {
    /// Reads a text. Errors: the rest of a sentence that starts with the path.
    fn parse(&self, text: &str) -> Result<Self::Value, String>;
}

/// A reference to the schema of `T`.
pub(crate) fn refer_to<T: ToSchema>(components: &mut Components) -> RefOr<Schema> {
    components.push((T::name().into(), T::schema()));
    T::schemas(components);
    Ref::from_schema_name(T::name()).into()
}

/// An object that was declared with [`object!`](crate::extract::object).
pub(crate) fn object<T: RequestBody + ToSchema>() -> impl Rule<Value = T::Input> {
    Nested::<T>(PhantomData)
}

struct Nested<T>(PhantomData<T>);

impl<T: RequestBody + ToSchema> Rule for Nested<T> {
    type Value = T::Input;

    fn read(&self, item: &Item<'_>) -> Result<T::Input, Refused> {
        item.object(T::read)
    }

    fn schema(&self, components: &mut Components) -> RefOr<Schema> {
        refer_to::<T>(components)
    }

    fn null(&self) -> Null {
        Null::OfAnotherType
    }
}

/// A list of so many entries.
pub(crate) fn list_of<R: Rule>(length: RangeInclusive<usize>, entry: R) -> List<R> {
    List {
        length,
        entry,
        each_once: None,
    }
}

pub(crate) struct List<R: Rule> {
    length: RangeInclusive<usize>,
    entry: R,
    each_once: Option<EachOnce<R::Value>>,
}

struct EachOnce<T> {
    noun: &'static str,
    spelled_once: fn(&T) -> String,
}

impl<R: Rule> List<R> {
    /// Takes no `noun` twice, however it is spelled; `spelled_once` gives one spelling for all.
    pub(crate) fn each_once(
        mut self,
        noun: &'static str,
        spelled_once: fn(&R::Value) -> String,
    ) -> Self {
        self.each_once = Some(EachOnce { noun, spelled_once });
        self
    }
}

impl<R: Rule> Rule for List<R> {
    type Value = Vec<R::Value>;

    fn read(&self, item: &Item<'_>) -> Result<Self::Value, Refused> {
        let Some(entries) = item.entries() else {
            return Err(item.refuse("must be a list"));
        };
        let (min, max) = (self.length.start(), self.length.end());
        if !self.length.contains(&entries.len()) {
            return Err(item.refuse(&format!("must have between {min} and {max} entries")));
        }
        let mut seen = HashMap::new();
        let read = |(index, entry): (usize, Item<'_>)| {
            let value = self.entry.read(&entry)?;
            let Some(EachOnce { noun, spelled_once }) = &self.each_once else {
                return Ok(value);
            };
            let first = *seen.entry(spelled_once(&value)).or_insert(index);
            if first == index {
                return Ok(value);
            }
            let list = item.path();
            Err(entry.refuse(&format!("is the same {noun} as {list}[{first}]")))
        };
        // Not straight into a Result: that would stop at the first refused entry.
        let outcomes: Vec<_> = entries.enumerate().map(read).collect();
        outcomes.into_iter().collect()
    }

    fn schema(&self, components: &mut Components) -> RefOr<Schema> {
        ArrayBuilder::new()
            .items(self.entry.schema(components))
            .min_items(Some(*self.length.start()))
            .max_items(Some(*self.length.end()))
            .into()
    }

    fn null(&self) -> Null {
        Null::OfAnotherType
    }
}

/// A value, or `null` for none.
pub(crate) fn or_null<R: Rule>(rule: R) -> impl Rule<Value = Option<R::Value>> {
    OrNull(rule)
}

struct OrNull<R>(R);

impl<R: Rule> Rule for OrNull<R> {
    type Value = Option<R::Value>;

    fn read(&self, item: &Item<'_>) -> Result<Self::Value, Refused> {
        if item.is_null() {
            return Ok(None);
        }
        self.0.read(item).map(Some)
    }

    fn schema(&self, components: &mut Components) -> RefOr<Schema> {
        nullable(self.0.schema(components))
    }

    fn null(&self) -> Null {
        Null::Taken
    }
}

/// A text, or `null` or an empty text for none.
pub(crate) fn or_empty<R: TextRule>(rule: R) -> impl Rule<Value = Option<R::Value>> {
    OrEmpty(rule)
}

struct OrEmpty<R>(R);

impl<R: TextRule> Rule for OrEmpty<R> {
    type Value = Option<R::Value>;

    fn read(&self, item: &Item<'_>) -> Result<Self::Value, Refused> {
        if item.is_null() {
            return Ok(None);
        }
        item.text(|text| match text.trim() {
            "" => Ok(None),
            _ => self.0.parse(text).map(Some),
        })
    }

    fn schema(&self, components: &mut Components) -> RefOr<Schema> {
        let mut schema = self.0.schema(components);
        if let RefOr::T(Schema::Object(text)) = &mut schema {
            (text.min_length, text.format) = (None, None);
        }
        nullable(schema)
    }

    fn null(&self) -> Null {
        Null::Taken
    }
}

/// The schema of what may also be `null`.
fn nullable(schema: RefOr<Schema>) -> RefOr<Schema> {
    match schema {
        RefOr::T(Schema::Object(mut object)) => {
            if let SchemaType::Type(kind) = object.schema_type {
                object.schema_type = SchemaType::from_iter([kind, Type::Null]);
            }
            object.into()
        }
        other => {
            let null = ObjectBuilder::new().schema_type(Type::Null);
            OneOfBuilder::new().item(other).item(null).into()
        }
    }
}
