//! Who asks: bearer keys and their rate limit.

use peeker_domain::id::{AccountId, KeyId};
use peeker_domain::{Environment, Preset, Result};

use crate::App;

/// The key behind a request. Every use-case takes one, so no query can forget its account.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The partner.
    pub account: AccountId,
    /// The partner's name.
    pub partner_name: String,
    /// The key.
    pub key: KeyId,
    /// Where the key acts.
    pub environment: Environment,
    /// What the key may do.
    pub preset: Preset,
    /// Requests per rolling minute.
    pub requests_per_minute: u32,
}

/// What is left of a key's rolling minute after this request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Whether this request may go on.
    pub granted: bool,
    /// Requests per minute.
    pub limit: u32,
    /// Requests left now.
    pub remaining: u32,
    /// Seconds until the oldest counted request leaves the window; when refused, until a request is granted again.
    pub reset_seconds: u32,
}

impl App {
    /// The actor of a bearer key. Errors: `unauthorized` for a malformed, unknown or revoked key.
    pub async fn authenticate(&self, secret: &str) -> Result<Actor> {
        todo!("{secret}")
    }

    /// Counts one request against the actor's rolling minute.
    pub async fn count_request(&self, actor: &Actor) -> Result<Quota> {
        todo!("{actor:?}")
    }
}
