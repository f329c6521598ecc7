//! Delivering events: claim what is due, send it, record what came of it (contract §6).
//!
//! At least once: a delivery is open until an attempt is recorded under its lease, so a sender that was killed after
//! the receiver answered sends again, with the same event id. A receiver that hangs holds only its own places: no
//! account may have more than a share of the sends under way.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use peeker_domain::id::AccountId;
use peeker_domain::{Environment, Result};
use peeker_store::deliveries::{self, Attempt, ClaimedDelivery, Recorded, State};
use peeker_webhooks::{Outcome, headers, next_attempt};

use crate::failure::internal;
use crate::{App, runner, webhooks};

/// Longer than a send can take (15 s) and be recorded, so that no second sender starts while the first is at it.
const LEASE_SECONDS: i64 = 60;
/// Sends under way to one account. A hanging receiver holds these for 15 seconds and no others.
const PER_ACCOUNT: usize = 64;
/// When to look again at a delivery whose account has that many under way.
const BUSY_MS: i64 = 1_000;

/// Sends under way, by account.
#[derive(Default)]
pub(crate) struct InFlight(Mutex<HashMap<AccountId, usize>>);

impl InFlight {
    fn enter(&self, account: &AccountId) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(account.clone()).or_default();
        let fits = *count < PER_ACCOUNT;
        *count += usize::from(fits);
        fits
    }

    fn leave(&self, account: &AccountId) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(account) {
            *count -= 1;
            if *count == 0 {
                counts.remove(account);
            }
        }
    }
}

/// Claims up to `limit` due deliveries.
pub(crate) async fn claim(
    app: &App,
    environment: Environment,
    limit: u32,
) -> Result<Vec<ClaimedDelivery>> {
    let db = &app.environment(environment).db;
    let now = app.now();
    let lease_until = now.plus_seconds(LEASE_SECONDS);
    let claimed = deliveries::claim_unscoped(db, now, lease_until, &runner::token(), limit).await;
    claimed.map_err(internal("claim deliveries"))
}

/// Sends one claimed delivery and records what came of it.
pub(crate) async fn send(
    app: &App,
    environment: Environment,
    in_flight: &InFlight,
    delivery: ClaimedDelivery,
) {
    let event = delivery.event.clone();
    let recorded = if in_flight.enter(&delivery.account) {
        let account = delivery.account.clone();
        let recorded = attempt(app, environment, delivery).await;
        in_flight.leave(&account);
        recorded
    } else {
        Ok(postponed(app, delivery))
    };
    let stored = match recorded {
        Ok(recorded) => {
            let submitted = app.environment(environment).attempts.submit(recorded).await;
            submitted.map_err(internal("record a delivery attempt"))
        }
        Err(error) => Err(error),
    };
    if let Err(error) = stored {
        // The lease ends by itself and the event is sent again.
        tracing::error!(event.id = %event, error = error.chain(), "Delivery of {event} failed on our side");
    }
}

fn postponed(app: &App, delivery: ClaimedDelivery) -> Recorded {
    Recorded {
        delivery,
        attempt: None,
        state: State::Pending,
        next_attempt_at: app.now().plus_millis(BUSY_MS),
    }
}

async fn attempt(
    app: &App,
    environment: Environment,
    delivery: ClaimedDelivery,
) -> Result<Recorded> {
    let Some(endpoint) = webhooks::endpoint(app, &delivery.account, environment).await? else {
        return Ok(Recorded {
            delivery,
            attempt: None,
            state: State::Skipped,
            next_attempt_at: app.now(),
        });
    };
    let started_at = app.now();
    let headers = headers(
        &endpoint.secrets,
        &delivery.event,
        started_at.as_seconds(),
        delivery.body.as_bytes(),
    );
    let outcome = app
        .0
        .outbound
        .post(&endpoint.url, &headers, delivery.body.clone())
        .await;
    let next = next_attempt(delivery.number, app.now(), rand::random());
    let (state, next_attempt_at) = match next {
        _ if outcome.is_success() => (State::Delivered, started_at),
        Some(next) => (State::Pending, next),
        None => (State::Failed, started_at),
    };
    report(&delivery, &outcome, state);
    let attempt = Attempt {
        started_at,
        http_status: outcome.status,
        failure: outcome.failure.map(|failure| failure.as_str().to_owned()),
        latency_ms: outcome.latency_ms,
        response_excerpt: outcome.response_excerpt,
    };
    Ok(Recorded {
        delivery,
        attempt: Some(attempt),
        state,
        next_attempt_at,
    })
}

fn report(delivery: &ClaimedDelivery, outcome: &Outcome, state: State) {
    metrics::counter!("webhook_attempts_total", "state" => state.as_str()).increment(1);
    let seconds = Duration::from_millis(outcome.latency_ms).as_secs_f64();
    metrics::histogram!("webhook_attempt_duration_seconds").record(seconds);
    let event = &delivery.event;
    let (attempt, status, duration_ms) = (delivery.number, outcome.status, outcome.latency_ms);
    let failure = outcome.failure.map(peeker_webhooks::FailureClass::as_str);
    match state {
        State::Delivered => {
            tracing::debug!(event.id = %event, attempt, status, duration_ms, "Delivered {event}");
        }
        State::Failed => {
            tracing::warn!(event.id = %event, attempt, status, failure, duration_ms, "Gave up on {event} after its last retry");
        }
        State::Pending | State::Skipped => {
            tracing::info!(event.id = %event, attempt, status, failure, duration_ms, "Delivery of {event} failed; will retry");
        }
    }
}
