//! Users that become others: the same mailbox under another name and address.

use peeker_domain::DomainName;
use reqwest::Method;
use serde_json::json;

use super::Microsoft;
use super::refusal::Meaning;
use super::users::{User, display_name, local_part, not_shown};
use crate::vendor::for_all;
use crate::{Call, InboxRename, ProviderError, Scope};

impl Microsoft {
    /// Renames what is not renamed yet. What one run renames, the next finds.
    pub(super) async fn rename_users(
        &self,
        call: Call<'_>,
        name: &DomainName,
        renames: &[InboxRename<'_>],
    ) -> Result<(), ProviderError> {
        let users = self.users(name).await?;
        // What cannot be done is told before anything is.
        let found = renames.iter().map(|rename| to_rename(&users, rename));
        let found: Vec<&User> = found.collect::<Result<_, _>>()?;
        let works: Vec<_> = renames
            .iter()
            .zip(found)
            .map(|(rename, user)| self.rename_user(call, rename, user))
            .collect();
        for_all(works).await.map(drop)
    }

    async fn rename_user(
        &self,
        call: Call<'_>,
        rename: &InboxRename<'_>,
        user: &User,
    ) -> Result<(), ProviderError> {
        let InboxRename { from, to } = rename;
        let display_name = display_name(to);
        let is_named = user.display_name.as_ref() == Some(&display_name)
            && user.given_name.as_deref() == Some(to.first_name)
            && user.surname.as_deref() == Some(to.last_name);
        if !user.is(to.address) || !is_named {
            let body = json!({
                "userPrincipalName": to.address,
                "mailNickname": local_part(to.address),
                "displayName": display_name,
                "givenName": to.first_name,
                "surname": to.last_name,
            });
            let path = [user.id.as_str()];
            let reply = self
                .user("rename a user", Method::PATCH, &path, Some(body))
                .await?;
            match reply.meaning {
                Meaning::Done => {}
                Meaning::Absent => return Err(not_shown(from)),
                Meaning::Exists => return Err(self.not_renamed(to.address, user).await?),
                _ => return Err(reply.unexpected()),
            }
        }
        if *from == to.address {
            return Ok(());
        }
        self.services
            .mailboxes
            .renamed(call, from, to.address)
            .await
    }

    /// Why a user did not get `address`: somebody else has it, or what had it is not gone yet.
    async fn not_renamed(
        &self,
        address: &str,
        user: &User,
    ) -> Result<ProviderError, ProviderError> {
        let owner = self.find_user(address).await?;
        Ok(match owner {
            Some(owner) if owner.id != user.id => belongs_to_another(address),
            _ => not_shown(address),
        })
    }
}

/// The user that `rename` is about, under the old address or the new one. Errors: there is none, or the new address is
/// another's.
fn to_rename<'a>(users: &'a [User], rename: &InboxRename<'_>) -> Result<&'a User, ProviderError> {
    let InboxRename { from, to } = rename;
    let old = users.iter().find(|user| user.is(from));
    let new = users.iter().find(|user| user.is(to.address));
    match (old, new) {
        (Some(old), Some(new)) if old.id != new.id => Err(belongs_to_another(to.address)),
        (Some(user), _) | (None, Some(user)) => Ok(user),
        (None, None) => {
            let message = format!("there is no inbox {from} to rename");
            Err(ProviderError::permanent(Scope::Domain, message))
        }
    }
}

fn belongs_to_another(address: &str) -> ProviderError {
    let message =
        format!("the address {address} belongs to another user of the Microsoft 365 tenant");
    ProviderError::permanent(Scope::Domain, message)
}
