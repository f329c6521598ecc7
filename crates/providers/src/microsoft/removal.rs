//! Users that go: removed, and then for good, for what is only removed keeps its addresses for a month.

use peeker_domain::DomainName;
use reqwest::Method;
use serde::Deserialize;

use super::Microsoft;
use super::graph::{Ask, Body, DELETED_USERS, Denied};
use super::refusal::Meaning;
use super::token::Audience;
use super::users::{User, not_shown};
use crate::vendor::for_all;
use crate::{Call, ErrorClass, ProviderError};

/// How long the id is that Microsoft puts before the name of a user that was removed.
const ID_PREFIX: usize = 32;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeletedUser {
    id: String,
    #[serde(rename = "userPrincipalName")]
    name: String,
}

impl DeletedUser {
    fn was(&self, address: &str) -> bool {
        let name = self.name.as_str();
        let without_id = name.get(ID_PREFIX..).filter(|_| {
            name[..ID_PREFIX]
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit())
        });
        [Some(name), without_id]
            .into_iter()
            .flatten()
            .any(|name| name.eq_ignore_ascii_case(address))
    }
}

impl Microsoft {
    /// Removes the users with these addresses for good.
    pub(super) async fn remove_users(
        &self,
        call: Call<'_>,
        name: &DomainName,
        addresses: &[String],
    ) -> Result<(), ProviderError> {
        let users = self.users(name).await?;
        let removals: Vec<_> = users
            .iter()
            .filter(|user| addresses.iter().any(|address| user.is(address)))
            .map(|user| self.remove_user(name, user))
            .collect();
        for_all(removals).await?;
        // What an earlier run removed and did not get to the end of.
        let deleted = self.deleted_users(name).await?;
        let ends: Vec<_> = deleted
            .iter()
            .filter(|user| addresses.iter().any(|address| user.was(address)))
            .map(|user| self.remove_for_good(name, &user.id))
            .collect();
        for_all(ends).await?;
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        self.services.mailboxes.removed(call, &addresses).await
    }

    /// Ends what holds `address` on `name` without being a user any more, such as one that somebody removed by hand.
    pub(super) async fn free_address(
        &self,
        name: &DomainName,
        address: &str,
    ) -> Result<(), ProviderError> {
        let deleted = self.deleted_users(name).await?;
        for user in deleted.iter().filter(|user| user.was(address)) {
            self.remove_for_good(name, &user.id).await?;
        }
        Ok(())
    }

    async fn remove_user(&self, name: &DomainName, user: &User) -> Result<(), ProviderError> {
        let path = [user.id.as_str()];
        let reply = self
            .user("remove a user", Method::DELETE, &path, None)
            .await?;
        if !matches!(reply.meaning, Meaning::Done | Meaning::Absent) {
            return Err(reply.unexpected());
        }
        if self.remove_for_good(name, &user.id).await? || reply.meaning == Meaning::Absent {
            return Ok(());
        }
        // It is among the removed in a moment.
        Err(not_shown(&user.address))
    }

    /// Whether there was something to remove.
    async fn remove_for_good(&self, name: &DomainName, id: &str) -> Result<bool, ProviderError> {
        let ask = Ask {
            operation: "remove a user for good",
            permission: DELETED_USERS,
            method: Method::DELETE,
            url: self.graph.at(&["directory", "deletedItems", id]),
            body: Body::Nothing,
        };
        let reply = self.graph.try_ask(Audience::Graph, ask).await?;
        let reply = reply.map_err(|denied| not_permitted(name, denied))?;
        match reply.meaning {
            Meaning::Done => Ok(true),
            Meaning::Absent => Ok(false),
            _ => Err(reply.unexpected()),
        }
    }

    async fn deleted_users(&self, name: &DomainName) -> Result<Vec<DeletedUser>, ProviderError> {
        let path = ["directory", "deletedItems", "microsoft.graph.user"];
        let url = self.on_domain(&path, name);
        let deleted = self.graph.search("list removed users", DELETED_USERS, url);
        deleted.await?.map_err(|denied| not_permitted(name, denied))
    }
}

/// The tenant works without this permission as long as nothing is removed, so the account is not taken out of use.
fn not_permitted(name: &DomainName, Denied(permission): Denied) -> ProviderError {
    let message = format!(
        "inboxes of {name} cannot be removed for good; give the app the application permission {permission}, with admin \
         consent, in the Entra admin center"
    );
    ProviderError::new(ErrorClass::NeedsHuman, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_user_is_known_with_its_id_before_its_name() {
        let user = |name: &str| DeletedUser {
            id: "1".to_owned(),
            name: name.to_owned(),
        };
        let id = "0f8fad5bd9cb469fa16570867728950e";
        for name in [format!("{id}jane@acme.com"), "Jane@Acme.com".to_owned()] {
            assert!(user(&name).was("jane@acme.com"), "{name}");
        }
        for name in [
            format!("{id}mary.jane@acme.com"),
            "mary.jane@acme.com".to_owned(),
            "0123456789012345678901234567890xjane@acme.com".to_owned(),
            format!("{}é", "a".repeat(31)),
        ] {
            assert!(!user(&name).was("jane@acme.com"), "{name}");
        }
    }
}
