//! The parameters of a query: by which rule each is read, and what it means that it is left out. Below, the rules that only
//! parameters have.

use std::fmt::Display;
use std::str::FromStr;

use peeker_domain::EmailAddress;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::Required;
use utoipa::openapi::path::{self, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};

use super::query::Parameters;
use super::rule::{TextRule, refer_to};
use super::said::Said;
use super::values::{email, find_word, string_schema, text};

/// A parameter with its rule.
pub(crate) struct Parameter<R, F> {
    rule: R,
    read: F,
    required: Required,
    default: Option<Value>,
}

impl<R: TextRule, T, F: Fn(&R, &'static str, &mut Parameters) -> T> Parameter<R, F> {
    fn optional(rule: R, read: F) -> Self {
        Self {
            rule,
            read,
            required: Required::False,
            default: None,
        }
    }

    /// Reads it; what is wrong with it is noted in `parameters`.
    pub(crate) fn read(&self, name: &'static str, parameters: &mut Parameters) -> T {
        (self.read)(&self.rule, name, parameters)
    }

    /// How it is shown in the document. What its schema refers to is there already: the objects of the answers have it.
    pub(crate) fn describe(&self, name: &'static str, said: Said<'_>) -> path::Parameter {
        let schema = self.rule.schema(&mut Vec::new());
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Query)
            .required(self.required.clone())
            .description(said.description(self.default.as_ref()))
            .schema(Some(schema))
            .example(said.example.first().cloned())
            .build()
    }
}

/// A parameter that narrows a list: it is echoed in links and binds page tokens.
pub(crate) fn filter<R: TextRule<Value: ToString>>(
    rule: R,
) -> Parameter<R, impl Fn(&R, &'static str, &mut Parameters) -> Option<R::Value>> {
    Parameter::optional(rule, |rule: &R, name, parameters: &mut Parameters| {
        parameters.filter(name, |text| rule.parse(text))
    })
}

/// As [`filter`], with a value for when it is left out, which is echoed too.
pub(crate) fn filter_or<R: TextRule<Value: ToString + Copy>>(
    rule: R,
    default: R::Value,
) -> Parameter<R, impl Fn(&R, &'static str, &mut Parameters) -> R::Value> {
    Parameter::optional(rule, move |rule: &R, name, parameters: &mut Parameters| {
        parameters.filter_or(name, default, |text| rule.parse(text))
    })
}

/// A parameter that may be left out.
pub(crate) fn optional<R: TextRule>(
    rule: R,
) -> Parameter<R, impl Fn(&R, &'static str, &mut Parameters) -> Option<R::Value>> {
    Parameter::optional(rule, |rule: &R, name, parameters: &mut Parameters| {
        parameters.optional(name, |text| rule.parse(text))
    })
}

/// A parameter that stands for `default` when it is left out.
pub(crate) fn optional_or<R: TextRule<Value: Copy + Into<Value>>>(
    rule: R,
    default: R::Value,
) -> Parameter<R, impl Fn(&R, &'static str, &mut Parameters) -> R::Value> {
    let read = move |rule: &R, name, parameters: &mut Parameters| {
        let given = parameters.optional(name, |text| rule.parse(text));
        given.unwrap_or(default)
    };
    Parameter {
        default: Some(default.into()),
        ..Parameter::optional(rule, read)
    }
}

/// A parameter that must be there.
pub(crate) fn required<R: TextRule<Value: Default>>(
    rule: R,
) -> Parameter<R, impl Fn(&R, &'static str, &mut Parameters) -> R::Value> {
    let read = |rule: &R, name, parameters: &mut Parameters| {
        let given = parameters.required(name, |text| rule.parse(text));
        given.unwrap_or_default()
    };
    Parameter {
        required: Required::True,
        ..Parameter::optional(rule, read)
    }
}

/// One word of a type that has a schema of its own.
pub(crate) fn one_of<T: Copy + Display + ToSchema>(all: &'static [T]) -> impl TextRule<Value = T> {
    text(move |text| find_word(all, text), refer_to::<T>)
}

/// `true` or `false`.
pub(crate) fn boolean_text() -> impl TextRule<Value = bool> {
    text(
        |text| text.parse().map_err(|_| "must be true or false".to_owned()),
        |_| ObjectBuilder::new().schema_type(Type::Boolean).into(),
    )
}

/// A whole number that is not negative.
pub(crate) fn natural_text() -> impl TextRule<Value = i64> {
    let parse = |text: &str| {
        let number = text.parse().ok().filter(|number| *number >= 0);
        number.ok_or_else(|| "must be a whole number of 0 or more".to_owned())
    };
    text(parse, |_| {
        let schema = ObjectBuilder::new().schema_type(Type::Integer);
        schema
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(0))
            .into()
    })
}

/// An e-mail address.
pub(crate) fn email_text() -> impl TextRule<Value = EmailAddress> {
    email()
}

/// An id.
pub(crate) fn id<T: FromStr<Err: Display>>() -> impl TextRule<Value = T> {
    text(
        |text| text.parse().map_err(|error| format!("is {error}")),
        |_| string_schema(),
    )
}
