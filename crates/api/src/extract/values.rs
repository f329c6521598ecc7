//! The rules of single values. Each gives the value, or the rest of a sentence that starts with the field's path.

use std::convert::Infallible;
use std::fmt::Display;
use std::ops::RangeInclusive;

use peeker_domain::display_name::DisplayName;
use peeker_domain::excerpt::{QUOTED, excerpt};
use peeker_domain::order::ClientId;
use peeker_domain::view::{MAX_CLIENT_ID_LENGTH, client_id_schema};
use peeker_domain::{
    DomainName, EmailAddress, EventType, Label, PersonName, Timestamp, WebUrl, web_url,
};
use secrecy::SecretString;
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, Object, ObjectBuilder, Schema, SchemaFormat, Type};

use super::fields::Item;
use super::problems::Refused;
use super::rule::{Components, Null, Rule, TextRule, refer_to};

const EMAIL: SchemaFormat = SchemaFormat::KnownFormat(KnownFormat::Email);
const INT32: SchemaFormat = SchemaFormat::KnownFormat(KnownFormat::Int32);
const PASSWORD: SchemaFormat = SchemaFormat::KnownFormat(KnownFormat::Password);

/// A rule for a JSON value of any type.
pub(crate) fn json<T>(
    parse: impl Fn(&Value) -> Result<T, String>,
    schema: impl Fn() -> Object,
) -> impl Rule<Value = T> {
    Json { parse, schema }
}

struct Json<P, S> {
    parse: P,
    schema: S,
}

impl<T, P: Fn(&Value) -> Result<T, String>, S: Fn() -> Object> Rule for Json<P, S> {
    type Value = T;

    fn read(&self, item: &Item<'_>) -> Result<T, Refused> {
        item.value(&self.parse)
    }

    fn schema(&self, _: &mut Components) -> RefOr<Schema> {
        (self.schema)().into()
    }
}

/// A rule for a text. An error of `parse` is the rest of a sentence that starts with the field's path.
pub(crate) fn text<T, E: Display>(
    parse: impl Fn(&str) -> Result<T, E>,
    schema: impl Fn(&mut Components) -> RefOr<Schema>,
) -> impl TextRule<Value = T> {
    let parse = move |text: &str| parse(text).map_err(|error| error.to_string());
    Text { parse, schema }
}

struct Text<P, S> {
    parse: P,
    schema: S,
}

impl<T, P, S> Rule for Text<P, S>
where
    P: Fn(&str) -> Result<T, String>,
    S: Fn(&mut Components) -> RefOr<Schema>,
{
    type Value = T;

    fn read(&self, item: &Item<'_>) -> Result<T, Refused> {
        item.text(&self.parse)
    }

    fn schema(&self, components: &mut Components) -> RefOr<Schema> {
        (self.schema)(components)
    }
}

impl<T, P, S> TextRule for Text<P, S>
where
    P: Fn(&str) -> Result<T, String>,
    S: Fn(&mut Components) -> RefOr<Schema>,
{
    fn parse(&self, text: &str) -> Result<T, String> {
        (self.parse)(text)
    }
}

/// The schema of any text.
pub(crate) fn string_schema() -> RefOr<Schema> {
    text_builder().into()
}

/// A format of JSON Schema that the types of the document do not name.
fn format(name: &str) -> SchemaFormat {
    SchemaFormat::Custom(name.to_owned())
}

fn text_builder() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// Any text, made into something.
pub(crate) fn any_text<T>(make: impl Fn(&str) -> T) -> impl TextRule<Value = T> {
    text(
        move |text| Ok::<_, Infallible>(make(text)),
        |_| string_schema(),
    )
}

/// Any text, as it stands.
pub(crate) fn string() -> impl TextRule<Value = String> {
    any_text(str::to_owned)
}

/// Any text that is not to be shown.
pub(crate) fn secret() -> impl TextRule<Value = SecretString> {
    any_text(|text| SecretString::from(text))
}

/// A password of 1 to `max` characters, kept exactly as it is.
pub(crate) fn password(max: usize) -> impl TextRule<Value = SecretString> {
    let parse = move |text: &str| {
        if text.is_empty() {
            return Err("must not be empty".to_owned());
        }
        if text.contains('\0') {
            return Err("must not hold a NUL character".to_owned());
        }
        if text.chars().count() > max {
            return Err(format!("must not be longer than {max} characters"));
        }
        Ok(SecretString::from(text))
    };
    text(parse, move |_| {
        let schema = text_builder().format(Some(PASSWORD));
        schema.min_length(Some(1)).max_length(Some(max)).into()
    })
}

/// A person's name.
pub(crate) fn person_name() -> impl TextRule<Value = PersonName> {
    display_name()
}

/// The name of a thing.
pub(crate) fn label() -> impl TextRule<Value = Label> {
    display_name()
}

fn display_name<const MAX: usize>() -> impl TextRule<Value = DisplayName<MAX>> {
    text(DisplayName::parse, |_| {
        text_builder()
            .min_length(Some(1))
            .max_length(Some(MAX))
            .into()
    })
}

/// An e-mail address.
pub(crate) fn email() -> impl TextRule<Value = EmailAddress> {
    text(EmailAddress::parse, |_| {
        text_builder().format(Some(EMAIL)).into()
    })
}

/// A registrable name (contract §1).
pub(crate) fn domain_name() -> impl TextRule<Value = DomainName> {
    text(DomainName::parse, |_| {
        let schema = text_builder().format(Some(format("idn-hostname")));
        schema.min_length(Some(1)).into()
    })
}

/// An absolute http(s) URL.
pub(crate) fn web_url() -> impl TextRule<Value = WebUrl> {
    text(WebUrl::parse, |_| {
        let schema = text_builder().format(Some(format("uri")));
        schema.max_length(Some(web_url::MAX_LENGTH)).into()
    })
}

/// Where a web address can be forwarded to: a URL that names neither this machine nor a private network.
pub(crate) fn forwarding_target() -> impl TextRule<Value = WebUrl> {
    let parse = |text: &str| {
        let url = WebUrl::parse(text).map_err(|why| why.to_string())?;
        if url.is_private() {
            return Err("must be a public web address".to_owned());
        }
        Ok(url)
    };
    text(parse, |components| web_url().schema(components))
}

/// One word of a few, spelled out in the schema.
pub(crate) fn word<T: Copy + Display>(allowed: &'static [T]) -> impl TextRule<Value = T> {
    text(
        move |text| find_word(allowed, text),
        move |_| {
            let words = allowed.iter().map(ToString::to_string);
            let first = allowed.first().map(ToString::to_string);
            text_builder()
                .enum_values(Some(words))
                .examples(first)
                .into()
        },
    )
}

/// The word that a text is.
pub(super) fn find_word<T: Copy + Display>(allowed: &[T], text: &str) -> Result<T, String> {
    let found = allowed
        .iter()
        .copied()
        .find(|word| word.to_string() == text);
    found.ok_or_else(|| match allowed {
        [only] => format!("must be {only}"),
        _ => format!("must be one of {}", listed(allowed)),
    })
}

/// A point in time in RFC 3339, as `2026-05-08T12:00:00Z`.
pub(crate) fn timestamp() -> impl TextRule<Value = Timestamp> {
    let parse = |text: &str| {
        serde_json::from_value(text.into())
            .map_err(|_| "must be a time such as 2026-05-08T12:00:00Z".to_owned())
    };
    text(parse, refer_to::<Timestamp>)
}

/// A type of events.
pub(crate) fn event_type() -> impl TextRule<Value = EventType> {
    let parse = |text: &str| {
        text.parse()
            .map_err(|_| format!("is not an event type: {:?}", excerpt(text, QUOTED)))
    };
    text(parse, refer_to::<EventType>)
}

/// `true` or `false`.
pub(crate) fn boolean() -> impl Rule<Value = bool> {
    let what = "must be true or false";
    json(
        move |value| value.as_bool().ok_or_else(|| what.to_owned()),
        || ObjectBuilder::new().schema_type(Type::Boolean).build(),
    )
}

/// Up to here a number that was written with a fraction is the whole number that was meant.
const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;

/// Whether a value is a whole number, as JSON Schema has it: `25000.0` is one.
fn is_whole(value: &Value) -> bool {
    let as_written = value.is_u64() || value.is_i64();
    as_written || value.as_f64().is_some_and(|number| number.fract() == 0.0)
}

/// A value that is a whole number and not negative.
fn natural(value: &Value) -> Option<u64> {
    let without_fraction = || {
        let number = value.as_f64().filter(|number| number.fract() == 0.0)?;
        // A float is shown without its empty fraction.
        let exact = number.abs() <= LARGEST_EXACT;
        exact.then(|| number.to_string().parse().ok()).flatten()
    };
    value.as_u64().or_else(without_fraction)
}

/// A whole number in a range.
pub(crate) fn integer(range: RangeInclusive<u32>) -> impl Rule<Value = u32> {
    let (min, max) = (*range.start(), *range.end());
    let parse = move |value: &Value| {
        if !is_whole(value) {
            return Err("must be an integer".to_owned());
        }
        let number = natural(value).and_then(|number| u32::try_from(number).ok());
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| format!("must be between {min} and {max}"))
    };
    json(parse, move || integer_schema(min, max))
}

fn integer_schema(min: u32, max: u32) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(INT32))
        .minimum(Some(min))
        .maximum(Some(max))
        .build()
}

/// One of a few whole numbers, in rising order.
pub(crate) fn choice(allowed: &'static [u32]) -> impl Rule<Value = u32> {
    let parse = move |value: &Value| {
        let number = natural(value).and_then(|number| u32::try_from(number).ok());
        number
            .filter(|number| allowed.contains(number))
            .ok_or_else(|| format!("must be one of {}", listed(allowed)))
    };
    json(parse, move || choice_schema(allowed))
}

/// Numbers without a gap are told by their bounds.
fn choice_schema(allowed: &[u32]) -> Object {
    if let (Some(&min), Some(&max)) = (allowed.first(), allowed.last())
        && (min..=max).eq(allowed.iter().copied())
    {
        return integer_schema(min, max);
    }
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .enum_values(Some(allowed.iter().copied()))
        .examples(allowed.first().copied())
        .build()
}

/// A sequencer client: number or text; `null` and an empty text are the default route, `None` (contract §2).
pub(crate) fn client_id() -> impl Rule<Value = Option<ClientId>> {
    Client
}

struct Client;

impl Rule for Client {
    type Value = Option<ClientId>;

    fn read(&self, item: &Item<'_>) -> Result<Self::Value, Refused> {
        item.value(parse_client_id)
    }

    fn schema(&self, _: &mut Components) -> RefOr<Schema> {
        client_id_schema().into()
    }

    fn null(&self) -> Null {
        Null::Taken
    }
}

fn parse_client_id(value: &Value) -> Result<Option<ClientId>, String> {
    if value.is_null() {
        return Ok(None);
    }
    if let Some(number) = natural(value) {
        return Ok(Some(ClientId::Number(number)));
    }
    let Some(text) = value.as_str().map(str::trim) else {
        return Err("must be a non-negative integer, a text or null".to_owned());
    };
    if text.chars().any(char::is_control) {
        return Err("must not hold control characters".to_owned());
    }
    if text.chars().count() > MAX_CLIENT_ID_LENGTH {
        return Err(format!(
            "must not be longer than {MAX_CLIENT_ID_LENGTH} characters"
        ));
    }
    Ok(ClientId::from_text(text))
}

fn listed<T: Display>(all: &[T]) -> String {
    all.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests;
