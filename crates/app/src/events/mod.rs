//! Events read back, followed and sent again (contract §6, and beyond it).

mod stream;

use std::collections::BTreeSet;

use peeker_domain::id::{EventId, EventReplayId};
use peeker_domain::rate::Tokens;
use peeker_domain::{Environment, Error, EventType, Result, Timestamp, Violation, view};
use peeker_store::events::{self as rows, NewEventReplay};
use peeker_store::jobs::ClaimedJob;

pub use peeker_store::events::EventFilter;
pub(crate) use stream::Streams;
pub use stream::{Cursor, EventStream, Frame, InvalidCursor, StreamRequest};

use crate::failure::internal;
use crate::failure::unless_lost;
use crate::paging::{PageRequest, Slice};
use crate::{Actor, App, Meter};

fn not_found() -> Error {
    Error::not_found("event")
}

/// A page of events.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: EventFilter,
    page: PageRequest,
) -> Result<Slice<view::Event>> {
    let db = &app.environment(actor.environment).db;
    rows::list(db, &actor.account, &filter, &page)
        .await
        .map_err(internal("list events"))
}

/// One event. Errors: `not_found`.
pub async fn get(app: &App, actor: &Actor, id: &str) -> Result<view::Event> {
    let id: EventId = id.parse().map_err(|_| not_found())?;
    let db = &app.environment(actor.environment).db;
    rows::find(db, &actor.account, &id)
        .await
        .map_err(internal("find an event"))?
        .ok_or_else(not_found)
}

/// A page of the attempts to deliver an event. Errors: `not_found`.
pub async fn list_attempts(
    app: &App,
    actor: &Actor,
    id: &str,
    page: PageRequest,
) -> Result<Slice<view::DeliveryAttempt>> {
    let event = get(app, actor, id).await?;
    let db = &app.environment(actor.environment).db;
    rows::list_attempts(db, &actor.account, event.sequence, &page)
        .await
        .map_err(internal("list delivery attempts"))
}

/// Sends an event again now, whatever became of it. Errors: `not_found`.
pub async fn replay(app: &App, actor: &Actor, id: &str) -> Result<view::Event> {
    let id: EventId = id.parse().map_err(|_| not_found())?;
    let db = &app.environment(actor.environment).db;
    let now = actor.now(app).await?;
    rows::replay(db, &actor.account, &id, now)
        .await
        .map_err(internal("replay an event"))?
        .ok_or_else(not_found)
}

/// A window of time whose events are to be sent again.
#[derive(Debug, Clone)]
pub struct ReplayWindow {
    /// It starts with this.
    pub since: Timestamp,
    /// It ends before this.
    pub until: Timestamp,
    /// Only these types; `None` for all.
    pub types: Option<BTreeSet<EventType>>,
    /// Only events that were given up or had nowhere to go.
    pub only_failed: bool,
}

/// Starts a job that replays a window. The same window, asked for again while its job runs, is the same job.
/// Errors: `invalid_request` for a window that holds no time, or none of the past; `rate_limited` when it holds more events
/// than the key has tokens left for.
pub async fn replay_window(
    app: &App,
    actor: &Actor,
    meter: &Meter,
    window: ReplayWindow,
) -> Result<view::EventReplay> {
    let now = actor.now(app).await?;
    check(&window, now)?;
    let ReplayWindow {
        since,
        until,
        types,
        only_failed,
    } = window;
    let new = NewEventReplay {
        account: actor.account.clone(),
        id: EventReplayId::new(now),
        since,
        until,
        types,
        only_failed,
        created_at: now,
    };
    let db = &app.environment(actor.environment).db;
    let found = rows::count(db, &new).await;
    let found = found.map_err(internal("count the events of a replay"))?;
    let matched = found.as_ref().map_or(0, |found| found.matched);
    meter
        .weigh(Tokens::of_replay(matched.unsigned_abs()))
        .await?;
    rows::begin(db, &new, found)
        .await
        .map_err(internal("start a replay"))
}

fn check(window: &ReplayWindow, now: Timestamp) -> Result<()> {
    let mut violations = Vec::new();
    if window.since > now {
        let message = "since must not be in the future";
        violations.push(Violation::new("since", message));
    }
    if window.since >= window.until {
        let message = "until must be later than since";
        violations.push(Violation::new("until", message));
    }
    Error::from_violations(violations, 0).map_or(Ok(()), Err)
}

/// A replay of a window. Errors: `not_found`.
pub async fn get_replay(app: &App, actor: &Actor, id: &str) -> Result<view::EventReplay> {
    let not_found = || Error::not_found("event replay");
    let id: EventReplayId = id.parse().map_err(|_| not_found())?;
    let db = &app.environment(actor.environment).db;
    rows::find_replay(db, &actor.account, &id)
        .await
        .map_err(internal("find a replay"))?
        .ok_or_else(not_found)
}

/// The worker's part: one step of a replay.
pub(crate) async fn run_replay(
    app: &App,
    environment: Environment,
    job: &ClaimedJob,
) -> Result<()> {
    unless_lost(rows::run(&app.environment(environment).db, job, app.at(job.clock)).await)
}
