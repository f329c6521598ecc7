//! Where a partner's webhooks go and what signs them (contract §6).

pub mod health;
pub mod refused;
pub mod rotation;

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use peeker_domain::id::AccountId;
use peeker_domain::{Environment, Error, Result, Timestamp, WebUrl};
use peeker_store::partners;
use peeker_store::webhooks::{self as rows, StoredSecret};
use peeker_webhooks::SigningSecret;
use secrecy::SecretString;

use crate::App;
use crate::failure::internal;
use crate::secrets::SealContext;

/// How long a deliverer goes on with an endpoint and secrets that were changed elsewhere, by a command or by
/// another server.
const FRESH_FOR: Duration = Duration::from_secs(1);
const MAX_CACHED: u64 = 10_000;

/// The secrets of a partner, one per environment, shown when they are made and never again.
#[derive(Debug)]
pub struct CreatedSecrets {
    pub test: SecretString,
    pub live: SecretString,
}

/// Sets where the partner's events go, in one environment or in both. The first time, a secret is made for each
/// environment and given back; later calls change the URL and keep the secrets. What was paused there goes on, at the new
/// address. Errors: `not_found`; `invalid_request` on `url` when webhooks may not go there.
pub async fn set_endpoint(
    app: &App,
    account: &AccountId,
    only: Option<Environment>,
    url: &str,
) -> Result<Option<CreatedSecrets>> {
    let url = WebUrl::parse(url).map_err(|error| Error::invalid("url", error.to_string()))?;
    app.0
        .outbound
        .check_target(&url)
        .map_err(|error| Error::invalid("url", error.to_string()))?;
    must_exist(app, account).await?;
    let control = &app.0.store.control;
    let now = app.now();
    let created = first_secrets(app, account, now).await?;
    // Last, so that nothing is ever sent that no secret signs.
    let all = Environment::ALL;
    let environments = only.as_ref().map_or(all, std::slice::from_ref);
    rows::set_url(control, account, environments, url.as_str(), now)
        .await
        .map_err(internal("set a webhook endpoint"))?;
    // Not before every server knows the new address, or what waited would still go to the old one.
    let from = now.plus_millis(i64::try_from(FRESH_FOR.as_millis()).unwrap_or(i64::MAX));
    for &environment in environments {
        health::resume_from(app, account, environment, from).await?;
        app.0.endpoints.forget(account, environment).await;
    }
    Ok(created)
}

/// Errors: `not_found`.
async fn must_exist(app: &App, account: &AccountId) -> Result<()> {
    let partner = partners::find(&app.0.store.control, account).await;
    match partner.map_err(internal("find a partner"))? {
        Some(_) => Ok(()),
        None => Err(Error::not_found("partner")),
    }
}

/// Makes the secrets of an account that has none. `None` when it has some.
async fn first_secrets(
    app: &App,
    account: &AccountId,
    now: Timestamp,
) -> Result<Option<CreatedSecrets>> {
    let (test, sealed_test) = new_secret(app, account)?;
    let (live, sealed_live) = new_secret(app, account)?;
    let sealed = [
        (Environment::Test, sealed_test),
        (Environment::Live, sealed_live),
    ];
    let added = rows::add_first_secrets(&app.0.store.control, account, &sealed, now).await;
    let added = added.map_err(internal("store webhook secrets"))?;
    Ok(added.then_some(CreatedSecrets { test, live }))
}

/// A new secret, and how it is stored.
fn new_secret(app: &App, account: &AccountId) -> Result<(SecretString, String)> {
    let secret = SigningSecret::generate().map_err(Error::internal)?;
    let text = SecretString::from(secret.expose().to_owned());
    let sealed = app.0.sealer.seal(seal_context(account), &text)?;
    Ok((text, sealed))
}

fn seal_context(account: &AccountId) -> SealContext<'_> {
    SealContext {
        owner: account.as_str(),
        table: "webhook_secrets",
        column: "sealed_secret",
    }
}

/// An endpoint and what signs for it.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub url: WebUrl,
    /// Newest first, with the time at which each stops to sign.
    secrets: Vec<(SigningSecret, Option<Timestamp>)>,
}

impl Endpoint {
    /// The secrets that sign at `now`, newest first.
    pub fn signing(&self, now: Timestamp) -> impl Iterator<Item = &SigningSecret> {
        let signs = move |until: &Option<Timestamp>| until.is_none_or(|until| now < until);
        let secrets = self.secrets.iter();
        secrets.filter_map(move |(secret, until)| signs(until).then_some(secret))
    }
}

type CacheKey = (AccountId, Environment);

/// Endpoints by account and environment, so that a burst of events reads each only once.
pub(crate) struct EndpointCache(Cache<CacheKey, Option<Arc<Endpoint>>>);

impl EndpointCache {
    pub fn new() -> Self {
        Self(
            Cache::builder()
                .max_capacity(MAX_CACHED)
                .time_to_live(FRESH_FOR)
                .build(),
        )
    }

    async fn forget(&self, account: &AccountId, environment: Environment) {
        self.0.invalidate(&(account.clone(), environment)).await;
    }
}

/// The endpoint of an account; `None` when it has none.
pub(crate) async fn endpoint(
    app: &App,
    account: &AccountId,
    environment: Environment,
) -> Result<Option<Arc<Endpoint>>> {
    let key = (account.clone(), environment);
    if let Some(found) = app.0.endpoints.0.get(&key).await {
        return Ok(found);
    }
    let found = load_endpoint(app, account, environment)
        .await?
        .map(Arc::new);
    app.0.endpoints.0.insert(key, found.clone()).await;
    Ok(found)
}

pub(crate) async fn load_endpoint(
    app: &App,
    account: &AccountId,
    environment: Environment,
) -> Result<Option<Endpoint>> {
    let control = &app.0.store.control;
    let url = rows::url(control, account, environment)
        .await
        .map_err(internal("read a webhook endpoint"))?;
    let Some(url) = url else { return Ok(None) };
    let url = WebUrl::parse(&url).map_err(Error::internal)?;
    let secrets = stored_secrets(app, account, environment).await?;
    Ok(Some(Endpoint { url, secrets }))
}

/// The secrets that sign for an account now, newest first.
pub(crate) async fn signing_secrets(
    app: &App,
    account: &AccountId,
    environment: Environment,
) -> Result<Vec<SigningSecret>> {
    let stored = stored_secrets(app, account, environment).await?;
    Ok(stored.into_iter().map(|(secret, _)| secret).collect())
}

/// The secrets that sign now and until when each does, newest first.
async fn stored_secrets(
    app: &App,
    account: &AccountId,
    environment: Environment,
) -> Result<Vec<(SigningSecret, Option<Timestamp>)>> {
    use secrecy::ExposeSecret;
    let control = &app.0.store.control;
    let stored = rows::secrets(control, account, environment, app.now()).await;
    let stored = stored.map_err(internal("read webhook secrets"))?;
    let open = |stored: &StoredSecret| {
        let text = app.0.sealer.open(seal_context(account), &stored.sealed)?;
        let secret = SigningSecret::parse(text.expose_secret()).map_err(Error::internal)?;
        Ok((secret, stored.expires_at))
    };
    stored.iter().map(open).collect()
}
