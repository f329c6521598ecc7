//! Google Workspace: domains and users by the Directory API, ownership by the Site Verification API, seats by the Reseller
//! API.
//!
//! All calls are made as one administrator: a verification token is his alone, and a domain is verified for the tenant when
//! he has verified it. DKIM has no API; its key is an operator's task.

mod api;
mod check;
mod credentials;
mod dkim;
mod domains;
mod photos;
mod refusal;
mod rename;
mod seats;
mod users;

use async_trait::async_trait;
use peeker_domain::{DomainName, MailProvider};

use crate::vendor::{InvalidAccount, Services, Setting, SignIn, VendorAccount};
use crate::{Call, InboxRename, InboxSpec, Mail, MailDomain, ProviderError, Purpose, Scope};

pub use dkim::parse_dkim_answer;

use api::Api;
use seats::Seats;

/// What can be set for an account, beside its credentials: the text of a service account's JSON key file.
pub const SETTINGS: &[Setting] = &[
    Setting {
        key: "admin",
        required: true,
        help: "The address of the super administrator that the service account acts as.",
    },
    Setting {
        key: "customer",
        required: false,
        help: "The customer id from the Admin console, Account settings; my_customer, the administrator's own, if not set.",
    },
    Setting {
        key: "org_unit",
        required: false,
        help: "The path of the organizational unit that new users are put into, such as /Sending.",
    },
    Setting {
        key: "dkim",
        required: false,
        help: "operator has each domain's DKIM key made by hand in the Admin console, off publishes none; operator if not set.",
    },
    Setting {
        key: "reseller_customer",
        required: false,
        help: "The customer id at the Reseller API, for buying seats; needs reseller_subscription too.",
    },
    Setting {
        key: "reseller_subscription",
        required: false,
        help: "The id of the subscription, or of its SKU, whose seats are raised; needs reseller_customer too.",
    },
    Setting {
        key: "seat_price_cents",
        required: false,
        help: "What one more seat costs, in cents; for the bill.",
    },
];

/// One Google Workspace account.
pub struct Google {
    api: Api,
    services: Services,
    customer: String,
    org_unit: Option<String>,
    dkim_by_operator: bool,
    seats: Option<Seats>,
}

impl Google {
    pub fn new(account: VendorAccount, services: &Services) -> Result<Self, InvalidAccount> {
        let setting = |key| account.setting(key).map(str::to_owned);
        let dkim_by_operator = match account.setting("dkim") {
            None | Some("operator") => true,
            Some("off") => false,
            Some(_) => return Err(InvalidAccount::new("dkim", "must be operator or off")),
        };
        let org_unit = setting("org_unit");
        if org_unit.as_ref().is_some_and(|path| !path.starts_with('/')) {
            return Err(InvalidAccount::new("org_unit", "must begin with a slash"));
        }
        Ok(Self {
            customer: setting("customer").unwrap_or_else(|| "my_customer".to_owned()),
            org_unit,
            dkim_by_operator,
            seats: Seats::of(&account)?,
            api: Api::new(account, services)?,
            services: services.clone(),
        })
    }

    /// How a program signs in to the inbox `address` on `domain`: with its password, as long as the tenant allows that.
    pub async fn sign_in(
        &self,
        call: Call<'_>,
        domain: &DomainName,
        address: &str,
    ) -> Result<SignIn, ProviderError> {
        let mailboxes = self
            .services
            .mailboxes
            .ensure(call, domain, &[address])
            .await?;
        let mailbox = mailboxes.into_iter().next().ok_or_else(|| {
            ProviderError::retry(None, format!("nothing is known of the inbox {address}"))
        })?;
        Ok(SignIn::Password {
            password: mailbox.password,
            smtp_host: "smtp.gmail.com",
            imap_host: "imap.gmail.com",
        })
    }
}

fn only_google(provider: MailProvider) -> Result<(), ProviderError> {
    if provider == MailProvider::Google {
        return Ok(());
    }
    let message = format!("a Google account hosts no inboxes of {provider}");
    Err(ProviderError::permanent(Scope::Order, message))
}

#[async_trait]
impl Mail for Google {
    async fn prepare_domain(
        &self,
        _call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
        _purpose: Purpose,
    ) -> Result<MailDomain, ProviderError> {
        only_google(provider)?;
        self.add_domain(name).await?;
        let records = self.records(name).await?;
        Ok(MailDomain { records })
    }

    async fn verify_domain(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
    ) -> Result<MailDomain, ProviderError> {
        only_google(provider)?;
        self.verify(name).await?;
        let mut records = self.records(name).await?;
        records.extend(self.dkim_record(call, name).await?);
        Ok(MailDomain { records })
    }

    async fn activate_domain(
        &self,
        _call: Call<'_>,
        provider: MailProvider,
        _name: &DomainName,
    ) -> Result<(), ProviderError> {
        // Only the Admin console starts signing; the operator does that with his task.
        only_google(provider)
    }

    async fn ensure_inboxes(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
        inboxes: &[InboxSpec<'_>],
    ) -> Result<(), ProviderError> {
        only_google(provider)?;
        self.ensure_users(call, name, inboxes).await?;
        self.show_pictures(call, name, inboxes).await
    }

    async fn rename_inboxes(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
        renames: &[InboxRename<'_>],
    ) -> Result<(), ProviderError> {
        only_google(provider)?;
        self.rename_users(call, name, renames).await?;
        let inboxes: Vec<_> = renames.iter().map(|rename| rename.to).collect();
        self.show_pictures(call, name, &inboxes).await
    }

    async fn remove_inboxes(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
        addresses: &[String],
    ) -> Result<(), ProviderError> {
        only_google(provider)?;
        self.remove_users(call, name, addresses).await
    }

    async fn release_domain(
        &self,
        _call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
    ) -> Result<bool, ProviderError> {
        only_google(provider)?;
        self.remove_domain(name).await
    }
}
