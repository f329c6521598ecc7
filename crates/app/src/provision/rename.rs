//! Renaming the inboxes of a live domain (contract §5): the mailbox, its warm-up and its DNS stay; the address changes only
//! where the name made of the new persona differs.
//!
//! The accepted renamings hold the new addresses before any inbox has one, so whatever was renamed without our hearing
//! of it is found again, by the next try or by whoever takes the domain back.

use std::collections::BTreeMap;

use peeker_domain::{Error, MailProvider, WebUrl};
use peeker_providers::{ErrorClass, InboxRename, InboxSpec, ProviderError, Providers};
use peeker_store::orders::progress;
use peeker_store::swaps::{self, OpenRename, RenameOutcome};

use super::steps::{Target, picture_message, within};
use super::{Interrupted, MAX_ATTEMPTS, Work};

impl Work<'_> {
    /// Does the renamings that are open, if there are any, and ends the job.
    pub(super) async fn rename(&self) -> Result<(), Interrupted> {
        let db = &self.app.environment(self.environment).db;
        let open = swaps::start_renames(db, self.job, self.now()).await?;
        if !open.is_empty() {
            let target = self.target()?;
            let outcomes = self.rename_all(&target, open).await?;
            swaps::record_renames(db, self.job, &outcomes, self.now()).await?;
        }
        Ok(progress::end_job(db, self.job).await?)
    }

    async fn rename_all(
        &self,
        target: &Target<'_>,
        open: Vec<OpenRename>,
    ) -> Result<Vec<(OpenRename, RenameOutcome)>, Interrupted> {
        let unreachable = self.unreachable_pictures(target, &open).await?;
        let (waiting, ready): (Vec<_>, Vec<_>) = open
            .into_iter()
            .partition(|rename| picture(rename).is_some_and(|url| unreachable.contains_key(url)));
        if !ready.is_empty() {
            self.rename_at_providers(target, &ready).await?;
        }
        let wait = |rename: OpenRename| {
            let message = picture(&rename)
                .and_then(|url| unreachable.get(url))
                .cloned();
            let outcome = RenameOutcome::PictureUnreachable(message.unwrap_or_default());
            (rename, outcome)
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
    ) -> Result<BTreeMap<String, String>, Interrupted> {
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
            let reachable = within(probes.picture_reachable(self.call(target), &url)).await?;
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
    ) -> Result<(), Interrupted> {
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
        within(mail.rename_inboxes(self.call(target), target.provider, &target.name, &renames))
            .await?;
        let moved = ready.iter().filter(|rename| rename.from != rename.to);
        let (old, new): (Vec<String>, Vec<String>) = moved
            .map(|rename| (rename.from.clone(), rename.to.clone()))
            .unzip();
        if !old.is_empty() {
            within(sequencer.disconnect(self.call(target), &target.name, &old)).await?;
            self.hand_over(target, &new).await?;
        }
        Ok(())
    }

    /// A provider refused a renaming: for good, or it is tried again. The domain stays live either way.
    pub(super) async fn rename_refused(&self, error: ProviderError) -> Result<(), Error> {
        let db = &self.app.environment(self.environment).db;
        let name = &self.assignment.place.name;
        tracing::warn!(domain.id = %self.job.domain, "Renaming inboxes of {name} was refused: {error}");
        let is_final = matches!(error.class, ErrorClass::Permanent { .. })
            || self.job.attempts >= MAX_ATTEMPTS;
        if !is_final {
            let after = match error.class {
                ErrorClass::Retry { after_ms } | ErrorClass::Quota { after_ms } => after_ms,
                _ => None,
            };
            return match self.record(self.wait(after, &error)).await {
                Err(Interrupted::Broken(error)) => Err(error),
                _ => Ok(()),
            };
        }
        let now = self.now();
        let open = swaps::start_renames(db, self.job, now).await;
        let refused: Vec<_> = open
            .map_err(Error::internal)?
            .into_iter()
            .map(|rename| (rename, RenameOutcome::Refused))
            .collect();
        let recorded = swaps::record_renames(db, self.job, &refused, now).await;
        recorded.map_err(Error::internal)?;
        progress::end_job(db, self.job)
            .await
            .map_err(Error::internal)
    }
}

fn picture(rename: &OpenRename) -> Option<&str> {
    rename.persona.profile_picture_url.as_deref()
}
