//! Contacts, held against what the description demands of them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::invalid;
use crate::call::Answer;

/// A person or company behind a domain. A field that is null counts as missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Contact {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
    pub address1: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address2: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub zip: Option<String>,
    pub country: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fax: Option<String>,
}

/// The contact of each role.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contacts {
    pub registrant: Option<Contact>,
    pub admin: Option<Contact>,
    pub tech: Option<Contact>,
    pub billing: Option<Contact>,
}

impl Contacts {
    /// The same contact in each role.
    pub fn all(contact: &Contact) -> Self {
        Self {
            registrant: Some(contact.clone()),
            admin: Some(contact.clone()),
            tech: Some(contact.clone()),
            billing: Some(contact.clone()),
        }
    }

    /// No contact in any role.
    pub fn none() -> Self {
        Self {
            registrant: None,
            admin: None,
            tech: None,
            billing: None,
        }
    }

    /// Refuses the first field that is missing or wrong.
    pub fn check(&self) -> Result<(), Answer> {
        for (role, contact) in self.roles() {
            if let Some(contact) = contact {
                contact.check(role)?;
            }
        }
        Ok(())
    }

    /// Fills the roles that were not named.
    pub fn or(self, default: &Contact) -> Self {
        let or = |contact: Option<Contact>| contact.or_else(|| Some(default.clone()));
        Self {
            registrant: or(self.registrant),
            admin: or(self.admin),
            tech: or(self.tech),
            billing: or(self.billing),
        }
    }

    pub fn registrant_email(&self) -> String {
        let email = self.registrant.as_ref().and_then(|one| one.email.clone());
        email.unwrap_or_default().to_lowercase()
    }

    pub fn to_json(&self) -> Value {
        json!({
            "registrant": self.registrant,
            "admin": self.admin,
            "tech": self.tech,
            "billing": self.billing,
        })
    }

    fn roles(&self) -> [(&'static str, Option<&Contact>); 4] {
        [
            ("registrant", self.registrant.as_ref()),
            ("admin", self.admin.as_ref()),
            ("tech", self.tech.as_ref()),
            ("billing", self.billing.as_ref()),
        ]
    }
}

impl Contact {
    fn check(&self, role: &str) -> Result<(), Answer> {
        let required = [
            ("firstName", &self.first_name),
            ("lastName", &self.last_name),
            ("address1", &self.address1),
            ("city", &self.city),
            ("state", &self.state),
            ("zip", &self.zip),
            ("country", &self.country),
            ("email", &self.email),
            ("phone", &self.phone),
        ];
        for (field, value) in required {
            if value.as_deref().unwrap_or_default().trim().is_empty() {
                return Err(invalid(&format!("contacts.{role}.{field} is required")));
            }
        }
        let rules = [
            ("country", &self.country, is_country as fn(&str) -> bool),
            ("email", &self.email, is_email),
            ("phone", &self.phone, is_phone),
            ("fax", &self.fax, is_phone),
        ];
        for (field, value, rule) in rules {
            if value.as_deref().is_some_and(|value| !rule(value)) {
                return Err(invalid(&format!("contacts.{role}.{field} is not valid")));
            }
        }
        Ok(())
    }
}

fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(local, host)| {
        let plain = |part: &str| !part.is_empty() && !part.contains([' ', '@', '<', '>', ',']);
        plain(local) && plain(host) && host.contains('.') && !host.ends_with('.')
    })
}

/// `+`, then 8 to 15 digits of which the first is not 0; no dots and no spaces.
fn is_phone(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (8..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0')
    })
}
