//! Inboxes as Smartlead holds them, and the clients that they belong to.

use std::collections::BTreeSet;

use peeker_domain::DomainName;
use peeker_domain::order::ClientId;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::Smartlead;
use super::api::list;
use crate::{Call, ProviderError, RouteError};

/// The most inboxes that one page of the list holds.
pub(super) const PAGE: usize = 100;

/// An inbox, without the passwords that Smartlead's answers hold.
#[derive(Deserialize)]
pub(super) struct Account {
    pub(super) id: u64,
    pub(super) from_email: String,
    pub(super) client_id: Option<u64>,
}

impl Account {
    pub(super) fn is(&self, address: &str) -> bool {
        self.from_email.eq_ignore_ascii_case(address)
    }
}

#[derive(Deserialize)]
struct Client {
    id: u64,
}

impl Smartlead {
    /// Whether inboxes can be handed to this client; `None` is nobody in particular. A key that is refused is told to the
    /// operator too.
    pub(super) async fn find_client(&self, client_id: Option<&ClientId>) -> Result<(), RouteError> {
        let path = ["client"];
        let asked = self
            .api
            .try_ask("list clients", Method::GET, &path, &[], None);
        let Ok(answer) = asked.await? else {
            self.api.unauthorized().await;
            return Err(RouteError::ConnectionRequired);
        };
        let clients: Vec<Client> = list(&answer)?;
        match client_id {
            None => Ok(()),
            Some(ClientId::Number(wanted)) if clients.iter().any(|client| client.id == *wanted) => {
                Ok(())
            }
            // Smartlead numbers its clients.
            Some(_) => Err(RouteError::ClientNotFound),
        }
    }

    /// All inboxes on `domain`.
    pub(super) async fn accounts_on(
        &self,
        domain: &DomainName,
    ) -> Result<Vec<Account>, ProviderError> {
        let (at_domain, limit) = (format!("@{domain}"), PAGE.to_string());
        let mut accounts = Vec::new();
        for page in 0.. {
            let offset = (page * PAGE).to_string();
            // A part of the name is enough for Smartlead to find it.
            let query = [
                ("offset", offset.as_str()),
                ("limit", &limit),
                ("username", &at_domain),
            ];
            let path = ["email-accounts", ""];
            let answer = self
                .api
                .ask("list inboxes", Method::GET, &path, &query, None)
                .await?;
            let found: Vec<Account> = list(&answer)?;
            let last = found.len() < PAGE;
            accounts.extend(found);
            if last {
                break;
            }
        }
        accounts.retain(|account| {
            let part = account.from_email.to_ascii_lowercase();
            part.ends_with(&at_domain)
        });
        Ok(accounts)
    }

    /// Whether the inbox with this id is `address`: the list lags behind for a moment.
    pub(super) async fn has(&self, id: &str, address: &str) -> Result<bool, ProviderError> {
        let path = ["email-accounts", id, ""];
        let answer = self
            .api
            .ask("look at an inbox", Method::GET, &path, &[], None)
            .await?;
        if answer.status.as_u16() == 404 {
            return Ok(false);
        }
        if !answer.status.is_success() {
            return Err(answer.unexpected("that is no inbox"));
        }
        let account: Account = answer.json()?;
        Ok(account.is(address))
    }

    /// Disconnects these inboxes: what is listed, and what is remembered and not listed yet. An inbox may be there twice, for
    /// Smartlead adds what it is asked to add, and a call that was cut off may come to its end late.
    pub(super) async fn disconnect_all(
        &self,
        call: Call<'_>,
        domain: &DomainName,
        addresses: &[String],
    ) -> Result<(), ProviderError> {
        let wanted: Vec<&str> = addresses.iter().map(String::as_str).collect();
        let mailboxes = self.services.mailboxes.find(call, &wanted).await?;
        let there = self.accounts_on(domain).await?;
        for address in wanted {
            let listed = there.iter().filter(|account| account.is(address));
            let mut ids: BTreeSet<String> = listed.map(|account| account.id.to_string()).collect();
            let mailbox = mailboxes.iter().find(|mailbox| mailbox.address == address);
            let remembered = mailbox.and_then(|mailbox| mailbox.sequencer_id.clone());
            let was_remembered = remembered.is_some();
            ids.extend(remembered);
            for id in ids {
                self.disconnect_one(&id).await?;
            }
            if was_remembered {
                self.services
                    .mailboxes
                    .connected(call, address, None)
                    .await?;
            }
        }
        Ok(())
    }

    pub(super) async fn disconnect_one(&self, id: &str) -> Result<(), ProviderError> {
        let path = ["email-accounts", id];
        let answer = self
            .api
            .ask("remove an inbox", Method::DELETE, &path, &[], None)
            .await?;
        if answer.status.is_success() || answer.status.as_u16() == 404 {
            return Ok(());
        }
        Err(answer.unexpected("the inbox stays"))
    }

    /// Gives an inbox that is there to another client.
    pub(super) async fn move_to_client(&self, id: u64, client: u64) -> Result<(), ProviderError> {
        let (id, body) = (id.to_string(), json!({"client_id": client}));
        let path = ["email-accounts", &id];
        let answer = self
            .api
            .ask("move an inbox", Method::POST, &path, &[], Some(body))
            .await?;
        if answer.status.is_success() {
            return Ok(());
        }
        Err(answer.unexpected("the inbox stays with its client"))
    }
}
