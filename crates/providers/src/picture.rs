//! The pictures that inboxes show, from the addresses that partners chose.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use futures::{StreamExt, stream};
use peeker_domain::{DomainName, WebUrl};
use peeker_webhooks::OutboundClient;

use crate::vendor::Services;
use crate::{Call, InboxSpec, ProviderError};

/// The largest picture that is taken: what Microsoft takes, and more than Google needs.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// How many are loaded at the same time. A domain has about one for each persona.
const AT_ONCE: usize = 4;

#[derive(Clone)]
pub(crate) struct Picture {
    /// Such as `image/jpeg`.
    pub(crate) media_type: String,
    pub(crate) bytes: Bytes,
}

/// A picture that an inbox is to show and does not yet.
pub(crate) struct ToShow<'a> {
    pub(crate) address: &'a str,
    pub(crate) url: &'a str,
    pub(crate) picture: Picture,
}

/// The pictures that these inboxes of `name` are still to show, each loaded once. Those that cannot be loaded, are too large
/// or no pictures are left out: an inbox works without, and the workflow has asked for another before.
pub(crate) async fn to_show<'a>(
    services: &Services,
    call: Call<'_>,
    name: &DomainName,
    inboxes: &[InboxSpec<'a>],
) -> Result<Vec<ToShow<'a>>, ProviderError> {
    let wanted: Vec<(&str, &str)> = inboxes
        .iter()
        .filter_map(|inbox| Some((inbox.address, inbox.picture_url?)))
        .collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let addresses: Vec<&str> = wanted.iter().map(|(address, _)| *address).collect();
    let shown = services.mailboxes.ensure(call, name, &addresses).await?;
    let missing: Vec<(&str, &str)> = wanted
        .into_iter()
        .zip(&shown)
        .filter(|((_, url), shown)| shown.picture_url.as_deref() != Some(url))
        .map(|(missing, _)| missing)
        .collect();
    let urls = missing.iter().map(|(_, url)| *url).collect();
    let pictures = load(&services.outbound, urls).await;
    let loaded = missing.into_iter().filter_map(|(address, url)| {
        let picture = pictures.get(url)?.clone();
        Some(ToShow {
            address,
            url,
            picture,
        })
    });
    Ok(loaded.collect())
}

async fn load(outbound: &OutboundClient, urls: BTreeSet<&str>) -> BTreeMap<String, Picture> {
    let loads: Vec<_> = urls
        .into_iter()
        .map(|url| async move { Some((url.to_owned(), load_one(outbound, url).await?)) })
        .collect();
    let loaded = stream::iter(loads).buffer_unordered(AT_ONCE);
    loaded.filter_map(std::future::ready).collect().await
}

async fn load_one(outbound: &OutboundClient, url: &str) -> Option<Picture> {
    let url = WebUrl::parse(url).ok()?;
    let fetched = outbound.get(&url, MAX_BYTES + 1).await.ok()?;
    let media_type = fetched.content_type?;
    let usable = fetched.status == 200
        && media_type.starts_with("image/")
        && (1..=MAX_BYTES).contains(&fetched.start.len());
    usable.then_some(Picture {
        media_type,
        bytes: fetched.start,
    })
}
