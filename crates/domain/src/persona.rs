//! The persons whose names inboxes bear.

use serde::{Deserialize, Serialize};

use crate::display_name::PersonName;
use crate::view;

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

impl From<&Persona> for view::Persona {
    fn from(persona: &Persona) -> Self {
        Self {
            first_name: persona.first_name.to_string(),
            last_name: persona.last_name.to_string(),
            profile_picture_url: persona.profile_picture_url.clone(),
        }
    }
}
