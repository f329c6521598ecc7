//! Handing the inboxes of a domain to a client. Smartlead takes a call a second, so that takes several runs: each inbox is
//! remembered as soon as it is connected.

use peeker_domain::order::ClientId;
use reqwest::Method;
use serde::Deserialize;

use super::Smartlead;
use super::accounts::Account;
use super::form::form;
use crate::vendor::{Answer, Mailbox, is_of_one, longer};
use crate::{Call, HandOver, InboxSpec, ProviderError, RouteError, Scope};

/// When to try again an inbox that cannot be signed in to yet, in milliseconds: a new one needs minutes.
const FRESH_RETRY_MS: i64 = 60_000;
/// When to look for an inbox that was connected and is not to be seen, in milliseconds.
const SETTLE_RETRY_MS: i64 = 10_000;

/// The number in an answer that tells of a new inbox: where it stands differs between Smartlead's own descriptions.
#[derive(Deserialize)]
#[serde(untagged)]
enum Saved {
    Wrapped {
        data: SavedAccount,
    },
    Bare {
        #[serde(rename = "emailAccountId", alias = "id")]
        id: u64,
    },
}

#[derive(Deserialize)]
struct SavedAccount {
    id: u64,
}

impl Smartlead {
    /// Connects the inboxes that Smartlead does not have; those that are there are adopted, once. What is remembered of an
    /// inbox does not tell whether it is there: it may have had another name when it was connected.
    pub(super) async fn connect_missing(
        &self,
        call: Call<'_>,
        hand_over: &HandOver<'_>,
    ) -> Result<(), ProviderError> {
        let client = client_number(hand_over.client_id)?;
        let inboxes = hand_over.inboxes;
        let addresses: Vec<&str> = inboxes.iter().map(|inbox| inbox.address).collect();
        let known = &self.services.mailboxes;
        let mailboxes = known.ensure(call, hand_over.domain, &addresses).await?;
        let there = self.accounts_on(hand_over.domain).await?;
        let mut waits = None;
        for (inbox, mailbox) in inboxes.iter().zip(&mailboxes) {
            let listed = there.iter().filter(|account| account.is(inbox.address));
            let listed: Vec<&Account> = listed.collect();
            let ensured = self.ensure_connected(call, hand_over, (inbox, mailbox), &listed, client);
            match ensured.await {
                Ok(()) => {}
                // An inbox that cannot be signed in to yet holds up no other.
                Err(error) if is_of_one(error.class) => waits = Some(longer(waits, error)),
                Err(error) => return Err(error),
            }
        }
        waits.map_or(Ok(()), Err)
    }

    /// Has one inbox connected once; `listed` is what Smartlead shows of it.
    async fn ensure_connected(
        &self,
        call: Call<'_>,
        hand_over: &HandOver<'_>,
        (inbox, mailbox): (&InboxSpec<'_>, &Mailbox),
        listed: &[&Account],
        client: Option<u64>,
    ) -> Result<(), ProviderError> {
        let remembered = mailbox.sequencer_id.as_deref();
        let id = match (listed, remembered) {
            ([], Some(id)) if self.has(id, inbox.address).await? => return Ok(()),
            ([], _) => self.connect(call, hand_over, client, inbox).await?,
            ([account, doubles @ ..], _) => {
                for double in doubles {
                    self.disconnect_one(&double.id.to_string()).await?;
                }
                self.adopt(account, client).await?
            }
        };
        let id = id.to_string();
        if remembered != Some(&id) {
            let known = &self.services.mailboxes;
            known.connected(call, inbox.address, Some(&id)).await?;
        }
        Ok(())
    }

    async fn adopt(&self, account: &Account, client: Option<u64>) -> Result<u64, ProviderError> {
        if let Some(client) = client
            && account.client_id != Some(client)
        {
            self.move_to_client(account.id, client).await?;
        }
        Ok(account.id)
    }

    /// Connects one inbox. Gives back its id.
    async fn connect(
        &self,
        call: Call<'_>,
        hand_over: &HandOver<'_>,
        client: Option<u64>,
        inbox: &InboxSpec<'_>,
    ) -> Result<u64, ProviderError> {
        let (domain, provider) = (hand_over.domain, hand_over.provider);
        let sign_ins = &self.services.sign_ins;
        let sign_in = sign_ins
            .sign_in(call, provider, domain, inbox.address)
            .await?;
        let (form, body) = form(&self.options, provider, client, inbox, &sign_in);
        let path = ["email-accounts", form];
        let answer = self
            .api
            .ask("connect an inbox", Method::POST, &path, &[], Some(body))
            .await?;
        if !answer.status.is_success() {
            return Err(self
                .not_connected(hand_over.client_id, inbox.address, &answer)
                .await);
        }
        match answer.json() {
            Ok(Saved::Wrapped { data }) => return Ok(data.id),
            Ok(Saved::Bare { id }) => return Ok(id),
            Err(_) => {}
        }
        // Some answers are a sentence and nothing else.
        let there = self.accounts_on(domain).await?;
        let account = there.into_iter().find(|account| account.is(inbox.address));
        account.map(|account| account.id).ok_or_else(|| {
            let message = format!("Smartlead does not show the inbox {} yet", inbox.address);
            ProviderError::retry(Some(SETTLE_RETRY_MS), message)
        })
    }

    /// Why an inbox was refused: its client is gone, or it cannot be signed in to yet.
    async fn not_connected(
        &self,
        client_id: Option<&ClientId>,
        address: &str,
        answer: &Answer,
    ) -> ProviderError {
        let status = answer.status.as_u16();
        if matches!(status, 400 | 404 | 422) && client_id.is_some() {
            match self.find_client(client_id).await {
                Err(RouteError::Provider(error)) => return error,
                Err(RouteError::ClientNotFound) => return no_client(),
                Err(RouteError::ConnectionRequired) => return self.api.unauthorized().await,
                Ok(()) => {}
            }
        }
        match status {
            400 | 404 | 406 => {
                let message = format!("Smartlead cannot sign in to the inbox {address} yet");
                ProviderError::retry(Some(FRESH_RETRY_MS), message)
            }
            _ => answer.unexpected("the inbox is not connected"),
        }
    }
}

/// The number of a client; `None` is the account's default route.
fn client_number(client_id: Option<&ClientId>) -> Result<Option<u64>, ProviderError> {
    match client_id {
        None => Ok(None),
        Some(ClientId::Number(number)) => Ok(Some(*number)),
        Some(ClientId::Text(_)) => Err(no_client()),
    }
}

fn no_client() -> ProviderError {
    ProviderError::permanent(Scope::Order, RouteError::ClientNotFound.to_string())
}
