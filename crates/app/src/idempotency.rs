//! The `Idempotency-Key` header: for 24 hours the same key and body give the first answer again (contract §1).

use peeker_domain::Result;

use crate::{Actor, App};

/// An answer that was given before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// HTTP status.
    pub status: u16,
    /// The exact body.
    pub body: Vec<u8>,
}

/// What to do with a request that carries a key.
#[derive(Debug)]
pub enum Claim {
    /// First time: run it, then call [`finish`], or [`abandon`] when the answer must not be kept.
    Run,
    /// Seen before: send this answer.
    Replay(StoredResponse),
}

/// Claims a key. `fingerprint` is a digest over method, path and body. Errors: `invalid_request` on
/// `Idempotency-Key` when it came with another request before; `rate_limited` while the first one still runs.
pub async fn claim(app: &App, actor: &Actor, key: &str, fingerprint: &str) -> Result<Claim> { todo!() }
/// Keeps the answer for 24 hours.
pub async fn finish(app: &App, actor: &Actor, key: &str, response: StoredResponse) -> Result<()> { todo!() }
/// Gives the key back, so that a repeat runs the request again.
pub async fn abandon(app: &App, actor: &Actor, key: &str) -> Result<()> { todo!() }
