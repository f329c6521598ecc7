//! Partners, as the operator makes them.

use peeker_domain::id::AccountId;
use peeker_domain::{Environment, Error, Label, Preset, Result, Tier};
use peeker_store::partners as rows;
pub use peeker_store::partners::Partner;
use secrecy::SecretString;

use crate::App;
use crate::failure::internal;
use crate::keys::{self, NewKey};
use crate::settings::REQUESTS_PER_MINUTE;

/// A new partner with a full key for each environment.
#[derive(Debug)]
pub struct CreatedPartner {
    pub partner: Partner,
    /// `pk_test_…`
    pub test_key: SecretString,
    /// `pk_live_…`
    pub live_key: SecretString,
}

/// Makes a partner and its first two keys. Errors: `invalid_request` on `name`.
pub async fn create(app: &App, name: &str, tier: Tier) -> Result<CreatedPartner> {
    let name = Label::parse(name).map_err(|error| Error::invalid("name", error.to_string()))?;
    let now = app.now();
    let partner = Partner {
        id: AccountId::new(now),
        name: name.into(),
        tier,
        created_at: now,
    };
    rows::insert(&app.0.store.control, &partner)
        .await
        .map_err(internal("store a partner"))?;
    let first_key = |environment| NewKey {
        environment,
        preset: Preset::Full,
        label: None,
        requests_per_minute: REQUESTS_PER_MINUTE,
    };
    let test_key = keys::create(app, &partner.id, first_key(Environment::Test))
        .await?
        .secret;
    let live_key = keys::create(app, &partner.id, first_key(Environment::Live))
        .await?
        .secret;
    Ok(CreatedPartner {
        partner,
        test_key,
        live_key,
    })
}

/// All partners, oldest first.
pub async fn list(app: &App) -> Result<Vec<Partner>> {
    rows::list_unscoped(&app.0.store.control)
        .await
        .map_err(internal("list partners"))
}
