//! Sending events again on request: one, or all of a window of time in small steps.
//!
//! A replay changes no event. It puts the delivery back in line, with a schedule of retries that starts anew, and
//! writes a row of its own, numbered per account, which listeners follow as they follow the events.

use std::collections::BTreeSet;

use peeker_domain::id::{AccountId, EventId, EventReplayId};
use peeker_domain::{DeliveryState, EventReplayStatus, EventType, JobKind, Timestamp, view};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult,
    IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Statement,
};

use super::list::{Conditions, Lead, find, find_in};
use crate::entity::event_replays::{Column, Entity, Model};
use crate::entity::{deliveries, replays};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::insert::{insert_all, write_back};
use crate::jobs::{self, ClaimedJob};
use crate::unit_of_work::UnitOfWork;
use peeker_domain::NewJob;

/// Sequence numbers that one step looks at, so that no transaction is long.
const STEP: i64 = 500;
/// The pause after a step that replayed something, so that a long replay does not crowd out what is new.
const PAUSE_MS: i64 = 1_000;

/// Sends an event again now, whatever became of it. `now` is the account's time. `None` when there is no such event.
pub async fn replay(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &EventId,
    now: Timestamp,
) -> Result<Option<view::Event>> {
    let Some(event) = find(db, account, id).await? else {
        return Ok(None);
    };
    let mut work = UnitOfWork::begin(db, [account]).await?;
    resend(&mut work, account, vec![event.sequence], now).await?;
    let event = find_in(db, work.tx(), account, id).await?;
    work.commit().await?;
    Ok(event)
}

/// Puts the deliveries of these events in line again.
async fn resend(
    work: &mut UnitOfWork<'_>,
    account: &AccountId,
    sequences: Vec<i64>,
    now: Timestamp,
) -> Result<usize> {
    if sequences.is_empty() {
        return Ok(0);
    }
    let rows = deliveries::Entity::find()
        .filter(deliveries::Column::AccountId.eq(account))
        .filter(deliveries::Column::Sequence.is_in(sequences))
        .order_by_asc(deliveries::Column::Sequence)
        .lock_exclusive()
        .all(work.tx())
        .await?;
    let numbers = work.number_replays(account, rows.len())?;
    let log = rows
        .iter()
        .zip(numbers)
        .map(|(row, number)| replays::Model {
            account_id: row.account_id.clone(),
            number,
            event_sequence: row.sequence,
            created_at: now,
        });
    insert_all::<replays::Entity, _>(work.tx(), log.collect(), None).await?;
    let count = rows.len();
    // What a worker compares with its own clock is on the system's.
    let due_at = work.clock(account).system_time(now);
    let state = work.open_state(account);
    let rows = rows
        .into_iter()
        .map(|row| in_line_again(row, state, due_at));
    write_back::<deliveries::Entity, _>(work.tx(), rows.collect()).await?;
    Ok(count)
}

fn in_line_again(
    row: deliveries::Model,
    state: DeliveryState,
    due_at: Timestamp,
) -> deliveries::Model {
    // An attempt that is under way loses its lease, and with it its say about what comes next.
    deliveries::Model {
        state,
        attempts_before: row.attempts,
        next_attempt_at: due_at,
        lease_token: None,
        in_line: true,
        ..row
    }
}

/// A window of time to be replayed.
#[derive(Debug, Clone)]
pub struct NewEventReplay {
    pub account: AccountId,
    pub id: EventReplayId,
    /// The window starts with this.
    pub since: Timestamp,
    /// The window ends before this.
    pub until: Timestamp,
    /// Only these types; `None` for all.
    pub types: Option<BTreeSet<EventType>>,
    /// Only events that were given up or had nowhere to go.
    pub only_failed: bool,
    /// Now, on the account's clock.
    pub created_at: Timestamp,
}

/// What of an account's events a replay is about.
struct Window<'a> {
    account: &'a AccountId,
    since: Timestamp,
    until: Timestamp,
    types: Option<&'a BTreeSet<EventType>>,
    only_failed: bool,
    /// The part that one step looks at; `None` for all of it.
    sequences: Option<(i64, i64)>,
}

impl Window<'_> {
    fn query(&self, backend: DbBackend, columns: &str, order: &str) -> Statement {
        // All that failed is little; a step reads its few numbers whatever became of them.
        let lead = if self.only_failed && self.sequences.is_none() {
            Lead::Outcome(false)
        } else {
            Lead::Events
        };
        let mut query = Conditions::new(self.account, lead);
        query.and("e.created_at >= ", self.since);
        query.and("e.created_at < ", self.until);
        if let Some(types) = self.types {
            let bound: Vec<String> = types.iter().map(|kind| query.bind(*kind)).collect();
            query
                .parts
                .push(format!("e.type || '' IN ({})", bound.join(", ")));
        }
        if self.only_failed {
            let (failed, skipped) = (DeliveryState::Failed, DeliveryState::Skipped);
            let condition = format!("d.state IN ('{failed}', '{skipped}')");
            query.parts.push(condition);
        }
        if let Some((first, last)) = self.sequences {
            query.and("e.sequence >= ", first);
            query.and("e.sequence <= ", last);
        }
        let conditions = query.parts.join(" AND ");
        let tables = lead.tables();
        let sql = format!("SELECT {columns} FROM {tables} WHERE {conditions}{order}");
        Statement::from_sql_and_values(backend, sql, query.values)
    }
}

/// The events that a replay is about.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Matching {
    /// How many there are.
    pub matched: i64,
    first: Option<i64>,
    last: Option<i64>,
}

/// The statement that counts what a replay is about.
pub fn matching_query(backend: DbBackend, new: &NewEventReplay) -> Statement {
    let window = Window {
        account: &new.account,
        since: new.since,
        until: new.until,
        types: new.types.as_ref(),
        only_failed: new.only_failed,
        sequences: None,
    };
    let columns = "COUNT(*) AS matched, MIN(e.sequence) AS first, MAX(e.sequence) AS last";
    window.query(backend, columns, "")
}

/// Counts what a replay is about. Before the account is locked: it may take a while, and what comes later is not asked for.
pub async fn count(db: &EnvironmentDb, new: &NewEventReplay) -> Result<Option<Matching>> {
    let reader = &db.pools.reader;
    let statement = matching_query(reader.get_database_backend(), new);
    let _turn = db.log_reader(&new.account).await;
    Ok(Matching::find_by_statement(statement).one(reader).await?)
}

/// Accepts a replay of what was `found`. While one with the same window, types and choice runs, it is that one.
pub async fn begin(
    db: &EnvironmentDb,
    new: &NewEventReplay,
    found: Option<Matching>,
) -> Result<view::EventReplay> {
    let mut work = UnitOfWork::begin(db, [&new.account]).await?;
    let row = new_row(new, found)?;
    if let Some(running) = find_running(&work, &row).await? {
        return to_view(running);
    }
    if row.status == EventReplayStatus::InProgress {
        let job = NewJob::new(
            &new.account,
            JobKind::Replay,
            row.id.as_str(),
            new.created_at,
        );
        work.enqueue(job);
    }
    Entity::insert(row.clone().into_active_model().reset_all())
        .exec_without_returning(work.tx())
        .await?;
    work.commit().await?;
    to_view(row)
}

fn new_row(new: &NewEventReplay, found: Option<Matching>) -> Result<Model> {
    let (matched, first, last) = found
        .and_then(|found| Some((found.matched, found.first?, found.last?)))
        .unwrap_or((0, 1, 0));
    let status = if matched == 0 {
        EventReplayStatus::Completed
    } else {
        EventReplayStatus::InProgress
    };
    Ok(Model {
        account_id: new.account.clone(),
        id: new.id.clone(),
        status,
        since_at: new.since,
        until_at: new.until,
        types: new.types.as_ref().map(serde_json::to_string).transpose()?,
        only_failed: new.only_failed,
        next_sequence: first,
        last_sequence: last,
        matched_count: matched,
        replayed_count: 0,
        created_at: new.created_at,
        completed_at: (matched == 0).then_some(new.created_at),
    })
}

async fn find_running(work: &UnitOfWork<'_>, like: &Model) -> Result<Option<Model>> {
    let types = match &like.types {
        Some(types) => Column::Types.eq(types.as_str()),
        None => Column::Types.is_null(),
    };
    Ok(Entity::find()
        .filter(Column::AccountId.eq(&like.account_id))
        .filter(Column::Status.eq(EventReplayStatus::InProgress))
        .filter(Column::SinceAt.eq(like.since_at))
        .filter(Column::UntilAt.eq(like.until_at))
        .filter(Column::OnlyFailed.eq(like.only_failed))
        .filter(types)
        .one(work.tx())
        .await?)
}

/// One replay of a window.
pub async fn find_replay(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &EventReplayId,
) -> Result<Option<view::EventReplay>> {
    let row = Entity::find_by_id((account.clone(), id.clone()))
        .one(&db.pools.reader)
        .await?;
    row.map(to_view).transpose()
}

fn types_of(row: &Model) -> Result<Option<BTreeSet<EventType>>> {
    Ok(row.types.as_deref().map(serde_json::from_str).transpose()?)
}

fn to_view(row: Model) -> Result<view::EventReplay> {
    Ok(view::EventReplay {
        types: types_of(&row)?.map(|types| types.into_iter().collect()),
        id: row.id.into(),
        status: row.status,
        matched_count: row.matched_count,
        replayed_count: row.replayed_count,
        since: row.since_at,
        until: row.until_at,
        only_failed: row.only_failed,
        created_at: row.created_at,
        completed_at: row.completed_at,
    })
}

#[derive(FromQueryResult)]
struct Numbered {
    sequence: i64,
}

/// The worker's part: one step of a replay; `now` is the account's time. Errors: [`crate::StoreError::LeaseLost`].
pub async fn run(db: &EnvironmentDb, job: &ClaimedJob, now: Timestamp) -> Result<()> {
    let mut work = UnitOfWork::begin(db, [&job.account]).await?;
    let id = EventReplayId::from_stored(job.subject.clone());
    let row = Entity::find_by_id((job.account.clone(), id))
        .one(work.tx())
        .await?;
    let Some(mut row) = row else {
        jobs::finish(&work, job).await?;
        return work.commit().await;
    };
    let until = row
        .next_sequence
        .saturating_add(STEP - 1)
        .min(row.last_sequence);
    let sequences = matching_between(&work, job, &row, until).await?;
    let replayed = resend(&mut work, &job.account, sequences, now).await?;
    row.replayed_count += i64::try_from(replayed).unwrap_or(i64::MAX);
    row.next_sequence = until + 1;
    if row.next_sequence > row.last_sequence {
        row.status = row.status.transition(EventReplayStatus::Completed)?;
        row.completed_at = Some(now);
        jobs::finish(&work, job).await?;
    } else {
        let pause = if replayed > 0 { PAUSE_MS } else { 0 };
        jobs::run_again(&work, job, now.plus_millis(pause)).await?;
    }
    write_back::<Entity, _>(work.tx(), vec![row]).await?;
    work.commit().await
}

async fn matching_between(
    work: &UnitOfWork<'_>,
    job: &ClaimedJob,
    row: &Model,
    until: i64,
) -> Result<Vec<i64>> {
    let types = types_of(row)?;
    let window = Window {
        account: &job.account,
        since: row.since_at,
        until: row.until_at,
        types: types.as_ref(),
        only_failed: row.only_failed,
        sequences: Some((row.next_sequence, until)),
    };
    let backend = work.tx().get_database_backend();
    let statement = window.query(backend, "e.sequence AS sequence", " ORDER BY e.sequence");
    let rows = Numbered::find_by_statement(statement)
        .all(work.tx())
        .await?;
    Ok(rows.into_iter().map(|row| row.sequence).collect())
}
