//! The `Idempotency-Key` header: for 24 hours the same key and body give the first answer again (contract §1).

use peeker_domain::{Code, Error, Result};
use peeker_store::clock;
use peeker_store::idempotency::{self as rows, Known};

use crate::failure::internal;
use crate::{Actor, App};

/// How long an answer is kept.
const KEPT_FOR_SECONDS: i64 = 24 * 60 * 60;
/// How long a claim lasts whose request never came to an end (a killed process). Longer than any request may take.
const CLAIM_SECONDS: i64 = 60;

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
pub async fn claim(app: &App, actor: &Actor, key: &str, fingerprint: &str) -> Result<Claim> {
    let db = &app.environment(actor.environment).db;
    let now = actor.now(app).await?;
    let key = &scoped(actor, key);
    let known = rows::claim(
        db,
        &actor.account,
        key,
        fingerprint,
        now,
        now.plus_seconds(CLAIM_SECONDS),
    )
    .await;
    let other_request = || {
        Error::invalid(
            "Idempotency-Key",
            "This Idempotency-Key was used with another request in the last 24 hours",
        )
    };
    match known.map_err(internal("claim an idempotency key"))? {
        Known::Claimed => Ok(Claim::Run),
        Known::Running { fingerprint: held }
        | Known::Answered {
            fingerprint: held, ..
        } if held != fingerprint => Err(other_request()),
        Known::Answered { status, body, .. } => Ok(Claim::Replay(StoredResponse {
            status,
            body: body.into_bytes(),
        })),
        Known::Running { .. } => {
            let message =
                "The first request with this Idempotency-Key is still being answered; ask again";
            Err(Error::new(Code::RateLimited, message)
                .with_detail("retry_after_seconds", 1)
                .with_detail("reason", "idempotency_key_in_use"))
        }
    }
}

/// Keeps the answer for 24 hours: from the end of the way on, while a sandbox's clock is on its way somewhere. Else a clock
/// that is sent on by a day would forget the very answer that says so, and a repeat would send it on again.
pub async fn finish(app: &App, actor: &Actor, key: &str, response: StoredResponse) -> Result<()> {
    let db = &app.environment(actor.environment).db;
    let body = String::from_utf8(response.body).map_err(Error::internal)?;
    let clock = clock::find(db, &actor.account)
        .await
        .map_err(internal("read a sandbox clock"))?;
    let until = clock.destination(app.now()).plus_seconds(KEPT_FOR_SECONDS);
    let kept = rows::answer(
        db,
        &actor.account,
        &scoped(actor, key),
        response.status,
        body,
        until,
    )
    .await;
    kept.map_err(internal("keep an answer"))
}

/// Gives the key back, so that a repeat runs the request again.
pub async fn abandon(app: &App, actor: &Actor, key: &str) -> Result<()> {
    let db = &app.environment(actor.environment).db;
    rows::give_back(db, &actor.account, &scoped(actor, key))
        .await
        .map_err(internal("give an idempotency key back"))
}

/// Each API key has its own idempotency keys: a replay comes before the permission check, and a key that may only
/// read must not be shown what a full key was answered.
fn scoped(actor: &Actor, key: &str) -> String {
    format!("{}/{key}", actor.key)
}
