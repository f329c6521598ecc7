//! Bodies and queries, each declared once: what a field is called, which rule it keeps, and what a partner is told about it.
//! The declaration is what reads a request and what the `OpenAPI` document shows.

use serde_json::Value;
use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, Type};

use super::said::paragraph;

/// Declares an object of a body: its fields, and what is made of them.
///
/// ```ignore
/// object! {
///     /// A new customer.
///     pub CreateUser -> NewUser {
///         /// Unique in the account and environment, however it is spelled.
///         #[example = "client@example.com"]
///         email: required(email()),
///         client_id as "sequencer": required(object::<UserSequencer>()),
///     }
/// }
/// ```
///
/// Fields are read from top to bottom, which is the order of the violations. They become the fields of the same names of
/// the struct after the arrow. Where they do not, or where a rule looks at several of them, an expression makes the
/// input, as in `=> |fields| Ok((domains?, url?))`; in it, each field is the `Result` of its reading, and `fields` can be
/// refused by name. `#[with = "other"]` tells the document that the field does not come without the other one; the
/// expression has to see to it. `reading a, b, c` after it reads them in another order than the document shows them in.
macro_rules! object {
    (
        $(#[doc = $about:literal])* $(#[example = $whole:expr])?
        $visibility:vis $name:ident -> $input:ty {
            $($(#[doc = $doc:literal])* $(#[example = $example:expr])? $(#[with = $with:literal])?
            $field:ident $(as $key:literal)?: $rule:expr,)+
        }
        => |$source:tt| $make:expr $(, reading $($next:ident),+)?
    ) => {
        $(#[doc = $about])*
        #[derive(Debug)]
        $visibility enum $name {}

        impl $crate::extract::RequestBody for $name {
            type Input = $input;

            fn read(fields: &mut $crate::extract::Fields<'_>) -> Result<$input, $crate::extract::Refused> {
                $(let $field = |fields: &mut $crate::extract::Fields<'_>| {
                    $crate::extract::Field::read(&$rule, $crate::extract::key!($field $($key)?), fields)
                };)+
                $crate::extract::in_order!(fields: $($field),+ $(; $($next),+)?);
                let $source = fields;
                $make
            }
        }

        impl $name {
            fn describe(components: &mut $crate::extract::Components) -> utoipa::openapi::schema::Object {
                let mut object = $crate::extract::closed_object(&[$($about),*], &[$(serde_json::json!($whole))?]);
                $($crate::extract::Field::describe(
                    &$rule,
                    $crate::extract::key!($field $($key)?),
                    $crate::extract::Said {
                        lines: &[$($doc),*], example: &[$(serde_json::json!($example))?], with: &[$($with)?],
                    },
                    &mut object,
                    components,
                );)+
                object
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                Self::describe(&mut Vec::new()).into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn schemas(components: &mut $crate::extract::Components) {
                Self::describe(components);
            }
        }
    };
    (
        $(#[doc = $about:literal])* $(#[example = $whole:expr])?
        $visibility:vis $name:ident -> $input:ident {
            $($(#[doc = $doc:literal])* $(#[example = $example:expr])? $field:ident $(as $key:literal)?: $rule:expr,)+
        }
    ) => {
        $crate::extract::object! {
            $(#[doc = $about])* $(#[example = $whole])?
            $visibility $name -> $input {
                $($(#[doc = $doc])* $(#[example = $example])? $field $(as $key)?: $rule,)+
            }
            => |_| Ok($input { $($field: $field?),+ })
        }
    };
}

/// Declares the parameters of a query, and what is made of them, as [`object!`] does for bodies. In an expression that
/// makes the input, each parameter is its value. They are echoed in links in the order of their reading.
macro_rules! query {
    (
        $(#[doc = $about:literal])*
        $visibility:vis $name:ident -> $input:ty {
            $($(#[doc = $doc:literal])* $(#[example = $example:expr])? $field:ident $(as $key:literal)?: $rule:expr,)+
        }
        => $make:expr $(, reading $($next:ident),+)?
    ) => {
        $(#[doc = $about])*
        #[derive(Debug)]
        $visibility enum $name {}

        impl $crate::extract::ListQuery for $name {
            type Input = $input;

            fn read(parameters: &mut $crate::extract::Parameters) -> $input {
                $(let $field = |parameters: &mut $crate::extract::Parameters| {
                    $rule.read($crate::extract::key!($field $($key)?), parameters)
                };)+
                $crate::extract::in_order!(parameters: $($field),+ $(; $($next),+)?);
                $make
            }
        }

        impl utoipa::IntoParams for $name {
            fn into_params(
                _: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
            ) -> Vec<utoipa::openapi::path::Parameter> {
                vec![$($rule.describe(
                    $crate::extract::key!($field $($key)?),
                    $crate::extract::Said {
                        lines: &[$($doc),*], example: &[$(serde_json::json!($example))?], with: &[],
                    },
                )),+]
            }
        }
    };
    (
        $(#[doc = $about:literal])*
        $visibility:vis $name:ident -> $input:ident {
            $($(#[doc = $doc:literal])* $(#[example = $example:expr])? $field:ident $(as $key:literal)?: $rule:expr,)+
        }
    ) => {
        $crate::extract::query! {
            $(#[doc = $about])*
            $visibility $name -> $input {
                $($(#[doc = $doc])* $(#[example = $example])? $field $(as $key)?: $rule,)+
            }
            => $input { $($field),+ }
        }
    };
}

/// Runs the readers in the order of their fields, or in another one.
macro_rules! in_order {
    ($source:ident: $($field:ident),+) => {
        $(let $field = $field($source);)+
    };
    ($source:ident: $($field:ident),+; $($next:ident),+) => {
        $(let $next = $next($source);)+
    };
}

/// What a field is called in a request: as in the code, unless told otherwise.
macro_rules! key {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $key:literal) => {
        $key
    };
}

pub(crate) use {in_order, key, object, query};

/// An object that has no other fields than those that are added to it.
pub(crate) fn closed_object(about: &[&str], example: &[Value]) -> Object {
    let mut object = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(paragraph(about, "\n")))
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .build();
    object.example = example.first().cloned();
    object
}
