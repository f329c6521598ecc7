//! Trying a paused endpoint with the oldest event that waits for it.

use peeker_domain::view::PauseReason;
use peeker_domain::{DeliveryState, Environment, Result};
use peeker_store::deliveries::endpoint_health as rows;
use peeker_store::deliveries::{self, Recorded};
use peeker_store::jobs::ClaimedJob;

use super::send_once;
use crate::App;
use crate::failure::{internal, unless_lost};
use crate::webhooks::endpoint;
use crate::webhooks::health::{probe_after, reason_to_pause, report_resumed};

/// The worker's part: sends one event. If it is received, all that waits goes out; if not, the next probe is set.
pub(crate) async fn run(app: &App, environment: Environment, job: &ClaimedJob) -> Result<()> {
    let db = &app.environment(environment).db;
    let account = &job.account;
    let failed = internal("read an endpoint's health");
    let health = rows::find(db, account).await.map_err(&failed)?;
    let oldest = deliveries::oldest_waiting(db, account)
        .await
        .map_err(&failed)?;
    let endpoint = endpoint(app, account, environment).await?;
    let (Some(pause), Some(delivery), Some(endpoint)) = (health.pause, oldest, endpoint) else {
        return unless_lost(rows::probe_needless(db, job, app.now()).await);
    };
    let (outcome, attempt) = send_once(app, environment, &endpoint, &delivery).await?;
    let ended_at = attempt.ended_at;
    let mut tried = Recorded::postponed(delivery, app.now());
    tried.attempt = Some(attempt);
    if !outcome.is_success() {
        let reason = reason_to_pause(&outcome, &health, ended_at).unwrap_or(pause.reason);
        let next = probe_after(ended_at, pause.at, reason);
        report(environment, job, reason);
        return unless_lost(rows::probe_failed(db, job, &tried, reason, next).await);
    }
    tried.state = DeliveryState::Delivered;
    match rows::probe_succeeded(db, job, &tried, app.now()).await {
        Ok(waiting) => {
            report_resumed(account, environment, waiting);
            Ok(())
        }
        Err(error) => unless_lost(Err(error)),
    }
}

fn report(environment: Environment, job: &ClaimedJob, reason: PauseReason) {
    let account = &job.account;
    tracing::info!(partner.id = %account, %environment, reason = reason.as_str(),
        "Webhook endpoint of {account} is still paused");
}
