//! What a partner asks for with `POST /orders`, after the body has been read and before it is planned.

use secrecy::SecretString;
use serde::{Deserialize, Serialize, Serializer};

use crate::display_name::PersonName;
use crate::email::EmailAddress;
use crate::id::{BundleId, UserId};
use crate::name::DomainName;
use crate::web_url::WebUrl;

/// Most domains on one order: the largest bundle (10,000,000 a month on Google alone) needs 11,364.
pub const MAX_DOMAINS: usize = 12_000;
/// Most personas on one order (contract §4).
pub const MAX_PERSONAS: usize = 10;

/// Whom the order is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Customer {
    /// A customer that exists.
    Id(UserId),
    /// A customer to be found by address, or made.
    Email(EmailAddress),
}

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

/// The sequencer an order's inboxes are handed to, and the log-in to do it with.
#[derive(Debug, Clone)]
pub struct Sequencer {
    /// The client; `None` is the account's default route.
    pub client_id: Option<ClientId>,
    /// The log-in's address.
    pub login_email: EmailAddress,
    /// The log-in's password: sealed at rest, wiped after the hand-over.
    pub login_password: SecretString,
}

/// A person whose name the inboxes bear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "columns", derive(sea_orm::DeriveValueType))]
#[cfg_attr(
    feature = "columns",
    sea_orm(
        value_type = "String",
        from_str = "Persona::from_json",
        to_str = "Persona::to_json"
    )
)]
pub struct Persona {
    /// Given name, in the partner's spelling.
    pub first_name: PersonName,
    /// Family name, in the partner's spelling.
    pub last_name: PersonName,
    /// A public picture; `""` was read as `None`.
    pub profile_picture_url: Option<String>,
}

impl Persona {
    /// As it is stored.
    pub fn to_json(&self) -> String {
        serde_json::json!(self).to_string()
    }

    /// As it was stored.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// Personas, as one value of a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "columns", derive(sea_orm::DeriveValueType))]
#[cfg_attr(
    feature = "columns",
    sea_orm(
        value_type = "String",
        from_str = "Personas::from_json",
        to_str = "Personas::to_json"
    )
)]
pub struct Personas(pub Vec<Persona>);

impl Personas {
    /// As they are stored.
    pub fn to_json(&self) -> String {
        serde_json::json!(self.0).to_string()
    }

    /// As they were stored.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(Self)
    }
}

/// The personas of one domain's inboxes, in the order that names are given in. Each domain starts with another one, so
/// that all of them are used on small Google domains too: a function of the order and the place alone, so every try
/// names the same inboxes.
pub fn personas_of_domain(mut personas: Vec<Persona>, position: u32, inboxes: u32) -> Vec<Persona> {
    let start = u64::from(position) * u64::from(inboxes);
    if let Some(count) = std::num::NonZeroU64::new(personas.len() as u64) {
        // Less than the number of personas, so it fits.
        personas.rotate_left(usize::try_from(start % count).unwrap_or(0));
    }
    personas
}

/// One domain of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedDomain {
    /// The name.
    pub name: DomainName,
    /// Its own forwarding target, or the order's default.
    pub forwarding_url: Option<WebUrl>,
}

/// Google licenses of a custom order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GoogleSizing {
    /// Licenses, one inbox each.
    pub licenses: u32,
    /// 2 or 3.
    pub inboxes_per_domain: u32,
}

/// Microsoft licenses of a custom order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MicrosoftSizing {
    /// Licenses, one domain each.
    pub licenses: u32,
    /// 25, 50, 75 or 99.
    pub inboxes_per_domain: u32,
}

/// How large the order is to be: exactly one of the two forms (contract §4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sizing {
    /// As a saved bundle says.
    Bundle(BundleId),
    /// As the body says; at least one provider.
    Custom {
        /// The Google part.
        google: Option<GoogleSizing>,
        /// The Microsoft part.
        microsoft: Option<MicrosoftSizing>,
    },
}

/// A read and checked `POST /orders` body.
#[derive(Debug, Clone)]
pub struct OrderRequest {
    /// Whom it is for.
    pub customer: Customer,
    /// How large.
    pub sizing: Sizing,
    /// Where the inboxes go.
    pub sequencer: Sequencer,
    /// The domains, in submitted order, no name twice.
    pub domains: Vec<RequestedDomain>,
    /// The personas, in submitted order, 1 to 10.
    pub personas: Vec<Persona>,
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
