//! `GET /me`.

use peeker_domain::{Error, Result, view};
use peeker_store::partners;

use crate::failure::internal;
use crate::{Actor, App};

/// The key that asks and its partner.
pub async fn get(app: &App, actor: &Actor) -> Result<view::Me> {
    let partner = partners::find(&app.0.store.control, &actor.account).await;
    let partner = partner
        .map_err(internal("find a partner"))?
        .ok_or_else(|| Error::internal("a key without its partner"))?;
    Ok(view::Me {
        api_key: view::ApiKey {
            environment: actor.environment,
            permission_preset: actor.preset,
        },
        partner: view::Partner {
            id: actor.account.to_string(),
            name: partner.name,
        },
    })
}
