//! Microsoft 365: domains, users and licences by Graph, DKIM by Exchange.
//!
//! What must stay true: MX and DKIM targets are read, never built. Their form depends on when and where a tenant was set up,
//! and Graph is the only source that is right for all.

mod dkim;
mod domains;
mod exchange;
mod graph;
mod licences;
mod photos;
mod records;
mod refusal;
mod removal;
mod rename;
mod sign_in;
mod token;
mod users;

use std::sync::Arc;

use async_trait::async_trait;
use peeker_domain::{DomainName, MailProvider};

use crate::vendor::{
    AccountCheck, AccountReport, InvalidAccount, Services, Setting, SignIn, VendorAccount,
};
use crate::{Call, InboxRename, InboxSpec, Mail, MailDomain, ProviderError, Purpose, Scope};

pub use dkim::parse_dkim_answer;

use dkim::{Dkim, Off, Operator};
use exchange::Exchange;
use graph::Graph;

/// What can be set for an account, beside its credentials: the client secret of an app in the tenant.
pub const SETTINGS: &[Setting] = &[
    Setting {
        key: "tenant",
        required: true,
        help: "The id of the tenant, from the Entra admin center, Overview.",
    },
    Setting {
        key: "client_id",
        required: true,
        help: "The application id of the app, from the Entra admin center, App registrations.",
    },
    Setting {
        key: "sku_id",
        required: true,
        help: "The id of the licence that each inbox gets, as Graph's subscribedSkus names it.",
    },
    Setting {
        key: "usage_location",
        required: false,
        help: "The country that licences are used in, in two letters; US if not set.",
    },
    Setting {
        key: "dkim",
        required: false,
        help: "exchange has DKIM set up through Exchange, operator by hand in the Defender portal, off not at all; exchange if not set.",
    },
    Setting {
        key: "sign_in",
        required: false,
        help: "oauth has sequencers sign in with tokens, smtp with passwords where the tenant allows them; oauth if not set.",
    },
];

/// How sequencers sign in to the inboxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SignInBy {
    OAuth,
    Smtp,
}

/// One Microsoft 365 tenant.
pub struct Microsoft {
    graph: Arc<Graph>,
    services: Services,
    dkim: Box<dyn Dkim>,
    /// Whether it is Exchange that sets DKIM up, for the check.
    exchange: bool,
    sku_id: String,
    usage_location: String,
    sign_in_by: SignInBy,
}

impl Microsoft {
    pub fn new(account: VendorAccount, services: &Services) -> Result<Self, InvalidAccount> {
        let sku_id = account.required("sku_id")?.to_owned();
        let usage_location = account.setting("usage_location").unwrap_or("US");
        let letters = usage_location.bytes().all(|byte| byte.is_ascii_uppercase());
        if usage_location.len() != 2 || !letters {
            let problem = "must be a country in two capital letters, such as US";
            return Err(InvalidAccount::new("usage_location", problem));
        }
        let sign_in_by = match account.setting("sign_in") {
            None | Some("oauth") => SignInBy::OAuth,
            Some("smtp") => SignInBy::Smtp,
            Some(_) => return Err(InvalidAccount::new("sign_in", "must be oauth or smtp")),
        };
        let usage_location = usage_location.to_owned();
        let dkim_by = account.setting("dkim").unwrap_or("exchange").to_owned();
        let graph = Arc::new(Graph::new(account, services)?);
        Ok(Self {
            dkim: set_up_by(&dkim_by, &graph, services)?,
            exchange: dkim_by == "exchange",
            graph,
            services: services.clone(),
            sku_id,
            usage_location,
            sign_in_by,
        })
    }

    /// How a program signs in to the inbox `address` on `domain`.
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
        match self.sign_in_by {
            SignInBy::OAuth => sign_in::tokens(&self.graph, call, &mailbox).await,
            SignInBy::Smtp => Ok(SignIn::Password {
                password: mailbox.password,
                smtp_host: "smtp.office365.com",
                imap_host: "outlook.office365.com",
            }),
        }
    }
}

fn only_microsoft(provider: MailProvider) -> Result<(), ProviderError> {
    if provider == MailProvider::Microsoft {
        return Ok(());
    }
    let message = format!("a Microsoft account hosts no inboxes of {provider}");
    Err(ProviderError::permanent(Scope::Order, message))
}

#[async_trait]
impl Mail for Microsoft {
    async fn prepare_domain(
        &self,
        _call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
        _purpose: Purpose,
    ) -> Result<MailDomain, ProviderError> {
        only_microsoft(provider)?;
        self.add_domain(name).await?;
        let records = vec![self.ownership_proof(name).await?];
        Ok(MailDomain { records })
    }

    async fn verify_domain(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
    ) -> Result<MailDomain, ProviderError> {
        only_microsoft(provider)?;
        self.verify(name).await?;
        let mut records = vec![self.ownership_proof(name).await?];
        records.extend(self.service_records(name).await?);
        records.extend(self.dkim.records(call, name).await?);
        Ok(MailDomain { records })
    }

    async fn activate_domain(
        &self,
        _call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
    ) -> Result<(), ProviderError> {
        only_microsoft(provider)?;
        self.dkim.enable(name).await
    }

    async fn ensure_inboxes(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
        inboxes: &[InboxSpec<'_>],
    ) -> Result<(), ProviderError> {
        only_microsoft(provider)?;
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
        only_microsoft(provider)?;
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
        only_microsoft(provider)?;
        self.remove_users(call, name, addresses).await
    }

    async fn release_domain(
        &self,
        _call: Call<'_>,
        provider: MailProvider,
        name: &DomainName,
    ) -> Result<bool, ProviderError> {
        only_microsoft(provider)?;
        self.remove_domain(name).await
    }
}

#[async_trait]
impl AccountCheck for Microsoft {
    async fn check(&self) -> Result<AccountReport, ProviderError> {
        let mut report = AccountReport {
            missing: self.missing_permissions().await?,
            ..AccountReport::default()
        };
        if let Some(sku) = self.subscribed_sku().await? {
            report.facts.push(("licence", sku.name.clone()));
            report.facts.push(("seats", sku.seats()));
        } else {
            let problem = format!("a subscription with the licence {}", self.sku_id);
            report.missing.push(problem);
        }
        Ok(report)
    }
}

/// Who sets DKIM up, by the setting `dkim`.
fn set_up_by(
    setting: &str,
    graph: &Arc<Graph>,
    services: &Services,
) -> Result<Box<dyn Dkim>, InvalidAccount> {
    Ok(match setting {
        "exchange" => Box::new(Exchange(Arc::clone(graph))),
        "operator" => Box::new(Operator {
            tasks: Arc::clone(&services.tasks),
            account: graph.http.account().id.clone(),
        }),
        "off" => Box::new(Off),
        _ => {
            let problem = "must be exchange, operator or off";
            return Err(InvalidAccount::new("dkim", problem));
        }
    })
}
