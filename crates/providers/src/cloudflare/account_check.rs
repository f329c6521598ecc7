//! What the operator is told of the account.

use async_trait::async_trait;
use reqwest::Method;

use super::api::Permission;
use super::redirect::entry_point;
use super::refusal::Refusal;
use super::wire::{AccountName, Token, Zone};
use super::{Cloudflare, ZoneRoom};
use crate::ProviderError;
use crate::vendor::{AccountCheck, AccountReport};

#[async_trait]
impl AccountCheck for Cloudflare {
    async fn check(&self) -> Result<AccountReport, ProviderError> {
        self.verify_token().await?;
        let mut report = AccountReport::default();
        self.report_account(&mut report).await?;
        if let Some(zone) = self.any_zone(&mut report).await? {
            self.report_zone(&zone, &mut report).await?;
        }
        Ok(report)
    }
}

impl Cloudflare {
    /// Whether the token is one that is used: a user's, or else one of the account itself.
    async fn verify_token(&self) -> Result<(), ProviderError> {
        let of_account = format!("accounts/{}/tokens/verify", self.account_id);
        for path in ["user/tokens/verify", &of_account] {
            let reply = self.send("verify the token", self.request(Method::GET, path));
            let reply = reply.await?;
            match reply.refusal() {
                None => {
                    let Token { status } = reply.result()?;
                    if status == "active" {
                        return Ok(());
                    }
                    let reason = format!(
                        "the API token is {status}; rotate the credentials to an active one"
                    );
                    return Err(self.http.needs_attention(reason).await);
                }
                Some(Refusal::Forbidden) => {}
                Some(_) => return Err(reply.unexpected()),
            }
        }
        let reason = "the API token is not known to Cloudflare; rotate the credentials to one that it shows as active";
        Err(self.http.needs_attention(reason).await)
    }

    async fn report_account(&self, report: &mut AccountReport) -> Result<(), ProviderError> {
        let path = format!("accounts/{}", self.account_id);
        let reply = self.send("read the account", self.request(Method::GET, &path));
        let reply = reply.await?;
        match reply.refusal() {
            None => {
                let AccountName { name } = reply.result()?;
                report.facts.push(("account", name));
            }
            Some(_) => report.missing.push(format!(
                "Account > Account Settings > Read on account {}",
                self.account_id
            )),
        }
        Ok(())
    }

    /// How many zones there are, and one of them to look into.
    async fn any_zone(&self, report: &mut AccountReport) -> Result<Option<Zone>, ProviderError> {
        let path = format!("zones?account.id={}", self.account_id);
        let request = self.request(Method::GET, &path);
        let reply = self.send("list zones", request).await?;
        match reply.refusal() {
            None => {}
            Some(Refusal::Forbidden) => {
                report.missing.push(Permission::Zone.words().to_owned());
                return Ok(None);
            }
            Some(_) => return Err(reply.unexpected()),
        }
        let ZoneRoom {
            total,
            pending,
            active,
            takes_more,
        } = self.zone_room().await?;
        report.facts.push(("zones", total.to_string()));
        report.facts.push(("active zones", active.to_string()));
        report.facts.push(("pending zones", pending.to_string()));
        report.facts.push(("takes now", takes_more.to_string()));
        let (zones, _) = reply.page::<Zone>()?;
        Ok(zones.into_iter().next())
    }

    /// What can be read of a zone. That it can be written shows when it is.
    async fn report_zone(
        &self,
        zone: &Zone,
        report: &mut AccountReport,
    ) -> Result<(), ProviderError> {
        for (permission, path) in [
            (Permission::Dns, format!("zones/{}/dns_records", zone.id)),
            (Permission::Redirect, entry_point(zone)),
        ] {
            let request = self.request(Method::GET, &path);
            let reply = self.send("look into a zone", request).await?;
            match reply.refusal() {
                None | Some(Refusal::NoRuleset) => {}
                Some(Refusal::Forbidden) => report.missing.push(permission.words().to_owned()),
                Some(_) => return Err(reply.unexpected()),
            }
        }
        Ok(())
    }
}
