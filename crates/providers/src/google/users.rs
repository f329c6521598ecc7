//! Users, each with a mailbox: listed, made where they are missing, removed.

use std::collections::HashSet;

use peeker_domain::DomainName;
use reqwest::Method;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Google;
use super::api::{Ask, Reply, Scope};
use super::refusal::Meaning;
use crate::vendor::{Mailbox, for_all};
use crate::{Call, InboxSpec, ProviderError};

/// When to come back to a user that Google is still making, in milliseconds.
pub(super) const UNFINISHED_RETRY_MS: i64 = 10_000;
/// The most users that one page of the list holds.
const PAGE: &str = "500";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    pub(super) id: String,
    pub(super) primary_email: String,
    #[serde(default)]
    pub(super) name: UserName,
    /// Its other addresses.
    #[serde(default)]
    pub(super) aliases: Vec<String>,
}

#[derive(Deserialize, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct UserName {
    pub(super) given_name: String,
    pub(super) family_name: String,
}

impl User {
    pub(super) fn is(&self, address: &str) -> bool {
        self.primary_email.eq_ignore_ascii_case(address)
    }

    /// Whether mail to `address` comes here, by the main address or another.
    pub(super) fn owns(&self, address: &str) -> bool {
        let same = |alias: &String| alias.eq_ignore_ascii_case(address);
        self.is(address) || self.aliases.iter().any(same)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    users: Vec<User>,
    next_page_token: Option<String>,
}

/// How making a user ended.
enum Made {
    Yes,
    NoSeat,
}

impl Google {
    /// All users whose main address is on `name`.
    pub(super) async fn users(&self, name: &DomainName) -> Result<Vec<User>, ProviderError> {
        let (mut users, mut next) = (Vec::new(), None::<String>);
        loop {
            let mut query = vec![("domain", name.as_str()), ("maxResults", PAGE)];
            query.extend(next.as_deref().map(|token| ("pageToken", token)));
            let page: Page = self.api.ask(self.users_request(&query)).await?.done()?;
            users.extend(page.users);
            next = page.next_page_token;
            if next.is_none() {
                return Ok(users);
            }
        }
    }

    pub(super) fn users_request(&self, query: &[(&str, &str)]) -> Ask {
        let path = ["admin", "directory", "v1", "users"];
        Ask {
            operation: "list users",
            scope: Scope::Users,
            method: Method::GET,
            url: self.api.directory.query(&path, query),
            body: None,
        }
    }

    /// A request about one user, or what hangs on it.
    pub(super) async fn user(
        &self,
        operation: &'static str,
        method: Method,
        path: &[&str],
        body: Option<Value>,
    ) -> Result<Reply, ProviderError> {
        let users = ["admin", "directory", "v1", "users"];
        let ask = Ask {
            operation,
            scope: Scope::Users,
            method,
            url: self.api.directory.at(&[&users, path].concat()),
            body,
        };
        self.api.ask(ask).await
    }

    /// Who has this address, main or other.
    pub(super) async fn find_user(&self, address: &str) -> Result<Option<User>, ProviderError> {
        let reply = self
            .user("look at a user", Method::GET, &[address], None)
            .await?;
        match reply.meaning {
            Meaning::Absent => Ok(None),
            _ => reply.done().map(Some),
        }
    }

    /// Makes the users that are missing. What one run makes, the next finds.
    pub(super) async fn ensure_users(
        &self,
        call: Call<'_>,
        name: &DomainName,
        inboxes: &[InboxSpec<'_>],
    ) -> Result<(), ProviderError> {
        let users = self.users(name).await?;
        let there: HashSet<String> = users
            .iter()
            .map(|user| user.primary_email.to_ascii_lowercase())
            .collect();
        let missing: Vec<_> = inboxes
            .iter()
            .filter(|inbox| !there.contains(inbox.address))
            .collect();
        let addresses: Vec<_> = missing.iter().map(|inbox| inbox.address).collect();
        let mailboxes = self
            .services
            .mailboxes
            .ensure(call, name, &addresses)
            .await?;
        let makes: Vec<_> = missing
            .iter()
            .zip(&mailboxes)
            .map(|(inbox, mailbox)| self.make_user(inbox, mailbox))
            .collect();
        let made = for_all(makes).await?;
        let seatless = made.iter().filter(|made| matches!(made, Made::NoSeat));
        match seatless.count() {
            0 => Ok(()),
            seats => Err(self.seats_needed(call, name, seats).await),
        }
    }

    async fn make_user(
        &self,
        inbox: &InboxSpec<'_>,
        mailbox: &Mailbox,
    ) -> Result<Made, ProviderError> {
        let mut body = json!({
            "primaryEmail": inbox.address,
            "name": {"givenName": inbox.first_name, "familyName": inbox.last_name},
            "password": mailbox.password.expose_secret(),
            "changePasswordAtNextLogin": false,
        });
        if let Some(path) = &self.org_unit {
            body["orgUnitPath"] = json!(path);
        }
        let reply = self
            .user("make a user", Method::POST, &[], Some(body))
            .await?;
        match reply.meaning {
            Meaning::Done => Ok(Made::Yes),
            Meaning::Full => Ok(Made::NoSeat),
            Meaning::Exists => match self.find_user(inbox.address).await? {
                Some(user) if user.is(inbox.address) => Ok(Made::Yes),
                Some(_) => Err(belongs_to_another(inbox.address)),
                None => Err(unfinished(inbox.address)),
            },
            Meaning::Unfinished | Meaning::Absent => Err(unfinished(inbox.address)),
            _ => Err(reply.unexpected()),
        }
    }

    /// Removes the users with these addresses. They are found by their list: a name that has become another user's second
    /// address would remove that one.
    pub(super) async fn remove_users(
        &self,
        call: Call<'_>,
        name: &DomainName,
        addresses: &[String],
    ) -> Result<(), ProviderError> {
        // Google refuses to list a domain that is not the tenant's, as if the administrator lacked a right.
        if self.find_domain(name).await?.is_some() {
            let users = self.users(name).await?;
            let removals: Vec<_> = users
                .iter()
                .filter(|user| addresses.iter().any(|address| user.is(address)))
                .map(|user| self.remove_user(user))
                .collect();
            for_all(removals).await?;
        }
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        self.services.mailboxes.removed(call, &addresses).await
    }

    async fn remove_user(&self, user: &User) -> Result<(), ProviderError> {
        let path = [user.id.as_str()];
        let reply = self
            .user("remove a user", Method::DELETE, &path, None)
            .await?;
        match reply.meaning {
            Meaning::Done | Meaning::Absent => Ok(()),
            Meaning::Unfinished => Err(unfinished(&user.primary_email)),
            _ => Err(reply.unexpected()),
        }
    }
}

pub(super) fn unfinished(address: &str) -> ProviderError {
    let message = format!("Google is not done with the inbox {address} yet");
    ProviderError::retry(Some(UNFINISHED_RETRY_MS), message)
}

pub(super) fn belongs_to_another(address: &str) -> ProviderError {
    let message =
        format!("the address {address} belongs to another user of the Google Workspace account");
    ProviderError::permanent(crate::Scope::Domain, message)
}
