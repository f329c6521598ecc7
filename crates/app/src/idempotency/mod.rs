//! The `Idempotency-Key` header: for 24 hours the same key and body give the first answer again (contract §1).
//!
//! What must stay true: a request that had an effect under a key has it once, whatever is repeated and however much is
//! kept. So a key whose request was done is never forgotten before its time; what goes when an account has kept too much
//! are answers, and when it has too many keys, new ones are refused before anything is done (docs/adr/0024).

mod budget;

use peeker_domain::{Code, Error, Result, Timestamp};
use peeker_store::clock;
use peeker_store::idempotency::{self as rows, Answer, Known, Usage};
use peeker_store::reset::ResetKey;
use serde::Deserialize;

use crate::failure::internal;
use crate::{Actor, App};

pub(crate) use budget::Budgets;

/// How long an answer is kept.
const KEPT_FOR_SECONDS: i64 = 24 * 60 * 60;
/// How long a claim lasts whose request never came to an end (a killed process). Longer than any request may take.
const CLAIM_SECONDS: i64 = 60;
/// Largest answer that is kept. Only the cancellation of an order of some thousand domains is larger.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// An answer that was given before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponse {
    pub status: u16,
    pub body: Vec<u8>,
}

/// A key that is claimed for the request that runs, until [`finish`] or [`abandon`]. Each API key has idempotency keys of
/// its own: what one was answered is not shown to another.
#[derive(Debug, Clone)]
pub struct ClaimedKey(String);

impl ClaimedKey {
    fn of(actor: &Actor, key: &str) -> Self {
        Self(format!("{}/{key}", actor.key))
    }
}

/// What to do with a request that carries a key.
#[derive(Debug)]
pub enum Claim {
    /// First time: run it, then call [`finish`], or [`abandon`] when it was refused or failed.
    Run(ClaimedKey),
    /// Seen before: send this answer.
    Replay(StoredResponse),
}

/// Claims a key. `fingerprint` is a digest over method, path and body. Errors: `invalid_request` on
/// `Idempotency-Key` when it came with another request before, or when the answer is not kept any more; `rate_limited`
/// while the first request still runs, and for a new key when the account has as many as it may have.
pub async fn claim(app: &App, actor: &Actor, key: &str, fingerprint: &str) -> Result<Claim> {
    let db = &app.environment(actor.environment).db;
    let now = actor.now(app).await?;
    let key = ClaimedKey::of(actor, key);
    let usage = usage(app, actor, now).await?;
    let is_full = usage.keys >= app.settings().idempotency.keys;
    let known = if is_full {
        rows::find(db, &actor.account, &key.0, now).await
    } else {
        let until = now.plus_seconds(CLAIM_SECONDS);
        rows::claim(db, &actor.account, &key.0, fingerprint, now, until).await
    };
    match known.map_err(internal("claim an idempotency key"))? {
        None if is_full => Err(used_up(usage, now)),
        None => {
            app.0
                .idempotency
                .add(actor.environment, &actor.account, 1, 0);
            Ok(Claim::Run(key))
        }
        Some(
            Known::Running { fingerprint: held }
            | Known::Answered {
                fingerprint: held, ..
            },
        ) if held != fingerprint => Err(Error::invalid(
            "Idempotency-Key",
            "This Idempotency-Key was used with another request in the last 24 hours",
        )),
        Some(Known::Answered { answer, .. }) => replay(answer).map(Claim::Replay),
        Some(Known::Running { .. }) => {
            let message =
                "The first request with this Idempotency-Key is still being answered; ask again";
            Err(Error::new(Code::RateLimited, message)
                .with_detail("retry_after_seconds", 1)
                .with_detail("reason", "idempotency_key_in_use"))
        }
    }
}

fn replay(answer: Answer) -> Result<StoredResponse> {
    let status = answer.status;
    if let Some(body) = answer.body {
        let body = body.into_bytes();
        return Ok(StoredResponse { status, body });
    }
    let message = "The request with this Idempotency-Key was carried out before, and its answer is not kept any more; \
        read what it made instead of sending it again";
    let error = Error::invalid("Idempotency-Key", message)
        .with_detail("reason", "answer_not_kept")
        .with_detail("status", status);
    Err(match answer.record_id {
        Some(id) => error.with_detail("id", id),
        None => error,
    })
}

fn used_up(usage: Usage, now: Timestamp) -> Error {
    let free_at = usage.next_free_at.unwrap_or(now);
    let wait = (free_at.as_millis() - now.as_millis() + 999).div_euclid(1000);
    let message =
        "This account has used as many Idempotency-Keys as it may in 24 hours; nothing was done";
    Error::new(Code::RateLimited, message)
        .with_detail("retry_after_seconds", wait.max(1))
        .with_detail("reason", "idempotency_keys_used_up")
}

async fn usage(app: &App, actor: &Actor, now: Timestamp) -> Result<Usage> {
    let db = &app.environment(actor.environment).db;
    let usage = app.0.idempotency.usage(db, &actor.account, now, app.now());
    usage
        .await
        .map_err(internal("count the idempotency keys of an account"))
}

/// Keeps the answer for 24 hours: from the end of the way on, while a sandbox's clock is on its way somewhere. Else a clock
/// that is sent on by a day would forget the very answer that says so, and a repeat would send it on again.
pub async fn finish(
    app: &App,
    actor: &Actor,
    key: &ClaimedKey,
    response: StoredResponse,
) -> Result<()> {
    let db = &app.environment(actor.environment).db;
    let answer = to_keep(response)?;
    let clock = clock::find(db, &actor.account)
        .await
        .map_err(internal("read a sandbox clock"))?;
    let until = clock.destination(app.now()).plus_seconds(KEPT_FOR_SECONDS);
    let bytes = answer.body.as_deref().map_or(0, str::len);
    rows::answer(db, &actor.account, &key.0, answer, until)
        .await
        .map_err(internal("keep an answer"))?;
    let budgets = &app.0.idempotency;
    let kept = budgets.add(actor.environment, &actor.account, 0, bytes);
    let most = app.settings().idempotency.answer_bytes;
    if kept.answer_bytes > most {
        // Some more than has to go, so that it is not every request that has to clear up.
        rows::drop_oldest_answers(db, &actor.account, most / 4 * 3)
            .await
            .map_err(internal("drop old answers"))?;
        budgets.forget(actor.environment, &actor.account);
    }
    Ok(())
}

/// What [`finish`] will keep, for a change that keeps it in its own transaction, since a repeat would do harm even after a
/// crash. `now` is the time that the account's clock will show.
pub(crate) fn own_answer(
    key: &ClaimedKey,
    response: StoredResponse,
    now: Timestamp,
) -> Result<ResetKey<'_>> {
    Ok(ResetKey {
        key: &key.0,
        answer: to_keep(response)?,
        expires_at: now.plus_seconds(KEPT_FOR_SECONDS),
    })
}

fn to_keep(response: StoredResponse) -> Result<Answer> {
    let body = String::from_utf8(response.body).map_err(Error::internal)?;
    Ok(Answer {
        status: response.status,
        record_id: record_id(&body),
        body: Some(body).filter(|body| body.len() <= MAX_ANSWER_BYTES),
    })
}

/// The id of the record that an answer shows.
fn record_id(body: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Shown {
        data: Record,
    }
    #[derive(Deserialize)]
    struct Record {
        id: String,
    }
    let shown: Shown = serde_json::from_str(body).ok()?;
    Some(shown.data.id)
}

/// Gives the key back, so that a repeat runs the request again.
pub async fn abandon(app: &App, actor: &Actor, key: &ClaimedKey) -> Result<()> {
    let db = &app.environment(actor.environment).db;
    rows::give_back(db, &actor.account, &key.0)
        .await
        .map_err(internal("give an idempotency key back"))?;
    app.0
        .idempotency
        .add(actor.environment, &actor.account, -1, 0);
    Ok(())
}
