//! The pictures that users show, which their mailboxes hold.

use peeker_domain::DomainName;
use reqwest::Method;

use super::Microsoft;
use super::graph::{Ask, Body, USERS};
use super::refusal::Meaning;
use crate::picture::{self, ToShow};
use crate::vendor::for_all;
use crate::{Call, InboxSpec, ProviderError};

/// When to come back to a mailbox that its licence has not made yet, in milliseconds.
const MAILBOX_RETRY_MS: i64 = 60_000;

impl Microsoft {
    /// Gives these inboxes their pictures, unless they show them already. Errors: `Retry`, when a mailbox is not there yet;
    /// all others have their pictures then.
    pub(super) async fn show_pictures(
        &self,
        call: Call<'_>,
        name: &DomainName,
        inboxes: &[InboxSpec<'_>],
    ) -> Result<(), ProviderError> {
        let to_show = picture::to_show(&self.services, call, name, inboxes).await?;
        let works: Vec<_> = to_show
            .iter()
            .map(|one| self.show_picture(call, one))
            .collect();
        let shown = for_all(works).await?;
        if shown.into_iter().all(|shown| shown) {
            return Ok(());
        }
        let message =
            format!("Microsoft has not made every mailbox on {name} yet that is to show a picture");
        Err(ProviderError::retry(Some(MAILBOX_RETRY_MS), message))
    }

    /// Whether the mailbox was there to take it.
    async fn show_picture(
        &self,
        call: Call<'_>,
        ToShow {
            address,
            url,
            picture,
        }: &ToShow<'_>,
    ) -> Result<bool, ProviderError> {
        let ask = Ask {
            operation: "set a picture",
            permission: USERS,
            method: Method::PUT,
            url: self.graph.at(&["users", address, "photo", "$value"]),
            body: Body::Picture {
                media_type: picture.media_type.clone(),
                bytes: picture.bytes.clone(),
            },
        };
        let reply = self.graph.ask(ask).await?;
        match reply.meaning {
            Meaning::Done => {}
            Meaning::Absent => return Ok(false),
            // A picture that Microsoft cannot read is left out, like one that cannot be loaded.
            Meaning::Other if matches!(reply.answer.status.as_u16(), 400 | 413 | 415) => {}
            _ => return Err(reply.unexpected()),
        }
        self.services.mailboxes.pictured(call, address, url).await?;
        Ok(true)
    }
}
