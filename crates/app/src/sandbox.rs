//! What only a sandbox can do (contract §7).

use peeker_domain::Result;
use peeker_store::reset;

use crate::failure::internal;
use crate::idempotency::{ClaimedKey, StoredResponse, own_answer};
use crate::{Actor, App};

/// Empties the account's sandbox. A request with an idempotency key gives what it will answer, so that no repeat empties it
/// again. Errors: `not_found` for a live key.
pub async fn reset(
    app: &App,
    actor: &Actor,
    keyed: Option<(ClaimedKey, StoredResponse)>,
) -> Result<()> {
    actor.require_sandbox("sandbox")?;
    let db = &app.environment(actor.environment).db;
    let asked_with = match &keyed {
        Some((key, response)) => Some(own_answer(key, response.clone(), app.now())?),
        None => None,
    };
    reset::empty(db, &actor.account, asked_with)
        .await
        .map_err(internal("empty a sandbox"))?;
    crate::availability::forget_account(app, &actor.account, actor.environment);
    app.0.idempotency.forget(actor.environment, &actor.account);
    Ok(())
}
