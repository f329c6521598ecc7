//! Users that become others: the same mailbox under another name and address.

use peeker_domain::DomainName;
use reqwest::Method;
use serde_json::json;

use super::Google;
use super::refusal::Meaning;
use super::users::{User, UserName, belongs_to_another, unfinished};
use crate::vendor::for_all;
use crate::{Call, InboxRename, ProviderError, Scope};

impl Google {
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
        let name = UserName {
            given_name: to.first_name.to_owned(),
            family_name: to.last_name.to_owned(),
        };
        if !user.is(to.address) || user.name != name {
            let body = json!({
                "primaryEmail": to.address,
                "name": {"givenName": name.given_name, "familyName": name.family_name},
            });
            let path = [user.id.as_str()];
            let reply = self
                .user("rename a user", Method::PATCH, &path, Some(body))
                .await?;
            match reply.meaning {
                Meaning::Done => {}
                Meaning::Exists => return Err(self.not_renamed(to.address, user).await?),
                Meaning::Absent | Meaning::Unfinished => return Err(unfinished(from)),
                _ => return Err(reply.unexpected()),
            }
        }
        if *from == to.address {
            return Ok(());
        }
        // Google keeps the old address as another one of the user.
        if user.owns(from) {
            self.remove_alias(user, from).await?;
        }
        self.services
            .mailboxes
            .renamed(call, from, to.address)
            .await
    }

    /// Why a user did not get `address`: somebody else has it, or Google is still busy with an earlier change.
    async fn not_renamed(
        &self,
        address: &str,
        user: &User,
    ) -> Result<ProviderError, ProviderError> {
        let owner = self.find_user(address).await?;
        Ok(match owner {
            Some(owner) if owner.id != user.id => belongs_to_another(address),
            _ => unfinished(address),
        })
    }

    async fn remove_alias(&self, user: &User, alias: &str) -> Result<(), ProviderError> {
        let path = [user.id.as_str(), "aliases", alias];
        let reply = self
            .user("remove an address", Method::DELETE, &path, None)
            .await?;
        match reply.meaning {
            Meaning::Done | Meaning::Absent => Ok(()),
            Meaning::Exists | Meaning::Unfinished => Err(unfinished(alias)),
            _ => Err(reply.unexpected()),
        }
    }
}

/// The user that `rename` is about, under the old address or the new one. Errors: there is none, or the new address is
/// another's.
fn to_rename<'a>(users: &'a [User], rename: &InboxRename<'_>) -> Result<&'a User, ProviderError> {
    let InboxRename { from, to } = rename;
    let old = users.iter().find(|user| user.is(from));
    let new = users.iter().find(|user| user.owns(to.address));
    match (old, new) {
        (Some(old), Some(new)) if old.id != new.id => Err(belongs_to_another(to.address)),
        (Some(user), _) => Ok(user),
        (None, Some(user)) if user.is(to.address) => Ok(user),
        (None, Some(_)) => Err(belongs_to_another(to.address)),
        (None, None) => {
            let message = format!("there is no inbox {from} to rename");
            Err(ProviderError::permanent(Scope::Domain, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorClass, InboxSpec};

    fn user(id: &str, primary_email: &str, aliases: &[&str]) -> User {
        User {
            id: id.to_owned(),
            primary_email: primary_email.to_owned(),
            name: UserName::default(),
            aliases: aliases.iter().map(|&alias| alias.to_owned()).collect(),
        }
    }

    #[test]
    fn the_user_is_found_under_either_address() {
        for (users, expected) in [
            (vec![user("1", "Old@a.com", &[])], Some("1")),
            (vec![user("1", "new@a.com", &["old@a.com"])], Some("1")),
            (vec![user("1", "new@a.com", &[])], Some("1")),
            (vec![user("1", "old@a.com", &["new@a.com"])], Some("1")),
            (
                vec![user("1", "old@a.com", &[]), user("2", "new@a.com", &[])],
                None,
            ),
            (
                vec![
                    user("1", "old@a.com", &[]),
                    user("2", "b@a.com", &["new@a.com"]),
                ],
                None,
            ),
            (vec![user("2", "b@a.com", &["new@a.com"])], None),
            (vec![user("1", "other@a.com", &[])], None),
        ] {
            let to = InboxSpec {
                address: "new@a.com",
                first_name: "Jane",
                last_name: "Doe",
                picture_url: None,
            };
            let from = "old@a.com";
            let found = to_rename(&users, &InboxRename { from, to });
            match (found, expected) {
                (Ok(user), Some(id)) => assert_eq!(user.id, id),
                (Err(refused), None) => {
                    let scope = Scope::Domain;
                    assert_eq!(refused.class, ErrorClass::Permanent { scope });
                }
                (found, expected) => panic!("{expected:?}, found {}", found.is_ok()),
            }
        }
    }
}
