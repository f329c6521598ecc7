//! Parsers of single values. Each gives the value, or the rest of a sentence that starts with the field's path.

use std::fmt::Display;
use std::ops::RangeInclusive;

use peeker_domain::display_name::{DisplayName, InvalidDisplayName};
use peeker_domain::order::ClientId;
use peeker_domain::{EmailAddress, Timestamp, WebUrl};
use secrecy::SecretString;
use serde_json::Value;

/// Longest sequencer client id given as a text.
const MAX_CLIENT_ID_LENGTH: usize = 100;

/// Any text, as it stands.
pub(crate) fn string(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| "must be a text".to_owned())
}

/// A name that people read.
pub(crate) fn display_name<const MAX: usize>(value: &Value) -> Result<DisplayName<MAX>, String> {
    DisplayName::parse(string(value)?).map_err(|error| error.to_string())
}

/// As [`display_name`], but an empty text stands for none.
pub(crate) fn display_name_or_none<const MAX: usize>(
    value: &Value,
) -> Result<Option<DisplayName<MAX>>, String> {
    match DisplayName::parse(string(value)?) {
        Err(InvalidDisplayName::Empty) => Ok(None),
        name => name.map(Some).map_err(|error| error.to_string()),
    }
}

/// A whole number in a range.
pub(crate) fn integer(range: RangeInclusive<u32>) -> impl Fn(&Value) -> Result<u32, String> {
    move |value| {
        if !(value.is_u64() || value.is_i64()) {
            return Err("must be an integer".to_owned());
        }
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| format!("must be between {} and {}", range.start(), range.end()))
    }
}

/// One of a few whole numbers.
pub(crate) fn choice(allowed: &'static [u32]) -> impl Fn(&Value) -> Result<u32, String> {
    move |value| {
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        number
            .filter(|number| allowed.contains(number))
            .ok_or_else(|| format!("must be one of {}", listed(allowed)))
    }
}

/// `true` or `false`.
pub(crate) fn boolean(value: &Value) -> Result<bool, String> {
    value
        .as_bool()
        .ok_or_else(|| "must be true or false".to_owned())
}

/// An e-mail address.
pub(crate) fn email(value: &Value) -> Result<EmailAddress, String> {
    EmailAddress::parse(string(value)?).map_err(|error| error.to_string())
}

/// An absolute http(s) URL.
pub(crate) fn web_url(value: &Value) -> Result<WebUrl, String> {
    WebUrl::parse(string(value)?).map_err(|error| error.to_string())
}

/// A URL, where an empty text stands for none.
pub(crate) fn web_url_or_none(value: &Value) -> Result<Option<WebUrl>, String> {
    if string(value)?.trim().is_empty() {
        Ok(None)
    } else {
        web_url(value).map(Some)
    }
}

/// A sequencer client: number or text; an empty text is the default route, `None` (contract §2).
pub(crate) fn client_id(value: &Value) -> Result<Option<ClientId>, String> {
    if let Some(number) = value.as_u64() {
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

/// A password of 1 to `max` characters, kept exactly as it is.
pub(crate) fn password(max: usize) -> impl Fn(&Value) -> Result<SecretString, String> {
    move |value| {
        let text = string(value)?;
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
    }
}

/// A point in time in RFC 3339, as `2026-05-08T12:00:00Z`.
pub(crate) fn timestamp(value: &Value) -> Result<Timestamp, String> {
    let read = string(value).map(|text| serde_json::from_value(text.into()));
    read?.map_err(|_| "must be a time such as 2026-05-08T12:00:00Z".to_owned())
}

/// `true` or `false`, for query parameters.
pub(crate) fn boolean_text(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| "must be true or false".to_owned())
}

/// A whole number that is not negative, for query parameters.
pub(crate) fn natural_text(text: &str) -> Result<i64, String> {
    let number = text.parse().ok().filter(|number| *number >= 0);
    number.ok_or_else(|| "must be a whole number of 0 or more".to_owned())
}

/// One word of a closed list, for query parameters.
pub(crate) fn word<T: Copy + Display>(all: &'static [T]) -> impl Fn(&str) -> Result<T, String> {
    move |text| {
        let found = all.iter().copied().find(|word| word.to_string() == text);
        found.ok_or_else(|| format!("must be one of {}", listed(all)))
    }
}

/// An e-mail address, for query parameters.
pub(crate) fn email_text(text: &str) -> Result<EmailAddress, String> {
    EmailAddress::parse(text).map_err(|error| error.to_string())
}

/// An id, for query parameters.
pub(crate) fn id_text<T: std::str::FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error| format!("is {error}"))
}

fn listed<T: Display>(all: &[T]) -> String {
    all.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn integers_are_whole_and_in_range() {
        let read = integer(1..=10);
        assert_eq!(read(&json!(10)), Ok(10));
        for bad in [
            json!(0),
            json!(11),
            json!(-1),
            json!(5_000_000_000_u64),
            json!(1.0),
            json!("1"),
            json!(true),
        ] {
            assert!(read(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn client_ids_are_normalised() {
        assert_eq!(client_id(&json!(7)), Ok(Some(ClientId::Number(7))));
        assert_eq!(client_id(&json!("7")), Ok(Some(ClientId::Number(7))));
        assert_eq!(client_id(&json!(" ")), Ok(None));
        for bad in [
            json!(-7),
            json!(7.5),
            json!({}),
            json!("a\u{0}"),
            json!("x".repeat(101)),
        ] {
            assert!(client_id(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_empty_name_is_none_where_there_need_not_be_one() {
        assert!(display_name::<3>(&json!("  ")).is_err());
        assert_eq!(display_name_or_none::<3>(&json!("  ")), Ok(None));
        let name = display_name_or_none::<3>(&json!(" äöü ")).unwrap();
        assert_eq!(name.unwrap().as_str(), "äöü");
        for bad in [json!("äöüß"), json!("\u{200B}"), json!(7)] {
            assert!(display_name_or_none::<3>(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_password_is_neither_trimmed_nor_shown() {
        use secrecy::ExposeSecret;
        let secret = password(10)(&json!(" pass ")).unwrap();
        assert_eq!(secret.expose_secret(), " pass ");
        assert!(!format!("{secret:?}").contains("pass "));
        let too_long = password(3)(&json!("hunter2")).unwrap_err();
        assert!(!too_long.contains("hunter2"));
    }
}
