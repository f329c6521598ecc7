//! A look at the account: whether the key works, and what it holds.

use async_trait::async_trait;
use reqwest::Method;
use serde::de::IgnoredAny;

use super::Smartlead;
use super::accounts::PAGE;
use super::api::list;
use crate::ProviderError;
use crate::vendor::{AccountCheck, AccountReport};

#[async_trait]
impl AccountCheck for Smartlead {
    async fn check(&self) -> Result<AccountReport, ProviderError> {
        let clients = self
            .api
            .ask("list clients", Method::GET, &["client"], &[], None)
            .await?;
        let clients: Vec<IgnoredAny> = list(&clients)?;
        let limit = PAGE.to_string();
        let query = [("offset", "0"), ("limit", limit.as_str())];
        let path = ["email-accounts", ""];
        let inboxes = self
            .api
            .ask("list inboxes", Method::GET, &path, &query, None)
            .await?;
        let inboxes: Vec<IgnoredAny> = list(&inboxes)?;
        let more = if inboxes.len() < PAGE { "" } else { " or more" };
        Ok(AccountReport {
            facts: vec![
                ("clients", clients.len().to_string()),
                ("inboxes", format!("{}{more}", inboxes.len())),
            ],
            missing: Vec::new(),
        })
    }
}
