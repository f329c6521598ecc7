//! Users, each with a licence and so with a mailbox: listed, made where they are missing.

use std::collections::HashMap;

use peeker_domain::DomainName;
use reqwest::Method;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::Microsoft;
use super::graph::{Ask, Body, Reply, USERS};
use super::refusal::Meaning;
use crate::vendor::{Mailbox, for_all};
use crate::{Call, InboxSpec, ProviderError};

/// When to come back to what the directory does not show yet, in milliseconds.
const SETTLE_RETRY_MS: i64 = 15_000;
/// What is read of a user.
const FIELDS: &str = "id,userPrincipalName,displayName,givenName,surname,assignedLicenses";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    pub(super) id: String,
    #[serde(rename = "userPrincipalName")]
    pub(super) address: String,
    pub(super) display_name: Option<String>,
    pub(super) given_name: Option<String>,
    pub(super) surname: Option<String>,
    #[serde(default)]
    assigned_licenses: Vec<AssignedLicence>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssignedLicence {
    sku_id: String,
}

impl User {
    pub(super) fn is(&self, address: &str) -> bool {
        self.address.eq_ignore_ascii_case(address)
    }

    pub(super) fn has_licence(&self, sku_id: &str) -> bool {
        let same = |licence: &AssignedLicence| licence.sku_id.eq_ignore_ascii_case(sku_id);
        self.assigned_licenses.iter().any(same)
    }
}

/// The name that recipients see.
pub(super) fn display_name(inbox: &InboxSpec<'_>) -> String {
    format!("{} {}", inbox.first_name, inbox.last_name)
}

/// What stands before the `@`.
pub(super) fn local_part(address: &str) -> &str {
    address.split_once('@').map_or(address, |(local, _)| local)
}

impl Microsoft {
    /// All users on `name`, as far as the directory's index shows them.
    pub(super) async fn users(&self, name: &DomainName) -> Result<Vec<User>, ProviderError> {
        let url = self.on_domain(&["users"], name);
        match self.graph.search("list users", USERS, url).await? {
            Ok(users) => Ok(users),
            Err(denied) => Err(self.graph.not_permitted(denied).await),
        }
    }

    /// The list at `path`, of users on `name`.
    pub(super) fn on_domain(&self, path: &[&str], name: &DomainName) -> Url {
        let filter = format!("endsWith(userPrincipalName,'@{name}')");
        let query = [
            ("$filter", filter.as_str()),
            ("$count", "true"),
            ("$top", "999"),
            ("$select", FIELDS),
        ];
        self.graph.query(path, &query)
    }

    /// A request about one user, or what hangs on it.
    pub(super) async fn user(
        &self,
        operation: &'static str,
        method: Method,
        path: &[&str],
        body: Option<Value>,
    ) -> Result<Reply, ProviderError> {
        let ask = Ask {
            operation,
            permission: USERS,
            method,
            url: self.graph.at(&[&["users"], path].concat()),
            body: body.map_or(Body::Nothing, Body::Json),
        };
        self.graph.ask(ask).await
    }

    pub(super) async fn find_user(&self, address: &str) -> Result<Option<User>, ProviderError> {
        let ask = Ask {
            operation: "look at a user",
            permission: USERS,
            method: Method::GET,
            url: self
                .graph
                .query(&["users", address], &[("$select", FIELDS)]),
            body: Body::Nothing,
        };
        let reply = self.graph.ask(ask).await?;
        match reply.meaning {
            Meaning::Absent => Ok(None),
            _ => reply.done().map(Some),
        }
    }

    /// Makes the users that are missing and gives each its licence. What one run makes, the next finds.
    pub(super) async fn ensure_users(
        &self,
        call: Call<'_>,
        name: &DomainName,
        inboxes: &[InboxSpec<'_>],
    ) -> Result<(), ProviderError> {
        let users = self.users(name).await?;
        let there: HashMap<String, &User> = users
            .iter()
            .map(|user| (user.address.to_ascii_lowercase(), user))
            .collect();
        let unlicensed = |user: &&User| !user.has_licence(&self.sku_id);
        let (known, missing): (Vec<&InboxSpec<'_>>, Vec<&InboxSpec<'_>>) = inboxes
            .iter()
            .partition(|inbox| there.contains_key(inbox.address));
        let addresses: Vec<_> = missing.iter().map(|inbox| inbox.address).collect();
        let mailboxes = self
            .services
            .mailboxes
            .ensure(call, name, &addresses)
            .await?;
        let licences: Vec<_> = known
            .iter()
            .filter_map(|inbox| there.get(inbox.address).copied().filter(unlicensed))
            .map(|user| self.give_licence(name, &user.id))
            .collect();
        let licensed = for_all(licences).await;
        let makes: Vec<_> = missing
            .iter()
            .zip(&mailboxes)
            .map(|(inbox, mailbox)| self.make_user(name, inbox, mailbox))
            .collect();
        for_all(makes).await?;
        licensed.map(drop)
    }

    async fn make_user(
        &self,
        name: &DomainName,
        inbox: &InboxSpec<'_>,
        mailbox: &Mailbox,
    ) -> Result<(), ProviderError> {
        let body = json!({
            "accountEnabled": true,
            "displayName": display_name(inbox),
            "givenName": inbox.first_name,
            "surname": inbox.last_name,
            "mailNickname": local_part(inbox.address),
            "userPrincipalName": inbox.address,
            "usageLocation": self.usage_location,
            "passwordPolicies": "DisablePasswordExpiration",
            "passwordProfile": {
                "forceChangePasswordNextSignIn": false,
                "password": mailbox.password.expose_secret(),
            },
        });
        let reply = self
            .user("make a user", Method::POST, &[], Some(body))
            .await?;
        let user: User = match reply.meaning {
            Meaning::Done => reply.done()?,
            Meaning::Exists => {
                let Some(user) = self.find_user(inbox.address).await? else {
                    self.free_address(name, inbox.address).await?;
                    return Err(not_shown(inbox.address));
                };
                user
            }
            _ => return Err(reply.unexpected()),
        };
        if user.has_licence(&self.sku_id) {
            return Ok(());
        }
        self.give_licence(name, &user.id).await
    }
}

pub(super) fn not_shown(address: &str) -> ProviderError {
    let message = format!("Microsoft does not show the inbox {address} as it is yet");
    ProviderError::retry(Some(SETTLE_RETRY_MS), message)
}
