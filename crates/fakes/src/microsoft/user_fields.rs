//! What a user may be written with.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::{bad_request, body, with_details};
use super::state::Account;
use crate::call::{Answer, Call};

/// Fields that are kept as they come.
const KEPT: [&str; 16] = [
    "businessPhones",
    "city",
    "companyName",
    "country",
    "department",
    "employeeId",
    "givenName",
    "jobTitle",
    "mobilePhone",
    "officeLocation",
    "otherMails",
    "postalCode",
    "preferredLanguage",
    "state",
    "streetAddress",
    "surname",
];

const POLICIES: [&str; 3] = ["None", "DisablePasswordExpiration", "DisableStrongPassword"];

/// A user's fields in a request.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserFields {
    pub account_enabled: Option<bool>,
    pub display_name: Option<String>,
    pub mail_nickname: Option<String>,
    pub user_principal_name: Option<String>,
    pub password_profile: Option<PasswordProfile>,
    pub usage_location: Option<String>,
    password_policies: Option<String>,
    /// The kept fields, after `read`.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// A user's password.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PasswordProfile {
    pub password: Option<String>,
    pub force_change_password_next_sign_in: Option<bool>,
    pub force_change_password_next_sign_in_with_mfa: Option<bool>,
}

impl PasswordProfile {
    /// A password is to be changed, unless the profile says otherwise.
    pub fn must_change(&self) -> bool {
        self.force_change_password_next_sign_in.unwrap_or(true)
            || self.force_change_password_next_sign_in_with_mfa == Some(true)
    }
}

fn invalid(property: &str) -> Answer {
    bad_request(&format!(
        "Invalid value specified for property '{property}' of resource 'User'."
    ))
}

impl UserFields {
    /// The body, with each field that is there held against its rules.
    pub fn read(call: &Call) -> Result<Self, Answer> {
        let mut fields: Self = body(call)?;
        let known = |name: &String| KEPT.contains(&name.as_str());
        if let Some(unknown) = fields.more.keys().find(|name| !known(name)) {
            return Err(bad_request(&format!("Invalid property '{unknown}'.")));
        }
        if let Some(policies) = fields.password_policies.take() {
            let mut words = policies.split(',').map(str::trim);
            if !words.all(|word| POLICIES.contains(&word)) {
                return Err(invalid("passwordPolicies"));
            }
            let policies = Value::String(policies);
            fields.more.insert("passwordPolicies".to_owned(), policies);
        }
        fields.check()?;
        Ok(fields)
    }

    fn check(&self) -> Result<(), Answer> {
        let bounds = [
            (&self.display_name, "displayName", 256),
            (&self.mail_nickname, "mailNickname", 64),
        ];
        for (text, name, most) in bounds {
            let length = text.as_ref().map(|text| text.chars().count());
            if length.is_some_and(|length| !(1..=most).contains(&length)) {
                return Err(invalid(name));
            }
        }
        let nickname = self.mail_nickname.as_deref().unwrap_or_default();
        if nickname.contains(|c: char| !c.is_ascii() || " @()[]\";:<>,\\".contains(c)) {
            return Err(invalid("mailNickname"));
        }
        let location = self.usage_location.as_deref().unwrap_or("US");
        if location.len() != 2 || !location.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(invalid("usageLocation"));
        }
        let password = self.password_profile.as_ref();
        let password = password.and_then(|profile| profile.password.as_deref());
        if password.is_some_and(|password| !is_password(password)) {
            return Err(with_details(
                400,
                "Request_BadRequest",
                "The specified password does not comply with password complexity requirements. Please provide a different password.",
                None,
            ));
        }
        Ok(())
    }

    /// Holds the user principal name against its characters and the tenant's proved domains.
    pub fn check_upn(&self, account: &Account) -> Result<(), Answer> {
        let Some(upn) = &self.user_principal_name else {
            return Ok(());
        };
        let Some((local, domain)) = upn.split_once('@') else {
            return Err(invalid("userPrincipalName"));
        };
        let character = |b: u8| b.is_ascii_alphanumeric() || b"'.-_!#^~".contains(&b);
        if !(1..=64).contains(&local.len()) || !local.bytes().all(character) || local.ends_with('.')
        {
            return Err(invalid("userPrincipalName"));
        }
        let found = account.domains.get(&domain.to_lowercase());
        if found.is_some_and(|found| found.verified && found.leaving.is_none()) {
            Ok(())
        } else {
            Err(bad_request(
                "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.",
            ))
        }
    }
}

/// From 8 to 256 characters, of three of the four kinds.
fn is_password(password: &str) -> bool {
    let kinds: [fn(char) -> bool; 4] = [
        |c| c.is_ascii_lowercase(),
        |c| c.is_ascii_uppercase(),
        |c| c.is_ascii_digit(),
        |c| !c.is_ascii_alphanumeric(),
    ];
    let found = kinds.iter().filter(|kind| password.chars().any(**kind));
    (8..=256).contains(&password.chars().count()) && found.count() >= 3
}
