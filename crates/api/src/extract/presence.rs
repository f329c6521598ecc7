//! The fields of an object: by which rule each is read, and what it means that it is left out.

use std::marker::PhantomData;

use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::{Object, Schema};

use super::body::RequestBody;
use super::fields::Fields;
use super::problems::Refused;
use super::rule::{Components, Null, Rule};
use super::said::{Said, say};

/// One field of an object, or several that are read together.
pub trait Field {
    /// What it is read into.
    type Value;

    /// Reads it from `fields`; what is wrong with it is noted there.
    fn read(&self, name: &'static str, fields: &mut Fields<'_>) -> Result<Self::Value, Refused>;

    /// Adds it to the schema of its object, and what that refers to to `components`.
    fn describe(
        &self,
        name: &'static str,
        said: Said<'_>,
        object: &mut Object,
        components: &mut Components,
    );
}

/// A field that must be there.
pub(crate) fn required<R: Rule>(rule: R) -> impl Field<Value = R::Value> {
    Single {
        required: true,
        ..Single::new(rule, |given| given)
    }
}

/// A field that may be left out.
pub(crate) fn optional<R: Rule>(rule: R) -> impl Field<Value = Option<R::Value>> {
    Single::new(rule, Some)
}

/// A field that stands for `default` when it is left out.
pub(crate) fn optional_or<R: Rule>(rule: R, default: R::Value) -> impl Field<Value = R::Value>
where
    R::Value: Copy + Into<Value>,
{
    Single {
        default: Some(default.into()),
        ..Single::new(rule, move |given: Option<R::Value>| {
            Some(given.unwrap_or(default))
        })
    }
}

/// A field that means the same whether it is left out or `null`.
pub(crate) fn absent_is_null<T, R: Rule<Value = Option<T>>>(
    rule: R,
) -> impl Field<Value = Option<T>> {
    Single::new(rule, |given: Option<Option<T>>| Some(given.flatten()))
}

/// A field with a rule of its own. `value_of` gives the value for what the rule read, or for nothing when the field is
/// left out.
struct Single<R, F> {
    rule: R,
    value_of: F,
    required: bool,
    default: Option<Value>,
}

impl<R, F> Single<R, F> {
    fn new(rule: R, value_of: F) -> Self {
        Self {
            rule,
            value_of,
            required: false,
            default: None,
        }
    }
}

impl<R: Rule, T, F: Fn(Option<R::Value>) -> Option<T>> Field for Single<R, F> {
    type Value = T;

    fn read(&self, name: &'static str, fields: &mut Fields<'_>) -> Result<T, Refused> {
        let null = self.rule.null();
        let given = match fields.take(name) {
            Some(item) if item.is_null() && null == Null::Refused => {
                return Err(item.refuse("must not be null"));
            }
            Some(item) => Some(self.rule.read(&item)?),
            None => None,
        };
        let missing = match null {
            Null::Taken => "is required; it may be null",
            Null::Refused | Null::OfAnotherType => "is required",
        };
        (self.value_of)(given).ok_or_else(|| fields.refuse(name, missing))
    }

    fn describe(
        &self,
        name: &'static str,
        said: Said<'_>,
        object: &mut Object,
        components: &mut Components,
    ) {
        let mut schema = self.rule.schema(components);
        say(&mut schema, said, self.default.as_ref());
        object.properties.insert(name.to_owned(), schema);
        if !said.with.is_empty() {
            need_beside(object, name, said.with);
        }
        if self.required {
            object.required.push(name.to_owned());
        }
    }
}

/// The keyword of JSON Schema for fields that do not come alone.
const DEPENDENT_REQUIRED: &str = "dependentRequired";

/// Says that with the field `name` there have to be others. The types of the document have no place for it but the one for
/// what they do not know.
fn need_beside(object: &mut Object, name: &str, with: &[&str]) {
    let extensions = object.extensions.get_or_insert_default();
    let needed = extensions
        .entry(DEPENDENT_REQUIRED.to_owned())
        .or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(needed) = needed {
        needed.insert(name.to_owned(), with.into());
    }
}

/// What [`need_beside`] has said.
fn needed_beside(extensions: &Extensions) -> Vec<(&str, Vec<&str>)> {
    let needed = extensions
        .get(DEPENDENT_REQUIRED)
        .and_then(Value::as_object);
    needed
        .into_iter()
        .flatten()
        .map(|(name, with)| {
            let with = with.as_array().into_iter().flatten();
            (name.as_str(), with.filter_map(Value::as_str).collect())
        })
        .collect()
}

/// Fields that are read together, by rules that look at all of them: `T` declares them.
pub(crate) fn together<T: RequestBody + ToSchema>() -> impl Field<Value = T::Input> {
    Together::<T>(PhantomData)
}

struct Together<T>(PhantomData<T>);

impl<T: RequestBody + ToSchema> Field for Together<T> {
    type Value = T::Input;

    fn read(&self, _: &'static str, fields: &mut Fields<'_>) -> Result<T::Input, Refused> {
        T::read(fields)
    }

    fn describe(
        &self,
        _: &'static str,
        _: Said<'_>,
        object: &mut Object,
        components: &mut Components,
    ) {
        if let RefOr::T(Schema::Object(part)) = T::schema() {
            object.properties.extend(part.properties);
            object.required.extend(part.required);
            for (name, with) in part.extensions.iter().flat_map(needed_beside) {
                need_beside(object, name, &with);
            }
        }
        T::schemas(components);
    }
}
