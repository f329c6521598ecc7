//! Clients of the sequencer, as partners name them.

use serde::{Serialize, Serializer};

/// A sequencer client: where inboxes of a customer are handed to.
///
/// A number and its decimal text are the same client; `null` and `""` are the default route (contract §2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ClientId {
    /// A numeric client id.
    Number(u64),
    /// Any other client id.
    Text(String),
}

impl ClientId {
    /// Normalises a text; `None` is the default route.
    pub fn from_text(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        // "007" is not the number 7: only the canonical decimal form is a number.
        Some(match text.parse::<u64>() {
            Ok(number) if number.to_string() == text => Self::Number(number),
            _ => Self::Text(text.to_owned()),
        })
    }
}

impl std::fmt::Display for ClientId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Serialize for ClientId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numeric_text_is_the_number() {
        assert_eq!(
            ClientId::from_text(" 366903 "),
            Some(ClientId::Number(366_903))
        );
        assert_eq!(ClientId::from_text(""), None);
        assert_eq!(
            ClientId::from_text("007"),
            Some(ClientId::Text("007".into()))
        );
    }
}
