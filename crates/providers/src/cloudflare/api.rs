//! Calls, and what a refusal means when it means the same everywhere.

use peeker_domain::vendor::Bucket;
use reqwest::{Method, RequestBuilder};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;

use super::Cloudflare;
use super::refusal::{Refusal, said};
use super::wire::{Envelope, Fault, Head, PageInfo, Zone};
use crate::vendor::{Answer, SlowDown};
use crate::{Call, ProviderError};

/// What a token needs, in Cloudflare's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Permission {
    Zone,
    Dns,
    Redirect,
}

impl Permission {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Zone => "Zone > Zone > Edit",
            Self::Dns => "Zone > DNS > Edit",
            Self::Redirect => "Zone > Single Redirect > Edit",
        }
    }
}

/// A token is refused in a zone that is younger than this, although it has the permission.
const TOKEN_KNOWS_ZONE_MS: i64 = 10 * 60 * 1000;

/// An answer whose head was read.
pub(super) struct Reply {
    answer: Answer,
    faults: Vec<Fault>,
    is_success: bool,
}

impl Reply {
    /// Why it was refused; `None` when it was not.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        (!self.is_success).then(|| Refusal::of(self.answer.status, &self.faults))
    }

    pub(super) fn result<T: DeserializeOwned>(&self) -> Result<T, ProviderError> {
        let envelope: Envelope<T> = self.answer.json()?;
        let missing = || self.answer.unexpected("the answer holds no result");
        envelope.result.ok_or_else(missing)
    }

    /// One page of a list, and how many there are in all.
    pub(super) fn page<T: DeserializeOwned>(&self) -> Result<(Vec<T>, u64), ProviderError> {
        let envelope: Envelope<Vec<T>> = self.answer.json()?;
        let list = envelope.result.unwrap_or_default();
        let PageInfo { total_count } = envelope.result_info.unwrap_or(PageInfo {
            total_count: list.len() as u64,
        });
        Ok((list, total_count))
    }

    pub(super) fn unexpected(&self) -> ProviderError {
        self.answer.unexpected(&said(&self.faults))
    }
}

impl Cloudflare {
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/client/v4/{path}", self.origin);
        let request = self.http.client().request(method, url);
        request.bearer_auth(self.token.expose_secret())
    }

    pub(super) async fn send(
        &self,
        operation: &'static str,
        request: RequestBuilder,
    ) -> Result<Reply, ProviderError> {
        self.send_in(operation, &[Bucket::Call], request).await
    }

    pub(super) async fn send_in(
        &self,
        operation: &'static str,
        buckets: &[Bucket],
        request: RequestBuilder,
    ) -> Result<Reply, ProviderError> {
        let answer = self.http.send(operation, buckets, request).await?;
        let is_success = answer.status.is_success();
        let head: Head = match answer.json() {
            Ok(head) => head,
            Err(error) if is_success => return Err(error),
            // A refusal by something in front of the API.
            Err(_) => Head::default(),
        };
        let reply = Reply {
            is_success: is_success && head.success,
            faults: head.errors.unwrap_or_default(),
            answer,
        };
        if reply.refusal() == Some(Refusal::TooFast) {
            return Err(self.http.slow_down(operation, SlowDown::Unnamed).await);
        }
        Ok(reply)
    }

    /// The error for a refusal that no rule of the call itself knows.
    pub(super) async fn refused(&self, reply: &Reply, needs: Permission) -> ProviderError {
        if reply.refusal() != Some(Refusal::Forbidden) {
            return reply.unexpected();
        }
        let reason = format!(
            "the API token is refused; it has to be active, to belong to account {} and to have the permission {}",
            self.account_id,
            needs.words()
        );
        self.http.needs_attention(reason).await
    }

    /// The same for a call within a zone, which a token may not know yet.
    pub(super) async fn refused_in(
        &self,
        call: Call<'_>,
        zone: &Zone,
        reply: &Reply,
        needs: Permission,
    ) -> ProviderError {
        let age = |made| call.now.millis_since(made);
        let is_young = zone
            .created_on
            .map(age)
            .is_some_and(|age| age < TOKEN_KNOWS_ZONE_MS);
        if reply.refusal() == Some(Refusal::Forbidden) && is_young {
            return reply.unexpected();
        }
        self.refused(reply, needs).await
    }
}
