//! What the operator is told of the account.

use async_trait::async_trait;
use reqwest::{Method, StatusCode};

use super::NameCom;
use super::api::unexpected;
use super::dollars::Dollars;
use super::wire::{Balance, UnverifiedContacts};
use crate::ProviderError;
use crate::vendor::{AccountCheck, AccountReport};

#[async_trait]
impl AccountCheck for NameCom {
    async fn check(&self) -> Result<AccountReport, ProviderError> {
        let mut report = AccountReport::default();
        let hello = self.hello().await?;
        report.facts.push(("username", hello.username));
        self.report_balance(&mut report).await?;
        self.report_domains(&mut report).await?;
        self.report_unverified(&mut report).await?;
        Ok(report)
    }
}

impl NameCom {
    async fn report_balance(&self, report: &mut AccountReport) -> Result<(), ProviderError> {
        let request = self.request(Method::GET, "accountinfo/balance");
        let answer = self.send("read the balance", request).await?;
        match answer.status {
            StatusCode::OK => {
                let Balance { balance } = answer.json()?;
                let balance = balance.map(|Dollars(cents)| cents).unwrap_or_default();
                report.facts.push(("balance", balance.to_string()));
            }
            StatusCode::FORBIDDEN => report.missing.push("read the account balance".to_owned()),
            _ => return Err(unexpected(&answer)),
        }
        Ok(())
    }

    async fn report_domains(&self, report: &mut AccountReport) -> Result<(), ProviderError> {
        let request = self.request(Method::GET, "domains?perPage=1");
        let answer = self.send("list domains", request).await?;
        match answer.status {
            StatusCode::OK => {
                let page: super::wire::DomainPage = answer.json()?;
                let count = page.total_count.unwrap_or_default();
                report.facts.push(("domains", count.to_string()));
            }
            StatusCode::FORBIDDEN => report.missing.push("list and read domains".to_owned()),
            _ => return Err(unexpected(&answer)),
        }
        Ok(())
    }

    /// Only resellers are told; nothing that is asked of the account needs it.
    async fn report_unverified(&self, report: &mut AccountReport) -> Result<(), ProviderError> {
        let request = self.request(Method::GET, "contacts/unverified");
        let answer = self.send("list unverified contacts", request).await?;
        let said = match answer.status {
            StatusCode::OK => {
                let contacts: UnverifiedContacts = answer.json()?;
                contacts.total_count.to_string()
            }
            StatusCode::FORBIDDEN => "shown to reseller accounts only".to_owned(),
            _ => return Err(unexpected(&answer)),
        };
        report.facts.push(("unverified contacts", said));
        Ok(())
    }
}
