//! Delivering events: claim what is due, send it, record what came of it (contract §6).
//!
//! At least once: a delivery is open until an attempt is recorded under its lease, so a sender that was killed after
//! the receiver answered sends again, with the same event id. A receiver that hangs holds only its own permits.

mod concurrency_limiter;
pub(crate) mod probe;

use std::sync::Arc;
use std::time::Duration;

use peeker_domain::{DeliveryState, Environment, FailureClass, Result, Timestamp};
use peeker_store::deliveries::{self, Attempt, ClaimedDelivery, Recorded};
use peeker_store::{LineUp, Share};
use peeker_webhooks::{Outcome, headers, last_retry, next_attempt, put_off};

use concurrency_limiter::Feedback;
pub(crate) use concurrency_limiter::{ConcurrencyLimiter, MOST_HELD};

use crate::App;
use crate::failure::internal;
use crate::lease::token;
use crate::webhooks::health::pause_if_due;
use crate::webhooks::{self, Endpoint};

/// Longer than waiting for a permit (20 s), a send (15 s) and recording it can take, so that no second sender starts while
/// the first is at it.
const LEASE_SECONDS: i64 = 60;
/// Answers with which a receiver may say when it wants to be tried again.
const MAY_PUT_OFF: [u16; 2] = [429, 503];

/// Claims each account's share of the deliveries that are due.
pub(crate) async fn claim(
    app: &App,
    environment: Environment,
    line: &LineUp,
    shares: &[Share],
) -> Result<Vec<ClaimedDelivery>> {
    let db = &app.environment(environment).db;
    let now = app.now();
    let lease_until = now.plus_seconds(LEASE_SECONDS);
    let claimed = deliveries::claim_unscoped(db, now, lease_until, &token(), line, shares).await;
    claimed.map_err(internal("claim deliveries"))
}

/// Sends one claimed delivery and records what came of it.
pub(crate) async fn deliver(
    app: &App,
    environment: Environment,
    limiter: &Arc<ConcurrencyLimiter>,
    delivery: ClaimedDelivery,
) {
    let event = delivery.event.clone();
    if let Err(error) = attempt(app, environment, limiter, delivery).await {
        // The lease ends by itself and the event is sent again.
        tracing::error!(event.id = %event, error = error.chain(), "Delivery of {event} failed on our side");
    }
}

async fn attempt(
    app: &App,
    environment: Environment,
    limiter: &Arc<ConcurrencyLimiter>,
    delivery: ClaimedDelivery,
) -> Result<()> {
    let skipped = |delivery| Recorded {
        state: DeliveryState::Skipped,
        ..Recorded::postponed(delivery, app.now())
    };
    let Some(known) = webhooks::endpoint(app, &delivery.account, environment).await? else {
        return record(app, environment, skipped(delivery)).await;
    };
    let permit = match limiter.acquire(&delivery.account, known.url.as_str()).await {
        Ok(permit) => permit,
        Err(wait) => {
            let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
            let until = app.now().plus_millis(wait);
            metrics::counter!("webhook_deliveries_postponed_total").increment(1);
            return record(app, environment, Recorded::postponed(delivery, until)).await;
        }
    };
    // Looked up again: it may have been changed, or a secret rotated, while this waited for its turn.
    let Some(endpoint) = webhooks::endpoint(app, &delivery.account, environment).await? else {
        return record(app, environment, skipped(delivery)).await;
    };
    let (outcome, attempt) = send_once(app, environment, &endpoint, &delivery).await?;
    let recorded = judge(delivery, &outcome, attempt, app.now());
    if !outcome.is_success()
        && pause_if_due(app, environment, &endpoint, &outcome, &recorded).await?
    {
        limiter.send_back(&recorded.delivery.account);
        return Ok(());
    }
    // Not before it is known whether anything more may be sent there.
    permit.release(feedback(&outcome));
    record(app, environment, recorded).await
}

/// Signs and sends one delivery, once.
pub(crate) async fn send_once(
    app: &App,
    environment: Environment,
    endpoint: &Endpoint,
    delivery: &ClaimedDelivery,
) -> Result<(Outcome, Attempt)> {
    let started_at = app.now();
    let secrets: Vec<_> = endpoint.signing(started_at).collect();
    let seconds = started_at.as_seconds();
    let headers = headers(&secrets, &delivery.event, seconds, delivery.body.as_bytes());
    let body = delivery.body.clone();
    let outcome = app.0.outbound.post(&endpoint.url, &headers, body).await;
    report(delivery, &outcome);
    let (ended, ended_at) = (
        app.now(),
        app.account_now(environment, &delivery.account).await?,
    );
    let attempt = Attempt {
        // The signature is dated by the system's clock, the record by the account's.
        started_at: started_at.plus_millis(ended_at.millis_since(ended)),
        ended_at,
        http_status: outcome.status,
        failure: outcome.failure,
        latency_ms: outcome.latency_ms,
        response_excerpt: outcome.response_excerpt.clone(),
    };
    Ok((outcome, attempt))
}

/// What an attempt makes of its delivery.
fn judge(
    delivery: ClaimedDelivery,
    outcome: &Outcome,
    attempt: Attempt,
    now: Timestamp,
) -> Recorded {
    let (state, next, retry_until) = if outcome.is_success() {
        (DeliveryState::Delivered, now, None)
    } else {
        let moved = attempt.ended_at.millis_since(now);
        let known = delivery.retry_until.map(|until| until.plus_millis(-moved));
        let (next, until) = retry(outcome, delivery.try_number, known, now);
        let until = until.map(|until| until.plus_millis(moved));
        match next {
            Some(next) => (DeliveryState::Pending, next, until),
            None => (DeliveryState::Failed, now, until),
        }
    };
    Recorded {
        delivery,
        attempt: Some(attempt),
        state,
        next_attempt_at: next,
        retry_until,
    }
}

/// When to try again, and when the retries end if the receiver has put them off now or before.
fn retry(
    outcome: &Outcome,
    number: u32,
    until: Option<Timestamp>,
    now: Timestamp,
) -> (Option<Timestamp>, Option<Timestamp>) {
    let may_put_off = outcome
        .status
        .is_some_and(|status| MAY_PUT_OFF.contains(&status));
    let asked = outcome.retry_after.filter(|_| may_put_off);
    let asked = asked.map(|asked| asked.from(now));
    let next = next_attempt(number, now, rand::random());
    let until = until.or_else(|| asked.and_then(|_| last_retry(number, now)));
    let next = match (next, until) {
        (Some(next), Some(until)) => put_off(next, asked, now, until),
        (next, _) => next,
    };
    (next, until)
}

fn feedback(outcome: &Outcome) -> Feedback {
    match (outcome.failure, outcome.status) {
        (None, _) => Feedback::Good,
        (Some(FailureClass::Status), Some(status)) if !MAY_PUT_OFF.contains(&status) => {
            Feedback::Neutral
        }
        _ => Feedback::Bad,
    }
}

async fn record(app: &App, environment: Environment, recorded: Recorded) -> Result<()> {
    if recorded.state == DeliveryState::Failed {
        let (event, attempt) = (&recorded.delivery.event, recorded.delivery.number);
        tracing::warn!(event.id = %event, attempt, "Gave up on {event} after its last retry");
    }
    let attempts = &app.environment(environment).attempts;
    attempts
        .submit(recorded)
        .await
        .map_err(internal("record a delivery attempt"))
}

fn report(delivery: &ClaimedDelivery, outcome: &Outcome) {
    let result = outcome.failure.map_or("delivered", FailureClass::as_str);
    metrics::counter!("webhook_attempts_total", "result" => result).increment(1);
    let seconds = Duration::from_millis(outcome.latency_ms).as_secs_f64();
    metrics::histogram!("webhook_attempt_duration_seconds").record(seconds);
    let event = &delivery.event;
    let (attempt, status, duration_ms) = (delivery.number, outcome.status, outcome.latency_ms);
    if outcome.is_success() {
        tracing::debug!(event.id = %event, attempt, status, duration_ms, "Delivered {event}");
    } else if outcome.failure == Some(FailureClass::Refused) {
        tracing::warn!(event.id = %event, attempt, failure = result, duration_ms,
            "{event} was not sent: the rules for addresses refuse its endpoint");
    } else {
        tracing::info!(event.id = %event, attempt, status, failure = result, duration_ms, "Delivery of {event} failed");
    }
}
