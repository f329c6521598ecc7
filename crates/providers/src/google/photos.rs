//! The pictures that users show.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use peeker_domain::DomainName;
use reqwest::Method;
use serde_json::json;

use super::Google;
use super::refusal::Meaning;
use super::users::unfinished;
use crate::picture::{self, ToShow};
use crate::vendor::for_all;
use crate::{Call, InboxSpec, ProviderError};

impl Google {
    /// Gives these inboxes their pictures, unless they show them already.
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
        for_all(works).await.map(drop)
    }

    async fn show_picture(
        &self,
        call: Call<'_>,
        ToShow {
            address,
            url,
            picture,
        }: &ToShow<'_>,
    ) -> Result<(), ProviderError> {
        let body = json!({"photoData": URL_SAFE.encode(&picture.bytes)});
        let path = [*address, "photos", "thumbnail"];
        let reply = self
            .user("set a picture", Method::PUT, &path, Some(body))
            .await?;
        match reply.meaning {
            Meaning::Done => {}
            Meaning::Absent | Meaning::Unfinished | Meaning::Exists => {
                return Err(unfinished(address));
            }
            // A picture that Google cannot read is left out, like one that cannot be loaded.
            Meaning::Other if reply.answer.status.as_u16() == 400 => {}
            _ => return Err(reply.unexpected()),
        }
        self.services.mailboxes.pictured(call, address, url).await
    }
}
