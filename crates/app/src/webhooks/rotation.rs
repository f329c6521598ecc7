//! Rotating a webhook secret: the new one signs at once, the old one goes on signing beside it for a while.

use peeker_domain::id::AccountId;
use peeker_domain::{Code, Environment, Error, Result, Timestamp};
use peeker_store::webhooks::{self as rows, Rotated};
use secrecy::SecretString;

use super::{must_exist, new_secret};
use crate::App;
use crate::failure::internal;

/// How long both secrets sign when nothing else is said (contract §6), in seconds.
pub const DEFAULT_OVERLAP_SECONDS: i64 = 24 * 60 * 60;
/// The longest time for which both sign, in seconds.
pub const MAX_OVERLAP_SECONDS: i64 = 30 * 24 * 60 * 60;
/// Secrets that sign at once, the new one included. Each is a signature in every request.
const MAX_SECRETS: usize = 4;

/// The new secret, which is shown now and never again.
#[derive(Debug)]
pub struct Rotation {
    pub secret: SecretString,
    /// Until when the one before it signs as well.
    pub previous_until: Timestamp,
}

/// A secret without itself.
pub use rows::SecretAge;

/// Makes a new secret for an environment. The present one signs beside it for `overlap_seconds`; one that is in an overlap
/// already keeps its own end, since its holder was told so, but never a later one. Nothing is cut off early unless the
/// overlap is 0, which ends all others at once. Servers follow within two seconds.
/// Errors: `not_found`; `invalid_request` when no endpoint was ever set, the overlap is out of range, or four sign already.
pub async fn rotate(
    app: &App,
    account: &AccountId,
    environment: Environment,
    overlap_seconds: i64,
) -> Result<Rotation> {
    if !(0..=MAX_OVERLAP_SECONDS).contains(&overlap_seconds) {
        let message = "overlap must be between 0 and 30 days";
        return Err(Error::invalid("overlap", message));
    }
    must_exist(app, account).await?;
    let (secret, sealed) = new_secret(app, account)?;
    let now = app.now();
    let until = now.plus_seconds(overlap_seconds);
    let control = &app.0.store.control;
    let rotated = rows::rotate(
        control,
        account,
        environment,
        sealed,
        now,
        until,
        MAX_SECRETS,
    );
    match rotated.await.map_err(internal("rotate a webhook secret"))? {
        Rotated::Done => {}
        Rotated::NoSecret => {
            let message = "The partner has no secret to rotate: set its webhook address first";
            return Err(Error::new(Code::InvalidRequest, message));
        }
        Rotated::TooMany(next_end) => {
            let message = format!(
                "{MAX_SECRETS} secrets sign already; one of them ends at {next_end}. Wait for that, or rotate with an \
                 overlap of 0, which ends all but the new one"
            );
            return Err(Error::new(Code::InvalidRequest, message));
        }
    }
    app.0.endpoints.forget(account, environment).await;
    tracing::info!(partner.id = %account, %environment, previous_until = %until, "Webhook secret rotated");
    Ok(Rotation {
        secret,
        previous_until: until,
    })
}

/// The secrets that sign now, newest first, without themselves.
pub async fn secrets(
    app: &App,
    account: &AccountId,
    environment: Environment,
) -> Result<Vec<SecretAge>> {
    let stored = rows::secrets(&app.0.store.control, account, environment, app.now()).await;
    let stored = stored.map_err(internal("read webhook secrets"))?;
    Ok(stored.iter().map(rows::StoredSecret::age).collect())
}
