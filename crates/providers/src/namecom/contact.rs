//! The registrant whom domains are bought for, from the settings of the account.

use serde::Serialize;

use crate::vendor::{InvalidAccount, VendorAccount};

/// A contact with all that name.com asks of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Contact {
    first_name: String,
    last_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    company_name: Option<String>,
    address1: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    address2: Option<String>,
    city: String,
    state: String,
    zip: String,
    country: String,
    phone: String,
    email: String,
}

/// Every setting that a contact is made of.
const KEYS: [&str; 11] = [
    "contact.first_name",
    "contact.last_name",
    "contact.company",
    "contact.address1",
    "contact.address2",
    "contact.city",
    "contact.state",
    "contact.zip",
    "contact.country",
    "contact.phone",
    "contact.email",
];

impl Contact {
    /// The contact that the settings name; `None` when they name nothing of one. Errors: the first part that is missing or
    /// that name.com would refuse.
    pub(super) fn from_settings(account: &VendorAccount) -> Result<Option<Self>, InvalidAccount> {
        if KEYS.iter().all(|key| account.setting(key).is_none()) {
            return Ok(None);
        }
        let required = |key| account.required(key).map(str::to_owned);
        let optional = |key| account.setting(key).map(str::to_owned);
        let contact = Self {
            first_name: required("contact.first_name")?,
            last_name: required("contact.last_name")?,
            company_name: optional("contact.company"),
            address1: required("contact.address1")?,
            address2: optional("contact.address2"),
            city: required("contact.city")?,
            state: required("contact.state")?,
            zip: required("contact.zip")?,
            country: required("contact.country")?,
            phone: required("contact.phone")?,
            email: required("contact.email")?,
        };
        contact.check()?;
        Ok(Some(contact))
    }

    fn check(&self) -> Result<(), InvalidAccount> {
        if !is_country(&self.country) {
            let problem = "must be a country code of two capital letters, such as US";
            return Err(InvalidAccount::new("contact.country", problem));
        }
        if !is_phone(&self.phone) {
            let problem = "must be an international number without spaces, such as +15551234567";
            return Err(InvalidAccount::new("contact.phone", problem));
        }
        if !self.email.contains('@') {
            return Err(InvalidAccount::new("contact.email", "must be an address"));
        }
        Ok(())
    }
}

fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_phone(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('+') else {
        return false;
    };
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    (8..=15).contains(&digits.len()) && all_digits && !digits.starts_with('0')
}
