//! What a user may be written with.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::{body, error, invalid};
use crate::call::{Answer, Call};
use crate::strict::is_domain;

/// Fields that are kept as they come.
const KEPT: [&str; 22] = [
    "addresses",
    "archived",
    "customSchemas",
    "emails",
    "externalIds",
    "gender",
    "ims",
    "includeInGlobalAddressList",
    "ipWhitelisted",
    "keywords",
    "languages",
    "locations",
    "notes",
    "organizations",
    "phones",
    "posixAccounts",
    "recoveryEmail",
    "recoveryPhone",
    "relations",
    "sshPublicKeys",
    "websites",
    "guestAccountInfo",
];

/// Fields that only Google writes; a client may send back what it has read.
const READ_ONLY: [&str; 19] = [
    "agreedToTerms",
    "aliases",
    "creationTime",
    "customerId",
    "deletionTime",
    "etag",
    "id",
    "isAdmin",
    "isDelegatedAdmin",
    "isEnforcedIn2Sv",
    "isEnrolledIn2Sv",
    "isGuestUser",
    "isMailboxSetup",
    "kind",
    "lastLoginTime",
    "nonEditableAliases",
    "suspensionReason",
    "thumbnailPhotoEtag",
    "thumbnailPhotoUrl",
];

/// A user's fields in a request.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserFields {
    pub primary_email: Option<String>,
    pub name: Option<Name>,
    pub password: Option<String>,
    pub hash_function: Option<String>,
    pub suspended: Option<bool>,
    pub change_password_at_next_login: Option<bool>,
    org_unit_path: Option<String>,
    /// The kept fields, after `read`.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// A person's name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Name {
    #[serde(rename = "givenName")]
    pub given: Option<String>,
    #[serde(rename = "familyName")]
    pub family: Option<String>,
    #[serde(rename = "fullName")]
    _full: Option<String>,
    #[serde(rename = "displayName")]
    _displayed: Option<String>,
}

impl UserFields {
    /// The body, with each field that is there held against its rules.
    pub fn read(call: &Call) -> Result<Self, Answer> {
        let mut fields: Self = body(call)?;
        let known =
            |name: &String| KEPT.contains(&name.as_str()) || READ_ONLY.contains(&name.as_str());
        if let Some(unknown) = fields.more.keys().find(|name| !known(name)) {
            let message = format!(
                "Invalid JSON payload received. Unknown name \"{unknown}\": Cannot find field."
            );
            return Err(error(400, "badRequest", &message));
        }
        fields.more.retain(|name, _| KEPT.contains(&name.as_str()));
        fields.primary_email = fields.primary_email.map(|email| email.to_lowercase());
        fields.check()?;
        Ok(fields)
    }

    fn check(&self) -> Result<(), Answer> {
        if let Some(email) = &self.primary_email {
            check_address(email, "primary_user_email")?;
        }
        if let Some(name) = &self.name {
            check_name(name.given.as_deref(), "GivenName")?;
            check_name(name.family.as_deref(), "FamilyName")?;
        }
        let password = self.password.as_deref();
        if password.is_some_and(|password| !is_password(password, self.hash_function.as_deref())) {
            return Err(invalid("Invalid Password"));
        }
        if self.org_unit_path.as_ref().is_some_and(|path| path != "/") {
            return Err(invalid("Invalid Input: INVALID_OU_ID"));
        }
        Ok(())
    }
}

/// An address with a local part of letters, digits, dots, dashes, underscores and apostrophes.
pub(crate) fn check_address(address: &str, field: &str) -> Result<(), Answer> {
    let character = |b: u8| b.is_ascii_alphanumeric() || b"._-'".contains(&b);
    let valid = address.split_once('@').is_some_and(|(local, domain)| {
        (1..=64).contains(&local.len())
            && local.bytes().all(character)
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && is_domain(domain)
    });
    if valid {
        Ok(())
    } else {
        Err(invalid(&format!("Invalid Input: {field}")))
    }
}

fn check_name(name: Option<&str>, field: &str) -> Result<(), Answer> {
    if name.is_some_and(|name| !(1..=60).contains(&name.chars().count())) {
        return Err(invalid_name(field));
    }
    Ok(())
}

pub(crate) fn invalid_name(field: &str) -> Answer {
    invalid(&format!("Invalid Given/Family Name: {field}"))
}

fn is_password(password: &str, hash_function: Option<&str>) -> bool {
    let hexadecimal =
        |digits| password.len() == digits && password.bytes().all(|b| b.is_ascii_hexdigit());
    match hash_function {
        None => password.is_ascii() && (8..=100).contains(&password.len()),
        Some("MD5") => hexadecimal(32),
        Some("SHA-1") => hexadecimal(40),
        Some("crypt") => password.starts_with('$'),
        Some(_) => false,
    }
}
