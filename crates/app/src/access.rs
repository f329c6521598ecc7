//! Who asks: bearer keys and their rate limit.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use peeker_domain::id::{AccountId, KeyId};
use peeker_domain::rate::Tokens;
use peeker_domain::{Code, Environment, Error, PartnerStatus, Preset, Result, Timestamp};
use peeker_store::partners;

use crate::failure::internal;
use crate::{App, keys};

/// A key's last use is remembered to this precision, in milliseconds: one write a minute at most.
const LAST_USED_PRECISION_MS: i64 = 60_000;

/// The key behind a request. Every use-case takes one, so no query can forget its account.
#[derive(Debug, Clone)]
pub struct Actor {
    pub account: AccountId,
    pub key: KeyId,
    /// Where the key acts.
    pub environment: Environment,
    /// What the key may do.
    pub preset: Preset,
    /// Requests per rolling minute.
    pub requests_per_minute: u32,
    /// Whether the operator has suspended the partner.
    pub suspended: bool,
}

impl Actor {
    /// Lets a sandbox key pass. What only a sandbox has is not there for any other (contract §7).
    /// Errors: `not_found`, of what `noun` names.
    pub fn require_sandbox(&self, noun: &str) -> Result<()> {
        match self.environment {
            Environment::Test => Ok(()),
            Environment::Live => Err(Error::not_found(noun)),
        }
    }

    /// Lets the keys of a partner pass that is not suspended. Errors: `forbidden`.
    pub fn require_unsuspended(&self) -> Result<()> {
        if self.suspended {
            return Err(Error::new(
                Code::Forbidden,
                "This account is suspended: nothing can be read or ordered, and what was ordered goes on. Ask the operator \
                 of this service to resume it",
            ));
        }
        Ok(())
    }

    /// The time on the clock of the actor's account.
    pub async fn now(&self, app: &App) -> Result<Timestamp> {
        app.account_now(self.environment, &self.account).await
    }
}

/// What is left of a key's rolling minute after this request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Whether this request may go on.
    pub granted: bool,
    /// Tokens per minute; most requests cost one.
    pub limit: u32,
    pub remaining: u32,
    /// Seconds until the oldest counted request leaves the window; when refused, until this request would be granted.
    pub reset_seconds: u32,
    /// When it was counted.
    pub(crate) counted_at: Timestamp,
}

/// A request's place in the rate limit, for whoever finds out on the way that it costs more than one token.
#[derive(Clone)]
pub struct Meter {
    app: App,
    actor: Actor,
    quota: Arc<Mutex<Quota>>,
}

impl Meter {
    /// Counts a request of the actor as one token.
    pub async fn start(app: &App, actor: &Actor) -> Result<Self> {
        let (key, limit) = (&actor.key, actor.requests_per_minute);
        let counted = app.0.rate_limiter.count(key, limit, app.now()).await;
        Ok(Self {
            quota: Arc::new(Mutex::new(counted.map_err(internal("count a request"))?)),
            app: app.clone(),
            actor: actor.clone(),
        })
    }

    /// What is left now.
    pub fn quota(&self) -> Quota {
        *self.quota.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the request as so many tokens. To be called before it changes anything.
    /// Errors: `rate_limited` when they do not fit; then the request is not counted at all.
    pub async fn weigh(&self, tokens: Tokens) -> Result<()> {
        let (key, limit) = (&self.actor.key, self.actor.requests_per_minute);
        let tokens = tokens.within(limit);
        if tokens == 1 {
            return Ok(());
        }
        let (limiter, before) = (&self.app.0.rate_limiter, self.quota());
        let counted = limiter.recount(key, before.counted_at, tokens, limit, self.app.now());
        let quota = counted.await.map_err(internal("count a request anew"))?;
        *self.quota.lock().unwrap_or_else(PoisonError::into_inner) = quota;
        if quota.granted {
            return Ok(());
        }
        let Quota { remaining, .. } = quota;
        let message = format!(
            "This request counts as {tokens} requests, and the key has {remaining} of its {limit} per minute left"
        );
        Err(quota.refusal(message))
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Meter").field(&self.quota()).finish()
    }
}

impl Quota {
    /// The error of a request that does not fit.
    pub fn refusal(self, message: String) -> Error {
        // A client that comes back after 0 seconds would only be refused again.
        Error::new(Code::RateLimited, message)
            .with_detail("retry_after_seconds", self.reset_seconds.max(1))
    }
}

impl App {
    /// The actor of a bearer key. Errors: `unauthorized` for a malformed, unknown or revoked key, and for one of a
    /// partner that was closed.
    pub async fn authenticate(&self, secret: &str) -> Result<Actor> {
        let refused = || {
            Error::new(
                Code::Unauthorized,
                "The API key is malformed, unknown or revoked",
            )
        };
        if !keys::is_well_formed(secret) {
            return Err(refused());
        }
        // The look-up is by a keyed hash, so how long it takes says nothing about any stored secret.
        let hash = self.0.key_hasher.hash(secret);
        let found = partners::find_by_secret_unscoped(&self.0.store.control, &hash).await;
        let (key, status) = found
            .map_err(internal("look up a key"))?
            .ok_or_else(refused)?;
        if key.revoked_at.is_some() || status == PartnerStatus::Closed {
            return Err(refused());
        }
        self.remember_use(&key);
        Ok(Actor {
            account: key.account,
            key: key.id,
            environment: key.environment,
            preset: key.preset,
            requests_per_minute: key.requests_per_minute,
            suspended: status == PartnerStatus::Suspended,
        })
    }

    fn remember_use(&self, key: &partners::ApiKey) {
        let now = self.now();
        let stale = |last: Timestamp| now.as_millis() - last.as_millis() >= LAST_USED_PRECISION_MS;
        if key.last_used_at.is_none_or(stale)
            && self.0.rate_limiter.is_first_use_in_minute(&key.id, now)
        {
            let (app, account, id) = (self.clone(), key.account.clone(), key.id.clone());
            tokio::spawn(async move {
                // Only shown to people; a lost write is mended by the next minute's.
                if let Err(error) =
                    partners::touch_key(&app.0.store.control, &account, &id, now).await
                {
                    tracing::debug!(%error, key.id = %id, "could not remember the last use of a key");
                }
            });
        }
    }
}
