//! Whether an endpoint takes its events: when it is paused, and how it is resumed.

use std::time::Duration;

use peeker_domain::delivery::Pause;
use peeker_domain::id::AccountId;
use peeker_domain::view::{EndpointStatus, PauseReason, WebhookEndpoint};
use peeker_domain::{Environment, Result, Timestamp};
use peeker_store::deliveries::Recorded;
use peeker_store::deliveries::endpoint_health::{self as rows, Health};
use peeker_store::webhooks as endpoints;
use peeker_webhooks::Outcome;
use tokio_util::sync::CancellationToken;

use super::{Endpoint, load_endpoint, must_exist};
use crate::failure::internal;
use crate::{Actor, App, backoff};

/// An endpoint that has only failed for so long is paused: five days.
const FAILING_SECONDS: i64 = 5 * 24 * 60 * 60;
/// The failure before must be this close, so that one hiccup after days without events pauses nothing.
const STILL_FAILING_SECONDS: i64 = 24 * 60 * 60;
/// How often the metric of paused endpoints is set.
const COUNT_EVERY: Duration = Duration::from_secs(30);
/// What a receiver answers that is gone for good.
const GONE: u16 = 410;

/// How soon an endpoint is tried that has just been paused because it failed.
const PROBE_SECONDS: i64 = 60 * 60;

/// When a paused endpoint is tried again, on the account's clock: soon at first when it failed, rarely when it said that
/// it is gone.
pub(crate) fn probe_after(now: Timestamp, paused_at: Timestamp, reason: PauseReason) -> Timestamp {
    match reason {
        PauseReason::Failing => {
            let paused_for = now.as_seconds() - paused_at.as_seconds();
            now.plus_seconds(backoff::watch(paused_for, PROBE_SECONDS))
        }
        PauseReason::Gone => now.plus_seconds(24 * 60 * 60),
    }
}

/// Why an endpoint that failed just now is to be paused; `None` while its deliveries are tried again as usual.
pub(crate) fn reason_to_pause(
    outcome: &Outcome,
    health: &Health,
    now: Timestamp,
) -> Option<PauseReason> {
    let before = |time: Option<Timestamp>, seconds| {
        time.is_some_and(|time| time.plus_seconds(seconds) <= now)
    };
    if outcome.status == Some(GONE) {
        Some(PauseReason::Gone)
    } else if let Some(pause) = health.pause {
        Some(pause.reason)
    } else if before(health.failing_since, FAILING_SECONDS)
        && !before(health.last_failure_at, STILL_FAILING_SECONDS)
    {
        Some(PauseReason::Failing)
    } else {
        None
    }
}

/// Records a failed attempt of a delivery by pausing its endpoint, if it is time for that. Gives back whether it did.
pub(crate) async fn pause_if_due(
    app: &App,
    environment: Environment,
    tried: &Endpoint,
    outcome: &Outcome,
    failed: &Recorded,
) -> Result<bool> {
    let account = &failed.delivery.account;
    let db = &app.environment(environment).db;
    let health = rows::find(db, account)
        .await
        .map_err(internal("read an endpoint's health"))?;
    let Some(now) = failed.attempt.as_ref().map(|attempt| attempt.ended_at) else {
        return Ok(false);
    };
    let Some(reason) = reason_to_pause(outcome, &health, now) else {
        return Ok(false);
    };
    // What was tried may be an address that was replaced a moment ago; the new one has done nothing wrong.
    if !is_present(app, environment, account, tried).await? {
        return Ok(false);
    }
    let pause = Pause { at: now, reason };
    let is_new = rows::pause(db, failed, pause, probe_after(now, now, reason))
        .await
        .map_err(internal("pause an endpoint"))?;
    if is_new {
        metrics::counter!("webhook_pauses_total", "reason" => reason.as_str()).increment(1);
        tracing::warn!(partner.id = %account, %environment, reason = reason.as_str(),
            "Webhook endpoint of {account} is paused; its events wait");
    }
    // Or replaced just now, by somebody who found nothing to resume.
    if !is_present(app, environment, account, tried).await? {
        resume_from(app, account, environment, app.now()).await?;
    }
    Ok(true)
}

/// Whether events still go where `tried` is.
async fn is_present(
    app: &App,
    environment: Environment,
    account: &AccountId,
    tried: &Endpoint,
) -> Result<bool> {
    let present = load_endpoint(app, account, environment).await?;
    Ok(present.is_some_and(|present| present.url == tried.url))
}

/// Resumes the endpoint of an account: what waits goes out now, in sequence. Gives back how many events that are; `None`
/// when it was not paused. Errors: `not_found`.
pub async fn resume(
    app: &App,
    account: &AccountId,
    environment: Environment,
) -> Result<Option<u64>> {
    must_exist(app, account).await?;
    resume_from(app, account, environment, app.now()).await
}

pub(super) async fn resume_from(
    app: &App,
    account: &AccountId,
    environment: Environment,
    from: Timestamp,
) -> Result<Option<u64>> {
    let resumed = rows::resume(&app.environment(environment).db, account, from).await;
    let resumed = resumed.map_err(internal("resume an endpoint"))?;
    if let Some(waiting) = resumed {
        report_resumed(account, environment, waiting);
    }
    Ok(resumed)
}

pub(crate) fn report_resumed(account: &AccountId, environment: Environment, waiting: u64) {
    tracing::info!(partner.id = %account, %environment, waiting, "Webhook endpoint of {account} is resumed");
}

/// The endpoint of the key's partner, as events of the key's environment find it.
pub async fn get(app: &App, actor: &Actor) -> Result<WebhookEndpoint> {
    show(app, &actor.account, actor.environment).await
}

/// The endpoint of an account, as events of an environment find it. Errors: `not_found`.
pub async fn show(
    app: &App,
    account: &AccountId,
    environment: Environment,
) -> Result<WebhookEndpoint> {
    must_exist(app, account).await?;
    let failed = internal("read an endpoint's health");
    let url = endpoints::url(&app.0.store.control, account, environment).await;
    let url = url.map_err(&failed)?;
    let db = &app.environment(environment).db;
    let health = rows::find(db, account).await.map_err(&failed)?;
    let waiting_count = rows::count_waiting(db, account).await.map_err(&failed)?;
    let probe_at = rows::next_probe_at(db, account).await.map_err(&failed)?;
    // Jobs are due by the system's clock; the partner reads all times on the account's.
    let moved = app.account_now(environment, account).await?.as_millis() - app.now().as_millis();
    let status = match (&url, health.pause) {
        (None, _) => EndpointStatus::None,
        (Some(_), Some(_)) => EndpointStatus::Paused,
        (Some(_), None) => EndpointStatus::Active,
    };
    Ok(WebhookEndpoint {
        url,
        status,
        paused_at: health.pause.map(|pause| pause.at),
        paused_reason: health.pause.map(|pause| pause.reason),
        failing_since: health.failing_since,
        waiting_count,
        last_success_at: health.last_success_at,
        next_probe_at: probe_at.map(|at| at.plus_millis(moved)),
    })
}

/// The accounts whose endpoint is paused, for `peeker doctor`.
pub async fn paused_unscoped(app: &App, environment: Environment) -> Result<Vec<AccountId>> {
    rows::paused_unscoped(&app.environment(environment).db)
        .await
        .map_err(internal("count paused endpoints"))
}

/// Keeps the metric of paused endpoints until `shutdown`.
pub(crate) async fn count_paused(app: &App, environment: Environment, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(COUNT_EVERY);
    while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
        // A database that cannot be read is told of by those who need it.
        if let Ok(paused) = paused_unscoped(app, environment).await {
            let count = u32::try_from(paused.len()).unwrap_or(u32::MAX);
            metrics::gauge!("webhook_endpoints_paused", "environment" => environment.as_str())
                .set(count);
        }
    }
}
