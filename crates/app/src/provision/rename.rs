//! Renaming the inboxes of a live domain (contract §5): the mailbox, its warm-up and its DNS stay; the address changes only
//! where the name made of the new persona differs.
//!
//! The accepted renamings hold the new addresses before any inbox has one, so whatever was renamed without our hearing
//! of it is found again, by the next try or by whoever takes the domain back.

use std::collections::BTreeMap;

use peeker_domain::id::ActionId;
use peeker_domain::order::{Blocker, OpenRename, RenameOutcome};
use peeker_domain::provider_error::{FollowUp, ProviderWork};
use peeker_domain::{ActionReason, Error, MailProvider, WebUrl};
use peeker_providers::{InboxRename, InboxSpec, ProviderError, Providers};
use peeker_store::swaps;

use super::steps::{Target, picture_message};
use super::{Failure, ProvisionRun, end};

impl ProvisionRun<'_> {
    /// Does the renamings that are open, if there are any, and ends the job.
    pub(super) async fn rename(&self) -> Result<(), Error> {
        match self.rename_open().await {
            Ok(()) => Ok(()),
            Err(Failure::Internal(error)) => Err(error),
            Err(Failure::Provider(error)) => self.rename_refused(&error).await,
        }
    }

    async fn rename_open(&self) -> Result<(), Failure> {
        let db = &self.app.environment(self.environment).db;
        let open = swaps::start_renames(db, self.job, self.now()).await?;
        if !open.is_empty() {
            let target = self.target();
            let outcomes = self.rename_all(&target, open).await?;
            swaps::record_renames(db, self.job, &outcomes, self.now()).await?;
        }
        Ok(end(db, self.job).await?)
    }

    async fn rename_all(
        &self,
        target: &Target<'_>,
        open: Vec<OpenRename>,
    ) -> Result<Vec<(OpenRename, RenameOutcome)>, Failure> {
        let unreachable = self.unreachable_pictures(target, &open).await?;
        let (waiting, ready): (Vec<_>, Vec<_>) = open
            .into_iter()
            .partition(|rename| picture(rename).is_some_and(|url| unreachable.contains_key(url)));
        if !ready.is_empty() {
            self.rename_at_providers(target, &ready).await?;
        }
        let wait = |rename: OpenRename| {
            let message = picture(&rename).and_then(|url| unreachable.get(url));
            let blocker = Blocker {
                id: ActionId::new(self.now()),
                reason: ActionReason::ProfilePictureNotAccessible,
                message: message.cloned().unwrap_or_default(),
                persona: Some(rename.persona.clone()),
            };
            (rename, RenameOutcome::PictureUnreachable(blocker))
        };
        let done = ready
            .into_iter()
            .map(|rename| (rename, RenameOutcome::Renamed));
        Ok(done.chain(waiting.into_iter().map(wait)).collect())
    }

    /// The pictures that cannot be loaded, with what to do about each. Only Google shows pictures.
    async fn unreachable_pictures(
        &self,
        target: &Target<'_>,
        open: &[OpenRename],
    ) -> Result<BTreeMap<String, String>, Failure> {
        let mut seen: BTreeMap<String, Option<String>> = BTreeMap::new();
        if target.provider != MailProvider::Google {
            return Ok(BTreeMap::new());
        }
        for rename in open {
            let Some(text) = picture(rename).filter(|url| !seen.contains_key(*url)) else {
                continue;
            };
            let url = WebUrl::parse(text).map_err(Error::internal)?;
            let probes = &target.providers.probes;
            let reachable = probes.picture_reachable(self.call(target), &url).await?;
            let message = (!reachable).then(|| picture_message(&rename.persona, &url));
            seen.insert(text.to_owned(), message);
        }
        let unreachable = seen.into_iter();
        Ok(unreachable
            .filter_map(|(url, message)| Some((url, message?)))
            .collect())
    }

    async fn rename_at_providers(
        &self,
        target: &Target<'_>,
        ready: &[OpenRename],
    ) -> Result<(), Failure> {
        let Providers {
            mail, sequencer, ..
        } = target.providers;
        let renames: Vec<InboxRename<'_>> = ready
            .iter()
            .map(|rename| InboxRename {
                from: &rename.from,
                to: InboxSpec {
                    address: &rename.to,
                    first_name: rename.persona.first_name.as_str(),
                    last_name: rename.persona.last_name.as_str(),
                    picture_url: picture(rename),
                },
            })
            .collect();
        let (name, call) = (&target.name, self.call(target));
        mail.rename_inboxes(call, target.provider, name, &renames)
            .await?;
        let moved = renames
            .iter()
            .filter(|rename| rename.from != rename.to.address);
        let (old, new): (Vec<String>, Vec<InboxSpec<'_>>) = moved
            .map(|rename| (rename.from.to_owned(), rename.to))
            .unzip();
        if !old.is_empty() {
            sequencer.disconnect(call, name, &old).await?;
            self.hand_over(target, &new).await?;
        }
        Ok(())
    }

    /// A provider refused a renaming: for good, or it is tried again. The domain stays live either way.
    async fn rename_refused(&self, error: &ProviderError) -> Result<(), Error> {
        let again = match self.follow_up(error, ProviderWork::Renaming) {
            FollowUp::Retry { at_least_ms } => Some(self.retry(at_least_ms, error)),
            FollowUp::Wait { ms } => Some(self.wait(ms, error)),
            FollowUp::GiveUp(_) | FollowUp::FailOrder => None,
        };
        if let Some(again) = again {
            self.record(again).await?;
            return Ok(());
        }
        let (db, now) = (&self.app.environment(self.environment).db, self.now());
        let open = swaps::start_renames(db, self.job, now).await;
        let refused: Vec<_> = open
            .map_err(Error::internal)?
            .into_iter()
            .map(|rename| (rename, RenameOutcome::Refused))
            .collect();
        let recorded = swaps::record_renames(db, self.job, &refused, now).await;
        recorded.map_err(Error::internal)?;
        end(db, self.job).await
    }
}

fn picture(rename: &OpenRename) -> Option<&str> {
    rename.persona.profile_picture_url.as_deref()
}
