//! What only a sandbox can do (contract §7).

use peeker_domain::Result;
use peeker_store::reset;

use crate::failure::internal;
use crate::{Actor, App};

/// Empties the account's sandbox. Errors: `not_found` for a live key.
pub async fn reset(app: &App, actor: &Actor) -> Result<()> {
    actor.require_sandbox("sandbox")?;
    let db = &app.environment(actor.environment).db;
    reset::empty(db, &actor.account)
        .await
        .map_err(internal("empty a sandbox"))?;
    crate::availability::forget_account(app, &actor.account, actor.environment);
    app.0.idempotency.forget(actor.environment, &actor.account);
    Ok(())
}
