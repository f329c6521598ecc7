//! Forgetting what is older than it has to be kept: events, delivery attempts, replays, kept answers, fingerprints.
//!
//! A reconciler: it takes no input, looks at what is there, and may run on several servers at once. It removes a few
//! rows in a transaction, so that no write waits for it.

use std::time::Duration;

use peeker_domain::id::AccountId;
use peeker_domain::{Environment, Result, Timestamp};
use peeker_store::{EnvironmentDb, StoreError, events as rows};
use tokio_util::sync::CancellationToken;

use crate::App;
use crate::failure::internal;

/// How often it looks.
const INTERVAL: Duration = Duration::from_hours(1);
/// Rows removed in one transaction.
const STEP: u64 = 500;
/// The pause between two full steps, which leaves the writer to others.
const BREATH: Duration = Duration::from_millis(50);
/// Accounts read at once.
const ACCOUNTS: u64 = 200;
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// What one run removed from one environment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Events, with their deliveries and attempts.
    pub events: u64,
    /// Delivery attempts of events that stay.
    pub attempts: u64,
    pub replays: u64,
    /// Answers kept for `Idempotency-Key`.
    pub idempotency_keys: u64,
    /// Fingerprints of orders and imports.
    pub fingerprints: u64,
}

impl Pruned {
    fn by_kind(self) -> [(&'static str, u64); 5] {
        let Self {
            events,
            attempts,
            replays,
            idempotency_keys,
            fingerprints,
        } = self;
        [
            ("events", events),
            ("attempts", attempts),
            ("replays", replays),
            ("idempotency_keys", idempotency_keys),
            ("fingerprints", fingerprints),
        ]
    }
}

/// Prunes both environments now and every hour, until `shutdown`.
pub(crate) async fn keep(app: &App, shutdown: CancellationToken) {
    loop {
        for environment in Environment::ALL {
            let run = shutdown.run_until_cancelled(prune(app, *environment)).await;
            match run {
                Some(Ok(pruned)) => report(*environment, pruned),
                Some(Err(error)) => {
                    tracing::error!(error = error.chain(), "Could not prune {environment}");
                }
                None => return,
            }
        }
        let slept = shutdown.run_until_cancelled(tokio::time::sleep(INTERVAL));
        if slept.await.is_none() {
            return;
        }
    }
}

fn report(environment: Environment, pruned: Pruned) {
    for (kind, rows) in pruned.by_kind() {
        metrics::counter!("rows_pruned_total", "environment" => environment.as_str(), "kind" => kind)
            .increment(rows);
    }
    if pruned != Pruned::default() {
        let Pruned {
            events,
            attempts,
            replays,
            idempotency_keys,
            fingerprints,
        } = pruned;
        tracing::info!(%environment, events, attempts, replays, idempotency_keys, fingerprints,
            "Removed what is over its time in {environment}");
    }
}

/// Removes everything that is over its time in one environment.
pub async fn prune(app: &App, environment: Environment) -> Result<Pruned> {
    let db = &app.environment(environment).db;
    let mut pruned = Pruned::default();
    let mut after = None;
    loop {
        let accounts = rows::accounts_unscoped(db, after.as_ref(), ACCOUNTS)
            .await
            .map_err(internal("list accounts"))?;
        let Some(last) = accounts.last().cloned() else {
            break;
        };
        for account in &accounts {
            let now = app.account_now(environment, account).await?;
            prune_account(app, db, account, now, &mut pruned)
                .await
                .map_err(internal("prune an account"))?;
        }
        after = Some(last);
    }
    prune_lapsed(db, app.now(), &mut pruned)
        .await
        .map_err(internal("prune what has lapsed"))?;
    Ok(pruned)
}

/// `now` is the account's time, which its rows go by; attempts are on record by the system's.
async fn prune_account(
    app: &App,
    db: &EnvironmentDb,
    account: &AccountId,
    now: Timestamp,
    pruned: &mut Pruned,
) -> Result<(), StoreError> {
    let retention = app.settings().retention;
    let ago = |now: Timestamp, days: u32| now.plus_seconds(-i64::from(days) * DAY_SECONDS);
    let events = ago(now, retention.event_days);
    let replays = ago(now, retention.attempt_days);
    let attempts = ago(app.now(), retention.attempt_days);
    pruned.events += in_steps(|| rows::prune_events(db, account, events, STEP)).await?;
    pruned.attempts += in_steps(|| rows::prune_attempts(db, account, attempts, STEP)).await?;
    pruned.replays += in_steps(|| rows::prune_replays(db, account, replays, STEP)).await?;
    if now > app.now() {
        // A clock that is far ahead would leave what lapsed by it for as long.
        pruned.idempotency_keys +=
            in_steps(|| rows::prune_idempotency_keys(db, account, now, STEP)).await?;
    }
    Ok(())
}

/// By the server's own time: an account's clock is never behind it, so what has lapsed here has lapsed there.
async fn prune_lapsed(
    db: &EnvironmentDb,
    now: Timestamp,
    pruned: &mut Pruned,
) -> Result<(), StoreError> {
    use rows::Fingerprints::{Imports, Orders};
    pruned.idempotency_keys +=
        in_steps(|| rows::prune_idempotency_keys_unscoped(db, now, STEP)).await?;
    for of in [Orders, Imports] {
        pruned.fingerprints +=
            in_steps(|| rows::prune_fingerprints_unscoped(db, of, now, STEP)).await?;
    }
    Ok(())
}

/// Repeats a step until it finds nothing more. Gives back how many rows went.
async fn in_steps<F>(step: impl Fn() -> F) -> Result<u64, StoreError>
where
    F: Future<Output = Result<u64, StoreError>>,
{
    let mut all = 0;
    loop {
        let removed = step().await?;
        all += removed;
        if removed < STEP {
            return Ok(all);
        }
        tokio::time::sleep(BREATH).await;
    }
}
