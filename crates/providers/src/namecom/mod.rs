//! name.com's Core API v1: where domains are bought.
//!
//! What name.com says of money is checked before it is paid, and looked up again after an answer was lost. Two facts shape
//! that: a purchase has a key that it remembers for twelve hours, a renewal has none.

mod account_check;
mod api;
mod availability;
mod contact;
mod dollars;
mod hold;
mod nameservers;
mod purchase;
#[cfg(test)]
mod tests;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use peeker_domain::{Cents, DomainName, Timestamp};
use secrecy::{ExposeSecret, SecretString};

use crate::vendor::{InvalidAccount, OperatorTasks, Services, Setting, VendorAccount, VendorHttp};
use crate::{Bought, Call, Check, ProviderError, Registrar, Registration};
use contact::Contact;

pub use hold::HeldDomain;

const HOST: &str = "https://api.name.com";

const fn optional(key: &'static str, help: &'static str) -> Setting {
    Setting {
        key,
        required: false,
        help,
    }
}

/// What can be set of an account. The credentials are `username:token`; the token is made under "API Token Management".
pub const SETTINGS: &[Setting] = &[
    optional(
        "privacy",
        "`on` or `off`: whether WHOIS privacy is bought with a domain; `off` unless set, since it may cost more than the domain was sold for",
    ),
    optional(
        "contact.first_name",
        "first name of the registrant; without any contact.* the account's own default contacts are used",
    ),
    optional("contact.last_name", "last name of the registrant"),
    optional(
        "contact.company",
        "company of the registrant, which then owns the domains; empty for a person",
    ),
    optional("contact.address1", "street and number of the registrant"),
    optional("contact.address2", "second line of the street address"),
    optional("contact.city", "city of the registrant"),
    optional("contact.state", "state or province of the registrant"),
    optional("contact.zip", "postal code of the registrant"),
    optional(
        "contact.country",
        "country of the registrant: two capital letters, such as US",
    ),
    optional(
        "contact.phone",
        "phone of the registrant, such as +15551234567",
    ),
    optional(
        "contact.email",
        "address of the registrant, which has to be verified once: name.com sends a link there",
    ),
];

/// One account at name.com.
pub struct NameCom {
    http: VendorHttp,
    tasks: Arc<dyn OperatorTasks>,
    origin: String,
    username: String,
    token: SecretString,
    contact: Option<Contact>,
    privacy: bool,
}

impl NameCom {
    /// Speaks to `account`. Errors: credentials or settings that name.com would refuse.
    pub fn new(account: VendorAccount, services: &Services) -> Result<Self, InvalidAccount> {
        let credentials = account.credentials.expose_secret();
        let (username, token) = credentials.split_once(':').unwrap_or_default();
        let (username, token) = (username.trim().to_owned(), token.trim().to_owned());
        if username.is_empty() || token.is_empty() {
            let problem = "must be the user name and the API token, as username:token";
            return Err(InvalidAccount::new("credentials", problem));
        }
        let privacy = match account.setting("privacy") {
            Some("on") => true,
            None | Some("off") => false,
            Some(_) => return Err(InvalidAccount::new("privacy", "must be on or off")),
        };
        Ok(Self {
            tasks: Arc::clone(&services.tasks),
            origin: account.origin(HOST),
            username,
            token: token.into(),
            contact: Contact::from_settings(&account)?,
            privacy,
            http: VendorHttp::new(account, services),
        })
    }
}

#[async_trait]
impl Registrar for NameCom {
    async fn check(
        &self,
        _call: Call<'_>,
        names: &[DomainName],
    ) -> Result<Vec<Check>, ProviderError> {
        self.look_up(names).await
    }

    async fn register(
        &self,
        call: Call<'_>,
        name: &DomainName,
        expected_price: Cents,
    ) -> Result<Bought, ProviderError> {
        self.buy(call, name, expected_price).await
    }

    async fn renew(
        &self,
        call: Call<'_>,
        name: &DomainName,
        current_end: Timestamp,
        expected_price: Cents,
    ) -> Result<Bought, ProviderError> {
        self.pay_year(call, name, current_end, expected_price).await
    }

    async fn find(
        &self,
        call: Call<'_>,
        name: &DomainName,
    ) -> Result<Option<Registration>, ProviderError> {
        let held = self.read(call, name).await?;
        Ok(held
            .map(|held| held.registration)
            .filter(|registration| registration.expires_at > call.now))
    }

    async fn set_nameservers(
        &self,
        call: Call<'_>,
        name: &DomainName,
        nameservers: &[String],
    ) -> Result<(), ProviderError> {
        self.delegate(call, name, nameservers).await
    }
}
