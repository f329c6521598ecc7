//! Pending actions (contract §4): what a partner or a customer has to do before a domain can go on.

use peeker_domain::id::{AccountId, ActionId, OrderId};
use peeker_domain::view::PendingAction;
use peeker_domain::{
    ActionReason, ActionStatus, Environment, Error, HistoryKind, JobKind, NewJob, Result,
    Timestamp, WebUrl,
};
use peeker_providers::Call;
use peeker_store::actions as rows;
pub use peeker_store::actions::ActionFilter;
use peeker_store::jobs::{self, ClaimedJob};
use peeker_store::{StoreError, UnitOfWork};

use crate::failure::internal;
use crate::failure::unless_lost;
use crate::paging::{PageRequest, Slice};
use crate::provider_errors::seen;
use crate::{Actor, App, backoff};

/// How often a picture that cannot be loaded is looked at, at first.
const PICTURE_SECONDS: i64 = 10 * 60;

/// A page of actions.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: ActionFilter,
    page: PageRequest,
) -> Result<Slice<PendingAction>> {
    let db = &app.environment(actor.environment).db;
    rows::list(db, &actor.account, &filter, &page)
        .await
        .map_err(internal("list pending actions"))
}

/// Does in the sandbox what the action asks the customer for; the domain then goes on as it would in reality.
/// Errors: `not_found`, also for a live key.
pub async fn resolve_in_sandbox(app: &App, actor: &Actor, id: &str) -> Result<PendingAction> {
    let not_found = || Error::not_found("pending action");
    let id: ActionId = id.parse().map_err(|_| not_found())?;
    let db = &app.environment(actor.environment).db;
    actor.require_sandbox("pending action")?;
    let found = rows::find(db, &actor.account, &id)
        .await
        .map_err(internal("find a pending action"))?;
    let action = found.ok_or_else(not_found)?;
    if action.status == ActionStatus::Open {
        let now = actor.now(app).await?;
        let call = Call {
            account: &actor.account,
            idempotency_key: id.as_str(),
            now,
        };
        let picture = action
            .user
            .as_ref()
            .and_then(|user| user.profile_picture_url.clone());
        let what = picture.unwrap_or_else(|| action.domain.clone());
        app.0
            .sandbox_customer
            .set_up(call, &what)
            .await
            .map_err(Error::internal)?;
        resolve(
            app,
            (actor.environment, &actor.account),
            &action,
            false,
            now,
        )
        .await
        .map_err(internal("resolve a pending action"))?;
    }
    let resolved = rows::find(db, &actor.account, &id)
        .await
        .map_err(internal("find a pending action"))?;
    resolved.ok_or_else(not_found)
}

/// What the operator has resolved, and whose it is.
#[derive(Debug)]
pub struct Resolved {
    pub account: AccountId,
    pub environment: Environment,
    pub action: PendingAction,
    /// Whether it was open before.
    pub was_open: bool,
}

/// Lets what an action blocks go on, as though it were done, with a row of the order's history; again is the same. Whoever
/// finds that it is not done opens another. Errors: `not_found`.
pub async fn resolve_by_operator(app: &App, id: &ActionId) -> Result<Resolved> {
    for &environment in Environment::ALL {
        let db = &app.environment(environment).db;
        let found = rows::find_unscoped(db, id).await;
        let Some((account, action)) = found.map_err(internal("find a pending action"))? else {
            continue;
        };
        let was_open = action.status == ActionStatus::Open;
        if was_open {
            let now = app.account_now(environment, &account).await?;
            resolve(app, (environment, &account), &action, true, now)
                .await
                .map_err(internal("resolve a pending action"))?;
            tracing::info!(partner.id = %account, %environment, action.id = %id, "The operator resolved {id}");
        }
        let resolved = rows::find(db, &account, id).await;
        let resolved = resolved.map_err(internal("find a pending action"))?;
        return Ok(Resolved {
            action: resolved.unwrap_or(action),
            account,
            environment,
            was_open,
        });
    }
    Err(Error::not_found("pending action"))
}

async fn resolve(
    app: &App,
    (environment, account): (Environment, &AccountId),
    action: &PendingAction,
    by_operator: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut work = UnitOfWork::begin(&app.environment(environment).db, [account]).await?;
    if action.reason == ActionReason::UpdateNameservers {
        // The watch sees the nameservers and resolves the action, as it does in reality; here it looks at once.
        work.enqueue(NewJob::new(
            account,
            JobKind::Delegation,
            action.domain_id.as_str(),
            now,
        ));
    }
    if by_operator {
        let order = OrderId::from_stored(action.order_id.clone());
        let (reason, domain) = (action.reason, &action.domain);
        let message = format!("The operator resolved an action: {reason} of {domain}");
        let kind = HistoryKind::ActionResolved;
        work.record_history(account, &order, kind, message, None, now);
    }
    let id = ActionId::from_stored(action.id.clone());
    rows::resolve(&mut work, account, &id, now).await?;
    work.commit().await
}

/// Looks whether a persona's picture can be loaded now, and comes back until it can.
pub(crate) async fn watch_picture(
    app: &App,
    environment: Environment,
    job: &ClaimedJob,
) -> Result<()> {
    let db = &app.environment(environment).db;
    let id = ActionId::from_stored(job.subject.clone());
    let action = rows::find(db, &job.account, &id)
        .await
        .map_err(internal("find a pending action"))?;
    let open = action.filter(|action| action.status == ActionStatus::Open);
    let now = app.at(job.clock);
    let waited = open.as_ref().map_or(0, |action| {
        now.as_seconds() - action.created_at.as_seconds()
    });
    let url = open
        .as_ref()
        .and_then(|action| action.user.as_ref()?.profile_picture_url.as_deref());
    let reachable = match url.map(WebUrl::parse) {
        Some(Ok(url)) => {
            let call = Call {
                account: &job.account,
                idempotency_key: id.as_str(),
                now,
            };
            let probes = &app.providers(environment).probes;
            seen(probes.picture_reachable(call, &url).await)
        }
        _ => true,
    };
    let again_at = now.plus_seconds(backoff::watch(waited, PICTURE_SECONDS));
    let again_at = (!reachable).then_some(again_at);
    unless_lost(record(app, environment, job, again_at).await)
}

/// The picture is there, unless it is to be looked at again.
async fn record(
    app: &App,
    environment: Environment,
    job: &ClaimedJob,
    again_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    let now = app.at(job.clock);
    let mut work = UnitOfWork::begin(&app.environment(environment).db, [&job.account]).await?;
    if let Some(again_at) = again_at {
        jobs::run_again(&work, job, again_at).await?;
    } else {
        jobs::finish(&work, job).await?;
        let id = ActionId::from_stored(job.subject.clone());
        rows::resolve(&mut work, &job.account, &id, now).await?;
    }
    work.commit().await
}
